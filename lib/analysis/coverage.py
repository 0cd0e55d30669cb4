"""Which models have a score on which benchmarks, and for every empty cell the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

SCORED: Final = "scored"
NOT_COMPARABLE: Final = "not comparable"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
WITHDRAWN: Final = "withdrawn"
NEVER: Final = "never run"
REASONS = (SCORED, NOT_COMPARABLE, FAILED, UNKNOWN, WITHDRAWN, NEVER)
"""States of a cell; of several that apply the first one holds."""

OTHER_PROTOCOL = "another protocol"
DETAILS = (
    OTHER_PROTOCOL, "quantised weights", "unfinished training state", "a part of the questions", FAILED, "refused",
    "unparsed", "no value in the file", "the name waits for a model", "withdrawn source",
)  # fmt: skip
"""What more is said of a cell; of several results of one state the one with the first of these stands for the cell."""

CELL_COLUMNS = ("model", "benchmark", "reason", "detail", "score", "ci_low", "ci_high", "run")
_TYPE = pd.CategoricalDtype(list(REASONS), ordered=True)
_AT = {detail: place for place, detail in enumerate(DETAILS)}
_REASON_OF = np.array([1, 1, 1, 1, 2, 2, 2, 3, 3, 4])


def cells(
    models: Sequence[str],
    benchmarks: Sequence[str],
    *,
    measured: pd.DataFrame,
    results: pd.DataFrame,
    withdrawn: pd.DataFrame,
) -> pd.DataFrame:
    """One row per model and benchmark, in the order given: is there a score, and if not, why not.

    Args:
        models: Ids, each once.
        benchmarks: Names, each once.
        measured: What is shown, one row per model and benchmark at most: model, benchmark, score, ci_low, ci_high
            (fractions), run.
        results: Every live result: model (missing while a name waits), benchmark, status, score, limit, is_checkpoint,
            quantisation, run.
        withdrawn: What only withdrawn sources hold: model, benchmark, run.

    Returns:
        Columns ``CELL_COLUMNS``. ``reason`` is a categorical of ``REASONS``: *scored*; *not comparable* (a score
        exists, but under another protocol, of quantised or unfinished weights, or on a part of the questions);
        *failed* (also refused and unparsed, ``detail`` says which); *unknown* (the file has the row but no value);
        *withdrawn* (a score in withdrawn sources only, where no live source has a row); *never run* (no source has
        anything). ``run`` is what the cell leads to, '' for none. Numbers are NaN but for scored cells.
    """
    n_models, n_benchmarks = len(models), len(benchmarks)
    n = n_models * n_benchmarks
    here = results[results["model"].isin(list(models)).to_numpy(bool)]
    rows = pd.concat([_evidence(here), _withdrawn(withdrawn)], ignore_index=True)
    at = _place(rows, models, benchmarks)
    rows, at = rows[at >= 0], at[at >= 0]
    order = np.lexsort((rows["run"].astype(str).to_numpy(), rows["rank"].to_numpy(), at))
    place, first = np.unique(at[order], return_index=True)
    chosen = order[first]
    rank = np.full(n, -1)
    rank[place] = rows["rank"].to_numpy()[chosen]
    run = np.full(n, "", dtype=object)
    run[place] = rows["run"].astype(object).to_numpy()[chosen]
    reason = np.where(rank < 0, len(REASONS) - 1, _REASON_OF[np.maximum(rank, 0)])
    detail = np.where(rank < 0, "", np.array(DETAILS, dtype=object)[np.maximum(rank, 0)])

    numbers = {name: np.full(n, np.nan) for name in ("score", "ci_low", "ci_high")}
    there = _place(measured, models, benchmarks)
    shown, there = measured[there >= 0], there[there >= 0]
    reason[there], detail[there] = 0, ""
    run[there] = shown["run"].astype(object).to_numpy()
    for name, values in numbers.items():
        values[there] = shown[name].to_numpy(float, na_value=np.nan)
    return pd.DataFrame(
        {
            "model": np.repeat(np.array(models, dtype=object), n_benchmarks),
            "benchmark": np.tile(np.array(benchmarks, dtype=object), n_models),
            "reason": pd.Categorical.from_codes([int(code) for code in reason], dtype=_TYPE),
            "detail": detail.astype(object),
            **numbers,
            "run": run,
        }
    )[list(CELL_COLUMNS)]


def waiting(benchmarks: Sequence[str], results: pd.DataFrame) -> pd.DataFrame:
    """The same for names that wait for a model: one row per name and benchmark, names in text order.

    Args:
        benchmarks: Names, each once.
        results: As for ``cells``, with ``model_name``; rows that have a model are passed over.

    Returns:
        Columns ``CELL_COLUMNS`` and ``name``; ``model`` is ''. Where the name has a row the cell is *unknown*, for nobody
        can say whose score that is; elsewhere it is *never run*.
    """
    rows = results[results["model"].isna() & results["benchmark"].isin(list(benchmarks))]
    rows = rows.assign(name=rows["model_name"].astype(object).where(rows["model_name"].notna(), "").astype(str))
    first = rows.sort_values("run", kind="stable").drop_duplicates(["name", "benchmark"])
    runs = {(name, benchmark): str(run) for name, benchmark, run in zip(first["name"], first["benchmark"], first["run"], strict=True)}  # fmt: skip
    keys = [(name, benchmark) for name in sorted(set(first["name"])) for benchmark in benchmarks]
    is_there = [key in runs for key in keys]
    codes = [REASONS.index(UNKNOWN if there else NEVER) for there in is_there]
    nothing = np.full(len(keys), np.nan)
    return pd.DataFrame(
        {
            "model": np.full(len(keys), "", dtype=object),
            "benchmark": np.array([benchmark for _, benchmark in keys], dtype=object),
            "reason": pd.Categorical.from_codes(codes, dtype=_TYPE),
            "detail": np.array(["the name waits for a model" if there else "" for there in is_there], dtype=object),
            "score": nothing,
            "ci_low": nothing,
            "ci_high": nothing,
            "run": np.array([runs.get(key, "") for key in keys], dtype=object),
            "name": np.array([name for name, _ in keys], dtype=object),
        }
    )


def most_measured(places: pd.Series, results: pd.DataFrame, measured: pd.DataFrame) -> list[str]:
    """Models in the order of how much is known of them: measured in most places first.

    Of equals those with any score on more of the benchmarks come first, then those with more scores that are shown, then
    the id decides.

    Args:
        places: Number of evaluators and documents that measured a model, by its id; missing counts as none.
        results, measured: As for ``cells``, of the benchmarks that are shown.
    """
    scored = results[(results["status"] == "scored") & results["score"].notna()]
    any_of = scored[["model", "benchmark"]].dropna().drop_duplicates()["model"].value_counts().to_dict()
    shown_of = measured["model"].value_counts().to_dict()
    rank = {str(model): 0 if n != n else int(n) for model, n in places.items()}
    return sorted(rank, key=lambda model: (-rank[model], -any_of.get(model, 0), -shown_of.get(model, 0), model))


def counts(rows: pd.DataFrame) -> dict[str, int]:
    """How many cells there are of each reason, every reason in order."""
    found = rows["reason"].astype(str).value_counts().to_dict()
    return {reason: int(found.get(reason, 0)) for reason in REASONS}


def _place(rows: pd.DataFrame, models: Sequence[str], benchmarks: Sequence[str]) -> np.ndarray:
    """Number of the cell of each row, -1 for rows outside the matrix."""
    row = pd.Index(list(models), dtype=object).get_indexer(pd.Index(rows["model"].astype(object)))
    column = pd.Index(list(benchmarks), dtype=object).get_indexer(pd.Index(rows["benchmark"].astype(object)))
    return np.where((row < 0) | (column < 0), -1, row * len(benchmarks) + column)


def _evidence(results: pd.DataFrame) -> pd.DataFrame:
    """model, benchmark, run and rank (place in ``DETAILS``) of every result that is somebody's."""
    rows = results[results["model"].notna()]
    status = rows["status"].astype(object).astype(str).to_numpy()
    has_score = (status == "scored") & rows["score"].notna().to_numpy(bool)
    is_stated = {name: rows[name].notna().to_numpy(bool) & (rows[name].astype(object) != "").to_numpy(bool) for name in ("limit", "quantisation")}  # fmt: skip
    cases = [
        (has_score & is_stated["limit"], "a part of the questions"),
        (has_score & rows["is_checkpoint"].to_numpy(bool), "unfinished training state"),
        (has_score & is_stated["quantisation"], "quantised weights"),
        (has_score, OTHER_PROTOCOL),
        *((status == word, word) for word in (FAILED, "refused", "unparsed")),
    ]
    rank = np.select([case for case, _ in cases], [_AT[detail] for _, detail in cases], _AT["no value in the file"])
    return pd.DataFrame({"model": rows["model"], "benchmark": rows["benchmark"], "run": rows["run"], "rank": rank})


def _withdrawn(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["model", "benchmark", "run"]].assign(rank=_AT["withdrawn source"])
