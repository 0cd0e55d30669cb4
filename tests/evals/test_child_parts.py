"""Parts of the child that need no lm-eval model: kept answers, stripped results, masks, failures in words, energy."""

from __future__ import annotations

import ast
import ipaddress
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.evals.child.endpoint import Pace, patience, words_of
from lib.evals.child.events import MASK, Masked, Wire
from lib.evals.child.failures import Failure, explained
from lib.evals.child.kept import MISSING, Kept
from lib.evals.child.meter import Meter
from lib.evals.child.network import is_public
from lib.evals.child.resources import Energy, peak_memory_bytes
from lib.evals.child.results import without_host, without_path, without_places
from lib.evals.task_list import task_list
from lib.settings import ROOT

ANSWERS = st.one_of(
    st.text(max_size=20),
    st.floats(allow_nan=False),
    st.tuples(st.floats(allow_nan=False), st.booleans()),
)


@given(asked=st.lists(st.tuples(st.sampled_from("abcd"), ANSWERS), max_size=12), torn=st.integers(0, 60))
def test_kept_answers_come_back_as_they_were_each_once(
    asked: list[tuple[str, Any]], torn: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is cut off the end of the file by a kill, the answers before it are whole, in order, and handed out once."""
    path = tmp_path_factory.mktemp("kept") / "answers"
    first = Kept(path)
    for key, answer in asked:
        first.add(key, answer, {"seconds": 1.0})
    first.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - torn)])
    n_lines = path.read_bytes().count(b"\n")
    second = Kept(path)
    assert second.n == n_lines
    plain: dict[str, list[Any]] = {}
    for key, answer in asked[:n_lines]:
        plain.setdefault(key, []).append(answer)
    for key in "abcd":
        for answer in plain.get(key, []):
            assert second._pop(key) == answer
        assert second._pop(key) is MISSING
    second.add("z", "more", {"seconds": 2.0})
    second.close()
    third = Kept(path)
    third.close()
    assert third.n == n_lines + 1 and third.before == {"seconds": 2.0}


class _Model:
    """Answers one by one, and reports as lm-eval's models do."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def set_cache_hook(self, hook: Any) -> None:
        self.cache_hook = hook

    def generate_until(self, requests: list[Any]) -> list[str]:
        for request in requests:
            self.asked.append(request.args)
            self.cache_hook.add_partial("generate_until", request.args, f"answer to {request.args[0]}")
        return [f"answer to {request.args[0]}" for request in requests]


def test_the_meter_asks_only_for_what_is_missing_and_keeps_the_order(tmp_path: Path) -> None:
    requests = [SimpleNamespace(args=(f"question {i}", {"until": ["\n"]})) for i in range(6)]
    model, told = _Model(), []
    meter = Meter(model, lambda event, **fields: told.append(fields))
    meter.reset(Kept(tmp_path / "kept"))
    assert model.generate_until(requests[:3]) == [f"answer to question {i}" for i in range(3)]
    assert not meter.is_resumed
    meter.reset(Kept(tmp_path / "kept"))
    expected = [f"answer to question {i}" for i in (4, 0, 5, 2, 1, 3)]
    assert model.generate_until([requests[i] for i in (4, 0, 5, 2, 1, 3)]) == expected
    assert [arguments[0] for arguments in model.asked[3:]] == ["question 4", "question 5", "question 3"]
    assert (meter.n_done, meter.n_requests, meter.is_resumed) == (6, 6, True)
    assert told[-1]["tokens_in"] is None and told[-1]["cost_usd"] is None, "nobody counted them: unknown, not 0"


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_public_means_public_also_when_wrapped(address: Any) -> None:
    if address.version == 4:
        plain = address.is_global and not address.is_multicast
        wrapped = [f"::ffff:{address}", str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address)))]
        wrapped.append(str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))))
        assert [is_public(one) for one in (str(address), *wrapped)] == [plain] * 4
    elif not (address.ipv4_mapped or address.sixtofour or address.teredo):
        assert not is_public(str(address)) or address.is_global


