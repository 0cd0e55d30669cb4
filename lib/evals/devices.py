"""What this machine's models can run on, found without loading any of their packages."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from typing import Literal

import psutil

Device = Literal["cpu", "cuda", "mps"]
ANSWER_S = 10.0


def found_device() -> Device:
    """cuda where NVIDIA's driver answers, mps on a Mac with Apple's own chip, else cpu."""
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "mps"
    return "cuda" if cuda_memory_gib() is not None else "cpu"


def memory_gib(device: Device) -> float | None:
    """Memory of the device: the machine's own for cpu and mps; of a GPU the first one's; None where nobody tells."""
    return cuda_memory_gib() if device == "cuda" else psutil.virtual_memory().total / 2**30


def cuda_memory_gib() -> float | None:
    """Memory of the first GPU that this process may use; None without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    question = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(question, capture_output=True, text=True, timeout=ANSWER_S, check=True).stdout.split()
        return float(told[0]) / 1024 if told else None
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
