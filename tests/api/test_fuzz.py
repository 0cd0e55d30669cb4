"""No request that fits the description, and none that does not, makes the server stumble or say what it did not announce."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.access import OWN_MACHINE, SCOPES
from lib.api.v1.app import make_app, routes_of
from lib.settings import read_settings
from lib.store import snapshots, tokens, uploads
from tests.api.conftest import NAMES, fill_api

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

REQUESTS = int(os.environ.get("P4P_SOAK_REQUESTS", "160"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
KNOWN: dict[str, list[Any]] = {
    "benchmark": [["mmlu"], ["mmlu", "arc_challenge"], ["arc_challenge"]],
    "a": [NAMES[0], NAMES[2]],
    "b": [NAMES[1]],
    "model": [*NAMES],
    "task": [["mmlu"], []],
}
"""Values that lead further in than a guess does."""


def test_the_description_lists_what_there_is(api: FastAPI) -> None:
    paths = api.openapi()["paths"]
    assert {
        "/models",
        "/benchmarks",
        "/runs",
        "/results",
        "/comparisons",
        "/costs",
        "/prices",
        "/me",
        "/tokens",
    } <= set(paths)


@pytest.fixture
def own_api(filled_copy: Callable[[Callable[[Path], None]], Path]) -> Iterator[FastAPI]:
    """The API over a store of its own, for this test writes."""
    settings = read_settings({"P4P_DATA_DIR": str(filled_copy(fill_api)), "P4P_RATE_PER_MINUTE": "1000000"})
    app = make_app(settings, lambda *addresses, **more: b"<!doctype html>")
    yield app
    app.state.readings.close()


@pytest.mark.soak
def test_no_request_makes_the_server_stumble(own_api: FastAPI) -> None:
    served = Starlette(routes=routes_of(own_api))
    store = own_api.state.readings.store()
    secret = tokens.make(store, OWN_MACHINE, name="fuzz", scopes=SCOPES, days=1, role="admin").secret
    run = TestClient(served).get("/api/v1/runs").json()["rows"][0]["run"]
    upload = uploads.begin(store, OWN_MACHINE, name="a.json", visibility="private")
    uploads.finish(store, upload, "taken", raw_digests=[], n_files=0, n_results=0, said={})
    pinned = snapshots.take(store, "pinned").digest
    known = {**KNOWN, "run": [run], "upload": [upload], "which": ["pinned", pinned], "snapshot": ["", "pinned"]}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", served)
    operations = [one.ok() for one in schema.get_all_operations()]
    answers: Counter[tuple[str, str, int]] = Counter()
    for operation in operations:
        _fuzz(operation, REQUESTS // len(operations) + 1, answers, known, secret)
    assert sum(answers.values()) >= REQUESTS * 0.9
    # Whoever gets no further than the door proves nothing.
    got_in = {(path, method) for path, method, status in answers if status < 300}
    assert got_in >= {(one.path, one.method) for one in operations} - {("/tokens/{token}", "delete")}


def _fuzz(
    operation: Any, most: int, answers: Counter[tuple[str, str, int]], known: dict[str, list[Any]], secret: str
) -> None:
    """Sends so many requests to one address, and counts what they are answered with."""

    @settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from(list(schemathesis.GenerationMode)))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        is_plain = data.draw(st.integers(0, 2)) == 0
        if is_plain:
            case.query = {one.name: "" for one in operation.query if one.is_required}
        for name, values in known.items():
            for part in (case.query, case.path_parameters):
                if name in (part or {}) and (is_plain or data.draw(st.booleans())):
                    part[name] = data.draw(st.sampled_from(values))
        headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        who = "owner" if is_plain else data.draw(st.sampled_from(["owner", "stranger", "as drawn"]))
        if who != "as drawn":
            case.headers = {**headers, **({"Authorization": f"Bearer {secret}"} if who == "owner" else {})}
        answer = case.call_and_validate(checks=list(CHECKS))
        answers[operation.path, operation.method, answer.status_code] += 1

    fuzz()
