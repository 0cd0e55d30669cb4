"""What a report holds, before anybody decides how it looks: views, each a row of parts in reading order.

A part holds what a page was given to draw, by reference: nothing is formatted here. Text is plain, or sentences in spans,
or the Markdown that pages use (``formats.markdown`` has escaped what came from outside).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import pandas as pd
import plotly.graph_objects as go

from lib.figures.legend import Legend
from lib.schema.text import Sentence


class Heading(NamedTuple):
    """A heading: 1 for the question of a view, 2 for a part of it, 3 below. ``text`` is Markdown."""

    text: str
    level: int = 2


class Takeaway(NamedTuple):
    """One to three sentences computed from the data shown."""

    sentences: tuple[Sentence, ...]


class Text(NamedTuple):
    """Running text, Markdown; ``is_small`` for muted small print."""

    text: str
    is_small: bool = False


class Code(NamedTuple):
    """Text to be shown letter by letter: a command, a prompt, an answer."""

    text: str


class Figure(NamedTuple):
    """A figure with its colours by role, and its alternative text."""

    figure: go.Figure
    alt: str
    name: str = "figure"


class LegendLine(NamedTuple):
    """The marks of the figure above and their words; who is shown. Plain text."""

    entries: Legend
    coverage: str


class Explain(NamedTuple):
    """How to read the figure above: the first paragraph, and method and limits. Markdown of our own."""

    first: str
    rest: str


class Table(NamedTuple):
    """Rows under headings.

    Args:
        rows: As a page's table takes them: columns of the column table, or others with text in them.
        labels: Headings of those that the column table does not know, or that are called otherwise here.
        alt: What the table is.
    """

    rows: pd.DataFrame
    labels: Mapping[str, str]
    alt: str


class LeftOut(NamedTuple):
    """What is not shown and why, counted; and the list, where there is one: columns as a table's, ``reason`` last."""

    counts: Mapping[str, int]
    rows: pd.DataFrame | None = None


Part: TypeAlias = Heading | Takeaway | Text | Code | Figure | LegendLine | Explain | Table | LeftOut


class Choice(NamedTuple):
    """A choice of the reader that the numbers depend on: its label and what was chosen, plain text."""

    label: str
    chosen: str


class SourceLine(NamedTuple):
    """A source of numbers of the report.

    Args:
        title: Of the collection, or the name of the file.
        url: Where it was published; '' for none.
        published_on, imported_at: ISO; '' for unknown.
        files: Names of the files of it that were used, as the store has them.
        runs: Runs of it behind numbers of the report (the beginnings of their digests); none where it only gives facts.
        licence: '' where it is not known.
    """

    title: str
    url: str = ""
    published_on: str = ""
    imported_at: str = ""
    files: tuple[str, ...] = ()
    runs: frozenset[str] = frozenset()
    licence: str = ""


@dataclass(frozen=True)
class View:
    """One page as its reader saw it.

    Args:
        title: The question, plain text.
        address: Where it can be seen: path and parameters, from the host on; '' where that is nowhere.
        parts: In reading order.
        choices: What the reader had chosen, and every assumption.
        note: The author's own text about it, plain; blank lines part paragraphs.
        sources: Of the numbers in it, most used first.
    """

    title: str
    address: str = ""
    parts: tuple[Part, ...] = ()
    choices: tuple[Choice, ...] = ()
    note: str = ""
    sources: tuple[SourceLine, ...] = ()


class Provenance(NamedTuple):
    """Which data this is.

    Args:
        digest: Of what the author may see, 64 hex.
        n_results, n_sources: In the store.
        updated_at: When it changed last, ISO; '' for never.
        made_at: When the report was made, ISO with the time.
        origin: Scheme and host of the dashboard that made it; '' where it has no public address.
        code_version: Of Pound for Pound.
    """

    digest: str = ""
    n_results: int = 0
    n_sources: int = 0
    updated_at: str = ""
    made_at: str = ""
    origin: str = ""
    code_version: str = ""


@dataclass(frozen=True)
class Document:
    """A report.

    Args:
        title: Plain text.
        views: In reading order.
        note: The author's own text at the top; plain.
        provenance: Which data it rests on.
    """

    title: str
    views: tuple[View, ...]
    provenance: Provenance = field(default_factory=Provenance)
    note: str = ""

    @property
    def sources(self) -> tuple[SourceLine, ...]:
        """Those of all views, each once, most used first."""
        return merged([line for view in self.views for line in view.sources])


def merged(lines: list[SourceLine]) -> tuple[SourceLine, ...]:
    """Lines of one title and address joined; most runs first, then by title."""
    joined: dict[tuple[str, str], SourceLine] = {}
    for line in lines:
        key = (line.title, line.url)
        known = joined.get(key)
        joined[key] = line if known is None else _joined(known, line)
    return tuple(sorted(joined.values(), key=lambda one: (-len(one.runs), one.title, one.url)))


def _joined(a: SourceLine, b: SourceLine) -> SourceLine:
    return a._replace(
        files=tuple(dict.fromkeys((*a.files, *b.files))),
        runs=a.runs | b.runs,
        published_on=a.published_on or b.published_on,
        imported_at=max(a.imported_at, b.imported_at),
        licence=a.licence or b.licence,
    )
