"""The list of benchmarks with what the catalogue says of each and how much the store holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.store.benchmarks import is_own
from lib.store.frames_read import SIGNATURE
from lib.store.frames_state import State

INHERITED = ("category", "direction", "default_metric", "random_baseline")


def benchmark_frame(state: State, tasks: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """``Frames.benchmarks``.

    Args:
        state: Runs, results and the benchmark of each signature.
        tasks: Rows of the task catalogue by name.
    """
    n_results, n_models = _held(state)
    names = sorted({*tasks, *(name for name, n in n_results.items() if n)})
    places = state.places.benchmarks
    rows = [tasks.get(name) or _of_whole(tasks.get(places.place(name).part_of)) for name in names]
    labels = [places.label(name, row.get("published_names") or ()) for name, row in zip(names, rows, strict=True)]
    data: dict[str, Any] = {
        "label": pd.array(_told_apart(names, labels), dtype="str"),
        "category": _text(rows, "category"),
        "part_of": pd.array([places.place(name).part_of for name in names], dtype="str"),
        "n_items": _numbers(rows, "n_items"),
        "n_items_status": _text(rows, "n_items_status"),
        "random_baseline": _numbers(rows, "random_baseline"),
        "direction": _text(rows, "direction"),
        "default_metric": _text(rows, "default_metric"),
        "n_models": np.array([n_models.get(name, 0) for name in names], dtype=np.int64),
        "n_results": np.array([n_results.get(name, 0) for name in names], dtype=np.int64),
    }
    return pd.DataFrame(data, index=pd.Index(names, name="benchmark", dtype="str"))


def _told_apart(names: list[str], labels: list[str]) -> list[str]:
    """Own tasks whose title is that of another benchmark get the end of their name, which their questions make."""
    times = Counter(labels)
    return [
        f"{label} ({name[-8:]})" if times[label] > 1 and is_own(name) else label
        for name, label in zip(names, labels, strict=True)
    ]


def _held(state: State) -> tuple[dict[str, int], dict[str, int]]:
    """Live results, and different models with a live scored result, by benchmark."""
    codes = state.places.codes()
    n_benchmarks, n_models = len(state.places.names), len(state.vocabularies["model"].texts)
    is_scored = np.array([row[SIGNATURE.index("status")] == "scored" for row in state.signatures.rows], dtype=bool)
    results = np.zeros(n_benchmarks, dtype=np.int64)
    is_there = np.zeros((n_benchmarks, n_models + 1), dtype=bool)
    model = state.runs["model"]
    for batch in state.batches:
        live = state.is_live[batch.position]
        benchmark = np.repeat(codes[batch.keys], np.diff(batch.starts))
        results += np.bincount(benchmark[live], minlength=n_benchmarks)
        shown = live & np.repeat(is_scored[batch.keys], np.diff(batch.starts))
        # Unknown models are -1: the last column, which is not counted.
        is_there[benchmark[shown], model[batch.position[shown]]] = True
    # The names may have grown for the next revision meanwhile.
    names = state.places.names[:n_benchmarks]
    models = is_there[:, :n_models].sum(axis=1)
    return dict(zip(names, results.tolist(), strict=True)), dict(zip(names, models.tolist(), strict=True))


def _of_whole(task: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a part that the catalogue does not list has in common with its whole."""
    return {name: task[name] for name in INHERITED} if task else {}


def _text(rows: list[Mapping[str, Any]], name: str) -> Any:
    return pd.array([row.get(name) for row in rows], dtype="str")


def _numbers(rows: list[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    return np.array([row.get(name) for row in rows], dtype=np.float64)
