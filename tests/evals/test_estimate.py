"""Estimates: what is told before a job against slow definitions, and against what a real run of lm-eval counted."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from lib.evals import own_tasks, queue
from lib.evals.asking import prepare
from lib.evals.estimate import Estimate, Known, came, errors, estimate, known, needs
from lib.evals.estimate_memory import fits, memory_need
from lib.evals.jobs import Job, TaskProgress
from lib.evals.lengths import Range, chars_per_token, items, lengths
from lib.evals.machine import GIB, Machine, this_machine
from lib.evals.model_facts import ModelFacts, from_folder
from lib.evals.prices import TokenPrice
from lib.evals.queue import Enqueued
from lib.evals.spec import JobSpec, from_json
from lib.evals.task_list import TaskEntry, task_list
from lib.settings import read_settings
from lib.sources.own_task_files import OwnTask
from lib.stats.serving import Device
from lib.store import job_tables
from lib.store.db import Store, open_store
from lib.store.job_history import PastTask, finished_tasks
from tests.evals.questions import job_of

MACHINE = Machine(16.0, 12.0, 1e11, 1e10)
SMALL = ModelFacts(
    "o/m", params=1e9, params_active=1e9, bits_per_weight=16, cache_bytes_per_token=1e5, vocab=50_000, basis="its files"
)
TASKS = task_list()


def of(facts: ModelFacts = SMALL, **changes: Any) -> Known:
    return replace(Known(facts, TASKS, MACHINE, past=()), **changes)


def spec(**changes: Any) -> JobSpec:
    return from_json({"backend": "hf", "tasks": ["arc_easy"], "model_args": {"pretrained": "o/m"}, **changes})


def past(**changes: Any) -> PastTask:
    usual = PastTask("o/m", "cpu", "arc_easy", None, 100.0, 1, False, 400, 16_000, 0, 40.0, 10**9, None, "2026-11-22")
    return usual._replace(**changes)


def test_tokens_of_multiple_choice_are_questions_times_choices() -> None:
    told = estimate(spec(limit=100, num_fewshot=2), of())
    row = lengths()["arc_easy"]
    assert row.n_choices == 4.0 and row.choice is not None and row.example is not None
    characters = 100 * 4 * (row.prompt + row.choice + 2 * row.example)
    assert told.tokens_in is not None and told.tokens_out == Range(0, 0, 0)
    assert told.tokens_in.mid == pytest.approx(characters / chars_per_token(50_000)[1])
    assert told.tokens_in.low < told.tokens_in.mid < told.tokens_in.high
    assert told.tasks[0].n_items == 100 and told.tasks[0].n_requests == 400
    thrice = estimate(spec(limit=100, num_fewshot=2, repeats=3), of())
    assert thrice.tokens_in is not None and thrice.tokens_in.mid == pytest.approx(3 * told.tokens_in.mid)


@settings(max_examples=60, deadline=None)
@given(st.none() | st.floats(0.001, 0.999) | st.integers(1, 5_000).map(float), st.none() | st.integers(1, 3_000))
def test_the_limit_is_lm_evals(limit: float | None, n: int | None) -> None:
    entry = TaskEntry("x", "task", n_items=n)
    found = items(spec(limit=limit), entry)
    if n is None:
        assert found == (None if limit is None or limit < 1 else int(limit))
    else:
        asked = n if limit is None else math.ceil(n * limit) if limit < 1 else int(limit)
        assert found == len(range(n)[:asked])


def test_groups_are_the_sum_of_their_tasks() -> None:
    whole = estimate(spec(tasks=["mmlu"]), of())
    parts = [estimate(spec(tasks=[leaf.name]), of()) for leaf in TASKS.leaves("mmlu")]
    assert whole.tokens_in is not None and whole.tasks[0].n_items == 14_042
    assert whole.tokens_in.mid == pytest.approx(sum(one.tokens_in.mid for one in parts if one.tokens_in))
    # Letters are one token each: a local model reads the question once, so four times as fast as it is asked.
    assert whole.tasks[0].n_requests == 4 * 14_042


def test_what_is_not_known_stays_unknown_and_is_said() -> None:
    told = estimate(spec(tasks=["arc_easy", "squadv2", "wikitext"]), of())
    assert told.seconds is None and told.tokens_in is None and told.cost_usd is None
    assert told.tasks[0].tokens_in is not None and told.tasks[1].tokens_in is None
    assert any("squadv2" in reason for reason in told.unknown)
    nothing = estimate(spec(), of(ModelFacts("o/m")))
    assert nothing.memory_gib is None and nothing.seconds is None and nothing.tokens_in is not None
    assert {reason.split(":")[0] for reason in nothing.unknown} == {"time", "memory"}
    on_card = estimate(spec(device="cuda"), of())
    assert on_card.seconds is None and "speed of the device" in " ".join(on_card.unknown)
    with_card = estimate(spec(device="cuda"), of(device=Device(80.0, 2_000.0, 300.0)))
    assert with_card.seconds is not None
    assert estimate(spec(tasks=["leaderboard_math_hard"]), of()).tokens_out is not None
    document = told.as_json()
    assert document["seconds"] is None and document["tasks"][1]["tokens_in"] is None


def test_an_endpoint_costs_its_tokens_and_has_no_time_until_one_was_asked() -> None:
    asked = spec(backend="local-chat-completions", model_args={"model": "m"}, tasks=["gsm8k"], limit=10)
    told = estimate(asked, of(ModelFacts("m"), price=TokenPrice(2.0, 8.0, "your own price")))
    assert told.memory_gib == 0.0 and told.seconds is None and told.tokens_in and told.tokens_out and told.cost_usd
    assert told.cost_usd.mid == pytest.approx((2 * told.tokens_in.mid + 8 * told.tokens_out.mid) / 1e6)
    assert told.as_json()["usd_per_million"] == [2.0, 8.0]
    ran = past(model="m", task="gsm8k", n_requests=10, tokens_in=7_000, tokens_out=900, seconds=30.0, limit=10.0)
    later = estimate(asked, of(ModelFacts("m"), past=(ran,)))
    assert later.tokens_in is not None and later.tokens_in.mid == 7_000 and later.seconds is not None
    assert later.tasks[0].seconds is not None and later.tasks[0].seconds.low < 30 < later.tasks[0].seconds.high
    assert any(reason.startswith("money") for reason in later.unknown)


def test_what_ran_here_before_corrects_the_arithmetic() -> None:
    first = estimate(spec(), of())
    again = estimate(spec(), of(past=(past(),)))
    assert first.seconds is not None and again.seconds is not None and again.tokens_in is not None
    assert again.tokens_in.mid == pytest.approx(16_000 * 23.76), "2,376 questions after 100"
    assert again.tasks[0].seconds is not None
    assert again.tasks[0].seconds.mid == pytest.approx(40 * 23.76, rel=0.01)
    narrow = again.tasks[0].seconds.high / again.tasks[0].seconds.mid
    assert first.tasks[0].seconds is not None
    assert narrow < first.tasks[0].seconds.high / first.tasks[0].seconds.mid
    # Twice the parameters take twice the time of what a smaller model took.
    other = replace(SMALL, name="o/large", params=2e9, params_active=2e9)
    bare = past(seconds=800.0)
    larger = estimate(spec(model_args={"pretrained": "o/large"}), of(other, past=(bare,), sizes={"o/m": SMALL}))
    assert larger.tasks[0].seconds is not None
    assert larger.tasks[0].seconds.mid == pytest.approx(2 * 800 * 23.76, rel=0.05)
    # Tasks on other devices say nothing.
    assert "nothing like it ran here yet" in estimate(spec(), of(past=(past(device="cuda"),))).basis


def test_a_task_whose_file_says_no_examples_is_asked_without() -> None:
    """lm-eval ignores --num_fewshot there (seen in a real run)."""
    fixed = TASKS.task("truthfulqa_mc1")
    assert fixed is not None and fixed.num_fewshot == 0
    without, asked = (estimate(spec(tasks=["truthfulqa_mc1"], num_fewshot=n), of()) for n in (None, 5))
    assert without.tokens_in == asked.tokens_in
    more = estimate(spec(num_fewshot=5), of()).tokens_in
    none = estimate(spec(), of()).tokens_in
    assert more is not None and none is not None and more.mid > 3 * none.mid


def test_memory_by_the_formulas_of_serving() -> None:
    need = memory_need(spec(batch_size=4), SMALL, 1_000)
    expected = 1e9 * 2 + 4 * 1_000 * 1e5 + 4 * 1_000 * 50_000 * 8 + 0.5 * GIB
    assert need.gib == pytest.approx(expected / GIB)
    halved = memory_need(spec(model_args={"pretrained": "o/m", "dtype": "float32"}), SMALL, 1_000).gib
    assert halved is not None and need.gib is not None and halved > memory_need(spec(), SMALL, 1_000).gib  # type: ignore[operator]
    unknown_shape = memory_need(spec(), replace(SMALL, cache_bytes_per_token=None), 1_000)
    assert unknown_shape.gib == pytest.approx((2e9 * 1.2 + 0.5 * GIB) / GIB) and "fifth" in unknown_shape.basis
    assert memory_need(spec(backend="dummy"), ModelFacts("dummy"), 1_000).gib == 0.0
    assert fits(14.0, "cuda", 16.0) and not fits(14.2, "cuda", 16.0)
    assert fits(14.2, "cpu", 16.0) and not fits(14.5, "cpu", 16.0)
    assert needs(spec(device="cuda:1"), estimate(spec(device="cuda:1"), of())).device == "cuda"


def test_this_machine_is_measured() -> None:
    found = this_machine()
    assert found.memory_gib > found.free_gib > 0 and found.flop_per_s > 1e8 and found.bytes_per_s > 1e8


def test_errors_are_what_came_over_what_was_told() -> None:
    told = estimate(spec(limit=100), of()).as_json()
    task = TaskProgress(0, "arc_easy", seconds=50.0, tokens_in=10_000, tokens_out=0, peak_memory_bytes=2**30)
    job = replace(job_of(spec()), tasks=(task,), started_at="2026-11-22T10:00:00Z", ended_at="2026-11-22T10:00:50Z")
    took = came(job)
    assert took == {"seconds": 50.0, "memory_gib": 1.0, "tokens_in": 10_000, "tokens_out": 0, "cost_usd": None}
    off = errors(told, took)
    assert off["seconds"] == pytest.approx(50 / told["seconds"][1])
    assert off["tokens_out"] is None and off["cost_usd"] is None
    half = came(replace(job, tasks=(task, TaskProgress(1, "piqa")), attempt=2))
    assert half["seconds"] is None and half["memory_gib"] is None and half["tokens_in"] is None


def test_history_is_read_from_jobs_that_ended_well(store: Store) -> None:
    document = spec(limit=5).as_json()
    job = {
        "id": "0" * 12, "digest": "0" * 64, "spec": document, "state": "succeeded", "needs": {"backend": "hf", "device": "cpu"},
        "estimate": {}, "created_at": "2026-11-22T00:00:00Z", "workflow": "x", "turn": 1,
    }  # fmt: skip
    rows = [
        {"job": "0" * 12, "position": 0, "task": "arc_easy", "state": "succeeded", "n_requests": 20, "tokens_in": 7, "tokens_out": 0, "seconds": 1.5, "is_resumed": False},
        {"job": "0" * 12, "position": 1, "task": "piqa", "state": "succeeded", "n_requests": 20, "tokens_in": 7, "tokens_out": 0, "seconds": 1.5, "is_resumed": True},
        {"job": "0" * 12, "position": 2, "task": "boolq", "state": "failed", "n_requests": 20, "tokens_in": 7, "tokens_out": 0, "seconds": 1.5, "is_resumed": False},
    ]  # fmt: skip

    def write(writing: Any) -> None:
        writing.connection.execute(insert(job_tables.jobs).values(job))
        writing.connection.execute(insert(job_tables.job_tasks), rows)

    store.write(write)
    (found,) = finished_tasks(store, "hf")
    assert (found.task, found.model, found.device, found.limit, found.seconds) == ("arc_easy", "o/m", "cpu", 5.0, 1.5)
    assert finished_tasks(store, "dummy") == []
    again = known(store, spec(), today="2026-11-22")
    assert again.past == [found]


ROWS = tuple(
    {"question": f"{'very ' * (i % 9)}what is {i} and {i + 1}?", "choices": [str(2 * i), f"{2 * i + 1}, I think", "none"], "answer": i % 3}
    for i in range(40)
)  # fmt: skip
WRITTEN = tuple({"question": f"{'so ' * (i % 5)}say {i} in words", "answers": ["a number"]} for i in range(30))


class Ran(NamedTuple):
    """A job that was queued and run by a worker: what was told, and what came."""

    told: Estimate
    job: Job
    again: Enqueued
    later: Estimate
    history: list[PastTask]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Ran]:
    """Two own tasks, a real worker, real lm-eval, offline."""
    folder = tmp_path_factory.mktemp("estimated")
    env = {"P4P_DATA_DIR": str(folder), "P4P_FILL": "0", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    in_force = read_settings(env)
    store = open_store(in_force)
    made = [OwnTask("Sums", "choices", ROWS), OwnTask("Words", "answer", WRITTEN)]
    for task in made:
        own_tasks.add(store, task)
    asked = from_json(
        {
            "backend": "hf",
            "tasks": [task.name for task in made],
            "model_args": {"pretrained": str(tiny_model)},
            "num_fewshot": 2,
            "batch_size": 4,
            "device": "cpu",
        }
    )
    told = prepare(store, in_force, asked, env=env)
    assert told.problems == ()
    estimate_told = told.estimate.as_json()
    put_in = queue.enqueue(store, told.spec, needs=told.needs, estimate=estimate_told)
    subprocess.run(
        [sys.executable, "-m", "lib", "worker", "--once"], env={**os.environ, **env}, timeout=280, check=True
    )
    job = queue.job_named(store, put_in.job.id)
    assert job.state == "succeeded", job.reason
    again = queue.enqueue(store, told.spec, needs=told.needs)
    later = prepare(store, in_force, asked, env=env)
    yield Ran(told.estimate, job, again, later.estimate, finished_tasks(store, "hf"))
    store.close()


def test_tokens_told_are_the_tokens_counted(ran: Ran) -> None:
    """The tiny model's tokenizer has a token per byte: characters can be held against tokens without its rules in between."""
    for task, came_of in zip(ran.told.tasks, ran.job.tasks, strict=True):
        assert task.n_requests == came_of.n_requests, task.name
        assert task.tokens_in is not None
        assert task.tokens_in.mid == pytest.approx(came_of.tokens_in, rel=0.03), task.name
    written = ran.job.tasks[1].tokens_out
    assert ran.told.tokens_out is not None and written is not None
    assert ran.told.tokens_out.low <= written <= ran.told.tokens_out.high


