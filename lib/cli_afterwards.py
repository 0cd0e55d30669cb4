"""What is said after an import: which files stay withdrawn, what nobody knows, and how to take the import back."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib import formats
from lib.cli_output import put
from lib.sources.ingest import Summary
from lib.sources.meant import name_that_works
from lib.sources.similar import similar
from lib.sources.walk import stored_name
from lib.store import imported, read
from lib.store.db import Store

SHOWN_NAMES = 5
NAMES_PAGE = "the page Data and methods, part Names"


def afterwards(store: Store, paths: Sequence[Path], summary: Summary) -> dict[str, Any]:
    """What is to be said, as ``--json`` has it.

    Args:
        store: Into which was imported.
        paths: As typed.
        summary: What became of the files.

    Returns:
        ``withdrawn`` (per path: name, n_files, withdrawn_at, command), ``waiting`` (names without a model: name, n_runs,
        similar), ``new_benchmarks`` (name, similar) and ``take_back`` (commands).
    """
    known = read.sources(store)
    own = known[known["raw_digest"].isin(summary.taken)]
    found = imported.brought(store, summary.taken)
    names = imported.known_names(store) if found.waiting or found.new_benchmarks else imported.KnownNames({}, {})
    withdrawn, take_back = [], []
    for path in dict.fromkeys(paths):
        rows = own[np.array([_is_of(summary.taken[digest], path) for digest in own["raw_digest"]], bool)]
        hidden, live = rows[rows["withdrawn_at"].notna()], rows[rows["withdrawn_at"].isna()]
        if len(hidden):
            command = _command("restore", known, hidden, path)
            at = str(hidden["withdrawn_at"].max())
            withdrawn.append({"name": str(path), "n_files": len(hidden), "withdrawn_at": at, "command": command})
        if len(live) and summary.imported:
            take_back.append(_command("withdraw", known, live, path))
    return {
        "withdrawn": withdrawn,
        "waiting": [
            {"name": name, "n_runs": n, "similar": similar(name, names.models)} for name, n in found.waiting.items()
        ],
        "new_benchmarks": [{"name": name, "similar": similar(name, names.benchmarks)} for name in found.new_benchmarks],
        "take_back": take_back,
    }


def put_afterwards(told: Mapping[str, Any]) -> None:
    """The same as lines: each kind counted, the first few named."""
    for one in told["withdrawn"]:
        files = formats.counted(one["n_files"], "file")
        put(
            f"withdrawn: {files} of {one['name']}, since {one['withdrawn_at'][:10]}; on no page until brought back: {one['command']}"
        )
    _put_waiting(told["waiting"])
    _put_benchmarks(told["new_benchmarks"])
    for command in told["take_back"][:SHOWN_NAMES]:
        put(f"to take it back: {command}")


def _put_waiting(waiting: Sequence[Mapping[str, Any]]) -> None:
    if not waiting:
        return
    runs = formats.counted(sum(one["n_runs"] for one in waiting), "run")
    names = formats.counted(len(waiting), "name")
    put(f"waiting: {names} in {runs} mean no known model; such results stand on no chart:")
    for one in waiting[:SHOWN_NAMES]:
        put(f"  {one['name']}{_question(one['similar'])}")
    _put_more(len(waiting), "python -m lib runs --waiting")
    put(f"  say which model a name means: python -m lib alias NAME MODEL, or {NAMES_PAGE}")


def _put_benchmarks(benchmarks: Sequence[Mapping[str, Any]]) -> None:
    if not benchmarks:
        return
    are = "1 benchmark is" if len(benchmarks) == 1 else f"{len(benchmarks)} benchmarks are"
    put(f"new: {are} neither in the catalogue nor in anything imported before; there is nothing to compare with:")
    for one in benchmarks[:SHOWN_NAMES]:
        put(f"  {one['name']}{_question(one['similar'])}")
    _put_more(len(benchmarks), "--json lists all")
    if any(one["similar"] for one in benchmarks):
        put("  if one is misspelt: correct the file, withdraw this one, and import it again")


def _put_more(n: int, how: str) -> None:
    if n > SHOWN_NAMES:
        put(f"  and {n - SHOWN_NAMES} more ({how})")


def _question(names: Sequence[str]) -> str:
    return f" (did you mean {' or '.join(names)}?)" if names else ""


def _is_of(given: object, path: Path) -> bool:
    return Path(str(given)) == path or path in Path(str(given)).parents


def _command(word: str, known: pd.DataFrame, rows: pd.DataFrame, path: Path) -> str:
    """A command that works wherever it is typed; with the path itself where only the path says what is meant."""
    first = path.resolve().name if path.is_dir() else stored_name(path, path)
    name = name_that_works(known, list(rows["id"]), first, is_withdrawn=word == "restore")
    return f"python -m lib {word} {shlex.quote(name if name is not None else str(path))}"
