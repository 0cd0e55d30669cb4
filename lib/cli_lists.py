"""`models` and `runs`: what the store holds, one line each."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from lib.analysis.json_rows import records
from lib.cli_output import put_json, put_table, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.store.frames import FrameCache, Frames

MODEL_COLUMNS = (
    "name",
    "origin",
    "family",
    "developer",
    "released_on",
    "params_total",
    "params_active",
    "size_status",
    "training_tokens",
    "licence",
    "open_weights",
    "hf_id",
)
RUN_COLUMNS = (
    "run",
    "model",
    "model_name",
    "kind",
    "evaluator",
    "evaluator_version",
    "revision",
    "training_tokens",
    "dtype",
    "limit",
    "evaluated_on",
    "file",
    "imported_at",
)
SHOWN_RUNS = 50
WAITS = "(waits)"


def list_models(options: argparse.Namespace, settings: Settings) -> int:
    """`models`: catalogue models, or all of them, with size, date and the number of runs."""
    with _frames(settings) as frames:
        return _list_models(options, frames)


def _list_models(options: argparse.Namespace, frames: Frames) -> int:
    models = frames.models if options.all else frames.models[frames.models["origin"] != "community"]
    n_runs = frames.runs["model"].value_counts()
    rows = records(models.reset_index(names="id")[["id", *MODEL_COLUMNS]])
    for row in rows:
        row["n_runs"] = int(n_runs.get(row["id"], 0))
    if options.json:
        put_json({"models": rows, "n_models": len(rows), "digest": frames.digest})
        return 0
    header = ("id", "total", "active", "size", "released", "runs")
    put_table(
        header,
        [
            (
                row["id"],
                _billions(row["params_total"]),
                _billions(row["params_active"]),
                row["size_status"] or "",
                (row["released_on"] or "")[:10],
                str(row["n_runs"]),
            )
            for row in rows
        ],
    )
    return 0


def list_runs(options: argparse.Namespace, settings: Settings) -> int:
    """`runs`: live runs, those imported last first; runs whose model nobody knows yet wait and have none.

    As text at most ``SHOWN_RUNS`` unless ``--limit`` says otherwise, as JSON all.
    """
    with _frames(settings) as frames:
        return _list_runs(options, frames)


def _list_runs(options: argparse.Namespace, frames: Frames) -> int:
    runs = frames.runs.sort_values("imported_at", ascending=False, kind="stable")
    if options.model is not None:
        if options.model not in frames.models.index:
            raise RefusedInput(
                "no such model in the store", place="--model", expected="an id that `models` lists", found=options.model
            )
        runs = runs[runs["model"] == options.model]
    if options.waiting:
        runs = runs[runs["model"].isna()]
    if options.file:
        runs = runs[runs["source"].str.contains(options.file, case=False, regex=False, na=False)]
    n_runs = len(runs)
    limit = options.limit or (n_runs if options.json else SHOWN_RUNS)
    rows = records(runs.head(limit).rename(columns={"source": "file"})[list(RUN_COLUMNS)])
    if options.json:
        put_json({"runs": rows, "n_runs": n_runs, "digest": frames.digest})
        return 0
    header = ("run", "model", "as written", "evaluator", "date", "file")
    put_table(
        header,
        [
            (
                row["run"],
                row["model"] or WAITS,
                *(str(row[name] or "") for name in ("model_name", "evaluator", "evaluated_on")),
                (row["file"] or "").rsplit("/", 1)[-1],
            )
            for row in rows
        ],
    )
    if n_runs > len(rows):
        say(f"{len(rows)} of {n_runs} runs, those imported last; --limit {n_runs} shows all, --file and --model fewer")
    return 0


@contextmanager
def _frames(settings: Settings) -> Iterator[Frames]:
    """The frames, which read on from the store while they are used."""
    store = operators_store(settings)
    try:
        yield FrameCache(store).frames()
    finally:
        store.close()


def _billions(count: float | None) -> str:
    return "" if count is None else f"{count / 1e9:.3g}B"
