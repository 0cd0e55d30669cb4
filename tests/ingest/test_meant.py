"""Which stored source a path, a name or a digest means: the one that was imported so, or none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from lib.errors import RefusedInput
from lib.sources.archives import Limits
from lib.sources.meant import name_that_works, sources_meant, sources_named

LIMITS = Limits()


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def known(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    """Sources by name, bytes of the raw file and whether withdrawn; ids from 1."""
    made = [
        {
            "id": n,
            "name": name,
            "raw_digest": digest_of(raw),
            "digest": digest_of(name + raw) if "!/" in name else digest_of(raw),
            "imported_at": "2026-11-20T10:00:00Z",
            "withdrawn_at": "2026-11-21T10:00:00Z" if is_withdrawn else None,
        }
        for n, (name, raw, is_withdrawn) in enumerate(rows, start=1)
    ]
    return pd.DataFrame(made, columns=["id", "name", "raw_digest", "digest", "imported_at", "withdrawn_at"])


STORED = known(
    ("mine/b.csv", "b", False),
    ("mine/deep/c.csv", "c", False),
    ("other/b.csv", "another b", False),
    ("mine/runs.zip!/x/one.json", "zip", False),
    ("mine/runs.zip!/x/two.json", "zip", False),
    ("plain.csv", "plain", False),
    ("b.csv.old", "old", False),
)


def ids(given: str, **more: bool) -> list[int]:
    return list(sources_named(STORED, given, **more)["id"])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("mine/b.csv", [1]),
        ("/somewhere/mine/b.csv", [1]),
        ("c.csv", [2]),
        ("deep/c.csv", [2]),
        ("mine/deep", [2]),
        ("mine/deep/", [2]),
        ("mine", [1, 2, 4, 5]),
        ("/somewhere/mine", [1, 2, 4, 5]),
        ("mine/runs.zip", [4, 5]),
        ("runs.zip", [4, 5]),
        ("mine/runs.zip!/x/two.json", [5]),
        ("two.json", [5]),
        ("/a/b/plain.csv", [6]),
        (digest_of("zip")[:8], [4, 5]),
        (digest_of("plain"), [6]),
        (digest_of("mine/runs.zip!/x/two.jsonzip")[:12], [5]),
    ],
)
def test_a_name_means_what_was_imported_so(given: str, wanted: list[int]) -> None:
    assert ids(given) == wanted


@pytest.mark.parametrize("given", ["nothing", "csv", "b", "in", "", "/", ".", "ine/b.csv", digest_of("zip")[:5]])
def test_a_name_that_nothing_has_means_nothing(given: str) -> None:
    with pytest.raises(RefusedInput, match="no such source"):
        ids(given)


def test_a_name_of_several_files_names_them_all_and_means_none() -> None:
    with pytest.raises(RefusedInput, match="fits several") as refused:
        ids("b.csv")
    for raw, name in (("b", "mine/b.csv"), ("another b", "other/b.csv")):
        assert f"{digest_of(raw)[:12]} ({name}, read on 2026-11-20)" in str(refused.value)
        assert len(ids(digest_of(raw)[:12])) == 1
    assert "old" not in str(refused.value)


def test_files_in_the_other_state_do_not_make_a_name_ambiguous() -> None:
    stored = known(("a/b.csv", "one", True), ("c/b.csv", "two", False))
    assert list(sources_named(stored, "b.csv")["id"]) == [2]
    assert list(sources_named(stored, "b.csv", is_withdrawn=True)["id"]) == [1]
    both = known(("a/b.csv", "one", True), ("c/b.csv", "two", True))
    assert list(sources_named(both, "b.csv")["id"]) == [1, 2]  # nothing to withdraw in either


def test_two_editions_of_a_file_are_two_files() -> None:
    stored = known(("a/b.csv", "old", False), ("a/b.csv", "new", False))
    with pytest.raises(RefusedInput, match="fits several"):
        sources_named(stored, "a/b.csv")
    assert name_that_works(stored, [2], "a/b.csv") == digest_of("new")[:12]


def test_the_bytes_of_a_file_come_before_its_name(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    renamed = tmp_path / "mine" / "renamed.csv"
    renamed.write_text("another b")
    (tmp_path / "mine" / "unknown.csv").write_text("never imported")
    assert list(sources_meant(STORED, str(renamed), LIMITS)["id"]) == [3]
    assert list(sources_meant(STORED, str(tmp_path / "mine"), LIMITS)["id"]) == [3]
    # Nothing of what lies there is known: then the name decides.
    renamed.unlink()
    assert list(sources_meant(STORED, str(tmp_path / "mine"), LIMITS)["id"]) == [1, 2, 4, 5]


@pytest.mark.parametrize(("first", "own"), [("b.csv", [1]), ("mine", [1]), ("runs.zip", [4, 5]), ("-x", [6])])
def test_the_name_that_is_told_works(first: str, own: list[int]) -> None:
    name = name_that_works(STORED, own, first)
    assert name is not None and list(sources_named(STORED, name)["id"]) == own


def test_a_name_that_a_terminal_cannot_show_is_told_by_its_digest() -> None:
    stored = known(("a/\x1b[2J.csv", "x", False))
    assert name_that_works(stored, [1], "a/\x1b[2J.csv") == digest_of("x")[:12]


def test_an_empty_store_means_nothing() -> None:
    with pytest.raises(RefusedInput):
        sources_meant(known(), "a.csv", LIMITS)
