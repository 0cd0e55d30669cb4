"""The whole installation as one file, taken while it runs: every row of every table, and every file that they name.

The rows are read in one transaction. Kept files are immutable and lie there before the row that names them, so copying them
afterwards completes that one state. A backup holds what is private, too: names of members and hashes of tokens among it.
"""

from __future__ import annotations

import os
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Table, Text, cast, select

from lib.settings import Settings
from lib.store import access_tables, files, snapshot_files, tables
from lib.store.backup_format import (
    DIGEST,
    MANIFEST,
    NAMED,
    TREES,
    Manifest,
    Sum,
    TableSum,
    is_kept_file,
    line_of,
    table_entry,
    table_names,
)
from lib.store.clock import now
from lib.store.db import Store
from lib.store.digest import digest_of
from lib.store.tables import metadata
from lib.store.versions import NEWEST

ROWS_AT_ONCE = 10_000
Progress = Callable[[str], None]
README = """A backup of Pound for Pound: the rows of every table, and every file that the store keeps.

    python -m lib recover THIS-FILE            into an empty store, SQLite or PostgreSQL
    python -m lib recover THIS-FILE --check    read it whole, and write nothing

It holds private results, names of members and hashes of tokens: keep it where only you can read it.
"""


def write_backup(store: Store, path: Path, progress: Progress = lambda _: None) -> Manifest:
    """Write the backup; the file is there whole or not at all, and only its owner may read it.

    Args:
        store: May be in use; what is written after the start is not in the backup.
        path: In a folder that exists; a file there is replaced.
        progress: Told what is being written.

    Returns:
        The manifest; ``missing`` names kept files that could not be taken.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
                manifest = _write(store, archive, progress)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return manifest


def rows_of(connection: Connection, table: Table, columns: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a table as text, numbers, yes/no and None, some at a time; columns of JSON as the text that is stored."""
    ordered = [table.c[name] for name in columns]
    shown = [cast(c, Text).label(c.name) if isinstance(c.type, JSON) else c for c in ordered]
    query = select(*shown).order_by(*table.primary_key.columns)
    result = connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    for some in result.partitions():
        yield [tuple(row) for row in some]


def _write(store: Store, archive: zipfile.ZipFile, progress: Progress) -> Manifest:
    archive.writestr("README.txt", README)
    with store.reading() as connection:
        revision = connection.execute(select(tables.store.c.revision)).scalar_one()
        digest = digest_of(connection)
        made_at = now()
        sums = {}
        for name in table_names():
            progress(f"table {name}")
            sums[name] = _write_table(archive, connection, metadata.tables[name])
        named, pinned = _named_files(connection), _pinned_files(connection, store.settings)
    n_files, missing = 0, [path.name for path in pinned if not path.exists()]
    for place, digests in named.items():
        progress(f"the files in {place}")
        folder = store.settings.data_dir / place
        # What no row names now a pinned state may name.
        others = sorted(_digests_in(folder, NAMED[place]) - set(digests))
        for one in (*digests, *others):
            if _write_named(archive, folder, place, one):
                n_files += 1
            elif one not in others:
                missing.append(f"{place}/{one}")
    for tree in TREES:
        progress(f"the files in {tree}")
        n_files += _write_tree(archive, store.settings.data_dir, tree)
    database = "SQLite" if store.is_sqlite else "PostgreSQL"
    manifest = Manifest(NEWEST, revision, digest, made_at, database, sums, n_files, missing)
    archive.writestr(MANIFEST, manifest.as_json())
    return manifest


def _write_table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> TableSum:
    total, columns = Sum(), [c.name for c in table.c]
    with archive.open(table_entry(table.name), "w", force_zip64=True) as file:
        file.write((line_of(columns) + "\n").encode())
        for rows in rows_of(connection, table, columns):
            lines = [line_of(row) for row in rows]
            total.add(lines)
            file.write("".join(line + "\n" for line in lines).encode())
    return total.done()


def _named_files(connection: Connection) -> dict[str, list[str]]:
    """Digests of the kept files that rows name, by folder."""
    raw, samples = tables.raw_files.c.digest, tables.sample_files.c.digest
    return {
        "raw": sorted(connection.execute(select(raw)).scalars()),
        "samples": sorted(connection.execute(select(samples).distinct()).scalars()),
    }


def _pinned_files(connection: Connection, settings: Settings) -> list[Path]:
    """The files of pinned states, there or not."""
    query = select(access_tables.snapshots.c.digest, access_tables.snapshots.c.file_digest)
    return [snapshot_files.path_of(settings, row) for row in connection.execute(query)]


def _digests_in(folder: Path, ending: str) -> set[str]:
    """Digests by which files in a folder are named."""
    names = (path.name.removesuffix(ending) for path in folder.glob(f"*/*{ending}"))
    return {name for name in names if DIGEST.fullmatch(name)}


def _write_named(archive: zipfile.ZipFile, folder: Path, place: str, digest: str) -> bool:
    path = files.path_of(folder, digest, NAMED[place])
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    if files.digest_of_bytes(content) != digest:
        return False
    # Parquet and zips are packed already.
    is_packed = bool(NAMED[place]) or content[:2] == b"PK"
    kind = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    archive.writestr(f"{place}/{digest[:2]}/{path.name}", content, kind)
    return True


def _write_tree(archive: zipfile.ZipFile, folder: Path, tree: str) -> int:
    """Every file below a folder, as it is now; one that goes away meanwhile is left out, links are not followed."""
    n = 0
    for path in sorted((folder / tree).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or not is_kept_file(name):
            continue
        try:
            archive.write(path, name)
        except FileNotFoundError:
            continue
        n += 1
    return n
