"""``model_args`` of lm-eval: from the text or the object to a small dictionary without secrets, and to names."""

from __future__ import annotations

import re
from typing import Any

from lib.sources.readers import finite, text

MAX_ARGUMENTS = 60
MAX_VALUE = 300
NAME_KEYS = ("peft", "delta", "pretrained", "model", "path", "engine", "model_name", "model_path", "load")
"""Where a name stands, best first: for an adapter the adapter is the model, not its base."""

_SECRET = re.compile(
    r"key|secret|passw|credential|(^|_)(auth|hf|access|api|bearer|use_auth)_?token|^token$|cookie|authorization",
    re.IGNORECASE,
)
_ADDRESS_KEYS = {"base_url", "api_base", "host", "hostname", "port", "url", "endpoint", "azure_endpoint", "proxy"}
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_CACHED = re.compile(r"models--([\w.-]+?)--([\w.-]+?)/snapshots/")
_SANITIZED = re.compile(r"^([A-Za-z0-9][\w.-]*?)__([A-Za-z0-9][\w.-]*)$")


def split_model_args(value: Any) -> dict[str, Any]:
    """The arguments as a flat dictionary of JSON scalars.

    A text ``a=1,b=[x,y],c=`` is split at commas outside brackets and at the first ``=``; of a key that comes
    twice the last counts, as in lm-eval. An object keeps its scalars. At most ``MAX_ARGUMENTS`` entries, longer
    values are cut. Keys, tokens, passwords and the addresses of servers are left out.
    """
    if isinstance(value, str):
        pairs = [(key.strip(), rest.strip()) for key, _, rest in (p.partition("=") for p in _split(value)) if key]
        given: dict[str, Any] = dict(pairs)
    elif isinstance(value, dict):
        given = value
    else:
        return {}
    kept: dict[str, Any] = {}
    # A training configuration with hundreds of entries may stand here: what names the model is kept in any case.
    for key in sorted(given, key=lambda k: k not in NAME_KEYS):
        if len(kept) == MAX_ARGUMENTS:
            break
        if not isinstance(key, str) or len(key) > 100 or _SECRET.search(key) or key.lower() in _ADDRESS_KEYS:
            continue
        entry = given[key]
        if isinstance(entry, str):
            if not _ADDRESS.match(entry):
                kept[key] = entry[:MAX_VALUE]
        elif entry is None or isinstance(entry, bool) or finite(entry) is not None:
            kept[key] = entry
    return {key: kept[key] for key in given if key in kept}


def names_in(arguments: dict[str, Any]) -> list[str]:
    """Names of the model in the arguments, best first. Of an adapter only its own, never the base's."""
    names = []
    for key in NAME_KEYS:
        name = text(arguments.get(key))
        if name is not None:
            names.append(name)
            if key in ("peft", "delta"):
                break
    return names


def name_in_cache_path(name: str) -> str | None:
    """``org/name`` of a path inside the Hugging Face cache, else None."""
    match = _CACHED.search(name)
    return f"{match[1]}/{match[2]}" if match else None


def name_in_folder(folder: str) -> str | None:
    """``org/name`` of a folder that lm-eval named ``org__name``; None for others, and where it is ambiguous."""
    match = _SANITIZED.match(folder)
    return f"{match[1]}/{match[2]}" if match and "__" not in match[2] else None


def _split(value: str) -> list[str]:
    """Parts between commas that stand outside brackets and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for position, character in enumerate(value):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and depth:
            quote = character
        elif character in "[({":
            depth += 1
        elif character in "])}":
            depth = max(0, depth - 1)
        elif character == "," and not depth:
            parts.append(value[start:position])
            start = position + 1
    parts.append(value[start:])
    return parts
