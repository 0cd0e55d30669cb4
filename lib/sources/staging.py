"""Files that were sent, into a folder of their own, under names that lead nowhere else; streamed, so memory stays small."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lib.access import Reader, Visibility, may_show
from lib.errors import RefusedInput
from lib.store import uploads
from lib.store.db import Store
from lib.store.uploads import Upload

DEEPEST, LONGEST_PART = 12, 150
NAMED = 3
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\ud800-\udfff]")


class OverQuota(RefusedInput):
    """More than one person may have in uploads."""


def keep(folder: Path, name: str, content: BinaryIO) -> str:
    """Write a file into the folder as it comes; returns the name that it got there, with ``/`` between folders."""
    safe = safe_name(name)
    target = folder / safe
    # Two files of one name, or a file where another has its folder: each gets a folder of its own.
    n = 1
    while target.exists() or any((folder / parent).is_file() for parent in safe.parents):
        n += 1
        safe = PurePosixPath(f"{n}") / safe_name(name)
        target = folder / safe
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        shutil.copyfileobj(content, out)
    return safe.as_posix()


def safe_name(name: str) -> PurePosixPath:
    """A file's name as a path that leads only down: folders are kept, for results and samples are joined by them."""
    parts = [_UNUSABLE.sub("_", part).strip().rstrip(".") for part in name.replace("\\", "/").split("/")]
    kept = [_shortened(part) for part in parts if part]
    return PurePosixPath(*(kept[-DEEPEST:] or ["unnamed"]))


def begin(
    store: Store,
    reader: Reader,
    names: Sequence[str],
    n_bytes: int,
    *,
    visibility: Visibility,
    replaces: str | None = None,
) -> Upload:
    """Note that files were received, after asking whether this reader may bring them.

    Args:
        store: The store.
        reader: Who brings them; that they may upload has been asked before.
        names: Of the files.
        n_bytes: Of all of them.
        visibility: Who shall see them. Public of somebody who may not make public is the workspace's until an admin agrees.
        replaces: An earlier upload of theirs.

    Raises:
        OverQuota: If their uploads would hold more than they may.
        RefusedInput: If there is no such visibility, or no such upload to replace.
    """
    settings = store.settings
    if settings.has_login and uploads.bytes_of(store, reader.subject) + n_bytes > settings.upload_quota_bytes:
        most = settings.upload_quota_bytes // 1_000_000
        raise OverQuota(f"your uploads would hold more than {most:,} MB; ask whoever runs this installation")
    waits = visibility == "public" and not may_show(reader, "public")
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    made = uploads.begin(
        store,
        reader.subject,
        name=", ".join(names[:NAMED]) + more,
        visibility="workspace" if waits else visibility,
        wants_public=waits,
        replaces=replaces,
    )
    found = uploads.upload_of(store, made)
    assert found is not None
    return found


def _shortened(part: str) -> str:
    """A name short enough for every file system; its end is kept, which says what kind of file it is."""
    return part if len(part.encode()) <= LONGEST_PART else part.encode()[-LONGEST_PART:].decode(errors="ignore")
