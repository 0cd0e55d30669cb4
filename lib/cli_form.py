"""A form with files as a stream: what is sent is read from the disk while it is sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from lib.sources.walk import is_clutter

CHUNK = 256 * 1024


class File(NamedTuple):
    """A file and the name that it is sent under: folders are kept, for results and samples are joined by them."""

    path: Path
    name: str
    n_bytes: int


def files_of(paths: Sequence[Path]) -> list[File]:
    """Files, and all files below folders, in order of name; links are not followed, and clutter stays where it is."""
    found = []
    for given in paths:
        inside = [given] if given.is_file() else sorted(path for path in given.rglob("*") if _is_wanted(path, given))
        base = given.resolve().parent
        for path in inside:
            found.append(File(path, path.resolve().relative_to(base).as_posix(), path.stat().st_size))
    return found


def _is_wanted(path: Path, folder: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not is_clutter(path.relative_to(folder).as_posix())


class Form:
    """``multipart/form-data`` (RFC 7578), as long as it says.

    Args:
        fields: Fields by name; empty ones are not sent.
        files: Files, each in a part named ``file``.
        progress: Called with bytes sent and bytes in all.
    """

    def __init__(self, fields: Mapping[str, str], files: Sequence[File], progress: Callable[[int, int], None]) -> None:
        self._boundary = secrets.token_hex(16)
        self._fields = {name: value for name, value in fields.items() if value}
        self._files = files
        self._progress = progress

    @property
    def kind(self) -> str:
        """For the header ``Content-Type``."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        fields = sum(len(self._field(*one)) for one in self._fields.items())
        return fields + sum(len(self._head(one)) + one.n_bytes + 2 for one in self._files) + len(self._end())

    def __iter__(self) -> Iterator[bytes]:
        sent, whole = 0, len(self)
        for part in self._parts():
            yield part
            sent += len(part)
            self._progress(sent, whole)

    def _parts(self) -> Iterator[bytes]:
        yield from (self._field(*one) for one in self._fields.items())
        for one in self._files:
            yield self._head(one)
            left = one.n_bytes
            with one.path.open("rb") as file:
                # A log that grows meanwhile is sent as long as it was.
                while left and (chunk := file.read(min(CHUNK, left))):
                    yield chunk
                    left -= len(chunk)
            if left:
                raise OSError(f"{one.path} became shorter while it was sent")
            yield b"\r\n"
        yield self._end()

    def _field(self, name: str, value: str) -> bytes:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        return head.encode() + value.encode() + b"\r\n"

    def _head(self, file: File) -> bytes:
        # Quotes and line breaks would end the header; the rest goes as it is, as browsers do it.
        name = file.name.encode(errors="replace").decode().translate({ord(one): quote(one) for one in '"\r\n'})
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode()

    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()
