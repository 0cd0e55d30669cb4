"""The API over a store of a few models, as ``serve.py`` mounts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.api.v1.app import make_app, routes_of
from lib.settings import Settings, read_settings
from lib.store.db import open_store
from lib.store.write import write_files
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of

NAMES = ("alpha-1b", "beta-7b", "gamma-70b")
EVIL = "evil/<img src=x onerror=alert(1)>‮ \"'`"
Client = Callable[..., TestClient]


def fill_api(folder: Path) -> None:
    """Three models with two benchmarks each, a checkpoint, a run that waits for its model, and one with a hostile name."""
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    facts = {"release_date": "2024-05-01", "kind": "base", "architecture": "dense"}
    models = [
        model_row(name, params_total=size, params_active=size, training_tokens=10**12, **facts)
        for name, size in zip(NAMES, (10**9, 7 * 10**9, 70 * 10**9), strict=True)
    ]
    values = [
        {"model_id": row["id"], "field": field, "value": str(row[field]), "is_from_memory": False}
        for row in models
        for field in ("params_total", "training_tokens")
    ]
    runs = [
        prepared_run(
            make_run(
                name,
                results=[
                    make_result("mmlu", score=(40 + 15 * i) / 100, n_correct=40 + 15 * i, n_shot=5),
                    make_result("arc_challenge", score=(50 + 10 * i) / 100, n_correct=50 + 10 * i, n_shot=25),
                ],
            ),
            name,
        )
        for i, name in enumerate(NAMES)
    ]
    runs.append(prepared_run(make_run(EVIL, results=[make_result("mmlu", n_shot=5)]), None))
    runs.append(
        prepared_run(make_run("beta-7b", results=[make_result("mmlu", n_shot=5)], is_checkpoint=True), "beta-7b")
    )
    write_files(store, raw_of(), [prepared_file(*runs, tables={"models": models, "model_facts": values})])
    store.close()


@pytest.fixture(scope="session")
def api_store(filled_copy: Callable[[Callable[[Path], None]], Path]) -> Path:
    """Folder of the store; never to be written to."""
    return filled_copy(fill_api)


@pytest.fixture(scope="session")
def api_settings(api_store: Path) -> Settings:
    return read_settings({"P4P_DATA_DIR": str(api_store), "P4P_RATE_PER_MINUTE": "1000000"})


@pytest.fixture(scope="session")
def api(api_settings: Settings) -> Iterator[FastAPI]:
    app = make_app(api_settings)
    yield app
    app.state.readings.close()


@pytest.fixture(scope="session")
def served(api: FastAPI) -> Starlette:
    """The API at its place."""
    return Starlette(routes=routes_of(api))


@pytest.fixture(scope="session")
def client(served: Starlette) -> TestClient:
    """A program on this machine."""
    return TestClient(served, base_url="http://localhost:8501", raise_server_exceptions=False)
