"""Any server that speaks OpenAI's completions: llama.cpp, vLLM, text-generation-inference, paid ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lib.evals.backends import endpoints
from lib.evals.backends.contract import GENERATION, Argument, Backend, Problem, Situation
from lib.evals.jobs import RequestType
from lib.evals.spec import JobSpec, Value

NO_TOKENIZER = ("none", "None")


def _filled(model_args: Mapping[str, Value]) -> dict[str, Value]:
    """Without a tokenizer only text can be asked for; lm-eval's own default asks the Hub for one named like the model."""
    backend = "huggingface" if model_args.get("tokenizer") else "none"
    return {**endpoints.filled(model_args), "tokenizer_backend": backend}


def _answering(backend: Backend, model_args: Mapping[str, Value]) -> frozenset[RequestType]:
    """Log-likelihoods need a tokenizer here, to know where the answer begins."""
    kind = model_args.get("tokenizer_backend") or ("huggingface" if model_args.get("tokenizer") else "none")
    return GENERATION if kind in NO_TOKENIZER else backend.request_types


def _rules(spec: JobSpec, situation: Situation) -> Iterable[Problem]:
    yield from endpoints.rules(spec, situation)
    if spec.apply_chat_template and not spec.model_args.get("tokenizer"):
        yield Problem(
            "apply_chat_template",
            "completions are sent as text, so the template has to come from a tokenizer",
            "Name one (tokenizer=...), or use the chat backend.",
        )


BACKEND = Backend(
    name="local-completions",
    label="Server with completions (OpenAI-compatible)",
    what="Asks a server, here or elsewhere, over OpenAI's completions interface.",
    arguments=(
        endpoints.ADDRESS,
        endpoints.MODEL,
        Argument(
            "tokenizer",
            "Tokenizer",
            "model",
            help="The model's own, from the Hub or a folder: needed for multiple choice, with transformers installed.",
        ),
        endpoints.AT_ONCE,
    ),
    more_arguments=endpoints.MORE - {"tokenizer"},
    needs_packages=("lm_eval", "aiohttp", "tenacity"),
    install=endpoints.INSTALL,
    is_remote=True,
    sends_key=True,
    devices=(),
    child_setup="endpoint",
    rules=_rules,
    answering=_answering,
    filling=_filled,
    verified="Against a stand-in server with 1 and 4 requests at a time: every failure, tokens, dollars, kept answers.",
    unverified="Paid servers, and which real servers give log-probabilities of the prompt.",
)
