"""Frames brought up to date step by step are the frames read from nothing, whatever was written in between."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, select, update

from lib.store import frames_results, tables
from lib.store.frames import FrameCache, Frames
from lib.store.frames_read import RUN_COLUMNS

STAMP = "2026-01-01T00:00:00"
TASKS = ("mmlu", "hendrycksTest-anatomy", "arc_challenge", "truthfulqa_mc", "own task")


class Store:
    """An SQLite store with the writes that the product makes, done plainly."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.clock = 0
        tables.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(tables.store).values(id=1, revision=0, created_at=STAMP))

    def revision(self) -> int:
        with self.engine.connect() as connection:
            return connection.execute(select(tables.store.c.revision)).scalar_one()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def digest(self) -> str:
        return f"{self.revision():064x}"

    def write(self, change: Callable[[Connection, int], Any]) -> None:
        """One transaction that raises the revision."""
        with self.engine.begin() as connection:
            revision = connection.execute(select(tables.store.c.revision)).scalar_one() + 1
            change(connection, revision)
            connection.execute(update(tables.store).values(revision=revision))

    def source(self, connection: Connection, revision: int) -> int:
        self.clock += 1
        digest = f"{self.clock:064x}"
        connection.execute(insert(tables.raw_files).values(digest=digest, name="a", n_bytes=1, stored_at=STAMP))
        values = {
            "raw_digest": digest,
            "name": "a.json",
            "digest": digest,
            "n_bytes": 1,
            "importer": "x",
            "importer_version": 1,
            "imported_at": f"2026-01-01T00:00:{self.clock % 60:02}",
            "warnings": [],
            "store_revision": revision,
        }
        return connection.execute(insert(tables.sources).values(values)).inserted_primary_key[0]

    def run(self, connection: Connection, revision: int, source: int, dice: random.Random, **values: Any) -> int:
        self.clock += 1
        row = {
            "digest": f"{self.clock:064x}",
            "model_id": dice.choice([None, *connection.execute(select(tables.models.c.id)).scalars()]),
            "spellings": [f"org/name-{dice.randrange(5)}"],
            "kind": dice.choice(["raw", "board"]),
            "evaluator": dice.choice(["lm-eval 0.3", "lm-eval 0.4"]),
            "backend": dice.choice([None, "hf", "vllm"]),
            "training_tokens": dice.choice([None, 10**9]),
            "is_multiturn": dice.choice([None, True, False]),
            "model_args": {},
            "config": {},
            "store_revision": revision,
            **values,
        }
        run = connection.execute(insert(tables.runs).values(row)).inserted_primary_key[0]
        connection.execute(insert(tables.run_sources).values(run_id=run, source_id=source))
        self.results(connection, run, dice)
        if dice.random() < 0.3:
            connection.execute(
                insert(tables.sample_files).values(
                    run_id=run, task="mmlu", digest=row["digest"], n_rows=1, n_bytes=1, source_id=source
                )
            )
        return run

    def results(self, connection: Connection, run: int, dice: random.Random) -> None:
        for task in dice.sample(TASKS, dice.randrange(len(TASKS) + 1)):
            for metric in ("mc1", "mc2") if task == "truthfulqa_mc" else ("acc", "acc_norm"):
                n = dice.choice([None, 100])
                status = dice.choice(["scored", "scored", "scored", "missing"])
                connection.execute(
                    insert(tables.results).values(
                        run_id=run,
                        task=task,
                        metric=metric,
                        score=dice.random() if status == "scored" else None,
                        n_samples=n,
                        n_correct=None if n is None else dice.randrange(n),
                        n_shot=dice.choice([None, 0, 5]),
                        task_version=dice.choice([None, "1"]),
                        higher_is_better=dice.choice([None, True]),
                        is_group=dice.random() < 0.2,
                        flags=dice.choice(["", "limited", "derived unweighted"]),
                        status=status,
                    )
                )


def _import(store: Store, dice: random.Random) -> None:
    def change(connection: Connection, revision: int) -> None:
        source = store.source(connection, revision)
        for _ in range(dice.randrange(4)):
            store.run(connection, revision, source, dice)

    store.write(change)


