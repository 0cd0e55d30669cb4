"""`doctor`: is the store sound, what does it hold, what is missing, and the command that gets it."""

from __future__ import annotations

import argparse
import os
import shlex
import sqlite3
import sys
from typing import Any

import pandas as pd

from lib.cli_output import put, put_json
from lib.cli_store import operators_store
from lib.settings import Settings
from lib.sources import registry
from lib.sources.fill import has_catalogue, is_filling, outdated
from lib.sources.meant import DIGEST_SHOWN, name_that_works
from lib.sources.shipped import shipped_files
from lib.store import read
from lib.store.check import check
from lib.store.db import Store
from lib.store.frames import FrameCache

SAFE_SQLITE = (3, 51, 3)
"""Earlier ones can corrupt a database that two connections write and checkpoint at once (the WAL-reset bug)."""
SHOWN_NAMES = 20
SHOWN_IMPORTS = 5


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """`doctor`: 0 when the store is sound, 1 when something in it is wrong. What is merely missing is advice."""
    store = operators_store(settings)
    try:
        report = examine(store, settings, quick=options.quick)
    finally:
        store.close()
    if options.json:
        put_json(report)
    else:
        _put_text(report)
    return 1 if report["wrong"] else 0


def examine(store: Store, settings: Settings, *, quick: bool = False) -> dict[str, Any]:
    """The doctor's findings: ``wrong`` (what must be mended), ``advice`` (what one may want), and the facts behind them.

    Args:
        store: An open store.
        settings: Those it was opened with.
        quick: Leave out the check that reads every kept file.
    """
    unresolved = read.unresolved(store)
    frames = FrameCache(store).frames()
    sources = read.sources(store)
    wrong = [] if quick else check(store)
    if not os.access(settings.data_dir, os.W_OK):
        wrong.append(f"The folder {settings.data_dir} cannot be written; set P4P_DATA_DIR to one that can.")
    return {
        "wrong": wrong,
        "advice": _advice(store, settings, n_unresolved=len(unresolved)),
        "python": sys.version.split()[0],
        "database": "SQLite" if store.is_sqlite else "PostgreSQL",
        "sqlite": {"version": sqlite3.sqlite_version, "library": sqlite3.__name__},
        "data_dir": str(settings.data_dir),
        "shipped_dir": str(settings.shipped_dir),
        "revision": store.revision(),
        "digest": store.digest(),
        "counts": {
            **frames.counts,
            "n_withdrawn_sources": int(sources["withdrawn_at"].notna().sum()),
            "n_refusals": len(read.refusals(store)),
            "n_unresolved_names": len(unresolved),
        },
        "importers": registry.versions(),
        "unresolved": _with_files(unresolved, frames.runs),
        "last_imports": _last_imports(sources),
    }


def _with_files(unresolved: pd.DataFrame, runs: pd.DataFrame) -> list[dict[str, Any]]:
    """Names that wait, each with ``files``: the names of the stored files that it stands in, in order of import."""
    waiting = runs[runs["model"].isna()]
    files: dict[str, dict[str, None]] = {}
    for name, file in zip(waiting["model_name"], waiting["source"], strict=True):
        files.setdefault(str(name), {})[str(file)] = None
    rows = [{str(key): value for key, value in row.items()} for row in unresolved.to_dict("records")]
    for row in rows:
        zip_name = row["scope"]
        found = files.get(row["spelling"], {})
        row["files"] = [name for name in found if not zip_name or zip_name in name] or list(found)
    return rows


