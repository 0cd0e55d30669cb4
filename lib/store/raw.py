"""Raw files, untouched, addressed by digest, so that a better importer can read them again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from lib.errors import Unavailable
from lib.store import files, samples, snapshot_files, snapshots, tables
from lib.store.db import Store

DAY_S = 86_400.0


def folder(store: Store) -> Path:
    """``<data_dir>/raw``; files lie below it as ``ab/<digest>``."""
    return store.settings.data_dir / "raw"


def keep_raw(store: Store, content: bytes) -> str:
    """Keep the bytes as they came and return their digest; before the transaction that names them."""
    digest = files.digest_of_bytes(content)
    files.put(folder(store), digest, content)
    return digest


def read_raw(store: Store, digest: str) -> bytes:
    """The bytes of this digest.

    Raises:
        Unavailable: If the file is gone or is no longer what it was.
    """
    path = files.path_of(folder(store), digest)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    if files.digest_of_bytes(content) != digest:
        raise Unavailable(
            f"the raw file {digest[:12]} is missing or damaged", remedy="Import the file again, or restore a backup"
        )
    return content


def sweep(store: Store, older_than_s: float = DAY_S) -> int:
    """Remove files that no row names and temporary ones, both only when older than a day; returns how many.

    Younger ones may belong to an import that has not committed yet. What a snapshot names stays, and unpacked snapshots
    go: they are made again when somebody opens one.

    Raises:
        Unavailable: If the file of a snapshot is gone or damaged, so that nobody can tell what it names. Nothing is removed.
    """
    pinned = snapshots.files_named(store)
    with store.reading() as connection:
        raw = set(connection.execute(select(tables.raw_files.c.digest)).scalars())
        sampled = set(connection.execute(select(tables.sample_files.c.digest)).scalars())
    n_removed = 0
    for place, named in ((folder(store), raw | pinned), (samples.folder(store), sampled | pinned)):
        for path in files.stale(place, older_than_s):
            if path.name.split(".", 1)[0] not in named:
                path.unlink(missing_ok=True)
                n_removed += 1
    return n_removed + snapshot_files.sweep(store.settings, snapshots.every_snapshot(store), older_than_s)
