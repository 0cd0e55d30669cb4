"""Comparing two runs question by question, from the two keys to the pairs, against reading their two Parquet files."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import insert

from bench.report import Line
from bench.synthetic import Shape, made_up_store
from lib.analysis.paired import Paired, columns_needed, pair
from lib.store import files, tables
from lib.store.db import Store
from lib.store.frames import FrameCache
from lib.store.samples import ENDING, SampleFile, folder, keep_samples, read_pair

N_ITEMS = 14_000
TASK = "mmlu"
AIM = 10.0
TIMES = 15


def measure(n_items: int = N_ITEMS) -> list[Line]:
    """Made-up runs of one task with whole logs (hashes, documents, prompts, answers), of one evaluator and of two."""
    with made_up_store(Shape(n_runs=2, n_models=3, tasks=(TASK,), metrics=("acc",))) as (store, _):
        kept = [keep_samples(store, _log(n_items, seed)) for seed in (1, 2)]
        _add_logs(store, kept)
        scores = FrameCache(store).frames().scores_of([1, 2])
        one, other = (scores[scores["run_id"] == run].iloc[0].to_dict() for run in (1, 2))
        if one["evaluator"] != other["evaluator"]:
            raise RuntimeError("the two runs are to be of one evaluator")
        paths = [files.path_of(folder(store), file.digest, ENDING) for file in kept]
        return [
            *_lines("one evaluator", store, paths, one, other, n_items),
            *_lines("two evaluators, by the words", store, paths, one, other | {"evaluator": "another"}, n_items),
        ]


def _lines(
    which: str, store: Store, paths: list[Path], one: dict[str, Any], other: dict[str, Any], n_items: int
) -> list[Line]:
    columns = columns_needed("acc", one, other)

    def compare() -> Paired:
        logs = read_pair(store, (1, TASK), (2, TASK), columns)
        return pair(*logs, "acc", "none", about_a=one, about_b=other)

    if compare().n != n_items:
        raise RuntimeError("the two logs do not hold the same questions")
    measured = _median(compare)
    needed = _median(lambda: [pq.read_table(path, columns=columns) for path in paths])
    whole = _median(lambda: [pq.read_table(path) for path in paths])
    what = f"paired comparison of two runs of {n_items:,} questions, {which}"
    return [
        Line(f"{what}  [read the two Parquet files]", measured, whole, AIM),
        Line(f"{what}  [read the same columns of the two Parquet files]", measured, needed, AIM),
    ]


def _median(work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _log(n: int, seed: int) -> pa.Table:
    """As lm-eval's importer stores it, the questions in an order of its own; answers differ by seed."""
    random = np.random.default_rng(seed)
    order = random.permutation(n)
    questions = [f"Question {i}: {'which of these is it, and why is it none of the others? ' * 4}" for i in order]
    texts = {
        "doc_hash": [_digest(f"doc {i}") for i in order],
        "prompt_hash": [_digest(f"prompt {i}") for i in order],
        "target_hash": [_digest(f"target {i % 4}") for i in order],
        "doc": [json.dumps({"question": text, "choices": ["a", "b", "c", "d"]}) for text in questions],
        "prompt": questions,
        "target": [" ABCD"[i % 4 + 1] for i in order],
        "responses": [json.dumps([[text[:80]]]) for text in questions],
        "filtered": [json.dumps([text[:80]]) for text in questions],
    }
    return pa.table(
        {"sample_id": pa.array(order, pa.int64()), "filter": ["none"] * n}
        | texts
        | {"metric:acc": random.integers(0, 2, n).astype(float)}
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _add_logs(store: Store, kept: list[SampleFile]) -> None:
    with store.engine.begin() as connection:
        rows = [
            {"run_id": n, "task": TASK, "digest": f.digest, "n_rows": f.n_rows, "n_bytes": f.n_bytes, "source_id": n}
            for n, f in enumerate(kept, start=1)
        ]
        connection.execute(insert(tables.sample_files), rows)
