"""Every backend under one contract, and every failure of an endpoint: what it ends in, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib.settings import ROOT
from tests.evals.stub_server import RIGHT_KEY
from tests.evals.stub_vllm import install

CHAT = {"model": "m", "max_retries": 3, "timeout": 20, "tokenizer_backend": "none"}
FAILURES = {
    # behaviour of the server: kind, retried by asking again, words that a person reads
    "401": ("key", False, "Incorrect API key provided"),
    "403": ("key", False, "This model is not for you."),
    "404": ("refused", False, "The model `nobody` does not exist."),
    "refused": ("connection", True, "cannot be reached"),
    "429": ("rate limit", True, "Rate limit reached."),
    "500": ("server", True, "The server had an error."),
    "drop": ("connection", True, ""),
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
                cases.append({"name": f"{what}-{mode}-{at_once}", "job": job, "task": "own_answers"})
            job = {**cases[-1]["job"], "model_args": {**given, "base_url": f"{{ok}}{path}"}}
            cases.append({"name": f"{what}-cut-{at_once}", "job": job, "task": "own_answers", "cut_at": 5})
        scored = {"model": "m", "tokenizer": str(tiny_model), "tokenizer_backend": "huggingface", "max_retries": 1}
        if what == "completions":
            for at_once in AT_ONCE:
                for mode in ("ok", "no-logprobs", "no-choices"):
                    given = {**scored, "base_url": f"{{{mode}}}{path}", "num_concurrent": at_once}
                    job = {"backend": backend, "set_up": "endpoint", "model_args": given, "batch_size": 2}
                    for task in ("own_choices", "own_text"):
                        cases.append({"name": f"{task}-{mode}-{at_once}", "job": job, "task": task})
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
                cases.append({"name": f"{backend}-{task}", "job": job, "task": task})
                cases.append({"name": f"{backend}-{task}-cut", "job": job, "task": task, "cut_at": 5})
    for mode in ("401", "500", "refused", "no-choices", "no-logprobs", "null", "broken", "redirect"):
        job = {"backend": "gguf", "set_up": "llama.cpp", "model_args": {"base_url": f"{{{mode}}}"}}
        task = "own_choices" if mode == "no-logprobs" else "own_answers"
        cases.append({"name": f"gguf-{mode}", "job": job, "task": task})
    given = {**CHAT, "base_url": "{ok}/v1/chat/completions"}
    for at_once in AT_ONCE:
        job = {"backend": "local-chat-completions", "set_up": "endpoint", "public_only": True}
        job |= {"apply_chat_template": True, "model_args": {**given, "num_concurrent": at_once, "max_retries": 1}}
        cases.append({"name": f"private-{at_once}", "job": job, "task": "own_answers"})
    return cases
