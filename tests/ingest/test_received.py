"""Raw bytes behind a source: the same that came in, from every place where a file can lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.errors import Unavailable
from lib.sources.ingest import ingest
from lib.sources.received import file_name, received
from lib.store import files, read
from lib.store.db import Store
from lib.store.raw import keep_raw
from tests.ingest.archives import results_file, zipped


def test_every_stored_source_gives_the_bytes_that_were_imported(sqlite_store: Store, tmp_path: Path) -> None:
    contents = {f"a/{name}.json": results_file(f"org/{name}") for name in ("m", "n")}
    inner = {"deep/inner.json": results_file("org/inner")}
    (tmp_path / "plain.json").write_bytes(results_file("org/plain"))
    (tmp_path / "outer.zip").write_bytes(zipped({**contents, "more/in.zip": zipped(inner)}))
    settings = sqlite_store.settings
    ingest(sqlite_store, [tmp_path / "plain.json", tmp_path / "outer.zip"], settings=settings)
    expected = {
        "plain.json": results_file("org/plain"),
        **{f"outer.zip!/{name}": content for name, content in contents.items()},
        **{f"outer.zip!/more/in.zip!/{name}": content for name, content in inner.items()},
    }
    sources = read.sources(sqlite_store).to_dict("records")
    # A file of several that are imported together is named with their folder.
    found = {
        source["name"].removeprefix(f"{tmp_path.name}/"): received(sqlite_store, source, settings) for source in sources
    }
    assert found == expected
    for source in sources:
        assert files.digest_of_bytes(received(sqlite_store, source, settings)) == source["digest"]


def test_two_members_of_one_name_and_lost_ones_are_told(sqlite_store: Store) -> None:
    settings = sqlite_store.settings
    digest = keep_raw(sqlite_store, zipped({"a.json": b"{}"}))
    row = {"raw_digest": digest, "member": "a.json", "name": "z.zip!/a.json"}
    assert received(sqlite_store, row, settings) == b"{}"
    with pytest.raises(Unavailable, match="no longer holds"):
        received(sqlite_store, {**row, "member": "b.json"}, settings)
    with pytest.raises(Unavailable):
        received(sqlite_store, {**row, "raw_digest": "0" * 64}, settings)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.json", "a.json"), ("z.zip!/b/c.json", "c.json"), ("x\\y.json", "y.json"), ("folder/", "file"), ("", "file")],
)
def test_names_for_a_download(name: str, expected: str) -> None:
    assert file_name({"name": name}) == expected
