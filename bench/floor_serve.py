"""The server of the floors: Streamlit with the project's own settings of sockets and compression, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st

from lib.api.sockets import send_without_delay


@contextlib.asynccontextmanager
async def process(app: st.App) -> AsyncIterator[None]:
    """As ``serve.py`` does it; the way of sending is no part of what a page costs."""
    send_without_delay()
    yield


app = st.App(Path(__file__).with_name("floor_page.py"), lifespan=process)
