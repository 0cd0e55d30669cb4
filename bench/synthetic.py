"""A store of made-up runs, as large as asked for, written past the importer."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, Table, func, insert, select, update

from lib.settings import read_settings
from lib.store import tables
from lib.store.db import Store, open_store

STAMP = "2026-01-01T00:00:00"
N_ITEMS = 1_000
EVALUATORS = ("lm-eval 0.3", "lm-eval 0.4")
RUNS_PER_INSERT = 500
SIZES = 900
KNOWN = (
    "mmlu",
    "arc_challenge",
    "arc_easy",
    "hellaswag",
    "winogrande",
    "piqa",
    "boolq",
    "sciq",
    "openbookqa",
    "logiqa",
)
TASKS = (*KNOWN, *(f"made_up_{k:02}" for k in range(40)))


@dataclass(frozen=True)
class Shape:
    """How much is in a made-up store. A run has one result per task and metric; the last models are the community's."""

    n_runs: int = 10_000
    n_models: int = 500
    n_community: int = 0
    tasks: tuple[str, ...] = TASKS
    metrics: tuple[str, ...] = ("acc", "acc_norm")

    @property
    def n_results(self) -> int:
        """Results of one run."""
        return len(self.tasks) * len(self.metrics)


@contextmanager
def made_up_store(shape: Shape, *, with_catalogue: bool = False) -> Iterator[tuple[Store, Path]]:
    """A store in a temporary folder, and that folder (``P4P_DATA_DIR``).

    Args:
        with_catalogue: Read the shipped catalogue first (models, tasks, scaling points, prices), as pages need it.
    """
    with tempfile.TemporaryDirectory(prefix="p4p-bench-") as folder:
        settings = read_settings({"P4P_DATA_DIR": folder, "P4P_FILL": "0"})
        store = open_store(settings)
        try:
            if with_catalogue:
                from lib.sources.fill import fill as fill_from_shipped

                fill_from_shipped(store, settings, only="catalogue")
            fill(store.engine, shape)
            yield store, Path(folder)
        finally:
            store.close()


def fill(engine: Engine, shape: Shape) -> None:
    """Models and tasks that are not there yet, then one source per run, runs and results."""
    with engine.begin() as connection:
        revision = _raised(connection)
        _insert_missing(connection, tables.models, "id", list(_models(shape)))
        _insert_missing(connection, tables.tasks, "task", [_task(name) for name in shape.tasks])
        first = _next_id(connection)
        for start in range(first, first + shape.n_runs, RUNS_PER_INSERT):
            numbers = range(start, min(start + RUNS_PER_INSERT, first + shape.n_runs))
            _add_runs(connection, shape, numbers, revision=revision)


def add_run(engine: Engine, shape: Shape, *, seed: int = 0) -> int:
    """One more run, in a transaction of its own that raises the revision. Returns its id."""
    with engine.begin() as connection:
        number = _next_id(connection)
        _add_runs(connection, shape, range(number, number + 1), revision=_raised(connection), seed=seed)
        return number


def digest(number: int) -> str:
    """Of the run with this number, its source and its file."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def _raised(connection: Connection) -> int:
    connection.execute(update(tables.store).values(revision=tables.store.c.revision + 1))
    return connection.execute(select(tables.store.c.revision)).scalar_one()


def _next_id(connection: Connection) -> int:
    highest = (connection.execute(select(func.max(t.c.id))).scalar() or 0 for t in (tables.runs, tables.sources))
    return max(highest) + 1


def _insert_missing(connection: Connection, table: Table, key: str, rows: list[dict[str, Any]]) -> None:
    there = set(connection.execute(select(table.c[key])).scalars())
    new = [row for row in rows if row[key] not in there]
    if new:
        connection.execute(insert(table), new)


def _add_runs(connection: Connection, shape: Shape, numbers: range, *, revision: int, seed: int = 0) -> None:
    """Runs with these ids, each with a source and its results."""
    random = np.random.default_rng([seed, numbers.start])
    digests = [digest(number) for number in numbers]
    connection.execute(
        insert(tables.raw_files),
        [{"digest": d, "name": f"{d[-8:]}.json", "n_bytes": 1, "stored_at": STAMP} for d in digests],
    )
    connection.execute(insert(tables.sources), [_source(n, d, revision) for n, d in zip(numbers, digests, strict=True)])
    connection.execute(
        insert(tables.runs), [_run(n, d, shape, revision) for n, d in zip(numbers, digests, strict=True)]
    )
    connection.execute(insert(tables.run_sources), [{"run_id": n, "source_id": n} for n in numbers])
    text = str(insert(tables.results).values(dict.fromkeys(RESULT)).compile(dialect=connection.dialect))
    connection.connection.cursor().executemany(text, _results(shape, numbers, random))


RESULT = ("run_id", "task", "prompt", "filter", "metric", "score", "stderr", "n_samples", "n_correct", "n_shot",
          "task_version", "higher_is_better", "is_group", "stderr_rule", "is_approximate", "flags", "status")  # fmt: skip


def _results(shape: Shape, numbers: range, random: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    cells = list(itertools.product(shape.tasks, shape.metrics))
    correct = random.integers(1, N_ITEMS, (len(numbers), len(cells))).tolist()
    for number, row in zip(numbers, correct, strict=True):
        for (task, metric), k in zip(cells, row, strict=True):
            p = k / N_ITEMS
            error = (p * (1 - p) / (N_ITEMS - 1)) ** 0.5
            yield (number, task, "", "none", metric, p, error, N_ITEMS, k, 0, "1", 1, 0, "counts", 0, "", "scored")


def _models(shape: Shape) -> Iterator[dict[str, Any]]:
    for number in range(shape.n_models):
        size = int(1e8 * 1.01 ** (number % SIZES))
        yield {
            "id": f"made-up-{number}",
            "name": f"Made up {number}",
            "origin": "community" if number >= shape.n_models - shape.n_community else "catalogue",
            "family": f"family {number % 20}",
            "release_date": f"{2019 + number % 8}-{1 + number % 12:02}",
            "kind": ("base", "chat")[number % 2],
            "architecture": ("dense", "moe")[number % 10 == 0],
            "params_total": size,
            "params_active": size // 4 if number % 10 == 0 else None,
            "size_status": "stated",
            "training_tokens": size * (20 + number % 200),
            "tokens_status": "published",
            "store_revision": 1,
        }


def _task(name: str) -> dict[str, Any]:
    return {
        "task": name,
        "default_metric": "acc",
        "n_items": N_ITEMS,
        "random_baseline": 0.25,
        "category": "knowledge",
        "direction": "higher",
        "published_names": [name.title()],
        "lm_eval_names": [name],
    }


def _source(number: int, digest: str, revision: int) -> dict[str, Any]:
    return {
        "id": number,
        "raw_digest": digest,
        "name": f"{number}.json",
        "digest": digest,
        "n_bytes": 1,
        "importer": "made-up",
        "importer_version": 1,
        "imported_at": STAMP,
        "warnings": [],
        "store_revision": revision,
    }


def _run(number: int, digest: str, shape: Shape, revision: int) -> dict[str, Any]:
    model = f"made-up-{number % shape.n_models}"
    return {
        "id": number,
        "digest": digest,
        "model_id": model,
        "spellings": [f"org/{model}"],
        "kind": "raw",
        "evaluator": EVALUATORS[number // shape.n_models % len(EVALUATORS)],
        "harness_commit": f"{number % 7:07x}",
        "backend": "hf",
        "model_args": {},
        "config": {},
        "store_revision": revision,
    }
