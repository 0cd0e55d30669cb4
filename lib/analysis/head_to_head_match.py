"""Two models or runs, task by task: which two results stand against each other, and may they?

A side is a frame of results: those of a model's finished runs, or those of one run. ``compare`` decides about every two
results of one task, prompt, metric and filter; of those that may be compared, each benchmark (for two runs: each task and
prompt) shows one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import pandas as pd

from lib.analysis.comparability import CAUTION, COMPARABLE, NOT_COMPARABLE, Comparison, compare, task_name
from lib.analysis.group_parts import Results, shared_parts
from lib.analysis.labels import evaluator_label
from lib.analysis.measurements import PRECEDENCE
from lib.analysis.protocols import FAMILY
from lib.schema.boards import LEADERBOARD_SIX
from lib.store.benchmarks import filter_rank, metric_rank

Row = Mapping[str, Any]
Log = tuple[int, str]
"""A log of single questions: run id and task."""
OTHER_METRIC = 1000
NEVER = "never"
"""The way of measuring that is none: the two share tasks, and may not be compared on any."""
_RANK = {COMPARABLE: 0, CAUTION: 1, NOT_COMPARABLE: 2}


class Match(NamedTuple):
    """Two results of one task.

    Args:
        a, b: Rows of ``Frames.scores``.
        comparison: What ``compare`` says.
        has_logs: Whether single questions of both are stored, of the task or of every part of a group.
        way: How it was measured (key of ``Matches.ways``).
        parts: Of a group without a log of its own whose parts have logs in both runs; its answers are theirs.
        is_weighted: How its score weighs them: by questions, or each part the same.
    """

    a: Row
    b: Row
    comparison: Comparison
    has_logs: bool
    way: str
    parts: tuple[Match, ...] = ()
    is_weighted: bool = True

    @property
    def logs(self) -> tuple[Log, Log]:
        return (int(self.a["run_id"]), str(self.a["task"])), (int(self.b["run_id"]), str(self.b["task"]))


class Matches(NamedTuple):
    """What two sides share.

    Args:
        of: Way of measuring to its matches, one per benchmark (runs: per task and prompt), in order.
        ways: Way to words, the default first: the one with all six of the leaderboard, then that with most tasks that can
            be tested, then most tasks.
        never: Benchmarks that both were measured on, and never in a way that may be compared.
    """

    of: dict[str, list[Match]]
    ways: dict[str, str]
    never: list[str]


def side_of_model(scores: pd.DataFrame, is_variant: bool) -> pd.DataFrame:
    """Results that speak for a model: finished, whole, and not of quantised weights unless the model is such a variant.

    Args:
        scores: ``Frames.scores_of`` its runs.
    """
    kept = usable(scores)
    kept = kept[~kept["is_checkpoint"].astype(bool) & _empty(kept["limit"])]
    return kept if is_variant else kept[_empty(kept["quantisation"])]


def usable(scores: pd.DataFrame) -> pd.DataFrame:
    """Results with a possible score, a metric and an evaluator."""
    is_possible = ~scores["flags"].astype(object).fillna("").astype(str).str.contains(r"\bout-of-range\b", regex=True)
    is_named = ~_empty(scores["metric"]) & ~_empty(scores["filter"]) & ~_empty(scores["evaluator"])
    return scores[((scores["status"] == "scored") & scores["score"].notna() & is_possible & is_named).to_numpy(bool)]


def whole_benchmarks(scores: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Without parts of other benchmarks; all of them where there is nothing but parts."""
    part_of = scores["benchmark"].map(catalogue["part_of"]).astype(object).fillna("")
    whole = scores[(part_of == "").to_numpy(bool)]
    return whole if len(whole) else scores


def matches(
    a: pd.DataFrame,
    b: pd.DataFrame,
    catalogue: pd.DataFrame,
    logs: Iterable[Log],
    *,
    each: Literal["benchmark", "task"],
    tasks: Iterable[str] = (),
) -> Matches:
    """Which results of A stand against which of B.

    Args:
        a, b: Sides.
        catalogue: ``Frames.benchmarks``.
        logs: Stored logs of their runs.
        each: One match per benchmark, for models; or per task and prompt, for runs, those that may not be compared included.
        tasks: Benchmarks or tasks asked for by name; without any, whole benchmarks.
    """
    wanted, stored = set(tasks), set(logs)
    found_parts = _Parts(a, b, catalogue, stored)
    if wanted:
        a, b = (side[side["benchmark"].isin(wanted) | side["task"].isin(wanted)] for side in (a, b))
    else:
        a, b = (whole_benchmarks(side, catalogue) for side in (a, b))
    best: dict[tuple[str, tuple[str, ...]], tuple[tuple[Any, ...], Match]] = {}
    refused: dict[tuple[str, ...], tuple[tuple[Any, ...], Match]] = {}
    default = {str(name): str(one) for name, one in catalogue["default_metric"].dropna().items()}
    for one, other in _of_one_task(a, b):
        match = found_parts.with_parts(_matched(one, other, stored))
        place = _place(one, each)
        rank = _rank(match, default)
        is_refused = match.comparison.verdict == NOT_COMPARABLE
        if is_refused and (place not in refused or rank < refused[place][0]):
            refused[place] = (rank, match)
        if not is_refused and ((match.way, place) not in best or rank < best[match.way, place][0]):
            best[match.way, place] = (rank, match)
    of: dict[str, list[Match]] = {}
    for (way, _), (_, match) in sorted(best.items(), key=lambda item: item[0]):
        of.setdefault(way, []).append(match)
    done = {place for _, place in best}
    left = {place: match for place, (_, match) in sorted(refused.items()) if place not in done}
    if left and (each == "task" or not of):
        for way in list(of) or [NEVER]:
            of.setdefault(way, []).extend(left.values())
    if not wanted:
        of = {way: _without_parts(found) for way, found in of.items()}
    ways = sorted(of, key=lambda way: _width(of[way]), reverse=True)
    never = list(dict.fromkeys(place[0] for place in left)) if of.get(NEVER) is None and each == "benchmark" else []
    return Matches(
        {way: _ordered(of[way], catalogue) for way in ways}, {way: _in_words(way, of[way]) for way in ways}, never
    )


