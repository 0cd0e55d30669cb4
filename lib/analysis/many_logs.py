"""Many runs on the same questions: every pair compared as ``paired.pair`` and ``stored_answers`` would, each log read once.

What joining a pair costs is spent once for each log: its questions in an order of their own, and a digest of them. Two logs
of one digest hold the same questions, so that all of their pairs come out of products of matrices. Logs of one kind with
another digest do not hold the same questions, and are not paired; only what is left is joined pair by pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from lib.analysis import paired
from lib.analysis.comparability import task_name
from lib.analysis.same_questions import NUMBER, digest_of, own_questions
from lib.analysis.sample_rows import METRIC
from lib.analysis.stored_answers import CLOSE, WHOLE, are_of_group, are_of_scores, number, stderr_of, together
from lib.errors import RefusedInput
from lib.stats.groups import group_difference

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.integer[Any]]
Row = Mapping[str, Any]

_ASKED = (
    "evaluator", "document", "benchmark", "prompt", "metric", "filter", "limit", "n_shot", "chat_template",
    "system_instruction", "task", "task_version", "task_hash", "n_samples",
)  # fmt: skip


class Answers(NamedTuple):
    """One log, read.

    Args:
        row: The result that it is of.
        table: Its rows.
        kind, questions: ``OwnQuestions.kind`` and ``digest``.
        prompts: Digest of the hashes of its prompts, question by question.
        values: Of its questions, NaN for none.
    """

    row: Row
    table: pa.Table
    kind: str
    questions: bytes
    prompts: bytes
    values: Floats


class Side(NamedTuple):
    """The answers behind one score: those of a task, or of the parts of a group.

    Args:
        row: The result.
        parts: One log of a task; the logs of a group's parts, by task.
        is_weighted: How the score weighs its parts.
    """

    row: Row
    parts: tuple[Answers, ...]
    is_weighted: bool = True


class Pairs(NamedTuple):
    """One entry per pair asked for; NaN where ``is_paired`` is false.

    Args:
        is_paired: The answers are those of both scores, and may end in a verdict.
        n: Common questions.
        only_a, only_b: Of right and wrong answers, those right in one only; NaN for other values.
        diff, stderr: Of A minus B over these questions, weighed as the score is.
        p: One-sided p of "A is not better", where the counts are no test of the score: of the paired t for values of any
            kind, of z for a group whose parts count the same. NaN where the counts decide.
    """

    is_paired: Bools
    n: Floats
    only_a: Floats
    only_b: Floats
    diff: Floats
    stderr: Floats
    p: Floats


def answers(row: Row, table: pa.Table) -> Answers:
    """A log made ready to be paired with many.

    Raises:
        RefusedInput: It lacks the metric or the filter of the result, or nothing tells its questions apart.
    """
    metric, kind = str(row["metric"]), str(row["filter"])
    if METRIC + metric not in table.column_names:
        raise RefusedInput("no values of this metric", found=metric)
    chosen = np.flatnonzero(pc.equal(table["filter"], kind).to_numpy(zero_copy_only=False)).astype(np.int64)
    if not len(chosen):
        raise RefusedInput("no rows under this filter", found=kind)
    own = own_questions(table, chosen, metric, row.get("task_version"))
    prompts = table["prompt_hash"].take(own.rows)
    prompts = prompts.combine_chunks() if isinstance(prompts, pa.ChunkedArray) else prompts
    return Answers(row, table, own.kind, own.digest, digest_of(prompts), own.values)


def pairs(sides: Sequence[Side], a: Places, b: Places) -> Pairs:
    """Compare sides pair by pair.

    Args:
        sides: Results of one benchmark that may be compared with one another (of one protocol).
        a, b: Positions of the pairs, shape (pairs,).
    """
    found = Pairs(np.zeros(len(a), bool), *(np.full(len(a), np.nan) for _ in range(6)))
    same = _numbered([(one.is_weighted, tuple(part.questions for part in one.parts)) for one in sides])
    kinds = _numbered([(one.is_weighted, tuple(part.kind for part in one.parts)) for one in sides])
    asked = _numbered([tuple(_asked(part) for part in one.parts) for one in sides])
    prompts = _numbered([tuple(part.prompts for part in one.parts) for one in sides])
    has_shots = np.array(
        [all(np.isfinite(number(part.row.get("n_shot"))) for part in one.parts) for one in sides], bool
    )
    n_parts = np.array([len(one.parts) for one in sides])
    # With other prompts the number of examples in them must be known: ``paired.pair`` looks at which prompts differ.
    is_plain = (asked[a] == asked[b]) & ((prompts[a] == prompts[b]) | (has_shots[a] & has_shots[b]))
    for group in np.unique(same[a]):
        at = np.flatnonzero((same[a] == group) & (same[b] == group) & is_plain)
        if len(at):
            _at_once(sides, a[at], b[at], found, at)
    left = np.where(same[a] == same[b], ~is_plain, kinds[a] != kinds[b]) & (n_parts[a] == n_parts[b])
    for one in np.flatnonzero(left):
        _by_one(sides[a[one]], sides[b[one]], found, int(one))
    return found


def _numbered(keys: Sequence[object]) -> NDArray[np.int64]:
    """Whole numbers, the same for the same keys."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def _asked(of: Answers) -> tuple[Any, ...]:
    """How the questions were asked; equal ones may be compared (``comparability``), for others it is asked pair by pair."""
    known = {name: None if pd.isna(value) or value == "" else value for name, value in of.row.items() if name in _ASKED}
    version = known.get("task_version")
    others = None if version is not None else known.get("task_hash")
    n = known.get("n_samples") if of.kind == NUMBER else None
    plain = tuple(known.get(name) for name in _ASKED[: _ASKED.index("task")])
    return (task_name(str(known.get("task", ""))), version, others, n, *plain)


