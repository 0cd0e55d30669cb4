"""Reruns of each page after one control has changed, against a page that only shows the same finished figure.

Reruns are timed by a viewer without a browser, from the request to the last message; the server is another process.
A *first* change asks for something that nobody has asked for yet, a *repeated* one for something made before.
"""

from __future__ import annotations

import base64
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.report import Line
from bench.synthetic import Shape, made_up_store
from bench.viewer import Seen, Viewer, served, viewer

AIM, AIM_LARGER = 1.3, 1.2
VALUES_PER_CONTROL = 3
ROUNDS = 2
FLOOR_RERUNS = 15
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
    for page, first_changes, repeated, last in timed:
        others = sum(element.WhichOneof("type") not in ("plotly_chart", "dataframe") for element in last.elements)
        # The floor page has a switch of its own.
        furnished = _floor(last, others - 1)
        yield Timed(page or "start", first_changes, repeated, _floor(last, 0), furnished)


def _changes(reader: Viewer) -> tuple[list[float], list[float], Seen]:
    """Times of first and repeated changes, and the page as it was at the end."""
    for _ in range(WARM_UP):
        seen = reader.rerun()
    _refuse_error(seen)
    times: list[list[float]] = []
    for _ in range(ROUNDS):
        taken = []
        for change, back in _alternatives(seen.elements):
            after = reader.rerun(change)
            _refuse_error(after)
            taken.append(after.seconds)
            reader.rerun(back)
        times.append(taken)
    return times[0], [second for round_ in times[1:] for second in round_], reader.rerun()


def _refuse_error(seen: Seen) -> None:
    if seen.error:
        raise RuntimeError(f"the page shows an error: {seen.error}")


def _alternatives(elements: list[Element]) -> Iterator[tuple[WidgetState, WidgetState]]:
    """For each control, other values than the one it has, each with the way back."""
    for element in elements:
        kind = element.WhichOneof("type")
        if kind == "selectbox":
            box = element.selectbox
            now = box.raw_value or box.options[box.default]
            for value in [option for option in box.options if option != now][:VALUES_PER_CONTROL]:
                yield WidgetState(id=box.id, string_value=value), WidgetState(id=box.id, string_value=now)
        elif kind == "checkbox":
            switch = element.checkbox
            on, off = WidgetState(id=switch.id, bool_value=True), WidgetState(id=switch.id, bool_value=False)
            yield (off, on) if switch.default else (on, off)
        elif kind in ("slider", "multiselect", "button_group"):
            yield from _of_lists(element, kind)


def _of_lists(element: Element, kind: str) -> Iterator[tuple[WidgetState, WidgetState]]:
    """Controls whose value is a list of texts; a slider over numbers has none."""
    if kind == "button_group":
        group = element.button_group
        key, options = group.id, [option.content for option in group.options]
        now = [options[index] for index in group.default]
    elif kind == "multiselect":
        key, options = element.multiselect.id, list(element.multiselect.options)
        now = [options[index] for index in element.multiselect.default]
    else:
        key, options = element.slider.id, list(element.slider.options)
        now = [options[int(index)] for index in element.slider.default] if options else []
        if len(now) != 1:
            return
    back = WidgetState(id=key)
    back.string_array_value.data.extend(now)
    for value in [option for option in options if option not in now][:VALUES_PER_CONTROL]:
        change = WidgetState(id=key)
        change.string_array_value.data.append(value)
        yield change, back


def _floor(last: Seen, n_texts: int) -> list[float]:
    """Reruns of a page with the figures and tables of this one and ``n_texts`` short texts."""
    shown = {
        "n_texts": n_texts,
        "figures": [e.plotly_chart.spec for e in last.elements if e.WhichOneof("type") == "plotly_chart"],
        "tables": [
            base64.b64encode(e.dataframe.arrow_data.data).decode()
            for e in last.elements
            if e.WhichOneof("type") == "dataframe"
        ],
    }
    with tempfile.TemporaryDirectory(prefix="p4p-bench-") as folder:
        path = Path(folder) / "floor.json"
        path.write_bytes(orjson.dumps(shown))
        with served("bench/floor_page.py", {"P4P_BENCH_FLOOR": str(path)}) as address, viewer(address) as reader:
            seen = reader.rerun()
            _refuse_error(seen)
            switch = next(e.checkbox for e in seen.elements if e.WhichOneof("type") == "checkbox")
            times = []
            for number in range(WARM_UP + FLOOR_RERUNS):
                state = WidgetState(id=switch.id, bool_value=number % 2 == 0)
                times.append(reader.rerun(state).seconds)
    return times[WARM_UP:]
