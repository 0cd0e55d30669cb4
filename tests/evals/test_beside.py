"""The worker beside the app: there when a job waits that nobody else can serve, gone with the app however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from lib.evals import queue
from lib.evals.beside import is_needed
from lib.evals.identity import has_ended, this_process
from lib.evals.jobs import Needs
from lib.store import workers
from lib.store.db import Store
from tests.evals.running import Process, all_ended, assert_nothing_left, began, put_in, states, wait_until

HAS: dict[str, Any] = {"device": "cpu", "memory_gib": 4.0, "backends": ["hf"], "lm_eval_version": None, "process": {}}


@pytest.fixture
def server(sqlite_store: Store) -> Iterator[Process]:
    process = Process(sqlite_store.settings, "server")
    yield process
    process.kill()


def workers_of(server: Process) -> list[psutil.Process]:
    return psutil.Process(server.pid).children(recursive=False)


def test_it_comes_with_the_first_job_and_goes_with_the_app(sqlite_store: Store, server: Process) -> None:
    wait_until(server.lines, server)
    assert workers_of(server) == [], "whoever only looks pays for no worker"
    put_in(sqlite_store, "first")
    wait_until(lambda: all_ended(sqlite_store), server)
    assert states(sqlite_store) == {"succeeded": 1}
    (worker,) = workers_of(server)
    server.let_go()
    assert server.wait() == 0, server.errors()
    assert not worker.is_running()
    assert queue.workers(sqlite_store) == [], "it ended in good order"


def test_it_goes_when_the_app_is_killed(sqlite_store: Store, server: Process) -> None:
    job = put_in(sqlite_store, "long", seconds=60, family=True)
    wait_until(lambda: began(sqlite_store.settings), server)
    (worker,) = workers_of(server)
    server.kill()
    wait_until(lambda: not worker.is_running())
    assert_nothing_left(sqlite_store.settings)
    left = queue.job_named(sqlite_store, job.id)
    assert (left.state, left.takeovers) == ("queued", 0), "given back, and not held against it"


def test_when_it_is_needed(sqlite_store: Store) -> None:
    store = sqlite_store
    assert not is_needed(store, "cpu")
    put_in(store, "gpu", needs=Needs("hf", "cuda"))
    put_in(store, "huge", needs=Needs("hf", "cpu", 1e6))
    assert not is_needed(store, "cpu"), "a worker here could not serve these either"
    assert is_needed(store, "cuda")
    put_in(store, "small")
    assert is_needed(store, "cpu")
    workers.start_worker(store, "other", HAS)
    assert not is_needed(store, "cpu"), "somebody else does it"
    workers.bury(store, "other", None, limit=3)
    ended = {**this_process(), "born": 1.0}
    assert has_ended(ended) is False, "this process itself"
    workers.start_worker(store, "dead", {**HAS, "process": {**ended, "pid": 2**22 - 1}})
    assert is_needed(store, "cpu"), "one whose process is gone serves nobody"
