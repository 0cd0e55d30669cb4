"""Which tests of upsets rest on stored answers to the same questions, and what these say.

Only what can decide something is opened: logs of runs behind two scores of one benchmark of which the smaller model's is
higher. Each is read once for its benchmark, however many pairs it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lib.analysis import many_logs
from lib.analysis.directions import higher_is_better
from lib.analysis.group_parts import Results, Row
from lib.analysis.many_logs import Answers, Side
from lib.analysis.paired import columns_needed
from lib.analysis.upset_cells import Cells
from lib.errors import RefusedInput, Unavailable
from lib.stats.upsets import RATIOS, PairedTests

Floats = NDArray[np.float64]
Log = tuple[int, str]
Read = Callable[[Log, list[str]], pa.Table]
"""Reads the given columns of one log, (run id, task)."""
MCNEMAR, STUDENT, OVER_PARTS = "McNemar mid-p", "paired t", "z over the parts"
IGNORES = "ignores pairing"


class Stored(Protocol):
    """What results are looked up in (``Frames``)."""

    @property
    def benchmarks(self) -> pd.DataFrame: ...
    def scores_of(self, run_ids: Iterable[int]) -> pd.DataFrame: ...


class StoredAnswers(NamedTuple):
    """Tests on answers to the same questions, one entry each.

    Args:
        tests: Positions in the cells, counts and p.
        n: Common questions.
        stderr: Of the difference, paired.
        method: ``MCNEMAR``, ``STUDENT`` or ``OVER_PARTS``.
    """

    tests: PairedTests
    n: Floats
    stderr: Floats
    method: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.n)


def stored_answers(
    of: Cells, results: pd.DataFrame, frames: Stored, logs_of: Callable[[list[int]], pd.DataFrame], read: Read
) -> StoredAnswers | None:
    """What stored answers say of the tests in which the smaller model leads; None where there are none.

    A test counts as paired by the rule of a head to head: the logs hold the same questions, and are those of the scores.

    Args:
        of: What is tested.
        results: Rows of the protocol (``Grouping.scores``), among them those behind the cells.
        frames: The store.
        logs_of: Which logs there are of some runs: run_id, task. Opens none.
        read: How to read one.
    """
    rows = _behind(of, results)
    if rows.empty:
        return None
    logs = logs_of(sorted({int(one) for one in rows["run_id"]}))
    stored = set(zip(logs["run_id"].astype(int), logs["task"].astype(str), strict=True))
    rows = rows[rows["run_id"].isin({run for run, _ in stored})]
    if rows.empty:
        return None
    parts_in = None
    if rows["is_group"].any():
        part_of = {str(name): str(whole) for name, whole in frames.benchmarks["part_of"].dropna().items()}
        parts_in = Results(frames.scores_of({int(one) for one in rows["run_id"]}), part_of)
    found = list(_by_benchmark(of, rows, stored, parts_in, read))
    if not found:
        return None
    joined = [np.concatenate(columns) for columns in zip(*found, strict=True)]
    small, large, task, only_small, only_large, p, n, stderr, method = joined
    return StoredAnswers(PairedTests(small, large, task, only_small, only_large, p), n, stderr, method)


def _behind(of: Cells, results: pd.DataFrame) -> pd.DataFrame:
    """The results behind the cells that came from a run, with the positions ``at`` and ``place`` of their cell."""
    raw = results[(results["kind"] == "raw").to_numpy(bool)]
    at = of.models.index.get_indexer(pd.Index(raw["model"].astype(object)))
    place = pd.Index(list(of.benchmarks), dtype=object).get_indexer(pd.Index(raw["benchmark"].astype(object)))
    is_cell = (at >= 0) & (place >= 0)
    is_cell[is_cell] &= of.run[at[is_cell], place[is_cell]] == raw["run"].astype(object).to_numpy()[is_cell]
    rows = raw[is_cell].assign(at=at[is_cell], place=place[is_cell])
    # A run that holds a benchmark in several rows of one protocol does not say which of them its log is of.
    return rows.drop_duplicates(["at", "place"], keep=False)


def _by_benchmark(
    of: Cells, rows: pd.DataFrame, stored: Set[Log], parts_in: Results | None, read: Read
) -> Iterator[tuple[np.ndarray, ...]]:
    """For each benchmark small, large, task, only small, only large, p, n, stderr and method of its paired tests."""
    size = of.models["size"].to_numpy(float)
    up = higher_is_better(rows)
    for place in sorted({int(one) for one in rows["place"]}):
        group = rows[(rows["place"] == place).to_numpy(bool)]
        # Without a direction there is no cell.
        sign = np.where(up[group.index].fillna(True).to_numpy(bool), 1.0, -1.0)
        known = [_asked({str(k): v for k, v in row.items()}, stored, parts_in) for row in group.to_dict("records")]
        has_logs = np.array([one is not None for one in known], bool)
        at = group["at"].to_numpy(int)[has_logs]
        small, large = _leads(size[at], of.score[at, place], of.stderr[at, place])
        asked = [one for one in known if one is not None]
        needed = np.unique(np.concatenate([small, large]))
        sides = {int(i): _read(asked[int(i)], read) for i in needed}
        can = np.array([sides[int(i)] is not None and sides[int(j)] is not None for i, j in zip(small, large, strict=True)], bool)  # fmt: skip
        small, large = small[can], large[can]
        if not len(small):
            continue
        there = [side for side in sides.values() if side is not None]
        numbers = {i: number for number, i in enumerate(i for i, side in sides.items() if side is not None)}
        a, b = (np.array([numbers[int(i)] for i in one]) for one in (small, large))
        own = sign[has_logs]
        told = many_logs.pairs(there, a, b)
        kept = told.is_paired & (own[small] == own[large])
        is_low = own[small][kept] < 0
        only_small, only_large, p = (getattr(told, name)[kept] for name in ("only_a", "only_b", "p"))
        # Where low is good, an answer counted as 1 is a wrong one.
        only_small, only_large = np.where(is_low, only_large, only_small), np.where(is_low, only_small, only_large)
        p = np.where(is_low, 1 - p, p)
        other = np.where(np.array([len(side.parts) for side in there])[a[kept]] > 1, OVER_PARTS, STUDENT)
        yield (
            at[small][kept], at[large][kept], np.full(int(kept.sum()), place), only_small, only_large, p,
            told.n[kept], told.stderr[kept], np.where(np.isnan(p), MCNEMAR, other).astype(object),
        )  # fmt: skip


def _leads(size: Floats, score: Floats, stderr: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of a smaller and a larger model of which the smaller scores higher, at the smallest ratio of sizes."""
    is_tested = (stderr > 0) & np.isfinite(stderr) & np.isfinite(score)
    both = is_tested[:, None] & is_tested[None, :]
    found = both & (size[None, :] >= RATIOS[0] * size[:, None]) & (score[:, None] > score[None, :])
    small, large = np.nonzero(found)
    return small, large


