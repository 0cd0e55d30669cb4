"""Small records for tests: runs, prepared files, catalogue rows. Import with ``from tests.factories import ...``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from lib.schema.records import Parsed, Result, Run, Samples
from lib.store.prepared import PreparedFile, PreparedRun, RawFile


def sha(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def make_result(task: str = "arc_easy", metric: str = "acc", **fields: Any) -> Result:
    """A score of 60 right out of 100; ``fields`` replace any of it."""
    values = {"score": 0.6, "stderr": 0.049, "n_samples": 100, "n_correct": 60, "stderr_rule": "counts"}
    return Result(task=task, metric=metric, **{**values, **fields})


def make_run(spelling: str = "org/model", tasks: int | list[str] = 2, **fields: Any) -> Run:
    """A raw run of lm-eval 0.4 with one accuracy a task."""
    names = tasks if isinstance(tasks, list) else [f"task_{i}" for i in range(tasks)]
    values: dict[str, Any] = {"evaluator": "lm-eval 0.4", "results": [make_result(name) for name in names]}
    return Run(spellings=(spelling,), **{**values, **fields})


def make_samples(task: str = "task_0", rows: int = 10) -> Samples:
    """A log of ``rows`` questions, every second answer right."""
    texts = {
        name: [f"{name} {i}" for i in range(rows)] for name in ("doc", "prompt", "target", "responses", "filtered")
    }
    table = pa.table(
        {"sample_id": pa.array(range(rows), pa.int64()), "filter": ["none"] * rows}
        | texts
        | {"metric:acc": [float(i % 2) for i in range(rows)]}
    )
    return Samples(task=task, table=table)


def prepared_run(run: Run | None = None, model_id: str | None = None, scope: str = "", **fields: Any) -> PreparedRun:
    """The run with a digest over everything in it but its samples and what it took."""
    run = run or make_run()
    content = asdict(run) | {"samples": None, "measured": None}
    digest = fields.pop("digest", sha(json.dumps(content, sort_keys=True, default=str)))
    return PreparedRun(run=run, model_id=model_id, scope=scope, digest=digest, **fields)


def prepared_file(
    *runs: PreparedRun | Run,
    content: str = "content",
    member: str = "",
    name: str | None = None,
    tables: dict[str, list[dict[str, Any]]] | None = None,
    version: int = 1,
    **fields: Any,
) -> PreparedFile:
    """A source whose raw file is ``content``; ``raw_of`` gives the raw file that goes with it."""
    prepared = [run if isinstance(run, PreparedRun) else prepared_run(run) for run in runs]
    parsed = Parsed(runs=[run.run for run in prepared], tables=tables or {})
    values: dict[str, Any] = {
        "raw_digest": sha(content),
        "member": member,
        "name": name or (f"a.zip!/{member}" if member else "a.json"),
        "digest": sha(content + member),
        "n_bytes": len(content),
        "importer": "test",
        "importer_version": version,
        "parsed": parsed,
        "runs": prepared,
    }
    return PreparedFile(**{**values, **fields})


def raw_of(content: str = "content", name: str = "a.json") -> RawFile:
    """The raw file of this content."""
    return RawFile(digest=sha(content), name=name, n_bytes=len(content))


def model_row(model_id: str = "alpha-7b", **fields: Any) -> dict[str, Any]:
    """A row of the catalogue's models."""
    values = {"id": model_id, "name": model_id.title(), "origin": "catalogue", "params_total": 7_000_000_000}
    return {**values, "size_status": "stated", **fields}
