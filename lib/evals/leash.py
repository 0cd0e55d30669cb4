"""A child tied to its worker: it ends with everything that it started when the worker dies, is stopped, or lets go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from lib.errors import Unavailable

KEEPER = Path(__file__).with_name("leash_keeper.py")
EVENTS_VARIABLE = "P4P_EVENTS_FD"
GRACE_S = 5.0
"""Time between asking a process to end and killing it."""
START_S = 60.0


class Leash:
    """A running command with pipes to and from it.

    Args:
        command: Program and arguments.
        env: Its whole environment; the number of the events' descriptor is added as ``P4P_EVENTS_FD``.
        log_path: File that its standard output and error are appended to.
        cwd: Folder that it runs in.
        grace_s: Time that it is given to end by itself, before it is killed.

    Of one log file there is one child at a time: the keeper holds a lock beside it until everything below has ended. So the
    heir of a worker that was killed waits here until the old child, which may take a second to die, is gone.

    Attributes:
        stdin: To the child, binary and unbuffered.
        events: From the child, JSON lines, binary; its end of file is the end of everybody who held it.
        pid: Of the child itself, which is also the number of its process group.

    Raises:
        Unavailable: If the command cannot be started, or an earlier child does not end.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        log_path: Path,
        cwd: Path | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        self._grace_s = grace_s
        lock = _locked(log_path.with_suffix(".lock"))
        self._control, theirs = socket.socketpair()
        reading, writing = os.pipe()
        arguments = [str(theirs.fileno()), str(writing), str(grace_s), *command]
        with theirs, log_path.open("ab") as log:
            try:
                self.process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(KEEPER), *arguments],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**env, EVENTS_VARIABLE: str(writing)},
                    cwd=cwd,
                    pass_fds=(theirs.fileno(), writing, lock),
                    start_new_session=True,  # an interrupt typed at the worker's terminal is the worker's to hand on
                    bufsize=0,
                )
            finally:
                os.close(writing)
                os.close(lock)
        self.stdin = cast(BinaryIO, self.process.stdin)
        self.events: BinaryIO = os.fdopen(reading, "rb")
        self.pid = self._started()

    def poll(self) -> int | None:
        """None while it runs; then its exit status, or minus the signal that ended it (-9 without our doing: no memory)."""
        return self.process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The same, when it has ended.

        Raises:
            subprocess.TimeoutExpired: If it has not by then.
        """
        return self.process.wait(timeout)

    def end(self) -> int:
        """End it and everything below it; returns as ``poll``. Harmless when it has ended, and when called again."""
        self._control.close()  # the keeper's order
        try:
            status = self.process.wait(self._grace_s + 2 * GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        # The keeper has done this, unless it was killed itself.
        if status == -signal.SIGKILL:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.stdin.close()
        self.events.close()
        return status

    def _started(self) -> int:
        """Number of the child, as soon as it runs."""
        ready = select.select([self._control], [], [], START_S)[0]
        words = self._control.recv(4096).decode(errors="replace").split(maxsplit=1) if ready else []
        if len(words) == 2 and words[0] == "pid":
            return int(words[1])
        self.pid = self.process.pid
        self.end()
        what = words[1].strip() if words else "the process that watches over it did not start"
        raise Unavailable(f"the evaluation cannot be started: {what}", remedy="Check P4P_EVAL_PYTHON")

    def __enter__(self) -> Leash:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def _locked(path: Path) -> int:
    """A descriptor that holds the lock of this file; whoever inherits it holds it, too."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + START_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise Unavailable(
                    "an earlier attempt at this job still runs", remedy="End it, then ask again"
                ) from None
        time.sleep(0.05)
