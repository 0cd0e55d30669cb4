"""What an importer hands over: runs with results and samples, rows of catalogue tables, warnings.

Importers are pure: bytes in, these records out. Nothing here knows the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

Status = Literal["scored", "failed", "refused", "unparsed", "missing"]
RunKind = Literal["raw", "board", "transcription"]

STDERR_RULES = {
    "counts": "from the counts of right answers",
    "published": "as the evaluator printed it",
    "leaves": "recomputed from the sub-tasks",
    "samples": "from the values per question",
    "board": "by the rule for this column of the board",
    "none": "no standard error can be had",
}


@dataclass(slots=True)
class Result:
    """One score. Identity inside its run: task, prompt, filter, metric.

    Scores are in the unit of the metric (fractions for accuracies). ``score`` and ``stderr`` are what
    we use, ``*_published`` what the file says; unknown is None, never 0. ``n_correct`` is set only for
    0/1 metrics. ``stderr_rule`` is a key of ``STDERR_RULES``. ``flags`` are keys of ``schema.flags.FLAGS``.
    ``group`` is the direct parent of a sub-task; ``is_group`` rows never enter a mean over tasks.
    """

    task: str
    metric: str
    filter: str = "none"
    prompt: str = ""
    score: float | None = None
    stderr: float | None = None
    n_samples: int | None = None
    n_correct: int | None = None
    score_published: float | None = None
    stderr_published: float | None = None
    n_shot: int | None = None
    task_version: str | None = None
    task_hash: str | None = None
    higher_is_better: bool | None = None
    is_group: bool = False
    group: str | None = None
    stderr_rule: str = "none"
    is_approximate: bool = False
    flags: tuple[str, ...] = ()
    status: Status = "scored"


@dataclass(slots=True)
class Samples:
    """Per-question log of one task of a run, as an Arrow table.

    Columns: sample_id (int64), filter, doc_hash, prompt_hash, target_hash, doc, prompt, target, responses,
    filtered (all text; structures as JSON), and one float64 column ``metric:<name>`` per metric
    (null where the row's value is not a number). One row per question and filter, in file order; several where a
    question was answered several times. Logs of other tools than lm-eval also have ``status`` (a ``Status``): what became
    of the question.
    """

    task: str
    table: pa.Table


@dataclass(frozen=True, slots=True)
class Measured:
    """What answering one task took, as whoever ran it measured it. Unknown is None, never 0.

    Args:
        n_requests: Requests to the model, which are more than questions where each choice is one.
        tokens_in, tokens_out: Read and written over all requests.
        seconds: Of answering, without loading the model; load_seconds: of loading it.
        peak_memory_bytes: Of the process; device_memory_bytes: of the accelerator.
        energy_wh: Of the machine or the device while answering.
        cost_usd: What an endpoint asked for these tokens.
        model_bytes: Of the weights as they are held; of a classical model as it is saved.
        fit_seconds: Of training a classical model, which is done on the spot.
        device: ``cpu``, or the name of the accelerator.
        is_resumed: Begun by one process and ended by another, with the answers that the first had kept; times and counts
            are of both.
    """

    n_requests: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    seconds: float | None = None
    load_seconds: float | None = None
    peak_memory_bytes: int | None = None
    device_memory_bytes: int | None = None
    energy_wh: float | None = None
    cost_usd: float | None = None
    model_bytes: int | None = None
    fit_seconds: float | None = None
    device: str | None = None
    is_resumed: bool = False


@dataclass(slots=True)
class Run:
    """One model under one configuration.

    Args:
        spellings: Names to resolve, best first (``pretrained=`` value, ``model_name``, folder, ...).
            The first is shown as "as written". Never empty: an importer that finds no name refuses or uses the file's path.
        kind: raw (written by the evaluator), board (a leaderboard's table), transcription (typed from a document).
        evaluator: Family of the protocol table: ``lm-eval 0.3``, ``lm-eval 0.4``, ``fork:<name>``, ``board:<name>``,
            ``document``, or another tool's name.
        document: For published numbers: source, table and note joined by `` | ``; printed numbers compare inside one.
        training_tokens: Tokens seen, where the run is of a checkpoint and the file or the catalogue says so; else None.
        is_checkpoint: True when the run is of an unfinished training state.
        limit: ``--limit`` as written, None for a full run.
        chat_template, system_instruction: "none", a short digest of the text, or None for unknown.
        params_reported: Parameter count that the file or board states, as a count; None if absent or not positive.
        model_args, config: The rest of what the file says about how it was run; JSON-able, secrets removed.
        measured: What answering took, by task; not part of the run's identity.
    """

    spellings: tuple[str, ...]
    evaluator: str
    kind: RunKind = "raw"
    results: list[Result] = field(default_factory=list)
    samples: list[Samples] = field(default_factory=list)
    document: str | None = None
    evaluator_version: str | None = None
    harness_commit: str | None = None
    backend: str | None = None
    revision: str | None = None
    training_tokens: int | None = None
    is_checkpoint: bool = False
    dtype: str | None = None
    quantisation: str | None = None
    limit: str | None = None
    seeds: str | None = None
    chat_template: str | None = None
    system_instruction: str | None = None
    is_multiturn: bool | None = None
    start_token: str | None = None
    evaluated_on: str | None = None
    total_seconds: float | None = None
    params_reported: int | None = None
    model_args: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    measured: dict[str, Measured] = field(default_factory=dict)
    stamp: str | None = None
    """Time stamp in the file name, which joins a results file to its samples files; not part of the identity."""


@dataclass(slots=True)
class Parsed:
    """Everything one file holds.

    Args:
        runs: Evaluations in it.
        tables: Rows for catalogue tables, by table name of ``lib.store.tables`` (``models``, ``model_facts``,
            ``model_aliases``, ``rumours``, ``tasks``, ``task_patterns``, ``prices``, ``hardware``) or, for a
            reference table, ``reference:<name>``. Each row is a dictionary of column to value.
        warnings: What was skipped or repaired, one sentence each with its place.
    """

    runs: list[Run] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
