"""Files that never change are compressed once, everything else at each request, and nobody can tell the difference."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.api.compression import Compression

TEXT = "a long line of text " * 50_000
FOREVER = {"cache-control": "public, immutable, max-age=31536000"}


def _client(tmp_path: Path, most_bytes: int = 1_000_000) -> tuple[TestClient, list[str]]:
    asked: list[str] = []
    (tmp_path / "big.js").write_text(TEXT)

    def answer(request: Request) -> Response:
        asked.append(name := request.path_params["name"])
        if name == "missing.js":
            return PlainTextResponse("no", status_code=404, headers=FOREVER)
        if name == "index.html":
            return PlainTextResponse(TEXT, headers={"cache-control": "no-cache"})
        if name == "small.js":
            return PlainTextResponse("x", headers=FOREVER)
        return FileResponse(tmp_path / "big.js", headers=FOREVER)

    routes = [Route("/static/{name}", answer), Route("/api/{name}", answer)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Compression, most_bytes=most_bytes)])), asked


def test_a_file_is_compressed_once_and_the_same_for_all(tmp_path: Path) -> None:
    client, asked = _client(tmp_path)
    first, second = (client.get("/static/a.js") for _ in range(2))
    assert asked == ["a.js"]
    assert first.text == second.text == TEXT
    for answer in (first, second):
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == FOREVER["cache-control"]
        assert "accept-encoding" in answer.headers["vary"].lower()
    assert int(second.headers["content-length"]) < len(TEXT) / 10


@pytest.mark.parametrize("path", ["/static/missing.js", "/static/index.html", "/static/small.js", "/api/a.js"])
def test_what_may_change_is_asked_for_again(tmp_path: Path, path: str) -> None:
    client, asked = _client(tmp_path)
    first, second = client.get(path), client.get(path)
    assert len(asked) == 2
    assert (first.status_code, first.content) == (second.status_code, second.content)


@pytest.mark.parametrize("headers", [{"accept-encoding": "identity"}, {"range": "bytes=0-9"}])
def test_others_are_not_served_from_what_is_kept(tmp_path: Path, headers: dict[str, str]) -> None:
    client, asked = _client(tmp_path)
    client.get("/static/a.js")
    answer = client.get("/static/a.js", headers=headers)
    assert asked == ["a.js", "a.js"]
    assert "content-encoding" not in answer.headers
    assert answer.text == (TEXT[:10] if "range" in headers else TEXT)


def test_memory_has_a_bound(tmp_path: Path) -> None:
    one, _ = _client(tmp_path)
    size = int(one.get("/static/a.js").headers.get("content-length", 0)) or len(TEXT) // 300
    client, asked = _client(tmp_path, most_bytes=10)
    assert size > 10
    for _ in range(2):
        assert client.get("/static/a.js").text == TEXT
    assert asked == ["a.js", "a.js"]
