"""Many readers at once, each with a page, a think time and choices by chance; one thread speaks for all of them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection, connect

from bench import changes
from bench.viewer import RERUN_S, Seen, Talk, answer_at_once, stream, wire

THINK_SPREAD = 0.25
"""Think times differ by up to this share, so that readers do not march in step."""


class Place(NamedTuple):
    """A page: its address and what is behind the question mark."""

    page: str
    query: str = ""


@dataclass(frozen=True)
class Crowd:
    """How readers behave.

    Args:
        think: Seconds between an answer and the next change.
        seconds: How long after the first answer a reader goes on.
        reruns: At most so many changes.
        is_alike: Readers of the same page make the same changes.
        seed: Of all choices.
    """

    think: float
    seconds: float = float("inf")
    reruns: int = 1_000_000
    is_alike: bool = False
    seed: int = 0


class Visit(NamedTuple):
    """What one reader saw.

    Args:
        place: The page.
        first: Seconds until the page was complete the first time.
        seconds: Seconds of each change.
    """

    place: Place
    first: float
    seconds: list[float]


class Crowded(NamedTuple):
    """What a crowd saw, and how busy this process was: CPU seconds per second."""

    visits: list[Visit]
    load: float

    def of(self, place: Place) -> list[float]:
        """Seconds of all changes on one page."""
        return [second for visit in self.visits if visit.place == place for second in visit.seconds]

    @property
    def seconds(self) -> list[float]:
        """Seconds of all changes."""
        return [second for visit in self.visits for second in visit.seconds]


def send(address: str, places: Sequence[Place], crowd: Crowd) -> Crowded:
    """One reader for each of these places, all at once."""
    began, cpu = time.perf_counter(), time.process_time()
    visits = asyncio.run(_send(address, places, crowd))
    return Crowded(visits, (time.process_time() - cpu) / (time.perf_counter() - began))


def watch(address: str, groups: Sequence[Sequence[Place]], crowd: Crowd, look: Callable[[], float]) -> list[float]:
    """What ``look`` says after each group of readers has made its changes, those before still there."""
    return asyncio.run(_watch(address, groups, crowd, look))


async def _send(address: str, places: Sequence[Place], crowd: Crowd) -> list[Visit]:
    return [visit for visit, _ in await _come(address, places, crowd)]


async def _watch(
    address: str, groups: Sequence[Sequence[Place]], crowd: Crowd, look: Callable[[], float]
) -> list[float]:
    seen, there = [], []
    for places in groups:
        there += [connection for _, connection in await _come(address, places, crowd, stay=True)]
        seen.append(look())
    await asyncio.gather(*(connection.close() for connection in there))
    return seen


async def _come(
    address: str, places: Sequence[Place], crowd: Crowd, *, stay: bool = False
) -> list[tuple[Visit, ClientConnection]]:
    step = crowd.think / max(len(places), 1)
    return await asyncio.gather(*(_visit(address, place, crowd, k, k * step, stay) for k, place in enumerate(places)))


async def _visit(
    address: str, place: Place, crowd: Crowd, number: int, delay: float, stay: bool
) -> tuple[Visit, ClientConnection]:
    chance = random.Random(f"{crowd.seed} {place if crowd.is_alike else number}")
    await asyncio.sleep(delay)
    connection = await connect(stream(address), **wire(address))
    talk = Talk(*place)
    seen = await _rerun(connection, talk.request(), talk)
    visit, end = Visit(place, seen.seconds, []), time.perf_counter() + crowd.seconds
    while time.perf_counter() < end and len(visit.seconds) < crowd.reruns:
        await asyncio.sleep(crowd.think * chance.uniform(1 - THINK_SPREAD, 1 + THINK_SPREAD))
        change = changes.any_of(seen.elements, chance)
        seen = await _rerun(connection, talk.request(*([change] if change else [])), talk)
        visit.seconds.append(seen.seconds)
    if not stay:
        await connection.close()
    return visit, connection


async def _rerun(connection: ClientConnection, request: bytes, talk: Talk) -> Seen:
    seen, is_last = Seen(0.0), False
    start = time.perf_counter()
    await connection.send(request)
    while not is_last:
        answer_at_once(connection.transport.get_extra_info("socket"))
        is_last = talk.take(await asyncio.wait_for(connection.recv(), RERUN_S), seen)
    seen.seconds = time.perf_counter() - start
    if seen.error:
        raise RuntimeError(f"the page {talk.page} shows an error: {seen.error}")
    return seen
