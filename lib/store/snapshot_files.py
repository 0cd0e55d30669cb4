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
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

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


def path_of(settings: Settings, digest: str) -> Path:
    """The packed file of this snapshot, there or not."""
    return files.path_of(folder(settings), digest, ENDING)


class Packed(Protocol):
    """What one has to know of a snapshot to read its file: the digest that names it, and that of its bytes."""

    @property
    def digest(self) -> str: ...
    @property
    def file_digest(self) -> str: ...


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


def pack(path: Path, settings: Settings, digest: str) -> None:
    """Write the packed file of this database, whole or not at all."""
    target = path_of(settings, digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f"{files.TEMPORARY}{uuid.uuid4().hex}"
    try:
        with path.open("rb") as plain, pa.CompressedOutputStream(temporary, CODEC) as packed:
            shutil.copyfileobj(plain, packed, CHUNK)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def measured(settings: Settings, digest: str) -> tuple[int, str]:
    """Size of the packed file in bytes, and SHA-256 of them."""
    with path_of(settings, digest).open("rb") as file:
        return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()


def unpacked(settings: Settings, snapshot: Packed) -> Path:
    """The database of this snapshot at the newest version of the tables, made at the first call.

    Raises:
        Unavailable: If its file is gone or damaged.
    """
    # By its bytes, too: after a source was taken out of it, it is another file.
    path = folder(settings) / UNPACKED / f"{snapshot.digest}-{NEWEST}-{snapshot.file_digest[:12]}.sqlite"
    if path.exists():
        os.utime(path)  # a sweep leaves it alone for another day
        return path
    temporary = path.parent / f"{files.TEMPORARY}{uuid.uuid4().hex}"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path_of(settings, snapshot.digest).open("rb") as file, temporary.open("xb") as plain:
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


def sweep(settings: Settings, older_than_s: float) -> int:
    """Remove unpacked and temporary files that are older; returns how many. Whoever has one open keeps reading it."""
    stale = [
        path
        for path in files.stale(folder(settings), older_than_s)
        if path.parent.name == UNPACKED or path.name.startswith(files.TEMPORARY)
    ]
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
