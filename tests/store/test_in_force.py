"""One rule for what a reader may see: every path shows public sources that are not withdrawn, and no others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sized
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, update

from lib.errors import RefusedInput
from lib.store import details, model_prices, read, source_lists, tables, withdrawal, withdrawn
from lib.store.db import Store, Writing
from lib.store.dump import write_dump
from lib.store.extract import extract_model
from lib.store.frames import FrameCache
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples, read_samples
from lib.store.write import set_alias, write_files
from tests.factories import make_run, make_samples, model_row, prepared_file, prepared_run, raw_of, sha

LOGGED, NAMELESS = make_run("org/a", samples=[make_samples()]), make_run("weights")
DIGEST = prepared_run(LOGGED).digest


def fill(store: Store) -> None:
    """One file that holds something for every path."""
    keep_raw(store, b"content")
    logs = {"task_0": keep_samples(store, LOGGED.samples[0].table)}
    catalogue: dict[str, Any] = {
        "models": [model_row("alpha")],
        "model_facts": [{"model_id": "alpha", "field": "params_total", "value": "7"}],
        "rumours": [{"model_id": "alpha", "field": "params_total", "value": "9", "who_says": "somebody"}],
        "model_aliases": [{"alias": "alpha-api", "model_id": "alpha", "kind": model_prices.API_NAME}],
        "prices": [{"provider": "p", "api_name": "alpha-api", "model_slug": "alpha-api", "input_usd_per_mtok": 1.0}],
        "reference:records": [{"a": 1}],
        "hardware": [{"id": "card", "name": "A card", "memory_gb": 80.0}],
    }
    runs = prepared_run(LOGGED, "alpha", sample_files=logs), prepared_run(NAMELESS, None)
    write_files(store, raw_of(), [prepared_file(*runs, tables=catalogue)])


def _frames(store: Store) -> list[Sized]:
    frames = FrameCache(store).frames()
    own = [frames.models, frames.runs, frames.scores(["task_0"]), frames.facts("alpha"), frames.rumours("alpha")]
    return [*own, frames.reference("records"), frames.hardware]


def _dump(store: Store) -> list[Sized]:
    out = io.BytesIO()
    write_dump(store, out, "parquet")
    archive = zipfile.ZipFile(io.BytesIO(out.getvalue()))
    names = ("models", "runs", "results", "sources", "run_sources", "sample_files", "model_facts", "rumours", "prices")
    return [pq.read_table(io.BytesIO(archive.read(f"{name}.parquet"))) for name in names]


def _details(store: Store) -> list[Sized]:
    return [
        details.run_details(store, DIGEST) or (),
        details.source_details(store, sha("content")),
        details.sources_of_run(store, DIGEST),
        details.source_named(store, "a.json") or (),
    ]


def _samples(store: Store) -> list[Sized]:
    with store.reading() as connection:
        (run_id,) = connection.execute(select(tables.sample_files.c.run_id)).scalars()
    try:
        return [read_samples(store, run_id, "task_0")]
    except RefusedInput:
        return [()]


def _prices(store: Store) -> list[Sized]:
    return [model_prices.prices_of(store, "alpha"), model_prices.aliases_of(store, "alpha")]


def _extract(store: Store) -> list[Sized]:
    found = extract_model(store, "alpha")
    assert found is not None
    return [found["facts"], found["rumours"], found["aliases"], found["runs"]]


def _lists(store: Store) -> list[Sized]:
    return [read.unresolved(store), source_lists.waiting_runs(store), read.reference(store, "records")]


PATHS: dict[str, Callable[[Store], list[Sized]]] = {
    "frames": _frames,
    "dump": _dump,
    "details": _details,
    "samples": _samples,
    "prices": _prices,
    "extract": _extract,
    "lists": _lists,
}


def set_source(store: Store, source_id: int, **values: Any) -> None:
    def work(writing: Writing) -> None:
        s, stamp = tables.sources, {"store_revision": writing.revision}
        writing.connection.execute(update(s).where(s.c.id == source_id).values(**values, **stamp))
        writing.is_changed = True

    store.write(work)


def test_every_path_shows_the_same_sources(store: Store) -> None:
    fill(store)
    digest = store.digest()
    for name, shown in PATHS.items():
        assert all(map(len, shown(store))), name
    for visibility in ("private", "workspace"):
        set_source(store, 1, visibility=visibility)
        for name, shown in PATHS.items():
            assert not any(map(len, shown(store))), (name, visibility)
        assert store.digest() != digest
        assert source_lists.source_list(store).empty
    set_source(store, 1, visibility="public")
    for name, shown in PATHS.items():
        assert all(map(len, shown(store))), name
    assert store.digest() == digest


def test_frames_hold_hardware_and_aliases_as_they_are_now(store: Store) -> None:
    cache = FrameCache(store)
    assert cache.frames().hardware.empty and cache.frames().aliases.empty
    fill(store)
    frames = cache.frames()
    assert frames.hardware.loc["card", "memory_gb"] == 80 and "source_id" not in frames.hardware
    pd.testing.assert_frame_equal(frames.reference("hardware").set_index("id"), frames.hardware)
    assert np.isnan(frames.hardware["tdp_w"].to_numpy(float)).all()
    pd.testing.assert_frame_equal(frames.aliases, read.aliases(store))
    set_alias(store, "mine", "", "alpha")
    assert cache.frames().aliases["alias"].tolist() == ["mine", "alpha-api"], "readers' first"
    withdrawal.withdraw(store, 1)
    assert cache.frames().hardware.empty and cache.frames().reference("hardware").empty


def test_a_withdrawn_source_is_told_of_only_where_it_is_public(store: Store) -> None:
    fill(store)
    everything = withdrawal.effect_of_withdrawing(store, [1])
    assert (everything.n_sources, everything.n_runs) == (1, 2)
    withdrawal.withdraw(store, 1)
    for name in ("frames", "dump", "samples", "prices", "extract", "lists"):
        assert not any(map(len, PATHS[name](store))), name
    assert len(withdrawn.only_withdrawn(store)) and len(details.source_details(store, sha("content")))
    for visibility in ("private", "workspace"):
        set_source(store, 1, visibility=visibility)
        assert withdrawn.only_withdrawn(store).empty
        assert details.source_details(store, sha("content")) == []
        assert withdrawal.effect_of_restoring(store, [1]) == (1, 0, 0), "nothing of it comes back to the pages"


@pytest.mark.parametrize("visibility", ["private", "workspace"])
def test_a_run_stays_in_view_only_through_a_public_source(sqlite_store: Store, visibility: str) -> None:
    for content in ("one", "two"):
        keep_raw(sqlite_store, content.encode())
        file = prepared_file(prepared_run(make_run()), content=content, name=f"{content}.json")
        write_files(sqlite_store, raw_of(content, file.name), [file])
    one, two = read.sources(sqlite_store)["id"].tolist()
    assert withdrawal.effect_of_withdrawing(sqlite_store, [one]).n_runs == 0
    set_source(sqlite_store, two, visibility=visibility)
    assert withdrawal.effect_of_withdrawing(sqlite_store, [one]).n_runs == 1
