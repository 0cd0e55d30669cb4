"""Start of the program: ``python lib/evals/child``. Its folder is taken off the path, where its names would hide others'."""

import importlib
import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NAME = "p4p_child"


def start() -> None:
    """Load this folder as a package under a name of its own, and run it."""
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != FOLDER]
    made = importlib.util.spec_from_file_location(
        NAME, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    assert made is not None and made.loader is not None
    package = importlib.util.module_from_spec(made)
    sys.modules[NAME] = package
    made.loader.exec_module(package)
    importlib.import_module(f"{NAME}.program").main()


if __name__ == "__main__":
    start()
