"""What an import hands to the store, checked and turned into driver rows before any transaction begins.

What the database would refuse, or the two engines would take differently (NaN, NUL characters, numbers too large), is
refused here with its place, so that a hostile file is a message and not a failed transaction.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields
from typing import Any, Literal, NamedTuple

import orjson

from lib.access import OWN_MACHINE, Visibility
from lib.errors import RefusedInput
from lib.schema.records import STDERR_RULES, Measured, Parsed, Result, Run
from lib.store.files import digest_of_bytes
from lib.store.samples import SampleFile

KEY_BYTES = 2_000
"""Longest key of an index, all parts together; PostgreSQL takes no more than 2,704."""
LARGEST_INT32 = 2**31 - 1
LARGEST_INT64 = 2**63 - 1
MEASURED_COLUMNS = tuple(field.name for field in fields(Measured))
"""Columns of ``run_measurements`` behind run, task and source."""
STATUSES = frozenset(("scored", "failed", "refused", "unparsed", "missing"))

RUN_COLUMNS = (
    "kind",
    "evaluator",
    "document",
    "evaluator_version",
    "harness_commit",
    "backend",
    "revision",
    "training_tokens",
    "is_checkpoint",
    "dtype",
    "quantisation",
    "limit",
    "seeds",
    "chat_template",
    "system_instruction",
    "is_multiturn",
    "start_token",
    "evaluated_on",
    "total_seconds",
    "params_reported",
)
"""Columns of ``runs`` that are fields of ``Run`` of the same name and need no conversion."""

RESULT_COLUMNS = (
    "task",
    "prompt",
    "filter",
    "metric",
    "score",
    "stderr",
    "n_samples",
    "n_correct",
    "score_published",
    "stderr_published",
    "n_shot",
    "task_version",
    "task_hash",
    "higher_is_better",
    "is_group",
    "parent",
    "stderr_rule",
    "is_approximate",
    "flags",
    "status",
)


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as received: digest of its bytes, the name it came under, size."""

    digest: str
    name: str
    n_bytes: int


class Holder(NamedTuple):
    """Whose a source is, and who may see it; for new sources: one that is replaced keeps its own.

    Args:
        owner: Who brought it.
        visibility: private (the owner), workspace (its members) or public.
    """

    owner: str = OWN_MACHINE
    visibility: Visibility = "public"


OPEN = Holder()
"""Of what is brought by commands on the machine itself, for all to see."""


class Refusal(NamedTuple):
    """A file, or member of a zip, that could not be taken; ``name`` as the reader knows it."""

    member: str
    name: str
    reason: str


@dataclass(slots=True)
class PreparedRun:
    """A run, resolved and hashed.

    Args:
        run: As parsed.
        model_id: The model its spellings mean; None when they wait for a reader.
        scope: Scope in which aliases hold (name of the zip or board), '' without one.
        digest: Canonical digest of configuration, results and samples.
        sample_files: What ``keep_samples`` returned, by task.
    """

    run: Run
    model_id: str | None
    scope: str
    digest: str
    sample_files: dict[str, SampleFile] = field(default_factory=dict)


@dataclass(slots=True)
class PreparedFile:
    """One source: a file of its own (``member`` '') or a member of a zip.

    Args:
        raw_digest: Digest of the raw file that holds it.
        name: As the reader knows it: ``a.json`` or ``a.zip!/b.json``.
        digest, n_bytes: Of the member's own bytes.
        parsed: For warnings and catalogue tables; its runs are taken from ``runs``.
    """

    raw_digest: str
    member: str
    name: str
    digest: str
    n_bytes: int
    importer: str
    importer_version: int
    parsed: Parsed
    runs: list[PreparedRun] = field(default_factory=list)
    title: str | None = None
    url: str | None = None
    licence: str | None = None
    published_on: str | None = None
    is_shipped: bool = False


class Batch(NamedTuple):
    """Files of one raw file with what else is known of it after this step.

    Args:
        refusals: Members that could not be taken.
        finished_with: State of the importers when every member has been dealt with, None while some remain.
        pending: The upload that new files belong to while it is being read; None: they are seen at once.
    """

    raw: RawFile
    files: Sequence[PreparedFile] = ()
    refusals: Sequence[Refusal | tuple[str, str, str]] = ()
    finished_with: str | None = None
    holder: Holder = OPEN
    pending: str | None = None