def test_paths_hosts_and_names_of_users_are_taken_out() -> None:
    document = {
        "model_args": {"pretrained": "/home/ann/models/tiny", "base_url": "http://ann:pw@gpu-7.lan:8000/v1?key=1"},
        "config_source": "/opt/env/lib/python3.11/site-packages/lm_eval/tasks/arc/arc_easy.yaml",
        "doc_to_text": "Question: {{question}}\nAnswer:",
        "delimiters": ["/", " / ", "a/b", "org/name", ""],
        "files": ("C:\\Users\\ann\\rows.jsonl", "file:///home/ann/rows.jsonl"),
        "n": 3,
        "none": None,
    }
    assert without_places(document) == {
        "model_args": {"pretrained": "tiny", "base_url": "http://private:8000/v1"},
        "config_source": "lm_eval/tasks/arc/arc_easy.yaml",
        "doc_to_text": "Question: {{question}}\nAnswer:",
        "delimiters": ["/", " / ", "a/b", "org/name", ""],
        "files": ["rows.jsonl", "rows.jsonl"],
        "n": 3,
        "none": None,
    }
    assert without_host("https://api.openai.com/v1/completions") == "https://api.openai.com/v1/completions"
    assert without_host("http://10.0.0.7:80/v1") == "http://private:80/v1"
    assert without_host("http://127.0.0.1:8000/v1") == "http://127.0.0.1:8000/v1"
    assert without_host("http://build-server/v1") == "http://private/v1"
    assert without_path("/models/tiny/") == "tiny"


def test_keys_are_masked_on_every_way_out() -> None:
    masked = Masked(["abcdefgh", "abcdefgh-longer", "short"])
    assert masked("Bearer abcdefgh-longer, abcdefgh, short") == f"Bearer {MASK}, {MASK}, short"
    assert not Masked(["", "x"]) and Masked(["x"])("x") == "x"
    reading, writing = os.pipe()
    Wire(writing, masked).send("failed", message="the key abcdefgh is wrong", n=1)
    told = json.loads(os.read(reading, 4096))
    os.close(reading)
    os.close(writing)
    assert told["message"] == f"the key {MASK} is wrong" and told["n"] == 1 and told["event"] == "failed"


class OutOfMemoryError(RuntimeError):
    """Named as PyTorch's."""


@pytest.mark.parametrize(
    ("error", "kind", "is_retryable"),
    [
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "memory", False),
        (MemoryError(), "memory", False),
        (ConnectionError("Couldn't reach 'allenai/ai2_arc' on the Hub (OfflineModeIsEnabled)"), "data set", True),
        (TimeoutError(), "connection", True),
        (KeyError("Spec 'x' is not a registered task/group/tag name"), "task", False),
        (ValueError("Attempted to run task: x which is marked as unsafe."), "task", False),
        (ModuleNotFoundError("No module named 'torch'"), "packages", False),
        (NotImplementedError("not for chat"), "task", False),
        (OSError("You are trying to access a gated repo."), "gated", False),
        (OSError(28, "No space left on device"), "disk", True),
        (ZeroDivisionError("division by zero"), "error", False),
    ],
)
def test_errors_are_put_into_words(error: BaseException, kind: str, is_retryable: bool) -> None:
    failure = explained(error)
    assert (failure.kind, failure.is_retryable) == (kind, is_retryable) and failure.message
    assert explained(failure) is failure and not isinstance(failure, Exception)


def test_a_server_in_trouble_is_asked_less() -> None:
    told: list[dict[str, Any]] = []
    pace = Pace(lambda event, **fields: told.append(fields))
    waits = [pace.judge(500, {}, "x") for _ in range(40)]
    assert waits[:8] == [0.0] * 8 and waits == sorted(waits) and waits[-1] == 10.0 and told[-1]["seconds"] == 10.0
    assert pace.judge(200, {}, "") is None and pace.judge(503, {}, "") == 0.0
    assert pace.judge(429, {"Retry-After": "7"}, "slow down") == 7.0
    assert [patience({"Retry-After": value}) for value in ("999", "-1", "Wed, 21 Oct", "")] == [60.0, 0.0, 0.0, 0.0]
    with pytest.raises(Failure, match="HTTP 401"):
        pace.judge(401, {}, "no")


