"""Paths to files: every name, every kind of zip, and nothing of it may hurt."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from lib.errors import RefusedInput
from lib.sources.archives import Limits, Member
from lib.sources.walk import Raw, from_bytes, walk
from tests.ingest.archives import encrypted, renamed, with_link, zipped

SMALL = Limits(
    raw_bytes=1_000_000, member_bytes=300_000, unpacked_bytes=500_000, entries=50, ratio=50, ratio_from_bytes=20_000
)


def look(content: bytes, limits: Limits = SMALL) -> tuple[dict[str, bytes], dict[str, str]]:
    """Members by path and reasons by name of what was refused."""
    raw = from_bytes(content, "a.zip", limits)
    assert isinstance(raw, Raw)
    found = list(raw.members())
    members = {m.path: m.content for m in found if isinstance(m, Member)}
    return members, {m.file: m.reason for m in found if isinstance(m, RefusedInput)}


def test_a_file_a_folder_and_a_zip(tmp_path: Path) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "b").write_bytes(b"b")
    (tmp_path / "sub" / "deep" / "c.json").write_bytes(b"c")
    (tmp_path / "sub" / ".DS_Store").write_bytes(b"no")
    (tmp_path / "a.json").write_bytes(b"a")
    found = [raw for raw in walk([tmp_path / "a.json", tmp_path / "sub"], SMALL) if isinstance(raw, Raw)]
    assert [raw.content for raw in found] == [b"a", b"b", b"c"]
    # What is kept names no folder of this machine above what was imported; what is said is what was typed.
    assert [raw.name for raw in found] == [f"{tmp_path.name}/a.json", "sub/b", "sub/deep/c.json"]
    assert next(raw.given for raw in found) == str(tmp_path / "a.json")


def test_members_come_in_order_with_their_names() -> None:
    members, refused = look(zipped({"z.json": b"1", "a/b.json": b"2", "folder/": b""}))
    assert list(members) == ["a/b.json", "z.json"] and not refused


def test_a_zip_in_a_zip_is_opened_once() -> None:
    innermost = zipped({"c.json": b"3"})
    members, refused = look(zipped({"in.zip": zipped({"b.json": b"2", "deeper.bin": innermost}), "a.json": b"1"}))
    assert members == {"a.json": b"1", "in.zip!/b.json": b"2"}
    assert refused == {"a.zip!/in.zip!/deeper.bin": "a zip inside a zip inside a zip"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../etc/passwd", "a path that leads out of the zip"),
        ("x/../../y", "a path that leads out of the zip"),
        ("..\\..\\y.json", "a path that leads out of the zip"),
        ("/etc/passwd", "an absolute path in the zip"),
        ("C:/windows/x", "an absolute path in the zip"),
        ("\\\\server\\x", "an absolute path in the zip"),
    ],
)
def test_names_that_climb_are_refused_alone(name: str, reason: str) -> None:
    members, refused = look(zipped({name: b"bad", "good.json": b"good"}))
    assert members == {"good.json": b"good"}
    assert list(refused.values()) == [reason]


def test_a_nul_in_a_name_is_refused() -> None:
    members, refused = look(renamed(zipped({"badXname": b"1", "good": b"2"}), b"badXname", b"bad\0name"))
    assert members == {"good": b"2"} and list(refused.values()) == ["a name with a NUL character"]


def test_names_in_no_known_encoding_survive() -> None:
    content = renamed(zipped({"n\u00e4me.json": b"1", "good": b"2"}), "n\u00e4me".encode(), b"n\xe4\xe4me")
    members, refused = look(content)
    assert sorted(members.values()) == [b"1", b"2"] and not refused
    for path in members:
        path.encode()  # can be stored: no lone surrogate


def test_file_names_that_are_no_unicode_survive(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xffme.json")).write_bytes(b"1")
    (raw,) = walk([tmp_path], SMALL)
    assert isinstance(raw, Raw) and raw.content == b"1"
    assert raw.name == f"{tmp_path.name}/n\\xffme.json"


def test_links_and_devices_in_a_zip_are_refused() -> None:
    assert look(with_link("link.json", "/etc/passwd")) == (
        {},
        {"a.zip!/link.json": "a link or device in the zip, not a file"},
    )


def test_links_are_not_followed_out_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.json").write_bytes(b"secret")
    (tmp_path / "in" / "own.json").write_bytes(b"own")
    (tmp_path / "in" / "out.json").symlink_to(tmp_path / "secret.json")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in")
    found = list(walk([tmp_path / "in"], SMALL))
    assert [raw.content for raw in found if isinstance(raw, Raw)] == [b"own"]
    assert [r.reason for r in found if isinstance(r, RefusedInput)] == ["a link that leads out of the folder"]


def test_pipes_do_not_hold_up_an_import(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (found,) = walk([tmp_path], SMALL)
    assert isinstance(found, RefusedInput) and found.reason == "not a regular file"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (found,) = walk([tmp_path / "none.json"], SMALL)
    assert isinstance(found, RefusedInput) and found.file.endswith("none.json")


def test_too_large_a_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(10**10)
    (found,) = walk([tmp_path], SMALL)
    assert isinstance(found, RefusedInput) and "P4P_MAX_UPLOAD_MB" in found.message


def test_a_bomb_is_refused_and_the_rest_goes_on() -> None:
    members, refused = look(zipped({"bomb": b"\0" * 290_000, "good": b"1"}))
    assert members == {"good": b"1"}
    assert list(refused.values()) == ["packed too tightly to be a result file (a zip bomb?)"]


def test_a_large_member_is_refused() -> None:
    _, refused = look(zipped({"large": os.urandom(300_001)}, zipfile.ZIP_STORED))
    assert list(refused.values()) == ["a member larger than this installation takes"]


def test_all_members_together_are_limited() -> None:
    members, refused = look(zipped({f"{i}": os.urandom(150_000) for i in range(6)}, zipfile.ZIP_STORED))
    assert len(members) == 4 and "the zip unpacks to too much" in refused.values()


def test_too_many_members_are_refused() -> None:
    _, refused = look(zipped({f"{i}": b"" for i in range(51)}))
    assert list(refused.values()) == ["more files than one zip may hold"]
    _, refused = look(zipped({f"{i}": b"" for i in range(101)}))  # not even listed
    assert list(refused.values()) == ["more files than one zip may hold"]


def test_entries_of_inner_zips_count_too() -> None:
    inner = zipped({f"{i}": str(i).encode() for i in range(20)})
    members, refused = look(zipped({f"{i}.zip": inner for i in range(3)}))
    assert len(members) < 60 and "more files than one zip may hold" in refused.values()


def test_encrypted_members_are_refused() -> None:
    assert list(look(encrypted(zipped({"a": b"1"})))[1].values()) == ["an encrypted member"]


def test_methods_that_unpack_without_bound_are_refused() -> None:
    members, refused = look(zipped({"a": b"1" * 100}, zipfile.ZIP_BZIP2))
    assert not members and list(refused.values()) == ["packed with a method other than deflate"]


def test_a_damaged_member_does_not_spoil_the_others() -> None:
    content = bytearray(zipped({"bad": b"x" * 1000, "good": b"2"}, zipfile.ZIP_STORED))
    content[content.find(b"xxxx") + 5] = 0
    members, refused = look(bytes(content))
    assert members == {"good": b"2"} and list(refused) == ["a.zip!/bad"]


def test_the_same_name_twice_is_refused_once() -> None:
    content = renamed(zipped({"a": b"1", "bb": b"2", "cc": b"3"}), b"cc", b"bb")
    members, refused = look(content)
    assert members == {"a": b"1", "bb": b"2"} and list(refused.values()) == ["the same name twice in the zip"]


@pytest.mark.parametrize("cut", [4, 30, 60, -1, -10, -30])
def test_truncated_zips_are_refused_by_name(cut: int) -> None:
    members, refused = look(zipped({"a.json": b"1" * 50, "b.json": b"2"})[:cut])
    assert not members and list(refused) == ["a.zip"]


def test_neighbours_are_read_when_asked_for(tmp_path: Path) -> None:
    content = zipped({"x/a": b"1", "x/b": b"2", "y/c": b"3"})
    raw = from_bytes(content, "a.zip", SMALL)
    assert isinstance(raw, Raw)
    beside = {m.path: dict(m.neighbours) for m in raw.members() if isinstance(m, Member)}
    assert beside == {"x/a": {"b": b"2"}, "x/b": {"a": b"1"}, "y/c": {}}
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    raw = next(iter(walk([tmp_path / "a"], SMALL)))
    assert isinstance(raw, Raw)
    (member,) = (m for m in raw.members() if isinstance(m, Member))
    assert dict(member.neighbours) == {"b": b"2"}
