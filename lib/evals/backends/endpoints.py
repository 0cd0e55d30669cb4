"""What the OpenAI-compatible backends have in common: arguments, defaults, and what must not be sent where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from lib.evals.addresses import host_of, is_loopback, key_variable, problem_of
from lib.evals.backends.contract import Argument, Problem, Situation
from lib.evals.backends.hf import code_and_pickles
from lib.evals.spec import JobSpec, Value

INSTALL = "make setup"
TRIES = 8
"""lm-eval's ``max_retries``: with its waits, 36 seconds until a server counts as down."""
TIMEOUT_S = 120
AT_ONCE_REMOTE, AT_ONCE_LOCAL = 4, 1
MORE = frozenset(
    [
        "pretrained",
        "tokenizer",
        "tokenizer_backend",
        "truncate",
        "max_retries",
        "max_gen_toks",
        "seed",
        "max_length",
        "add_bos_token",
        "custom_prefix_token_id",
        "tokenized_requests",
        "trust_remote_code",
        "revision",
        "use_fast_tokenizer",
        "verify_certificate",
        "eos_string",
        "timeout",
        "think_end_token",
    ]
)
ADDRESS = Argument(
    "base_url",
    "Address",
    "address",
    required=True,
    help="Whole: https://api.openai.com/v1/chat/completions, http://localhost:8000/v1/completions.",
)
MODEL = Argument("model", "Model", required=True, help="As the server calls it.")
AT_ONCE = Argument("num_concurrent", "Requests at a time", "whole", help="4 for a server elsewhere, 1 for one here.")


def filled(model_args: Mapping[str, Value]) -> dict[str, Value]:
    """Patience and concurrency that suit the server."""
    address = str(model_args.get("base_url") or "")
    at_once = AT_ONCE_LOCAL if is_loopback(host_of(address)) else AT_ONCE_REMOTE
    return {"num_concurrent": at_once, "max_retries": TRIES, "timeout": TIMEOUT_S}


def rules(spec: JobSpec, situation: Situation) -> Iterable[Problem]:
    """Where the address leads, and whether the key that belongs to it is there."""
    given = spec.model_args
    address = str(given.get("base_url") or "")
    yield from code_and_pickles(spec, situation)
    reason = problem_of(address, is_shared=situation.is_shared)
    if reason:
        yield Problem("model_args.base_url", reason)
        return
    variable = key_variable(address, situation.key_hosts)
    if variable is None:
        return
    if not situation.env.get(variable):
        remedy = f"Start the worker with {variable} in its environment."
        yield Problem("model_args.base_url", f"{host_of(address)} wants a key, and {variable} is not set", remedy)
    if urlsplit(address).scheme != "https" and not is_loopback(host_of(address)):
        yield Problem("model_args.base_url", "a key is sent over https only")
    if str(given.get("verify_certificate", True)).lower() in ("false", "0"):
        yield Problem("model_args.verify_certificate", "a key is sent only to a server whose certificate is checked")
