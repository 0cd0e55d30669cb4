"""Rows of two logs to questions: what tells that two rows ask the same, and which questions are in both logs."""

from __future__ import annotations

import hashlib
from typing import Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lib.analysis.question_text import content_keys
from lib.analysis.sample_rows import METRIC
from lib.errors import RefusedInput
from lib.formats import counted

Key = Literal["document", "prompt", "number", "words"]
DOCUMENT: Final = "document"
PROMPT: Final = "prompt"
NUMBER: Final = "number"
WORDS: Final = "words"

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class _Questions(NamedTuple):
    """Questions of one log: code of the key and how often it came before, value (NaN for none), first row.

    ``n_several`` of them have several rows; ``n_untold`` rows hold nothing that tells their question.
    """

    codes: Integers
    times: Integers
    values: Floats
    rows: Integers
    n_several: int
    n_untold: int

    @property
    def n(self) -> int:
        return len(self.codes) + self.n_untold


class Common(NamedTuple):
    """The questions that are in both logs, in the order of the first log's numbers.

    Args:
        key: What made two rows one question.
        rows_a, rows_b: Position of the (first) row of each question in the whole tables, shape (n,).
        values_a, values_b: Value of each question, NaN for none, shape (n,).
        n_a, n_b: Questions of each log.
        left_out: What is not common, a sentence each.
        is_partial: Whether a question of either log is not in the other.
    """

    key: Key
    rows_a: Integers
    rows_b: Integers
    values_a: Floats
    values_b: Floats
    n_a: int
    n_b: int
    left_out: tuple[str, ...]
    is_partial: bool


def common_questions(
    a: pa.Table,
    b: pa.Table,
    chosen: tuple[Integers, Integers],
    metric: str,
    *,
    is_across: bool,
    versions: tuple[object, object],
) -> Common:
    """Find the questions that both logs hold.

    Args:
        a, b: As for ``paired.pair``.
        chosen: Positions of the rows to look at, in each.
        metric: Whose values are taken.
        is_across: The logs come from different evaluators, so only words count.
        versions: Task versions, for logs without hashes; unknown ones are None or NaN.

    Raises:
        RefusedInput: Nothing tells equal questions, or none is in both.
    """
    key, keys_a, keys_b = _keys(a.take(chosen[0]), b.take(chosen[1]), is_across, versions)
    codes_a, codes_b = _codes(keys_a, keys_b)
    of_a = _questions(codes_a, a, chosen[0], metric)
    of_b = _questions(codes_b, b, chosen[1], metric)
    at_a, at_b, left_out = _matched(of_a, of_b, key)
    if not len(at_a):
        raise RefusedInput(
            "the two logs hold different questions",
            place=f"{key} of {of_a.n:,} and {of_b.n:,} questions",
            expected="logs of the same questions",
        )
    by_number = np.lexsort((of_a.rows[at_a], _numbers(a, of_a.rows[at_a])))
    is_partial = len(at_a) < of_a.n or len(at_b) < of_b.n
    at_a, at_b = at_a[by_number], at_b[by_number]
    return Common(
        key=key,
        rows_a=of_a.rows[at_a],
        rows_b=of_b.rows[at_b],
        values_a=of_a.values[at_a],
        values_b=of_b.values[at_b],
        n_a=of_a.n,
        n_b=of_b.n,
        left_out=(*left_out, *_several(of_a, of_b)),
        is_partial=is_partial,
    )


def _keys(a: pa.Table, b: pa.Table, is_across: bool, versions: tuple[object, object]) -> tuple[Key, pa.Array, pa.Array]:
    """What tells equal questions, and its value for each row; null for a row whose question nothing tells."""
    if is_across:
        return WORDS, pa.array(content_keys(a), pa.string()), pa.array(content_keys(b), pa.string())
    if _is_whole(a, "doc_hash") and _is_whole(b, "doc_hash"):
        names = ["doc_hash"]
        if _is_whole(a, "target_hash") and _is_whole(b, "target_hash"):
            names.append("target_hash")
        return DOCUMENT, _joined(a, names), _joined(b, names)
    if _is_whole(a, "prompt_hash") and _is_whole(b, "prompt_hash"):
        return PROMPT, _joined(a, ["prompt_hash"]), _joined(b, ["prompt_hash"])
    n_a, n_b = (pc.count_distinct(table["sample_id"]).as_py() for table in (a, b))
    if not isinstance(versions[0], str) or versions[0] != versions[1] or n_a != n_b:
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
    n_untold = int((~known).sum())
    codes, rows = codes[known], chosen[known]
    values = table[METRIC + metric].to_numpy(zero_copy_only=False).astype(np.float64)[rows]
    numbers = _numbers(table, rows)
    order = np.lexsort((rows, numbers, codes))
    codes, rows, values, numbers = codes[order], rows[order], values[order], numbers[order]
    is_new = np.ones(len(codes), dtype=bool)
    is_new[1:] = (codes[1:] != codes[:-1]) | (numbers[1:] != numbers[:-1])
    starts = np.flatnonzero(is_new)
    if not len(starts):
        return _Questions(codes, codes, values, rows, 0, n_untold)
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
    return _Questions(of_question, times, means, rows[starts], n_several, n_untold)


