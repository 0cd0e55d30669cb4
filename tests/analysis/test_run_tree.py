"""The tree of one run's scores: every row once, parts under their whole, one metric a row."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import run_tree
from lib.schema.flags import FLAGS

BENCHMARKS = pd.DataFrame(
    {
        "label": ["MMLU", "MMLU anatomy", "BLiMP", "BLiMP island", "BLiMP npi", "ARC"],
        "part_of": ["", "mmlu", "", "blimp", "blimp", ""],
        "random_baseline": [0.25, 0.25, 0.5, 0.5, 0.5, 0.25],
        "default_metric": ["acc", "acc", "acc", "acc", "acc", "acc_norm"],
    },
    index=["mmlu", "mmlu_anatomy", "blimp", "blimp_island", "blimp_npi", "arc"],
)


def rows_of(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {
        "prompt": "", "metric": "acc", "filter": "none", "score": 0.5, "stderr": 0.05, "n_samples": 100.0, "n_correct": 50.0,
        "is_approximate": False, "parent": None, "flags": "", "status": "scored", "is_group": False,
    }  # fmt: skip
    return pd.DataFrame([{**usual, "benchmark": row["task"], **row} for row in rows])


def names(tree: pd.DataFrame) -> list[tuple[str, int]]:
    return list(zip(tree["name"], tree["depth"], strict=True))


def test_parts_stand_under_the_parent_that_the_file_names() -> None:
    rows = rows_of(
        {"task": "mmlu_stem", "parent": "mmlu"}, {"task": "mmlu"}, {"task": "x", "parent": "mmlu_stem"}, {"task": "arc"}
    )
    tree = run_tree.tree(rows, BENCHMARKS)
    assert names(tree) == [("arc", 0), ("mmlu", 0), ("mmlu_stem", 1), ("x", 2)]
    assert tree.set_index("name")["n_below"].to_dict() == {"arc": 0, "mmlu": 1, "mmlu_stem": 1, "x": 0}
    assert not tree["is_heading"].any()


def test_a_name_says_the_whole_where_the_file_does_not_and_the_heading_has_no_score() -> None:
    rows = rows_of(
        {"task": "blimp_npi"}, {"task": "blimp_island"}, {"task": "hendrycksTest-anatomy", "benchmark": "mmlu_anatomy"}
    )
    tree = run_tree.tree(rows, BENCHMARKS)
    # One part alone gets no heading; two do.
    assert names(tree) == [("BLiMP", 0), ("blimp_island", 1), ("blimp_npi", 1), ("hendrycksTest-anatomy", 0)]
    heading = tree.iloc[0]
    assert heading["is_heading"] and heading["n_below"] == 2
    assert tree.loc[0, ["score", "ci_low", "n_samples", "metric", "flags"]].isna().all()


def test_a_named_whole_that_is_there_takes_its_parts() -> None:
    rows = rows_of({"task": "blimp"}, {"task": "blimp_npi"})
    assert names(run_tree.tree(rows, BENCHMARKS)) == [("blimp", 0), ("blimp_npi", 1)]


def test_several_prompts_stand_under_their_task() -> None:
    rows = rows_of({"task": "arc", "prompt": "b"}, {"task": "arc", "prompt": "a"})
    assert names(run_tree.tree(rows, BENCHMARKS)) == [("arc", 0), ("a", 1), ("b", 1)]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefg"), st.sampled_from([None, *"abcdefgh"])),
        unique_by=lambda p: p[0],
        max_size=7,
    )
)
def test_every_row_is_there_once_even_where_parents_run_in_a_ring(pairs: list[tuple[str, str | None]]) -> None:
    rows = (
        rows_of(*({"task": task, "parent": parent} for task, parent in pairs)) if pairs else rows_of({"task": "a"})[:0]
    )
    tree = run_tree.tree(rows, BENCHMARKS)
    own = tree[~tree["is_heading"].astype(bool)]
    assert sorted(own["task"]) == sorted(rows["task"])
    assert tree["node"].is_unique
    depths = tree["depth"].tolist()
    assert all(b <= a + 1 for a, b in pairwise(depths)) and depths[:1] in ([], [0])
    # What is below a row, counted the slow way: deeper rows until one that is not.
    for i, depth in enumerate(depths):
        below = []
        for j in range(i + 1, len(depths)):
            if depths[j] <= depth:
                break
            has_parts = j + 1 < len(depths) and depths[j + 1] > depths[j]
            below += [j] * (not has_parts and not tree["is_heading"][j])
        assert tree["n_below"][i] == len(below)


def test_the_usual_metric_of_each_task_or_one_for_all() -> None:
    rows = rows_of(
        {"task": "arc", "metric": "acc"},
        {"task": "arc", "metric": "acc_norm"},
        {"task": "blimp", "metric": "acc"},
        {"task": "own", "metric": "zeal", "filter": "strict"},
        {"task": "own", "metric": "zeal", "filter": "none"},
    )
    usual = run_tree.one_metric(rows, run_tree.HEADLINE, BENCHMARKS)
    assert list(zip(usual["task"], usual["metric"], usual["filter"], strict=True)) == [
        ("arc", "acc_norm", "none"), ("blimp", "acc", "none"), ("own", "zeal", "none"),
    ]  # fmt: skip
    keys = [one.key for one in run_tree.metric_choices(rows)]
    assert keys[0] == "acc|none"
    assert run_tree.one_metric(rows, "acc|none", BENCHMARKS)["task"].tolist() == ["arc", "blimp"]


def test_one_task_with_two_benchmarks_has_both_scores() -> None:
    rows = rows_of(
        {"task": "truthfulqa_mc", "metric": "mc1", "benchmark": "truthfulqa_mc1"},
        {"task": "truthfulqa_mc", "metric": "mc2", "benchmark": "truthfulqa_mc2"},
    )
    tree = run_tree.tree(run_tree.one_metric(rows, run_tree.HEADLINE, BENCHMARKS), BENCHMARKS)
    assert names(tree) == [("truthfulqa_mc", 0), ("mc1", 1), ("mc2", 1)]


def test_intervals_chance_and_what_is_a_share() -> None:
    rows = rows_of(
        {"task": "arc", "metric": "acc_norm"},
        {"task": "ppl", "metric": "word_perplexity", "score": 0.9, "n_correct": np.nan, "stderr": np.nan},
    )
    found = run_tree.with_intervals(rows, BENCHMARKS).set_index("task")
    assert found.at["arc", "ci_low"] == pytest.approx(0.4038, abs=1e-4)  # Wilson, 50 of 100
    assert found["chance"].to_dict() == pytest.approx({"arc": 0.25, "ppl": np.nan}, nan_ok=True)
    assert found["is_share"].to_dict() == {"arc": True, "ppl": False}
    assert np.isnan(found.at["ppl", "ci_low"])


def test_repairs_are_counted_and_flags_are_sentences() -> None:
    rows = rows_of({"task": "a", "flags": "derived n-recovered"}, {"task": "b", "flags": "limited"}, {"task": "c"})
    assert set(run_tree.repaired(rows).values()) == {1} and len(run_tree.repaired(rows)) == 2
    assert run_tree.flags_in_words("limited", "failed") == f"{run_tree.STATUS_WORDS['failed']} {FLAGS['limited']}"
    assert run_tree.flags_in_words("", "scored") == ""