def _of_one_task(a: pd.DataFrame, b: pd.DataFrame) -> Iterable[tuple[Row, Row]]:
    """Every two results of one task, prompt, metric and filter."""
    having: dict[tuple[str, ...], list[Row]] = {}
    for row in b.to_dict("records"):
        having.setdefault(_task_key(row), []).append({str(k): v for k, v in row.items()})
    for row in a.to_dict("records"):
        one = {str(k): v for k, v in row.items()}
        for other in having.get(_task_key(row), ()):
            yield one, other


def _task_key(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        str(row["benchmark"]), task_name(str(row["task"])), text(row["prompt"]), str(row["metric"]), str(row["filter"]),
    )  # fmt: skip


def _place(row: Row, each: str) -> tuple[str, ...]:
    """What has one line in the table."""
    if each == "benchmark":
        return (str(row["benchmark"]),)
    return str(row["benchmark"]), task_name(str(row["task"])), text(row["prompt"])


def _matched(a: Row, b: Row, stored: set[Log]) -> Match:
    has_logs = (int(a["run_id"]), str(a["task"])) in stored and (int(b["run_id"]), str(b["task"])) in stored
    digest = hashlib.sha256("\x1f".join(text(a[field]) for field in FAMILY).encode()).hexdigest()[:8]
    return Match(a, b, compare(a, b), has_logs, digest)


class _Parts:
    """The parts of groups on both sides, looked for once and only where logs are stored."""

    def __init__(self, a: pd.DataFrame, b: pd.DataFrame, catalogue: pd.DataFrame, stored: set[Log]) -> None:
        part_of = {str(name): text(whole) for name, whole in catalogue["part_of"].items()} if stored else {}
        runs = {run for run, _ in stored}
        self._stored = stored
        self._results = [Results(side[side["run_id"].isin(runs)], part_of) if stored else None for side in (a, b)]

    def with_parts(self, match: Match) -> Match:
        """The match as it is, or with its parts where it is a group whose parts all have logs in both runs."""
        if match.has_logs or not (bool(match.a["is_group"]) and bool(match.b["is_group"])):
            return match
        one, other = (
            None if of is None else of.parts(row) for of, row in zip(self._results, (match.a, match.b), strict=True)
        )
        shared = shared_parts(one, other)
        if shared is None or one is None:
            return match
        parts = tuple(_matched(x, y, self._stored) for x, y in shared)
        if not all(part.has_logs for part in parts):
            return match
        return match._replace(has_logs=True, parts=parts, is_weighted=one.is_weighted)


def _rank(match: Match, default: Mapping[str, str]) -> tuple[Any, ...]:
    """Smaller goes first: usual metric, comparable, can be tested, single answers, better source, more questions, newer."""
    a, b = match.a, match.b
    metric, kind, benchmark = str(a["metric"]), str(a["filter"]), str(a["benchmark"])
    rank = metric_rank(benchmark, default.get(benchmark), metric)
    return (
        OTHER_METRIC if rank is None else rank,
        not (match.has_logs or (_has_error(a) and _has_error(b))),
        metric,
        filter_rank(kind), kind,
        _RANK[match.comparison.verdict],
        not match.has_logs,
        PRECEDENCE.get(str(a["kind"]), 9) + PRECEDENCE.get(str(b["kind"]), 9),
        -min(number(a["n_samples"], 0.0), number(b["n_samples"], 0.0)),
        tuple(-ord(c) for c in text(a["evaluated_on"]) + text(b["evaluated_on"])),
        str(a["run"]), str(b["run"]),
    )  # fmt: skip


def _width(found: list[Match]) -> tuple[Any, ...]:
    comparable = [one for one in found if one.comparison.verdict != NOT_COMPARABLE]
    testable = sum(one.has_logs or (_has_error(one.a) and _has_error(one.b)) for one in comparable)
    names = {str(one.a["benchmark"]) for one in comparable}
    return names >= set(LEADERBOARD_SIX), testable, len(comparable), found[0].way


def _without_parts(found: list[Match]) -> list[Match]:
    """Without tasks whose group stands there, too: their questions would count twice."""
    tasks = {str(one.a["task"]) for one in found}
    return [one for one in found if text(one.a["parent"]) not in tasks - {str(one.a["task"])}]


def _ordered(found: list[Match], catalogue: pd.DataFrame) -> list[Match]:
    """Benchmarks that many models have first."""
    n_models = catalogue["n_models"]
    return sorted(found, key=lambda m: (-int(n_models.get(m.a["benchmark"], 0)), m.a["benchmark"], m.a["task"]))


def _in_words(way: str, found: list[Match]) -> str:
    n = len(found)
    who = "never measured the same way" if way == NEVER else evaluator_label(found[0].a)
    return f"{who} · {n} {'task' if n == 1 else 'tasks'}"


def _has_error(row: Row) -> bool:
    return number(row["stderr"], 0.0) > 0 or (number(row["n_correct"], -1) >= 0 and number(row["n_samples"], 0) > 1)


def number(value: Any, unknown: float) -> float:
    """A cell as a float; ``unknown`` where it is missing."""
    return unknown if value is None or pd.isna(value) else float(value)


def text(value: Any) -> str:
    """A cell as text; '' where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)


def _empty(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype(object) == "")
