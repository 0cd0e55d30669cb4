"""A store of made-up runs, as large as asked for, written past the importer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select, update

from lib.store import tables

STAMP = "2026-01-01T00:00:00"
N_ITEMS = 1_000
EVALUATORS = ("lm-eval 0.3", "lm-eval 0.4")
RUNS_PER_INSERT = 500


@dataclass(frozen=True)
class Shape:
    """How much is in a made-up store. A run has one result per task and metric."""

    n_runs: int = 10_000
    n_models: int = 500
    tasks: tuple[str, ...] = tuple(f"task_{k:02}" for k in range(50))
    metrics: tuple[str, ...] = ("acc", "acc_norm")


class PlainStore:
    """The part of a store that the frames need, over any engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def revision(self) -> int:
        with self.engine.connect() as connection:
            return connection.execute(select(tables.store.c.revision)).scalar() or 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def digest(self) -> str:
        return f"{self.revision():064x}"


def plain_engine(url: str) -> Engine:
    """An SQLite engine that journals like the product's, without its durability: the file is thrown away."""
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def fill(engine: Engine, shape: Shape) -> None:
    """Empty tables, then models, one source per run, runs and results; revision 1."""
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(tables.store).values(id=1, revision=1, created_at=STAMP))
        connection.execute(insert(tables.models), list(_models(shape)))
        connection.execute(insert(tables.tasks), [_task(name) for name in shape.tasks])
        for start in range(0, shape.n_runs, RUNS_PER_INSERT):
            add_runs(connection, shape, range(start, min(start + RUNS_PER_INSERT, shape.n_runs)), revision=1)


def add_run(engine: Engine, shape: Shape, *, seed: int = 0) -> int:
    """One more run, in a transaction of its own that raises the revision. Returns its id."""
    with engine.begin() as connection:
        number = connection.execute(select(func.max(tables.runs.c.id))).scalar() or 0
        revision = (connection.execute(select(tables.store.c.revision)).scalar() or 0) + 1
        add_runs(connection, shape, range(number, number + 1), revision=revision, seed=seed)
        connection.execute(update(tables.store).values(revision=revision))
        return number + 1


def add_runs(connection: Connection, shape: Shape, numbers: range, *, revision: int, seed: int = 0) -> None:
    """Runs with these numbers (ids are one more), each with a source and its results."""
    random = np.random.default_rng([seed, numbers.start])
    digests = [f"{number:064x}" for number in numbers]
    connection.execute(
        insert(tables.raw_files),
        [{"digest": d, "name": f"{d[-8:]}.json", "n_bytes": 1, "stored_at": STAMP} for d in digests],
    )
    connection.execute(insert(tables.sources), [_source(n, d, revision) for n, d in zip(numbers, digests, strict=True)])
    connection.execute(
        insert(tables.runs), [_run(n, d, shape, revision) for n, d in zip(numbers, digests, strict=True)]
    )
    connection.execute(insert(tables.run_sources), [{"run_id": n + 1, "source_id": n + 1} for n in numbers])
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
            yield (number + 1, task, "", "none", metric, p, error, N_ITEMS, k, 0, "1", 1, 0, "counts", 0, "", "scored")


def _models(shape: Shape) -> Iterator[dict[str, Any]]:
    for number in range(shape.n_models):
        size = int(1e8 * 1.01**number)
        yield {
            "id": f"made-up-{number}",
            "name": f"Made up {number}",
            "origin": "catalogue",
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
        "id": number + 1,
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
        "id": number + 1,
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
