"""What the API answers is what the store holds: pages of lists, tags, errors in one shape, nothing invented."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lib.api.v1.limits import USUAL_BODY, Buckets, address_of
from lib.api.v1.problems import MEDIA_TYPE, Problem
from lib.store.frames import FrameCache
from tests.api.conftest import EVIL, NAMES

LISTS = ("/models?community=true", "/benchmarks", "/runs", "/results?benchmark=mmlu", "/prices")


def _get(client: TestClient, address: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1{address}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_models_come_with_their_sizes_and_runs(client: TestClient) -> None:
    rows = _get(client, "/models")["rows"]
    assert [row["id"] for row in rows] == list(NAMES)
    assert [row["params_total"] for row in rows] == [10**9, 7 * 10**9, 70 * 10**9]
    assert [row["n_runs"] for row in rows] == [1, 2, 1]
    assert [row["id"] for row in _get(client, "/models?min_params=2e9")["rows"]] == list(NAMES[1:])
    assert [row["id"] for row in _get(client, "/models?words=BETA")["rows"]] == ["beta-7b"]


def test_a_model_comes_with_the_source_of_each_value(client: TestClient) -> None:
    found = _get(client, "/models/beta-7b")
    assert {fact["field"] for fact in found["facts"]} >= {"params_total", "training_tokens"}
    assert all(fact["file"] for fact in found["facts"])


def test_a_run_comes_with_its_results(client: TestClient) -> None:
    rows = _get(client, "/runs?model=alpha-1b")["rows"]
    assert len(rows) == 1
    found = _get(client, f"/runs/{rows[0]['run']}")
    scores = {row["task"]: (row["score"], row["n_correct"], row["n_samples"]) for row in found["results"]}
    assert scores == {"mmlu": (0.4, 40, 100), "arc_challenge": (0.5, 50, 100)}
    assert found["digest"].startswith(rows[0]["run"]) and len(found["sources"]) == 1


def test_what_waits_for_a_model_is_named_as_it_is_written(client: TestClient) -> None:
    rows = _get(client, "/runs?waiting=true")["rows"]
    assert [(row["model"], row["model_name"]) for row in rows] == [(None, EVIL)]


def test_results_say_under_which_protocol_they_can_be_compared(client: TestClient) -> None:
    rows = _get(client, "/results?benchmark=mmlu&model=alpha-1b")["rows"]
    protocols = _get(client, "/protocols?benchmark=mmlu")["rows"]
    assert rows[0]["protocol"] in {row["key"] for row in protocols}
    assert {row["n_models"] for row in protocols} == {3}


def test_a_comparison_is_the_one_of_the_command(client: TestClient, api: FastAPI) -> None:
    found = _get(client, "/comparisons?a=alpha-1b&b=gamma-70b")
    assert {task["benchmark"]: round(task["difference"], 9) for task in found["tasks"]} == {
        "mmlu": -0.3,
        "arc_challenge": -0.2,
    }
    assert "Gamma" in found["answer"] or "gamma" in found["answer"]
    assert found["digest"] == FrameCache(api.state.readings.store()).frames().digest


@pytest.mark.parametrize("address", LISTS)
def test_pages_make_the_whole_list(client: TestClient, address: str) -> None:
    join = "&" if "?" in address else "?"
    whole = _get(client, f"{address}{join}limit=500")
    assert whole["next"] is None and whole["n_rows"] == len(whole["rows"])
    found, cursor = [], ""
    for _ in range(len(whole["rows"]) + 1):
        page = _get(client, f"{address}{join}limit=1&cursor={cursor}")
        found += page["rows"]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert found == whole["rows"]
    assert page["next"] is None and page["rows"] == whole["rows"][-1:]


@pytest.mark.parametrize("cursor", ["x", "W10", "eyJhIjoxfQ", "%00", "WzFd", "W251bGxd", "ÿ"])
def test_a_cursor_of_nobody_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get("/api/v1/models", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["places"] == [{"place": "query.cursor", "reason": "not `next` of a page before"}]


@pytest.mark.parametrize("address", [*LISTS, "/models/alpha-1b", "/comparisons?a=alpha-1b&b=beta-7b"])
def test_who_has_it_already_is_told_so(client: TestClient, address: str) -> None:
    first = client.get(f"/api/v1{address}")
    again = client.get(f"/api/v1{address}", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == first.headers["etag"]
    other = client.get(f"/api/v1{address}", headers={"If-None-Match": 'W/"something else"'})
    assert other.status_code == 200 and other.content == first.content


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/models/nobody", 404),
        ("GET", "/nothing/here", 404),
        ("GET", "/models/%0Ax", 404),
        ("GET", "/runs/zz", 422),
        ("GET", "/runs/" + "0" * 12, 404),
        ("GET", "/results", 422),
        ("GET", "/results?benchmark=nobody", 404),
        ("GET", "/results?benchmark=mmlu&limit=501", 422),
        ("GET", "/comparisons?a=alpha-1b&b=alpha-1b", 422),
        ("GET", "/comparisons?a=alpha-1b&b=beta-7b&task=nobody", 422),
        ("GET", "/comparisons?a=alpha-1b&b=beta-7b&measured_by=nobody", 422),
        ("GET", "/comparisons?a=alpha-1b&b=beta-7b&margin=nan", 422),
        ("GET", "/prices?blend=0:0", 422),
        ("GET", "/costs?benchmark=mmlu&target=1", 422),
        ("DELETE", "/models", 405),
    ],
)
def test_whatever_is_wrong_is_said_in_one_shape(client: TestClient, method: str, address: str, status: int) -> None:
    answer = client.request(method, f"/api/v1{address}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "places"}
    assert problem["status"] == status and problem["detail"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_bug_says_nothing_of_the_inside(api: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError("the secret inside")

    monkeypatch.setattr(api.state.readings, "frames", broken)
    answer = client.get("/api/v1/models")
    assert answer.status_code == 500 and answer.headers["content-type"] == MEDIA_TYPE
    assert "secret" not in answer.text


def test_a_large_body_is_refused_while_it_comes(client: TestClient) -> None:
    told = client.post("/api/v1/models", content=b"x" * (USUAL_BODY + 1))
    assert told.status_code == 413 and told.headers["content-type"] == MEDIA_TYPE


def test_the_description_is_whole(client: TestClient) -> None:
    described = _get(client, "/openapi.json")
    assert described["openapi"].startswith("3.1")
    text = json.dumps(described)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in described["components"]["schemas"], name
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)


def test_those_who_run_the_server_can_watch_it(client: TestClient) -> None:
    assert client.get("/livez").json() == {"ok": True}
    assert client.get("/readyz").json() == {"ok": True, "store": "answers"}
    client.get("/api/v1/models/somebody-secret")
    counts = client.get("/metrics").text
    assert 'p4p_api_requests_total{method="GET",route="/models/{model}",status="404"}' in counts.replace(":path", "")
    assert "somebody-secret" not in counts


def test_a_bucket_gives_what_it_holds_and_fills_evenly() -> None:
    now = [0.0]
    buckets = Buckets(60, clock=lambda: now[0])
    for _ in range(60):
        buckets.take("a")
    with pytest.raises(Problem) as refused:
        buckets.take("a")
    assert refused.value.status == 429 and 1 <= int(refused.value.headers["Retry-After"]) <= 2
    buckets.take("b")
    now[0] += 1.0
    buckets.take("a")
    with pytest.raises(Problem):
        buckets.take("a")
    now[0] += 3600
    for _ in range(60):
        buckets.take("a")
    with pytest.raises(Problem):
        buckets.take("a")


@pytest.mark.parametrize(
    ("host", "whom"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("a socket", "unknown"),
    ],
)
def test_an_address_stands_for_a_household(host: str | None, whom: str) -> None:
    assert address_of(host) == whom