def _second_source(store: Store, dice: random.Random) -> None:
    """The same run in another file."""

    def change(connection: Connection, revision: int) -> None:
        runs = list(connection.execute(select(tables.runs.c.id)).scalars())
        source = store.source(connection, revision)
        for run in dice.sample(runs, min(2, len(runs))):
            connection.execute(insert(tables.run_sources).values(run_id=run, source_id=source))

    store.write(change)


def _toggle(store: Store, dice: random.Random) -> None:
    """Withdraw a source, or restore it; nothing but the source is stamped."""

    def change(connection: Connection, revision: int) -> None:
        sources = connection.execute(select(tables.sources.c.id, tables.sources.c.withdrawn_at)).all()
        if sources:
            chosen = dice.choice(sources)
            values = {"withdrawn_at": None if chosen.withdrawn_at else STAMP, "store_revision": revision}
            connection.execute(update(tables.sources).where(tables.sources.c.id == chosen.id).values(values))

    store.write(change)


def _replace(store: Store, dice: random.Random) -> None:
    """Read a source again: its runs go, others come; SQLite may give the ids of the old ones to the new ones."""

    def change(connection: Connection, revision: int) -> None:
        sources = list(connection.execute(select(tables.sources.c.id)).scalars())
        if not sources:
            return
        source = dice.choice(sources)
        links = tables.run_sources
        runs = list(connection.execute(select(links.c.run_id).where(links.c.source_id == source)).scalars())
        connection.execute(delete(links).where(links.c.source_id == source))
        for run in runs:
            if not connection.execute(select(links).where(links.c.run_id == run)).first():
                for table in (tables.results, tables.sample_files):
                    connection.execute(delete(table).where(table.c.run_id == run))
                connection.execute(delete(tables.runs).where(tables.runs.c.id == run))
        connection.execute(update(tables.sources).where(tables.sources.c.id == source).values(store_revision=revision))
        for _ in range(dice.randrange(3)):
            store.run(connection, revision, source, dice)

    store.write(change)


def _model(store: Store, dice: random.Random) -> None:
    def change(connection: Connection, revision: int) -> None:
        store.clock += 1
        source = store.source(connection, revision) if dice.random() < 0.5 else None
        name = f"model-{store.clock:04}"
        values = {
            "id": name,
            "name": name,
            "origin": dice.choice(["catalogue", "community"]),
            "release_date": dice.choice([None, "2024", "2024-02", "2024-02-03"]),
            "architecture": dice.choice([None, "dense", "moe"]),
            "params_total": dice.choice([None, 7 * 10**9]),
            "training_tokens": dice.choice([None, 10**12]),
            "tokens_inherited_from": dice.choice([None, f"model-{store.clock - 1:04}"]),
            "source_id": source,
            "store_revision": revision,
        }
        connection.execute(insert(tables.models).values(values))

    store.write(change)


def _resolve(store: Store, dice: random.Random) -> None:
    """A reader's alias: waiting runs get their model and a new stamp."""

    def change(connection: Connection, revision: int) -> None:
        models = list(connection.execute(select(tables.models.c.id)).scalars())
        if models:
            waiting = tables.runs.c.model_id.is_(None)
            values = {"model_id": dice.choice(models), "store_revision": revision}
            connection.execute(update(tables.runs).where(waiting).values(values))

    store.write(change)


def _fact(store: Store, dice: random.Random) -> None:
    def change(connection: Connection, revision: int) -> None:
        models = list(connection.execute(select(tables.models.c.id)).scalars())
        if models:
            model = dice.choice(models)
            field, value = dice.choice([("params_total", "5e9"), ("release_date", "2023-05"), ("licence", "MIT")])
            connection.execute(
                insert(tables.model_facts).values(
                    model_id=model,
                    field=field,
                    value=value,
                    is_from_memory=dice.random() < 0.5,
                    origin=dice.choice(["reader", "shipped"]),
                    source_id=store.source(connection, revision),
                )
            )
            connection.execute(update(tables.models).where(tables.models.c.id == model).values(store_revision=revision))

    store.write(change)


