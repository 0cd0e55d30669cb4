"""Records of Every Eval Ever, the shared format of the EvalEval Coalition: one JSON document per model and evaluation.

Read from the public schema, versions 0.1 to 0.2 (``eval.schema.json`` in the repository evaleval/every_eval_ever).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from lib.errors import RefusedInput
from lib.schema.metrics import direction
from lib.schema.records import Parsed, Result, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.plain_csv import COUNTED
from lib.sources.readers import finite, text, whole
from lib.stats.board_columns import proportion_stderr, recover_count

REQUIRED = ("schema_version", "evaluation_id", "model_info", "evaluation_results")
LM_EVAL = ("lmeval", "lmevaluationharness", "lmevalharness")
UNKNOWN = ("unknown", "n/a", "none", "")
LONGEST_METRIC = 60
_FILTERED = re.compile(r"(\S+) \(filter: ([^()]+)\)")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800  # 2000 and 2100 in Unix seconds


def recognise(candidate: Candidate) -> bool:
    content = candidate.content
    if b'"evaluation_results"' not in content or b'"model_info"' not in content or not candidate.is_json_document:
        return False
    record = candidate.json
    return isinstance(record, dict) and all(key in record for key in REQUIRED)


def parse(candidate: Candidate) -> Parsed:
    """One run with one result per entry of ``evaluation_results``.

    A record of a leaderboard is of the board that its ``evaluation_id`` names; one of an evaluation run is of its
    library. Scores stay as they are; a confidence interval without a standard error is left out, because records
    use its bounds in two ways (as values and as distances).

    Raises:
        RefusedInput: With the key path, where a required part is missing or of another kind.
    """
    record = candidate.json
    try:
        return _parse(record)
    except RefusedInput as refusal:
        raise refusal.in_file(candidate.name) from None


def _parse(record: dict[str, Any]) -> Parsed:
    model = _object(record["model_info"], "model_info")
    source = _object(record.get("source_metadata") or {}, "source_metadata")
    entries = record["evaluation_results"]
    if not isinstance(entries, list) or not entries:
        raise RefusedInput("no results", place="evaluation_results", expected="a list of results", found=entries)
    spellings = tuple(dict.fromkeys(filter(None, (_known(model.get("id")), _known(model.get("name"))))))
    if not spellings:
        raise RefusedInput("the record names no model", place="model_info.id", expected="a text", found=model.get("id"))
    run = _run(record, model, source, spellings)
    parsed = Parsed(runs=[run])
    seen: set[tuple[str, str, str]] = set()
    n_intervals = 0
    for i, entry in enumerate(entries):
        place = f"evaluation_results[{i}]"
        result, has_interval = _result(_object(entry, place), place, run)
        n_intervals += has_interval
        identity = (result.task, result.filter, result.metric)
        if identity in seen:
            parsed.warnings.append(f"{place}: left out, {result.task} with {result.metric} came before")
            continue
        seen.add(identity)
        run.results.append(result)
    if n_intervals:
        parsed.warnings.append(f"{n_intervals} confidence intervals left out: the record does not say how to read them")
    return parsed


def _run(record: dict[str, Any], model: dict[str, Any], source: dict[str, Any], spellings: tuple[str, ...]) -> Run:
    details = _details(model)
    library = _optional(record.get("eval_library"))
    version = _known(library.get("version")) or _known(details.get("lm_eval_version"))
    is_board = source.get("source_type") != "evaluation_run"
    engine = _optional(model.get("inference_engine"))
    kept = {
        "evaluation_id": text(record["evaluation_id"]),
        "source_name": text(source.get("source_name")),
        "source_organization": text(source.get("source_organization_name")),
        "evaluator_relationship": text(source.get("evaluator_relationship")),
        "inference_platform": _known(model.get("inference_platform")),
    }
    name = _known(library.get("name")) or _known(source.get("source_name"))
    return Run(
        spellings=spellings,
        evaluator=_board(record, source) if is_board else _evaluator(name, version),
        kind="board" if is_board else "transcription",
        evaluator_version=version,
        backend=_known(engine.get("name")),
        revision=_known(details.get("revision")) or _known(details.get("sha")),
        dtype=(_known(details.get("dtype")) or _known(details.get("precision")) or "").removeprefix("torch.") or None,
        evaluated_on=_day(record.get("evaluation_timestamp")),
        params_reported=_params(details),
        config={key: value for key, value in kept.items() if value is not None},
    )


def _result(entry: dict[str, Any], place: str, run: Run) -> tuple[Result, bool]:
    """One score, and whether it came with an interval that was left out."""
    metric_config = _object(entry.get("metric_config"), f"{place}.metric_config")
    score_details = _object(entry.get("score_details"), f"{place}.score_details")
    source_data = _optional(entry.get("source_data"))
    uncertainty = _optional(score_details.get("uncertainty"))
    name = text(entry.get("evaluation_name"))
    if name is None:
        raise RefusedInput("a result without a name", place=f"{place}.evaluation_name", expected="a text")
    task, metric, kept_by = _meaning(name, metric_config, source_data, run)
    lower = metric_config.get("lower_is_better")
    stderr = finite(_optional(uncertainty.get("standard_error")).get("value"))
    n, is_limited = _n_samples(uncertainty, source_data)
    result = Result(
        task=task,
        metric=metric,
        filter=kept_by,
        stderr=stderr if stderr is not None and stderr >= 0 else None,
        n_samples=n,
        n_shot=_shots(entry),
        higher_is_better=direction(metric, not lower if isinstance(lower, bool) else None),
        flags=("limited",) if is_limited else (),
    )
    result.stderr_published = result.stderr
    result.stderr_rule = "none" if result.stderr is None else "published"
    if is_limited:
        run.limit = str(n)
    _score(result, score_details, metric_config, f"{place}.score_details.score")
    has_interval = stderr is None and isinstance(
        uncertainty.get("confidence_interval") or score_details.get("confidence_interval"), dict
    )
    return result, has_interval


def _score(result: Result, details: dict[str, Any], config: dict[str, Any], place: str) -> None:
    """Put the score into ``result``, with counts where it is a share of right answers to a known number."""
    written = details.get("score")
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise RefusedInput("a score that is no number", place=place, expected="a number", found=written)
    if not math.isfinite(written):
        result.status, result.flags = "unparsed", (*result.flags, "not-a-number")
        return
    if written == -1 and config.get("has_unknown_level") is True:
        result.status = "missing"
        return
    result.score = result.score_published = float(written)
    low, high = finite(config.get("min_score")), finite(config.get("max_score"))
    if (low is not None and written < low) or (high is not None and written > high):
        result.flags = (*result.flags, "out-of-range")
        return
    if result.n_samples is None or result.metric not in COUNTED:
        return
    counted = recover_count(result.score, result.n_samples, decimals=10)
    if counted is None:
        return
    result.n_correct = counted.n_correct
    if result.stderr is None:
        result.stderr = proportion_stderr(counted.proportion, counted.n_samples)
        result.stderr_rule = "counts"
        result.flags = (*result.flags, "stderr-zero") if result.stderr == 0 else result.flags


def _meaning(name: str, config: dict[str, Any], source: dict[str, Any], run: Run) -> tuple[str, str, str]:
    """Task, metric and filter of a result.

    Converted lm-eval results write ``task/filter`` and ``metric (filter: f)``. Elsewhere the name may be that of a
    language or a scorer; the data set stands before it then, so that two data sets never meet under one name.
    """
    described = text(config.get("metric_name")) or text(config.get("evaluation_description")) or ""
    if run.evaluator.startswith("lm-eval"):
        filtered = _FILTERED.fullmatch(described)
        if filtered:
            return name.removesuffix(f"/{filtered[2]}"), filtered[1], filtered[2]
        return name, described if described and " " not in described else "score", "none"
    metric = described if 0 < len(described) <= LONGEST_METRIC else "score"
    dataset = _known(source.get("dataset_name"))
    if dataset is None or _key(name).startswith(_key(dataset)) or _key(dataset).startswith(_key(name)):
        return name, metric, "none"
    return f"{dataset}: {name}", metric, "none"


def _n_samples(uncertainty: dict[str, Any], source: dict[str, Any]) -> tuple[int | None, bool]:
    """Number of questions that the score is of, and whether that is only a part of the data set."""
    n = whole(uncertainty.get("num_samples")) or None
    all_of_them = whole(source.get("samples_number")) or None
    asked = source.get("sample_ids")
    if n is None and isinstance(asked, list) and asked:
        n = len(asked)
    return n, n is not None and all_of_them is not None and n < all_of_them


def _shots(entry: dict[str, Any]) -> int | None:
    details = _optional(_optional(entry.get("generation_config")).get("additional_details"))
    written = details.get("num_fewshot", details.get("n_shot"))
    if isinstance(written, str) and written.isascii() and written.isdigit() and len(written) < 5:
        return int(written)
    return whole(written, at_most=9999)


def _board(record: dict[str, Any], source: dict[str, Any]) -> str:
    name = (text(record["evaluation_id"]) or "").split("/")[0] or text(source.get("source_name")) or "unknown"
    return "board:" + re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")


def _evaluator(name: str | None, version: str | None) -> str:
    """Family of the evaluator: lm-eval by major generation, others by name."""
    if name is None:
        return "unknown evaluator"
    if _key(name) not in LM_EVAL:
        return name.lower()
    found = _VERSION.match(version or "")
    if found is None:
        return "lm-eval of unknown version"
    return "lm-eval 0.4" if (int(found[1]), int(found[2])) >= (0, 4) else "lm-eval 0.3"


def _params(details: dict[str, Any]) -> int | None:
    """Parameter count in the details of the model: a count, or billions; None when absent or not positive."""
    for key, scale in (("num_parameters", 1.0), ("params_billions", 1e9)):
        written = details.get(key)
        try:
            value = finite(float(written) if isinstance(written, str) else written)
        except ValueError:
            continue
        if value is not None and 0 < value * scale < 1e15:
            return max(1, round(value * scale))
    return None


def _day(written: Any) -> str | None:
    """ISO date of a Unix time stamp (number or text), or the date at the head of an ISO text; None for others."""
    if isinstance(written, str) and re.match(r"\d{4}-\d\d-\d\d", written):
        return written[:10]
    try:
        seconds = finite(float(written) if isinstance(written, str) else written)
    except ValueError:
        return None
    if seconds is None or not _EARLIEST <= seconds <= _LATEST:
        return None
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _known(value: Any) -> str | None:
    found = text(value)
    return None if found is None or found.lower() in UNKNOWN else found


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _details(part: dict[str, Any]) -> dict[str, Any]:
    return _optional(part.get("additional_details"))


def _optional(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RefusedInput("a part of the record is missing", place=place, expected="an object", found=value)
    return value


SOURCE = Importer(
    name="every-eval-ever",
    version=2,
    describes="records of Every Eval Ever",
    recognise=recognise,
    parse=parse,
)
