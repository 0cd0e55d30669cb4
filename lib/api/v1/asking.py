"""Who asks, what that reader may see, and what he is answered from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Annotated, NamedTuple, TypeVar

from fastapi import Depends, Request

from lib.api.v1.readings import Readings
from lib.settings import Settings
from lib.store.db import Store
from lib.store.frames import Frames

Made = TypeVar("Made")


class Asking(NamedTuple):
    """One request.

    Args:
        readings: The store as the process reads it.
        frames: Columns of what this reader may see, at one revision.
    """

    readings: Readings
    frames: Frames

    @property
    def settings(self) -> Settings:
        return self.readings.settings

    @property
    def store(self) -> Store:
        return self.readings.store()

    def answer(self, key: tuple[Hashable, ...], make: Callable[[], Made]) -> Made:
        """``make()``, done once per revision of what this reader may see."""
        return self.readings.answer((self.frames.revision, *key), make)


def reading(request: Request) -> Iterator[Asking]:
    """A reader who asks to read."""
    readings: Readings = request.app.state.readings
    with readings.place():
        yield Asking(readings, readings.frames())


Reads = Annotated[Asking, Depends(reading, scope="function")]
