"""Beside whom would new scores stand? Each against everything that the store has on its benchmark, by the one rule.

For a score and a benchmark every model of the store falls into one of three: comparable, with caution, or not; a model
that was measured several times takes the best of it. The reasons are those of ``comparability.compare``, counted in models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from lib.analysis.comparability import (
    CAUTION,
    CAUTION_FIELDS,
    COMPARABLE,
    NOT_COMPARABLE,
    UNKNOWN_IS_CAUTION,
    Comparison,
    compare,
    task_name,
)

FIELDS: Final = (
    "evaluator", "document", "benchmark", "task", "prompt", "task_hash", "task_version", "metric", "filter", "limit",
    *UNKNOWN_IS_CAUTION, *CAUTION_FIELDS,
)  # fmt: skip
"""Everything that ``compare`` looks at; ``model_kind`` where the caller adds it."""
RANK: Final = {COMPARABLE: 0, CAUTION: 1, NOT_COMPARABLE: 2}
COLUMNS: Final = (
    "run", "benchmark", "metric", "filter", "n_comparable", "n_caution", "n_not", "cautions", "refusals", "beside",
)  # fmt: skip
MOST_NAMED = 5
CAUTIONS: Final = frozenset(
    {f"{words} not stated" for words in UNKNOWN_IS_CAUTION.values()}
    | {f"different {words}" for words in CAUTION_FIELDS.values()}
    | {"task version not stated"}
)
"""Reasons of ``compare`` that alone forbid nothing."""


def standing(rows: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """For each new score, how many models of the store stand beside it, and why others do not.

    Args:
        rows: New scores, one per run and benchmark: ``run``, ``model`` (None while nobody knows) and the columns of
            ``Frames.scores`` in ``FIELDS``; a missing column is unknown.
        scores: ``Frames.scores`` of the benchmarks in ``rows``. Checkpoints and runs without a model are not counted,
            nor is the model itself.

    Returns:
        One row per new score, in order: run, benchmark, metric, filter; n_comparable, n_caution, n_not (models, each in
        one of the three); ``cautions`` and ``refusals`` (tuples of (reason, number of models), most models first; of
        models that may be shown with caution, and that may not); ``beside`` (up to five ids of models that may be shown,
        comparable ones first).
    """
    if rows.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    counted = scores[scores["model"].notna() & ~scores["is_checkpoint"].astype(bool) & (scores["status"] == "scored")]
    kinds, models_of = _kinds(counted)
    by_benchmark: dict[str, list[int]] = {}
    for number, kind in enumerate(kinds):
        by_benchmark.setdefault(str(kind["benchmark"]), []).append(number)
    # Hundreds of runs of a drop are measured in a few ways and of a few models: each pair of these is judged once.
    known: dict[tuple[Any, ...], dict[int, Comparison]] = {}
    counts: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    found = []
    for record in rows.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        way = tuple("" if pd.isna(value) else value for value in (row.get(name) for name in FIELDS))
        if way not in known:
            known[way] = {number: compare(row, kinds[number]) for number in by_benchmark.get(str(row["benchmark"]), [])}
        pair = (way, row.get("model"))
        if pair not in counts:
            counts[pair] = _count(row.get("model"), known[way], models_of)
        found.append((row["run"], row["benchmark"], row.get("metric"), row.get("filter"), *counts[pair]))
    return pd.DataFrame(found, columns=list(COLUMNS))


def words(row: Mapping[str, Any]) -> str:
    """One row of ``standing`` as a sentence: beside how many models, and the main reason against the others."""
    shown = int(row["n_comparable"]) + int(row["n_caution"])
    total = shown + int(row["n_not"])
    if not total:
        return "nothing in the store to compare with"
    said = f"comparable with {row['n_comparable']:,} of {total:,} models"
    if row["n_caution"]:
        said += f", with caution with {row['n_caution']:,} more ({row['cautions'][0][0]})"
    if row["n_not"]:
        said += f"; not with {row['n_not']:,} ({row['refusals'][0][0]})"
    return said


def _kinds(scores: pd.DataFrame) -> tuple[list[dict[str, Any]], list[frozenset[str]]]:
    """The distinct ways of measuring in the store, and the models of each: thousands of scores are a few hundred ways."""
    present = [name for name in FIELDS if name in scores.columns]
    if scores.empty:
        return [], []
    plain = scores[present].astype(object).where(scores[present].notna(), None)
    plain["task"] = [task_name(str(task)) for task in plain["task"]]
    codes = np.zeros(len(plain), dtype=np.int64)
    for name in present:
        own, _ = pd.factorize(plain[name], use_na_sentinel=False)
        codes = codes * (int(own.max()) + 1) + own
        codes = np.unique(codes, return_inverse=True)[1]
    firsts = np.unique(codes, return_index=True)[1]
    kinds = [{str(k): v for k, v in row.items()} for row in plain.iloc[firsts].to_dict("records")]
    models: list[set[str]] = [set() for _ in kinds]
    for code, model in zip(codes.tolist(), scores["model"].tolist(), strict=True):
        models[code].add(str(model))
    return kinds, [frozenset(some) for some in models]


def _count(own: str | None, verdicts: Mapping[int, Comparison], models_of: Sequence[frozenset[str]]) -> tuple[Any, ...]:
    """The counts and reasons of ``standing`` over all models but one's own."""
    best: dict[str, Comparison] = {}
    for number, comparison in verdicts.items():
        for model in models_of[number]:
            before = best.get(model)
            if model != own and (before is None or _order(comparison) < _order(before)):
                best[model] = comparison
    counts = Counter(comparison.verdict for comparison in best.values())
    named = sorted((RANK[c.verdict], model) for model, c in best.items() if c.verdict != NOT_COMPARABLE)
    return (
        counts[COMPARABLE],
        counts[CAUTION],
        counts[NOT_COMPARABLE],
        _reasons(best.values(), CAUTION),
        _reasons(best.values(), NOT_COMPARABLE),
        tuple(model for _, model in named[:MOST_NAMED]),
    )


def _order(comparison: Comparison) -> tuple[int, int, tuple[str, ...]]:
    """Best first: by verdict, then by fewest reasons; the reasons themselves make the order the same every time."""
    return RANK[comparison.verdict], len(comparison.reasons), comparison.reasons


def _reasons(comparisons: Iterable[Comparison], verdict: str) -> tuple[tuple[str, int], ...]:
    """Reasons of one verdict with the number of models, most first; what merely cautions is no reason to refuse."""
    counts: Counter[str] = Counter()
    gravity: dict[str, int] = {}
    for comparison in comparisons:
        if comparison.verdict != verdict:
            continue
        for place, reason in enumerate(comparison.reasons):
            if verdict == CAUTION or reason not in CAUTIONS:
                counts[reason] += 1
                gravity[reason] = min(gravity.get(reason, place), place)
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], gravity[one[0]], one[0])))
