"""A job before it is queued: defaults filled in, what it will take, what a worker must have, and what speaks against it.

One call for the form and for the command line, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lib.errors import RefusedInput, Unavailable
from lib.evals import hub, own_tasks
from lib.evals.backends import backend_of
from lib.evals.backends.contract import Problem, with_defaults
from lib.evals.backends.rules import situation
from lib.evals.estimate import Estimate, estimate, known, needs
from lib.evals.estimate_memory import LOCAL
from lib.evals.jobs import Needs
from lib.evals.lengths import Length
from lib.evals.machine import this_machine
from lib.evals.model_facts import ModelFacts
from lib.evals.presets import Preset, fitted
from lib.evals.prices import TokenPrice
from lib.evals.queue import workers
from lib.evals.spec import JobSpec
from lib.evals.task_list import TaskEntry, task_list
from lib.evals.task_prompts import default_shots, most_shots, prompts
from lib.evals.validation import Surroundings, cached_datasets, installed_packages, problems
from lib.settings import Settings
from lib.sources.own_task_files import OwnTask
from lib.stats.serving import Device
from lib.store.benchmarks import OWN_PREFIX
from lib.store.db import Store

QUESTIONS_READ = 200
"""Of an own task, for the mean length of its questions."""


class Prepared(NamedTuple):
    """A job that may be queued if nothing speaks against it.

    Args:
        spec: With the backend's defaults.
        facts: Of the model.
        estimate: What it will take.
        needs: What a worker must have.
        problems: Empty: it may be queued.
        notes: What to know that speaks against nothing.
    """

    spec: JobSpec
    facts: ModelFacts
    estimate: Estimate
    needs: Needs
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


class Asked(NamedTuple):
    """What the Hub said of a model: nothing where it has none to ask about, and whether it could be reached."""

    facts: ModelFacts | None
    is_offline: bool
    problem: Problem | None = None


def ask_hub(spec: JobSpec, env: Mapping[str, str]) -> Asked:
    """The model of a job on the Hub, and whether the Hub can be reached where data sets have to come from it.

    Asks nothing where everything lies here; takes up to five seconds where the Hub does not answer.
    """
    is_off = env.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    name = str(spec.model_args.get("pretrained") or "")
    if not is_off and spec.backend in LOCAL and hub.NAME.fullmatch(name) and not Path(name).is_dir():
        try:
            return Asked(hub.model(name).facts, is_offline=False)
        except Unavailable:
            return Asked(None, is_offline=True)
        except RefusedInput as refusal:
            remedy = "Check its spelling; a private one needs HF_TOKEN where the worker runs."
            return Asked(None, is_offline=False, problem=Problem("model_args.pretrained", refusal.reason, remedy))
    wanted = {leaf.dataset for task in spec.tasks for leaf in task_list().leaves(task) if "/" in (leaf.dataset or "")}
    is_needed = not wanted <= cached_datasets(_hub_home(env))
    return Asked(None, is_offline=is_off or (is_needed and not hub.is_reachable()))


def prepare(
    store: Store,
    settings: Settings,
    spec: JobSpec,
    *,
    env: Mapping[str, str],
    on_hub: Asked | None = None,
    device: Device | None = None,
    usd_per_hour: float | None = None,
    price: TokenPrice | None = None,
) -> Prepared:
    """Everything that is to be told before a job is queued. No network: the Hub is asked by :func:`ask_hub`.

    Args:
        store: For models, prices, what ran before, own tasks and workers.
        settings: In force.
        spec: As asked for.
        env: Environment that the worker beside the app has: keys are looked for by name.
        on_hub: What the Hub said; None: it was not asked.
        device: Published numbers of the card that the job will run on, where somebody said which.
        usd_per_hour: Of that device.
        price: Of the endpoint's tokens, where the reader said what he pays; None: as stored or listed.

    Raises:
        RefusedInput: If there is no such backend.
    """
    whole = with_defaults(spec, backend_of(spec))
    own = own_tasks_of(store, settings, whole)
    of = known(
        store,
        whole,
        today=settings.today,
        hub=None if on_hub is None else on_hub.facts,
        device=device,
        usd_per_hour=usd_per_hour,
        own={name: (entry_of(task), length_of(task)) for name, task in own.items()},
    )
    of = of if price is None else replace(of, price=price)
    told = estimate(whole, of)
    is_offline = on_hub is not None and on_hub.is_offline
    is_here = settings.database_url.startswith("sqlite")
    around = Surroundings(
        situation=situation(settings, env),
        installed=installed_packages(settings.eval_python),
        own_tasks=frozenset(own),
        workers=workers(store),
        memory_gib=this_machine().memory_gib,
        is_offline=is_offline,
        # Workers on other machines may have what this one lacks.
        datasets=cached_datasets(_hub_home(env)) if is_here and is_offline else None,
    )
    found = problems(whole, of.facts, told, task_list(), around)
    found += [*_shots(whole, own), *([on_hub.problem] if on_hub is not None and on_hub.problem else [])]
    return Prepared(whole, of.facts, told, needs(whole, told), tuple(dict.fromkeys(found)), tuple(_notes(whole)))


def fitted_limit(store: Store, settings: Settings, preset: Preset, spec: JobSpec, on_hub: Asked | None) -> JobSpec:
    """The job with a preset, and as many questions of each task as fit its time (``presets.fitted``)."""
    whole = with_defaults(spec, backend_of(spec))
    of = known(store, whole, today=settings.today, hub=None if on_hub is None else on_hub.facts)
    return fitted(preset, spec, lambda one: estimate(with_defaults(one, backend_of(one)), of))


def own_tasks_of(store: Store, settings: Settings, spec: JobSpec) -> dict[str, OwnTask]:
    """Those of a job's tasks that are somebody's own, by name."""
    names = [name for name in spec.tasks if name.startswith(OWN_PREFIX)]
    return {name: task for name in names if (task := own_tasks.task(store, settings, name)) is not None}


def entry_of(task: OwnTask) -> TaskEntry:
    """An own task as an entry of the list of tasks."""
    is_chosen = task.kind == "choices"
    return TaskEntry(
        task.name,
        "task",
        output_type="multiple_choice" if is_chosen else "generate_until",
        num_fewshot=default_shots(task) or None,
        n_items=len(task.rows),
        n_items_basis="its own rows",
    )


def length_of(task: OwnTask) -> Length:
    """Mean characters of the first questions of an own task, as they are asked."""
    shown = prompts(task, n=QUESTIONS_READ, n_shots=0)

    def mean(values: list[int]) -> float | None:
        return sum(values) / len(values) if values else None

    prompt = mean([len(one.text) for one in shown]) or 0.0
    answer = mean([len(one.expected) + 1 for one in shown]) or 0.0
    is_chosen = task.kind == "choices"
    return Length(
        prompt=prompt,
        n_choices=mean([len(one.continuations) for one in shown]) if is_chosen else None,
        choice=mean([len(text) for one in shown for text in one.continuations]) if is_chosen else None,
        answer=None if is_chosen else answer,
        example=prompt + answer + 2,
        is_from_memory=False,
    )


def _shots(spec: JobSpec, own: Mapping[str, OwnTask]) -> list[Problem]:
    asked = spec.num_fewshot or 0
    few = [(name, most_shots(task)) for name, task in own.items() if asked > most_shots(task)]
    return [Problem("num_fewshot", f"{name} has {most} questions for examples", "Ask for fewer.") for name, most in few]


def _notes(spec: JobSpec) -> Iterator[str]:
    """What lm-eval does otherwise than the job says."""
    if spec.num_fewshot:
        for name in spec.tasks:
            fixed = [leaf.name for leaf in task_list().leaves(name) if leaf.num_fewshot == 0]
            if fixed:
                which = name if fixed == [name] else f"{len(fixed)} of the tasks of {name}, {fixed[0]} for one,"
                verb = "is" if fixed == [name] else "are"
                yield f"{which} {verb} asked without examples whatever num_fewshot says: lm-eval keeps to the 0 of their files"


def _hub_home(env: Mapping[str, str]) -> Path:
    """Where the Hub's cache lies: ``HF_HOME``, or the folder that huggingface_hub takes without it."""
    if env.get("HF_HOME"):
        return Path(env["HF_HOME"]).expanduser()
    return Path(env.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface"
