"""The same equality over the product's own writes, on both engines."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest

from lib.schema.records import Measured
from lib.store import read
from lib.store.db import Store
from lib.store.frames import FrameCache, Frames
from lib.store.write import remove_alias, remove_fact, restore, set_alias, set_fact, withdraw, write_files
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of

TASKS = ("mmlu", "hendrycksTest-anatomy", "arc_challenge", "own task")
STEPS = 25


class Writer:
    """Random writes of every kind that the product knows."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.dice = random.Random(seed)
        self.n_files = 0
        self.versions: dict[str, int] = {}
        self.catalogue_version = 1

    def step(self) -> None:
        self.dice.choice((self.file, self.file, self.again, self.catalogue, self.hide, self.map, self.fact))()

    def file(self) -> None:
        self.n_files += 1
        content = f"content {self.n_files}"
        self.versions[content] = 1
        self._put(content)

    def again(self) -> None:
        """A newer importer reads an old file: other runs from the same bytes."""
        if self.versions:
            content = self.dice.choice(list(self.versions))
            self.versions[content] += 1
            self._put(content)

    def _put(self, content: str) -> None:
        dice = self.dice
        runs = []
        for _ in range(dice.randrange(1, 4)):
            results = [
                make_result(task, score=dice.choice([0.25, 0.5, 0.6]), n_shot=dice.choice([None, 5]))
                for task in dice.sample(TASKS, dice.randrange(1, len(TASKS)))
            ]
            took = {
                result.task: Measured(
                    seconds=dice.choice([None, 1.5]), n_requests=dice.randrange(9), is_resumed=dice.random() < 0.3
                )
                for result in results[: dice.randrange(3)]
            }
            backend = dice.choice([None, "hf"])
            run = make_run(f"org/model-{dice.randrange(3)}", results=results, backend=backend, measured=took)
            runs.append(prepared_run(run, model_id=dice.choice([None, "org/community"])))
        file = prepared_file(*runs, content=content, version=self.versions[content])
        write_files(self.store, raw_of(content), [file], community=[{"id": "org/community"}])

    def catalogue(self) -> None:
        """The shipped catalogue with other models, tasks and reference rows."""
        dice = self.dice
        self.catalogue_version += 1
        names = ["alpha-7b", *dice.sample(["beta-1b", "gamma-70b"], dice.randrange(3))]
        tables: dict[str, list[dict[str, Any]]] = {
            "models": [model_row(name, params_total=dice.choice([None, 10**9])) for name in names],
            "model_facts": [{"model_id": "alpha-7b", "field": "params_total", "value": "7", "is_from_memory": True}],
            "rumours": [{"model_id": "alpha-7b", "field": "params_total", "value": "8", "who_says": "a post"}],
            "tasks": [
                {"task": name, "default_metric": "acc", "published_names": [name.upper()], "lm_eval_names": names}
                for name, names in (("mmlu", ["own task"]), ("mmlu_anatomy", ["hendrycksTest-anatomy"]))
                if dice.random() < 0.7
            ],
            "reference:laws": [{"name": "a", "value": dice.random()}],
        }
        content = "catalogue"
        file = prepared_file(content=content, version=self.catalogue_version, tables=tables)
        write_files(self.store, raw_of(content), [file])

    def hide(self) -> None:
        sources = read.sources(self.store)
        if len(sources):
            self.dice.choice((withdraw, withdraw, restore))(self.store, int(self.dice.choice(list(sources["id"]))))

    def map(self) -> None:
        models = list(FrameCache(self.store).frames().models.index)
        spelling = f"org/model-{self.dice.randrange(3)}"
        if models and self.dice.random() < 0.6:
            set_alias(self.store, spelling, "", self.dice.choice(models))
        elif ((aliases := read.aliases(self.store))["alias"] == spelling).any():
            assert len(aliases)
            remove_alias(self.store, spelling, "")

    def fact(self) -> None:
        models = list(FrameCache(self.store).frames().models.index)
        if models:
            model = self.dice.choice(models)
            set_fact(self.store, model, "params_total", str(self.dice.choice([10**9, 2 * 10**9])), "a note")
            if self.dice.random() < 0.3:
                remove_fact(self.store, model, "params_total")


def _same(stepwise: Frames, fresh: Frames) -> None:
    assert (stepwise.revision, stepwise.counts, stepwise.updated_at) == (
        fresh.revision,
        fresh.counts,
        fresh.updated_at,
    )
    assert stepwise.digest == fresh.digest
    for name in ("models", "runs", "benchmarks", "measurements"):
        pd.testing.assert_frame_equal(getattr(stepwise, name), getattr(fresh, name))
    names = list(fresh.benchmarks.index)
    pd.testing.assert_frame_equal(stepwise.scores(names), fresh.scores(names))
    pd.testing.assert_frame_equal(stepwise.reference("laws"), fresh.reference("laws"))


@pytest.mark.parametrize("seed", range(2))
def test_frames_follow_every_write(store: Store, seed: int) -> None:
    writer = Writer(store, seed)
    cache = FrameCache(store)
    for _ in range(STEPS):
        writer.step()
        _same(cache.frames(), FrameCache(store).frames())
    assert cache.frames().counts["n_results"] > 0
