"""When two runs are the same run."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.schema.records import Measured, Run, Samples
from lib.sources.identity import run_digest, table_digest
from tests.factories import make_result, make_run, make_samples


@given(order=st.permutations(range(5)))
def test_the_order_of_results_does_not_matter(order: list[int]) -> None:
    run = make_run(tasks=5)
    assert run_digest(replace(run, results=[run.results[i] for i in order])) == run_digest(run)


@pytest.mark.parametrize(
    "change",
    [
        {"evaluated_on": "2024-01-01"},
        {"total_seconds": 12.0},
        {"stamp": "2024-01-01T00-00-00"},
        {"spellings": ("org/model", "another/folder")},
        {"measured": {"task_0": Measured(seconds=12.0, tokens_in=5)}},
        {"config": {"date": 1.7e9, "pretty_env_info": "host", "attach_to": "x"}},
    ],
)
def test_times_host_and_folder_do_not_matter(change: dict[str, object]) -> None:
    assert run_digest(replace(make_run(), **change)) == run_digest(make_run())


@pytest.mark.parametrize(
    "change",
    [
        {"spellings": ("org/other",)},
        {"revision": "step1"},
        {"limit": "100"},
        {"chat_template": "abc"},
        {"config": {"num_fewshot": 5}},
        {"model_args": {"pretrained": "x"}},
        {"results": [make_result("task_0"), make_result("task_1", score_published=0.61)]},
        {"results": [make_result("task_0"), make_result("task_1", n_shot=5)]},
        {"results": [make_result("task_0")]},
    ],
)
def test_everything_else_makes_another_run(change: dict[str, object]) -> None:
    assert run_digest(replace(make_run(), **change)) != run_digest(make_run())


def test_what_we_recompute_is_not_part_of_the_identity() -> None:
    published = {"score_published": 0.6, "stderr_published": 0.05}
    one = make_run(results=[make_result(**published, stderr=0.01, n_samples=None, n_correct=None)])
    two = make_run(results=[make_result(**published, stderr=0.02, flags=("n-recovered",))])
    assert run_digest(one) == run_digest(two)


def test_samples_decide_only_where_there_are_no_results() -> None:
    scored, bare = make_run(), Run(spellings=("m",), evaluator="lm-eval 0.4")
    assert run_digest(replace(scored, samples=[make_samples()])) == run_digest(scored)
    assert run_digest(replace(bare, samples=[make_samples(rows=3)])) != run_digest(
        replace(bare, samples=[make_samples(rows=4)])
    )


@given(rows=st.lists(st.text(max_size=5), max_size=20), at=st.integers(0, 20))
def test_chunks_of_a_table_do_not_matter(rows: list[str], at: int) -> None:
    table = pa.table({"doc": pa.array(rows, pa.string())})
    parts = pa.concat_tables([table.slice(0, at), table.slice(at)])
    assert table_digest(parts) == table_digest(table)
    assert table_digest(table) != table_digest(pa.table({"doc": pa.array([*rows, "x"], pa.string())}))
    assert Samples("t", table).task == "t"
