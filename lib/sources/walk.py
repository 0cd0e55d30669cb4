"""Paths to candidates: files, folders, zips, and a zip inside a zip one level deep, within stated limits.

Nothing is ever unpacked to disk. One raw file and one member are in memory at a time, so the peak is
about ``limits.raw_bytes`` (the zip) + ``limits.member_bytes`` (the member, or the inner zip, whose own member
comes on top), whatever a hostile archive declares: sizes are counted while unpacking, never believed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lib.errors import RefusedInput
from lib.sources.archives import Limits, Member, is_zip, members
from lib.sources.neighbours import Neighbours
from lib.sources.texts import storable

CLUTTER = {".ds_store", "thumbs.db", "desktop.ini", ".gitattributes", ".gitignore", ".gitkeep"}
COMPANIONS = ("license", "licence", "copying", "notice", "readme", "manifest.csv", "sources.md")
COMPANIONS_OF_HELM = {"run_spec.json", "scenario.json", "scenario_state.json", "per_instance_stats.json"}
"""Read with the ``stats.json`` beside them."""


@dataclass
class Raw:
    """One file as received: the unit that is kept untouched and addressed by its digest.

    Args:
        given: Its name as the reader typed it, for messages.
        name: Its name for the store: no folders of this machine above what was imported.
        path: Where it lies, or None for bytes that were handed over.
        is_named: False for what a search of a folder found: licences and READMEs are then passed over.
    """

    given: str
    name: str
    content: bytes
    path: Path | None = None
    limits: Limits = field(default_factory=Limits)
    is_named: bool = True

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def is_zip(self) -> bool:
        return is_zip(self.content)

    def members(self) -> Iterator[Member | RefusedInput]:
        """The files in it: itself with member '' if it is no zip, else its members in order of name.

        Each refusal names the member it stands for and does not end the walk.
        """
        if not self.is_zip:
            neighbours = Neighbours.of_folder(self.path, self.limits.member_bytes)
            yield Member("", self.name, self.content, neighbours, is_companion=False)
            return
        yield from members(self.content, self.name, self.limits)


def walk(paths: list[Path], limits: Limits) -> Iterator[Raw | RefusedInput]:
    """Every file under the paths, in order of name within each folder, read one at a time.

    A path that does not exist, is too large, cannot be read or leads out of its folder comes as a refusal
    that names it. Files that systems leave lying about (``.DS_Store``) are passed over.
    """
    for given in paths:
        if given.is_dir():
            for path, refusal in _files(given, given.resolve()):
                shown = str(given / path.relative_to(given))
                yield refusal or _read(path, shown, stored_name(given, path), limits, is_named=False)
        else:
            yield _read(given, str(given), stored_name(given, given), limits)


def from_bytes(content: bytes, name: str, limits: Limits) -> Raw | RefusedInput:
    """One file that came over the wire; the same checks as for a path."""
    clean = storable(name.replace("\\", "/").rsplit("/", 1)[-1]) or "unnamed"
    if len(content) > limits.raw_bytes:
        return _too_large(clean, len(content), limits)
    return Raw(clean, clean, content, limits=limits)


def is_clutter(path: str) -> bool:
    """True for what operating systems leave beside files and nobody meant to import."""
    parts = path.split("/")
    return parts[-1].lower() in CLUTTER or "__MACOSX" in parts or ".git" in parts or parts[-1].startswith("._")


def is_companion(path: str) -> bool:
    """True for licence texts, READMEs and manifests that lie beside result files: passed over with a note."""
    name = path.rsplit("/", 1)[-1].lower()
    return name.startswith(COMPANIONS) or name in COMPANIONS_OF_HELM


def _files(folder: Path, root: Path) -> Iterator[tuple[Path, RefusedInput | None]]:
    """Regular files under a folder. Links are not followed: what they lead to inside the folder is met anyway."""
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        path = Path(entry.path)
        if is_clutter(entry.name):
            continue
        if entry.is_symlink():
            if not path.resolve().is_relative_to(root):
                yield path, RefusedInput("a link that leads out of the folder", file=storable(entry.path))
        elif entry.is_dir():
            if os.access(path, os.R_OK | os.X_OK):
                yield from _files(path, root)
            else:
                yield path, RefusedInput("a folder that may not be read", file=storable(entry.path))
        else:
            yield path, None


def _read(path: Path, given: str, name: str, limits: Limits, *, is_named: bool = True) -> Raw | RefusedInput:
    shown = storable(given)
    try:
        # Opened without waiting: a named pipe must not hold up the import.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return RefusedInput("not a regular file", file=shown)
            if status.st_size > limits.raw_bytes:
                return _too_large(shown, status.st_size, limits)
            content = file.read(limits.raw_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return RefusedInput("the file cannot be read", file=shown, found=reason)
    if len(content) > limits.raw_bytes:  # grew while it was read
        return _too_large(shown, len(content), limits)
    return Raw(shown, name, content, path, limits, is_named)


def _too_large(name: str, n_bytes: int, limits: Limits) -> RefusedInput:
    return RefusedInput(
        "larger than this installation takes",
        file=name,
        expected=f"at most {limits.raw_bytes / 1e6:.0f} MB (P4P_MAX_UPLOAD_MB)",
        found=f"{n_bytes / 1e6:.1f} MB",
    )


def stored_name(given: Path, path: Path) -> str:
    """The name to keep: relative as typed; of an absolute path only the last folder, since the rest tells of the machine.

    Args:
        given: What is imported; need not be there.
        path: It, or a file below it.
    """
    base = given.resolve() if given.name in ("", ".", "..") else given
    if path == given:
        keep = Path(base.parent.name, base.name) if base.is_absolute() else path
    else:
        keep = base.name / path.relative_to(given)
    return storable("/".join(part for part in keep.as_posix().split("/") if part not in ("..", ".", "")))
