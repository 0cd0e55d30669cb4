"""Is A really better than B? Every task's difference with its interval, test and verdict, and one verdict over all.

The order of the decisions is that of ``lib.stats.verdicts``; here it meets real rows. Stored answers to the same questions
are compared in pairs; without them the two scores are, which ignores pairing. Two results that may not be compared, or that
came without an error, stand side by side without a verdict and are no test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from lib.analysis import paired, stored_answers
from lib.analysis.comparability import NOT_COMPARABLE
from lib.analysis.directions import higher_is_better
from lib.analysis.head_to_head_evidence import (
    NONE,
    Joined,
    TaskEvidence,
    from_counts,
    from_errors,
    from_pairs,
)
from lib.analysis.head_to_head_match import Log, Match, number, text
from lib.analysis.paired import Paired
from lib.analysis.run_to_run import BOARD
from lib.analysis.stored_answers import GroupPaired, are_of_group, are_of_scores
from lib.errors import RefusedInput, Unavailable
from lib.formats import counted
from lib.schema.metrics import known_direction
from lib.stats import intervals, verdicts
from lib.stats.verdicts import A_BETTER, B_BETTER, MARGIN, NO_VERDICT, Evidence, Overall, TaskVerdicts

DIFFER: Final = "they differ, better or worse not known"
"""A difference that is shown, on a metric of which nobody says which way is better."""
IGNORES, CONSERVATIVE = "ignores pairing", "ignores pairing, conservative"
OWN_UNIT = "a unit of its own, to which no margin in points applies"
NO_ERROR = "no interval: the number of questions is not published"
Read = Callable[[Log, Log, Sequence[str]], tuple[pa.Table, pa.Table]]
_RATES = frozenset({"wer", "cer", "ter", "word_error_rate", "character_error_rate", "error_rate", "error"})

COLUMNS = (
    "benchmark", "task", "prompt", "metric", "filter", "n_shot", "evaluator", "score_a", "low_a", "high_a", "n_a",
    "score_b", "low_b", "high_b", "n_b", "higher_is_better", "is_share", "delta", "delta_low", "delta_high",
    "delta_stderr", "interval_method", "method", "pairing", "n_both", "only_a", "only_b", "p", "p_holm", "verdict",
    "why_none", "detectable", "items_needed", "n_items", "needs_more_than_there_are", "run_to_run",
    "is_below_run_to_run", "comparison", "reasons", "is_approximate", "run_a", "run_b", "run_id_a", "run_id_b",
)  # fmt: skip


class HeadToHead(NamedTuple):
    """Two sides over some tasks.

    Args:
        tasks: One row per task, ``COLUMNS``. Scores are fractions where ``is_share``, else in the metric's unit; delta is A
            minus B, its interval two-sided 95% and not adjusted; ``n_both``, ``only_a`` and ``only_b`` are questions of
            the paired answers that decide (NaN: they do not); ``items_needed`` are questions per model that would show the margin (NaN: unknown).
        overall: Over the tasks whose direction is known, differences turned so that above 0 means A better.
        is_used: Which tasks the overall mean rests on, shape (tasks,).
        pairs: Position of a task to the pairs of its questions, where both logs are stored; a group's are with its parts.
        margin: The reader's margin, a fraction.
    """

    tasks: pd.DataFrame
    overall: Overall
    is_used: np.ndarray
    pairs: dict[int, Paired]
    margin: float


def head_to_head(
    found: Sequence[Match],
    catalogue: pd.DataFrame,
    *,
    read: Read | None = None,
    run_to_run: Mapping[str, float] | None = None,
    margin: float = MARGIN,
) -> HeadToHead:
    """Verdicts of methods 4.11 on these tasks: Holm over all of them that have a test.

    Args:
        found: Matches of one way of measuring.
        catalogue: ``Frames.benchmarks``.
        read: Gives the two logs of single questions, only the columns asked for (``lib.store.samples.read_pair``); without
            it pairing is ignored.
        run_to_run: ``run_to_run.r90`` as a mapping.
        margin: What the reader calls a difference, a fraction.
    """
    rows, tests, pairs = [], [], {}
    for position, match in enumerate(found):
        together, trouble = _pair(match, read)
        if isinstance(together, Paired):
            pairs[position] = together
        row = _row(match, catalogue, together, trouble)
        test = _test(match, row, together, margin)
        rows.append(row | _of_test(test, row, margin))
        tests.append(test)
    tasks = pd.DataFrame(rows, columns=list(COLUMNS))
    evidence = verdicts.join(*(one.evidence for one in tests)) if tests else Evidence(*[np.empty(0)] * 4)
    tasks["higher_is_better"] = tasks["higher_is_better"].astype("boolean")
    sign = np.where(tasks["higher_is_better"].fillna(True).to_numpy(bool), 1.0, -1.0)
    turned = evidence._replace(diff=evidence.diff * sign)
    judged = verdicts.per_task(turned, margin)
    is_known = tasks["higher_is_better"].notna().to_numpy(bool)
    tasks = _judged(tasks, judged, is_known, run_to_run or {})
    part = Evidence(*(column[is_known] for column in turned))
    overall = verdicts.overall(
        part, TaskVerdicts(judged.p_holm[is_known], judged.detectable[is_known], judged.verdict[is_known]), margin
    )
    is_used = np.zeros(len(tasks), dtype=bool)
    is_used[np.flatnonzero(is_known)[overall.is_used]] = True
    return HeadToHead(tasks, overall, is_used, pairs, margin)


def _pair(match: Match, read: Read | None) -> tuple[Joined | None, str]:
    """The common questions of two logs, or of those of all parts; None without logs, and why where there are some."""
    if read is None or not match.has_logs:
        return None, ""
    if match.parts:
        parts = []
        for part in match.parts:
            found, trouble = _pair(part, read)
            if not isinstance(found, Paired):
                return None, f"{part.a['task']}: {trouble}"
            parts.append(found)
        return stored_answers.together(parts, is_weighted=match.is_weighted), ""
    metric, kind = str(match.a["metric"]), str(match.a["filter"])
    try:
        one, other = read(*match.logs, paired.columns_needed(metric, match.a, match.b))
        return paired.pair(one, other, metric, kind, about_a=match.a, about_b=match.b), ""
    except (RefusedInput, Unavailable) as trouble:
        return None, f"the stored answers cannot be paired: {trouble}"


def _row(match: Match, catalogue: pd.DataFrame, together: Joined | None, trouble: str) -> dict[str, Any]:
    """Everything about a task but its test."""
    a, b = match.a, match.b
    benchmark = str(a["benchmark"])
    direction = higher_is_better(pd.DataFrame([a])[["higher_is_better", "metric"]]).iloc[0]
    row: dict[str, Any] = {name: a[name] for name in ("task", "metric", "filter", "n_shot", "evaluator")}
    row |= {"benchmark": benchmark, "prompt": text(a["prompt"]), "higher_is_better": direction}
    row["is_share"] = _is_share(a, b)
    for side, of in (("a", a), ("b", b)):
        score, stderr, n, k = (number(of[name], np.nan) for name in ("score", "stderr", "n_samples", "n_correct"))
        chosen = intervals.choose_interval(score, stderr, n, k, bool(of["is_approximate"]))
        row |= {f"score_{side}": score, f"low_{side}": float(chosen.low), f"high_{side}": float(chosen.high)}
        row |= {f"n_{side}": n, f"run_{side}": str(of["run"]), f"run_id_{side}": int(of["run_id"])}
    row["is_approximate"] = bool(a["is_approximate"]) or bool(b["is_approximate"])
    n_items = number(catalogue["n_items"].get(benchmark), np.nan)
    row["n_items"] = n_items if np.isfinite(n_items) else max(row["n_a"], row["n_b"])
    row["comparison"] = match.comparison.verdict
    reasons = list(match.comparison.reasons)
    if together is not None and decides(match, together):
        # Logs that hold the same questions settle what the results files leave open.
        row["comparison"] = "caution" if together.cautions else "comparable"
        reasons = list(together.cautions)
    row["reasons"] = "; ".join(reasons)
    row["pairing"] = _pairing(match, together, trouble)
    for name, value in (("n_both", "n"), ("only_a", "n10"), ("only_b", "n01")):
        known = None if together is None or not decides(match, together) else getattr(together, value)
        row[name] = np.nan if known is None else float(known)
    return row


def decides(match: Match, together: Joined | None) -> bool:
    """Whether the paired answers are those of the two scores, and may end in a verdict."""
    if isinstance(together, GroupPaired):
        return are_of_group(match.a, match.b, [(one.a, one.b) for one in match.parts], together)
    return are_of_scores(match.a, match.b, together)


def _pairing(match: Match, together: Joined | None, trouble: str) -> str:
    """Whether the answers were paired, in words."""
    if decides(match, together):
        return f"paired: {together.why}" if together is not None else ""
    if together is not None and match.comparison.verdict == NOT_COMPARABLE:
        return f"the answers to {counted(together.n, 'question')} are stored, for counts only: {'; '.join(together.no_verdict)}"
    if match.comparison.verdict == NOT_COMPARABLE:
        return trouble
    a, b = match.a, match.b
    hashes, counts = (
        (text(a["task_hash"]), text(b["task_hash"])),
        (number(a["n_samples"], -1), number(b["n_samples"], -2)),
    )
    words = CONSERVATIVE if hashes[0] and hashes[0] == hashes[1] and counts[0] == counts[1] else IGNORES
    because = trouble if together is None else "; ".join(together.no_verdict)
    if together is not None and not because:
        because = f"the stored answers are to {counted(together.n, 'question')} only"
    return f"{words} ({because})" if because else words


def _is_share(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether points and margins mean something: both between 0 and 1, and no loss or perplexity."""
    metric = str(a["metric"])
    is_loss = known_direction(metric) is False and metric.casefold() not in _RATES
    return not is_loss and all(0 <= number(of["score"], np.nan) <= 1 for of in (a, b))


