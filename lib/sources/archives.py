"""Zip files as hostile input: limits on entries, unpacked bytes and ratio; every member on its own merits.

A member that is encrypted, damaged, packed with an unusual method, a link, or named to climb out is refused by
name and the others go on. What is wrong with the archive as a whole refuses the archive.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from lib.errors import RefusedInput
from lib.sources.neighbours import Neighbours
from lib.sources.texts import storable

_CHUNK = 1 << 20
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_UTF8_NAME = 0x800
_INSPECT_FIRST = b"_journal/start.json"


@dataclass(frozen=True)
class Limits:
    """What an import takes; beyond it a file is refused.

    Args:
        raw_bytes: Largest file as received.
        member_bytes: Largest member of a zip, unpacked.
        unpacked_bytes: All members of one zip together, inner zips included.
        entries: Members of one zip, inner zips included.
        ratio: Largest ratio of unpacked to packed size for members above ``ratio_from_bytes``. Deflate reaches
            1032 on zeros; real result files stay below 40, the most repetitive logs below 100.
    """

    raw_bytes: int = 200_000_000
    member_bytes: int = 200_000_000
    unpacked_bytes: int = 4_000_000_000
    entries: int = 50_000
    ratio: int = 250
    ratio_from_bytes: int = 1_000_000

    @classmethod
    def for_uploads(cls, max_bytes: int) -> Limits:
        """The limits that follow from the largest file an installation takes."""
        return cls(raw_bytes=max_bytes, member_bytes=max_bytes, unpacked_bytes=20 * max_bytes)


@dataclass
class Member:
    """One file of a zip, or the raw file itself with an empty ``path``."""

    path: str
    name: str
    content: bytes
    neighbours: Mapping[str, bytes] = field(default_factory=Neighbours)
    is_companion: bool = False


@dataclass
class _Budget:
    """What is left of the limits over the whole archive, inner zips included."""

    entries: int
    unpacked: int


def is_zip(content: bytes) -> bool:
    """True for content that claims to be a zip of files: by its first bytes, never by its name.

    An archive that is one log of Inspect is one file, not a folder of them: its importer opens it.
    """
    return content[:4] in (b"PK\x03\x04", b"PK\x05\x06") and not is_inspect_archive(content)


def is_inspect_archive(content: bytes) -> bool:
    """True for a zip that begins with the member with which every ``.eval`` log of Inspect begins."""
    return content[:4] == _LOCAL and content[30 : 30 + len(_INSPECT_FIRST)] == _INSPECT_FIRST


def members(content: bytes, name: str, limits: Limits) -> Iterator[Member | RefusedInput]:
    """The files of a zip in order of path, unpacked one at a time; zips inside are opened one level deep.

    Args:
        content: Bytes of the zip.
        name: Its name for people; a member is ``name!/path``.

    Yields:
        Members and refusals; a refusal names the member it is about, or the archive.
    """
    yield from _members(content, name, "", limits, _Budget(limits.entries, limits.unpacked_bytes), level=0)


def _members(
    content: bytes, name: str, prefix: str, limits: Limits, budget: _Budget, level: int
) -> Iterator[Member | RefusedInput]:
    try:
        archive = opened(content, limits)
    except RefusedInput as refusal:
        yield refusal.in_file(f"{name}!/{prefix}".removesuffix("/") if prefix else name)
        return
    with archive:
        taken: dict[str, zipfile.ZipInfo] = {}
        refused: dict[str, RefusedInput] = {}
        for entry in archive.infolist():
            budget.entries -= 1
            path = storable(entry.filename.replace("\\", "/"))
            if budget.entries < 0:
                yield RefusedInput("more files than one zip may hold", file=name, expected=f"at most {limits.entries}")
                return
            if entry.is_dir():
                continue
            trouble = _trouble(entry) or ("the same name twice in the zip" if path in taken else None)
            if trouble:
                refused[path] = RefusedInput(trouble, file=f"{name}!/{prefix}{path}")
            else:
                taken[path] = entry
        yield from refused.values()
        read = {p: partial(content_of, archive, e, limits) for p, e in taken.items()}
        folders = _by_folder(read)
        for path in sorted(taken):
            folder, _, base = path.rpartition("/")
            shown = f"{name}!/{prefix}{path}"
            try:
                unpacked = _within(budget, read[path], limits)
            except RefusedInput as refusal:
                yield refusal.in_file(shown)
                if budget.unpacked <= 0:
                    return
                continue
            if is_zip(unpacked):
                yield from _inner(unpacked, name, f"{prefix}{path}", limits, budget, level)
            else:
                yield Member(f"{prefix}{path}", shown, unpacked, Neighbours(folders[folder], base))


def _inner(
    unpacked: bytes, name: str, path: str, limits: Limits, budget: _Budget, level: int
) -> Iterator[Member | RefusedInput]:
    if level:
        yield RefusedInput("a zip inside a zip inside a zip", file=f"{name}!/{path}", expected="one level at most")
    else:
        yield from _members(unpacked, name, f"{path}!/", limits, budget, level + 1)


def opened(content: bytes, limits: Limits) -> zipfile.ZipFile:
    """The archive, its directory read. Counted beforehand: a directory of millions of entries is not even parsed.

    Raises:
        RefusedInput: Too many entries, or damaged.
    """
    if content.count(_CENTRAL) > 2 * limits.entries:
        raise RefusedInput("more files than one zip may hold", expected=f"at most {limits.entries}")
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except UnicodeDecodeError:
        pass
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError) as error:
        raise RefusedInput("a damaged zip", found=str(error)) from error
    try:
        return zipfile.ZipFile(io.BytesIO(_without_utf8_claims(content)))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError) as error:
        raise RefusedInput("a damaged zip", found=str(error)) from error


def _without_utf8_claims(content: bytes) -> bytes:
    """The same zip with the flag for UTF-8 names cleared where a name is not UTF-8, so that it can be listed at all."""
    mended = bytearray(content)
    at = content.find(_CENTRAL)
    while at >= 0 and at + 46 <= len(content):
        (flags,) = struct.unpack_from("<H", content, at + 8)
        (length,) = struct.unpack_from("<H", content, at + 28)
        try:
            content[at + 46 : at + 46 + length].decode("utf-8")
        except UnicodeDecodeError:
            struct.pack_into("<H", mended, at + 8, flags & ~_UTF8_NAME)
            (local,) = struct.unpack_from("<I", content, at + 42)
            if content[local : local + 4] == _LOCAL:
                struct.pack_into("<H", mended, local + 6, flags & ~_UTF8_NAME)
        at = content.find(_CENTRAL, at + 4)
    return bytes(mended)


def _trouble(entry: zipfile.ZipInfo) -> str | None:
    """Why a member is not even unpacked, or None."""
    path = entry.filename.replace("\\", "/")
    if "\0" in entry.orig_filename:
        return "a name with a NUL character"
    if path.startswith("/") or (len(path) > 1 and path[1] == ":" and path[0].isalpha()):
        return "an absolute path in the zip"
    if ".." in path.split("/"):
        return "a path that leads out of the zip"
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "a link or device in the zip, not a file"
    if entry.flag_bits & 0x1:
        return "an encrypted member"
    # Other methods unpack without bound from a few bytes in Python's zipfile, which ends in memory, not in an error.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed with a method other than deflate"
    return None


def _within(budget: _Budget, read: Callable[[], bytes], limits: Limits) -> bytes:
    if budget.unpacked <= 0:
        raise RefusedInput("the zip unpacks to too much", expected=f"at most {limits.unpacked_bytes / 1e6:.0f} MB")
    content = read()
    budget.unpacked -= len(content)
    return content


def content_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> bytes:
    """The member's bytes, counted while they come.

    Raises:
        RefusedInput: If it is too large, packed too tightly to be a result file, or damaged.
    """
    most_by_ratio = max(limits.ratio_from_bytes, limits.ratio * max(entry.compress_size, 1))
    unpacked = io.BytesIO()
    size = 0
    try:
        with archive.open(entry) as file:
            while piece := file.read(_CHUNK):
                size += len(piece)
                if size > limits.member_bytes:
                    raise RefusedInput(
                        "a member larger than this installation takes",
                        expected=f"at most {limits.member_bytes / 1e6:.0f} MB unpacked",
                    )
                if size > most_by_ratio:
                    raise RefusedInput(
                        "packed too tightly to be a result file (a zip bomb?)",
                        expected=f"at most {limits.ratio} times its packed size",
                    )
                unpacked.write(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise RefusedInput("a damaged member", found=str(error) or type(error).__name__) from error
    if size != entry.file_size:
        raise RefusedInput("a damaged member", expected=f"{entry.file_size} bytes", found=f"{size} bytes")
    return unpacked.getvalue()


def _by_folder(read: Mapping[str, Callable[[], bytes]]) -> dict[str, dict[str, Callable[[], bytes]]]:
    """Readers by folder and base name, so that neighbours cost nothing until one is asked for."""
    folders: dict[str, dict[str, Callable[[], bytes]]] = {}
    for path, reader in read.items():
        folder, _, base = path.rpartition("/")
        folders.setdefault(folder, {})[base] = _or_key_error(reader)
    return folders


def _or_key_error(reader: Callable[[], bytes]) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return reader()
        except RefusedInput as refusal:
            raise KeyError(refusal.reason) from refusal

    return read
