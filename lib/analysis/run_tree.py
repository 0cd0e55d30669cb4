"""The scores of one run as a tree: groups, their sub-tasks, several prompts of one task; one metric a row.

A parent is what the file says; where it says none, what the task's name says (``hendrycksTest-anatomy`` is a part of
MMLU, ``blimp_adjunct_island`` of BLiMP). A whole of which the file has no row becomes a heading without a score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.schema.flags import FLAGS
from lib.schema.metrics import known_direction
from lib.stats.intervals import LEVEL, binary_stderr, choose_interval
from lib.store.benchmarks import filter_rank, headline_metric, metric_rank

HEADLINE = "headline"
FEWEST_PARTS = 2
"""Fewer tasks with one whole stand on their own: a heading over a single row says nothing."""
REPAIRS = {
    "n-recovered": "number of questions recovered from score and standard error",
    "stderr-wrong": "wrong group error recomputed from the sub-tasks",
    "derived": "score of a whole computed from its parts",
}
"""Flags that say that the evidence was repaired on import, with their words."""
_PLACE = ("node", "name", "depth", "above", "n_below", "is_heading")


class MetricChoice(NamedTuple):
    """One metric with its filter, and how many tasks have it."""

    key: str
    metric: str
    filter: str
    n_tasks: int

    @property
    def words(self) -> str:
        """``acc_norm``; with the filter where it is not the usual one."""
        return self.metric if self.filter == "none" else f"{self.metric}, {self.filter}"


@dataclass
class _Node:
    """A task, a prompt of one, or a whole without a row: its place in the tree and its row in the frame."""

    name: str
    parent: str = ""
    row: int | None = None
    below: list[str] = field(default_factory=list)


def metric_choices(scores: pd.DataFrame) -> list[MetricChoice]:
    """Metrics of a run with their filters, those of most tasks first.

    Args:
        scores: Results of one run: task, prompt, metric, filter.
    """
    counts = Counter(zip(scores["metric"].astype(str), scores["filter"].astype(str), strict=True))
    found = [MetricChoice(f"{metric}|{kind}", metric, kind, n) for (metric, kind), n in counts.items()]
    return sorted(found, key=lambda one: (-one.n_tasks, filter_rank(one.filter), one.metric, one.filter))


def one_metric(scores: pd.DataFrame, metric: str, benchmarks: pd.DataFrame) -> pd.DataFrame:
    """One row per task and prompt: under each task's headline metric, or under one metric for all.

    Args:
        scores: Results of one run, columns of ``Frames.scores``.
        metric: ``HEADLINE``, or the key of a ``MetricChoice``; then tasks without it have no row.
        benchmarks: ``Frames.benchmarks``: ``default_metric``.

    Returns:
        Rows of ``scores`` in its order. Under the headline a task that has no such score has its first metric.
    """
    if metric != HEADLINE:
        name, _, kind = metric.rpartition("|")
        return scores[(scores["metric"] == name) & (scores["filter"] == kind)]
    defaults = benchmarks["default_metric"].to_dict()
    kept = []
    places = list(zip(scores["metric"].astype(str), scores["filter"].astype(str), strict=True))
    for (_, _, benchmark), rows in scores.reset_index(drop=True).groupby(["task", "prompt", "benchmark"], sort=False):
        default = defaults.get(benchmark)
        pairs = {places[i]: i for i in rows.index}
        # truthfulqa_mc of lm-eval 0.3 is two benchmarks, each under a metric of its own: a row for each.
        best = headline_metric(pairs, str(benchmark), default if isinstance(default, str) else None)
        kept.append(
            pairs[best] if best is not None else min(pairs.items(), key=lambda p: (filter_rank(p[0][1]), p[0]))[1]
        )
    return scores.iloc[sorted(kept)]


def tree(rows: pd.DataFrame, benchmarks: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of the tree, each whole before its parts, with headings for wholes that have no row.

    Args:
        rows: Of ``one_metric``: at most one per task, prompt and metric.
        benchmarks: ``Frames.benchmarks``: ``label``, ``part_of``, ``random_baseline``, ``default_metric``.

    Returns:
        The columns of ``rows`` and: ``node`` (identity of the row in the tree), ``name`` (task as the file names it, prompt, or the label of a
        whole), ``depth`` (0 for the top), ``above`` (node of the parent, '' at the top), ``n_below`` (scored rows under
        it that are no groups), ``is_heading`` (no score of its own), ``is_share`` (the score is a fraction of 0 to 1), ``chance``
        (score of guessing under this metric; NaN unknown), ``ci_low``, ``ci_high``, ``ci_method`` (95%; NaN and '' for none).
    """
    rows = with_intervals(rows.reset_index(drop=True), benchmarks)
    nodes = _nodes(rows, benchmarks)
    order: list[tuple[str, int]] = []
    roots = [key for key, node in nodes.items() if not node.parent]
    seen: set[str] = set()
    # Parents that name each other in a ring have no root: the first of them becomes one.
    for key in [*_sorted(roots, nodes), *_sorted(nodes, nodes)]:
        if key not in seen:
            _walk(key, nodes, order, seen)
    n_below = _leaves(order, nodes, rows)
    data = rows.iloc[[-1 if (at := nodes[key].row) is None else at for key, _ in order]].reset_index(drop=True)
    is_heading = np.array([nodes[key].row is None for key, _ in order], dtype=bool)
    data.insert(0, "node", [key for key, _ in order])
    data.insert(1, "name", [nodes[key].name for key, _ in order])
    data.insert(2, "depth", [depth for _, depth in order])
    data.insert(3, "above", [nodes[key].parent if depth else "" for key, depth in order])
    data.insert(4, "n_below", [n_below[key] for key, _ in order])
    data.insert(5, "is_heading", is_heading)
    return _emptied(data, is_heading)


