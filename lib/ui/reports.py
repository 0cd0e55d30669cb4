"""From what a page drew to a document: its question, what was chosen, where the numbers come from, which data it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from lib import formats
from lib.access import Reader
from lib.errors import RefusedInput
from lib.report.document import Choice, Document, Heading, Part, Provenance, Text, View
from lib.report.html import render
from lib.report.markup import inline
from lib.settings import read_settings
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.snapshots import SnapshotStore
from lib.ui import headless, report_sources
from lib.ui.recorded import Notes

MOST_VIEWS = 30


class Made(NamedTuple):
    """A report, and its file."""

    document: Document
    content: bytes


def report(
    addresses: Sequence[str], somebody: Reader, *, title: str = "", note: str = "", is_static: bool = False
) -> Made:
    """The views at these addresses as this reader sees them, drawn now, as one file.

    Raises:
        RefusedInput: An address that names no page, a page that could not be drawn, or too many views for one file.
    """
    if not addresses or len(addresses) > MOST_VIEWS:
        expected = f"between 1 and {MOST_VIEWS}"
        raise RefusedInput("so many views make no report", place="VIEW", expected=expected, found=str(len(addresses)))
    drawn = [headless.drawn(headless.parsed(one), somebody) for one in addresses]
    # The last of them: what came into the store meanwhile is in it, and in none before it.
    of = provenance(drawn[-1].frames)
    return file([view_of(one) for one in drawn], of, title=title, note=note, is_static=is_static)


def file(views: Sequence[View], of: Provenance, *, title: str = "", note: str = "", is_static: bool = False) -> Made:
    """Views as one file; a single one gives the report its title.

    Raises:
        RefusedInput: Too many views for one file.
    """
    made = Document(title or (views[0].title if views else "Report"), tuple(views), of, note)
    return Made(made, render(made, static=is_static))


def view_of(notes: Notes, *, note: str = "") -> View:
    """One page as it was drawn.

    Args:
        notes: Of a page that is drawn.
        note: The author's own text.
    """
    parts = tuple(_tidied(notes.parts))
    return View(
        title=title_of(parts),
        address=notes.address,
        parts=parts,
        choices=(*notes.choices.values(), *_pinned(notes.store)),
        note=note,
        sources=report_sources.behind(notes.traces, notes.frames, notes.store),
    )


def _pinned(store: Store) -> tuple[Choice, ...]:
    """To which snapshot the view is pinned, where it is."""
    if not isinstance(store, SnapshotStore):
        return ()
    of = store.snapshot
    return (Choice("Pinned to", " ".join(filter(None, (of.name, of.digest[:12], f"of {formats.date(of.made_at)}")))),)


def title_of(parts: Sequence[Part]) -> str:
    """The question of a page as plain text; the last, where it was asked again once more was known."""
    found = [part.text for part in parts if isinstance(part, Heading) and part.level == 1]
    return plain(found[-1]) if found else "Pound for Pound"


def plain(markdown: str) -> str:
    """Markdown without its marks."""
    return html.unescape(re.sub(r"<[^>]+>", "", inline(markdown))).strip()


def provenance(frames: Frames) -> Provenance:
    """Which data this is, seen now; and where this dashboard is, if others can reach it."""
    return Provenance(
        digest=frames.digest,
        n_results=frames.counts["n_results"],
        n_sources=frames.counts["n_sources"],
        updated_at=frames.updated_at or "",
        made_at=datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00"),
        origin=read_settings().url,
    )


def _tidied(parts: Iterable[Part]) -> Iterable[Part]:
    """Without texts that say nothing, and headings with nothing below them."""
    kept = [part for part in parts if not (isinstance(part, Text) and not plain(part.text))]
    for part, following in zip(kept, [*kept[1:], None], strict=True):
        is_bare = isinstance(following, Heading) and isinstance(part, Heading) and following.level <= part.level
        if not (isinstance(part, Heading) and part.level > 1 and (following is None or is_bare)):
            yield part
