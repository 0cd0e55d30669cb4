"""HELM boards and Global MMLU Lite as one table: ``helm_and_global_mmlu.csv``, one row per board, model and score."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lib.schema.records import Parsed, Result, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, flag, number, positive, text
from lib.stats.board_columns import MMLU_SUBJECT_SIZES, proportion_stderr, recover_count

TABLE = Table(
    text("board", required=True),
    text("model_id", required=True),
    text("developer"),
    text("benchmark", required=True),
    text("metric"),
    flag("lower_is_better", required=True),
    number("score", required=True),
    number("stderr"),
    positive("n"),
)
AGGREGATES = ("Mean win rate", "Mean score")
"""Over other models or over columns of several benchmarks: not a score of a benchmark."""

GLOBAL_MMLU = "global-mmlu-lite"
GLOBAL_MMLU_WHOLE = "Global MMLU Lite"
GLOBAL_MMLU_PARTS = (GLOBAL_MMLU_WHOLE, "Culturally Sensitive", "Culturally Agnostic")
WHOLES = ("MMLU All Subjects - EM", GLOBAL_MMLU_WHOLE)
"""Rows whose parts are rows of the same board."""

GLOBAL_MMLU_ITEMS = 400
"""Questions per language. A score that is not k/400 has lost answers, and its denominator is unknown."""


def parse(candidate: Candidate) -> Parsed:
    """One run per board and model; one board is one protocol.

    Counts, and with them intervals, exist for the MMLU subjects of ``helm_mmlu`` (whole test sets, every score
    is one k/n) and for those languages of Global MMLU Lite whose score is k/400. The other scenarios are
    sub-samples of a size that the board does not give: no standard error.
    """
    runs: dict[tuple[str, str], Run] = {}
    skipped: Counter[str] = Counter()
    seen: set[tuple[str, str, str, str]] = set()
    repeated = 0
    for row in TABLE.rows(candidate):
        if row["benchmark"] in AGGREGATES:
            skipped[row["benchmark"]] += 1
            continue
        result = _result(row)
        identity = (row["board"], row["model_id"], result.task, result.metric)
        if identity in seen:
            repeated += 1
            continue
        seen.add(identity)
        run = runs.setdefault((row["board"], row["model_id"]), _run(row))
        run.results.append(result)
    warnings = [f"{n} rows '{name}' left out: an aggregate, not a benchmark" for name, n in sorted(skipped.items())]
    if repeated:
        warnings.append(f"{repeated} rows left out: the same board, model and score a second time")
    return Parsed(runs=list(runs.values()), warnings=warnings)


def _run(row: dict[str, Any]) -> Run:
    board = row["board"].replace("_", "-").lower()
    config = {} if row["developer"] is None else {"developer": row["developer"]}
    return Run(spellings=(row["model_id"],), evaluator=f"board:{board}", kind="board", config=config)


def _result(row: dict[str, Any]) -> Result:
    task, metric, group, n = _meaning(row)
    printed: float = row["score"]
    result = Result(
        task=task,
        metric=metric,
        score=printed,
        score_published=printed,
        stderr=row["stderr"],
        stderr_published=row["stderr"],
        stderr_rule="none" if row["stderr"] is None else "published",
        n_samples=row["n"],
        higher_is_better=not row["lower_is_better"],
        group=group,
        is_group=row["benchmark"] in WHOLES,
    )
    counted = recover_count(printed, n, decimals=4 if row["board"] == GLOBAL_MMLU else 3) if n is not None else None
    if counted is not None:
        result.n_correct, result.n_samples = counted
        result.score = counted.proportion
        result.stderr = proportion_stderr(counted.proportion, counted.n_samples)
        result.stderr_rule = "counts"
        result.flags = ("stderr-zero",) if result.stderr == 0 else ()
    elif not 0 <= printed <= 1:
        result.flags = ("out-of-range",)
    return result


def _meaning(row: dict[str, Any]) -> tuple[str, str, str | None, int | None]:
    """Task, metric, group and verified number of questions of a row."""
    if row["board"] == GLOBAL_MMLU:
        name = row["benchmark"]
        if name in GLOBAL_MMLU_PARTS:
            return (name if name == GLOBAL_MMLU_WHOLE else f"{GLOBAL_MMLU_WHOLE}: {name}"), "accuracy", None, None
        return f"{GLOBAL_MMLU_WHOLE}: {name}", "accuracy", GLOBAL_MMLU_WHOLE, GLOBAL_MMLU_ITEMS
    scenario, separator, metric = row["benchmark"].rpartition(" - ")
    if not separator:
        return row["benchmark"], "score", None, None
    if row["board"] == "helm_mmlu":
        if scenario == "MMLU All Subjects":
            return "MMLU", metric, None, None
        subject = scenario.lower().replace(" ", "_")
        if subject in MMLU_SUBJECT_SIZES:
            return f"mmlu_{subject}", metric, "MMLU", MMLU_SUBJECT_SIZES[subject]
    return scenario, metric, None, None


SOURCE = Importer(
    name="helm-table",
    version=1,
    describes="HELM boards and Global MMLU Lite as one table",
    recognise=TABLE.matches,
    parse=parse,
)
