"""Parquet from outside, read by a program of its own: whatever becomes of that, here it is a table or a refusal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from lib.errors import RefusedInput

CHILD = Path(__file__).with_name("parquet_child.py")
SECONDS = 120
REFUSED = 3


def is_parquet(content: bytes) -> bool:
    """By its first and last bytes."""
    return content[:4] == b"PAR1" and content[-4:] == b"PAR1"


def read_details(content: bytes) -> pa.Table:
    """The columns of lighteval's details: ``doc``, ``model_response`` and ``metric``, as far as they are needed.

    Raises:
        RefusedInput: Other columns, beyond the limits, or damaged, also so that Arrow's reader dies of it.
    """
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    # -I: neither this folder nor the caller's is on the path, where a module could stand in for one of Python's own.
    command = [sys.executable, "-I", str(CHILD)]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise RefusedInput("a Parquet file that takes too long to read", expected=f"at most {SECONDS} s") from None
    if done.returncode == REFUSED:
        raise RefusedInput("a Parquet file that cannot be taken", found=done.stderr.decode("utf-8", "replace"))
    if done.returncode:
        raise RefusedInput("a damaged Parquet file", found="its reader died of it")
    return pa.ipc.open_stream(done.stdout).read_all()
