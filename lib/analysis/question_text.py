"""Which question a row of a log asks, by its words alone: what is left when evaluators number and hash differently."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any

import orjson
import pyarrow as pa

DOC_FIELDS = ("question", "problem", "query", "goal", "sentence", "input", "text")
"""Fields of a data set's row that hold the question, the first that is there wins."""
LEFT_OVER = "until"
"""lm-eval 0.3 wrote the request's stop word behind each prompt of a generation task."""
_BLOCKS = re.compile(r"\n\s*\n")
_BEGINNING = re.compile(r"^(?:q|question)\s*:\s*", re.IGNORECASE)
_END = re.compile(r"\s*\n\s*(?:a|answer)\s*:?\s*$", re.IGNORECASE)


def content_keys(table: pa.Table) -> list[str | None]:
    """SHA-256 of each row's question, the same whoever asked it; None where no question can be told.

    The question is the field of the data set's row that holds it, else the last block of the prompt without ``Q:`` before
    and ``A:`` behind it. Letters' case and white space do not count. The target is left out: generations of an evaluator
    write the same target in different ways (the choice's number, its words, nothing).

    Args:
        table: Columns ``doc`` (JSON) and ``prompt``, either may be null.
    """
    docs, prompts = table["doc"].to_pylist(), table["prompt"].to_pylist()
    known = [prompt for prompt in prompts if prompt]
    has_left_over = bool(known) and all(prompt.endswith(LEFT_OVER) for prompt in known)
    return [_key(_in_doc(doc) or _in_prompt(prompt, has_left_over)) for doc, prompt in zip(docs, prompts, strict=True)]


def _in_doc(doc: str | None) -> str | None:
    if doc is None:
        return None
    try:
        fields: Any = orjson.loads(doc)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict):
        return None
    return next((fields[name] for name in DOC_FIELDS if isinstance(fields.get(name), str)), None)


def _in_prompt(prompt: str | None, has_left_over: bool) -> str | None:
    if not prompt:
        return None
    asked = prompt.removesuffix(LEFT_OVER) if has_left_over else prompt
    last = _END.sub("", _BLOCKS.split(asked.strip())[-1])
    return _BEGINNING.sub("", last)


def _key(question: str | None) -> str | None:
    words = " ".join(unicodedata.normalize("NFKC", question or "").split()).casefold()
    return hashlib.sha256(words.encode()).hexdigest() if words else None
