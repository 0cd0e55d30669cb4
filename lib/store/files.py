"""Files that are there whole or not at all, named by their content."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from pathlib import Path

TEMPORARY = ".tmp-"


def digest_of_bytes(content: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def path_of(folder: Path, digest: str, ending: str = "") -> Path:
    """Where a file of this content lies: two digits, then the whole digest."""
    return folder / digest[:2] / f"{digest}{ending}"


def put(folder: Path, digest: str, content: bytes, ending: str = "") -> None:
    """Store the content under its digest; on return it survives a loss of power.

    A file that is there already only gets a new time, so that a sweep beside us leaves it alone.
    """
    path = path_of(folder, digest, ending)
    if path.exists() and path.stat().st_size == len(content):
        os.utime(path)
        return
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder)
    temporary = path.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def stale(folder: Path, older_than_s: float) -> list[Path]:
    """Every file below the folder that has not been touched for so many seconds, temporary ones too."""
    limit = time.time() - older_than_s
    return [path for path in folder.glob("*/*") if path.is_file() and path.stat().st_mtime < limit]


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there, and need no sync
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
