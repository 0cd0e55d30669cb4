"""What is written comes back as it was, on both engines, and means the same digest."""

from __future__ import annotations

from itertools import count, permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import select

from lib.errors import RefusedInput
from lib.schema.flags import FLAGS
from lib.schema.records import STDERR_RULES, Result, Run
from lib.store import read, tables
from lib.store.db import Store
from lib.store.prepared import RESULT_COLUMNS, RUN_COLUMNS
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples, read_samples
from lib.store.write import set_alias, set_fact, withdraw, write_files
from tests.factories import make_run, make_samples, model_row, prepared_file, prepared_run, raw_of

_numbers = count()
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def results(draw: st.DrawFn) -> Result:
    n_samples = draw(st.none() | st.integers(1, 2**31 - 1))
    return Result(
        task=draw(text),
        metric=draw(text),
        filter=draw(text),
        prompt=draw(text),
        score=draw(number),
        stderr=draw(st.none() | st.floats(0, allow_infinity=False)),
        n_samples=n_samples,
        n_correct=None if n_samples is None else draw(st.none() | st.integers(0, n_samples)),
        score_published=draw(st.none() | number),
        stderr_published=draw(st.none() | number),
        n_shot=draw(st.none() | st.integers(0, 64)),
        task_version=draw(st.none() | text),
        task_hash=draw(st.none() | text),
        higher_is_better=draw(st.none() | st.booleans()),
        is_group=draw(st.booleans()),
        group=draw(st.none() | text),
        stderr_rule=draw(st.sampled_from(sorted(STDERR_RULES))),
        is_approximate=draw(st.booleans()),
        flags=tuple(sorted(draw(st.sets(st.sampled_from(sorted(FLAGS)), max_size=3)))),
    )


@st.composite
def runs(draw: st.DrawFn) -> Run:
    def identity(r: Result) -> tuple[str, str, str, str]:
        return r.task, r.prompt, r.filter, r.metric

    return Run(
        spellings=tuple(draw(st.lists(text, min_size=1, max_size=3))),
        evaluator=draw(text),
        results=draw(st.lists(results(), min_size=1, max_size=4, unique_by=identity)),
        document=draw(st.none() | text),
        training_tokens=draw(st.none() | st.integers(0, 2**63 - 1)),
        is_checkpoint=draw(st.booleans()),
        limit=draw(st.none() | text),
        is_multiturn=draw(st.none() | st.booleans()),
        total_seconds=draw(st.none() | number),
        params_reported=draw(st.none() | st.integers(1, 2**63 - 1)),
        model_args=draw(st.dictionaries(text, json_values, max_size=3)),
        config=draw(st.dictionaries(text, json_values, max_size=3)),
    )


@effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(run=runs())
def test_what_is_written_comes_back(store: Store, run: Run) -> None:
    content = f"example {next(_numbers)}"
    keep_raw(store, content.encode())
    prepared = prepared_run(run, digest=raw_of(content).digest)
    write_files(store, raw_of(content), [prepared_file(prepared, content=content, name=content)])
    with store.reading() as connection:
        there = connection.execute(select(tables.runs).where(tables.runs.c.digest == prepared.digest)).one()
        rows = connection.execute(select(tables.results).where(tables.results.c.run_id == there.id)).all()
    assert tuple(there.spellings) == run.spellings
    assert (there.model_args, there.config) == (run.model_args, run.config)
    for name in RUN_COLUMNS:
        assert getattr(there, name) == getattr(run, name), name

    def written(r: Result) -> list[Any]:
        replaced = {"parent": r.group, "flags": " ".join(r.flags)}
        return [replaced[name] if name in replaced else getattr(r, name) for name in RESULT_COLUMNS]

    def by_identity(values: Any) -> Any:
        return sorted(values, key=lambda row: row[:4])

    came_back = [[getattr(row, name) for name in RESULT_COLUMNS] for row in rows]
    assert by_identity(came_back) == by_identity([written(r) for r in run.results])


def test_samples_come_back_and_only_while_in_view(store: Store) -> None:
    samples = make_samples()
    kept = keep_samples(store, samples.table)
    assert keep_samples(store, samples.table) == kept
    assert kept.n_rows == 10
    keep_raw(store, b"content")
    run = prepared_run(make_run())
    run.sample_files["task_0"] = kept
    outcome = write_files(store, raw_of(), [prepared_file(run)])[0]
    assert (outcome.n_results, outcome.n_samples) == (2, 10)
    with store.reading() as connection:
        run_id = connection.execute(select(tables.runs.c.id)).scalar_one()
    assert read_samples(store, run_id, "task_0").equals(samples.table)
    assert read_samples(store, run_id, "task_0", ["metric:acc"]).column_names == ["metric:acc"]
    with pytest.raises(RefusedInput, match="no samples"):
        read_samples(store, run_id, "task_1")
    withdraw(store, int(read.sources(store)["id"].iloc[0]))
    with pytest.raises(RefusedInput, match="no samples"):
        read_samples(store, run_id, "task_0")


def fill(store: Store, order: tuple[str, ...]) -> None:
    files = {
        "one": prepared_file(make_run("org/é"), content="one", name="1"),
        "two": prepared_file(make_run("org/two"), make_run("Z", tasks=3), content="two", name="2"),
        "zip": prepared_file(make_run("z"), content="zip", member="Ünï/b.json"),
    }
    models = [model_row("a"), model_row("B", open_weights=True), model_row("é")]
    tables_ = {"models": models, "model_aliases": [{"alias": n, "model_id": "a"} for n in ("x", "X", "_", "é")]}
    keep_raw(store, b"models")
    write_files(store, raw_of("models"), [prepared_file(content="models", name="m", tables=tables_)])
    for content in order:
        keep_raw(store, content.encode())
        write_files(store, raw_of(content), [files[content]], community=[{"id": f"org/{content}"}])
    set_alias(store, "Z", "", "B")
    set_fact(store, "a", "params_total", "5e9")


def test_the_digest_is_the_same_on_both_engines_and_in_any_order(
    make_store: Any, engine_names: tuple[str, ...]
) -> None:
    digests = set()
    for engine in engine_names:
        for order in list(permutations(("one", "two", "zip")))[:3]:
            store = make_store(engine)
            fill(store, order)
            digests.add(store.digest())
    assert len(digests) == 1
    set_fact(store, "a", "params_total", "6e9")
    assert store.digest() not in digests, "what a reader enters is part of it"
