"""A reader without a browser: speaks Streamlit's own protocol over its websocket, so a rerun is timed as it is served."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from lib.settings import ROOT

START_S = 180
RERUN_S = 300


@dataclass
class Seen:
    """What one rerun sent.

    Args:
        seconds: From the request to the message that the script has finished.
        elements: Every element that was sent, in order.
        n_bytes: Size of all messages.
        pages: Addresses in the menu.
    """

    seconds: float
    elements: list[Element] = field(default_factory=list)
    n_bytes: int = 0
    pages: list[str] = field(default_factory=list)

    @property
    def error(self) -> str | None:
        """Text of the first exception on the page."""
        return next((e.exception.message for e in self.elements if e.WhichOneof("type") == "exception"), None)


class Talk:
    """What a browser keeps of one page: the state of its widgets and its address.

    Args:
        page: Its address without the host.
        query: What is behind the question mark of it.
    """

    def __init__(self, page: str = "", query: str = "") -> None:
        self.page, self._query = page, query
        self._hash = ""
        self._widgets: dict[str, WidgetState] = {}

    def request(self, *changes: WidgetState) -> bytes:
        """The message that asks for a rerun after these changes."""
        for change in changes:
            self._widgets[change.id] = change
        message = BackMsg()
        state = message.rerun_script
        state.page_name, state.page_script_hash = ("", self._hash) if self._hash else (self.page, "")
        state.query_string = self._query
        state.widget_states.widgets.extend(self._widgets.values())
        state.context_info.timezone = "UTC"
        state.context_info.locale = "en"
        state.context_info.url = f"http://127.0.0.1/{self.page}"
        return message.SerializeToString()

    def take(self, raw: str | bytes, seen: Seen) -> bool:
        """Notes one message of the server in ``seen``; True for the last one of a rerun."""
        assert isinstance(raw, bytes)
        seen.n_bytes += len(raw)
        forward = ForwardMsg.FromString(raw)
        kind = forward.WhichOneof("type")
        if kind == "delta" and forward.delta.WhichOneof("type") == "new_element":
            seen.elements.append(forward.delta.new_element)
        elif kind == "navigation":
            seen.pages = [page.url_pathname for page in forward.navigation.app_pages if not page.is_hidden]
            self._hash = forward.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = forward.page_info_changed.query_string
        return kind == "script_finished"


class Viewer:
    """One session of one page."""

    def __init__(self, connection: ClientConnection, page: str, query: str = "") -> None:
        self._connection = connection
        self._talk = Talk(page, query)

    def rerun(self, *changes: WidgetState) -> Seen:
        """Change widgets and wait for the page to be complete."""
        seen = Seen(0.0)
        request = self._talk.request(*changes)
        start = time.perf_counter()
        self._connection.send(request)
        is_last = False
        while not is_last:
            answer_at_once(self._connection.socket)
            is_last = self._talk.take(self._connection.recv(timeout=RERUN_S), seen)
        seen.seconds = time.perf_counter() - start
        return seen


def answer_at_once(connection: socket.socket) -> None:
    """Acknowledge packets without the usual delay.

    The server's sockets wait for the acknowledgement of one small message before they send the next, and the
    kernel of an idle reader gives it after 40 ms: more than most reruns take. The option holds for one packet.
    """
    if hasattr(socket, "TCP_QUICKACK"):  # Linux
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class Server(NamedTuple):
    """A running server: host and port, and its process."""

    address: str
    process: int


@contextmanager
def served(script: str, environment: Mapping[str, str]) -> Iterator[str]:
    """A Streamlit server on a free port of the loopback, with the project's settings; yields host and port."""
    with server(script, environment) as running:
        yield running.address


@contextmanager
def server(script: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """The same with the id of its process."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", address.split(":")[1]]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "P4P_FILL": "0", "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(address, process)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def viewer(address: str, page: str = "", query: str = "") -> Iterator[Viewer]:
    """A new session of a page (its address without the host)."""
    with connect(stream(address), **wire(address)) as connection:
        yield Viewer(connection, page, query)


def stream(address: str) -> str:
    """Where a server speaks Streamlit's protocol."""
    return f"ws://{address}/_stcore/stream"


def wire(address: str) -> dict[str, Any]:
    """How to connect to it, for either kind of client."""
    return {
        "origin": Origin(f"http://{address}"),
        "subprotocols": [Subprotocol("streamlit")],
        "max_size": None,
        "compression": None,
    }


def _wait(address: str, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("the server ended while it was starting")
        try:
            if httpx.get(f"http://{address}/_stcore/health").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")
