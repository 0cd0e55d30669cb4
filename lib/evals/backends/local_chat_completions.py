"""Any server that speaks OpenAI's chat: nearly all of them, local and paid. Written answers only."""

from __future__ import annotations

from collections.abc import Iterable

from lib.evals.backends import endpoints
from lib.evals.backends.contract import GENERATION, Backend, Problem, Situation
from lib.evals.spec import JobSpec


def _rules(spec: JobSpec, situation: Situation) -> Iterable[Problem]:
    yield from endpoints.rules(spec, situation)
    if not spec.apply_chat_template:
        yield Problem("apply_chat_template", "a chat is asked in messages", "Switch the chat template on.")


BACKEND = Backend(
    name="local-chat-completions",
    label="Server with chat (OpenAI-compatible)",
    what="Asks a server, here or elsewhere, over OpenAI's chat interface; for tasks with a written answer.",
    arguments=(endpoints.ADDRESS, endpoints.MODEL, endpoints.AT_ONCE),
    more_arguments=endpoints.MORE,
    request_types=GENERATION,
    needs_packages=("lm_eval", "aiohttp", "tenacity"),
    install=endpoints.INSTALL,
    is_remote=True,
    sends_key=True,
    devices=(),
    child_setup="endpoint",
    rules=_rules,
    filling=endpoints.filled,
    verified="Against a stand-in server with 1 and 4 requests at a time: every failure, tokens, dollars, kept answers. "
    "Against `transformers serve` 5.23 with a tiny model, from the page to the score.",
    unverified="Paid servers.",
)
