"""Per-question logs of lm-eval: JSON Lines since 0.4.3, one JSON array before, 0.3 ``--write_out`` files.

How a log meets its scores
--------------------------
A log holds one task of a run. Three cases:

1. The results file with the same time stamp lies beside it and holds the task. The log then gives a ``Run`` with the
   names and configuration of that results file, its ``stamp``, the samples and **no results**, and
   ``config["attach_to"]`` is the SHA-256 of the results file's bytes. Whoever stores it adds the samples to the run
   that was read from those bytes, and drops the key. (Where that run is not there, the results file was refused.)
2. A 0.3 log with the job's printed log beside it: a run of its own with the model, shots and limit of the printed line.
3. Nothing fits: a run of its own, named by folder or file.

In cases 2 and 3 the scores are recomputed from the rows and carry the flag ``from-samples``: 0/1 metrics with counts,
other numbers with their mean and the standard error of the mean. Rows of different filters are different scores.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from lib.errors import RefusedInput
from lib.schema.metrics import direction
from lib.schema.records import Parsed, Result, Run, Samples
from lib.sources.checkpoints import read_checkpoint
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_generations import generation_of
from lib.sources.lm_eval_groups import trimmed
from lib.sources.lm_eval_job_logs import PrintedRun, find_run
from lib.sources.lm_eval_model_args import name_in_folder, names_in, split_model_args
from lib.sources.lm_eval_results import is_results_file
from lib.sources.lm_eval_rows import MAX_NAME, Warnings
from lib.sources.lm_eval_run import date_in_path, read_run, stamp_of
from lib.sources.lm_eval_sample_rows import is_sample_row, is_written_out, samples_table
from lib.sources.readers import first_line_object, json_lines
from lib.stats.recovered import binomial_stderr

_STAMPED = re.compile(r"^samples_(?P<task>.+)_\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(\.\d+)?$")
_WITH_ARGUMENTS = re.compile(
    r"^pretrained(?:=|__)(?P<org>[\w.-]+?)__(?P<name>[A-Za-z0-9.-]+)(?:,[^/]*?(?:=|__)[^_,/]+)*_(?P<task>.+)$"
)
_ENDING = re.compile(r"\.(jsonl|json)$", re.IGNORECASE)
_LOG_ENDING = re.compile(r"[_-]?(write_out_info|logs?)$", re.IGNORECASE)


def is_samples_file(candidate: Candidate) -> bool:
    """Rows with a question's number and what was asked or answered, as lines or as an array."""
    if candidate.head[:1] == b"{":
        return is_sample_row(candidate.json if candidate.is_json_document else first_line_object(candidate.content))
    if candidate.head[:1] != b"[" or not candidate.is_json_document:
        return False
    rows = candidate.json
    return isinstance(rows, list) and bool(rows) and is_sample_row(rows[0])


def parse_samples(candidate: Candidate) -> Parsed:
    """One run with one task's log, as the module's text says.

    Raises:
        RefusedInput: A line or row that is not one, naming it; nothing of a damaged log is taken.
    """
    warnings = Warnings()
    rows = _rows(candidate)
    first = next(rows)
    task, names = _named_by_file(candidate.path)
    samples = samples_table(task, chain([first], rows), warnings)
    run = _attached(candidate, samples) or _alone(candidate, first, samples, names)
    run.samples = [samples]
    return Parsed(runs=[run], warnings=warnings.told())


def results_from_rows(samples: Samples) -> list[Result]:
    """The scores of a log, by filter and metric: means over the rows that have a number.

    Where all numbers are 0 or 1 they are counted. Their error is the standard error of the mean in any case.
    """
    filters = samples.table.column("filter").to_pylist()
    results = []
    for column in samples.table.column_names:
        if not column.startswith("metric:"):
            continue
        by_filter: dict[str, list[float]] = {}
        for name, value in zip(filters, samples.table.column(column).to_pylist(), strict=True):
            if value is not None:
                by_filter.setdefault(name, []).append(value)
        results += [_score(samples.task, column[7:], name, values) for name, values in by_filter.items()]
    return results


