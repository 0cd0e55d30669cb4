"""The worker beside the app: started when a job waits that no other worker can serve, ended with the app.

Whoever only looks at numbers pays for no further process. The worker reads its standard input, whose end of file comes
however the app ends; it also leaves by itself when it has had nothing to do for some minutes.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from typing import cast

from lib.errors import PoundForPoundError
from lib.evals import queue
from lib.evals.devices import Device, found_device, memory_gib
from lib.evals.identity import has_ended
from lib.evals.matching import SILENT_S, lacks
from lib.settings import ROOT, Settings
from lib.store import jobs as stored
from lib.store.db import DatabaseError, Store, open_store
from lib.store.workers import worker_rows

LOOK_S = 2.0
SHORTEST_LIFE_S = 20.0
LONGEST_PAUSE_S = 300.0
SECONDS_TO_END = 30.0


class WorkerBeside:
    """Looks now and then, in a thread of its own, whether a worker is needed."""

    def __init__(self, settings: Settings, *, look_s: float = LOOK_S, command: list[str] | None = None) -> None:
        self._settings, self._look_s = settings, look_s
        self._device = found_device() if settings.worker == "1" else cast(Device, settings.worker)
        self._command = command or [sys.executable, "-m", "lib", "worker", "--beside", "--device", self._device]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="worker-beside", daemon=True)
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause_s = 0.0

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """End the worker, if there is one; its job goes back to the queue."""
        self._stop.set()
        self._thread.join(self._look_s + SECONDS_TO_END)
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _tend(self) -> None:
        store: Store | None = None
        while not self._stop.wait(self._look_s):
            try:
                store = store or open_store(self._settings)
                if self._is_wanted(store):
                    self._begin()
            except (DatabaseError, PoundForPoundError):
                continue  # the pages say so; when the database is back, so are the jobs
        if store is not None:
            store.close()

    def _is_wanted(self, store: Store) -> bool:
        if self._child is not None and self._child.poll() is None:
            return False
        if time.monotonic() - self._started_at < self._pause_s or not stored.n_open(store):
            return False
        return is_needed(store, self._device)

    def _begin(self) -> None:
        """Start it; one that did not live long is started again later and later."""
        lived = time.monotonic() - self._started_at
        is_again = self._started_at > 0 and lived < SHORTEST_LIFE_S + self._pause_s
        self._pause_s = min(max(2 * self._pause_s, 5.0), LONGEST_PAUSE_S) if is_again else 0.0
        self._started_at = time.monotonic()
        self._child = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.PIPE)


def nobody_listens() -> bool:
    """Whether the process at the other end of this one's standard input has gone."""
    return bool(select.select([0], [], [], 0)[0]) and not os.read(0, 1)


def is_needed(store: Store, device: Device) -> bool:
    """Whether a job is open that a worker on this device could serve, and no worker that lives can."""
    alive = [row["has"] for row in worker_rows(store) if row["silent_s"] < SILENT_S]
    alive = [has for has in alive if not has_ended(has.get("process", {}))]
    own = memory_gib(device)
    return any(
        not lacks(needs, device=device, memory_gib=own, backends=[needs.backend])
        and all(
            lacks(needs, device=has["device"], memory_gib=has["memory_gib"], backends=has["backends"]) for has in alive
        )
        for needs in queue.open_needs(store)
    )
