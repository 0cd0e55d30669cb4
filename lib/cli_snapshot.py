"""`snapshot`: pin the data, list what was pinned, say what changed, take it home, take a source out for good."""

from __future__ import annotations

import argparse
import uuid
from pathlib import Path
from typing import Any

import pandas as pd

from lib import formats
from lib.access import OPERATOR, PUBLIC, WORKSPACE, Sight
from lib.cli_output import put, put_json, put_table, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.archives import Limits
from lib.sources.meant import sources_meant
from lib.store import read, snapshots
from lib.store.db import Store
from lib.store.dump import FORMATS, known_format, write_dump
from lib.store.snapshot_diff import NOW, Diff, diff
from lib.store.snapshots import Snapshot
from lib.store.tombstones import tombstone

AUDIENCES: dict[str, Sight] = {"everybody": PUBLIC, "members": WORKSPACE, "me": OPERATOR.sight}
PARTS = ("values", "runs", "sources", "models", "facts", "prices", "names")
SHOWN = 10
MEANING = "its name, digest, or at least the first 8 digits of that"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its own commands and their options; each takes ``--json`` too."""
    command.set_defaults(do=_list)
    actions = command.add_subparsers(metavar="ACTION")
    create = _action(actions, "create", "pin the data as they are now", _create)
    create.add_argument("--name", default="", metavar="TEXT", help="what to call it, as Q4 decision")
    create.add_argument(
        "--for", dest="audience", choices=tuple(AUDIENCES), default="everybody", help="who may open it (everybody)"
    )
    _action(actions, "list", "what was pinned, newest first", _list)
    compare = _action(actions, "diff", "what changed between two, or since one", _diff)
    compare.add_argument("before", metavar="A", help=MEANING)
    compare.add_argument("after", metavar="B", nargs="?", default=NOW, help=f"the same, or {NOW} (default)")
    export = _action(actions, "export", "the whole snapshot as a zip of tables with a data dictionary", _export)
    export.add_argument("snapshot", metavar="ID", help=MEANING)
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the zip to write")
    export.add_argument("--format", default=FORMATS[0], metavar="FORMAT", help="parquet (default) or csv")
    remove = _action(actions, "take-out", "withdraw a source and remove it from every snapshot, for good", _take_out)
    remove.add_argument("name", metavar="NAME", help="a name or the beginning of a digest, as for `withdraw`")
    remove.add_argument("--reason", required=True, metavar="TEXT", help="said wherever a snapshot held it")


def snapshot_command(options: argparse.Namespace, settings: Settings) -> int:
    """`snapshot create | list | diff A B | export ID -o FILE | take-out NAME --reason TEXT`, each with `--json`."""
    store = operators_store(settings)
    try:
        code: int = options.do(options, store)
    finally:
        store.close()
    return code


def _action(actions: Any, name: str, help_: str, do: object) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = actions.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
    # Its own default would hide a --json before the action's name.
    made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")
    made.set_defaults(do=do)
    return made


def _create(options: argparse.Namespace, store: Store) -> int:
    say("keeping the data as they are ...")
    made = snapshots.take(store.seen_by(AUDIENCES[options.audience]), options.name, by=OPERATOR.subject)
    if options.json:
        put_json(_row(made))
    else:
        put(f"{made.short}  {_who(made)}, {made.n_bytes / 1e6:.1f} MB")
        put(f"Put snapshot={made.short} into the address of any page to see it with these data.")
    return 0


def _list(options: argparse.Namespace, store: Store) -> int:
    found = snapshots.snapshots(store)
    if options.json:
        put_json({"snapshots": [_row(one) for one in found]})
    elif not found:
        put("nothing is pinned; `snapshot create` pins the data as they are")
    else:
        header = ("snapshot", "made", "for", "MB", "taken out", "name")
        rows = [
            (one.short, one.made_at, _who(one), f"{one.n_bytes / 1e6:.1f}", str(len(one.tombstones)), one.name)
            for one in found
        ]
        put_table(header, rows)
    return 0


def _diff(options: argparse.Namespace, store: Store) -> int:
    found = diff(store, options.before, options.after)
    if options.json:
        lists = {part: _records(getattr(found, part)) for part in PARTS}
        put_json({"before": found.before, "after": found.after, "counts": found.counts, **lists})
        return 0
    told = [f"{words}: {formats.count(n)}" for words, n in found.counts.items() if n]
    put(f"{found.before[:12]} -> {found.after[:12]}: {', '.join(told) or 'nothing has changed'}")
    _put_lists(found)
    return 0


def _put_lists(found: Diff) -> None:
    for part in PARTS:
        rows: pd.DataFrame = getattr(found, part)
        if rows.empty:
            continue
        put()
        put(f"{part} ({formats.count(len(rows))})")
        shown = [["–" if value is None else str(value) for value in row.values()] for row in _records(rows.head(SHOWN))]
        put_table([str(name) for name in rows.columns], shown)
        if len(rows) > SHOWN:
            put(f"... and {formats.count(len(rows) - SHOWN)} more; --json lists all")


def _export(options: argparse.Namespace, store: Store) -> int:
    format = known_format(options.format, place="--format")
    path: Path = options.output
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise RefusedInput(
            "cannot write there", place="--output", expected="a file in a folder that exists", found=path
        )
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    opened = snapshots.open_snapshot(store, options.snapshot)
    try:
        with temporary.open("xb") as file:
            written = write_dump(opened, file, format)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        opened.close()
    n_bytes = path.stat().st_size
    if options.json:
        put_json({"file": str(path), "n_bytes": n_bytes, "snapshot": _row(opened.snapshot), "n_rows": written.n_rows})
    else:
        put(f"{path}: {len(written.n_rows)} tables, {n_bytes / 1e6:.1f} MB, snapshot {opened.snapshot.short}")
    return 0


def _take_out(options: argparse.Namespace, store: Store) -> int:
    limits = Limits.for_uploads(store.settings.max_upload_bytes)
    meant = sources_meant(read.sources(store), options.name, limits)
    if len(meant) > 1:
        raise RefusedInput(
            "several sources are called so", place="NAME", expected="one; more digits of the digest", found=options.name
        )
    changed = tombstone(store, int(meant["id"].iloc[0]), options.reason)
    if options.json:
        put_json({"source": str(meant["name"].iloc[0]), "snapshots": [_row(one) for one in changed]})
    else:
        put(f"withdrawn, and taken out of {formats.counted(len(changed), 'snapshot')}")
    return 0


def _row(one: Snapshot) -> dict[str, Any]:
    return {**one._asdict(), "tombstones": list(one.tombstones)}


def _who(one: Snapshot) -> str:
    return {"public": "everybody", "workspace": "members"}.get(one.visibility, f"only {one.owner}")


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None for unknown."""
    return [
        {str(name): None if value is pd.NA or value != value else value for name, value in row.items()}
        for row in rows.astype(object).to_dict("records")
    ]
