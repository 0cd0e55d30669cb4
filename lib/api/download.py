"""The whole store as a download, sent while it is written."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from lib.errors import RefusedInput, Unavailable
from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.dump import Sink, file_name, known_format, write_dump
from lib.store.snapshots import open_snapshot

MOST_AT_ONCE = 4
"""Downloads under way at a time: each writes a temporary file and reads the whole store."""
CHUNK = 256 * 1024
_WORKERS = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="download")
_PLACES = threading.BoundedSemaphore(MOST_AT_ONCE)


def whole_store(request: Request, seen: Store | None = None) -> Response:
    """``GET /api/v1/store.zip?format=parquet|csv``: the zip of ``lib.store.dump``; 400 with a sentence for other formats.

    With ``snapshot=`` and the beginning of a digest it is that snapshot; 404 with a sentence for one that not everybody may open.

    A plain function: it runs in a thread, and so does the sending. While ``MOST_AT_ONCE`` are under way the answer is 503.

    Args:
        request: For the format.
        seen: The store with the eyes of whoever asks; None: with those of a stranger.
    """
    try:
        format = known_format(request.query_params.get("format", "parquet"))
    except RefusedInput as refusal:
        return PlainTextResponse(f"{refusal}\n", status_code=400)
    snapshot = request.query_params.get("snapshot", "")
    try:
        with _opened(snapshot, seen):
            pass
    except RefusedInput as refusal:
        return PlainTextResponse(f"{refusal}\n", status_code=404)
    except Unavailable as trouble:
        return PlainTextResponse(f"{trouble}\n", status_code=503)
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(format)}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type="application/zip")
    if not _PLACES.acquire(blocking=False):
        return PlainTextResponse(
            "Several downloads of the store are under way. Try again in a minute.\n",
            status_code=503,
            headers={"Retry-After": "60"},
        )

    def work(out: Sink) -> None:
        try:
            with _opened(snapshot, seen) as store:
                write_dump(store, out, format)
        finally:
            _PLACES.release()

    return StreamingResponse(while_written(work), media_type="application/zip", headers=headers)


@contextmanager
def _opened(snapshot: str, seen: Store | None) -> Iterator[Store]:
    """The store as it is seen, or a snapshot that whoever sees it may open.

    Raises:
        RefusedInput: If there is no such snapshot.
        Unavailable: If its file is gone.
    """
    store = open_store(read_settings()) if seen is None else seen
    try:
        if not snapshot:
            yield store
            return
        pinned = open_snapshot(store, snapshot)
        try:
            yield pinned
        finally:
            pinned.close()
    finally:
        if seen is None:
            store.close()


def while_written(work: Callable[[Sink], None]) -> Iterator[bytes]:
    """What ``work`` writes, in order, while it writes.

    The work goes on at its own speed into a temporary file, so a slow or stalled reader holds no transaction open. When
    the reader stops listening, the work is ended at its next write. What the work raises is raised here, so that a
    download which broke off does not look whole.
    """
    return _Growing(work).read()


class _Unwanted(Exception):
    """Nobody reads any more."""


class _Growing:
    """A file that one thread writes and another reads as far as it is written."""

    def __init__(self, work: Callable[[Sink], None]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the reader has gone
        self._changed = threading.Condition()
        self._n_written = 0
        self._is_wanted = True
        self._work = _WORKERS.submit(work, self)
        self._work.add_done_callback(self._wake)

    def write(self, content: bytes) -> None:
        """Append; the reader wakes up."""
        with self._changed:
            if not self._is_wanted:
                raise _Unwanted
            self._file.seek(self._n_written)
            self._file.write(content)
            self._n_written += len(content)
            self._changed.notify_all()

    def read(self) -> Iterator[bytes]:
        """Everything, in order; waits for what is not there yet. Raises what the work raised."""
        at = 0
        try:
            while content := self._next(at):
                yield content
                at += len(content)
            self._work.result()
        finally:
            with self._changed:
                self._is_wanted = False
                self._file.close()

    def _next(self, at: int) -> bytes:
        """Some bytes from there on; none when the work has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._n_written > at or self._work.done())
            self._file.seek(at)
            return self._file.read(CHUNK)

    def _wake(self, work: Future[None]) -> None:
        with self._changed:
            self._changed.notify_all()