class _Asked(NamedTuple):
    """A result, the results whose logs hold its answers, and how its score weighs them."""

    row: Row
    parts: tuple[Row, ...]
    is_weighted: bool


def _asked(row: Row, stored: Set[Log], parts_in: Results | None) -> _Asked | None:
    """A result with the results whose logs hold its answers, itself or its parts; None where one of them has no log."""
    if _log(row) in stored:
        return _Asked(row, (row,), True)
    found = None if parts_in is None else parts_in.parts(row)
    if found is None or not all(_log(one) in stored for one in found.rows):
        return None
    return _Asked(row, found.rows, found.is_weighted)


def _read(of: _Asked, read: Read) -> Side | None:
    """The answers; None where a log cannot be read, which leaves the unpaired test."""
    told: list[Answers] = []
    for one in of.parts:
        try:
            told.append(many_logs.answers(one, read(_log(one), columns_needed(str(one["metric"]), one, one))))
        except (RefusedInput, Unavailable):
            return None
    return Side(of.row, tuple(told), of.is_weighted)


def _log(row: Row) -> Log:
    return int(row["run_id"]), str(row["task"])


def place_of(of: StoredAnswers | None, small: Any, large: Any, task: Any) -> NDArray[np.int64]:
    """Position among the stored answers of each test given by its positions in the cells; -1 for none."""
    nothing = np.full(len(small), -1, np.int64)
    if of is None or not len(of) or not len(nothing):
        return nothing
    own = [np.asarray(one, np.int64) for one in (of.tests.small, of.tests.large, of.tests.task)]
    asked = [np.asarray(one, np.int64) for one in (small, large, task)]
    n_models = 1 + max(int(one.max()) for one in (*own[:2], *asked[:2]))
    n_tasks = 1 + max(int(one.max()) for one in (own[2], asked[2]))

    def key(one: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        return np.asarray((one[0] * n_models + one[1]) * n_tasks + one[2], np.int64)

    keys = key(own)
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], wanted := key(asked)), len(keys) - 1)
    return np.where(keys[order][at] == wanted, order[at], nothing)
