"""The files beside a file, read only when an importer asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path


class Neighbours(Mapping[str, bytes]):
    """Contents of the files in the same folder, by base name; each is read when it is asked for and not kept.

    Args:
        readers: For each base name, a function that gives the bytes; it raises KeyError for what cannot be had.
        own_name: The file itself, which is not its own neighbour.
    """

    def __init__(self, readers: Mapping[str, Callable[[], bytes]] | None = None, own_name: str = "") -> None:
        self._readers = readers or {}
        self._own_name = own_name

    @classmethod
    def of_folder(cls, path: Path | None, max_bytes: int) -> Mapping[str, bytes]:
        """The regular files beside ``path`` that are not larger than ``max_bytes``; none for bytes without a place."""
        return cls() if path is None else _Folder(path.parent, path.name, max_bytes)

    def __getitem__(self, name: str) -> bytes:
        if name == self._own_name:
            raise KeyError(name)
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._readers if name != self._own_name)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._readers and name != self._own_name


class _Folder(Mapping[str, bytes]):
    """A folder on disk, listed at the first question; links are left out, so that none leads elsewhere."""

    def __init__(self, folder: Path, own_name: str, max_bytes: int) -> None:
        self._folder = folder
        self._own_name = own_name
        self._max_bytes = max_bytes
        self._listed: list[str] | None = None

    def _names(self) -> list[str]:
        if self._listed is None:
            try:
                entries = sorted(self._folder.iterdir())
            except OSError:
                entries = []
            self._listed = [e.name for e in entries if e.name != self._own_name and e.is_file() and not e.is_symlink()]
        return self._listed

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names():
            raise KeyError(name)
        path = self._folder / name
        try:
            if path.stat().st_size > self._max_bytes:
                raise KeyError(name)
            return path.read_bytes()
        except OSError as error:
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())
