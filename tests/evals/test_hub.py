"""The Hub through a stand-in of our own: what it says, what hostile answers make of it, and that nobody waits for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from lib.errors import RefusedInput, Unavailable
from lib.evals import hub

LLAMA = {
    "id": "o/Small-1B",
    "downloads": 1234,
    "gated": "manual",
    "lastModified": "2026-01-02T03:04:05.000Z",
    "tags": ["text-generation", "license:apache-2.0"],
    "safetensors": {"parameters": {"BF16": 1_200_000_000, "F32": 10}, "total": 1_200_000_010},
}
FILES = [
    {"rfilename": "config.json", "size": 700},
    {"rfilename": "model.safetensors", "size": 2_400_000_000},
    {"rfilename": "x.py"},
]


class _Answers(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, dict[str, list[str]], dict[str, str]]]] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.asked.append((parts.path, parse_qs(parts.query), {k.lower(): v for k, v in self.headers.items()}))
        code, body = self._answer(parts.path)
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _answer(self, path: str) -> tuple[int, Any]:
        if path == "/api/models":
            hostile = {"id": "<img src=x>", "downloads": "many"}
            odd = {"id": "o/odd", "gated": None, "safetensors": {"total": -1}, "tags": [1], "downloads": None}
            return 200, [LLAMA, hostile, odd, "text"]
        known = {
            "/api/models/o/Small-1B": {**LLAMA, "siblings": FILES, "config": {"auto_map": {"A": "x.A"}}},
            "/api/models/o/pickles": {
                "id": "o/pickles",
                "gated": False,
                "siblings": [{"rfilename": "pytorch_model.bin", "size": 9}],
            },
        }
        if path == "/api/models/o/broken":
            return 200, b"<html>"
        if path == "/api/models/o/down":
            return 503, {}
        return (200, known[path]) if path in known else (404, {"error": "Repository not found"})

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "_silent_until", 0.0)


def test_a_search_tells_size_licence_and_gate(endpoint: str) -> None:
    found = hub.search(" small llama ", limit=5, endpoint=endpoint)
    assert [one.name for one in found] == ["o/Small-1B", "o/odd"], "names that are none are left out"
    first, odd = found
    assert (first.params, first.licence, first.is_gated, first.downloads, first.updated_on) == (
        1_200_000_010,
        "apache-2.0",
        True,
        1234,
        "2026-01-02",
    )
    assert first.facts.bits_per_weight == 16.0 and first.facts.has_safetensors is True
    assert (odd.params, odd.licence, odd.is_gated, odd.downloads) == (None, None, None, None)
    path, query, headers = _Answers.asked[-1]
    assert path == "/api/models" and query["search"] == ["small llama"] and query["limit"] == ["5"]
    assert "authorization" not in headers, "no token of this machine goes out with a search"
    assert hub.search("   ", endpoint=endpoint) == []


def test_a_model_tells_its_files_and_what_would_run_code(endpoint: str) -> None:
    found = hub.model("o/Small-1B", endpoint=endpoint)
    assert found.files == (("config.json", 700), ("model.safetensors", 2_400_000_000), ("x.py", None))
    assert found.facts.needs_code and found.facts.is_gated and found.facts.weight_bytes == 2_400_000_000
    pickles = hub.model("o/pickles", endpoint=endpoint).facts
    assert pickles.has_safetensors is False and pickles.is_gated is False and pickles.params is None


def test_what_is_not_there_is_refused_and_what_does_not_answer_is_said(endpoint: str) -> None:
    for name in ("o/none", "../../api/x", "a/b/c", "o/..", "o--x/y", ""):
        with pytest.raises(RefusedInput):
            hub.model(name, endpoint=endpoint)
    for name in ("o/broken", "o/down"):
        with pytest.raises(Unavailable, match="cannot be reached"):
            hub.model(name, endpoint=endpoint)
    with pytest.raises(Unavailable):
        hub.search("x", endpoint="http://127.0.0.1:9")
    assert hub.is_reachable(endpoint=endpoint) and not hub.is_reachable(endpoint="http://127.0.0.1:9")


def test_after_silence_nobody_asks_for_a_minute(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        hub.search("x")
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    before = len(_Answers.asked)
    with pytest.raises(Unavailable):
        hub.search("x")
    assert len(_Answers.asked) == before
    monkeypatch.setattr(hub, "_silent_until", 0.0)
    assert hub.search("x")


def test_offline_by_its_own_setting_asks_nothing(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    before = len(_Answers.asked)
    with pytest.raises(Unavailable, match="HF_HUB_OFFLINE"):
        hub.model("o/Small-1B", endpoint=endpoint)
    assert len(_Answers.asked) == before
