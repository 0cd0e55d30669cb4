"""Rows of per-question logs as one Arrow table per task, for every layout from 0.3 ``--write_out`` to 0.5.

Which question, which prompt, what came back, and one number per metric where the row's value is a number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import orjson
import pyarrow as pa

from lib.errors import RefusedInput
from lib.schema.records import Samples
from lib.sources.lm_eval_rows import LARGEST, MAX_NAME, Warnings

_FIXED_NAMES = """
    doc_id doc target arguments resps filtered_resps doc_hash prompt_hash target_hash filter metrics truth
    scores_per_repeat
"""
FIXED = frozenset(_FIXED_NAMES.split())
"""Keys of a row that are not metrics. Before 0.4.7 every other key is one."""
TEXT_COLUMNS = ("filter", "doc_hash", "prompt_hash", "target_hash", "doc", "prompt", "target", "responses", "filtered")
MAX_METRICS = 100
MAX_ROWS = 1_000_000
MAX_NUMBERS = 20_000_000
"""Most rows times metrics of one log: columns take their room also where a row has no value."""
ROWS_PER_CHUNK = 1_000
CHARACTERS_PER_CHUNK = 4_000_000
_WRITTEN_OUT = re.compile(r"^(prompt|logit)_\d+$")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def is_sample_row(row: Any) -> bool:
    """Whether an object is a row of a log: it numbers its question and holds what was asked or answered."""
    if not isinstance(row, dict) or "doc_id" not in row:
        return False
    return ("resps" in row and "arguments" in row) or is_written_out(row)


def is_written_out(row: dict[str, Any]) -> bool:
    """Whether a row is of 0.3 ``--write_out``: ``prompt_0``, ``logit_0`` and ``truth``."""
    return "prompt_0" in row and "truth" in row and "logit_0" in row


def samples_table(task: str, rows: Iterable[dict[str, Any]], warnings: Warnings) -> Samples:
    """The log of one task.

    Args:
        task: Name of the task.
        rows: At least one, in file order, one per question and filter. Taken one at a time, and kept as Arrow only.
        warnings: Receives metrics that hold no number in any row.

    Raises:
        RefusedInput: More than ``MAX_ROWS`` or ``MAX_NUMBERS``, a row without a whole ``doc_id``, or one of another kind than the first.
    """
    log = _Log()
    old: bool | None = None
    for number, row in enumerate(rows, start=1):
        old = is_written_out(row) if old is None else old
        if not is_sample_row(row) or is_written_out(row) != old:
            raise RefusedInput("not a row of a per-question log", place=f"row {number}", expected="doc_id and answers")
        sample_id = row["doc_id"]
        if type(sample_id) is not int or not 0 <= sample_id < 2**53:
            raise RefusedInput(
                "not the number of a question", place=f"row {number}.doc_id", expected="0 or more", found=sample_id
            )
        if number > MAX_ROWS:
            raise RefusedInput("too many rows for one log", place=f"row {number}", expected=f"at most {MAX_ROWS:,}")
        log.add(row, sample_id, old)
        if number * log.n_metrics > MAX_NUMBERS:
            raise RefusedInput(
                "too many rows for so many metrics", place=f"row {number}", expected=f"at most {MAX_NUMBERS:,} numbers"
            )
    return Samples(task, log.table(task, warnings))


class _Log:
    """Rows on their way into Arrow, some at a time: as Python objects a whole log would take many times its size."""

    def __init__(self) -> None:
        self._metrics: dict[str, list[float | None]] = {}
        self._texts: list[tuple[str | None, ...]] = []
        self._n_characters = 0
        self._ids: list[int] = []
        self._filters: list[str] = []
        self._chunks: list[pa.Table] = []

    @property
    def n_metrics(self) -> int:
        return len(self._metrics)

    def add(self, row: dict[str, Any], sample_id: int, old: bool) -> None:
        self._name_metrics(row)
        for name, values in self._metrics.items():
            values.append(metric_value(row.get(name), is_text=old))
        kind, *texts = _old_texts(row) if old else _texts(row)
        self._ids.append(sample_id)
        self._filters.append(kind or "none")
        self._texts.append(tuple(texts))
        self._n_characters += sum(len(entry) for entry in texts if entry)
        if len(self._texts) >= ROWS_PER_CHUNK or self._n_characters >= CHARACTERS_PER_CHUNK:
            self._flush()

    def table(self, task: str, warnings: Warnings) -> pa.Table:
        """All rows, one Arrow chunk a column."""
        self._flush()
        _name_repeats(self._ids, self._filters)
        columns = {"sample_id": pa.array(self._ids, pa.int64()), "filter": pa.array(self._filters, pa.string())}
        rest = pa.concat_tables(self._chunks, promote_options="default")
        self._chunks.clear()
        names = [*TEXT_COLUMNS[1:], *(f"metric:{name}" for name in self._metrics)]
        for name in names:
            column = rest.column(name).combine_chunks()
            # What is combined need not be kept in pieces as well.
            rest = rest.drop_columns(name)
            columns[name] = column
            if name.startswith("metric:") and column.null_count == len(column):
                warnings.add(
                    f"samples {task[:100]}: {name[7:107]} is not one number per question; kept in the raw file only."
                )
        return pa.table(columns)

    def _name_metrics(self, row: dict[str, Any]) -> None:
        """Metrics in order of appearance: what ``metrics`` lists, else every key that is not fixed."""
        listed = row.get("metrics")
        for name in listed if isinstance(listed, list) else row:
            if len(self._metrics) == MAX_METRICS:
                return
            if isinstance(name, str) and name not in self._metrics and _is_metric(name):
                self._metrics[name] = [None] * len(self._texts)

    def _flush(self) -> None:
        texts = zip(*self._texts, strict=True)
        columns = {n: pa.array(t, pa.string()) for n, t in zip(TEXT_COLUMNS[1:], texts, strict=False)}
        columns |= {f"metric:{name}": pa.array(values, pa.float64()) for name, values in self._metrics.items()}
        if self._texts:
            self._chunks.append(pa.table(columns))
        self._texts, self._n_characters = [], 0
        self._metrics = {name: [] for name in self._metrics}


def metric_value(value: Any, *, is_text: bool) -> float | None:
    """A row's value as a number: numbers and booleans, and in 0.3 logs their texts ("True", "1"); else None."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value) if abs(value) <= LARGEST else None
    if is_text and isinstance(value, str):
        stripped = value.strip()
        if stripped in ("True", "False"):
            return float(stripped == "True")
        if len(stripped) <= 40 and _NUMBER.match(stripped):
            number = float(stripped)
            return number if abs(number) <= LARGEST else None
    return None


