"""Every backend under one contract, and every failure of an endpoint: what it ends in, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib.evals.backends import backends
from lib.settings import ROOT
from tests.evals.stub_server import RIGHT_KEY
from tests.evals.stub_vllm import install

CHAT = {"model": "m", "max_retries": 3, "timeout": 20, "tokenizer_backend": "none"}
FAILURES = {
    # behaviour of the server: kind, retried by asking again, words that a person reads
    "401": ("key", False, "Incorrect API key provided"),
    "403": ("key", False, "This model is not for you."),
    "404": ("refused", False, "The model `nobody` does not exist."),
    "refused": ("connection", True, "nobody listens there (connection refused)"),
    "429": ("rate limit", True, "Rate limit reached."),
    "500": ("server", True, "The server had an error."),
    "drop": ("connection", True, "closed the connection without an answer"),
    "slow": ("connection", True, "No answer in time"),
    "broken": ("malformed answer", False, '{"choices": [{"index": 0, "text"'),
    "html": ("malformed answer", False, "Sign in to this network"),
    "no-choices": ("malformed answer", False, "model is loading"),
    "null": ("empty answers", False, "without any content"),
    "some-null": ("empty answers", False, "max_gen_toks"),
    "redirect": ("address", False, "169.254.169.254"),
}
AT_ONCE = (1, 4)
N_GENERATIONS, N_CHOICES = 12, 36


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> dict[str, dict[str, Any]]:
    """Name of the case -> how it ended; all run in one process."""
    folder = tmp_path_factory.mktemp("cases")
    cases = [*_endpoint_cases(tiny_model), *_other_cases(tiny_model)]
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    env = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENAI_API_KEY": RIGHT_KEY,
        "PYTHONPATH": f"{ROOT}:{install(folder / 'site')}",
    }
    command = [sys.executable, "-m", "tests.evals.cases", str(folder)]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return {one["name"]: one for one in json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))}


@pytest.mark.parametrize("at_once", AT_ONCE)
@pytest.mark.parametrize("what", ["chat", "completions"])
@pytest.mark.parametrize("mode", FAILURES)
def test_a_failing_endpoint_ends_in_a_clear_state(
    mode: str, what: str, at_once: int, outcomes: dict[str, dict[str, Any]]
) -> None:
    found = outcomes[f"{what}-{mode}-{at_once}"]
    kind, is_retryable, words = FAILURES[mode]
    assert (found.get("kind"), found.get("is_retryable")) == (kind, is_retryable), found.get("message")
    assert words in found["message"]
    assert RIGHT_KEY not in json.dumps(found["told"]) and not found["results"]
    if kind in ("key", "refused", "malformed answer", "address"):
        assert found["asked"][0] <= at_once, "it was asked again although the answer was final"


def test_every_backend_is_tried_here_or_beside_its_own_model() -> None:
    known = {name for name, backend in backends().items() if backend.model_class is None}
    assert known == {"hf", "vllm", "dummy", "gguf", "local-completions", "local-chat-completions"}


def test_reports_are_requests(outcomes: dict[str, dict[str, Any]]) -> None:
    """Each answer is counted once, in every backend and kind of request, however many are asked at once."""
    expected = {"own_choices": N_CHOICES, "own_answers": N_GENERATIONS, "own_text": N_GENERATIONS}
    n_tried = 0
    for name, found in outcomes.items():
        if found["results"]:
            ((task, measured),) = found["results"][0]["measured"].items()
            last = [event for event in found["told"] if event["event"] == "progress"][-1]
            assert last["n_done"] == last["n_requests"] == measured["n_requests"] == expected[task], name
            n_tried += 1
    assert n_tried > 40


def test_scores_and_answers_are_those_of_bare_lm_eval(outcomes: dict[str, dict[str, Any]]) -> None:
    compared = {name: found for name, found in outcomes.items() if found["bare"]}
    assert len(compared) == 16
    for name, found in compared.items():
        ours, theirs = found["results"][0], found["bare"]["results"][0]
        assert ours["results"] == theirs["results"] and ours["n-samples"] == theirs["n-samples"], name
        assert found["samples"] == found["bare"]["samples"], name


def test_answers_kept_before_a_kill_are_not_asked_for_again(outcomes: dict[str, dict[str, Any]]) -> None:
    cut = {name: found for name, found in outcomes.items() if "-cut" in name}
    assert len(cut) == 4 + 11
    for name, found in cut.items():
        measured = next(iter(found["results"][0]["measured"].values()))
        starts = [
            e for e in found["told"] if e["event"] == "progress" and e["n_requests"] and e["n_done"] < e["n_requests"]
        ]
        assert starts[-1]["n_done"] >= 5 and measured["is_resumed"], name
        _, both = found["asked"]
        at_once = 4 if name.endswith("-4") else 1
        if both:
            assert both <= measured["n_requests"] + at_once - 1, name


@pytest.mark.parametrize(
    ("backend", "task"),
    [
        (backend, task)
        for backend in ("hf", "vllm", "gguf")
        for task in ("own_choices", "own_answers", "own_text")
        if (backend, task) != ("gguf", "own_text")  # a llama.cpp server gives no likelihood of a whole text
    ],
)
def test_a_resumed_task_scores_the_same(backend: str, task: str, outcomes: dict[str, dict[str, Any]]) -> None:
    """Other batches may move the last digits of log-likelihoods (hf), no more."""
    whole, cut = outcomes[f"{backend}-{task}"], outcomes[f"{backend}-{task}-cut"]
    for one, other in zip(whole["samples"], cut["samples"], strict=True):
        assert one["doc_id"] == other["doc_id"]
        assert _numbers(one["filtered_resps"]) == pytest.approx(_numbers(other["filtered_resps"]), abs=1e-5)
    if task == "own_answers":
        assert [s["filtered_resps"] for s in whole["samples"]] == [s["filtered_resps"] for s in cut["samples"]]


@pytest.mark.parametrize("at_once", AT_ONCE)
@pytest.mark.parametrize("what", ["chat", "completions"])
def test_tokens_are_those_that_the_server_counts(what: str, at_once: int, outcomes: dict[str, dict[str, Any]]) -> None:
    """Failed tries are not in them, and a job that goes on after a kill does not lose what it paid for before."""
    whole = _measured(outcomes[f"{what}-ok-{at_once}"])
    assert whole["cost_usd"] == pytest.approx((whole["tokens_in"] + 10 * whole["tokens_out"]) / 1e6)
    for mode in ("key", "429-third", "500-first", "cut"):
        found = _measured(outcomes[f"{what}-{mode}-{at_once}"])
        for name in ("tokens_in", "tokens_out", "cost_usd"):
            assert found[name] == pytest.approx(whole[name]), (mode, name)
    for mode in ("no-usage", "odd-usage"):
        found = _measured(outcomes[f"{what}-{mode}-{at_once}"])
        assert not {"tokens_in", "tokens_out", "cost_usd"} & set(found), "unknown is left out, not 0"


@pytest.mark.parametrize("at_once", AT_ONCE)
@pytest.mark.parametrize("task", ["own_choices", "own_text"])
def test_a_server_without_log_probabilities_is_told_apart(
    task: str, at_once: int, outcomes: dict[str, dict[str, Any]]
) -> None:
    for mode in ("no-logprobs", "no-echo"):
        assert outcomes[f"{task}-{mode}-{at_once}"].get("kind") == "no log-probabilities", mode
    assert outcomes[f"{task}-no-choices-{at_once}"]["kind"] == "malformed answer"


def test_a_failing_llama_cpp_server_ends_in_a_clear_state(outcomes: dict[str, dict[str, Any]]) -> None:
    kinds = {name.removeprefix("gguf-"): found.get("kind") for name, found in outcomes.items()}
    assert {
        mode: kinds[mode]
        for mode in ("401", "500", "refused", "no-choices", "no-logprobs", "no-echo", "null", "redirect")
    } == {
        "401": "key",
        "500": "server",
        "refused": "connection",
        "no-choices": "malformed answer",
        "no-logprobs": "no log-probabilities",
        "no-echo": "no log-probabilities",
        "null": "malformed answer",
        "redirect": "address",
    }


@pytest.mark.parametrize("at_once", AT_ONCE)
def test_a_shared_installation_does_not_reach_its_own_network(
    at_once: int, outcomes: dict[str, dict[str, Any]]
) -> None:
    found = outcomes[f"private-{at_once}"]
    assert (found["kind"], found["is_retryable"], found["asked"]) == ("address", False, [0])


def _measured(found: dict[str, Any]) -> dict[str, Any]:
    measured: dict[str, Any] = next(iter(found["results"][0]["measured"].values()))
    return measured


def _numbers(answers: list[Any]) -> list[float]:
    """Log-likelihoods among answers."""
    flat = [one for answer in answers for one in (answer if isinstance(answer, list) else [answer])]
    return [float(one) for one in flat if isinstance(one, (int, float)) and not isinstance(one, bool)]


def _endpoint_cases(tiny_model: Path) -> list[dict[str, Any]]:
    cases = []
    for what, backend in (("chat", "local-chat-completions"), ("completions", "local-completions")):
        path = "/v1/chat/completions" if what == "chat" else "/v1/completions"
        for at_once in AT_ONCE:
            for mode in (*FAILURES, "ok", "key", "429-third", "500-first", "no-usage", "odd-usage"):
                given = {**CHAT, "base_url": f"{{{mode}}}{path}", "num_concurrent": at_once}
                if mode == "slow":
                    given |= {"timeout": 1, "max_retries": 1}
                job = {"backend": backend, "set_up": "endpoint", "model_args": given}
                job |= {"apply_chat_template": what == "chat", "usd_per_million": [1.0, 10.0]}
                case = {"name": f"{what}-{mode}-{at_once}", "job": job, "task": "own_answers"}
                cases.append({**case, "is_compared": mode == "ok"})
            job = {**cases[-1]["job"], "model_args": {**given, "base_url": f"{{ok}}{path}"}}
            cases.append({"name": f"{what}-cut-{at_once}", "job": job, "task": "own_answers", "cut_at": 5})
        scored = {"model": "m", "tokenizer": str(tiny_model), "tokenizer_backend": "huggingface", "max_retries": 1}
        if what == "completions":
            for at_once in AT_ONCE:
                for mode in ("ok", "no-logprobs", "no-echo", "no-choices"):
                    given = {**scored, "base_url": f"{{{mode}}}{path}", "num_concurrent": at_once}
                    job = {"backend": backend, "set_up": "endpoint", "model_args": given, "batch_size": 2}
                    for task in ("own_choices", "own_text"):
                        case = {"name": f"{task}-{mode}-{at_once}", "job": job, "task": task}
                        cases.append({**case, "is_compared": mode == "ok"})
    return cases


def _other_cases(tiny_model: Path) -> list[dict[str, Any]]:
    cases = []
    for backend, set_up, given in (
        ("gguf", "llama.cpp", {"base_url": "{ok}"}),
        ("dummy", "slices", {}),
        ("vllm", "vllm", {"pretrained": str(tiny_model)}),
        ("hf", "torch", {"pretrained": str(tiny_model)}),
    ):
        job = {"backend": backend, "set_up": set_up, "model_args": given, "device": "cpu", "batch_size": 2}
        job["allows_remote_code"] = True  # `torch.load` of this process is left as it is
        for task in ("own_choices", "own_answers", "own_text"):
            if (backend, task) != ("gguf", "own_text"):
                cases.append({"name": f"{backend}-{task}", "job": job, "task": task, "is_compared": backend != "hf"})
                cases.append({"name": f"{backend}-{task}-cut", "job": job, "task": task, "cut_at": 5})
    for mode in ("401", "500", "refused", "no-choices", "no-logprobs", "no-echo", "null", "broken", "redirect"):
        job = {"backend": "gguf", "set_up": "llama.cpp", "model_args": {"base_url": f"{{{mode}}}"}}
        task = "own_choices" if mode in ("no-logprobs", "no-echo") else "own_answers"
        cases.append({"name": f"gguf-{mode}", "job": job, "task": task})
    given = {**CHAT, "base_url": "{ok}/v1/chat/completions"}
    for at_once in AT_ONCE:
        job = {"backend": "local-chat-completions", "set_up": "endpoint", "public_only": True}
        job |= {"apply_chat_template": True, "model_args": {**given, "num_concurrent": at_once, "max_retries": 1}}
        cases.append({"name": f"private-{at_once}", "job": job, "task": "own_answers"})
    return cases
