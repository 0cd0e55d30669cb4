"""Sentences that analysis computes and the pages show: plain text in spans, never markup.

Whoever shows a sentence escapes the text and gives each role its look; a span may hold hostile text
(a model's name comes from a file), so nobody joins spans into Markdown or HTML without escaping.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Role = Literal["strong", "small", "large"]


class Span(NamedTuple):
    """A piece of a sentence.

    Args:
        text: Plain text, with the blanks that belong to it.
        role: strong: a key number; small, large: a key number about small or large models; None: running text.
    """

    text: str
    role: Role | None = None


Sentence = tuple[Span, ...]


def plain(sentence: Sentence) -> str:
    """The sentence without its roles, for alternative texts, exports and tests."""
    return "".join(span.text for span in sentence)


def sentence(*parts: str | Span) -> Sentence:
    """A sentence of spans, bare strings being running text; empty parts are dropped."""
    spans = (part if isinstance(part, Span) else Span(part) for part in parts)
    return tuple(span for span in spans if span.text)
