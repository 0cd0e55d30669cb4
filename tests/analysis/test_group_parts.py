"""A group compared by the stored answers to its parts: against the definitions read slowly, and when it is not."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import cheapest, cheapest_pairs, head_to_head, head_to_head_match, many_logs
from lib.analysis import head_to_head_evidence as evidence
from lib.analysis.group_parts import Results
from lib.stats import groups
from tests.analysis import frames
from tests.analysis.logs import log

TASKS = ("p0", "p1", "p2", "p3")
CATALOGUE = frames.benchmarks({"g": "Group", **{name: name for name in TASKS}}).assign(
    part_of=["", *["g"] * len(TASKS)], n_items=1000.0
)
RUNS = {"a": 1, "b": 2}
Answers = list[list[float]]


def side(name: str, parts: Answers, *, is_weighted: bool, says: str = "file", **more: Any) -> pd.DataFrame:
    """All results of one run: a group, its parts, and one task beside it."""
    means, sizes = [sum(one) / len(one) for one in parts], [len(one) for one in parts]
    weights = sizes if is_weighted else [1] * len(parts)
    score = sum(w * m for w, m in zip(weights, means, strict=True)) / sum(weights)
    plain = {"run_id": RUNS[name], "run": f"{RUNS[name]:012x}", "model": name}
    rows = [{"task": "g", "benchmark": "g", "score": score, "stderr": 0.02, "n_samples": float(sum(sizes)), "is_group": True, **more}]  # fmt: skip
    for task, mean, n in zip(TASKS, means, sizes, strict=False):
        # A group of groups in between: the file says so.
        above = {"file": "g", "nested": "inner", "catalogue": None}[says]
        rows.append({"task": task, "benchmark": task, "score": mean, "n_samples": float(n), "parent": above})
    if says == "nested":
        rows.append({"task": "inner", "benchmark": "inner", "score": score, "is_group": True, "parent": "g"})
    rows.append({"task": "other", "benchmark": "other", "score": 0.5, "stderr": 0.01})
    return frames.scores([plain | row for row in rows]).assign(model_kind="base")


class Store:
    """Two runs with the logs of their parts."""

    def __init__(self, a: Answers, b: Answers, *, is_weighted: bool, says: str = "file") -> None:
        self.a, self.b = (side(name, one, is_weighted=is_weighted, says=says) for name, one in (("a", a), ("b", b)))
        self.logs = {
            (RUNS[name], task): log(values, of=task)
            for name, parts in (("a", a), ("b", b))
            for task, values in zip(TASKS, parts, strict=False)
        }
        self.opened: list[tuple[int, str]] = []

    benchmarks = CATALOGUE

    def scores(self, names: Any) -> pd.DataFrame:
        every = pd.concat([self.a, self.b], ignore_index=True)
        return every[every["benchmark"].isin(list(names))]

    def scores_of(self, runs: Any) -> pd.DataFrame:
        every = pd.concat([self.a, self.b], ignore_index=True)
        return every[every["run_id"].isin(list(runs))]

    def read_one(self, one: tuple[int, str], columns: list[str]) -> Any:
        self.opened.append(one)
        return self.logs[one].select(columns)

    def head(self) -> Any:
        found = head_to_head_match.matches(self.a, self.b, CATALOGUE, list(self.logs), each="benchmark", tasks=["g"])
        shown = next(iter(found.of.values()))
        got = head_to_head.head_to_head(
            shown, CATALOGUE, read=lambda x, y, columns: (self.read_one(x, columns), self.read_one(y, columns))
        )
        return got.tasks.iloc[0], got

    def pairs(self) -> tuple[cheapest.Pair, ...]:
        panel = pd.DataFrame(
            [
                {"model": name, "benchmark": "g", "run_id": run, "run_kind": "raw", "metric": "acc"}
                for name, run in RUNS.items()
            ]
        )
        return cheapest_pairs.stored_pairs(
            panel, "b", self, lambda runs: pd.DataFrame([one for one in self.logs if one[0] in runs], columns=["run_id", "task"]), self.read_one
        )  # fmt: skip


def answers(seed: int, n_parts: int, *, is_binary: bool = True) -> tuple[Answers, Answers]:
    rng = np.random.default_rng(seed)
    sizes = rng.permutation([7, 19, 60, 33, 48])[:n_parts]
    found: tuple[Answers, Answers] = ([], [])
    for n in sizes:
        hard = rng.normal(0, 1.5, n)
        for side_, shift in zip(found, rng.normal(0, 0.6, 2), strict=True):
            values = (rng.normal(shift, 1, n) > hard).astype(float)
            side_.append((values if is_binary else np.where(rng.random(n) < 0.3, 0.5, values)).tolist())
    return found


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(2, 4), st.booleans(), st.booleans(),
    st.sampled_from(["file", "nested", "catalogue"]),
)  # fmt: skip
def test_a_group_is_the_answers_to_its_parts_put_together(
    seed: int, n_parts: int, is_weighted: bool, is_binary: bool, says: str
) -> None:
    a, b = answers(seed, n_parts, is_binary=is_binary)
    store = Store(a, b, is_weighted=is_weighted, says=says)
    row, got = store.head()
    each = [[x - y for x, y in zip(one, other, strict=True)] for one, other in zip(a, b, strict=True)]
    n = sum(map(len, each))
    is_weighted = is_weighted or (math.isclose(
        store.a["score"][0], sum(map(sum, a)) / n
    ) and math.isclose(store.b["score"][0], sum(map(sum, b)) / n))  # fmt: skip
    weights = [len(one) / n if is_weighted else 1 / n_parts for one in each]
    means = [sum(one) / len(one) for one in each]
    diff = sum(w * m for w, m in zip(weights, means, strict=True))
    spreads = [sum((d - m) ** 2 for d in one) / (len(one) - 1) / len(one) for one, m in zip(each, means, strict=True)]
    stderr = math.sqrt(sum(w**2 * s for w, s in zip(weights, spreads, strict=True)))
    assert row["pairing"].startswith("paired: the answers to") and row["n_both"] == n
    assert math.isclose(row["delta"], diff, abs_tol=1e-12) and math.isclose(row["delta_stderr"], stderr, rel_tol=1e-9, abs_tol=1e-12)  # fmt: skip
    (pair,) = store.pairs()
    assert (pair.model, pair.benchmark, pair.n) == ("a", "g", n)
    assert math.isclose(pair.delta, diff, abs_tol=1e-12) and math.isclose(pair.stderr, stderr, rel_tol=1e-9, abs_tol=1e-12)  # fmt: skip
    up, down = (sum(s * d > 0 for one in each for d in one) for s in (1, -1))
    if is_binary:
        assert (row["only_a"], row["only_b"]) == (up, down)
    if is_binary and is_weighted:
        # Every question counts the same: McNemar on the sums.
        terms = [math.comb(up + down, k) / 2 ** (up + down) for k in range(up + down + 1)]
        low = min(up, down)
        mid = 1 - terms[low] / 2 if up == down else 2 * sum(terms[: low + 1]) - terms[low]
        assert row["method"] == evidence.PAIRED_COUNTS and math.isclose(row["p"], mid, rel_tol=1e-9)
        assert pair.counts is not None and pair.counts[1:3] == (up, down) and sum(pair.counts) == n
    else:
        assert row["method"] == evidence.PAIRED_PARTS and pair.counts is None
        assert math.isclose(row["p"], math.erfc(abs(diff) / stderr / math.sqrt(2)), rel_tol=1e-9)
        assert math.isclose(row["delta_high"] - row["delta_low"], 2 * 1.959963984540054 * stderr, rel_tol=1e-9)
    assert row["delta_low"] <= diff <= row["delta_high"]
    # The single answers of a group are with its parts.
    assert got.pairs == {}
    # Many logs at once say the same.
    sides = []
    for frame in (store.a, store.b):
        whole = next(r for r in frame.to_dict("records") if r["task"] == "g")
        parts = Results(frame, dict(CATALOGUE["part_of"])).parts(whole)
        assert parts is not None
        own = tuple(many_logs.answers(r, store.logs[r["run_id"], r["task"]]) for r in parts.rows)
        sides.append(many_logs.Side(whole, own, parts.is_weighted))
    told = many_logs.pairs(sides, np.array([0]), np.array([1]))
    assert told.is_paired[0] and math.isclose(told.diff[0], diff, abs_tol=1e-12)
    assert math.isclose(told.stderr[0], stderr, rel_tol=1e-9, abs_tol=1e-12)


def made(**changed: Any) -> Store:
    return Store(*answers(5, 3), **({"is_weighted": True} | changed))


def unpaired(store: Store) -> str:
    """What is said of a group that is not paired; neither page pairs it."""
    row, _ = store.head()
    assert store.pairs() == () and math.isnan(row["n_both"]) and row["method"].startswith("unpaired")
    return str(row["pairing"])


def test_a_part_without_a_log_leaves_the_unpaired_comparison() -> None:
    store = made()
    del store.logs[2, "p1"]
    assert unpaired(store).startswith("ignores pairing")
    assert not store.opened


def test_a_part_of_which_some_answers_are_stored_leaves_the_unpaired_comparison() -> None:
    store = made()
    for run in (1, 2):
        store.logs[run, "p1"] = store.logs[run, "p1"].slice(0, store.logs[run, "p1"].num_rows * 8 // 10)
    assert unpaired(store).startswith("ignores pairing")
    store = made()
    store.logs[2, "p1"] = log([1.0] * 30, of="elsewhere")
    assert "p1: the stored answers cannot be paired" in unpaired(store)


def test_a_score_that_is_no_mean_of_its_parts_is_not_theirs() -> None:
    store = made()
    store.a.loc[store.a["task"] == "g", "score"] += 0.01
    assert unpaired(store).startswith("ignores pairing")


def test_a_part_more_in_one_run_is_another_group() -> None:
    a, b = answers(5, 3)
    store = Store(a, b[:2], is_weighted=True)
    store.b.loc[store.b["task"] == "g", "n_samples"] = store.a.loc[0, "n_samples"]
    assert unpaired(store).startswith("ignores pairing")


def test_groups_of_other_versions_are_not_compared() -> None:
    store = made()
    store.b.loc[store.b["task"] == "g", "task_version"] = "2"
    row, _ = store.head()
    assert store.pairs() == () and row["verdict"] == "" and "different task versions" in row["why_none"]


def test_groups_that_name_each_other_end() -> None:
    frame = frames.scores(
        [
            {"run_id": 1, "task": "g", "benchmark": "g", "is_group": True, "parent": "inner", "n_samples": 4.0},
            {"run_id": 1, "task": "inner", "benchmark": "inner", "is_group": True, "parent": "g"},
            {"run_id": 1, "task": "p0", "benchmark": "p0", "parent": "inner", "n_samples": 4.0},
        ]
    )
    found = Results(frame, {}).parts(frame.iloc[0].to_dict())
    assert found is not None and [row["task"] for row in found.rows] == ["p0"] and found.is_weighted
    assert Results(frame, {}).parts(frame.iloc[2].to_dict()) is None


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.integers(1, 500)), min_size=1, max_size=6), st.booleans()
)
def test_the_difference_on_a_group_is_the_weighed_sum(parts: list[tuple[float, float, int]], is_weighted: bool) -> None:
    found = groups.group_difference(*zip(*parts, strict=True), is_weighted=is_weighted)
    total = sum(n for _, _, n in parts)
    weights = [n / total if is_weighted else 1 / len(parts) for _, _, n in parts]
    assert found.diff == pytest.approx(sum(w * d for w, (d, _, _) in zip(weights, parts, strict=True)), abs=1e-12)
    wanted = math.sqrt(sum((w * se) ** 2 for w, (_, se, _) in zip(weights, parts, strict=True)))
    assert found.stderr == pytest.approx(wanted, abs=1e-12)
    if wanted > 1e-9:
        assert found.p == pytest.approx(2 * NormalDist().cdf(-abs(float(found.diff)) / wanted), abs=1e-9)
    assert math.isnan(groups.group_difference([0.1], [0.0], [5], is_weighted=is_weighted).p)
