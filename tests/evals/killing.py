"""The child, killed at one chosen answer: ``python -m tests.evals.killing 1.jsonl 7`` dies after the seventh of that file."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from lib.evals.child import kept, program
from lib.settings import ROOT


def interpreter(folder: Path, file: str, number: int) -> str:
    """A program for ``P4P_EVAL_PYTHON`` that runs the child like this."""
    path = folder / "killing-python"
    path.write_text(
        f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m tests.evals.killing {file} {number}\n", encoding="utf-8"
    )
    path.chmod(0o755)
    return str(path)


def main() -> None:
    file, number = sys.argv[1], int(sys.argv[2])
    opened, add = kept.Kept.__init__, kept.Kept.add
    counts: dict[int, int] = {}

    def open_counted(self: Any, path: Path) -> None:
        opened(self, path)
        if path.name == file:
            counts[id(self)] = 0

    def add_and_die(self: Any, *args: Any) -> None:
        add(self, *args)
        if id(self) in counts:
            counts[id(self)] += 1
            if counts[id(self)] == number:
                os.kill(os.getpid(), signal.SIGKILL)

    kept.Kept.__init__, kept.Kept.add = open_counted, add_and_die  # type: ignore[method-assign]
    program.main()


if __name__ == "__main__":
    main()
