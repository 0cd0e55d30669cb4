"""The shipped files, read by their importers."""

from pathlib import Path

import pytest

from lib.schema.records import Parsed
from lib.sources.contract import Candidate
from lib.sources.registry import importer_for

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="session")
def shipped():
    """Function from a path below ``data/`` to what its importer makes of it; each file is read once."""
    known: dict[str, Parsed] = {}

    def read(path: str) -> Parsed:
        if path not in known:
            candidate = Candidate(Path(path).name, (DATA / path).read_bytes())
            known[path] = importer_for(candidate).parse(candidate)
        return known[path]

    return read


@pytest.fixture(scope="session")
def models(shipped):
    return shipped("catalogue/models.csv").tables["models"]


@pytest.fixture(scope="session")
def aliases(shipped):
    return shipped("catalogue/aliases.csv").tables["model_aliases"]
