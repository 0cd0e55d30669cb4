"""The server of the floors: Streamlit with the project's own settings of sockets, and nothing else.

``P4P_BENCH_COMPRESSED=1`` adds the project's compression of files, for what a new visitor waits.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from lib.api.compression import Compression
from lib.api.sockets import send_without_delay


@contextlib.asynccontextmanager
async def process(app: st.App) -> AsyncIterator[None]:
    """As ``serve.py`` does it; the way of sending is no part of what a page costs."""
    send_without_delay()
    yield


app = st.App(
    Path(__file__).with_name("floor_page.py"),
    middleware=[Middleware(Compression)] if os.environ.get("P4P_BENCH_COMPRESSED") else [],
    lifespan=process,
)