def test_memory_told_holds(ran: Ran) -> None:
    peak = max(task.peak_memory_bytes or 0 for task in ran.job.tasks) / GIB
    assert ran.told.memory_gib is not None and ran.told.memory_gib == pytest.approx(peak, rel=0.6)


def test_the_next_estimate_knows_what_came(ran: Ran) -> None:
    assert len(ran.history) == 2
    for task, came_of in zip(ran.later.tasks, ran.job.tasks, strict=True):
        assert task.tokens_in is not None and task.tokens_in.mid == came_of.tokens_in
        assert task.seconds is not None and came_of.seconds is not None
        assert task.seconds.low <= came_of.seconds <= task.seconds.high
        assert "counted when it ran here" in task.basis


def test_the_same_job_again_is_the_one_that_is_there(ran: Ran) -> None:
    assert ran.again.is_new is False and ran.again.job.id == ran.job.id
    assert all(task.run for task in ran.job.tasks), "its results are in the store"
    off = errors(ran.job.estimate, came(ran.job))
    assert off["tokens_in"] == pytest.approx(1, rel=0.03) and off["seconds"] is not None


def test_a_folder_is_read_without_running_anything(tiny_model: Path, tmp_path: Path) -> None:
    facts = from_folder(tiny_model)
    assert facts.params == 8_256 and facts.weight_bytes == (tiny_model / "model.safetensors").stat().st_size
    assert (facts.vocab, facts.context_tokens, facts.bits_per_weight) == (257, 2_048, 32.0)
    assert facts.cache_bytes_per_token == 2 * 1 * 2 * 8 * 2, "two layers' worth: keys and values, 2 heads of 8, 16 bits"
    assert facts.has_safetensors is True and facts.needs_code is False
    (tmp_path / "config.json").write_text('{"auto_map": {"AutoModel": "x.py"}}')
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 40)
    (tmp_path / "pytorch_model.bin").write_bytes(b"x" * 10)
    hostile = from_folder(tmp_path)
    assert hostile.params is None and hostile.needs_code and hostile.weight_bytes == 40
    (tmp_path / "model.safetensors").unlink()
    assert from_folder(tmp_path).has_safetensors is False