def _catalogue(store: Store, dice: random.Random) -> None:
    """The task catalogue comes, or is read again with other rows."""

    def change(connection: Connection, revision: int) -> None:
        source = connection.execute(select(tables.tasks.c.source_id)).scalar()
        if source is None:
            source = store.source(connection, revision)
        connection.execute(delete(tables.tasks))
        for name, names in (("mmlu", []), ("mmlu_anatomy", ["hendrycksTest-anatomy"]), ("arc_challenge", ["own task"])):
            if dice.random() < 0.7:
                connection.execute(
                    insert(tables.tasks).values(
                        task=name, published_names=[name.upper()], lm_eval_names=names, source_id=source
                    )
                )
        connection.execute(update(tables.sources).where(tables.sources.c.id == source).values(store_revision=revision))
        connection.execute(delete(tables.reference_rows))
        if dice.random() < 0.6:
            values = {"name": "laws", "row": 0, "data": {"a": dice.random()}, "source_id": source}
            connection.execute(insert(tables.reference_rows).values(values))

    store.write(change)


WRITES = (_import, _import, _import, _second_source, _toggle, _replace, _model, _resolve, _fact, _catalogue)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = _store(tmp_path / "store.sqlite")
    yield made
    made.engine.dispose()


def _store(path: Path) -> Store:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return Store(engine)


def _prepare(connection: Any, _record: Any) -> None:
    # As in the product, the driver must not end transactions by itself; unlike there, nothing must survive.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")


def _same(stepwise: Frames, fresh: Frames) -> None:
    assert stepwise.revision == fresh.revision
    assert stepwise.counts == fresh.counts
    assert stepwise.updated_at == fresh.updated_at
    for name in ("models", "runs", "benchmarks"):
        pd.testing.assert_frame_equal(getattr(stepwise, name), getattr(fresh, name))
    for benchmarks in ([], ["mmlu"], list(fresh.benchmarks.index), ["nothing"]):
        pd.testing.assert_frame_equal(stepwise.scores(benchmarks), fresh.scores(benchmarks))
    everything = fresh.scores(fresh.benchmarks.index)
    for runs in (fresh.runs.index, fresh.runs.index[::3], [-1]):
        expected = everything[everything["run_id"].isin(list(runs))].reset_index(drop=True)
        pd.testing.assert_frame_equal(stepwise.scores_of(runs), expected)
    for model in fresh.models.index:
        pd.testing.assert_frame_equal(stepwise.facts(model), fresh.facts(model))
        pd.testing.assert_frame_equal(stepwise.rumours(model), fresh.rumours(model))
    pd.testing.assert_frame_equal(stepwise.reference("laws"), fresh.reference("laws"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), writes=st.lists(st.sampled_from(WRITES), max_size=14), look=st.integers(1, 3))
def test_step_by_step_is_the_same_as_from_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, writes: list[Any], look: int
) -> None:
    store = _store(tmp_path_factory.mktemp("frames") / "store.sqlite")
    dice = random.Random(seed)
    cache = FrameCache(store)
    try:
        for number, write in enumerate(writes):
            write(store, dice)
            if number % look == 0:
                _same(cache.frames(), FrameCache(store).frames())
        _same(cache.frames(), FrameCache(store).frames())
    finally:
        store.engine.dispose()


