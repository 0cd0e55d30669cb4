"""`doctor`: is the store sound, what does it hold, what is missing, and the command that gets it."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from typing import Any

from lib.cli_output import put, put_json
from lib.settings import Settings
from lib.sources import registry
from lib.sources.fill import has_catalogue, is_filling, outdated
from lib.sources.shipped import shipped_files
from lib.store import read
from lib.store.check import check
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache

SAFE_SQLITE = (3, 51, 3)
"""Earlier ones can corrupt a database that two connections write and checkpoint at once (the WAL-reset bug)."""
SHOWN_NAMES = 20


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """`doctor`: 0 when the store is sound, 1 when something in it is wrong. What is merely missing is advice."""
    store = open_store(settings)
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
            **FrameCache(store).frames().counts,
            "n_withdrawn_sources": int(sources["withdrawn_at"].notna().sum()),
            "n_refusals": len(read.refusals(store)),
            "n_unresolved_names": len(unresolved),
        },
        "importers": registry.versions(),
        "unresolved": unresolved.to_dict("records"),
    }


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
        put(f"waits for a model: {row['spelling']}{where}: {row['n_runs']} runs, {row['n_results']} results")
    if len(report["unresolved"]) > SHOWN_NAMES:
        put(f"waits for a model: and {len(report['unresolved']) - SHOWN_NAMES} more (--json lists all)")
    for advice in report["advice"]:
        put(f"advice: {advice}")
    for wrong in report["wrong"]:
        put(f"wrong: {wrong}")
    if not report["wrong"]:
        put("the store is sound")