def _matched(a: _Questions, b: _Questions, key: Key) -> tuple[Integers, Integers, tuple[str, ...]]:
    """Positions of common questions in both, and what is left out."""
    left_out: tuple[str, ...] = tuple(
        f"{counted(questions.n_untold, 'question')} that cannot be told in the {name} log"
        for name, questions in (("first", a), ("second", b))
        if questions.n_untold
    )
    keep_a, keep_b = np.arange(len(a.codes)), np.arange(len(b.codes))
    if key == WORDS:
        # Without order to go by, two questions of the same words cannot be told apart.
        twice = np.union1d(a.codes[a.times > 0], b.codes[b.times > 0])
        keep_a, keep_b = (k[~np.isin(q.codes, twice)] for k, q in ((keep_a, a), (keep_b, b)))
        if len(twice):
            words = "wording that occurs" if len(twice) == 1 else "wordings that occur"
            left_out = (*left_out, f"{len(twice):,} {words} more than once in a log")
    most = int(max(a.times.max(initial=0), b.times.max(initial=0))) + 1
    wanted_a, wanted_b = (q.codes[k] * most + q.times[k] for q, k in ((a, keep_a), (b, keep_b)))
    _, at_a, at_b = np.intersect1d(wanted_a, wanted_b, assume_unique=True, return_indices=True)
    for name, kept, at in (("first", keep_a, at_a), ("second", keep_b, at_b)):
        if len(kept) > len(at):
            left_out = (*left_out, f"{counted(len(kept) - len(at), 'question')} only in the {name} log")
    return keep_a[at_a], keep_b[at_b], left_out


def _several(a: _Questions, b: _Questions) -> tuple[str, ...]:
    n = max(a.n_several, b.n_several)
    verb = "was" if n == 1 else "were"
    return (f"{counted(n, 'question')} {verb} answered several times: the mean of each counts",) if n else ()


class OwnQuestions(NamedTuple):
    """The questions of one log by themselves, in an order that depends on nothing but them.

    Args:
        kind: What tells its questions apart: which hashes it holds.
        digest: Two logs of one kind hold the same questions where it is the same, and not the same where it differs.
        values: Value of each question, NaN for none, shape (n,).
        rows: Position of its (first) row in the whole table, shape (n,).
    """

    kind: str
    digest: bytes
    values: Floats
    rows: Integers


def own_questions(table: pa.Table, chosen: Integers, metric: str, version: object) -> OwnQuestions:
    """What ``common_questions`` of two logs of one evaluator would match, made once for each log instead of each pair.

    Args:
        table, chosen, metric: As for ``common_questions``, of one log.
        version: Task version, for a log without hashes.

    Raises:
        RefusedInput: Nothing tells its questions apart from those of others.
    """
    part = table.take(chosen)
    kind, names = NUMBER, ["sample_id"]
    if _is_whole(part, "doc_hash"):
        names = ["doc_hash", "target_hash"] if _is_whole(part, "target_hash") else ["doc_hash"]
        kind = " ".join([DOCUMENT, *names])
    elif _is_whole(part, "prompt_hash"):
        kind, names = PROMPT, ["prompt_hash"]
    elif not isinstance(version, str):
        raise RefusedInput("nothing tells which questions are the same", expected="hashes, or a task version")
    keys = _flat(pc.cast(part["sample_id"], pa.string())) if kind == NUMBER else _joined(part, names)
    encoded = keys.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    codes = rank[encoded.indices.to_numpy(zero_copy_only=False)]
    found = _questions(codes, table, chosen, metric)
    told = hashlib.blake2b(f"{kind} {version if kind == NUMBER else ''}".encode())
    told.update(digest_of(encoded.dictionary.take(pa.array(order))))
    for numbers in (found.codes, found.times):
        told.update(np.ascontiguousarray(numbers).tobytes())
    return OwnQuestions(kind, told.digest(), found.values, found.rows)


def digest_of(texts: pa.Array) -> bytes:
    """A digest of texts in their order; null is not the empty text."""
    lengths = pc.fill_null(pc.binary_length(texts), -1).to_numpy(zero_copy_only=False)
    told = hashlib.blake2b(np.ascontiguousarray(lengths).tobytes())
    told.update("".join(text or "" for text in texts.to_pylist()).encode())
    return told.digest()
