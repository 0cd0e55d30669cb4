"""Two runs on the same questions: which questions are the same, and how both runs did on each.

A question is what its content says it is, never its place in a file: evaluators shuffle, and joining two generations of
TruthfulQA by number gives 817 pairs without one true among them. So, in this order:

1. logs of one evaluator by the hashes of document and target (the prompts are compared, too);
2. where a log has no hash of the document, by the hash of the prompt;
3. where there are no hashes at all, by the number of the question, only if task version and number of questions agree;
4. logs of different evaluators by the words of the question, for counts only: no verdict follows from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lib.analysis.comparability import CAUTION, NOT_COMPARABLE, Comparison, compare
from lib.analysis.same_questions import DOCUMENT, NUMBER, PROMPT, WORDS, Common, Floats, Integers, Key, common_questions
from lib.analysis.sample_rows import METRIC, filters
from lib.errors import RefusedInput
from lib.formats import counted

BASIC = ("sample_id", "filter", "doc_hash", "prompt_hash", "target_hash")
TEXTS = ("doc", "prompt")
_WHY = {
    DOCUMENT: "the hashes of document and target agree",
    PROMPT: "the hashes of the prompt agree; the logs do not both hold hashes of the documents",
    NUMBER: "the logs hold no hashes; task version and number of questions agree, so equal numbers are taken for equal questions",
    WORDS: "the logs come from different evaluators; the words of the questions agree",
}


class Paired(NamedTuple):
    """Two runs on their common questions.

    Args:
        n: Common questions on which both have a number.
        n_a, n_b: Questions of each log under its filter, with a number or not.
        n11, n10, n01, n00: Of the common ones, right in both, only in A, only in B, in neither; None unless every value
            is 0 or 1.
        a, b: Value of each common question, shape (n,); the mean of its rows where a question was answered several times.
        rows_a, rows_b: Position of the (first) row of each common question in the tables given, shape (n,).
        key: What made two rows one question.
        why: A sentence about that.
        left_out: What is not among the ``n``, a sentence each.
        cautions: What is unknown or different between the runs and stands in no verdict's way.
        no_verdict: Why no verdict may be given, a sentence each; empty when one may.
    """

    n: int
    n_a: int
    n_b: int
    n11: int | None
    n10: int | None
    n01: int | None
    n00: int | None
    a: Floats
    b: Floats
    rows_a: Integers
    rows_b: Integers
    key: Key
    why: str
    left_out: tuple[str, ...]
    cautions: tuple[str, ...]
    no_verdict: tuple[str, ...]

    @property
    def has_verdict(self) -> bool:
        """Whether a test on these pairs may end in a verdict."""
        return not self.no_verdict

    @property
    def differences(self) -> Floats:
        """A minus B by question, shape (n,), in the unit of the metric."""
        return self.a - self.b


def columns_needed(metric: str, about_a: Mapping[str, Any] | None, about_b: Mapping[str, Any] | None) -> list[str]:
    """Columns of both logs that ``pair`` reads; the texts only where it has to compare words."""
    texts = TEXTS if _is_across(about_a, about_b) else ()
    return [*BASIC, *texts, METRIC + metric]


def filters_in_both(a: pa.Table, b: pa.Table) -> list[str]:
    """Filters under which both logs have rows, in the order of the first."""
    others = filters(b)
    return [name for name in filters(a) if name in others]


def pair(
    a: pa.Table,
    b: pa.Table,
    metric: str,
    filter: str,
    *,
    about_a: Mapping[str, Any] | None = None,
    about_b: Mapping[str, Any] | None = None,
) -> Paired:
    """Join two logs of one task, question by question.

    Args:
        a, b: Rows of logs as stored (``schema.records.Samples``), at least the columns of ``columns_needed``. Several rows
            of one question under the filter are several answers; equal questions with numbers of their own are matched
            in the order of these numbers.
        metric: Name of the metric; its values are in ``metric:<name>``, null where a row has none.
        filter: Rows of this filter only, in both.
        about_a, about_b: The two results (rows of ``Frames.scores``) for evaluator, task version and everything else that
            decides whether they may be compared; without them no verdict is allowed.

    Returns:
        The pairs in the order of A's numbers.

    Raises:
        RefusedInput: The metric or filter is not in both; no question is in both; or nothing tells equal questions.
    """
    chosen = _chosen(a, metric, filter, "first"), _chosen(b, metric, filter, "second")
    versions = (about_a or {}).get("task_version"), (about_b or {}).get("task_version")
    common = common_questions(a, b, chosen, metric, is_across=_is_across(about_a, about_b), versions=versions)
    n_differ, is_known = _prompts_differ(a, b, common.rows_a, common.rows_b)
    has_value = ~(np.isnan(common.values_a) | np.isnan(common.values_b))
    values_a, values_b = common.values_a[has_value], common.values_b[has_value]
    left_out = common.left_out
    if not has_value.all():
        left_out = (*left_out, f"{counted((~has_value).sum(), 'question')} without a number in one of the logs")
    comparison = _compared(about_a or {}, about_b or {}, common)
    cautions = comparison.reasons if comparison.verdict == CAUTION else ()
    if n_differ:
        cautions = (*cautions, f"the prompts differ on {counted(n_differ, 'question')}")
    if common.key == NUMBER:
        cautions = (*cautions, "questions matched by number only")
    return Paired(
        n=len(values_a),
        n_a=common.n_a,
        n_b=common.n_b,
        **_counts(values_a, values_b),
        a=values_a,
        b=values_b,
        rows_a=common.rows_a[has_value],
        rows_b=common.rows_b[has_value],
        key=common.key,
        why=_WHY[common.key] + _about_prompts(common.key, n_differ, is_known),
        left_out=left_out,
        cautions=cautions,
        no_verdict=_no_verdict(common, comparison, n_differ, about_a, about_b),
    )


def _chosen(table: pa.Table, metric: str, filter: str, which: str) -> Integers:
    """Positions of the rows under the filter."""
    if METRIC + metric not in table.column_names:
        raise RefusedInput("no values of this metric", place=f"the {which} log", found=metric)
    positions = np.flatnonzero(pc.equal(table["filter"], filter).to_numpy(zero_copy_only=False)).astype(np.int64)
    if not len(positions):
        raise RefusedInput(
            "no rows under this filter", place=f"the {which} log", expected=", ".join(filters(table)), found=filter
        )
    return positions


def _is_across(about_a: Mapping[str, Any] | None, about_b: Mapping[str, Any] | None) -> bool:
    """Whether both evaluators are known and differ; an unknown one is no reason to distrust hashes."""
    one, other = (about_a or {}).get("evaluator"), (about_b or {}).get("evaluator")
    return bool(one) and bool(other) and one != other


def _prompts_differ(a: pa.Table, b: pa.Table, rows_a: Integers, rows_b: Integers) -> tuple[int, bool]:
    """On how many common questions the prompts are known and differ; whether they are known on all."""
    equal = pc.equal(a["prompt_hash"].take(rows_a), b["prompt_hash"].take(rows_b))
    return int(pc.sum(pc.invert(equal)).as_py() or 0), equal.null_count == 0


def _about_prompts(key: Key, n_differ: int, is_known: bool) -> str:
    if key != DOCUMENT or n_differ:
        return ""
    return ", and those of the prompts" if is_known else "; the prompts are not known"


def _compared(a: Mapping[str, Any], b: Mapping[str, Any], common: Common) -> Comparison:
    """The one rule of what may be compared; logs that hold the same questions settle what limits leave open."""
    if not common.is_partial and common.key in (DOCUMENT, PROMPT):
        b = {**b, **{name: a.get(name) for name in ("limit", "n_samples")}}
    return compare(a, b)


def _no_verdict(
    common: Common,
    comparison: Comparison,
    n_differ: int,
    about_a: Mapping[str, Any] | None,
    about_b: Mapping[str, Any] | None,
) -> tuple[str, ...]:
    """Why these pairs may be counted and not judged."""
    told: list[str] = []
    if common.key == WORDS:
        told.append("the runs come from different evaluators: the same questions, asked and judged differently")
    elif about_a is None or about_b is None:
        told.append("it is not known how the two were run")
    elif comparison.verdict == NOT_COMPARABLE:
        told.append(f"the runs are not comparable: {'; '.join(comparison.reasons)}")
    if common.is_partial:
        told.append("the logs do not hold the same questions")
    shots = (about_a or {}).get("n_shot"), (about_b or {}).get("n_shot")
    if n_differ and common.key != WORDS and not all(map(_is_number, shots)):
        told.append("the prompts differ, and the number of examples in them is not stated")
    return tuple(told)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and value == value


def _counts(a: Floats, b: Floats) -> dict[str, int | None]:
    if not (np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all()):
        return dict.fromkeys(("n11", "n10", "n01", "n00"))
    right_a, right_b = a == 1.0, b == 1.0
    return {
        "n11": int((right_a & right_b).sum()),
        "n10": int((right_a & ~right_b).sum()),
        "n01": int((~right_a & right_b).sum()),
        "n00": int((~right_a & ~right_b).sum()),
    }
