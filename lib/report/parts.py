"""The parts of a document as HTML."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import orjson
import plotly.graph_objects as go
import plotly.io as pio

from lib import formats
from lib.report import tables
from lib.report.document import (
    Choice,
    Code,
    Explain,
    Figure,
    Heading,
    LeftOut,
    LegendLine,
    Part,
    Table,
    Takeaway,
    Text,
    View,
)
from lib.report.markup import block, inline, paragraphs, sentence, text
from lib.report.svg import svg

_ADDRESS = re.compile(r"https?://[^\s<>\"\\^`{|}]+", re.IGNORECASE)
_ROLE_CLASSES = {"small": "small", "large": "large", "good": "good", "level-2": "level", "level-4": "good", "ink": ""}
PRINTED_ROWS = 60
LONGEST_CODE = 20_000


@dataclass
class Page:
    """What the parts of one file share.

    Args:
        origin: Scheme and host of the dashboard; '' where links to it lead nowhere.
        most: Rows of a table.
        is_static: Pictures only.
        top: Level of a view's own heading.
        specs: Data of the figures so far, as script elements.
    """

    origin: str
    most: int
    is_static: bool
    top: int = 1
    address: str = ""
    n_figures: int = 0
    specs: list[str] = field(default_factory=list)


def view(one: View, page: Page, number: int) -> str:
    """A view: its question, the author's text, what was chosen, its parts."""
    page.address = one.address
    note = f'<div class="note">{paragraphs(one.note)}</div>' if one.note.strip() else ""
    # Where the page has its own heading among its parts, that comes first anyway.
    opening = [part for part in one.parts if isinstance(part, Heading) and part.level == 1][:1]
    heading = f"<h{page.top}>{inline(opening[0].text) if opening else text(one.title)}</h{page.top}>"
    said = "".join(html_of(part, page) for part in one.parts if isinstance(part, Takeaway))
    rest = "".join(
        html_of(part, page)
        for part in one.parts
        if not isinstance(part, Takeaway) and not (opening and part is opening[0])
    )
    return (
        f'<section class="view" id="view-{number}">{heading}{note}{said}{_chosen(one.choices)}{rest}{_left_out_lists(one, page)}'
        f"{_methods(one, page)}"
        f"{_way(page)}</section>"
    )


def link(address: str, words: str) -> str:
    """Words (HTML) that lead to a web address; the words alone where the address is not http or https."""
    if not _ADDRESS.fullmatch(address or ""):
        return words
    return f'<a href="{html.escape(address)}" rel="noopener noreferrer">{words}</a>'


@singledispatch
def html_of(part: Part, page: Page) -> str:
    """One part."""
    raise TypeError(f"no such part of a document: {type(part).__name__}")


@html_of.register
def _heading(part: Heading, page: Page) -> str:
    level = min(part.level + page.top - 1, 6)
    return f"<h{level}>{inline(part.text)}</h{level}>"


@html_of.register
def _takeaway(part: Takeaway, page: Page) -> str:
    return f'<p class="takeaway">{" ".join(sentence(one).strip() for one in part.sentences)}</p>'


@html_of.register
def _text(part: Text, page: Page) -> str:
    return f'<div class="fine muted">{block(part.text)}</div>' if part.is_small else block(part.text)


@html_of.register
def _code(part: Code, page: Page) -> str:
    return f"<pre>{html.escape(part.text[:LONGEST_CODE])}</pre>"


@html_of.register
def _figure(part: Figure, page: Page) -> str:
    number, page.n_figures = page.n_figures, page.n_figures + 1
    spec = _spec(part.figure)
    picture = svg(spec, alt=part.alt)
    if page.is_static:
        return f"<figure>{picture}</figure>"
    page.specs.append(f'<script type="application/json" id="spec-{number}">{script_json(_drawable(spec))}</script>')
    label = html.escape(part.alt)
    return (
        f'<figure data-spec="spec-{number}"><div class="plot" role="img" aria-label="{label}"></div>'
        f'<div class="picture">{picture}</div></figure>'
    )


@html_of.register
def _legend(part: LegendLine, page: Page) -> str:
    entries = "".join(
        f'<span class="entry"><span class="{_ROLE_CLASSES.get(mark.role, "muted")}">{mark.glyph}</span> {text(words)}</span>'
        for mark, words in part.entries
    )
    line = f'<p class="legend">{entries}</p>' if entries else ""
    return line + (f'<p class="coverage">{text(formats.one_line(part.coverage, 600))}</p>' if part.coverage else "")


@html_of.register
def _explain(part: Explain, page: Page) -> str:
    return f'<p class="how"><b>How to read this.</b> {inline(part.first)}</p>'


@html_of.register
def _table(part: Table, page: Page) -> str:
    shown = tables.table(part, most=page.most, rest=_way_to_more(page))
    return f'<div class="many">{shown}</div>' if min(len(part.rows), page.most) > PRINTED_ROWS else shown


@html_of.register
def _left_out(part: LeftOut, page: Page) -> str:
    told = "; ".join(f"{text(reason)} ({formats.count(n)})" for reason, n in part.counts.items() if n)
    return f'<p class="left-out"><b>Left out.</b> {told}.</p>' if told else ""


def script_json(value: object) -> str:
    """JSON that can stand in a script element, whatever its texts say."""
    written = orjson.dumps(value).decode()
    for character, coded in (("<", "\\u003c"), (">", "\\u003e"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        written = written.replace(character, coded)
    return written


def _left_out_lists(one: View, page: Page) -> str:
    """The lists of what was left out, behind what is there."""
    told = [part.rows for part in one.parts if isinstance(part, LeftOut) and part.rows is not None and len(part.rows)]
    shown = "".join(html_of(Table(rows, {"reason": "Why"}, "What was left out, and why"), page) for rows in told)
    return f"<h{page.top + 1}>Left out</h{page.top + 1}>{shown}" if told else ""


def _methods(one: View, page: Page) -> str:
    """Method and limits of every figure, behind what they are about."""
    told = dict.fromkeys(part.rest for part in one.parts if isinstance(part, Explain) and part.rest.strip())
    level = page.top + 1
    return (
        f'<h{level}>Method and limits</h{level}><div class="method">{"".join(map(block, told))}</div>' if told else ""
    )


def _chosen(choices: tuple[Choice, ...]) -> str:
    told = " · ".join(
        f"<span>{text(one.label)}: <b>{text(formats.one_line(one.chosen, 120))}</b></span>" for one in choices
    )
    return f'<p class="chosen">{told}</p>' if told else ""


def _way(page: Page) -> str:
    """The way to the view itself."""
    if not page.origin or not page.address:
        return ""
    return f'<p class="fine">{link(page.origin + page.address, "This view in the dashboard")}</p>'


def _way_to_more(page: Page) -> str:
    return "All are in the view in the dashboard." if page.origin and page.address else ""


def _spec(figure: go.Figure) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(pio.to_json(figure.to_dict(), validate=False))
    return made


def _drawable(spec: dict[str, Any]) -> dict[str, Any]:
    """Without WebGL, which the library inside does not have; without the fixed width of nobody's screen."""
    data = [{**one, "type": "scatter"} if one.get("type") == "scattergl" else one for one in spec["data"]]
    return {"data": data, "layout": {**spec["layout"], "autosize": True}}
