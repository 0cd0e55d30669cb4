"""Training states beside each other: only what was measured the same way, this one always among them."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import checkpoint_series
from lib.analysis.checkpoint_series import SAME_RUN


def runs_of(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {**dict.fromkeys(SAME_RUN), "model": "m", "kind": "raw", "evaluator": "lm-eval 0.3", "model_name": "org/m"}
    data = [{**usual, "run": f"{row['run_id']:012x}", **row} for row in rows]
    return pd.DataFrame(data).set_index("run_id")


def scores_of(*rows: tuple[int, str, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"run_id": r, "task": t, "prompt": "", "metric": "acc", "filter": "none", "n_shot": float(n), "task_version": None, "score": 0.5}
            for r, t, n in rows
        ]
    )  # fmt: skip


def test_other_conditions_are_no_siblings() -> None:
    runs = runs_of(
        {"run_id": 1, "training_tokens": 1e9},
        {"run_id": 2, "training_tokens": 2e9},
        {"run_id": 3, "training_tokens": 3e9, "limit": "100"},
        {"run_id": 4, "training_tokens": 4e9, "model": "other"},
        {"run_id": 5, "training_tokens": None},
        {"run_id": 6, "training_tokens": 6e9, "evaluator": "lm-eval 0.4"},
    )
    assert checkpoint_series.siblings(runs, 1).index.tolist() == [1, 2]
    assert checkpoint_series.siblings(runs, 5).empty
    assert checkpoint_series.siblings(runs, 3).empty
    assert checkpoint_series.siblings(runs, 99).empty


def test_other_shots_stand_in_no_row() -> None:
    runs = runs_of(*({"run_id": i, "training_tokens": i * 1e9} for i in (1, 2, 3)))
    scores = scores_of((1, "a", 0), (2, "a", 5), (3, "a", 0), (3, "b", 0))
    found = checkpoint_series.series(runs, scores, 1)
    assert found is not None
    assert found.states["run_id"].tolist() == [1, 3]
    assert set(zip(found.scores["run_id"], found.scores["task"], strict=True)) == {(1, "a"), (3, "a")}
    assert checkpoint_series.series(runs, scores, 2) is None


def test_doubles_of_a_state_are_counted_and_this_run_is_the_one_shown() -> None:
    runs = runs_of(
        {"run_id": 1, "training_tokens": 1e9},
        {"run_id": 2, "training_tokens": 1e9},
        {"run_id": 3, "training_tokens": 0.0},
    )
    scores = scores_of(*((i, "a", 0) for i in (1, 2, 3)))
    found = checkpoint_series.series(runs, scores, 2)
    assert found is not None
    assert found.states["run_id"].tolist() == [3, 2]
    assert found.states["is_this"].tolist() == [False, True]
    assert found.n_doubles == 1


@given(st.integers(2, 60), st.integers(3, 14), st.data())
def test_first_last_and_this_state_are_always_shown(n: int, most: int, data: st.DataObject) -> None:
    this = data.draw(st.integers(1, n))
    runs = runs_of(*({"run_id": i, "training_tokens": i * 1e9} for i in range(1, n + 1)))
    found = checkpoint_series.series(runs, scores_of(*((i, "a", 0) for i in range(1, n + 1))), this, most=most)
    assert found is not None
    shown = found.states["run_id"].tolist()
    assert shown == sorted(set(shown)) and {1, n, this} <= set(shown)
    assert len(shown) == min(n, max(most, len({1, n, this})))
    assert found.n_states == n
