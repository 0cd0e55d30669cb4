"""Small messages leave at once: accepted connections have no delay."""

from __future__ import annotations

import os
import socket

from lib.api.sockets import send_without_delay


def test_connections_accepted_afterwards_have_no_delay() -> None:
    # As Streamlit makes it: without a protocol, so that asyncio would leave it alone.
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        open_before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH208, PTH112
        assert send_without_delay() >= 1
        if open_before:
            assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
