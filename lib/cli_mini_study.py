"""`mini-study`: tiny models trained here, evaluated through the queue, and where to look at what came of it."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lib import formats
from lib.cli_output import put, put_json, put_table, say
from lib.evals.mini_study import study, training
from lib.evals.mini_study.plan import CUT, WHOLE, Plan
from lib.evals.mini_study.study import Found
from lib.evals.mini_study.world import World
from lib.settings import Settings, read_settings
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames

FOLDER = "mini-study"
"""Below the data folder, unless the reader's own store is asked for."""
PORT = 8501
WIDTH = 100


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    command.add_argument("--small", action="store_true", help="two models instead of six, in half a minute")
    command.add_argument(
        "--into-my-store", action="store_true", help="beside your own results, instead of a store of its own"
    )
    command.add_argument("--port", type=int, default=PORT, metavar="N", help="of the dashboard, for the addresses")


def mini_study(options: argparse.Namespace, settings: Settings) -> int:
    """Every step told with what it means; ends with a table and addresses."""
    plan = CUT if options.small else WHOLE
    own = settings if options.into_my_store else _settings_of_its_own(settings)
    training.refuse_without_packages(own.eval_python)
    store = open_store(own)
    try:
        found = _steps(store, own, plan)
        frames = FrameCache(store).frames()
        if options.json:
            put_json(_as_json(frames, plan, found))
        else:
            _table(frames, plan, found)
            _addresses(frames, plan, found, options.port)
    finally:
        store.close()
    return 0


def _settings_of_its_own(settings: Settings) -> Settings:
    """The same settings over a store below the reader's data folder."""
    given = {name: value for name, value in os.environ.items() if name.startswith("P4P_")}
    folder = settings.data_dir if settings.data_dir.name == FOLDER else settings.data_dir / FOLDER
    return read_settings(given | {"P4P_DATA_DIR": str(folder), "P4P_DATABASE_URL": ""})


def _steps(store: Store, settings: Settings, plan: Plan) -> Found:
    world = World()
    folder = settings.data_dir / "models"
    say(f"The mini study, in {settings.data_dir}: {plan.words}.")
    _step(
        1,
        "A world and its questions",
        "A hundred invented people with a city, a colour and a trade; verbs that go with their nouns; words to repeat. "
        "The questions become tasks of lm-eval in the way in which your own questions would (`python -m lib tasks add`).",
    )
    names = study.bring_questions(store, settings, world)
    say(f"  tasks: {', '.join(names)}")
    _step(
        2,
        "Training",
        f"{len(plan.courses)} language models of a few thousand to two hundred thousand parameters read text about this "
        "world, on one core, all the same text in the same order. States on the way are kept: they make the learning curve.",
    )
    sizes = study.train(settings, plan, world, folder, _indented)
    study.register(store, plan.courses, sizes, world, _day(settings))
    _step(
        3,
        "Jobs",
        f"Each of the {len(plan.states)} states is a job in the queue: lm-eval on that folder of weights, with these tasks. "
        "The queue is in the store; what is in it survives this program. A job that is done is not done again.",
    )
    jobs = study.ask(store, settings, plan, names, folder)
    n_workers = min(study.how_many_workers(), len(jobs))
    _step(
        4,
        "Workers",
        f"{formats.counted(n_workers, 'worker').capitalize()} (`python -m lib worker --once`) take the jobs one after the "
        "other. lm-eval runs in a process of its own; what it finds goes into the store as anybody's results would.",
    )
    study.work(store, settings, list(jobs.values()), _indented, n_workers=n_workers)
    return study.found(store, jobs, names)


def _step(number: int, title: str, meaning: str) -> None:
    say("")
    say(f"{number}. {title}")
    for line in textwrap.wrap(meaning, WIDTH):
        say(f"  {line}")


def _indented(line: str) -> None:
    say(f"  {line}")


def _day(settings: Settings) -> str:
    return settings.fixed_day or datetime.now(UTC).date().isoformat()


def _scores(frames: Frames, found: Found) -> dict[tuple[str, int], dict[str, Any]]:
    """Score and questions of each state and task, from the pages' own frames."""
    runs = frames.runs
    by_digest = dict(zip(runs["run"].astype(str).tolist(), runs.index.tolist(), strict=True))
    told: dict[tuple[str, int], dict[str, Any]] = {}
    for state, of_task in found.runs.items():
        told[state] = {}
        for task, digest in of_task.items():
            rows = frames.scores_of([by_digest[digest[:12]]])
            own = rows[
                (rows["task"] == task).to_numpy(bool) & rows["metric"].isin(("acc", "exact_match")).to_numpy(bool)
            ]
            told[state][task] = {"score": float(own["score"].iloc[0]), "n": int(own["n_samples"].iloc[0])}
    return told


def _table(frames: Frames, plan: Plan, found: Found) -> None:
    say("")
    say("5. What came of it")
    scores, labels = _scores(frames, found), frames.benchmarks["label"].to_dict()
    rows = []
    for course in plan.courses:
        for step in course.kept:
            own = scores[course.id, step]
            model = course.title if step == course.steps else "  on the way"
            size = formats.parameters(frames.models.at[course.id, "params_total"])
            seen = formats.tokens(step * training.TOKENS_PER_STEP)
            rows.append((model, size, seen, *(formats.score(own[task]["score"], 0) for task in found.tasks)))
    put_table(("model", "parameters", "tokens seen", *(str(labels[task]) for task in found.tasks)), rows)
    chances = frames.benchmarks["random_baseline"].to_dict()
    guessed = [
        f"{labels[task]} {formats.score(chances[task], 0)}" for task in found.tasks if formats.known(chances[task])
    ]
    put("")
    put(
        f"Guessing gives: {', '.join(guessed)}. Facts need parameters and tokens, agreement comes late and all at once,"
    )
    put("and copying is a skill that the smallest may never get.")


def _addresses(frames: Frames, plan: Plan, found: Found, port: int) -> None:
    """Where to look, for each thing that was made."""
    facts = found.tasks[0]
    longest = max(plan.courses, key=lambda course: (len(course.kept), course.steps, -course.shape.width))
    run = found.runs[longest.id, longest.steps][facts][:12]
    told: Mapping[str, str] = {
        "Sizes against tokens, coloured by what they know": f"parameters-and-tokens?colour={facts}",
        f"The learning curve of {longest.title}": f"model?model={longest.id}",
        "Every model on the facts, smallest first": f"benchmark?benchmark={facts}",
        "One run: its scores, its questions, what it took": f"run?run={run}",
        "Scores against the time they took": f"performance-per-dollar?set={facts}&cost=time",
    }
    put("")
    put("Look at it (the dashboard over this store):")
    for words, address in told.items():
        put(f"  {words}")
        put(f"    http://localhost:{port}/{address}")


def _as_json(frames: Frames, plan: Plan, found: Found) -> dict[str, Any]:
    scores = _scores(frames, found)
    sizes = frames.models["params_total"].to_dict()
    states = [
        {
            "model": course.id,
            "params_total": sizes[course.id],
            "training_tokens": step * training.TOKENS_PER_STEP,
            "is_finished": step == course.steps,
            "job": job.id,
            "scores": scores[course.id, step],
            "runs": dict(found.runs[course.id, step]),
        }
        for (course, step), job in zip(plan.states, found.jobs, strict=True)
    ]
    return {"tasks": list(found.tasks), "states": states}
