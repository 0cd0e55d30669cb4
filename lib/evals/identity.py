"""Who a worker is, so that another one on the same machine can tell at once that it has ended."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil


def this_process() -> dict[str, Any]:
    """machine (a digest, not a name), pid and time of start of this process."""
    own = psutil.Process()
    return {"machine": machine(), "pid": own.pid, "born": own.create_time()}


def machine() -> str:
    """The same for processes that can see each other's numbers, and for no others: host, boot and namespace in a digest."""
    parts = [platform.node()]
    for path in (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")):
        try:
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text().strip())
        except OSError:
            parts.append("")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def has_ended(process: Mapping[str, Any]) -> bool:
    """True when the process was on this machine and is gone; False when it runs, or is elsewhere."""
    if process.get("machine") != machine() or process.get("pid") == os.getpid():
        return False
    try:
        there = psutil.Process(process["pid"])
        return there.create_time() != process["born"] or there.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
