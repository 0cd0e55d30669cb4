"""A llama.cpp server, which runs GGUF files: asked in its own way of giving log-probabilities."""

from __future__ import annotations

from collections.abc import Iterable

from lib.evals.addresses import problem_of
from lib.evals.backends.contract import Argument, Backend, Problem, Situation
from lib.evals.spec import JobSpec


def _rules(spec: JobSpec, situation: Situation) -> Iterable[Problem]:
    reason = problem_of(str(spec.model_args.get("base_url") or ""), is_shared=situation.is_shared)
    if reason:
        yield Problem("model_args.base_url", reason)


BACKEND = Backend(
    name="gguf",
    label="llama.cpp server (GGUF)",
    what="Asks a llama.cpp server, which runs GGUF files on processors and small GPUs.",
    arguments=(
        Argument(
            "base_url", "Address", "address", required=True, help="Without /v1/completions: http://localhost:8080."
        ),
        Argument("model", "Model", required=True, help="What to call it here; the server is not told."),
    ),
    more_arguments=frozenset(("max_length",)),
    request_types=frozenset(("loglikelihood", "generate_until")),
    needs_packages=("lm_eval", "requests"),
    install="make setup",
    is_remote=True,
    devices=(),
    child_setup="llama.cpp",
    rules=_rules,
    verified="Against a stand-in server: multiple choice, generation, every failure, tokens, kept answers.",
    unverified="A real llama.cpp server. lm-eval reads `text_offset`, which not every version of it gives.",
)
