"""A finished task's folder into the store, through the importer that reads everybody's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from lib.evals.outcomes import JobFailed
from lib.settings import Settings
from lib.sources.ingest import ingest
from lib.sources.prepare import Meta
from lib.store.db import Store
from lib.store.details import runs_of_raw
from lib.store.prepared import OPEN, Holder

SUMMED = ("n_requests", "tokens_in", "tokens_out", "seconds", "energy_wh", "cost_usd")
HIGHEST = ("peak_memory_bytes", "device_memory_bytes", "is_resumed")


def measured_in(folder: Path) -> dict[str, Any]:
    """What answering took, as the results file of a finished task tells it under ``measured``.

    A group is several tasks: counts, seconds and dollars are added up, of memory the highest is taken. What one of them does
    not know is unknown for the whole.
    """
    for path in sorted(folder.rglob("results_*.json")):
        document = orjson.loads(path.read_bytes())
        told = document.get("measured") if isinstance(document, dict) else None
        tasks = [task for task in told.values() if isinstance(task, dict)] if isinstance(told, dict) else []
        if tasks:
            known = {name for name in (*SUMMED, *HIGHEST) if all(task.get(name) is not None for task in tasks)}
            return {name: (max if name in HIGHEST else sum)(task[name] for task in tasks) for name in known}
    return {}


def deliver(store: Store, folder: Path, settings: Settings, *, job: str, holder: Holder = OPEN) -> str:
    """Import what a task left; harmless when it was imported before.

    Args:
        store: The store.
        folder: With the results file, its samples and ``DONE``; the folder's own name becomes part of the source's.
        settings: For the size limit of a file.
        job: Its id, for the source's title.
        holder: Whose the job is, and who may see what comes of it.

    Returns:
        Digest of the run.

    Raises:
        JobFailed: If the folder holds no results that the importer takes.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in (".json", ".jsonl")]
    results = [path for path in files if path.suffix == ".json"]
    summary = ingest(store, [folder], settings=settings, meta=Meta(title=f"Evaluated here, job {job}"), holder=holder)
    refused = [issue for issue in summary.refused if Path(issue.file).suffix in (".json", ".jsonl")]
    if refused:
        raise JobFailed(f"its results could not be read: {refused[0].reason}")
    runs = runs_of_raw(store, list(summary.taken))
    if not results or not runs:
        raise JobFailed("it left no results")
    return runs[0]
