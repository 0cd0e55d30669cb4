"""What a link to a view says before anybody opens it: its question, its takeaway and a picture. Public rows only.

What pages drew for their readers is remembered where everything in it was public. A link that nobody has opened yet gets
the words of its page at once and is drawn meanwhile; whoever fetches a preview is never kept waiting.
"""

from __future__ import annotations

import ast
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple
from urllib.parse import urlencode

import orjson
import plotly.graph_objects as go
import plotly.io as pio

from lib.access import STRANGER
from lib.errors import RefusedInput
from lib.report import document, png
from lib.schema.text import plain
from lib.settings import ROOT, read_settings
from lib.ui import cached, headless, reports
from lib.ui.links import PAGES
from lib.ui.recorded import NOT_OF_THE_VIEW, Notes

MOST_KEPT, MOST_WAITING = 200, 8
LONGEST_TOLD = 300


class Preview(NamedTuple):
    """What is said of a view.

    Args:
        title, told: Question and takeaway, plain.
        figure: Its first figure; None for none.
        revision: Of the store when it was drawn.
    """

    title: str
    told: str
    figure: go.Figure | None
    revision: int


_OWN = frozenset({"job", "search", *(one.address for one in PAGES if one.group == "Bring your own")})
"""Pages that show what somebody does there, besides rows of the store; a link to them is drawn as a stranger sees it."""
_KEPT: OrderedDict[str, Preview] = OrderedDict()
_WAITING: set[str] = set()
_LOCK = threading.Lock()
_DRAWING = ThreadPoolExecutor(1, thread_name_prefix="preview")


def remember(notes: Notes) -> None:
    """Keep what was just drawn, for links to it. Only for what everybody may see.

    No frames are kept: a preview must not hold an old revision in memory.
    """
    address = headless.parsed(notes.address)
    if address.path not in _OWN:
        _keep(key_of(address), _of_notes(notes, notes.frames.revision))


def preview(address: headless.Address) -> Preview | None:
    """What is known of a view at this revision; None while nothing is, and then it is drawn behind the scenes."""
    key = key_of(address)
    with _LOCK:
        known = _KEPT.get(key)
    if known is not None and known.revision == cached.revision():
        return known
    _draw_later(key, address)
    return None


def words(address: headless.Address) -> tuple[str, str]:
    """Title and description of a view: its own where they are known, else those of its page."""
    if not may_be_told():
        return page_words(address.path)
    known = preview(address)
    if known is None or not known.told:
        return page_words(address.path)
    return known.title, known.told


def picture(address: headless.Address) -> bytes:
    """The picture of a view as PNG; while it is not known the words of its page."""
    title, told = words(address)
    known = preview(address) if may_be_told() else None
    figure = known.figure if known is not None else None
    spec = orjson.loads(pio.to_json(figure.to_dict(), validate=False)) if figure is not None else None
    return png.card(title, told, spec)


def may_be_told() -> bool:
    """Whether strangers may see anything here."""
    settings = read_settings()
    return not settings.has_login or settings.strangers_read


@cache
def page_words(path: str) -> tuple[str, str]:
    """The question that a page answers, and the rest of what it says of itself: the docstring of its file."""
    page = next(one for one in PAGES if one.address == path)
    told = ast.get_docstring(ast.parse((ROOT / page.path).read_text(encoding="utf-8"))) or page.title
    question, mark, rest = " ".join(told.split()).partition("?")
    return (f"{question}{mark}", rest.strip() or f"{page.title} · Pound for Pound") if mark else (page.title, told)


def key_of(address: headless.Address) -> str:
    """One text for every way to write the same address."""
    chosen = {name: values for name, values in sorted(address.parameters.items()) if name not in NOT_OF_THE_VIEW}
    return f"{address.path}?{urlencode(chosen, doseq=True)}"


def _of_notes(notes: Notes, revision: int) -> Preview:
    told = [plain(one).strip() for part in notes.parts if isinstance(part, document.Takeaway) for one in part.sentences]
    figures = [part.figure for part in notes.parts if isinstance(part, document.Figure)]
    said = " ".join(told)
    said = said if len(said) <= LONGEST_TOLD else said[: LONGEST_TOLD - 1].rstrip() + "…"
    return Preview(reports.title_of(notes.parts), said, figures[0] if figures else None, revision)


def _keep(key: str, known: Preview) -> None:
    with _LOCK:
        _KEPT[key] = known
        _KEPT.move_to_end(key)
        while len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)


def _draw_later(key: str, address: headless.Address) -> None:
    with _LOCK:
        if key in _WAITING or len(_WAITING) >= MOST_WAITING:
            return
        _WAITING.add(key)
    _DRAWING.submit(_draw, key, address)


def _draw(key: str, address: headless.Address) -> None:
    try:
        # Before the drawing: what comes into the store meanwhile makes this one old. Pinned views have a revision of their own.
        revision = cached.revision()
        _keep(key, _of_notes(headless.drawn(address, STRANGER), revision))
    except RefusedInput:
        # A page that cannot be drawn keeps the words of its page.
        return
    finally:
        with _LOCK:
            _WAITING.discard(key)
