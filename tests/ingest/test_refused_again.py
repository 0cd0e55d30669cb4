"""A stored file that a newer importer refuses: nothing is lost, the reason is said, and it is not tried for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lib.errors import RefusedInput
from lib.schema.records import Parsed
from lib.settings import Settings, read_settings
from lib.sources import plain_csv, registry
from lib.sources.contract import Candidate, Importer
from lib.sources.fill import fill, outdated
from lib.sources.ingest import STILL_THERE, Summary, ingest
from lib.store import read
from lib.store.check import check
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache
from lib.store.withdrawal import withdraw
from tests.ingest.archives import zipped

GOOD = b"model,benchmark,metric,score\norg/m,boolq,acc,0.5\n"
BAD = b"model,benchmark,metric,score\norg/n,boolq,acc,0.25\n"


def _parse(candidate: Candidate) -> Parsed:
    if b"org/n" in candidate.content:
        raise RefusedInput("no longer taken", file=candidate.name, place="line 2")
    return plain_csv.parse(candidate)


REFUSING = replace(plain_csv.SOURCE, version=99, parse=_parse)
Newer = Callable[..., None]


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Newer]:
    """Call it, and the importer of plain tables is ``REFUSING``, or the one given."""
    caches = (registry.importers, registry.versions, registry.state)

    def use(importer: Importer = REFUSING) -> None:
        monkeypatch.setattr(plain_csv, "SOURCE", importer)
        for cache in caches:
            cache.cache_clear()

    yield use
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a store beside shipped data that holds nothing."""
    (tmp_path / "shipped").mkdir()
    columns = "path,title,url,licence,attribution,published_on,n_rows,stage,is_imported"
    (tmp_path / "shipped" / "files.csv").write_text(columns + "\n")
    return replace(read_settings({"P4P_DATA_DIR": str(tmp_path / "local")}), shipped_dir=tmp_path / "shipped")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(params=["file", "zip"])
def stored(request: pytest.FixtureRequest, tmp_path: Path, store: Store, settings: Settings) -> list[Path]:
    """What was imported by the older importer: two files, or a zip of both."""
    if request.param == "zip":
        (tmp_path / "a.zip").write_bytes(zipped({"good.csv": GOOD, "bad.csv": BAD}))
        paths = [tmp_path / "a.zip"]
    else:
        (tmp_path / "good.csv").write_bytes(GOOD)
        (tmp_path / "bad.csv").write_bytes(BAD)
        paths = [tmp_path / "bad.csv", tmp_path / "good.csv"]
    assert ingest(store, paths, settings=settings).imported == 2
    return paths


def scores(store: Store) -> dict[str, float]:
    """Model to score, as the pages show it."""
    rows = FrameCache(store).frames().scores(["boolq"])
    return dict(zip(rows["model"], rows["score"], strict=True))


def versions(store: Store) -> set[int]:
    return set(read.sources(store)["importer_version"])


def of_import(store: Store, settings: Settings, paths: list[Path]) -> Summary:
    return ingest(store, paths, settings=settings)


def of_fill(store: Store, settings: Settings, paths: list[Path]) -> Summary:
    summary = fill(store, settings)
    assert summary is not None
    return summary


@pytest.mark.parametrize("again", [of_import, of_fill])
def test_its_rows_stay_and_the_reason_is_kept(
    store: Store,
    settings: Settings,
    stored: list[Path],
    newer: Newer,
    again: Callable[[Store, Settings, list[Path]], Summary],
) -> None:
    newer()
    assert len(outdated(store)) == len(stored)
    summary = again(store, settings, stored)
    assert summary.imported == 1
    (refused,) = summary.refused
    assert "no longer taken at line 2" in refused.reason and refused.reason.endswith(STILL_THERE)
    assert scores(store) == {"org/m": 0.5, "org/n": 0.25}
    assert versions(store) == {plain_csv.SOURCE.version, 3} and plain_csv.SOURCE.version == 99
    (kept,) = read.refusals(store).to_dict("records")
    assert kept["name"].endswith("bad.csv") and kept["reason"] == refused.reason
    assert check(store) == []
    # Dealt with: a further fill has nothing to do, a further import says the same and reads nothing.
    assert outdated(store) == {}
    revision = store.revision()
    assert [issue.reason for issue in of_import(store, settings, stored).refused] == [refused.reason]
    assert of_fill(store, settings, stored) == Summary()
    assert store.revision() == revision


def test_a_withdrawn_one_stays_withdrawn(store: Store, settings: Settings, stored: list[Path], newer: Newer) -> None:
    known = read.sources(store)
    withdraw(store, int(known["id"][known["name"].str.endswith("bad.csv")].iloc[0]))
    newer()
    of_fill(store, settings, stored)
    assert scores(store) == {"org/m": 0.5}
    assert read.sources(store)["withdrawn_at"].notna().sum() == 1


def test_an_importer_that_takes_it_again_ends_the_refusal(
    store: Store, settings: Settings, stored: list[Path], newer: Newer
) -> None:
    older = plain_csv.SOURCE
    newer()
    of_fill(store, settings, stored)
    newer(replace(older, version=100))
    assert len(outdated(store)) == len(stored)
    assert of_fill(store, settings, stored).imported == 2
    assert versions(store) == {100} and read.refusals(store).empty and outdated(store) == {}
