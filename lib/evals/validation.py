"""Whether a job can be run, asked before it is queued: every reason with its field and what would help."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.errors import Unavailable
from lib.evals.backends import backend_of
from lib.evals.backends.contract import Backend, Problem, Situation
from lib.evals.backends.rules import problems as problems_of_backend
from lib.evals.estimate import Estimate
from lib.evals.estimate_memory import LOCAL, fits
from lib.evals.jobs import RequestType, Worker
from lib.evals.model_facts import ModelFacts
from lib.evals.spec import JobSpec
from lib.evals.task_list import TaskEntry, TaskList

ASKED_AS: dict[str, RequestType] = {
    "multiple_choice": "loglikelihood",
    "loglikelihood": "loglikelihood",
    "loglikelihood_rolling": "loglikelihood_rolling",
    "generate_until": "generate_until",
}
"""How each kind of task is asked."""
IN_WORDS = {
    "loglikelihood": "likelihoods of given answers",
    "loglikelihood_rolling": "likelihoods of whole texts",
    "generate_until": "written answers",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known where the job would run.

    Args:
        situation: Environment and what an admin allows.
        installed: Packages of lm-eval's interpreter, see ``lib.evals.interpreter.versions``; None: it was not asked.
        own_tasks: Names of readers' own tasks in use.
        workers: Those that are running; None: not asked. None of them counts as not known, since one may be started.
        memory_gib: Of this machine, for jobs on the processor where no worker is running.
        is_offline: The Hub cannot be reached.
        datasets: Names on the Hub whose data lies on this machine; None: not known.
    """

    situation: Situation
    installed: dict[str, str | None] | None = None
    own_tasks: Collection[str] = ()
    workers: Sequence[Worker] | None = None
    memory_gib: float | None = None
    is_offline: bool = False
    datasets: Collection[str] | None = None


def problems(spec: JobSpec, facts: ModelFacts, told: Estimate, tasks: TaskList, around: Surroundings) -> list[Problem]:
    """Every reason that speaks against queueing this job; empty when none is known.

    Raises:
        RefusedInput: If there is no such backend.
    """
    backend = backend_of(spec)
    found = [
        *_tasks(spec, backend, tasks, around),
        *problems_of_backend(spec, around.situation),
        *_packages(backend, around),
        *_model(spec, facts, around),
        *_memory(spec, facts, told, around),
    ]
    return list(dict.fromkeys(found))


def _tasks(spec: JobSpec, backend: Backend, tasks: TaskList, around: Surroundings) -> Iterator[Problem]:
    answers = backend.answers(spec.model_args)
    for name in spec.tasks:
        if name in around.own_tasks:
            continue
        leaves = tasks.leaves(name)
        if not leaves:
            yield _unknown(name, tasks, around)
            continue
        yield from _kinds(name, leaves, answers, backend)
        yield from _code(name, leaves, around)
        yield from _data(name, leaves, around)


def _unknown(name: str, tasks: TaskList, around: Surroundings) -> Problem:
    near = tasks.similar(name)
    remedy = f"Like it: {', '.join(near)}." if near else "Search the list of tasks for part of its name."
    if name.startswith("own_"):
        remedy = "It is not among the own tasks in use here."
    return Problem("tasks", f"lm-eval {tasks.version} knows no task {name}", remedy)


def _kinds(
    name: str, leaves: Sequence[TaskEntry], answers: Collection[RequestType], backend: Backend
) -> Iterator[Problem]:
    kinds = dict.fromkeys(ASKED_AS[leaf.output_type] for leaf in leaves if leaf.output_type in ASKED_AS)
    for kind in kinds:
        if kind not in answers:
            remedy = "Choose tasks that are answered in writing, or a backend that gives likelihoods."
            if "loglikelihood" in backend.request_types:
                remedy = "Name a tokenizer (tokenizer=...), or choose tasks that are answered in writing."
            yield Problem("tasks", f"{name} asks for {IN_WORDS[kind]}, which {backend.label} cannot give", remedy)


