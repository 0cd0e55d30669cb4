"""From what a page drew to a document: its question, what was chosen, where the numbers come from, which data it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.access import Reader
from lib.errors import RefusedInput
from lib.report.document import Document, Heading, Part, Provenance, SourceLine, Text, View, merged
from lib.report.html import render
from lib.report.markup import inline
from lib.store.db import Store
from lib.store.details import source_details, source_named
from lib.store.frames import Frames
from lib.ui import headless
from lib.ui.recorded import Notes
from lib.ui.traces import Traces

CATALOGUE_FILE = "catalogue/models.csv"
MOST_VIEWS = 30
MOST_SOURCES = 60
"""Sources that tables name by themselves, looked up one by one."""
SHORT = 12


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
    made = document([view_of(one) for one in drawn], of, title=title, note=note)
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
        choices=tuple(notes.choices.values()),
        note=note,
        sources=_sources(notes.traces, notes.frames, notes.store),
    )


def title_of(parts: Sequence[Part]) -> str:
    """The question of a page as plain text; the last, where it was asked again once more was known."""
    found = [part.text for part in parts if isinstance(part, Heading) and part.level == 1]
    return plain(found[-1]) if found else "Pound for Pound"


def plain(markdown: str) -> str:
    """Markdown without its marks."""
    return html.unescape(re.sub(r"<[^>]+>", "", inline(markdown))).strip()


def provenance(frames: Frames, *, origin: str = "") -> Provenance:
    """Which data this is, seen now.

    Args:
        origin: Scheme and host of this dashboard, if others can reach it there.
    """
    return Provenance(
        digest=frames.digest,
        n_results=frames.counts["n_results"],
        n_sources=frames.counts["n_sources"],
        updated_at=frames.updated_at or "",
        made_at=datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00"),
        origin=origin,
    )


def document(views: Sequence[View], of: Provenance, *, title: str = "", note: str = "") -> Document:
    """Views as a report; a single one gives it its title."""
    return Document(title or (views[0].title if views else "Report"), tuple(views), of, note)


def _tidied(parts: Iterable[Part]) -> Iterable[Part]:
    """Without texts that say nothing, and headings with nothing below them."""
    kept = [part for part in parts if not (isinstance(part, Text) and not plain(part.text))]
    for part, following in zip(kept, [*kept[1:], None], strict=True):
        is_bare = isinstance(following, Heading) and isinstance(part, Heading) and following.level <= part.level
        if not (isinstance(part, Heading) and part.level > 1 and (following is None or is_bare)):
            yield part


def _sources(traces: Sequence[Traces], frames: Frames, store: Store) -> tuple[SourceLine, ...]:
    """Sources behind the numbers: of runs by what the frames say of them, of facts the catalogue, others by name."""
    used = {run[:SHORT] for one in traces for run in one.all_runs()}
    lines = _of_runs(frames.runs[frames.runs["run"].isin(used).to_numpy(bool)])
    named = list(dict.fromkeys(digest for one in traces for digest in one.sources if digest))
    for digest in named[:MOST_SOURCES]:
        for found in source_details(store, str(digest))[:1]:
            lines.append(_line(found.source))
    if any(any(one.models) for one in traces):
        row = source_named(store, CATALOGUE_FILE)
        lines += [_line(row)] if row is not None else []
    return merged(lines)


def _of_runs(rows: pd.DataFrame) -> list[SourceLine]:
    """One line for each collection that the runs are from."""
    lines = []
    keys = ["source_title", "source_url"]
    for (title, url), part in rows.assign(**{key: rows[key].fillna("") for key in keys}).groupby(keys, sort=False):
        files = list(dict.fromkeys(part["source"].dropna().astype(str)))
        lines.append(
            SourceLine(
                title=str(title) or (files[0].split("!/")[0] if files else "not named"),
                url=str(url),
                published_on=str(part["source_date"].dropna().astype(str).max())
                if part["source_date"].notna().any()
                else "",
                imported_at=str(part["imported_at"].dropna().astype(str).max())
                if part["imported_at"].notna().any()
                else "",
                files=tuple(dict.fromkeys(one.split("!/")[0] for one in files)),
                runs=frozenset(part["run"].astype(str)),
            )
        )
    return lines


def _line(source: dict[str, object]) -> SourceLine:
    """A row of ``sources``."""

    def told(name: str) -> str:
        value = source.get(name)
        return "" if value is None or value != value else str(value)

    name = told("name")
    return SourceLine(
        title=told("title") or formats.one_line(name, 200),
        url=told("url"),
        published_on=told("published_on"),
        imported_at=told("imported_at"),
        files=(name,) if name else (),
        licence=told("licence"),
    )
