"""Every document gets our part into its head; nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.api.compression import Compression
from lib.api.head import Head
from lib.ui.frame import HEAD

DOCUMENT = "<!doctype html><html><head><title>t</title></head><body>" + "<p>words</p></head>" * 200 + "</body></html>"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OURS = "<script>one = '</he' + 'ad>'</script>"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "index.html").write_text(DOCUMENT)

    def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "index":
            return FileResponse(tmp_path / "index.html")
        if name == "missing":
            return HTMLResponse(DOCUMENT, status_code=404)
        return PlainTextResponse(DOCUMENT)

    # The innermost as Streamlit compresses by itself.
    middleware = [Middleware(Compression), Middleware(Head, markup=OURS), Middleware(GZipMiddleware, minimum_size=10)]
    return TestClient(Starlette(routes=[Route("/{name}", answer)], middleware=middleware), headers=BROWSER)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_document_gets_our_part_once(client: TestClient, encoding: str) -> None:
    answer = client.get("/index", headers={"accept-encoding": encoding})
    assert answer.text == DOCUMENT.replace("</head>", OURS + "</head>", 1)
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert not {"etag", "last-modified"} & set(answer.headers)


@pytest.mark.parametrize("name", ["missing", "text"])
def test_others_stay_as_they_are(client: TestClient, name: str) -> None:
    assert client.get(f"/{name}").text == DOCUMENT


def test_what_is_no_document_to_show_stays_as_it_is(client: TestClient) -> None:
    assert client.get("/index", headers={"accept": "*/*"}).text == DOCUMENT


def test_a_question_for_the_headers_has_no_body(client: TestClient) -> None:
    assert client.head("/index").text == ""


def test_our_own_part_ends_no_head_or_script_early() -> None:
    assert HEAD.count("</script>") == 1 and HEAD.endswith("</script>")
    assert "</head>" not in HEAD
