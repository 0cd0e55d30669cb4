"""No request that fits the description, and none that does not, makes the server stumble or say what it did not announce."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.api.conftest import NAMES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

REQUESTS = int(os.environ.get("P4P_SOAK_REQUESTS", "300"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
KNOWN: dict[str, list[Any]] = {
    "benchmark": [["mmlu"], ["mmlu", "arc_challenge"], ["arc_challenge"]],
    "a": [*NAMES],
    "b": [*NAMES],
    "model": [*NAMES],
    "task": [["mmlu"], []],
}
"""Values that lead further in than a guess does."""


def test_the_description_lists_what_there_is(api: FastAPI) -> None:
    paths = api.openapi()["paths"]
    assert {"/models", "/benchmarks", "/runs", "/results", "/comparisons", "/costs", "/prices"} <= set(paths)


@pytest.mark.soak
def test_no_request_makes_the_server_stumble(served: Starlette, client: TestClient) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", served)
    operations = [one.ok() for one in schema.get_all_operations()]
    each = REQUESTS // len(operations) + 1
    answers: Counter[tuple[str, int]] = Counter()
    run = client.get("/api/v1/runs").json()["rows"][0]["run"]
    known = {**KNOWN, "run": [run]}
    for operation in operations:
        _fuzz(operation, each, answers, known)
    assert sum(answers.values()) >= REQUESTS * 0.9
    # Whoever gets no further than the door proves nothing.
    assert {path for path, status in answers if status == 200} == {one.path for one in operations}


def _fuzz(operation: Any, most: int, answers: Counter[tuple[str, int]], known: dict[str, list[Any]]) -> None:
    """Sends so many requests to one address, and counts what they are answered with."""

    @settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from(list(schemathesis.GenerationMode)))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if data.draw(st.integers(0, 3)) == 0:
            case.query = {}
            for one in operation.query:
                if one.is_required:
                    case.query[one.name] = ""
        for name, values in known.items():
            for part in (case.query, case.path_parameters):
                if name in (part or {}) and data.draw(st.booleans()):
                    part[name] = data.draw(st.sampled_from(values))
        answer = case.call_and_validate(checks=list(CHECKS))

        answers[operation.path, answer.status_code] += 1

    fuzz()