def _code(name: str, leaves: Sequence[TaskEntry], around: Surroundings) -> Iterator[Problem]:
    if any(leaf.runs_code for leaf in leaves) and not around.situation.allows_remote_code:
        remedy = "Run it in a container of your own: an admin can set P4P_ALLOW_REMOTE_CODE=1, or export the command."
        yield Problem("tasks", f"{name} runs the programs that the model writes", remedy)


def _data(name: str, leaves: Sequence[TaskEntry], around: Surroundings) -> Iterator[Problem]:
    if around.datasets is None or not around.is_offline:
        return
    wanted = {leaf.dataset for leaf in leaves if leaf.dataset and "/" in leaf.dataset}
    missing = sorted(wanted - set(around.datasets))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        reason = f"the questions of {name} ({missing[0]}{more}) are not on this machine, and the Hub cannot be reached"
        yield Problem("tasks", reason, "Run it once where the Hub can be reached, or copy the data sets' cache here.")


def _packages(backend: Backend, around: Surroundings) -> Iterator[Problem]:
    if around.installed is None:
        return
    missing = backend.missing_packages(around.installed)
    if missing:
        remedy = f"Install with: {backend.install}" if backend.install else "Name an interpreter by P4P_EVAL_PYTHON."
        yield Problem("backend", f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed", remedy)


def _model(spec: JobSpec, facts: ModelFacts, around: Surroundings) -> Iterator[Problem]:
    if spec.backend not in LOCAL:
        return
    place = "model_args.pretrained"
    named = str(spec.model_args.get("pretrained") or "")
    if named.startswith(("/", "./", "../", "~")) and not Path(named).expanduser().is_dir():
        yield Problem(place, "there is no such folder on this machine", "Give the full path, or a name on the Hub.")
    elif named.startswith(("./", "../", "~")):
        yield Problem(
            place, "the path depends on where the worker runs", f"Give it in full: {Path(named).expanduser().resolve()}"
        )
    if facts.is_gated and not any(around.situation.env.get(key) for key in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")):
        remedy = "Accept its terms on the Hub, and start the worker with HF_TOKEN set to a token of that account."
        yield Problem(place, "the repository is gated: only accounts that were let in may load it", remedy)
    if facts.needs_code and not around.situation.allows_remote_code:
        remedy = "Choose a model that transformers knows by itself; an admin can set P4P_ALLOW_REMOTE_CODE=1."
        yield Problem(place, "it needs code of its own that would run here", remedy)
    if facts.has_safetensors is False and not around.situation.allows_remote_code:
        remedy = "Choose a revision with safetensors files; an admin can set P4P_ALLOW_REMOTE_CODE=1."
        yield Problem(place, "its weights are pickles, which run code when they are read", remedy)


def _memory(spec: JobSpec, facts: ModelFacts, told: Estimate, around: Surroundings) -> Iterator[Problem]:
    if spec.backend not in LOCAL or told.memory_gib is None:
        return
    kind = (spec.device or ("cuda" if spec.backend == "vllm" else "cpu")).split(":")[0]
    rooms = [one.memory_gib for one in around.workers or () if one.device == kind and one.memory_gib is not None]
    if kind == "cpu" and not rooms and around.memory_gib is not None:
        rooms = [around.memory_gib]
    if rooms and not any(fits(told.memory_gib, kind, room) for room in rooms):
        reason = f"it needs about {told.memory_gib:.1f} GiB by our estimate ({facts.basis}); the largest {kind} worker has {max(rooms):.1f}"
        yield Problem("model", reason, "Choose a smaller model, fewer bits per weight, or a smaller batch.")


def cached_datasets(home: Path) -> frozenset[str]:
    """Names on the Hub whose data sets lie below the folder of the Hub's cache (``HF_HOME``)."""
    kept = [path.name for path in (home / "hub").glob("datasets--*--*")]
    kept += [path.name.replace("___", "--", 1) for path in (home / "datasets").glob("*___*")]
    return frozenset(name.removeprefix("datasets--").replace("--", "/", 1) for name in kept)


def installed_packages(python: str) -> dict[str, str | None] | None:
    """Packages of lm-eval's interpreter; None where it does not answer, which is told elsewhere."""
    from lib.evals.interpreter import versions

    try:
        return versions(python)
    except Unavailable:
        return None
