"""Reports of EvalScope: one JSON file is one model on one data set, with metrics by category and subset.

The first form names a metric and how it is averaged in one word (``mean_acc``), the second (``schema_version`` 2) in parts.
Scores are printed to four decimals with their number of questions, so that for shares of right answers the count follows.
A report says neither how many examples stood in the prompt nor whether all questions were asked.
"""

from __future__ import annotations

import re
from typing import Any

from lib.errors import RefusedInput
from lib.schema.metrics import direction
from lib.schema.records import Measured, Parsed, Result, Run
from lib.sources import other_tools as told
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_groups import repair_groups
from lib.sources.lm_eval_metrics import is_possible
from lib.sources.lm_eval_rows import MAX_SCORES, Warnings
from lib.sources.plain_csv import COUNTED
from lib.sources.readers import finite, whole

EVALUATOR = "evalscope"
DECIMALS = 4
WHOLE_SUBSETS = frozenset({"default", "main", "all", "default_subset", "test"})
"""Names of a subset that is the data set."""
SHARES = frozenset({"prompt_level_strict", "prompt_level_loose"})
"""Further metrics that are a share of the questions."""
PLAIN = ("mean", "micro_mean", "weighted_mean", "identity")
_MEAN = re.compile(r"^(?:Average|Weighted[Aa]verage|mean|weighted_average)[_ ]?", re.ASCII)
_STARTED = re.compile(r"(?:^|/)(20\d\d)([01]\d)([0-3]\d)_\d{6}/")


def is_report(candidate: Candidate) -> bool:
    """A JSON object with a data set, a model and metrics whose scores stand by category."""
    content = candidate.content
    if b'"dataset_name"' not in content or b'"metrics"' not in content or not candidate.is_json_document:
        return False
    document = candidate.json
    return (
        isinstance(document, dict)
        and all(isinstance(document.get(key), str) for key in ("dataset_name", "model_name"))
        and isinstance(document.get("metrics"), list)
        and any("categories" in metric for metric in told.rows(document["metrics"]))
    )


def parse_report(candidate: Candidate) -> Parsed:
    """One run with the data set's scores and those of its subsets.

    Raises:
        RefusedInput: No name of a model or data set, or no metric with a number.
    """
    document = candidate.json
    warnings = Warnings()
    model, dataset = told.name(document["model_name"]), told.name(document["dataset_name"])
    if model is None or dataset is None:
        raise RefusedInput("a report without its model or data set", place="model_name, dataset_name", expected="texts")
    run = Run(spellings=(model,), evaluator=EVALUATOR, evaluated_on=started_in(candidate.name))
    seen: set[tuple[str, str]] = set()
    for number, metric in enumerate(told.rows(document["metrics"])):
        for result in _read(dataset, metric, f"metrics[{number}]", warnings):
            if (result.task, result.metric) in seen:
                warnings.add(
                    f"metrics[{number}]: {result.task[:100]} with {result.metric[:100]} is there twice; skipped."
                )
                continue
            seen.add((result.task, result.metric))
            run.results.append(result)
            if len(run.results) > MAX_SCORES:
                raise RefusedInput("too many scores", place="metrics", expected=f"at most {MAX_SCORES:,}")
    if not any(result.score is not None for result in run.results):
        raise RefusedInput("no scores in it", place="metrics", expected="at least one metric with a number")
    run.measured = _measured(document, dataset)
    return Parsed(runs=[run], warnings=warnings.told())


def started_in(path: str) -> str | None:
    """The day of the run's folder (``outputs/20260117_154119/reports/...``), or None."""
    found = _STARTED.search(path)
    return told.day("-".join(found.groups())) if found else None


def metric_name(metric: dict[str, Any]) -> str | None:
    """A metric as others call it: a mean over questions by its bare name, other ways of averaging named behind it."""
    identity = metric.get("identity")
    if not isinstance(identity, dict):
        written = told.name(metric.get("name"))
        return None if written is None else _MEAN.sub("", written).lower() or written
    name, how = told.name(identity.get("name")), told.name(identity.get("aggregation")) or "mean"
    if name is None:
        return None
    said = told.part(identity.get("dimensions"))
    if how == "pass_at_k" and whole(said.get("k")):
        return f"pass@{said['k']}"
    details = [*([] if how in PLAIN else [how]), *(f"{key} {value}"[:60] for key, value in sorted(said.items()))]
    return told.name(f"{name} ({', '.join(details)})" if details else name)


def _read(dataset: str, metric: dict[str, Any], place: str, warnings: Warnings) -> list[Result]:
    """The row for the data set and, where it has several subsets, one for each."""
    name = metric_name(metric)
    if name is None:
        warnings.add(f"{place}: a metric without a usable name; skipped.")
        return []
    stated = told.part(metric.get("semantics")).get("direction")
    higher = {"higher_is_better": True, "lower_is_better": False}.get(stated) if isinstance(stated, str) else None
    cells: dict[str, list[Result]] = {}
    subsets = [
        subset
        for category in told.rows(metric.get("categories"))
        for subset in told.rows(category.get("subsets"))
        if subset.get("is_aggregate") is not True
    ]
    is_split = len(subsets) > 1
    for subset in subsets if is_split else ():
        task = told.name(f"{dataset}_{told.name(subset.get('name')) or ''}")
        if task is None or task in cells:
            warnings.add(f"{place}: a subset without a name of its own; skipped.")
            continue
        cells[task] = [_result(task, name, subset, higher)]
    whole_row = _result(dataset, name, metric, higher)
    if is_split:
        parts = list(cells)
        cells[dataset] = [whole_row]
        repair_groups(cells, {dataset: parts}, are_errors_reliable=False, warnings=warnings)
        if whole_row.n_correct is not None and whole_row.n_samples:
            whole_row.score = whole_row.n_correct / whole_row.n_samples
    else:
        cells[dataset] = [whole_row]
    return [result for results in cells.values() for result in results]


def _result(task: str, metric: str, row: dict[str, Any], higher: bool | None) -> Result:
    score, n = finite(row.get("score")), whole(row.get("num")) or None
    result = Result(task, metric, n_samples=n, higher_is_better=direction(metric, higher))
    if score is None or (n is None and row.get("num") == 0):
        # A report writes 0 where nothing was scored.
        result.status = "missing"
        return result
    result.score = result.score_published = score
    if not is_possible(metric, score):
        result.flags = ("out-of-range",)
    elif metric in COUNTED or metric in SHARES:
        told.count_printed(result, DECIMALS)
    if result.stderr is None and result.n_correct is None:
        result.flags = (*result.flags, "stderr-missing")
    return result


def _measured(document: dict[str, Any], dataset: str) -> dict[str, Measured]:
    """Tokens over all requests; times are per request and say nothing of the whole."""
    summary = told.part(told.part(document.get("perf_metrics")).get("summary"))
    usage = told.part(summary.get("usage"))
    measured = Measured(
        n_requests=whole(summary.get("n_samples")),
        tokens_in=whole(usage.get("total_input_tokens"), at_most=2**53),
        tokens_out=whole(usage.get("total_output_tokens"), at_most=2**53),
    )
    return {dataset: measured} if measured.tokens_in or measured.tokens_out else {}


SOURCE = Importer(
    name="evalscope-report",
    version=1,
    describes="reports of EvalScope",
    recognise=is_report,
    parse=parse_report,
    priority=40,
)
