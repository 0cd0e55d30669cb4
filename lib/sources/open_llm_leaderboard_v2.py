"""The Open LLM Leaderboard v2 as one table: ``open_llm_leaderboard_v2.csv``, one row per evaluation."""

from __future__ import annotations

from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Result, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, number, text
from lib.stats.board_columns import (
    FIRST_100_ONLY,
    OPEN_LLM_LEADERBOARD_V2,
    ColumnRule,
    proportion_stderr,
    recover_count,
)

EVALUATOR = "board:open-llm-leaderboard-v2"
TABLE = Table(
    text("model_id", required=True),
    text("developer"),
    text("architecture"),
    text("precision"),
    number("params_billions"),
    *(number(column) for column in OPEN_LLM_LEADERBOARD_V2),
)


def parse(candidate: Candidate) -> Parsed:
    """One run per row, six results each; two precisions of one model are two runs.

    Scores are the raw fractions of the board. Where a printed value is one count over the verified number of
    questions, the score is that exact fraction; elsewhere it stays as printed, with the standard error that
    the makeup of its column allows (``lib.stats.board_columns``).
    """
    parsed = Parsed()
    unsized = 0
    for row in TABLE.rows(candidate):
        run = _run(row, candidate.name)
        unsized += run.params_reported is None
        parsed.runs.append(run)
    if unsized:
        parsed.warnings.append(f"{unsized} rows have no usable parameter count; their size is unknown")
    return parsed


def _run(row: dict[str, Any], file: str) -> Run:
    is_limited = row["model_id"] in FIRST_100_ONLY
    config = {key: row[key] for key in ("developer", "architecture") if row[key] not in (None, "Unknown")}
    return Run(
        spellings=(row["model_id"],),
        evaluator=EVALUATOR,
        kind="board",
        dtype=None if row["precision"] == "4bit" else row["precision"],
        quantisation="4bit" if row["precision"] == "4bit" else None,
        limit="100" if is_limited else None,
        params_reported=_params(row["params_billions"], row["model_id"], file),
        config=config,
        results=[
            _result(column, rule, row[column], is_limited)
            for column, rule in OPEN_LLM_LEADERBOARD_V2.items()
            if row[column] is not None
        ],
    )


def _params(billions: float | None, model: str, file: str) -> int | None:
    """The reported count, or None when it is absent, 0 or negative (unknown, never zero)."""
    if billions is None or billions <= 0:
        return None
    if billions > 1e6:
        raise RefusedInput(
            "a parameter count beyond belief",
            file=file,
            place=f"{model}, column 'params_billions'",
            expected="billions of parameters",
            found=billions,
        )
    return max(1, round(billions * 1e9))


def _result(column: str, rule: ColumnRule, printed: float, is_limited: bool) -> Result:
    result = Result(
        task=column,
        metric=rule.metric,
        score=printed,
        score_published=printed,
        n_shot=rule.n_shot,
        higher_is_better=True,
    )
    if not 0 <= printed <= 1:
        result.flags = ("out-of-range",)
    elif is_limited:
        result.flags = ("limited",)
        _count(result, rule.n_first_100)
    elif rule.n_counts is not None:
        if not _count(result, rule.n_counts):
            result.flags = ("n-disagrees",)
    else:
        _by_rule(result, rule)
    return result


def _count(result: Result, n: int | None) -> bool:
    """Put counts and the exact fraction into ``result`` when the printed value is one k/n; say whether."""
    counted = recover_count(result.score, n) if n is not None and result.score is not None else None
    if counted is None:
        return False
    result.n_correct, result.n_samples = counted
    result.score = counted.proportion
    result.stderr = proportion_stderr(counted.proportion, counted.n_samples)
    result.stderr_rule = "counts"
    if result.stderr == 0:
        result.flags = (*result.flags, "stderr-zero")
    return True


def _by_rule(result: Result, rule: ColumnRule) -> None:
    """The standard error of the column's rule; a bound of 0 (all right or all wrong) says nothing and is left out."""
    stderr = rule.stderr(result.score or 0.0)
    result.n_samples = rule.n_samples
    if stderr == 0:
        result.flags = ("stderr-zero",)
        return
    result.stderr = stderr
    result.stderr_rule = "board"
    result.is_approximate = rule.is_bound
    result.flags = ("bound",) if rule.is_bound else ()


SOURCE = Importer(
    name="open-llm-leaderboard-v2",
    version=1,
    describes="the Open LLM Leaderboard v2 table",
    recognise=TABLE.matches,
    parse=parse,
)
