"""The mini study from the first line of text to the pages: every step through the parts that anybody's evaluation uses."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from lib.errors import Unavailable
from lib.evals import own_tasks, queue
from lib.evals.asking import prepare
from lib.evals.jobs import Job
from lib.evals.leash import Leash
from lib.evals.mini_study import catalogue, training
from lib.evals.mini_study.plan import Course, Plan
from lib.evals.mini_study.tasks import tasks
from lib.evals.mini_study.world import World
from lib.evals.spec import JobSpec
from lib.evals.states import ENDED
from lib.settings import ROOT, Settings
from lib.sources.ingest import ingest, ingest_raw
from lib.sources.prepare import Meta
from lib.sources.walk import Raw
from lib.store.db import Store

LAWS = ("loss_law_parameters.csv", "allocation_laws.csv", "refit_bootstrap_draws.csv")
"""Shipped tables behind the lines of Parameters and tokens."""
BATCH_SIZE = 32
LOOK_S = 0.5
MOST_WORKERS = 2
Tell = Callable[[str], None]


class Found(NamedTuple):
    """What the study ends in.

    Args:
        jobs: One per state, ended.
        runs: Digests of the runs of each state: (id of the model, step) to name of the task to digest.
        tasks: Names of the tasks in the store, in the order facts, agreement, copying.
    """

    jobs: tuple[Job, ...]
    runs: Mapping[tuple[str, int], Mapping[str, str]]
    tasks: tuple[str, ...]


def bring_questions(store: Store, settings: Settings, world: World) -> tuple[str, ...]:
    """The tasks as anybody's own, and the laws that the page of parameters and tokens draws; names of the tasks."""
    laws = [settings.shipped_dir / "scaling" / name for name in LAWS]
    ingest(store, [path for path in laws if path.exists()], settings=settings, shipped=True)
    return tuple(own_tasks.add(store, task).name for task in tasks(world))


def register(store: Store, courses: Sequence[Course], sizes: Mapping[str, int], world: World, day: str) -> None:
    """Sizes and tokens of the trained models into the catalogue, as three files that can be withdrawn.

    Raises:
        Unavailable: If the store refuses one, which it does not by what is written here.
    """
    files = catalogue.tables(courses, sizes, len(world.words()) + 2, day)
    raws = [Raw(name, name, content) for name, content in files.items()]
    summary = ingest_raw(store, raws, shipped=True, meta=Meta(title=catalogue.TITLE, published_on=day))
    if summary.refused:
        raise Unavailable(f"{summary.refused[0].file}: {summary.refused[0].reason}", remedy="Withdraw what is in its place.")  # fmt: skip


def ask(store: Store, settings: Settings, plan: Plan, names: Sequence[str], folder: Path) -> dict[tuple[str, int], Job]:
    """A job per state into the queue; one that is there already, done or not, is taken as it is.

    Raises:
        Unavailable: If something speaks against one of them, as it would on the page.
    """
    jobs = {}
    for course, step in plan.states:
        spec = JobSpec(
            backend="hf",
            tasks=tuple(names),
            model_args={"pretrained": str(folder / course.folder(step)), "dtype": "float32"},
            batch_size=BATCH_SIZE,
            device="cpu",
        )
        ready = prepare(store, settings, spec, env=os.environ)
        if ready.problems:
            problem = ready.problems[0]
            raise Unavailable(f"{course.title} cannot be evaluated: {problem.reason}", remedy=problem.remedy)
        told = ready.estimate.as_json()
        jobs[course.id, step] = queue.enqueue(store, ready.spec, needs=ready.needs, estimate=told).job
    return jobs


def work(store: Store, settings: Settings, jobs: Sequence[Job], tell: Tell, *, n_workers: int = MOST_WORKERS) -> None:
    """Start workers as `python -m lib worker --once` does, and wait until these jobs have ended."""
    if all(queue.job_named(store, job.id).state in ENDED for job in jobs):
        return
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(settings, n)) for n in range(n_workers)]
        told: dict[str, str] = {}
        while True:
            now = [queue.job_named(store, job.id) for job in jobs]
            for job in now:
                if job.state != told.get(job.id, "queued"):
                    told[job.id] = job.state
                    tell(_line(job, now))
            if all(job.state in ENDED for job in now):
                return
            if all(worker.poll() is not None for worker in workers):
                log = settings.data_dir / "worker-0.log"
                raise Unavailable("the workers have ended before the jobs", remedy=f"The end of {log} says why.")
            time.sleep(LOOK_S)


def found(store: Store, jobs: Mapping[tuple[str, int], Job], names: Sequence[str]) -> Found:
    """What has come of the jobs.

    Raises:
        Unavailable: If one of them failed, with its own reason.
    """
    ended = {key: queue.job_named(store, job.id) for key, job in jobs.items()}
    for (model, step), job in ended.items():
        if job.state != "succeeded":
            raise Unavailable(
                f"The evaluation of {model} after step {step} {job.state}: {job.reason or 'no reason given'}",
                remedy=f"`python -m lib jobs log {job.id}` shows what lm-eval said.",
            )
    runs = {key: {task.task: task.run for task in job.tasks if task.run} for key, job in ended.items()}
    return Found(tuple(ended.values()), runs, tuple(names))


def how_many_workers() -> int:
    """Two where there are two cores: each runs a child with one thread."""
    return min(MOST_WORKERS, os.cpu_count() or 1)


def train(settings: Settings, plan: Plan, world: World, folder: Path, tell: Tell) -> dict[str, int]:
    """``training.train``, told in lines; parameters by model."""

    def watch(event: dict[str, Any]) -> None:
        if event["event"] == "saved":
            tokens = event["step"] * training.TOKENS_PER_STEP
            tell(
                f"{event['model']}: {tokens:,} tokens read ({event['seconds']:.0f} s), kept in {Path(event['folder']).name}"
            )

    return training.train(settings.eval_python, plan.courses, world, folder, watch)


def _worker(settings: Settings, n: int) -> Leash:
    """A worker of its own process, with everything below it tied to this one."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    env = {
        **os.environ,
        "P4P_DATA_DIR": str(settings.data_dir),
        "P4P_DATABASE_URL": settings.database_url if not settings.database_url.startswith("sqlite") else "",
        "P4P_EVAL_PYTHON": settings.eval_python,
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "lib", "worker", "--once", "--device", "cpu", "--name", "mini-study"]
    return Leash(command, env=env, log_path=settings.data_dir / f"worker-{n}.log", cwd=ROOT, grace_s=20.0)


def _line(job: Job, all_jobs: Sequence[Job]) -> str:
    n_ended = sum(one.state in ENDED for one in all_jobs)
    name = Path(job.spec.model).name
    if job.state == "running":
        return f"job {job.id}: {name}, taken up by {job.worker or 'a worker'}"
    return f"job {job.id}: {name}, {job.state} ({n_ended} of {len(all_jobs)})" + (
        f": {job.reason}" if job.reason else ""
    )