class Outcome(NamedTuple):
    """What became of one file; counts are of the file, whatever the state."""

    name: str
    state: Literal["imported", "unchanged", "replaced"]
    n_results: int
    n_samples: int


class RunRows(NamedTuple):
    """A run as driver rows; ids of model and run are known only later. ``measured`` begins with the task."""

    prepared: PreparedRun
    run: tuple[Any, ...]
    spellings: str
    results: list[tuple[Any, ...]]
    measured: list[tuple[Any, ...]]


class FileRows(NamedTuple):
    """A file ready to be written; several runs of one digest are one."""

    file: PreparedFile
    holder: Holder
    pending: str | None
    warnings: str
    runs: list[RunRows]
    outcome: Outcome


def file_rows(file: PreparedFile, holder: Holder = OPEN, pending: str | None = None) -> FileRows:
    """The file as driver rows.

    Raises:
        RefusedInput: Names the file and what in it no store could hold, or not everybody may bring.
    """
    try:
        _refuse_hidden_tables(file, holder)
        key(file.name, "the name")
        key(file.member, "the member")
        runs = {prepared.digest: prepared for prepared in file.runs}
        rows = [_run_rows(prepared) for prepared in runs.values()]
        warnings = as_json([plain_text(w) for w in file.parsed.warnings], "warnings")
    except RefusedInput as refused:
        raise refused.in_file(file.name) from None
    n_samples = sum(sample.n_rows for row in rows for sample in row.prepared.sample_files.values())
    outcome = Outcome(file.name, "imported", sum(len(row.results) for row in rows), n_samples)
    return FileRows(file, holder, pending, warnings, rows, outcome)


def _refuse_hidden_tables(file: PreparedFile, holder: Holder) -> None:
    """The catalogue, prices and other tables are one for all readers: what is in them cannot be hidden from some."""
    if holder.visibility != "public" and any(name != "tasks" for name in file.parsed.tables):
        raise RefusedInput(
            "a file of the catalogue or of prices is for all readers and cannot be private",
            expected="results, or visibility public",
            found=holder.visibility,
        )


def refuse_impossible(file: PreparedFile) -> None:
    """Raise RefusedInput when the store could not hold the file; ``write_files`` asks the same before it begins."""
    file_rows(file)


def as_json(value: Any, place: str) -> str:
    """JSON text that both engines take; NaN becomes null.

    Raises:
        RefusedInput: If it cannot be written as JSON (lone surrogates, unknown types).
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        pass  # whole numbers beyond 64 bits: slower, but right
    try:
        written = json.dumps(value, allow_nan=False, ensure_ascii=False)
        written.encode()
    except (ValueError, TypeError) as error:
        raise RefusedInput("not something that JSON can hold", place=place, found=str(error)) from None
    return written


def key(text: str, place: str) -> str:
    """The text, when an index can hold it."""
    if checked(text, place) is None or len(text.encode()) > KEY_BYTES:
        raise RefusedInput("the text is too long for a name", place=place, expected=f"at most {KEY_BYTES} bytes")
    return text


def checked(value: Any, place: str, largest: int = LARGEST_INT64) -> Any:
    """The value, when both engines store it as it is: text without NUL and lone surrogates, finite, in range."""
    if isinstance(value, str):
        if "\x00" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
            raise RefusedInput("the text holds a character that cannot be stored", place=place, found=value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise RefusedInput("not a finite number", place=place, found=value)
    elif isinstance(value, int) and not -largest <= value <= largest:
        raise RefusedInput("the number is too large", place=place, found=value)
    return value


def plain_text(text: str) -> str:
    """Text for people, with what cannot be stored replaced."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def short_name(text: str) -> str:
    """A name that an index can hold, whatever the text: what cannot be stored replaced, a long end by its hash."""
    text = plain_text(text)
    if len(text.encode()) <= KEY_BYTES:
        return text
    return f"{text[: KEY_BYTES // 8]}…{digest_of_bytes(text.encode())}"


