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
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lib.analysis.comparability import CAUTION, NOT_COMPARABLE, compare
from lib.analysis.question_text import content_keys
from lib.analysis.sample_rows import METRIC, filters
from lib.errors import RefusedInput

Key = Literal["document", "prompt", "number", "words"]
DOCUMENT: Final = "document"
PROMPT: Final = "prompt"
NUMBER: Final = "number"
WORDS: Final = "words"

BASIC = ("sample_id", "filter", "doc_hash", "prompt_hash", "target_hash")
TEXTS = ("doc", "prompt")
_WHY = {
    DOCUMENT: "the hashes of document and target agree",
    PROMPT: "the hashes of the prompt agree; the logs do not both hold hashes of the documents",
    NUMBER: "the logs hold no hashes; task version and number of questions agree, so equal numbers are taken for equal questions",
    WORDS: "the logs come from different evaluators; the words of the questions agree",
}

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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


class _Questions(NamedTuple):
    """Questions of one log: code of the key and how often it came before, value (NaN for none), first row."""

    codes: Integers
    times: Integers
    values: Floats
    rows: Integers
    n_several: int


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
    chosen_a, chosen_b = _chosen(a, metric, filter, "first"), _chosen(b, metric, filter, "second")
    key, keys_a, keys_b = _keys(a.take(chosen_a), b.take(chosen_b), about_a, about_b)
    codes_a, codes_b = _codes(keys_a, keys_b)
    of_a = _questions(codes_a, a, chosen_a, metric)
    of_b = _questions(codes_b, b, chosen_b, metric)
    at_a, at_b, left_out, is_partial = _matched(of_a, of_b, key)
    if not len(at_a):
        raise RefusedInput(
            "the two logs hold different questions",
            place=f"{key} of {len(of_a.codes):,} and {len(of_b.codes):,} questions",
            expected="logs of the same questions",
        )
    by_number = np.lexsort((of_a.rows[at_a], _numbers(a, of_a.rows[at_a])))
    at_a, at_b = at_a[by_number], at_b[by_number]
    n_differ, is_known = _prompts_differ(a, b, of_a.rows[at_a], of_b.rows[at_b])
    has_value = ~(np.isnan(of_a.values[at_a]) | np.isnan(of_b.values[at_b]))
    if not has_value.all():
        left_out = (*left_out, f"{int((~has_value).sum()):,} questions without a number in one of the logs")
    at_a, at_b = at_a[has_value], at_b[has_value]
    values_a, values_b = of_a.values[at_a], of_b.values[at_b]
    comparison = compare(about_a or {}, about_b or {})
    no_verdict = _no_verdict(key, comparison.verdict, comparison.reasons, is_partial, n_differ, about_a, about_b)
    cautions = comparison.reasons if comparison.verdict == CAUTION else ()
    if n_differ:
        cautions = (*cautions, f"the prompts differ on {n_differ:,} questions")
    if key == NUMBER:
        cautions = (*cautions, "questions matched by number only")
    counts = _counts(values_a, values_b)
    return Paired(
        n=len(at_a),
        n_a=len(of_a.codes),
        n_b=len(of_b.codes),
        **counts,
        a=values_a,
        b=values_b,
        rows_a=of_a.rows[at_a],
        rows_b=of_b.rows[at_b],
        key=key,
        why=_WHY[key] + _about_prompts(key, n_differ, is_known),
        left_out=(*left_out, *_several(of_a, of_b)),
        cautions=cautions,
        no_verdict=no_verdict,
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


def _keys(
    a: pa.Table, b: pa.Table, about_a: Mapping[str, Any] | None, about_b: Mapping[str, Any] | None
) -> tuple[Key, pa.Array, pa.Array]:
    """What tells equal questions, and its value for each row; null for a row whose question nothing tells."""
    if _is_across(about_a, about_b):
        return WORDS, pa.array(content_keys(a), pa.string()), pa.array(content_keys(b), pa.string())
    if _is_whole(a, "doc_hash") and _is_whole(b, "doc_hash"):
        names = ["doc_hash"]
        if _is_whole(a, "target_hash") and _is_whole(b, "target_hash"):
            names.append("target_hash")
        return DOCUMENT, _joined(a, names), _joined(b, names)
    if _is_whole(a, "prompt_hash") and _is_whole(b, "prompt_hash"):
        return PROMPT, _joined(a, ["prompt_hash"]), _joined(b, ["prompt_hash"])
    versions = (about_a or {}).get("task_version"), (about_b or {}).get("task_version")
    n_a, n_b = (pc.count_distinct(table["sample_id"]).as_py() for table in (a, b))
    if not versions[0] or versions[0] != versions[1] or n_a != n_b:
        raise RefusedInput(
            "nothing tells which questions are the same",
            expected="hashes of documents or prompts; else the same task version and number of questions",
            found=f"versions {versions[0]} and {versions[1]}, {n_a:,} and {n_b:,} questions",
        )
    return NUMBER, _flat(pc.cast(a["sample_id"], pa.string())), _flat(pc.cast(b["sample_id"], pa.string()))


def _is_whole(table: pa.Table, name: str) -> bool:
    return bool(table[name].null_count == 0)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _joined(table: pa.Table, names: list[str]) -> pa.Array:
    columns = [_flat(table[name]) for name in names]
    return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, " ")


