"""What a worker has on its desk: the job at work, what its child has told of it, and whether it is still wanted.

The child's events come in a thread of the job, many a second; the worker's own thread carries them to the store with its
sign of life, once a second. So progress costs one transaction a second, however fast a model answers.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.evals.folders import LOG_NAME
from lib.store.clock import now
from lib.store.jobs import LOG_TAIL_BYTES, Hold

COUNTED = (
    "n_done",
    "n_requests",
    "request_type",
    "tokens_in",
    "tokens_out",
    "n_empty",
    "cost_usd",
    "device_memory_bytes",
)
MEASURED = (
    "n_requests",
    "tokens_in",
    "tokens_out",
    "seconds",
    "peak_memory_bytes",
    "device_memory_bytes",
    "energy_wh",
    "cost_usd",
    "is_resumed",
)


class Desk:
    """One job at a time. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._position = 0
        self._columns: dict[int, dict[str, Any]] = {}
        self._log: Path | None = None
        self._log_seen = -1
        self.hold: Hold | None = None

    def put(self, hold: Hold, folder: Path) -> None:
        """A job comes onto the desk."""
        with self._lock:
            self.hold, self._columns, self._log, self._log_seen = hold, {}, folder / LOG_NAME, -1
            self._wanted.set()

    def clear(self) -> None:
        """It is through."""
        with self._lock:
            self.hold, self._columns, self._log = None, {}, None

    def is_wanted(self) -> bool:
        """Whether the job is still to go on here; asked by what runs the child, several times a second."""
        return self._wanted.is_set()

    def drop(self, hold: Hold | None = None) -> None:
        """The job is not wanted any more: this one, or whichever it is."""
        with self._lock:
            if hold is None or hold == self.hold:
                self._wanted.clear()

    def begin(self, position: int) -> None:
        """Whose progress the next events are about."""
        with self._lock:
            self._position = position

    def hear(self, event: Mapping[str, Any]) -> None:
        """Something that the child has told. What it does not know it leaves out or gives as null; that stays unknown."""
        if event.get("event") != "progress":
            return
        told = {name: event[name] for name in COUNTED if event.get(name) is not None}
        with self._lock:
            self._columns.setdefault(self._position, {}).update(told, seen_at=now())

    def take_progress(self) -> dict[int, dict[str, Any]]:
        """Columns of tasks that have changed since the last call."""
        with self._lock:
            columns, self._columns = self._columns, {}
        return columns

    def take_log(self) -> str | None:
        """The tail of the log, if the log has grown since the last call."""
        with self._lock:
            path, seen = self._log, self._log_seen
        try:
            size = -1 if path is None else path.stat().st_size
        except FileNotFoundError:
            size = -1
        if path is None or size in (seen, -1):
            return None
        with self._lock:
            self._log_seen = size
        return tail_of(path)


def tail_of(path: Path) -> str | None:
    """The last 64 kB of a text file, from the start of a line; None when there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LOG_TAIL_BYTES))
            content = file.read()
    except FileNotFoundError:
        return None
    if size > LOG_TAIL_BYTES:
        content = content[content.find(b"\n") + 1 :]
    # PostgreSQL takes no zero characters; a child may write anything. Where it ran is nobody's business on a page.
    text = content.decode(errors="replace").replace("\x00", "�")
    return text.replace(str(path.parent.resolve()), "JOB").replace(str(Path.home()), "~")


def columns_of(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured of a finished task, as columns of ``job_tasks``."""
    told = {name: measured[name] for name in MEASURED if measured.get(name) is not None}
    if "n_requests" in told:
        told["n_done"] = told["n_requests"]
    return told