def test_all_writes_in_a_long_row(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough that batches are merged, and dead rows make the cache read everything anew."""
    monkeypatch.setattr("lib.store.frames_state.DEAD_ROWS_KEPT", 60)
    dice = random.Random(3)
    cache = FrameCache(store)
    for step in range(120):
        dice.choice(WRITES)(store, dice)
        frames = cache.frames()
        if step % 10 == 9:
            _same(frames, FrameCache(store).frames())
    assert len(frames.state.batches) < 10


def test_scores_are_the_rows_of_the_store(store: Store) -> None:
    """Against the tables, joined the slow way."""
    dice = random.Random(5)
    for write in (_model, _model, _import, _import, _import, _toggle, _import, _second_source):
        write(store, dice)
    scores = FrameCache(store).frames().scores(["mmlu", "arc_challenge", "truthfulqa_mc1", "truthfulqa_mc2"])
    with store.engine.connect() as connection:
        live = select(tables.run_sources.c.run_id).join(tables.sources).where(tables.sources.c.withdrawn_at.is_(None))
        wanted = tables.results.c.task.in_(["mmlu", "arc_challenge", "truthfulqa_mc"])
        query = select(tables.results, tables.runs).join(tables.runs).where(tables.runs.c.id.in_(live), wanted)
        expected = list(connection.execute(query).mappings())
    assert len(scores) == len(expected) > 0
    by_key = {(row["run_id"], row["task"], row["metric"]): row for row in expected}
    for row in scores.to_dict("records"):
        stored = by_key[row["run_id"], row["task"], row["metric"]]
        assert row["run"] == stored["digest"][:12]
        assert row["model_name"] == stored["spellings"][0]
        assert row["benchmark"] == stored["metric"].replace("mc", "truthfulqa_mc", 1) if "mc" in row["metric"] else True
        for column, field in (
            *(
                (name, name)
                for name in ("score", "stderr", "n_samples", "n_correct", "n_shot", "task_version", "flags")
            ),
            *((name, name) for name in ("status", "is_group", "higher_is_better", "evaluator", "backend", "kind")),
            *((name, name) for name in ("training_tokens", "is_multiturn", "is_checkpoint")),
            ("model", "model_id"),
        ):
            if stored[field] is None:
                assert pd.isna(row[column]), column
            else:
                assert row[column] == stored[field], column


def test_nothing_changed_is_the_same_object(store: Store) -> None:
    cache = FrameCache(store)
    _import(store, random.Random(1))
    assert cache.frames() is cache.frames()


def test_an_empty_store_has_all_columns(store: Store) -> None:
    frames = FrameCache(store).frames()
    assert frames.counts == {"n_models": 0, "n_runs": 0, "n_results": 0, "n_sources": 0, "n_samples_files": 0}
    assert frames.updated_at == ""
    assert frames.scores(["mmlu"]).empty
    assert {"score", "model", "evaluator"} <= set(frames.scores([]).columns)
    assert frames.models.empty
    assert "params_total" in frames.models
    assert frames.benchmarks.empty
    assert frames.reference("laws").empty


def test_a_reference_table_that_goes_is_gone(store: Store) -> None:
    cache = FrameCache(store)

    def come(connection: Connection, revision: int) -> None:
        source = store.source(connection, revision)
        values = {"name": "laws", "row": 0, "data": {"a": 1}, "source_id": source}
        connection.execute(insert(tables.reference_rows).values(values))

    def go(connection: Connection, revision: int) -> None:
        connection.execute(delete(tables.reference_rows))
        connection.execute(update(tables.sources).values(store_revision=revision))

    store.write(come)
    kept = cache.frames().reference("laws")
    _import(store, random.Random(1))
    assert cache.frames().known_references().keys() == {"laws"}
    pd.testing.assert_frame_equal(cache.frames().reference("laws"), kept)
    store.write(go)
    assert cache.frames().reference("laws").empty


def test_frames_of_an_old_revision_stay_as_they_were(store: Store) -> None:
    dice = random.Random(2)
    cache = FrameCache(store)
    for _ in range(4):
        _import(store, dice)
    old = cache.frames()
    before, runs = old.scores(list(TASKS)), old.runs
    old = cache.frames()
    for write in (_toggle, _replace, _import, _model, _resolve):
        write(store, dice)
        cache.frames()
    pd.testing.assert_frame_equal(Frames(old.state, store, {}).scores(list(TASKS)), before)
    pd.testing.assert_frame_equal(Frames(old.state, store, {}).runs, runs)


def test_what_a_caller_changes_nobody_else_sees(store: Store) -> None:
    dice = random.Random(4)
    for _ in range(6):
        _import(store, dice)
    frames = FrameCache(store).frames()
    scores, models = frames.scores(["mmlu"]), frames.runs
    scores["score"] = -1.0
    scores.loc[scores.index[0], "task"] = "changed"
    models.loc[:, "kind"] = "changed"
    assert (frames.scores(["mmlu"])["score"].dropna() >= 0).all()
    assert "changed" not in set(frames.scores(["mmlu"])["task"])
    assert "changed" not in set(frames.runs["kind"])


def test_private_sources_are_never_in_the_frames(store: Store) -> None:
    _import(store, random.Random(8))

    def hide(connection: Connection, revision: int) -> None:
        connection.execute(update(tables.sources).values(visibility="private", store_revision=revision))

    assert FrameCache(store).frames().counts["n_runs"] > 0
    store.write(hide)
    assert FrameCache(store).frames().counts["n_runs"] == 0


def test_many_threads_share_one_cache(store: Store) -> None:
    """Readers beside a writer: revisions only go up, and no frame mixes two of them."""
    cache = FrameCache(store)
    failures: list[str] = []
    done = threading.Event()

    def look() -> None:
        last = 0
        while not done.is_set():
            frames = cache.frames()
            if frames.revision < last:
                failures.append("went back")
            last = frames.revision
            if len(frames.scores(frames.benchmarks.index)) != frames.counts["n_results"]:
                failures.append(f"torn at {last}")

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    dice = random.Random(6)
    for _ in range(30):
        dice.choice((_import, _import, _toggle))(store, dice)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    _same(cache.frames(), FrameCache(store).frames())


def test_a_new_run_reads_its_own_rows_only(store: Store) -> None:
    """Whatever the store holds, refreshing makes a small batch and leaves the large one as it is."""
    dice = random.Random(7)
    cache = FrameCache(store)
    for _ in range(20):
        _import(store, dice)
    cache.frames()
    old = cache.frames().state
    _import(store, dice)
    new = cache.frames().state
    assert new.batches[0] is old.batches[0]
    assert len(new.is_live) - len(old.is_live) <= 3


@given(
    lengths=st.lists(st.integers(0, 40), max_size=30),
    wanted=st.sets(st.integers(0, 9)),
)
def test_batches_hold_every_row_once(lengths: list[int], wanted: set[int]) -> None:
    """Slices of merged batches against a plain filter over all rows."""
    dice = np.random.default_rng(len(lengths))
    batches: tuple[frames_results.Batch, ...] = ()
    rows: list[tuple[int, int]] = []
    for length in lengths:
        signature = dice.integers(0, 10, length)
        position = np.arange(len(rows), len(rows) + length, dtype=np.int32)
        rows += list(zip(signature.tolist(), position.tolist(), strict=True))
        values = np.tile(position.astype(float), (6, 1))
        batches = frames_results.compacted((*batches, frames_results._sorted(signature, position, values)))
    mask = np.zeros(10, dtype=bool)
    mask[list(wanted)] = True
    found = []
    for batch in batches:
        number, signature = batch.rows_of(mask)
        assert (batch.values[0, number] == batch.position[number]).all()
        found += list(zip(signature.tolist(), batch.position[number].tolist(), strict=True))
    assert sorted(found) == sorted(row for row in rows if row[0] in wanted)
    sizes = [len(batch) for batch in batches]
    assert all(a >= 2 * b for a, b in itertools.pairwise(sizes) if b)


def test_the_tables_have_the_columns_that_are_read() -> None:
    assert set(RUN_COLUMNS) <= set(tables.runs.c.keys())


def test_a_run_names_its_first_live_source(store: Store) -> None:
    """Also after the first is withdrawn or renamed, of which the run itself knows nothing."""
    cache = FrameCache(store)
    made: list[int] = []

    def come(connection: Connection, revision: int) -> None:
        made.extend(store.source(connection, revision) for _ in range(2))
        for source, name in zip(made, ("first.json", "second.zip!/a.json"), strict=True):
            facts = {"name": name, "title": f"title of {name}", "published_on": "2024-05", "url": None}
            connection.execute(update(tables.sources).where(tables.sources.c.id == source).values(facts))
        run = store.run(connection, revision, made[0], random.Random(1))
        connection.execute(insert(tables.run_sources).values(run_id=run, source_id=made[1]))

    def change(source: int, **values: Any) -> None:
        def write(connection: Connection, revision: int) -> None:
            row = tables.sources.c.id == made[source]
            connection.execute(update(tables.sources).where(row).values(store_revision=revision, **values))

        store.write(write)

    store.write(come)
    (run,) = cache.frames().runs.to_dict("records")
    assert (run["source"], run["source_title"], run["source_date"]) == ("first.json", "title of first.json", "2024-05")
    assert run["imported_at"] == "2026-01-01T00:00:01"
    assert pd.isna(run["source_url"])
    assert "source" not in cache.frames().scores(TASKS)
    change(0, withdrawn_at=STAMP)
    assert cache.frames().runs["source"].tolist() == ["second.zip!/a.json"]
    change(1, name="third.json")
    assert cache.frames().runs["source"].tolist() == ["third.json"]
    change(0, withdrawn_at=None)
    assert cache.frames().runs["source"].tolist() == ["first.json"]
