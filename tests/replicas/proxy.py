"""A small reverse proxy with sticky sessions, for tests only: what docs/deploy.md asks of the one in front of replicas.

A browser is sent to one replica by a cookie, and to another one when that is gone. A connection is looked at once, at its first
request, and is a pair of pipes from then on, so websockets and uploads pass as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Sequence

COOKIE = "p4p_replica"
_CHOSEN = re.compile(rb"\r\ncookie:[^\r\n]*\bp4p_replica=(\d+)", re.IGNORECASE)
_PIECE = 1 << 16


class Proxy:
    """In a thread of its own until ``end``.

    Args:
        ports: Of the replicas on this machine.

    ``address`` is where it answers, ``chosen`` the replica of each connection so far, ``n_sent`` the bytes that each replica got.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = list(ports)
        self.chosen: list[int] = []
        self.n_sent = [0] * len(ports)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        self.address = f"http://127.0.0.1:{self.port}"

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20))
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            asked = _CHOSEN.search(head)
            wanted = int(asked.group(1)) if asked else len(self.chosen)
            place, there, back = await self._connect(wanted % len(self._ports))
            self.chosen.append(place)
            self._count(place, back, head)
            if asked is None or int(asked.group(1)) != place:
                answer = await there.readuntil(b"\r\n\r\n") if await self._pass_body(head, reader, back, place) else b""
                first, _, rest = answer.partition(b"\r\n")
                writer.write(
                    first + f"\r\nset-cookie: {COOKIE}={place}; Path=/; HttpOnly; SameSite=Lax\r\n".encode() + rest
                )
            await asyncio.gather(self._pipe(reader, back, place), self._pipe(there, writer, None))
        writer.close()

    async def _connect(self, wanted: int) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
        """The wanted replica, or the next that answers."""
        for place in [*range(wanted, len(self._ports)), *range(wanted)]:
            with contextlib.suppress(OSError):
                return place, *await asyncio.open_connection("127.0.0.1", self._ports[place])
        raise ConnectionRefusedError

    async def _pass_body(
        self, head: bytes, reader: asyncio.StreamReader, back: asyncio.StreamWriter, place: int
    ) -> bool:
        """What follows the head of the first request, so that its answer can be waited for."""
        told = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        left = int(told.group(1)) if told else 0
        while left:
            piece = await reader.read(min(left, _PIECE))
            if not piece:
                back.close()
                return False
            self._count(place, back, piece)
            await back.drain()
            left -= len(piece)
        return True

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: int | None) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                if place is None:
                    writer.write(piece)
                else:
                    self._count(place, writer, piece)
                await writer.drain()
        writer.close()

    def _count(self, place: int, writer: asyncio.StreamWriter, piece: bytes) -> None:
        self.n_sent[place] += len(piece)
        writer.write(piece)
