"""The rows of ``results`` in an lm-eval file as cells: one score with its printed error, nothing repaired but counts.

A *cell* is a ``Result`` of one task, metric and filter. Here a task stands alone; groups are
``lm_eval_groups``'s matter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.schema.metrics import direction
from lib.schema.records import Result
from lib.sources.lm_eval_metrics import NOT_METRICS, OWN_DENOMINATOR, ZERO_ONE, is_possible
from lib.stats.recovered import binomial_stderr, correct_count, counts_from_stderr

MAX_NAME = 300
"""Longer names of tasks, metrics and filters are not stored."""
MAX_TASKS = 20_000
MAX_SCORES = 200_000
"""Most numbers in one file; the largest known has a few thousand."""
LARGEST = 1e100
"""Numbers beyond are no scores and count as infinite: no perplexity comes near, and sums of them overflow."""
MAX_WARNINGS = 50
PARSED, OF_PARSED = "parsed", "mase"
"""Share of the answers that could be read, and the score that is of these alone (``lib.evals.child.series_score``)."""


class TaskFacts(NamedTuple):
    """What a file says about one task beside its scores; None for unknown."""

    n_samples: int | None = None
    n_shot: int | None = None
    version: str | None = None
    hash: str | None = None
    directions: dict[str, Any] = {}  # noqa: RUF012  (read only)


class Warnings(list[str]):
    """What was skipped, one sentence each; of a flood only the first ``MAX_WARNINGS`` and their number."""

    n_dropped = 0

    def add(self, sentence: str) -> None:
        if len(self) < MAX_WARNINGS:
            self.append(sentence)
        else:
            self.n_dropped += 1

    def told(self) -> list[str]:
        more = [f"{self.n_dropped} more of this kind."] if self.n_dropped else []
        return [*self, *more]


@lru_cache(maxsize=8192)
def split_key(key: str) -> tuple[str, str, bool]:
    """Metric, filter, and whether the value is a standard error: ``acc_stderr,none`` is ``("acc", "none", True)``."""
    metric, comma, name = key.partition(",")
    is_error = metric.endswith("_stderr") and metric != "_stderr"
    if is_error:
        metric = metric[: -len("_stderr")]
    return metric.strip(), (name.strip() or "none") if comma else "none", is_error


def read_cells(task: str, row: dict[str, Any], facts: TaskFacts, warnings: Warnings) -> list[Result]:
    """The scores of one row, with counts and errors that follow from this row alone.

    Metrics whose value is not a number are skipped with a warning; NaN and Infinity give a row with the status
    ``missing``. ``bypass`` (a run without scoring) is dropped.
    """
    errors: dict[tuple[str, str], Any] = {}
    scores: dict[tuple[str, str], float] = {}
    for key, value in row.items():
        if key in NOT_METRICS:
            continue
        metric, filter_name, is_error = split_key(key)
        if is_error:
            errors[metric, filter_name] = value
        elif type(value) is float or type(value) is int:
            if (metric, filter_name) in scores:
                warnings.add(f"results.{task[:100]}.{key[:100]}: the metric is there twice; the first is kept.")
            scores.setdefault((metric, filter_name), value)
        elif metric != "alias":
            warnings.add(f"results.{task[:100]}.{key[:100]}: {_kind(value)} is not a score; skipped.")
    cells = []
    for (metric, filter_name), value in scores.items():
        if metric == "bypass":
            warnings.add(f"results.{task[:100]}.bypass: a run without scoring; skipped.")
        elif not metric or len(metric) > MAX_NAME or len(filter_name) > MAX_NAME:
            warnings.add(f"results.{task[:100]}: a metric without a usable name; skipped.")
        else:
            cells.append(_cell(task, metric, filter_name, value, errors.get((metric, filter_name), _ABSENT), facts))
    if facts.n_samples is None:
        _share_counts(cells)
    return cells + _of_parsed(task, cells, facts)


_ABSENT = object()


def _cell(task: str, metric: str, filter_name: str, value: float, error: Any, facts: TaskFacts) -> Result:
    """One score. Every field in one go: a first start makes 160,000 of these."""
    stated, n_shot, version, digest, directions = facts
    higher = direction(metric, directions.get(metric))
    score = float(value)
    if not abs(score) <= LARGEST:
        return Result(
            task, metric, filter_name, n_samples=stated, n_shot=n_shot, task_version=version, task_hash=digest,
            higher_is_better=higher, flags=("not-a-number",), status="missing",
        )  # fmt: skip
    printed, flag = _printed_error(error)
    flags = (flag,) if flag else ()
    if not is_possible(metric, score):
        flags = ("out-of-range", *flags)
    n, k = stated, None
    recovered = counts_from_stderr(score, printed) if printed else None
    if recovered is not None:
        n, k = recovered
        if stated is None:
            flags = (*flags, "n-recovered")
        elif n != stated and metric in ZERO_ONE:
            flags = (*flags, "n-disagrees")
    elif stated is not None:
        if not printed and metric in ZERO_ONE:
            # No error, or 0: the name says 0/1, and the score must be a whole number of right answers.
            k = correct_count(score, stated)
        elif metric.startswith(OWN_DENOMINATOR):
            n = None
    stderr, rule = error_from(n, k, printed)
    return Result(
        task, metric, filter_name, "", score, stderr, n, k, score, printed, n_shot, version, digest, higher,
        False, None, rule, False, flags,
    )  # fmt: skip


def _printed_error(error: Any) -> tuple[float | None, str]:
    """The printed standard error as a number, and the flag that it earns. ``N/A`` and text are missing, never 0."""
    if type(error) is float or type(error) is int:
        number = float(error)
        if 0 < number <= LARGEST:
            return number, ""
        if number == 0:
            return number, "stderr-zero"
        return None, "out-of-range" if number < 0 else "not-a-number"
    return None, "stderr-missing"


def error_from(n_samples: int | None, n_correct: int | None, printed: float | None) -> tuple[float | None, str]:
    """The error that we use and its rule: from counts, else as printed; none where the printed one is 0."""
    if n_correct is not None and n_samples is not None:
        stderr = binomial_stderr(n_correct, n_samples)
        return (stderr, "counts") if stderr else (None, "none")
    return (printed, "published") if printed else (None, "none")


def _of_parsed(task: str, cells: list[Result], facts: TaskFacts) -> list[Result]:
    """Forecasts are scored where a number can be read in the answer: their number is that of these, not of all.

    Where none can be read there is no score, and a row says why.
    """
    added = []
    for share in (cell for cell in cells if cell.metric == PARSED and cell.score is not None):
        scored = [cell for cell in cells if cell.metric == OF_PARSED and cell.filter == share.filter]
        for cell in scored:
            if cell.n_samples and share.score is not None and share.score < 1:
                cell.n_samples = round(share.score * cell.n_samples) or None
                cell.flags = (*cell.flags, "partly-parsed")
        if not scored and share.score == 0:
            n, shots, version, digest, directions = facts
            higher = direction(OF_PARSED, directions.get(OF_PARSED))
            added.append(
                Result(
                    task,
                    OF_PARSED,
                    share.filter,
                    n_samples=n,
                    n_shot=shots,
                    task_version=version,
                    task_hash=digest,
                    higher_is_better=higher,
                    status="unparsed",
                )
            )
    return added


def _share_counts(cells: list[Result]) -> None:
    """Give the number of questions that some metrics of a task reveal to its other metrics, if they agree."""
    if all(cell.n_samples for cell in cells):
        return
    found = {c.n_samples for c in cells if c.n_samples and not c.metric.startswith(OWN_DENOMINATOR)}
    if len(found) != 1:
        return
    n = found.pop()
    for cell in cells:
        if cell.n_samples is None and cell.score is not None and not cell.metric.startswith(OWN_DENOMINATOR):
            cell.n_samples = n
            cell.flags = (*cell.flags, "n-recovered")
            if cell.metric in ZERO_ONE and not cell.stderr_published:
                cell.n_correct = correct_count(cell.score, n or 0)
                cell.stderr, cell.stderr_rule = error_from(n, cell.n_correct, None)


def check_rows(results: dict[str, Any]) -> None:
    """Refuse what is not rows at all.

    Raises:
        RefusedInput: No task, too many tasks or numbers, or a task whose value is not an object.
    """
    if not results:
        raise RefusedInput("no scores in it", place="results", expected="at least one task")
    if len(results) > MAX_TASKS:
        raise RefusedInput("too many tasks", place="results", expected=f"at most {MAX_TASKS}", found=len(results))
    for task, row in results.items():
        if not isinstance(row, dict):
            raise RefusedInput(
                "not the scores of a task",
                place=f"results.{task[:100]}",
                expected="an object of metrics",
                found=row if isinstance(row, str | int | float) else _kind(row),
            )
    n_numbers = sum(map(len, results.values()))
    if n_numbers > MAX_SCORES:
        raise RefusedInput("too many scores", place="results", expected=f"at most {MAX_SCORES:,}", found=n_numbers)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {str: "a text", bool: "a boolean", list: "a list", dict: "an object"}
    return names.get(type(value), "a value")