def with_intervals(rows: pd.DataFrame, benchmarks: pd.DataFrame) -> pd.DataFrame:
    """The rows with 95% intervals, chance level, and whether the score is a share; a copy."""
    score, n, k = (rows[c].to_numpy(float, na_value=np.nan) for c in ("score", "n_samples", "n_correct"))
    stderr = rows["stderr"].to_numpy(float, na_value=np.nan)
    stderr = np.where(np.isnan(stderr), binary_stderr(k, n), stderr)
    interval = choose_interval(score, stderr, n, k, rows["is_approximate"].to_numpy(bool), LEVEL)
    share = [is_share(m, s) for m, s in zip(rows["metric"].astype(str), score, strict=True)]
    chance = [
        _chance(str(b), str(m), benchmarks) if fits else np.nan
        for b, m, fits in zip(rows["benchmark"], rows["metric"], share, strict=True)
    ]
    return rows.assign(
        stderr=stderr,
        is_share=np.array(share, dtype=bool),
        chance=np.array(chance, dtype=float),
        ci_low=interval.low,
        ci_high=interval.high,
        ci_method=interval.method,
    )


def is_share(metric: str, score: float) -> bool:
    """Whether a score is a fraction of 0 to 1 of which more is better or best in the middle: what a percent sign fits."""
    return 0 <= score <= 1 and known_direction(metric) is not False and "(" not in metric and "perplexity" not in metric


def repaired(scores: pd.DataFrame) -> dict[str, int]:
    """Repairs in words to the number of scores they were made on; every metric counts."""
    flags = scores["flags"].astype(object).where(scores["flags"].notna(), "").astype(str).str.split()
    counts = flags.explode().value_counts()
    return {words: int(counts[flag]) for flag, words in REPAIRS.items() if flag in counts}


def flags_in_words(flags: object, status: object, stderr_rule: object = "") -> str:
    """Status other than scored, and each flag, as sentences; '' for an ordinary score."""
    told = [STATUS_WORDS.get(str(status), "")]
    told += [FLAGS.get(one, one) for one in str(flags).split()] if isinstance(flags, str) else []
    if stderr_rule == "leaves" and not any("sub-tasks" in one for one in told):
        told.append("The error was recomputed from the sub-tasks.")
    return " ".join(one for one in told if one)


STATUS_WORDS = {
    "failed": "Failed: the evaluation of this task broke off.",
    "refused": "Refused: the model or its service declined to answer.",
    "unparsed": "Unparsed: answers came, but none could be read.",
    "missing": "Missing: the file names the task and gives no number.",
}


def _chance(benchmark: str, metric: str, benchmarks: pd.DataFrame) -> float:
    if benchmark not in benchmarks.index:
        return np.nan
    default = benchmarks.at[benchmark, "default_metric"]
    fits = metric_rank(benchmark, default if isinstance(default, str) else None, metric) is not None
    chance = benchmarks["random_baseline"].astype(float).get(benchmark, np.nan)
    return float(chance) if fits else np.nan


