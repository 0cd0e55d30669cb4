"""A server that answers like an OpenAI-compatible one (and like llama.cpp's), in the standard library, with every failure.

The first part of the path says how it behaves: ``http://127.0.0.1:PORT/ok/v1/completions`` answers,
``/401/v1/chat/completions`` refuses the key. A name after ``@`` says who asks (``/401@me/v1/completions``), so that calls which
somebody else gave up, and which the server reads later, are told apart. Answers follow from the prompt alone, so two runs agree to the last digit.

    with StubServer() as server:
        base_url = server.url("ok", "chat/completions")

On its own, for trying things: ``python -m tests.evals.stub_server --port 8000``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODES = {
    "ok": "answers",
    "key": "answers who sends `Bearer right-key`, 401 to everybody else",
    "401": "always refuses the key, and repeats it in its answer",
    "403": "always refuses",
    "404": "no such model",
    "429": "always too many requests, to be tried again after `retry_after_s`",
    "429-third": "too many requests at every third call",
    "500": "always fails",
    "500-first": "fails at the first call of each prompt",
    "broken": "JSON that breaks off",
    "html": "a page instead of JSON, status 200",
    "drop": "closes the connection without an answer",
    "slow": "answers after ten seconds",
    "no-choices": "JSON without `choices`",
    "null": "every answer is null, as from a reasoning model that ran out of tokens",
    "some-null": "one answer in ten is null",
    "no-logprobs": "completions without log-probabilities, whatever is asked",
    "no-echo": "completions with log-probabilities of what was written only, as servers that ignore `echo`",
    "no-usage": "answers without saying how many tokens it took",
    "odd-usage": "says nonsense about tokens",
    "redirect": "sends the caller on to `redirect_to`",
}
RIGHT_KEY = "right-key"
_WORDS = ("yes", "no", "four", "blue", "Paris", "never", "the first", "A", "B", "42")


@dataclass
class Call:
    """One request as it came: path, headers and JSON body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def mode(self) -> str:
        return self.path.split("/")[1].partition("@")[0]

    @property
    def who(self) -> str:
        return self.path.split("/")[1].partition("@")[2]


