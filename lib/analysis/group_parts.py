"""The parts of a group's score in one run, and how the harness weighs them: what the logs of the parts are put together by.

A part belongs to a group because the file says so (``parent``, through groups of groups); only where it says nothing, because
the catalogue of benchmarks does. Whether the printed score is the mean over all questions or over the parts is read off the
numbers themselves; a score that is neither has no parts here, since nobody could say what their answers add up to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from lib.analysis.comparability import task_name
from lib.stats.recovered import which_mean

Row = Mapping[str, Any]


class Parts(NamedTuple):
    """What the score of a group is a mean of.

    Args:
        rows: Results of the parts under the group's metric and filter, by task.
        is_weighted: Every question counts the same; otherwise every part does.
    """

    rows: tuple[Row, ...]
    is_weighted: bool


class Results:
    """Results of some runs, arranged so that the parts of a group are found without a search.

    Args:
        scores: ``Frames.scores_of`` the runs: all of their results, parts included.
        part_of: Benchmark to the benchmark that it is a part of (``Frames.benchmarks``), '' for none.
    """

    def __init__(self, scores: pd.DataFrame, part_of: Mapping[str, str]) -> None:
        self._part_of = part_of
        self._below: dict[tuple[int, str], dict[str, None]] = {}
        self._rows: dict[tuple[int, str, str, str], list[Row]] = {}
        self._groups: set[tuple[int, str]] = set()
        # Parts by the catalogue, for files that name no groups.
        self._plain: dict[tuple[int, str], dict[str, None]] = {}
        for one in scores[scores["status"] == "scored"].to_dict("records"):
            row: Row = {str(k): v for k, v in one.items()}
            run, task = int(row["run_id"]), str(row["task"])
            self._rows.setdefault((run, task, str(row["metric"]), str(row["filter"])), []).append(row)
            if isinstance(row["parent"], str) and row["parent"] not in ("", task):
                self._below.setdefault((run, row["parent"]), {})[task] = None
            if row["is_group"]:
                self._groups.add((run, task))
            else:
                self._plain.setdefault((run, part_of.get(str(row["benchmark"]), "")), {})[task] = None

    def parts(self, group: Row) -> Parts | None:
        """The parts of a group's result; None where it is no group, has no parts, or its score is no mean of them."""
        run, task = int(group["run_id"]), str(group["task"])
        if (run, task) not in self._groups:
            return None
        leaves = self._leaves(run, task) or self._plain.get((run, str(group["benchmark"])), {})
        found = [self._rows.get((run, leaf, str(group["metric"]), str(group["filter"])), []) for leaf in leaves]
        rows = [rows for rows in found if rows]
        # A task of several prompts has one log for all of them.
        if not rows or any(len(one) != 1 or one[0]["score"] != one[0]["score"] for one in rows):
            return None
        own = sorted((one[0] for one in rows), key=lambda row: task_name(str(row["task"])))
        scores, sizes = [float(row["score"]) for row in own], [row["n_samples"] for row in own]
        known = [int(n) for n in sizes if n == n and n is not None and n > 0]
        is_told = len(known) == len(own) or len(set(scores)) > 1
        mean = which_mean(float(group["score"]), scores, known if len(known) == len(own) else None) if is_told else None
        return None if mean is None else Parts(tuple(own), mean == "weighted")

    def _leaves(self, run: int, task: str) -> Iterable[str]:
        """Tasks below a group that are not groups themselves; safe against groups that name each other."""
        leaves: dict[str, None] = {}
        waiting, seen = [task], {task}
        while waiting:
            for one in self._below.get((run, waiting.pop()), ()):
                if one in seen:
                    continue
                seen.add(one)
                if (run, one) in self._groups or (run, one) in self._below:
                    waiting.append(one)
                else:
                    leaves[one] = None
        return leaves


def shared_parts(one: Parts | None, other: Parts | None) -> tuple[tuple[Row, Row], ...] | None:
    """The parts of two runs task by task; None where they are not the same ones, or not weighed alike."""
    if one is None or other is None or one.is_weighted is not other.is_weighted:
        return None
    names, others = ([task_name(str(row["task"])) for row in side.rows] for side in (one, other))
    return tuple(zip(one.rows, other.rows, strict=True)) if names == others else None
