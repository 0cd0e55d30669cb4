"""Where the numbers of a report come from: of runs by what the frames say of them, of facts and prices by their files."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from lib import formats
from lib.report.document import SourceLine, merged
from lib.store.db import Store
from lib.store.details import source_details, source_named
from lib.store.frames import Frames
from lib.ui.traces import Traces

CATALOGUE_FILE = "catalogue/models.csv"
MOST_SOURCES = 60
"""Sources that tables name by themselves, looked up one by one."""
SHORT = 12


def behind(traces: Sequence[Traces], frames: Frames, store: Store) -> tuple[SourceLine, ...]:
    """Those of everything that tables and figures show."""
    runs = {run for one in traces for run in one.all_runs()}
    named = list(dict.fromkeys(str(digest) for one in traces for digest in one.sources if digest))
    has_facts = any(any(one.models) for one in traces)
    return sources(frames, store, runs, named, has_facts=has_facts)


def sources(
    frames: Frames, store: Store, runs: Collection[str], digests: Sequence[str] = (), *, has_facts: bool = False
) -> tuple[SourceLine, ...]:
    """Lines of a report's list.

    Args:
        runs: Digests of runs, or the beginnings of them.
        digests: Of sources by themselves.
        has_facts: Sizes, dates or tokens of models are shown, which the catalogue gives.
    """
    wanted = {run[:SHORT] for run in runs}
    lines = _of_runs(frames.runs[frames.runs["run"].isin(wanted).to_numpy(bool)])
    for digest in dict.fromkeys(digests[:MOST_SOURCES]):
        lines += [_line(found.source) for found in source_details(store, digest)[:1]]
    row = source_named(store, CATALOGUE_FILE) if has_facts else None
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