def _nodes(rows: pd.DataFrame, benchmarks: pd.DataFrame) -> dict[str, _Node]:
    tasks = rows["task"].astype(str).tolist()
    prompts = rows["prompt"].astype(object).where(rows["prompt"].notna(), "").astype(str).tolist()
    stated = rows["parent"].astype(object).where(rows["parent"].notna(), "").astype(str).tolist()
    places = rows["benchmark"].astype(str).tolist()
    metrics = rows["metric"].astype(str).tolist()
    n_rows = pd.Series(tasks).value_counts() if tasks else pd.Series(dtype=int)
    nodes: dict[str, _Node] = {}
    for i, task in enumerate(tasks):
        if n_rows[task] > 1:
            # Several prompts, or several benchmarks in one task: the task is their heading.
            nodes.setdefault(_of_task(task), _Node(task))
            words = prompts[i] or metrics[i]
            nodes[f"row:{task}\n{prompts[i]}\n{metrics[i]}"] = _Node(words, _of_task(task), i)
        else:
            nodes[_of_task(task)] = _Node(task, "", i)
    by_benchmark = {
        place: _of_task(task) for place, task, n in zip(places, tasks, map(n_rows.get, tasks), strict=True) if n == 1
    }
    of_task = dict(zip(tasks, zip(stated, places, strict=True), strict=True))
    wanted = {task: _whole(task, *of_task[task], nodes, by_benchmark, benchmarks) for task in of_task}
    counts = pd.Series([whole for whole in wanted.values() if whole]).value_counts()
    for task, whole in wanted.items():
        if whole in nodes and not whole.startswith("whole:"):
            nodes[_of_task(task)].parent = whole
        elif whole and counts[whole] >= FEWEST_PARTS:
            name = whole.removeprefix("whole:").removeprefix("task:")
            nodes.setdefault(whole, _Node(str(benchmarks["label"].get(name, name))))
            nodes[_of_task(task)].parent = whole
    for key, node in nodes.items():
        if node.parent:
            nodes[node.parent].below.append(key)
    return nodes


def _whole(
    task: str,
    stated: str,
    place: str,
    nodes: Mapping[str, _Node],
    by_benchmark: Mapping[str, str],
    benchmarks: pd.DataFrame,
) -> str:
    """Node of what a task is a part of: as the file says, else by its name; '' for none."""
    if stated and stated != task:
        return _of_task(stated)
    whole = str(benchmarks.at[place, "part_of"]) if place in benchmarks.index else ""
    if not whole or whole == place:
        return ""
    there = by_benchmark.get(whole, "")
    return there if there in nodes and there != _of_task(task) else f"whole:{whole}"


def _of_task(task: str) -> str:
    return f"task:{task}"


def _sorted(keys: Iterable[str], nodes: Mapping[str, _Node]) -> list[str]:
    return sorted(keys, key=lambda key: (nodes[key].name.casefold(), key))


def _walk(start: str, nodes: Mapping[str, _Node], order: list[tuple[str, int]], seen: set[str]) -> None:
    waiting = [(start, 0)]
    while waiting:
        key, depth = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        order.append((key, depth))
        waiting += [(child, depth + 1) for child in reversed(_sorted(nodes[key].below, nodes)) if child not in seen]


def _leaves(order: list[tuple[str, int]], nodes: Mapping[str, _Node], rows: pd.DataFrame) -> dict[str, int]:
    """Scored rows without parts below each node, by position: what follows with a greater depth."""
    is_scored = rows["score"].notna().to_numpy(bool)
    counts = {key: 0 for key, _ in order}
    path: list[tuple[str, int]] = []
    for at, (key, depth) in enumerate(order):
        while path and path[-1][1] >= depth:
            path.pop()
        has_parts = at + 1 < len(order) and order[at + 1][1] > depth
        row = nodes[key].row
        if not has_parts and row is not None and is_scored[row]:
            for above, _ in path:
                counts[above] += 1
        path.append((key, depth))
    return counts


def _emptied(data: pd.DataFrame, is_heading: np.ndarray) -> pd.DataFrame:
    """Headings carry a place and nothing else of the row that lent its columns."""
    if not is_heading.any():
        return data
    for name in data.columns.difference([*_PLACE]):
        if data[name].dtype == bool:
            data[name] = data[name] & ~is_heading
        else:
            data[name] = data[name].mask(is_heading)
    return data