def _codes(a: pa.Array, b: pa.Array) -> tuple[Integers, Integers]:
    """The keys as numbers, equal for equal keys; -1 for null."""
    indices = pa.concat_arrays([a, b]).dictionary_encode().indices
    codes = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes[: len(a)], codes[len(a) :]


def _numbers(table: pa.Table, rows: Integers) -> Integers:
    return np.asarray(table["sample_id"].to_numpy(), dtype=np.int64)[rows]


def _questions(codes: Integers, table: pa.Table, chosen: Integers, metric: str) -> _Questions:
    """Rows to questions: those of equal key and number are answers to one, their value is the mean of their numbers."""
    known = codes >= 0
    codes, rows = codes[known], chosen[known]
    values = table[METRIC + metric].to_numpy(zero_copy_only=False).astype(np.float64)[rows]
    numbers = _numbers(table, rows)
    order = np.lexsort((rows, numbers, codes))
    codes, rows, values, numbers = codes[order], rows[order], values[order], numbers[order]
    is_new = np.ones(len(codes), dtype=bool)
    is_new[1:] = (codes[1:] != codes[:-1]) | (numbers[1:] != numbers[:-1])
    starts = np.flatnonzero(is_new)
    if not len(starts):
        return _Questions(codes, codes, values, rows, 0)
    has_value = ~np.isnan(values)
    sums = np.add.reduceat(np.where(has_value, values, 0.0), starts)
    n_values = np.add.reduceat(has_value.astype(np.int64), starts)
    means = np.divide(sums, n_values, out=np.full(len(starts), np.nan), where=n_values > 0)
    of_question = codes[starts]
    is_first = np.ones(len(of_question), dtype=bool)
    is_first[1:] = of_question[1:] != of_question[:-1]
    positions = np.arange(len(of_question))
    times = positions - np.maximum.accumulate(np.where(is_first, positions, 0))
    n_several = int((np.diff(np.append(starts, len(codes))) > 1).sum())
    return _Questions(of_question, times, means, rows[starts], n_several)


def _matched(a: _Questions, b: _Questions, key: Key) -> tuple[Integers, Integers, tuple[str, ...], bool]:
    """Positions of common questions in both, what is left out, and whether the sets of questions differ."""
    left_out: tuple[str, ...] = ()
    keep_a, keep_b = np.arange(len(a.codes)), np.arange(len(b.codes))
    if key == WORDS:
        # Without order to go by, two questions of the same words cannot be told apart.
        twice = np.union1d(a.codes[a.times > 0], b.codes[b.times > 0])
        keep_a, keep_b = (k[~np.isin(q.codes, twice)] for k, q in ((keep_a, a), (keep_b, b)))
        if len(twice):
            left_out = (f"{len(twice):,} wordings that occur more than once in a log",)
    most = int(max(a.times.max(initial=0), b.times.max(initial=0))) + 1
    wanted_a, wanted_b = (q.codes[k] * most + q.times[k] for q, k in ((a, keep_a), (b, keep_b)))
    _, at_a, at_b = np.intersect1d(wanted_a, wanted_b, assume_unique=True, return_indices=True)
    for name, kept, at in (("first", keep_a, at_a), ("second", keep_b, at_b)):
        if len(kept) > len(at):
            left_out = (*left_out, f"{len(kept) - len(at):,} questions only in the {name} log")
    is_partial = len(at_a) < len(keep_a) or len(at_b) < len(keep_b)
    return keep_a[at_a], keep_b[at_b], left_out, is_partial


def _prompts_differ(a: pa.Table, b: pa.Table, rows_a: Integers, rows_b: Integers) -> tuple[int, bool]:
    """On how many common questions the prompts are known and differ; whether they are known on all."""
    equal = pc.equal(a["prompt_hash"].take(rows_a), b["prompt_hash"].take(rows_b))
    return int(pc.sum(pc.invert(equal)).as_py() or 0), equal.null_count == 0


def _about_prompts(key: Key, n_differ: int, is_known: bool) -> str:
    if key != DOCUMENT or n_differ:
        return ""
    return ", and those of the prompts" if is_known else "; the prompts are not known"


def _several(a: _Questions, b: _Questions) -> tuple[str, ...]:
    n = max(a.n_several, b.n_several)
    return (f"{n:,} questions were answered several times: the mean of each counts",) if n else ()


def _no_verdict(
    key: Key,
    verdict: str,
    reasons: tuple[str, ...],
    is_partial: bool,
    n_differ: int,
    about_a: Mapping[str, Any] | None,
    about_b: Mapping[str, Any] | None,
) -> tuple[str, ...]:
    """Why these pairs may be counted and not judged."""
    told: list[str] = []
    if key == WORDS:
        told.append("the runs come from different evaluators: the same questions, asked and judged differently")
    elif about_a is None or about_b is None:
        told.append("it is not known how the two were run")
    elif verdict == NOT_COMPARABLE:
        told.append(f"the runs are not comparable: {'; '.join(reasons)}")
    if is_partial:
        told.append("the logs do not hold the same questions")
    shots = (about_a or {}).get("n_shot"), (about_b or {}).get("n_shot")
    if n_differ and key != WORDS and (not _is_number(shots[0]) or not _is_number(shots[1])):
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
