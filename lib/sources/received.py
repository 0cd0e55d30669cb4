"""Files as they were received: the bytes behind a source, for whoever wants to see for himself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from lib.errors import Unavailable
from lib.settings import Settings
from lib.sources.archives import Limits, Member, members
from lib.sources.texts import storable
from lib.store.db import Store
from lib.store.raw import read_raw


def received(store: Store, source: Mapping[str, Any], settings: Settings) -> bytes:
    """The bytes of a source, untouched: the file itself, or the member of the zip it came in.

    Args:
        source: A row of ``sources``: raw_digest, member, name.

    Raises:
        Unavailable: If the raw file is gone or damaged, or no longer holds the member.
    """
    content = read_raw(store, str(source["raw_digest"]))
    member = str(source["member"])
    if not member:
        return content
    found = _directly(content, member)
    if found is not None:
        return found
    # Inner zips and names that are not UTF-8 take the importer's own way.
    for one in members(content, "", Limits.for_uploads(settings.max_upload_bytes)):
        if isinstance(one, Member) and one.path == member:
            return one.content
    raise Unavailable(f"the zip around {source['name']} no longer holds it", remedy="Import the file again")


def file_name(source: Mapping[str, Any]) -> str:
    """Name for a download: the last part of the member's or file's path."""
    return str(source["name"]).replace("\\", "/").rsplit("/", 1)[-1] or "file"


def _directly(content: bytes, member: str) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            named = [e for e in archive.infolist() if storable(e.filename.replace("\\", "/")) == member]
            return archive.read(named[0]) if len(named) == 1 else None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return None
