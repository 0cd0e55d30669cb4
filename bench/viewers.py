"""Every page with one reader and with many at once, each changing something by chance, and what a reader costs in memory.

The floor is one reader of a page with nothing on it but the same finished figure, by the same server and client. The
client shares the machine with the server; the busy share of its one thread is printed, and that of the server.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from bench import synthetic
from bench.crowd import Crowd, Crowded, Place, send, watch
from bench.floors import SERVING, Floors, floors
from bench.report import Line
from bench.synthetic import Shape, made_up_store
from bench.viewer import Server, server, viewer
from lib.ui import links

AIM = 3.0
THINK = 2.0
ALONE_THINK, ALONE_RERUNS = 0.1, 30
FLOOR_RERUNS = 60
MOST_MB = 1.0
FEW, MORE = 10, 50
MEMORY_RERUNS = 6
MEGABYTE = 1e6
QUERIES = {
    "model": "model=made-up-7",
    "benchmark": "benchmark=mmlu",
    "run": f"run={synthetic.digest(1)[:12]}",
    "source": f"source={synthetic.digest(1)[:12]}",
    "search": "words=made",
    "side-by-side": "models=made-up-7&models=made-up-70&models=made-up-170",
}
PLACES = tuple(
    Place("" if page is links.PAGES[0] else page.address, QUERIES.get(page.address, "")) for page in links.PAGES
)


class Phase(NamedTuple):
    """What a crowd saw and the server did meanwhile.

    Args:
        seen: Of the readers.
        server_load: CPU seconds per second of the server's process.
    """

    seen: Crowded
    server_load: float


def measure(n_runs: int, n_viewers: int, seconds: float) -> list[Line]:
    """All pages on ``n_runs`` made-up runs with 100 results each: times, then memory."""
    with made_up_store(Shape(n_runs=n_runs), with_catalogue=True) as (_, folder), floors() as bare:
        with server("serve.py", _settings(folder)) as running:
            of_floor = _floors(bare, running)
            alone = [
                _phase(running, [place], Crowd(ALONE_THINK, reruns=ALONE_RERUNS, seed=k))
                for k, place in enumerate(PLACES)
            ]
            together = _phase(running, in_turn(PLACES, n_viewers), Crowd(THINK, seconds=seconds, seed=1))
        with server("serve.py", _settings(folder)) as running:
            of_page = _memory(running, PLACES)
        with server(SERVING, {"P4P_BENCH_FLOORS": str(bare.folder)}) as running:
            of_bare = _memory(running, [Place("", f"floor={_name(place)}") for place in PLACES])
    lines = [*_times(of_floor, alone, together, n_viewers, n_runs * 100)]
    what = f"memory of each further viewer, {FEW} to {FEW + MORE}, {MEMORY_RERUNS} changes each  [the floors' pages]"
    return [*lines, Line(what, of_page, of_bare, most=MOST_MB, unit="MB")]


def _settings(folder: Path) -> dict[str, str]:
    return {"P4P_DATA_DIR": str(folder)}


def _name(place: Place) -> str:
    return place.page or "start"


def _floors(bare: Floors, running: Server) -> dict[Place, list[float]]:
    """Reruns of the floor of each page: its figures as they are at the first visit, and nothing else."""
    timed = {}
    for place in PLACES:
        with viewer(running.address, *place) as reader:
            seen = reader.rerun()
        bare.add(_name(place), seen, tables=False)
        timed[place] = bare.reruns(_name(place), FLOOR_RERUNS)
    return timed


def _phase(running: Server, places: Sequence[Place], crowd: Crowd) -> Phase:
    process = psutil.Process(running.process)
    before, began = process.cpu_times(), time.perf_counter()
    seen = send(running.address, places, crowd)
    after, taken = process.cpu_times(), time.perf_counter() - began
    return Phase(seen, (after.user + after.system - before.user - before.system) / taken)


def _times(
    of_floor: dict[Place, list[float]], alone: list[Phase], together: Phase, n_viewers: int, n_results: int
) -> list[Line]:
    lines = []
    for place, phase in zip(PLACES, alone, strict=True):
        floor = of_floor[place]
        for words, seen in (("1 viewer", phase.seen), (f"{n_viewers} viewers", together.seen)):
            times = seen.of(place)
            if times:
                what = f"{_name(place)}, {words}: 95th percentile of {len(times)}, median {statistics.median(times) * 1000:.0f} ms"
                lines.append(Line(what, high(times), high(floor), AIM))
    everything = [second for times in of_floor.values() for second in times]
    what = f"all pages, 1 viewer, {n_results:,} results  [a page with the same figure only]"
    lines.append(Line(what, high([second for one in alone for second in one.seen.seconds]), high(everything), AIM))
    load = f"server {together.server_load:.0%} of a core, readers {together.seen.load:.0%}"
    what = f"all pages, {n_viewers} viewers, {THINK:g} s think time, {n_results:,} results; {load}"
    lines.append(Line(what, high(together.seen.seconds), high(everything), AIM))
    first = [visit.first for visit in together.seen.visits]
    lines.append(Line(f"first page of each of the {n_viewers}, 95th percentile", high(first), high(everything)))
    return lines


def high(seconds: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]


def _memory(running: Server, places: Sequence[Place]) -> float:
    """Megabytes of resident memory for each further reader; all readers of a page make the same changes.

    So what they look at is in the caches before the first look. Those are shared and have bounds of their own.
    """
    process = psutil.Process(running.process)
    crowd = Crowd(0.3, reruns=MEMORY_RERUNS, is_alike=True)
    groups = [in_turn(places, n) for n in (2 * len(places), FEW, MORE)]
    _, few, more = watch(running.address, groups, crowd, lambda: process.memory_info().rss)
    return (more - few) / MORE / MEGABYTE


def in_turn(places: Sequence[Place], n: int) -> list[Place]:
    return list(itertools.islice(itertools.cycle(places), n))
