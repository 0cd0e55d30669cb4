"""While the store is being filled: one quiet line that counts, and a rerun when there is more to see."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import streamlit as st

from lib import formats
from lib.settings import read_settings

SECONDS = 2
STALE_AFTER = 60
"""Seconds without a word from the filling process after which it counts as gone (killed, or the machine slept)."""


def read_progress(path: Path) -> dict[str, Any] | None:
    """What the filling process last wrote; None when there is none, it has finished, or it went silent."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError):
        # Not there yet, or read while it was replaced: the next look will do.
        return None
    if not isinstance(written, dict) or written.get("state") != "running" or age > STALE_AFTER:
        return None
    return written


def show() -> None:
    """The line, if the store is being filled; it refreshes by itself and draws the page anew when it is done."""
    if read_progress(_path()) is not None:
        _line()


@st.fragment(run_every=SECONDS)
def _line() -> None:
    written = read_progress(_path())
    if written is None:
        st.rerun()
    done, total = formats.number(written.get("done")), formats.number(written.get("total"))
    label = formats.markdown(written.get("label") or "Reading the shipped data", 80)
    words = f"{label}: {formats.count(done)} of {formats.count(total)}" if total else label
    st.progress(min(1.0, (done or 0) / total) if total else 0.0, text=f":gray[{words}. Pages show what is in so far.]")


def _path() -> Path:
    return read_settings().data_dir / "fill.json"
