"""`backup` and `recover`: the whole installation as one file, and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from lib import formats
from lib.cli_output import ProgressLine, put, put_json
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.store.backup import write_backup
from lib.store.backup_format import Manifest
from lib.store.recover import check_backup, recover

SHOWN = 20


def add_backup_arguments(command: argparse.ArgumentParser) -> None:
    """What `backup` takes."""
    command.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="the file to write")


def add_recover_arguments(command: argparse.ArgumentParser) -> None:
    """What `recover` takes."""
    command.add_argument("file", type=Path, metavar="FILE", help="what `backup` wrote")
    command.add_argument("--check", action="store_true", help="only read it whole and say whether it is sound")
    command.add_argument("--replace", action="store_true", help="in place of what is there, which is deleted")


def backup(options: argparse.Namespace, settings: Settings) -> int:
    """`backup -o FILE [--json]`: 1 when files that the store names are missing; the rest is in the backup all the same."""
    path: Path = options.output
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise RefusedInput(
            "cannot write there", place="--output", expected="a file in a folder that exists", found=path
        )
    store, line = operators_store(settings), ProgressLine()
    try:
        manifest = write_backup(store, path, lambda what: line.show(f"writing {what} ..."))
    finally:
        line.end()
        store.close()
    if options.json:
        put_json({"file": str(path), "n_bytes": path.stat().st_size, **_told(manifest)})
    else:
        put(f"{path}: {_words(manifest)}, {path.stat().st_size / 1e6:.1f} MB")
        _put_wrong([f"The file {name} is missing or damaged in this store." for name in manifest.missing])
    return 1 if manifest.missing else 0


def recover_backup(options: argparse.Namespace, settings: Settings) -> int:
    """`recover FILE [--check] [--replace] [--json]`: 1 when the backup is not whole."""
    if options.check:
        manifest, wrong = check_backup(options.file)
        if options.json:
            put_json({"wrong": wrong, **_told(manifest)})
        else:
            put(f"{options.file}: {_words(manifest)}, made {manifest.made_at}")
            _put_wrong(wrong)
            put("the backup is sound" if not wrong else "the backup is not whole")
        return 1 if wrong else 0
    store, line = operators_store(settings), ProgressLine()
    try:
        done = recover(store, options.file, replace=options.replace, progress=lambda what: line.show(f"reading {what}"))
    finally:
        line.end()
        store.close()
    is_same = done.digest == done.manifest.digest
    if options.json:
        told = {"revision": done.revision, "digest": done.digest, "is_same_digest": is_same, "stopped": done.stopped}
        put_json({**told, "backup": _told(done.manifest)})
    else:
        put(f"recovered {_words(done.manifest)}, made {done.manifest.made_at}")
        put("the digest is that of the backup" if is_same else f"the digest is now {done.digest[:12]}")
        if done.stopped:
            put(f"called off, ask for them again: {' '.join(done.stopped[:SHOWN])}")
        _put_wrong([f"The file {name} was missing when the backup was made." for name in done.manifest.missing])
    return 1 if done.manifest.missing else 0


def _words(manifest: Manifest) -> str:
    rows = formats.count(sum(table.n_rows for table in manifest.tables.values()))
    return f"{rows} rows, {formats.count(manifest.n_files)} files, digest {manifest.digest[:12]}"


def _told(manifest: Manifest) -> dict[str, object]:
    return {
        "version": manifest.version,
        "revision": manifest.revision,
        "digest": manifest.digest,
        "made_at": manifest.made_at,
        "database": manifest.database,
        "n_rows": {name: table.n_rows for name, table in manifest.tables.items()},
        "n_files": manifest.n_files,
        "missing": manifest.missing,
    }


def _put_wrong(sentences: list[str]) -> None:
    for sentence in sentences[:SHOWN]:
        put(f"wrong: {sentence}")
    if len(sentences) > SHOWN:
        put(f"wrong: and {len(sentences) - SHOWN} more")