def _run_rows(prepared: PreparedRun) -> RunRows:
    run = prepared.run
    if not run.spellings:
        raise RefusedInput("a run without the name of a model")
    if not run.results:
        raise RefusedInput("a run without results", place=run.spellings[0])
    for name in run.spellings:
        key(name, "the model's name")
    key(prepared.scope, "the scope")
    for task in prepared.sample_files:
        key(task, "samples")
    values = tuple(checked(getattr(run, name), name) for name in RUN_COLUMNS)
    if run.params_reported is not None and run.params_reported <= 0:
        raise RefusedInput("not a number of parameters", place="params_reported", found=run.params_reported)
    if run.training_tokens is not None and run.training_tokens < 0:
        raise RefusedInput("not a number of tokens", place="training_tokens", found=run.training_tokens)
    results = [_result_row(result) for result in run.results]
    if len({row[:4] for row in results}) != len(results):
        seen: set[tuple[Any, ...]] = set()
        for row, result in zip(results, run.results, strict=True):
            if row[:4] in seen:
                raise RefusedInput("the same result twice in one run", place=_place_of(result))
            seen.add(row[:4])
    spellings = as_json(list(run.spellings), "the model's name")
    config = (as_json(run.model_args, "model_args"), as_json(run.config, "config"))
    return RunRows(prepared, (*values, *config), spellings, results, _measured_rows(run))


def _measured_rows(run: Run) -> list[tuple[Any, ...]]:
    rows = []
    for task, measured in run.measured.items():
        place = f"measured / {task}"
        amounts = tuple(checked(value, place) for value in astuple(measured))
        if any(value < 0 for value in amounts if isinstance(value, int | float)):
            raise RefusedInput("less than nothing", place=place)
        rows.append((key(task, "measured"), *amounts))
    return rows


def _result_row(r: Result) -> tuple[Any, ...]:
    # Nearly every result is plain: a look at all its texts and one at all its numbers tells.
    texts = r.task + r.prompt + r.filter + r.metric + (r.task_version or "") + (r.task_hash or "") + (r.group or "")
    if not texts.isascii() or not texts.isprintable() or len(texts) > KEY_BYTES // 4:
        _refuse_texts(r)
    total = (r.score or 0.0) + (r.stderr or 0.0) + (r.score_published or 0.0) + (r.stderr_published or 0.0)
    counts = (r.n_samples or 0) | (r.n_correct or 0) | (r.n_shot or 0)  # within 31 bits if each of them is
    if not math.isfinite(total) or not 0 <= counts <= LARGEST_INT32:
        _refuse_numbers(r)
    _refuse_unfitting(r)
    return (
        r.task,
        r.prompt,
        r.filter,
        r.metric,
        r.score,
        r.stderr,
        r.n_samples,
        r.n_correct,
        r.score_published,
        r.stderr_published,
        r.n_shot,
        r.task_version,
        r.task_hash,
        r.higher_is_better,
        r.is_group,
        r.group,
        r.stderr_rule,
        r.is_approximate,
        " ".join(sorted(r.flags)) if r.flags else "",
        r.status,
    )


def _refuse_texts(r: Result) -> None:
    for text in (r.task, r.prompt, r.filter, r.metric, r.task_version, r.task_hash, r.group):
        checked(text, _place_of(r))
    key(r.task + r.prompt + r.filter + r.metric, "task, prompt, filter and metric")


def _refuse_numbers(r: Result) -> None:
    for number in (r.score, r.stderr, r.score_published, r.stderr_published):
        if number is not None and not math.isfinite(number):
            raise RefusedInput("not a finite number", place=_place_of(r), found=number)
    for count in (r.n_samples, r.n_correct, r.n_shot):
        if count is not None and not -LARGEST_INT32 <= count <= LARGEST_INT32:
            raise RefusedInput("the number is too large", place=_place_of(r), found=count)


def _refuse_unfitting(r: Result) -> None:
    """The rules of the table, said for people."""
    if r.status not in STATUSES or r.stderr_rule not in STDERR_RULES:
        raise RefusedInput("unknown status or rule", place=_place_of(r), found=f"{r.status}, {r.stderr_rule}")
    if r.status == "scored" and r.score is None:
        raise RefusedInput("a scored result without a score", place=_place_of(r))
    if r.stderr is not None and r.stderr < 0:
        raise RefusedInput("a negative standard error", place=_place_of(r), found=r.stderr)
    if r.n_samples is not None and r.n_samples <= 0:
        raise RefusedInput("not a number of questions", place=_place_of(r), found=r.n_samples)
    if r.n_correct is not None and (r.n_samples is None or not 0 <= r.n_correct <= r.n_samples):
        raise RefusedInput(
            "right answers that do not fit the number of questions", place=_place_of(r), found=r.n_correct
        )


def _place_of(result: Result) -> str:
    """Worked out only when it is needed: there are hundreds of thousands of results."""
    parts = (result.task, result.prompt, result.filter, result.metric)
    return " / ".join(part for part in parts if part)
