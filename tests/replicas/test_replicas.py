"""Two processes of the app over one PostgreSQL, behind a proxy with sticky sessions; one of them is killed."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from lib.access import OPERATOR
from lib.settings import ROOT, Settings, read_settings
from lib.store import uploads
from lib.store.check import check
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache
from tests.browser.conftest import IDLE, STILL
from tests.replicas.proxy import COOKIE, Proxy
from tests.replicas.serving import Replica

GOLDEN = Path(__file__).parents[1] / "golden" / "lm-eval-results"
FIRST = next((GOLDEN / "made-0.4.13").glob("results_*.json"))
SECOND = next((GOLDEN / "qwen2.5-1.5b-0.4.8").glob("results_*.json"))
MANY = ROOT / "data" / "lm-eval-runs" / "self-translate-2023.zip"
RUNS_OF_MANY = 602
API = "/api/v1"
EDGE = "of-the-form"
SECONDS = 60


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
    opened = open_store(shared).seen_by(OPERATOR.sight)
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


def asked(
    proxy: Proxy, path: str, cookie: int | None = None, *, body: bytes = b"", kind: str = ""
) -> tuple[int, Any, str]:
    """Status, JSON and the cookie of an answer, by a connection of its own; a body is posted."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=SECONDS)
    headers = {"Connection": "close", **({} if cookie is None else {"Cookie": f"{COOKIE}={cookie}"})}
    headers |= {"Content-Type": kind} if kind else {}
    connection.request("POST" if body else "GET", API + path, body=body or None, headers=headers)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    return answer.status, json.loads(told), answer.headers.get("set-cookie", "")


def form(*files: Path) -> bytes:
    """The body of an upload."""
    parts = [
        f'--{EDGE}\r\ncontent-disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'.encode()
        + file.read_bytes()
        + b"\r\n"
        for file in files
    ]
    return b"".join(parts) + f"--{EDGE}--\r\n".encode()


def begun(proxy: Proxy, cookie: int, *files: Path) -> str:
    """Uploads; the id of the upload, which is then read."""
    status, told, _ = asked(proxy, "/uploads", cookie, body=form(*files), kind=f"multipart/form-data; boundary={EDGE}")
    assert status == 202, told
    return str(told["id"])


def once(proxy: Proxy, cookie: int, upload: str, *states: str) -> Any:
    """What is told of an upload once it is in one of the states."""
    end = time.monotonic() + SECONDS
    while (told := asked(proxy, f"/uploads/{upload}", cookie)[1])["state"] not in states:
        assert time.monotonic() < end, told
        time.sleep(0.01)
    return told


def sent(proxy: Proxy, cookie: int, *files: Path) -> list[str]:
    """Uploads and waits until it is taken; the runs that it holds."""
    told = once(proxy, cookie, begun(proxy, cookie, *files), "taken", "refused", "failed")
    assert told["state"] == "taken", told
    return [str(run) for run in told["report"]["runs"]]


def test_a_session_stays_where_it_is(proxy: Proxy) -> None:
    seen = {asked(proxy, "/health")[2].split(";")[0] for _ in range(4)}
    assert seen == {f"{COOKIE}=0", f"{COOKIE}=1"}, "new readers are spread"
    del proxy.chosen[:]
    for _ in range(3):
        assert asked(proxy, "/health", cookie=1)[2] == ""
    assert proxy.chosen == [1, 1, 1]


def test_what_one_takes_in_the_other_shows(proxy: Proxy) -> None:
    (run,) = sent(proxy, 0, FIRST)
    for cookie in (0, 1):
        status, told, _ = asked(proxy, f"/runs/{run}", cookie)
        assert status == 200 and told["results"], cookie
    assert set(proxy.chosen[-2:]) == {0, 1}


def test_one_is_killed_while_it_reads(proxy: Proxy, replicas: list[Replica], store: Store) -> None:
    """Nothing of what it had read by then is seen; sent again, all of it is."""
    before, n_runs = store.digest(), FrameCache(store).frames().counts["n_runs"]
    upload = begun(proxy, 0, MANY)
    once(proxy, 1, upload, "reading", "taken")
    replicas[0].kill()
    assert once(proxy, 1, upload, "reading", "taken")["state"] == "reading", "it was faster than the kill"
    assert (store.digest(), FrameCache(store).frames().counts["n_runs"]) == (before, n_runs)
    assert check(store) == []
    sent(proxy, 0, MANY)
    assert proxy.chosen[-1] == 1, "the other one has taken over"
    assert FrameCache(store).frames().counts["n_runs"] == n_runs + RUNS_OF_MANY
    replicas[0].start()


def test_one_is_killed_in_mid_upload(proxy: Proxy, replicas: list[Replica], store: Store, browser: Browser) -> None:
    """A page is open on it, and half of a file is there: nothing of that is kept, and the page goes on with the other."""
    context = browser.new_context(**STILL)
    page = context.new_page()
    page.goto(f"{proxy.address}/data?part=sources")
    page.wait_for_selector(IDLE, state="attached", timeout=1000 * SECONDS)
    at = _replica(context)
    before, files = store.revision(), _kept(store)
    n_uploads = len(uploads.uploads_of(store, OPERATOR.subject))

    with socket.create_connection(("127.0.0.1", proxy.port)) as half:
        body, n_sent = form(SECOND), proxy.n_sent[at]
        head = f"POST {API}/uploads HTTP/1.1\r\nHost: x\r\nCookie: {COOKIE}={at}\r\nContent-Length: {len(body)}\r\n"
        half.sendall(f"{head}Content-Type: multipart/form-data; boundary={EDGE}\r\n\r\n".encode())
        half.sendall(body[: len(body) // 2])
        end = time.monotonic() + SECONDS
        while proxy.n_sent[at] - n_sent < len(body) // 2:
            assert time.monotonic() < end
            time.sleep(0.01)
        replicas[at].kill()
    assert (store.revision(), _kept(store)) == (before, files)
    assert len(uploads.uploads_of(store, OPERATOR.subject)) == n_uploads
    assert check(store) == []

    (run,) = sent(proxy, at, SECOND)
    assert proxy.chosen[-1] != at, "the other one has taken over"
    assert asked(proxy, f"/runs/{run}", at)[0] == 200
    page.reload()
    page.get_by_text(SECOND.name).first.wait_for(state="attached", timeout=1000 * SECONDS)
    assert _replica(context) != at
    context.close()


def _replica(context: Any) -> int:
    """The replica that the browser is sent to."""
    (cookie,) = [one["value"] for one in context.cookies() if one["name"] == COOKIE]
    return int(cookie)


def _kept(store: Store) -> set[str]:
    """Everything in the folder of kept files."""
    return {str(path) for path in store.settings.data_dir.rglob("*") if path.is_file()}
