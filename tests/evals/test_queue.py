"""The queue's functions on both engines: what is put in is there once, changes follow the states, others see only theirs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.evals import matching, queue, queue_dbos
from lib.evals.jobs import Job, Needs, TaskProgress, Worker
from lib.evals.spec import JobSpec, from_json
from lib.settings import ROOT
from lib.store import jobs as stored
from lib.store import workers as stored_workers
from lib.store.db import Store
from lib.store.jobs import Hold

HAS: dict[str, Any] = {"device": "cpu", "memory_gib": 8.0, "backends": ["hf"], "lm_eval_version": "0", "process": {}}


def spec(name: str = "m", **fields: Any) -> JobSpec:
    return from_json({"backend": "hf", "model_args": {"pretrained": name}, "tasks": ["a", "b"], **fields})


def put_in(store: Store, name: str = "m", **options: Any) -> Job:
    return queue.enqueue(store, spec(name), needs=options.pop("needs", Needs("hf")), **options).job


def claim(store: Store, worker: str) -> stored_workers.Claim | None:
    return stored_workers.claim(store, worker, lambda rows: matching.choose(rows, HAS), 100)


def begin(store: Store, worker: str = "w") -> Hold:
    """A worker that has taken up the next job."""
    stored_workers.start_worker(store, worker, HAS)
    claimed = claim(store, worker)
    assert claimed is not None
    hold = stored_workers.take_up(store, claimed.job, claimed.workflow, worker, "0.4")
    assert hold is not None
    return hold


def test_the_same_job_is_offered_as_there_already(store: Store) -> None:
    first = queue.enqueue(store, spec(), needs=Needs("hf", memory_gib=2.5), priority=3, estimate={"seconds": 5})
    assert first.is_new
    job = first.job
    assert (job.state, job.priority, job.estimate, job.needs) == ("queued", 3, {"seconds": 5}, Needs("hf", "cpu", 2.5))
    assert job.spec == spec()
    assert [(task.position, task.task, task.repeat, task.state) for task in job.tasks] == [
        (0, "a", 0, "waiting"),
        (1, "b", 0, "waiting"),
    ]
    assert job.tasks[0].n_requests is None and job.tasks[0].tokens_in is None, "unknown is not 0"
    assert queue.enqueue(store, spec(), needs=Needs("hf")) == (job, False)
    assert queue.enqueue(store, spec(num_fewshot=1), needs=Needs("hf")).is_new
    again = queue.enqueue(store, spec(), needs=Needs("hf"), again=True)
    assert again.is_new and again.job.id != job.id
    queue.cancel(store, again.job.id)
    queue.cancel(store, job.id)
    assert queue.enqueue(store, spec(), needs=Needs("hf")).is_new, "one that was called off makes no other needless"


def test_tasks_are_read_in_the_order_of_the_record() -> None:
    assert tuple(field.name for field in fields(TaskProgress)) == stored.TASK_COLUMNS


def test_repeats_are_tasks_of_their_own(sqlite_store: Store) -> None:
    job = queue.enqueue(sqlite_store, spec(repeats=2), needs=Needs("hf")).job
    assert [(task.position, task.task, task.repeat) for task in job.tasks] == [
        *((0, "a", 0), (1, "b", 0)),
        *((2, "a", 1), (3, "b", 1)),
    ]


def test_a_job_is_in_our_tables_and_in_the_queue_or_in_neither(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(store, "before")
    putting_in = queue_dbos.putting_in

    def broken(*arguments: Any) -> Any:
        put = putting_in(*arguments)

        def then_break(connection: Any) -> None:
            put(connection)
            raise KeyError("killed")

        return then_break

    monkeypatch.setattr(queue_dbos, "putting_in", broken)
    with pytest.raises(KeyError):
        put_in(store, "lost")
    assert [job.spec.model for job in queue.jobs(store)] == ["before"]
    listed = queue_dbos._client(store).list_workflows()
    assert [workflow.workflow_id for workflow in listed] == [f"{queue.jobs(store)[0].id}-1"]
    assert listed[0].input == {"args": (queue.jobs(store)[0].id, f"{queue.jobs(store)[0].id}-1"), "kwargs": {}}


def test_arguments_are_stored_as_json_not_as_pickles(sqlite_store: Store) -> None:
    job = put_in(sqlite_store)
    with sqlite_store.reading() as connection:
        kept = connection.exec_driver_sql("select inputs from workflow_input").scalars().all()
        serialization = connection.exec_driver_sql(
            "select serialization, application_version from workflow_status"
        ).one()
    assert [text.startswith("{") and job.id in text for text in kept] == [True]
    assert tuple(serialization) == ("portable_json", "1")


def test_call_off_and_ask_again(store: Store) -> None:
    job = put_in(store)
    assert queue.cancel(store, job.id[:6], "not needed").reason == "not needed"
    with pytest.raises(RefusedInput, match="cancelled cannot be cancelled"):
        queue.cancel(store, job.id)
    again = queue.retry(store, job.id)
    assert (again.state, again.reason, again.ended_at, again.attempt) == ("queued", "", None, 0)
    assert {task.state for task in again.tasks} == {"waiting"}
    with pytest.raises(RefusedInput, match="queued cannot be asked again"):
        queue.retry(store, job.id)
    assert [event.kind for event in queue.events(store, job.id)] == ["queued", "cancelled", "asked again"]
    with pytest.raises(RefusedInput, match="no such job"):
        queue.cancel(store, "ffff")
    assert queue.job(store, "") is None and queue.job(store, "%") is None


def test_only_who_holds_a_job_writes_about_it(store: Store) -> None:
    job = put_in(store)
    hold = begin(store)
    assert (hold.job, hold.attempt) == (job.id, 1)
    waiting = put_in(store, "one more")
    assert claim(store, "w") is None, "one job at a time"
    queue.cancel(store, waiting.id)
    progress = {0: {"state": "running", "n_done": 3, "n_requests": 10, "tokens_in": 7}}
    heard = stored_workers.beat(store, "w", is_idle=False, hold=hold, tasks=progress, log="loading")
    assert (heard.is_known, heard.job, heard.state, heard.attempt) == (True, job.id, "running", 1)
    seen = queue.job_named(store, job.id)
    assert (seen.state, seen.worker, seen.lm_eval_version) == ("running", "w", "0.4")
    assert (seen.tasks[0].n_done, seen.tasks[0].n_requests, seen.tasks[0].tokens_out) == (3, 10, None)
    assert queue.log_tail(store, job.id) == "loading"
    # Taken for dead: the job is somebody else's, whatever the old one still says.
    lost = stored_workers.bury(store, "w", None, limit=3)
    assert lost == [(job.id, f"{job.id}-1", "queued")]
    assert queue.job_named(store, job.id).tasks[0].state == "waiting"
    other = begin(store, "v")
    assert other.attempt == 2
    assert not stored_workers.beat(store, "w", is_idle=False, hold=hold, tasks={0: {"n_done": 9}}, log="old").is_known
    assert not stored_workers.finish(store, hold, "succeeded", "", is_retryable=False)
    assert not stored_workers.write_held(store, hold, lambda _: pytest.fail("written"))
    assert stored_workers.take_up(store, job.id, f"{job.id}-1", "w", None) is None
    assert queue.job_named(store, job.id).tasks[0].n_done == 3
    assert queue.log_tail(store, job.id) == "loading"
    assert stored_workers.finish(store, other, "failed", "no memory", is_retryable=True)
    ended = queue.job_named(store, job.id)
    assert (ended.state, ended.reason, ended.is_retryable, ended.takeovers) == ("failed", "no memory", True, 1)
    assert stored_workers.bury(store, "w", None, limit=3) is None, "buried once"


def test_a_worker_that_gave_a_sign_of_life_is_not_buried(store: Store) -> None:
    stored_workers.start_worker(store, "w", HAS)
    seen_at = stored_workers.worker_rows(store)[0]["seen_at"]
    stored_workers.beat(store, "w", is_idle=True)
    assert stored_workers.bury(store, "w", seen_at, limit=3) is None
    assert 0 <= queue.workers(store)[0].silent_s < 60


def test_claims_go_by_priority_then_age_and_fit(store: Store) -> None:
    low, high = put_in(store, "low"), put_in(store, "high", priority=5)
    put_in(store, "large", priority=9, needs=Needs("hf", "cpu", 64.0))
    put_in(store, "gpu", priority=9, needs=Needs("hf", "cuda"))
    order = []
    for worker in ("w1", "w2", "w3"):
        stored_workers.start_worker(store, worker, HAS)
        claimed = claim(store, worker)
        order.append(claimed and claimed.job)
    assert order == [high.id, low.id, None]
    assert [queue.n_before(store, job) for job in (high, low)] == [2, 3]


def test_lists_show_what_is_public(sqlite_store: Store) -> None:
    put_in(sqlite_store, "mine", visibility="private", owner="a")
    shown = put_in(sqlite_store, "ours")
    assert [job.id for job in queue.jobs(sqlite_store)] == [shown.id]
    assert queue.counts(sqlite_store)["queued"] == 1
    assert stored.n_open(sqlite_store) == 2
    hidden = next(job for job in stored.ids(sqlite_store) if job != shown.id)
    assert queue.job(sqlite_store, hidden) is None
    assert queue.events(sqlite_store, hidden) == [] and queue.log_tail(sqlite_store, hidden) == ""
    assert queue.enqueue(sqlite_store, spec("mine"), needs=Needs("hf")).is_new, "another owner's job is not told of"


def test_the_list_is_in_the_order_of_turns(sqlite_store: Store) -> None:
    first, second, third = (put_in(sqlite_store, name) for name in "abc")
    urgent = put_in(sqlite_store, "d", priority=1)
    begin(sqlite_store)  # takes the urgent one
    queue.cancel(sqlite_store, second.id)
    assert [job.id for job in queue.jobs(sqlite_store)] == [urgent.id, first.id, third.id, second.id]
    assert [job.id for job in queue.jobs(sqlite_store, states=["cancelled"])] == [second.id]
    assert [job.id for job in queue.jobs(sqlite_store, limit=1, offset=3)] == [second.id]
    assert queue.counts(sqlite_store) == {"queued": 2, "running": 1, "succeeded": 0, "failed": 0, "cancelled": 1}


def _worker(**fields: Any) -> Worker:
    values = {"name": "w", "device": "cpu", "memory_gib": 8.0, "backends": ("hf",), "lm_eval_version": None}
    return Worker(**{**values, "job": None, "silent_s": 0.0, **fields})


@pytest.mark.parametrize(
    ("needs", "workers", "n_before", "words"),
    [
        (Needs("hf"), [], None, "no worker is running: python -m lib worker"),
        (Needs("hf"), [_worker(silent_s=61.0)], None, "no worker is running: python -m lib worker"),
        (Needs("hf", "cpu", 24.0), [_worker()], None, "no worker with 24 GiB"),
        (Needs("hf", "cuda", 24.0), [_worker()], None, "no worker with cuda"),
        (Needs("hf", "cuda", 24.0), [_worker(), _worker(device="cuda")], None, "no worker with 24 GiB"),
        (Needs("vllm"), [_worker()], None, "no worker with the backend vllm"),
        (Needs("hf"), [_worker(job="x")], 2, "2 jobs before it"),
        (Needs("hf"), [_worker(job="x")], 1, "1 job before it"),
        (Needs("hf"), [_worker(job="x")], 0, "the worker is busy with another job"),
        (Needs("hf"), [_worker()], 0, "it is next"),
        (Needs("hf", "cpu", None), [_worker(memory_gib=None)], None, "it is next"),
    ],
)
def test_why_a_job_waits(needs: Needs, workers: list[Worker], n_before: int | None, words: str) -> None:
    job = Job(id="a" * 12, spec=spec(), digest="", state="queued", needs=needs)
    assert queue.waits_because(job, workers, n_before) == words


class _Row:
    def __init__(self, number: int, priority: int, device: str, memory: float | None, backend: str) -> None:
        self.number, self.priority = number, priority
        self.needs = {"device": device, "memory_gib": memory, "backend": backend}


MEMORIES = st.sampled_from([None, 0.0, 4.0, 8.0, 24.0])
ROWS = st.lists(
    st.tuples(st.integers(-2, 2), st.sampled_from(["cpu", "cuda", "mps"]), MEMORIES, st.sampled_from(["hf", "vllm"])),
    max_size=6,
)


@given(ROWS, st.sampled_from(["cpu", "cuda", "mps"]), MEMORIES, st.sampled_from([["hf"], ["hf", "vllm"], []]))
def test_the_choice_against_its_slow_definition(
    asked: list[Any], device: str, memory: float | None, backends: list[str]
) -> None:
    rows = [_Row(number, *one) for number, one in enumerate(asked)]
    best = None
    for row in rows:
        needs = row.needs
        if needs["backend"] not in backends or (needs["device"] not in ("cpu", device)):
            continue
        if needs["device"] == device and needs["memory_gib"] and memory is not None and needs["memory_gib"] > memory:
            continue
        if (
            best is None
            or row.priority > best.priority
            or (row.priority == best.priority and needs["device"] == device and best.needs["device"] != device)
        ):
            best = row
    assert matching.choose(rows, {"device": device, "memory_gib": memory, "backends": backends}) is best


def test_reading_the_queue_loads_no_engine() -> None:
    """The app's process shows jobs without DBOS, lm-eval or PyTorch; DBOS comes with the first job that is put in."""
    code = (
        "import sys, lib\n"
        "import lib.evals.queue, lib.evals.beside\n"
        "heavy = {'dbos', 'lm_eval', 'torch', 'transformers', 'datasets'} & {m.split('.')[0] for m in sys.modules}\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