def _test(match: Match, row: dict[str, Any], together: Joined | None, margin: float) -> TaskEvidence:
    """The best evidence there is: pairs, counts, errors, none."""
    a, b = match.a, match.b
    alone = Evidence(*(np.array([x]) for x in (row["score_a"] - row["score_b"], np.nan, np.nan, np.nan)))
    nothing = TaskEvidence(alone, np.nan, np.nan, "", NONE, np.nan)
    row["why_none"] = ""
    if row["comparison"] == NOT_COMPARABLE:
        row["why_none"] = f"not comparable: {row['reasons']}"
        return nothing
    if not row["is_share"]:
        row["why_none"] = OWN_UNIT
        return nothing
    if together is not None and decides(match, together):
        return from_pairs(together, margin)
    counts = [number(of[name], np.nan) for of in (a, b) for name in ("n_correct", "n_samples")]
    if np.isfinite(counts).all():
        return from_counts(counts, margin)
    errors = [number(of["stderr"], np.nan) for of in (a, b)]
    found = from_errors(row, errors, margin)
    if found is None:
        row["why_none"] = NO_ERROR
        return nothing
    return found


def _of_test(test: TaskEvidence, row: dict[str, Any], margin: float) -> dict[str, Any]:
    """What the test adds to the row of its task."""
    found: dict[str, Any] = {"delta_low": test.low, "delta_high": test.high, "interval_method": test.interval_method}
    found |= {"delta": float(test.evidence.diff[0]), "delta_stderr": float(test.evidence.stderr[0])}
    found |= {"p": float(test.evidence.p[0]), "method": test.method, "items_needed": test.items_needed}
    found["needs_more_than_there_are"] = bool(test.items_needed > row["n_items"])
    if row["comparison"] == NOT_COMPARABLE:
        found["delta"] = np.nan
    return found


def _judged(
    tasks: pd.DataFrame, judged: TaskVerdicts, is_known: np.ndarray, run_to_run: Mapping[str, float]
) -> pd.DataFrame:
    words = judged.verdict.copy()
    words[~is_known & np.isin(words.astype(str), (A_BETTER, B_BETTER))] = DIFFER
    usual = np.array(
        [
            run_to_run.get(str(benchmark), np.nan) if evaluator == BOARD else np.nan
            for benchmark, evaluator in zip(tasks["benchmark"], tasks["evaluator"], strict=True)
        ],
        dtype=float,
    )
    below = np.abs(tasks["delta"].to_numpy(float)) < usual
    has_verdict = words != NO_VERDICT
    return tasks.assign(
        p_holm=judged.p_holm,
        detectable=judged.detectable,
        verdict=words,
        run_to_run=usual,
        is_below_run_to_run=below & has_verdict,
    )
