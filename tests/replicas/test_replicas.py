"""Two processes of the app over one PostgreSQL, behind a proxy with sticky sessions; one of them is killed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from lib.settings import Settings, read_settings
from lib.sources.ingest import ingest
from lib.store.db import Store, open_store
from tests.browser.chromium import chromium
from tests.browser.conftest import IDLE, STILL
from tests.replicas.proxy import COOKIE, Proxy
from tests.replicas.serving import Replica

GOLDEN = Path(__file__).parents[1] / "golden"
RESULTS = next((GOLDEN / "lm-eval-results" / "made-0.4.13").glob("results_*.json"))


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, postgres: Callable[[str], str], postgres_template: str
) -> Settings:
    folder = tmp_path_factory.mktemp("replicas")
    return read_settings(
        {"P4P_DATA_DIR": str(folder), "P4P_DATABASE_URL": postgres(postgres_template), "P4P_FILL": "0"}
    )


@pytest.fixture(scope="module")
def store(shared: Settings) -> Iterator[Store]:
    opened = open_store(shared)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def replicas(shared: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Replica]]:
    logs = tmp_path_factory.mktemp("logs")
    started = [Replica(shared, logs / f"{name}.log") for name in ("first", "second")]
    try:
        for one in started:
            one.wait()
        yield started
    finally:
        for one in started:
            one.end()


@pytest.fixture(scope="module")
def proxy(replicas: list[Replica]) -> Iterator[Proxy]:
    made = Proxy([one.port for one in replicas])
    yield made
    made.end()


def asked(proxy: Proxy, path: str, cookie: int | None = None) -> tuple[int, Any, str]:
    """Status, JSON and the cookie of an answer, by a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
    headers = {} if cookie is None else {"Cookie": f"{COOKIE}={cookie}"}
    connection.request("GET", path, headers={**headers, "Connection": "close"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body), answer.headers.get("set-cookie", "")


def revision(proxy: Proxy, cookie: int) -> int:
    status, told, _ = asked(proxy, "/api/v1/health", cookie)
    assert status == 200
    return int(told["store_revision"])


def test_a_session_stays_where_it_is(proxy: Proxy) -> None:
    seen = {asked(proxy, "/api/v1/health")[2].split(";")[0] for _ in range(4)}
    assert seen == {f"{COOKIE}=0", f"{COOKIE}=1"}, "new readers are spread"
    del proxy.chosen[:]
    for _ in range(3):
        assert asked(proxy, "/api/v1/health", cookie=1)[2] == ""
    assert proxy.chosen == [1, 1, 1]


def test_what_one_takes_in_the_other_shows_and_a_death_is_survived(
    proxy: Proxy, replicas: list[Replica], store: Store
) -> None:
    before = [revision(proxy, cookie) for cookie in (0, 1)]
    assert before[0] == before[1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        context = browser.new_context(**STILL)
        page = context.new_page()
        page.goto(f"{proxy.address}/data?part=sources")
        page.wait_for_selector(IDLE, state="attached", timeout=60_000)
        (cookie,) = [one["value"] for one in context.cookies() if one["name"] == COOKIE]
        at = int(str(cookie))
        ingest(store, [RESULTS], settings=store.settings)
        assert revision(proxy, 0) == revision(proxy, 1) > before[0]
        page.reload()
        page.get_by_text(RESULTS.name).first.wait_for(state="attached", timeout=60_000)

        replicas[at].kill()
        page.reload()
        page.get_by_text(RESULTS.name).first.wait_for(state="attached", timeout=60_000)
        (cookie,) = [one["value"] for one in context.cookies() if one["name"] == COOKIE]
        assert int(str(cookie)) != at, "the other one has taken over"
        browser.close()
