"""What the server's sockets are told before the first reader comes."""

from __future__ import annotations

import os
import socket
import stat

HIGHEST_DESCRIPTOR = 256


def send_without_delay() -> int:
    """Switch off the delay of small messages on this process's listening sockets; returns on how many.

    A rerun is many small messages. With the system's default each waits for the acknowledgement of the one before, which a
    reader's system holds back for 40 ms: more than most reruns take. asyncio switches that off itself, but only on
    sockets that were made with the protocol named, which Streamlit's is not. Accepted sockets inherit the option.
    """
    n = 0
    for descriptor in range(3, HIGHEST_DESCRIPTOR):
        if not _is_socket(descriptor):
            continue
        with socket.socket(fileno=os.dup(descriptor)) as listening:
            is_tcp = listening.family in (socket.AF_INET, socket.AF_INET6) and listening.type == socket.SOCK_STREAM
            if is_tcp and listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                n += 1
    return n


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:  # not open
        return False