def _score(task: str, metric: str, filter_name: str, values: list[float]) -> Result:
    n = len(values)
    mean = sum(values) / n
    result = Result(
        task,
        metric,
        filter_name,
        score=mean,
        n_samples=n,
        higher_is_better=direction(metric, None),
        flags=("from-samples",),
    )
    if all(value in (0.0, 1.0) for value in values):
        result.n_correct = int(sum(values))
        result.stderr = binomial_stderr(result.n_correct, n) or None
        result.stderr_rule = "counts" if result.stderr else "none"
    elif n > 1:
        result.stderr = (sum((value - mean) ** 2 for value in values) / (n - 1) / n) ** 0.5 or None
        result.stderr_rule = "samples" if result.stderr else "none"
    return result


def _rows(candidate: Candidate) -> Iterator[dict[str, Any]]:
    """The rows, of JSON Lines one at a time."""
    is_array = candidate.head[:1] == b"["
    rows = candidate.json if is_array else (row for _, row in json_lines(candidate.content, file=candidate.name))
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise RefusedInput("not a row of a per-question log", place=f"row {number}", expected="an object")
        yield row


def _named_by_file(path: str) -> tuple[str, list[str]]:
    """Task, and names of the model, as far as folder and file name tell; the path itself is the last name."""
    folders, _, basename = path.rpartition("/")
    stem = _ENDING.sub("", basename)
    folder_name = name_in_folder(folders.rpartition("/")[2])
    names = [folder_name] if folder_name else []
    stamped = _STAMPED.match(stem)
    with_arguments = _WITH_ARGUMENTS.match(stem)
    if stamped:
        task = stamped["task"]
    elif with_arguments:
        task = with_arguments["task"]
        names.insert(0, f"{with_arguments['org']}/{with_arguments['name']}")
    else:
        task = _LOG_ENDING.sub("", stem) or stem
    return (trimmed(task) or "unnamed")[:MAX_NAME], [*names, path[:MAX_NAME] or "unnamed"]


def _attached(candidate: Candidate, samples: Samples) -> Run | None:
    """The run of the results file beside the log, without results, or None when there is none with this task."""
    stamp = stamp_of(candidate.path)
    if stamp is None:
        return None
    folder = candidate.path.rpartition("/")[0]
    for name in sorted(candidate.neighbours):
        if stamp_of(name) != stamp or name.startswith("samples_") or name == candidate.basename:
            continue
        content = candidate.neighbours.get(name)
        beside = Candidate(name, content) if content else None
        if beside is None or not is_results_file(beside):
            continue
        document = beside.json
        if samples.task not in {trimmed(task) for task in document["results"]}:
            continue
        run = read_run(document, generation_of(document), f"{folder}/{name}" if folder else name)
        run.config["attach_to"] = hashlib.sha256(beside.content).hexdigest()
        run.stamp = stamp
        return run
    return None


def _alone(candidate: Candidate, first: dict[str, Any], samples: Samples, names: list[str]) -> Run:
    results = results_from_rows(samples)
    old = is_written_out(first)
    run = Run(
        spellings=tuple(dict.fromkeys(names)),
        evaluator="lm-eval 0.3" if old else "lm-eval 0.4",
        evaluator_version=_version(first),
        results=results,
        evaluated_on=date_in_path(candidate.path),
        stamp=stamp_of(candidate.path),
        config={"scores": "from samples"},
    )
    if old:
        scores = {result.metric: result.score for result in results if result.score is not None}
        printed = find_run(candidate.neighbours, samples.task, scores)
        if printed is not None:
            _take_printed(run, printed)
    state = read_checkpoint(run.spellings, run.revision)
    run.revision, run.training_tokens, run.is_checkpoint = state
    return run


def _take_printed(run: Run, printed: PrintedRun) -> None:
    arguments = split_model_args(printed.arguments)
    run.model_args = arguments
    run.spellings = tuple(dict.fromkeys((*names_in(arguments), *run.spellings)))
    run.backend = printed.backend
    run.limit = printed.limit
    run.revision = arguments.get("revision") if isinstance(arguments.get("revision"), str) else None
    for result in run.results:
        result.n_shot = printed.n_shot
        if printed.limit is not None:
            result.flags = ("limited", *result.flags)


def _version(row: dict[str, Any]) -> str:
    if is_written_out(row):
        return "0.3"
    if "filter" in row:
        return "0.4.7+"
    return "0.4.3-0.4.6" if "prompt_hash" in row else "0.4.0-0.4.2"


SOURCE = Importer(
    name="lm-eval-samples",
    version=1,
    describes="lm-eval per-question logs, 0.3 --write_out to 0.5 development",
    recognise=is_samples_file,
    parse=parse_samples,
    priority=30,
)
