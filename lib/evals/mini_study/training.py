"""Runs the program that trains, in the interpreter that runs lm-eval, and tells how far it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lib.errors import Unavailable
from lib.evals.interpreter import versions
from lib.evals.leash import Leash
from lib.evals.mini_study.plan import BATCH, LENGTH, TOKENS_PER_STEP, Course
from lib.evals.mini_study.world import World

PROGRAM = Path(__file__).with_name("train.py")
NEEDED = ("lm_eval", "torch", "transformers", "accelerate")
FEWEST_WORDS = 7
"""In a line, its end included: how many lines are surely enough for so many tokens."""
SIZES = "sizes.json"
Watch = Callable[[dict[str, Any]], None]


def refuse_without_packages(python: str) -> None:
    """Raise Unavailable when the interpreter of lm-eval cannot train."""
    found = versions(python)
    missing = [name for name in NEEDED if not found.get(name)]
    if missing:
        raise Unavailable(f"The mini study needs {', '.join(missing)}", remedy="`make local-models` installs it.")


def train(python: str, courses: Sequence[Course], world: World, folder: Path, watch: Watch) -> dict[str, int]:
    """Train what is not there yet.

    Args:
        python: Interpreter with PyTorch and transformers.
        courses: What to train.
        world: What they read.
        folder: Gets a folder per state that is kept.
        watch: Told every event of the program.

    Returns:
        Parameters of each model, by id, counted over its weights.

    Raises:
        Unavailable: If the program ends without having trained all; its last words are in the message.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / SIZES
    sizes: dict[str, int] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    wanted = [course for course in courses if not _is_trained(course, folder, sizes)]
    if wanted:
        text = folder / "text.txt"
        text.write_text("\n\n".join(_lines(world, max(course.tokens for course in wanted))), encoding="utf-8")
        for event in _run(python, _described(wanted, world, text, folder), folder / "training.log"):
            watch(event)
            if event["event"] == "saved":
                sizes[event["model"]] = event["n_parameters"]
                kept.write_text(json.dumps(sizes), encoding="utf-8")
        text.unlink()
    missing = [course.title for course in courses if not _is_trained(course, folder, sizes)]
    if missing:
        raise Unavailable(f"{missing[0]} was not trained", remedy=f"The end of {folder / 'training.log'} says why.")
    return {course.id: sizes[course.id] for course in courses}


def _is_trained(course: Course, folder: Path, sizes: dict[str, int]) -> bool:
    return course.id in sizes and all((folder / course.folder(step)).is_dir() for step in course.kept)


def _lines(world: World, n_tokens: int) -> list[str]:
    """Enough lines for so many tokens; a longer text begins with the shorter one."""
    n_lines = n_tokens // FEWEST_WORDS + 2 * TOKENS_PER_STEP
    return list(islice(world.text(n_lines), n_lines))


def _described(courses: Sequence[Course], world: World, text: Path, folder: Path) -> dict[str, Any]:
    """What the program reads."""
    models = [
        {
            "name": course.id,
            "width": course.shape.width,
            "layers": course.shape.layers,
            "heads": course.shape.heads,
            "rate": course.shape.rate,
            "steps": course.steps,
            "saved": {
                step: str(folder / course.folder(step))
                for step in course.kept
                if not (folder / course.folder(step)).is_dir()
            },
        }
        for course in courses
    ]
    return {
        "models": models,
        "text": str(text),
        "words": world.words(),
        "batch": BATCH,
        "length": LENGTH,
        "seed": world.seed % 2**31,
    }


def _run(python: str, described: dict[str, Any], log: Path) -> Iterator[dict[str, Any]]:
    """The events of the program, as they come; it ends with whoever reads them."""
    # One thread: with more, a busy machine spends its time waiting for the slowest.
    env = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    with Leash([python, str(PROGRAM)], env=env, log_path=log) as program:
        program.stdin.write(json.dumps(described).encode())
        program.stdin.close()
        for line in program.events:
            yield json.loads(line)
