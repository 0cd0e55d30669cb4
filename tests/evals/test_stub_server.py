"""The stand-in server says what real ones say, and the tiny model is a model."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evals.stub_server import MODES, RIGHT_KEY, StubServer
from tests.evals.tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    with StubServer(answers={"capital": "Paris"}) as running:
        yield running


def _post(address: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


def test_a_chat_is_answered_with_its_tokens(server: StubServer) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "capital of France"}]}
    answer = _post(server.url("ok", "chat/completions"), body)
    assert answer["choices"][0]["message"]["content"] == "Paris"
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}


def test_log_probabilities_cover_the_prompt_and_one_token_more(server: StubServer) -> None:
    body = {"model": "m", "prompt": [[5, 6, 7], [8, 9]], "echo": True, "logprobs": 1, "max_tokens": 1}
    choices = _post(server.url("ok"), body)["choices"]
    assert [len(c["logprobs"]["token_logprobs"]) for c in choices] == [4, 3]
    assert choices == _post(server.url("ok"), body)["choices"]


def test_a_wrong_key_is_refused_and_the_right_one_is_not(server: StubServer) -> None:
    body = {"model": "m", "prompt": "x", "max_tokens": 1}
    assert _post(server.url("key"), body, RIGHT_KEY)["choices"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        _post(server.url("key"), body, "another")
    assert {"401", "429", "drop", "redirect"} <= set(MODES)


def test_the_tiny_model_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="comes with `make local-models`")
    first, again, other = (make_tiny_model(tmp_path / n, seed=s) for n, s in (("a", 1), ("b", 1), ("c", 2)))
    assert (first / "model.safetensors").read_bytes() == (again / "model.safetensors").read_bytes()
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()