def _last_imports(sources: pd.DataFrame) -> list[dict[str, Any]]:
    """Files that did not come with the project, the last imported first; a zip is one.

    ``name`` is one that `withdraw` (or `restore`, for a withdrawn file) takes; n_sources, n_results, imported_at,
    withdrawn_at (None while a part of it is in use).
    """
    own = sources[~sources["is_shipped"].astype(bool)]
    newest = own.sort_values(["imported_at", "id"], ascending=False, kind="stable")["raw_digest"].drop_duplicates()
    found = []
    for digest in newest.head(SHOWN_IMPORTS):
        rows = own[own["raw_digest"] == digest]
        live = rows[rows["withdrawn_at"].isna()]
        is_withdrawn = live.empty
        wanted = rows if is_withdrawn else live
        name = str(rows["name"].iloc[0]).split("!/", 1)[0]
        works = name_that_works(sources, [int(key) for key in wanted["id"]], name, is_withdrawn=is_withdrawn)
        found.append(
            {
                "name": works or str(digest)[:DIGEST_SHOWN],
                "n_sources": len(rows),
                "n_results": int(rows["n_results"].sum()),
                "imported_at": str(rows["imported_at"].max()),
                "withdrawn_at": str(rows["withdrawn_at"].max()) if is_withdrawn else None,
            }
        )
    return found


def _advice(store: Store, settings: Settings, *, n_unresolved: int) -> list[str]:
    advice = []
    if store.is_sqlite and sqlite3.sqlite_version_info < SAFE_SQLITE:
        advice.append(
            f"SQLite {sqlite3.sqlite_version} has a rare bug with several writers; get a newer one: pip install pysqlite3"
        )
    if not has_catalogue(store):
        advice.append("The catalogue of models is not in; get it: python -m lib fill --catalogue")
    else:
        held = {*read.sources(store)["name"], *read.refusals(store)["name"]}
        missing = [f.path for f in shipped_files(settings.shipped_dir) if f.is_imported and not _is_held(f.path, held)]
        if missing:
            advice.append(f"{len(missing)} shipped files are not in ({missing[0]}, ...); get them: python -m lib fill")
    if is_filling(settings):
        advice.append("The store is being filled right now.")
    if stale := outdated(store):
        advice.append(f"{len(stale)} files were read by older importers; read them again: python -m lib fill")
    if n_unresolved:
        advice.append(
            f"{n_unresolved} names wait for a model; say which one each means: python -m lib alias SPELLING MODEL"
        )
    return advice


def _is_held(path: str, names: set[str]) -> bool:
    return path in names or any(name.startswith(f"{path}!/") for name in names)


def _put_text(report: dict[str, Any]) -> None:
    put(
        f"Python {report['python']}, {report['database']}, SQLite {report['sqlite']['version']} ({report['sqlite']['library']})"
    )
    put(f"data in {report['data_dir']}, shipped data in {report['shipped_dir']}")
    put(f"revision {report['revision']}, digest {report['digest'][:16]}")
    put(", ".join(f"{name.removeprefix('n_').replace('_', ' ')}: {n}" for name, n in report["counts"].items()))
    put("importers: " + ", ".join(f"{name} {version}" for name, version in report["importers"].items()))
    for row in report["unresolved"][:SHOWN_NAMES]:
        where = f" (in {row['scope']})" if row["scope"] else ""
        files = row["files"][0].rsplit("/", 1)[-1] if row["files"] else ""
        files += f" and {len(row['files']) - 1} more files" if len(row["files"]) > 1 else ""
        counts = f"{row['n_runs']} runs, {row['n_results']} results"
        put(f"waits for a model: {row['spelling']}{where}: {counts}{f', from {files}' if files else ''}")
    if len(report["unresolved"]) > SHOWN_NAMES:
        put(f"waits for a model: and {len(report['unresolved']) - SHOWN_NAMES} more (--json lists all)")
    for row in report["last_imports"]:
        state = f"withdrawn on {row['withdrawn_at'][:10]}" if row["withdrawn_at"] else "in use"
        word = "restore" if row["withdrawn_at"] else "withdraw"
        told = f"{row['imported_at'][:10]}, {row['n_results']} results, {state}"
        put(f"imported: {told}: python -m lib {word} {shlex.quote(row['name'])}")
    for advice in report["advice"]:
        put(f"advice: {advice}")
    for wrong in report["wrong"]:
        put(f"wrong: {wrong}")
    if not report["wrong"]:
        put("the store is sound")
