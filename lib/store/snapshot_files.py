"""The file of a snapshot: an SQLite store of its own, packed, named by its digest, never changed but by a tombstone.

It is unpacked beside, under the version of the tables that this code knows, and brought up to that version if it is
older: what was pinned once stays readable by whatever comes after. The packed file stays as it was written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa
from sqlalchemy import Connection, Engine, StaticPool, create_engine

from lib.errors import Unavailable
from lib.settings import Settings
from lib.store import files
from lib.store.versions import NEWEST, stored_version

ENDING = ".sqlite.zst"
UNPACKED = "unpacked"
CODEC = "zstd"
CHUNK = 1 << 20


def folder(settings: Settings) -> Path:
    """``<data_dir>/snapshots``; files lie below it as ``ab/<digest>.sqlite.zst``, unpacked ones in ``unpacked``."""
    return settings.data_dir / "snapshots"


def path_of(settings: Settings, snapshot: Packed) -> Path:
    """The packed file of this snapshot, there or not.

    By its own digest, too: whoever takes a source out of it writes another file first, and the row then names that.
    """
    return files.path_of(folder(settings), snapshot.digest, f"-{snapshot.file_digest[:12]}{ENDING}")


class Packed(Protocol):
    """What one has to know of a snapshot to read its file: the digest that names it, and that of its bytes."""

    @property
    def digest(self) -> str: ...
    @property
    def file_digest(self) -> str: ...


class _Made(NamedTuple):
    digest: str
    file_digest: str


@contextmanager
def building(settings: Settings) -> Iterator[tuple[Path, Connection]]:
    """A new SQLite file with all tables and no rows, and a connection to fill it; gone at the end unless ``pack`` took it."""
    place = folder(settings) / UNPACKED
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{files.TEMPORARY}{uuid.uuid4().hex}"
    path.write_bytes(_empty())
    engine = create_engine(f"sqlite:///{path}", poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            # Nobody else opens this file, and after a loss of power it is made anew.
            for setting in ("synchronous = off", "journal_mode = off", "cache_size = -65536"):
                connection.exec_driver_sql(f"PRAGMA {setting}")
        with engine.begin() as connection:
            yield path, connection
    finally:
        engine.dispose()
        path.unlink(missing_ok=True)


@cache
def _empty() -> bytes:
    """A database of the newest version without any row; made once, because Alembic takes a tenth of a second."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "empty.sqlite"
        engine = create_engine(f"sqlite:///{path}")
        _bring_up_to_date(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("delete from store")
        engine.dispose()
        return path.read_bytes()


def pack(path: Path, settings: Settings, digest: str) -> tuple[int, str]:
    """Write the packed file of this database, whole or not at all; returns its size in bytes and SHA-256 of them."""
    place = files.path_of(folder(settings), digest).parent
    place.mkdir(parents=True, exist_ok=True)
    temporary = place / f"{files.TEMPORARY}{uuid.uuid4().hex}"
    try:
        with path.open("rb") as plain, pa.CompressedOutputStream(temporary, CODEC) as packed:
            shutil.copyfileobj(plain, packed, CHUNK)
        with temporary.open("rb+") as file:
            made = _Made(digest, hashlib.file_digest(file, "sha256").hexdigest())
            os.fsync(file.fileno())
        n_bytes = temporary.stat().st_size
        temporary.replace(path_of(settings, made))
    finally:
        temporary.unlink(missing_ok=True)
    return n_bytes, made.file_digest


def unpacked_path(settings: Settings, snapshot: Packed) -> Path:
    """Where ``unpacked`` puts it."""
    return folder(settings) / UNPACKED / f"{snapshot.digest}-{NEWEST}-{snapshot.file_digest[:12]}.sqlite"


def unpacked(settings: Settings, snapshot: Packed) -> Path:
    """The database of this snapshot at the newest version of the tables, made at the first call.

    Raises:
        Unavailable: If its file is gone or damaged.
    """
    path = unpacked_path(settings, snapshot)
    if path.exists():
        os.utime(path)  # a sweep leaves it alone for another day
        return path
    temporary = path.parent / f"{files.TEMPORARY}{uuid.uuid4().hex}"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path_of(settings, snapshot).open("rb") as file, temporary.open("xb") as plain:
            if hashlib.file_digest(file, "sha256").hexdigest() != snapshot.file_digest:
                raise _missing(snapshot.digest)
            file.seek(0)
            shutil.copyfileobj(pa.CompressedInputStream(file, CODEC), plain, CHUNK)
        engine = create_engine(f"sqlite:///{temporary}")
        try:
            _bring_up_to_date(engine)
        finally:
            engine.dispose()
        temporary.replace(path)
    except FileNotFoundError as error:
        raise _missing(snapshot.digest) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _missing(digest: str) -> Unavailable:
    return Unavailable(
        f"the file of the snapshot {digest[:12]} is missing or damaged", remedy="Restore it from a backup"
    )


def sweep(settings: Settings, named: Collection[Packed], older_than_s: float) -> int:
    """Remove unpacked and temporary files, and those of no snapshot of ``named``, that are older; returns how many.

    Whoever has an unpacked one open keeps reading it.
    """
    kept = {path_of(settings, one) for one in named}
    stale = [path for path in files.stale(folder(settings), older_than_s) if path not in kept]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def reading_engine(path: Path) -> Engine:
    """An engine over an unpacked file that nothing can write through; it takes no locks."""
    return create_engine(f"sqlite:///file:{path}?mode=ro&immutable=1&uri=true", pool_size=4, max_overflow=32)


def _bring_up_to_date(engine: Engine) -> None:
    if stored_version(engine) != NEWEST:
        from lib.store.migrate import migrate

        migrate(engine)
