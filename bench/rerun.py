"""Reruns of each page after one control has changed, against a page that only shows the same finished figure.

Reruns are timed by a viewer without a browser, from the request to the last message; the server is another process.
A *first* change asks for something that nobody has asked for yet, a *repeated* one for something made before.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from bench import changes
from bench.floors import floors
from bench.report import Line
from bench.synthetic import Shape, made_up_store
from bench.viewer import Seen, Viewer, served, viewer

AIM, AIM_LARGER = 1.3, 1.2
ROUNDS = 2
WARM_UP = 2


@dataclass
class Timed:
    """Reruns of one page.

    Args:
        first, repeated: Seconds of changes to a choice never seen, and of those seen before.
        floor: Seconds of the reruns of a page with nothing but its figures and tables.
        furnished: The same with as many other elements as the page has, short texts all.
    """

    page: str
    first: list[float]
    repeated: list[float]
    floor: list[float]
    furnished: list[float]


def measure(n_runs: int) -> list[Line]:
    """Every page of the menu on a made-up store of ``n_runs`` runs beside the shipped catalogue."""
    lines = []
    for timed in _pages(n_runs):
        floor = statistics.median(timed.floor)
        name = f"{timed.page}: change seen before, median of {len(timed.repeated)}  [its finished figure and table]"
        lines.append(Line(name, statistics.median(timed.repeated), floor, AIM))
        name = f"{timed.page}: the same  [finished figure and table among as many short texts as it has other elements]"
        lines.append(Line(name, statistics.median(timed.repeated), statistics.median(timed.furnished)))
        name = f"{timed.page}: first change, median of {len(timed.first)}  [the same]"
        lines.append(Line(name, statistics.median(timed.first), floor, AIM))
    return lines


def compare(n_runs: int, n_runs_larger: int) -> list[Line]:
    """The same reruns on a larger store, against those on the smaller."""
    smaller, larger = list(_pages(n_runs)), list(_pages(n_runs_larger))
    lines = []
    for few, many in zip(smaller, larger, strict=True):
        assert few.page == many.page
        what = f"[{n_runs_larger:,} runs against {n_runs:,}]"
        seen = statistics.median(many.repeated), statistics.median(few.repeated)
        lines.append(Line(f"{few.page}: change seen before  {what}", *seen, AIM_LARGER))
        new = statistics.median(many.first), statistics.median(few.first)
        lines.append(Line(f"{few.page}: first change  {what}", *new, AIM_LARGER))
    return lines


def _pages(n_runs: int) -> Iterator[Timed]:
    with made_up_store(Shape(n_runs=n_runs), with_catalogue=True) as (_, folder):
        timed = []
        with served("app.py", {"P4P_DATA_DIR": str(folder)}) as address:
            with viewer(address) as first:
                addresses = first.rerun().pages
            for page in addresses:
                with viewer(address, page) as reader:
                    timed.append((page, *_changes(reader)))
    with floors() as bare:
        for page, first_changes, repeated, last in timed:
            others = sum(element.WhichOneof("type") not in ("plotly_chart", "dataframe") for element in last.elements)
            name = page or "start"
            bare.add(name, last)
            # The floor page has a switch of its own.
            bare.add(f"{name}-furnished", last, n_texts=others - 1)
            yield Timed(name, first_changes, repeated, bare.reruns(name), bare.reruns(f"{name}-furnished"))


def _changes(reader: Viewer) -> tuple[list[float], list[float], Seen]:
    """Times of first and repeated changes, and the page as it was at the end."""
    for _ in range(WARM_UP):
        seen = reader.rerun()
    _refuse_error(seen)
    times: list[list[float]] = []
    for _ in range(ROUNDS):
        taken = []
        for change, back in changes.each(seen.elements):
            after = reader.rerun(change)
            _refuse_error(after)
            taken.append(after.seconds)
            reader.rerun(back)
        times.append(taken)
    return times[0], [second for round_ in times[1:] for second in round_], reader.rerun()


def _refuse_error(seen: Seen) -> None:
    if seen.error:
        raise RuntimeError(f"the page shows an error: {seen.error}")
