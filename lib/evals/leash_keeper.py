"""The process between a worker and its child: when the worker dies, or asks for it, everything below ends.

Run by ``lib.evals.leash`` as a program of its own, with nothing but the standard library:

    leash_keeper.py CONTROL_FD EVENTS_FD GRACE_S COMMAND...

Further descriptors that it was given stay open until it ends, and are not handed on: a lock among them holds as long.
CONTROL_FD is a socket to the worker. The keeper writes ``pid N`` or ``error TEXT`` on it once; its end of file, which the
kernel brings about however the worker dies, is the order to end the child. The keeper ends as its child did: with the
same exit status, or by the same signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

DIES_WITH_PARENT = 1
ADOPTS_ORPHANS = 36
"""Numbers of Linux's prctl: PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER."""
SECONDS_TO_SWEEP = 5.0


def main(arguments: list[str]) -> int:
    """Start the command, wait for its end or for the order to end it, leave nothing behind; returns its exit status."""
    control = socket.socket(fileno=int(arguments[0]))
    events, grace_s, command = int(arguments[1]), float(arguments[2]), arguments[3:]
    awake = _wake_at_signals()
    _linux_only(ADOPTS_ORPHANS, 1)
    try:
        # A group of its own: it can be killed whole, and the keeper lives to tell of it.
        child = subprocess.Popen(command, pass_fds=(events,), process_group=0, preexec_fn=_die_with_keeper)
    except OSError as error:
        _tell(control, f"error {error.strerror}: {command[0]}")
        return 127
    os.close(events)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _tell(control, f"pid {child.pid}")
    if not _wait(control, awake, child, None):
        _signal_group(child, signal.SIGTERM)
        if not _wait(None, awake, child, grace_s):
            _signal_group(child, signal.SIGKILL)
            _wait(None, awake, child, None)
    # Before it is reaped: until then nobody else can have been given its number.
    _signal_group(child, signal.SIGKILL)
    status = child.wait()
    _sweep()
    return status


def _wake_at_signals() -> int:
    """A descriptor that can be read when a signal has come. Handlers, unlike SIG_IGN, are not handed on to the child."""
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.set_blocking(reading, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _wait(control: socket.socket | None, awake: int, child: subprocess.Popen[bytes], seconds: float | None) -> bool:
    """True when the child has ended; False at the end of file on ``control``, or when the time is over."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while not _has_ended(child):
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        watched: list[int | socket.socket] = [awake] if control is None else [awake, control]
        ready = select.select(watched, [], [], left)[0]
        if awake in ready:
            os.read(awake, 4096)
        if control is not None and control in ready and not control.recv(64):
            return _has_ended(child)
        if deadline is not None and time.monotonic() >= deadline:
            return _has_ended(child)
    return True


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it has, without taking its number from it where the system allows to look first."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return child.poll() is not None


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _sweep() -> None:
    """End what left the group and was handed to the keeper when its parent died (Linux; elsewhere nothing is handed)."""
    deadline = time.monotonic() + SECONDS_TO_SWEEP
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        orphans = _children()
        if not orphans:
            return
        for orphan in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(orphan, signal.SIGKILL)
        time.sleep(0.01)


def _children() -> list[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    try:
        return [int(number) for number in listed.read_text().split()]
    except OSError:
        return []


def _die_with_keeper() -> None:
    _linux_only(DIES_WITH_PARENT, signal.SIGKILL)


def _linux_only(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _tell(control: socket.socket, text: str) -> None:
    with contextlib.suppress(OSError):
        control.sendall(text.encode() + b"\n")


def _end_as(status: int) -> None:
    """End this process as the child ended, so that whoever waits for it learns of a signal as of a signal."""
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -status not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    _end_as(main(sys.argv[1:]))
