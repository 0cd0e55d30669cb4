"""Previews of links: what everybody may see, at once, and nothing that somebody's own view showed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.api import preview as api
from lib.api.head import Head
from lib.errors import RefusedInput
from lib.ui import headless, previews
from lib.ui.links import PAGES
from tests.report.documents import HOSTILE
from tests.report.reading import Reading
from tests.ui.conftest import Open


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    previews._KEPT.clear()
    yield
    previews._KEPT.clear()


def _waited(address: headless.Address) -> previews.Preview:
    until = time.monotonic() + 60
    while (known := previews.preview(address)) is None and time.monotonic() < until:
        time.sleep(0.05)
    assert known is not None
    return known


def test_what_a_reader_saw_is_known_at_once(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py", small="8B")
    title, told = previews.words(headless.parsed("/models?small=8B&embed=true"))
    assert title == "Which model, among those that fit?"
    assert "8 billion" in told and told.split(",")[0] in app.header[0].value.replace("\\", "").replace("**", "")
    assert previews.picture(headless.parsed("/models?small=8B")).startswith(b"\x89PNG")


def test_an_unknown_view_has_the_words_of_its_page_until_it_is_drawn(
    small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(small_store))
    address = headless.parsed("/models?q=qwen")
    assert previews.words(address) == previews.page_words("models")
    known = _waited(address)
    assert known.told in previews.words(address)[1] and "models" in known.told


def test_nothing_is_told_where_strangers_see_nothing(
    open_app: Open, small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_app(small_store, "pages/models.py")
    address = headless.parsed("/models")
    assert previews.words(address) != previews.page_words("models")
    monkeypatch.setattr(previews, "may_be_told", lambda: False)
    assert previews.words(address) == previews.page_words("models")
    assert previews.picture(address) == previews.png.card(*previews.page_words("models"), None)


def test_a_view_with_own_rows_is_not_remembered(
    open_app: Open, small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.ui.cached.is_all_public", lambda: False)
    open_app(small_store, "pages/models.py")
    assert not previews._KEPT


@pytest.mark.parametrize("page", ["pages/evaluate.py", "pages/report.py", "pages/search.py"])
def test_what_somebody_does_here_is_not_remembered(open_app: Open, small_store: Path, page: str) -> None:
    assert not open_app(small_store, page, words="qwen").exception
    assert not previews._KEPT


def test_no_more_is_kept_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "MOST_KEPT", 3)
    for n in range(9):
        previews._keep(str(n), previews.Preview("t", "d", None, 1))
    assert list(previews._KEPT) == ["6", "7", "8"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.address)
def test_every_page_says_what_it_is_for(page: object) -> None:
    title, told = previews.page_words(page.address)  # type: ignore[attr-defined]
    assert title and told and len(title) < 120


def _words(address: str) -> tuple[str, str]:
    if not address.startswith("/models"):
        raise RefusedInput("no such page", place="VIEW")
    return HOSTILE, HOSTILE


@pytest.fixture
def client() -> TestClient:
    def document(request: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><html><head><title>t</title></head><body></body></html>")

    about = Middleware(Head, markup="", about=lambda scope: api.markup_of(scope, _words), paths={"/models"})
    routes = [Route("/models", document), Route("/x", document)]
    routes.append(Route(api.PICTURE, api.picture_of(lambda address: _words(address)[0].encode())))
    return TestClient(Starlette(routes=routes, middleware=[about]))


def test_tags_for_whoever_asks_and_inert(client: TestClient) -> None:
    # As those who fetch previews ask: they do not say that they want a document.
    answer = client.get("/models?q=%22%3E%3Cscript%3E", headers={"accept": "*/*"})
    read = Reading(answer.text)
    assert [tag for tag, _ in read.tags if tag in ("script", "img")] == []
    told = {one.get("property") or one.get("name"): one["content"] for tag, one in read.tags if tag == "meta"}
    assert told["og:title"] == HOSTILE and told["twitter:card"] == "summary_large_image"
    assert told["og:image"].startswith("http://testserver/api/v1/preview.png?address=%2Fmodels%3Fq%3D")
    assert client.get(told["og:image"]).headers["content-type"] == "image/png"


def test_other_documents_get_none(client: TestClient) -> None:
    assert "og:" not in client.get("/x", headers={"accept": "text/html"}).text
    assert "og:" not in client.get("/models?" + "a" * 3000, headers={"accept": "text/html"}).text
    refused = client.get(f"{api.PICTURE}?address=/nope")
    assert refused.status_code == 400 and "no such page" in refused.text


def test_a_public_address_goes_before_the_host(client: TestClient) -> None:
    scope = {"type": "http", "path": "/models", "query_string": b"", "headers": [(b"host", b"inside:8501")]}
    assert 'content="https://evals.example.org/models"' in api.markup_of(
        scope, _words, public_address="https://evals.example.org/"
    )