@dataclass
class StubServer:
    """The server in a thread of its own; a context manager.

    Args:
        answers: Text in the prompt -> what is answered then; without a match, a word drawn from the prompt's hash.
        delay_s: Waited before each answer, to see progress.
        retry_after_s: What it asks for when there are too many requests; others than this one say whole seconds.
        redirect_to: Where mode ``redirect`` sends callers.
    """

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    retry_after_s: float = 1
    redirect_to: str = "http://169.254.169.254/latest/meta-data"
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        stub = self

        class Handler(_Handler):
            server_stub = stub

        self._http = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._http.server_address[1]
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, mode: str = "ok", what: str = "completions") -> str:
        """``base_url`` for lm-eval; for the gguf backend use ``root``."""
        assert mode in MODES, mode
        return f"{self.root(mode)}/v1/{what}"

    def root(self, mode: str = "ok", who: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{mode}{who and '@' + who}"

    def n_calls(self, who: str) -> int:
        """How often ``who`` asked."""
        return sum(1 for call in list(self.calls) if call.who == who)

    def note(self, call: Call) -> int:
        """Remember the call; how many there were in its mode."""
        with self._lock:
            self.calls.append(call)
            return sum(1 for other in self.calls if other.mode == call.mode)

    def is_new(self, prompt: str) -> bool:
        with self._lock:
            known = prompt in self._seen
            self._seen.add(prompt)
            return not known

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> StubServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed in the middle is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_stub: StubServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        mode, what = self._parts()
        if what == "models" and mode in MODES:
            self._send(200, {"object": "list", "data": [{"id": "stub", "object": "model"}]})
        else:
            self._send(404, {"error": {"message": "no such page"}})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        mode, what = self._parts()
        number = self.server_stub.note(Call(self.path, dict(self.headers), body, time.monotonic()))
        if self.server_stub.delay_s:
            time.sleep(self.server_stub.delay_s)
        if what not in ("completions", "chat/completions") or mode not in MODES:
            self._send(404, {"error": {"message": "no such page"}})
        elif not self._failed(mode, number, json.dumps(body, sort_keys=True)):
            self._send(200, _answer(body, what, mode, self.server_stub.answers))

    def _parts(self) -> tuple[str, str]:
        """Behaviour and what is asked for: ``/ok/v1/completions`` is ``ok`` and ``completions``."""
        mode, _, rest = self.path.strip("/").partition("/")
        return mode.partition("@")[0], rest.removeprefix("v1/")

    def _failed(self, mode: str, number: int, prompt: str) -> bool:
        """Whether this mode refuses; the refusal is sent then."""
        key = self.headers.get("Authorization", "")
        refusals: dict[str, tuple[int, str]] = {
            "401": (401, f"Incorrect API key provided: {key}"),
            "403": (403, "This model is not for you."),
            "404": (404, "The model `nobody` does not exist."),
            "500": (500, "The server had an error."),
        }
        if mode == "key" and key != f"Bearer {RIGHT_KEY}":
            self._send(401, {"error": {"message": "Incorrect API key provided."}})
        elif mode in refusals:
            status, message = refusals[mode]
            self._send(status, {"error": {"message": message}})
        elif mode == "429" or (mode == "429-third" and number % 3 == 0):
            self._send(
                429, {"error": {"message": "Rate limit reached."}}, {"Retry-After": str(self.server_stub.retry_after_s)}
            )
        elif mode == "500-first" and self.server_stub.is_new(prompt):
            self._send(500, {"error": {"message": "The server had an error."}})
        elif mode == "redirect":
            self._send(307, {}, {"Location": self.server_stub.redirect_to})
        else:
            return self._answered_badly(mode)
        return True

    def _answered_badly(self, mode: str) -> bool:
        if mode == "broken":
            self._send_bytes(200, b'{"choices": [{"index": 0, "text"', "application/json")
        elif mode == "html":
            self._send_bytes(200, b"<html><body>Sign in to this network</body></html>", "text/html")
        elif mode == "no-choices":
            self._send(200, {"object": "error", "message": "model is loading"})
        elif mode == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            if mode == "slow":
                time.sleep(10)
            return False
        return True

    def _send(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(document).encode(), "application/json", headers)

    def _send_bytes(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _answer(body: dict[str, Any], what: str, mode: str, answers: dict[str, str]) -> dict[str, Any]:
    """Status 200: a choice for each prompt, and what it took."""
    if what == "chat/completions":
        prompts: list[Any] = ["\n".join(str(m.get("content")) for m in body["messages"])]
    else:
        prompt = body["prompt"]
        is_one = isinstance(prompt, str) or (bool(prompt) and isinstance(prompt[0], int))
        prompts = [prompt] if is_one else list(prompt)
    choices = [_choice(i, prompt, body, what, mode, answers) for i, prompt in enumerate(prompts)]
    n_in, n_out = sum(_n_tokens(p) for p in prompts), sum(c.pop("n_out") for c in choices)
    answer: dict[str, Any] = {"object": "text_completion", "model": body.get("model"), "choices": choices}
    if mode == "odd-usage":
        answer["usage"] = {"prompt_tokens": "many", "completion_tokens": -3}
    elif mode != "no-usage":
        answer["usage"] = {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out}
    return answer


def _choice(
    index: int, prompt: Any, body: dict[str, Any], what: str, mode: str, answers: dict[str, str]
) -> dict[str, Any]:
    draw = _hash(prompt)
    text: str | None = next(
        (a for part, a in answers.items() if isinstance(prompt, str) and part in prompt), _WORDS[draw % len(_WORDS)]
    )
    if mode == "null" or (mode == "some-null" and draw % 10 == 0):
        text = None
    n_out = len((text or "").split())
    if what == "chat/completions":
        message = {"role": "assistant", "content": text}
        return {"index": index, "message": message, "finish_reason": "stop", "n_out": n_out}
    choice = {"index": index, "text": text, "finish_reason": "stop", "logprobs": None, "n_out": n_out}
    if body.get("echo") and mode != "no-logprobs":
        found = _log_probabilities(prompt)
        if mode == "no-echo":
            found = {name: values[-1:] for name, values in found.items()}
        choice |= {"text": "", "logprobs": found, "n_out": 1}
    return choice


def _log_probabilities(prompt: Any) -> dict[str, Any]:
    """Of each token of the prompt, and of one more that is always generated (callers cut it off)."""
    pieces = [str(i) for i in prompt] if isinstance(prompt, list) else _pieces(prompt)
    pieces = [*pieces, " end"]
    values = [-(_hash([i, *pieces[: i + 1]]) % 5_000) / 1_000 - 0.001 for i in range(len(pieces))]
    offsets = [sum(map(len, pieces[:i])) for i in range(len(pieces))]
    tops = []
    for piece, value in zip(pieces, values, strict=True):
        is_top = _hash([piece, value]) % 2 == 0
        tops.append({piece: value} if is_top else {piece: value, "other": 0.0})
    return {
        "tokens": pieces,
        "token_logprobs": [None, *values[1:]] if isinstance(prompt, list) else values,
        "top_logprobs": [None, *tops[1:]] if isinstance(prompt, list) else tops,
        "text_offset": offsets,
    }


def _pieces(text: str) -> list[str]:
    """Words with the space before them."""
    words = text.split(" ")
    return [words[0], *(" " + word for word in words[1:])]


def _n_tokens(prompt: Any) -> int:
    return len(prompt) if isinstance(prompt, list) else len(_pieces(prompt))


def _hash(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--delay", type=float, default=0.0)
    given = parser.parse_args()
    with StubServer(port=given.port, delay_s=given.delay) as server:
        for mode, what in MODES.items():
            print(f"{server.root(mode)}/v1/completions  {what}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