def test_a_server_is_quoted_shortly() -> None:
    assert words_of('{"error": {"message": "No  such\\nmodel"}}') == "No such model"
    assert words_of('{"error": "busy"}') == "busy" and words_of("") == "nothing"
    assert len(words_of("x" * 10_000)) == 600


def test_energy_is_read_where_it_may_be(tmp_path: Path) -> None:
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    (tmp_path / "intel-rapl:0:0").mkdir()
    (zone / "energy_uj").write_text("900", encoding="utf-8")
    (zone / "max_energy_range_uj").write_text("1000", encoding="utf-8")
    millijoules = iter([5_000, 3_605_000])
    energy = Energy(tmp_path, [lambda: next(millijoules)])
    (zone / "energy_uj").write_text("100", encoding="utf-8")  # the counter has started again
    assert energy.wh() == pytest.approx(200 / 3.6e9 + 3_600_000 / 3.6e6)
    assert Energy(tmp_path / "nothing", []).wh() is None


def test_memory_is_of_this_program() -> None:
    """Not of a large process that it was forked from."""
    code = (
        "import subprocess, sys\nblock = bytearray(400_000_000)\n"
        "print(subprocess.run([sys.executable, '-c', 'from lib.evals.child.resources import peak_memory_bytes\\n"
        "print(peak_memory_bytes())'], capture_output=True, text=True).stdout)"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 1e6 < int(found.stdout) < 200e6
    assert peak_memory_bytes() > 1e6


def test_no_connection_leaves_for_a_private_network() -> None:
    """Also by a name, and over asyncio, which hands on addresses that are resolved already."""
    code = """
import asyncio, socket, sys
from lib.evals.child import network
from lib.evals.child.failures import Failure
network.public_only()
def refused(work):
    try:
        work()
    except Failure as failure:
        return failure.kind
port = int(sys.argv[1])
async def by_loop():
    await asyncio.open_connection("127.0.0.1", port)
print(refused(lambda: socket.create_connection(("127.0.0.1", port))),
      refused(lambda: socket.socket().connect(("localhost", port))),
      refused(lambda: socket.socket().connect_ex(("127.0.0.1", port))),
      refused(lambda: asyncio.run(by_loop())))
"""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        found = subprocess.run([sys.executable, "-c", code, port], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["address"] * 4


def test_a_built_in_task_is_read_without_the_index_of_all() -> None:
    """By the path of its file, as the shipped list names it; nothing outside lm-eval's folder is read."""
    code = """
import json, sys
from lib.evals.child import tasks
from lib.evals.child.failures import Failure
found, manager = tasks.described({"task": "arc_easy", "yaml": sys.argv[1]}, {"pretrained": "m"})
try:
    tasks.described({"task": "passwd", "yaml": "../../../../../../etc/passwd"}, {})
    escaped = True
except Failure:
    escaped = False
made, _ = tasks.described({"task": "t", "config": {"task": "t", "functions": {"process_results": "series_score:scale"}}}, {})
print(json.dumps([found, len(manager.all_tasks), manager.metadata, escaped, callable(made["process_results"])]))
"""
    entry = task_list().task("arc_easy")
    assert entry is not None and entry.path
    found = subprocess.run(
        [sys.executable, "-c", code, entry.path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    path, n_indexed, metadata, escaped, is_function = json.loads(found.stdout)
    assert path.endswith("lm_eval/tasks/" + entry.path) and n_indexed == 0 and metadata == {"pretrained": "m"}
    assert not escaped and is_function


def test_the_child_needs_nothing_of_the_product() -> None:
    """It runs under any interpreter that has lm-eval: its other imports come with lm-eval or with the model's kind."""
    brought = {"lm_eval", "requests", "aiohttp", "torch", "numpy", "pyarrow", "sklearn", "xgboost"}
    for path in (ROOT / "lib" / "evals" / "child").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1, f"{path.name} reaches out of its folder"
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            for name in names:
                root = name.split(".")[0]
                assert root in brought or root in sys.stdlib_module_names, (path.name, name)
