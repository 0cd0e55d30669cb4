"""What answering took is kept per source, follows it out of view, and never makes another run."""

from __future__ import annotations

import math
from dataclasses import astuple, replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from lib.errors import RefusedInput
from lib.schema.records import Measured
from lib.store import job_tables, read, tables
from lib.store.db import Store
from lib.store.frames import FrameCache
from lib.store.prepared import MEASURED_COLUMNS, PreparedFile
from lib.store.raw import keep_raw
from lib.store.write import restore, withdraw, write_files
from tests.factories import make_run, prepared_file, raw_of

count = st.none() | st.integers(0, 2**53)
amount = st.none() | st.floats(0, 1e12, allow_subnormal=False)
measured = st.builds(
    Measured,
    n_requests=st.none() | st.integers(0, 2**31 - 1),
    tokens_in=count,
    tokens_out=count,
    seconds=amount,
    load_seconds=amount,
    peak_memory_bytes=count,
    device_memory_bytes=count,
    energy_wh=amount,
    cost_usd=amount,
    model_bytes=count,
    fit_seconds=amount,
    device=st.none() | st.sampled_from(["cpu", "cuda:0", "=1+1"]),
    is_resumed=st.booleans(),
)


def put(store: Store, file: PreparedFile, content: str) -> None:
    keep_raw(store, content.encode())
    write_files(store, raw_of(content), [file])
    assert read.check(store) == []


def of(store: Store, content: str, seconds: float | None, version: int = 1, **more: object) -> None:
    """A file with the same run as every other, that took so long."""
    took = {} if seconds is None else {"task_0": Measured(seconds=seconds, **more)}  # type: ignore[arg-type]
    put(
        store, prepared_file(make_run(measured=took), content=content, name=f"{content}.json", version=version), content
    )


def source(store: Store, content: str) -> int:
    known = read.sources(store)
    return int(known.loc[known["name"] == f"{content}.json", "id"].iloc[0])


def seconds(store: Store) -> list[float]:
    return list(FrameCache(store).frames().measurements["seconds"])


@effort(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=st.dictionaries(st.sampled_from(["task_0", "task_1", "a group"]), measured, max_size=3))
def test_what_was_measured_comes_back(sqlite_store: Store, given_rows: dict[str, Measured]) -> None:
    content = repr(given_rows)
    of_run = make_run(measured=given_rows, backend=content)
    put(sqlite_store, prepared_file(of_run, content=content, name=raw_of(content).digest), content)
    frames = FrameCache(sqlite_store).frames()
    found = frames.measurements[frames.measurements["run_id"] == frames.runs.index[-1]]
    assert list(found["task"]) == sorted(given_rows)
    for row in found.to_dict("records"):
        told = [None if isinstance(row[n], float) and math.isnan(row[n]) else row[n] for n in MEASURED_COLUMNS]
        assert told == list(astuple(given_rows[row["task"]]))


def test_both_engines_keep_it(store: Store) -> None:
    of(store, "a", 2.0, tokens_in=2**53, device="cuda:0", is_resumed=True)
    [row] = FrameCache(store).frames().measurements.to_dict("records")
    assert (row["seconds"], row["tokens_in"], row["device"], row["is_resumed"]) == (2.0, 2.0**53, "cuda:0", True)
    assert math.isnan(row["energy_wh"]) and row["benchmark"] == "task_0" and pd.isna(row["model"])


def test_a_run_without_measurements_has_no_row(store: Store) -> None:
    of(store, "a", None)
    assert FrameCache(store).frames().measurements.empty
    assert list(FrameCache(store).frames().measurements.columns[5:]) == list(MEASURED_COLUMNS)


def test_import_again_changes_nothing_and_the_same_run_measured_again_is_kept_beside(store: Store) -> None:
    of(store, "a", 2.0)
    digest = store.digest()
    of(store, "a", 2.0)
    assert store.digest() == digest
    of(store, "b", 3.0)
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(tables.runs)).scalar_one() == 1
        n_kept = connection.execute(select(func.count()).select_from(job_tables.run_measurements)).scalar_one()
    assert (n_kept, seconds(store)) == (2, [3.0])


def test_one_unbroken_goes_before_one_that_was_resumed(store: Store) -> None:
    of(store, "a", 2.0)
    of(store, "b", 0.5, is_resumed=True)
    assert seconds(store) == [2.0]


def test_a_withdrawn_source_takes_its_measurements_along(store: Store) -> None:
    of(store, "a", 2.0)
    of(store, "b", 3.0)
    cache = FrameCache(store)
    for act, told in ((withdraw, [2.0]), (restore, [3.0])):
        act(store, source(store, "b"))
        assert list(cache.frames().measurements["seconds"]) == told == seconds(store)
    withdraw(store, source(store, "a"))
    withdraw(store, source(store, "b"))
    assert cache.frames().measurements.empty


def test_a_newer_importer_replaces_what_its_file_said(store: Store) -> None:
    of(store, "a", 2.0)
    of(store, "b", 3.0)
    cache = FrameCache(store)
    assert list(cache.frames().measurements["seconds"]) == [3.0]
    of(store, "b", None, version=4)
    assert list(cache.frames().measurements["seconds"]) == [2.0] == seconds(store)
    of(store, "b", 4.0, version=5)
    assert list(cache.frames().measurements["seconds"]) == [4.0] == seconds(store)
    # Another run from the same bytes: what they said of the old one is gone with it.
    put(store, prepared_file(make_run("org/other"), content="b", name="b.json", version=6), "b")
    assert list(cache.frames().measurements["seconds"]) == [2.0] == seconds(store)


def test_a_file_takes_its_measurement_back(store: Store) -> None:
    of(store, "a", 1.0)
    cache = FrameCache(store)
    assert list(cache.frames().measurements["seconds"]) == [1.0]
    of(store, "a", None, version=2)
    assert cache.frames().measurements.empty


@pytest.mark.parametrize(
    "wrong", [{"seconds": math.nan}, {"tokens_in": 2**64}, {"cost_usd": -0.1}, {"device": "a\x00b"}]
)
def test_what_no_store_can_hold_is_refused(sqlite_store: Store, wrong: dict[str, object]) -> None:
    bad = replace(Measured(), **wrong)  # type: ignore[arg-type]
    with pytest.raises(RefusedInput, match="measured / task_0"):
        put(sqlite_store, prepared_file(make_run(measured={"task_0": bad})), "content")


def test_the_check_finds_measurements_that_nobody_holds(sqlite_store: Store) -> None:
    of(sqlite_store, "a", 2.0)
    put(sqlite_store, prepared_file(make_run("org/other"), content="b", name="b.json"), "b")
    with sqlite_store.reading() as connection:
        run_id = connection.execute(select(tables.runs.c.id).order_by(tables.runs.c.id.desc())).scalars().first()
    a = source(sqlite_store, "a")
    row = insert(job_tables.run_measurements).values(run_id=run_id, task="task_0", source_id=a, seconds=1.0)
    sqlite_store.write(lambda writing: writing.connection.execute(row))
    assert read.check(sqlite_store) == [f"Run {run_id} has measurements of a source that does not hold it."]