def _is_metric(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name != "bypass" and name not in FIXED and not _WRITTEN_OUT.match(name)


def _texts(row: dict[str, Any]) -> tuple[str | None, ...]:
    """The text columns of a row since 0.4; a missing hash of the prompt is computed as lm-eval does."""
    prompt = first_prompt(row.get("arguments"))
    return (
        as_text(row.get("filter")) or "none",
        _hash(row.get("doc_hash")),
        _hash(row.get("prompt_hash")) or _digest(prompt),
        _hash(row.get("target_hash")),
        as_text(row.get("doc")),
        prompt,
        as_text(row.get("target")),
        as_text(row.get("resps")),
        as_text(row.get("filtered_resps")),
    )


def _old_texts(row: dict[str, Any]) -> tuple[str | None, ...]:
    """The text columns of a 0.3 row: no document, no hashes; the answers are ``logit_0``, ``logit_1``, ..."""
    prompt = as_text(row["prompt_0"])
    answers = [row[f"logit_{i}"] for i in range(len(row)) if f"logit_{i}" in row]
    return ("none", None, _digest(prompt), None, None, prompt, as_text(row.get("truth")), as_text(answers), None)


def first_prompt(arguments: Any) -> str | None:
    """The prompt of the first request: ``gen_args_0.arg_0`` (0.4.3 on) or the first element (before); else None.

    For chat APIs the prompt is a list that holds the messages as one JSON text; that text is taken.
    """
    if isinstance(arguments, dict):
        request = arguments.get("gen_args_0")
        prompt = request.get("arg_0") if isinstance(request, dict) else None
    elif isinstance(arguments, list) and arguments:
        prompt = arguments[0]
        if isinstance(prompt, list):
            prompt = prompt[0] if prompt else None
    else:
        return None
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        prompt = prompt[0]
    return as_text(prompt)


def as_text(value: Any) -> str | None:
    """Text as it is, structures as JSON, null as None."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _name_repeats(ids: list[int], filters: list[str]) -> None:
    """Before 0.4.7 rows do not name their filter: a question that comes again was scored with another one.

    Its rows are then told apart as ``unnamed-1``, ``unnamed-2``, in order of appearance.
    """
    if len(set(zip(ids, filters, strict=True))) == len(ids):
        return
    seen: dict[tuple[int, str], int] = {}
    for position, (sample_id, name) in enumerate(zip(ids, filters, strict=True)):
        seen[sample_id, name] = n = seen.get((sample_id, name), 0) + 1
        filters[position] = f"{'unnamed' if name == 'none' else name}-{n}"


def _hash(value: Any) -> str | None:
    return value if isinstance(value, str) and 8 <= len(value) <= 128 and value.isalnum() else None


def _digest(prompt: str | None) -> str | None:
    return None if prompt is None else hashlib.sha256(prompt.encode()).hexdigest()