class _Part(NamedTuple):
    """Sums over the common questions of one part, by pair: how many, of A - B, of its square; and whether they decide."""

    n: Floats
    sum: Floats
    square: Floats
    decides: Bools


def _at_once(sides: Sequence[Side], a: Places, b: Places, found: Pairs, at: Places) -> None:
    """All pairs of sides with the same questions, into ``found``."""
    members, inverse = np.unique(np.concatenate([a, b]), return_inverse=True)
    i, j = inverse[: len(a)], inverse[len(a) :]
    own = [sides[int(one)] for one in members]
    parts = [_part([one.parts[t] for one in own], i, j) for t in range(len(own[0].parts))]
    is_binary = np.array([all(_is_binary(part.values) for part in one.parts) for one in own], bool)
    n = np.array([part.n for part in parts])
    decides = np.all([part.decides for part in parts], axis=0)
    total, sums, squares = (np.sum([getattr(p, name) for p in parts], axis=0) for name in ("n", "sum", "square"))
    # Where both are right or wrong, the square of A - B is 1 on every question on which they differ.
    counted = is_binary[i] & is_binary[j]
    only_a, only_b = (np.where(counted, (squares + sign * sums) / 2, np.nan) for sign in (1, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.array([part.sum for part in parts]) / n
        errors = np.array([_stderr(part.n, part.sum, part.square) for part in parts])
        pooled = _stderr(total, sums, squares)
        is_weighted = own[0].is_weighted
        told = group_difference(each.T, errors.T, n.T, is_weighted=is_weighted)
        diff, stderr = told.diff, told.stderr
        if is_weighted:
            stderr = np.where(np.isnan(stderr), pooled, stderr)
        p = ndtr(-diff / np.where(stderr > 0, stderr, np.nan))
        if len(parts) == 1:
            p = stdtr(total - 1, -diff / np.where(stderr > 0, stderr, np.nan))
    p = np.where(counted & (is_weighted or len(parts) == 1), np.nan, p)
    kept = decides & ((counted & (is_weighted or len(parts) == 1)) | np.isfinite(p))
    for column, values in zip(found[1:], (total, only_a, only_b, diff, stderr, p), strict=True):
        column[at] = np.where(kept, values, np.nan)
    found.is_paired[at] = kept


def _part(own: Sequence[Answers], i: Places, j: Places) -> _Part:
    values = np.array([one.values for one in own])
    there = np.isfinite(values)
    has, filled = there.astype(float), np.where(there, values, 0.0)
    n = (has @ has.T)[i, j]
    sums = filled @ has.T
    squares = (filled**2) @ has.T
    crossed = filled @ filled.T
    decides = n > 0
    for at, side in ((i, sums[i, j]), (j, sums[j, i])):
        asked = np.array([number(one.row.get("n_samples")) for one in own])[at]
        score = np.array([number(one.row.get("score")) for one in own])[at]
        with np.errstate(invalid="ignore", divide="ignore"):
            decides &= np.where(np.isnan(asked), np.abs(side / n - score) <= CLOSE, n >= WHOLE * asked)
    return _Part(n, sums[i, j] - sums[j, i], squares[i, j] + squares[j, i] - 2 * crossed[i, j], decides)


def _stderr(n: Floats, sums: Floats, squares: Floats) -> Floats:
    """Error of a mean difference from the sums of the differences and of their squares, ddof 1; one question has none."""
    deviation = np.maximum(squares - sums**2 / n, 0.0)
    return np.sqrt(deviation / (n * np.where(n > 1, n - 1, np.nan)))


def _is_binary(values: Floats) -> bool:
    return bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())


def _by_one(one: Side, other: Side, found: Pairs, at: int) -> None:
    """A pair whose logs tell their questions in different ways, joined as two logs are, into ``found``."""
    try:
        each = [
            paired.pair(x.table, y.table, str(x.row["metric"]), str(x.row["filter"]), about_a=x.row, about_b=y.row)
            for x, y in zip(one.parts, other.parts, strict=True)
        ]
    except RefusedInput:
        return
    told: tuple[float, ...]
    if len(each) == 1:
        (of,) = each
        if not are_of_scores(one.row, other.row, of):
            return
        stderr = stderr_of(of)
        diff, counts, discordant = float(of.differences.mean()), of.n10 is not None, (of.n10, of.n01)
        p = np.nan if counts or not stderr > 0 else float(stdtr(of.n - 1, -diff / stderr))
    else:
        rows = [(x.row, y.row) for x, y in zip(one.parts, other.parts, strict=True)]
        group = together(each, is_weighted=one.is_weighted)
        if not are_of_group(one.row, other.row, rows, group):
            return
        diff, stderr, _ = (float(x) for x in group.difference)
        counts, discordant = group.counts is not None, (group.n10, group.n01)
        p = np.nan if counts or not stderr > 0 else float(ndtr(-diff / stderr))
    if not counts and np.isnan(p):
        return
    n = float(sum(of.n for of in each))
    told = (n, *(np.nan if x is None else float(x) for x in discordant), diff, stderr, p)
    for column, value in zip(found[1:], told, strict=True):
        column[at] = value
    found.is_paired[at] = True
