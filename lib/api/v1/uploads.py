"""Uploads: results and samples sent in, the doctor's report on them, and taking them back."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path as FilePath
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field

from lib.access import VISIBILITIES, Reader, may_change
from lib.analysis.json_rows import records
from lib.api.v1.asking import Asks, permit, readings_of
from lib.api.v1.problems import Problem, described
from lib.api.v1.readings import Readings
from lib.api.v1.receiving import KIND, Received, receive
from lib.api.v1.routes import resource
from lib.errors import RefusedInput
from lib.sources import bring, staging
from lib.store import uploads as stored
from lib.store.db import Store
from lib.store.uploads import Upload

router = resource("uploads")
MOST_AT_ONCE = 8
"""Uploads that are received or wait to be read at a time; each has a folder on the disk."""
MORE_THAN_FILES = 1_000_000
"""Bytes of a form besides its files."""
_PLACES = threading.BoundedSemaphore(MOST_AT_ONCE)
# One at a time: reading takes the interpreter that also makes everybody's pages.
_DESK = ThreadPoolExecutor(1, thread_name_prefix="uploads")
_LOG = logging.getLogger("p4p.api")
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            KIND: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "minItems": 1,
                            "description": "Results, samples, zips; folders in the file name are kept.",
                        },
                        "visibility": {"type": "string", "enum": list(VISIBILITIES), "default": "private"},
                        "replaces": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
                    },
                }
            }
        },
    }
}


class Issue(BaseModel):
    """A file and what is to be said about it."""

    file: str
    reason: str


class Report(BaseModel):
    """What the doctor says. While an upload is read only ``n_files_read`` and ``n_files`` are known."""

    n_files_read: int | None = None
    n_files: int | None = None
    imported: int | None = Field(default=None, description="Files taken in now; members of zips count.")
    unchanged: int | None = Field(default=None, description="Files that were there already.")
    results: int | None = None
    samples: int | None = None
    n_refused: int | None = None
    n_warnings: int | None = None
    refused: list[Issue] = []
    warnings: list[Issue] = []
    runs: list[str] = Field(default=[], description="Runs that it holds, for /runs/{run}.")
    error: str | None = Field(default=None, description="Why it could not be read to its end.")


class UploadTold(BaseModel):
    """One upload."""

    id: str
    state: str = Field(description="received, reading, taken, refused (nothing in it could be used) or failed.")
    visibility: str
    wants_public: bool = Field(description="Waits for an admin to make it public.")
    name: str
    made_at: str
    replaces: str | None
    undone_at: str | None
    n_files: int
    n_results: int


class UploadReported(UploadTold):
    """One upload with the doctor's report."""

    report: Report


class Uploads(BaseModel):
    """Uploads, newest first."""

    rows: list[UploadTold]


Id = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]


@router.post(
    "/uploads", status_code=202, summary="Send results and samples in", openapi_extra=BODY, responses=described(400, 413, 415)
)  # fmt: skip
async def upload(request: Request, response: Response, reader: Asks) -> UploadReported:
    permit(reader, "upload")
    readings = readings_of(request)
    if not _PLACES.acquire(blocking=False):
        raise Problem(503, "Several uploads are under way. Try again in a minute.", headers={"Retry-After": "30"})
    folder = FilePath(tempfile.mkdtemp(prefix="p4p-upload-"))
    is_handed_over = False
    try:
        received = await receive(request, folder)
        begun = await run_sync(_begin, readings, reader, received, folder)
        reading = _DESK.submit(_read, readings.store(), begun, folder, request.app.state.counts)
        reading.add_done_callback(_write_down)
        is_handed_over = True
    finally:
        if not is_handed_over:
            await run_sync(_put_away, folder)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/uploads/{begun.id}"
    return _told(begun)


@router.get("/uploads", summary="One's own uploads, or those that wait to be made public")
def uploads(
    request: Request,
    reader: Asks,
    waiting: Annotated[bool, Query(description="Everybody's that wait for an admin.")] = False,
) -> Uploads:
    permit(reader, "make public" if waiting else "upload")
    store = _store(request, reader)
    rows = records(stored.uploads_waiting(store) if waiting else stored.uploads_of(store, reader.subject))
    return Uploads(rows=[UploadTold.model_validate(row) for row in rows])


@router.get("/uploads/{upload}", summary="One upload with the doctor's report")
def upload_report(request: Request, reader: Asks, upload: Id) -> UploadReported:
    permit(reader, "upload")
    return _told(_own(_store(request, reader), reader, upload))


@router.delete("/uploads/{upload}", summary="Take an upload back; nothing is deleted", responses=described(409))
def undo_upload(request: Request, reader: Asks, upload: Id) -> UploadReported:
    store = _store(request, reader)
    found = _changeable(store, reader, upload)
    if found.state != "taken":
        raise Problem(409, f"This upload is {found.state}: there is nothing to take back.")
    if found.undone_at is None:
        stored.undo(store, upload, by=reader.subject)
    return _told(_changeable(store, reader, upload))


@router.post("/uploads/{upload}/restore", summary="Bring back what was taken back", responses=described(409))
def restore_upload(request: Request, reader: Asks, upload: Id) -> UploadReported:
    store = _store(request, reader)
    found = _changeable(store, reader, upload)
    if found.state != "taken":
        raise Problem(409, f"This upload is {found.state}: there is nothing to bring back.")
    if found.undone_at is not None:
        stored.redo(store, upload, by=reader.subject)
    return _told(_changeable(store, reader, upload))


def _store(request: Request, reader: Reader) -> Store:
    return readings_of(request).store().seen_by(reader.sight)


def _own(store: Store, reader: Reader, upload: str) -> Upload:
    """An upload of this reader; one that nobody reads any more is ended first."""
    found = stored.upload_of(store, upload, owner=reader.subject)
    if found is None:
        raise Problem(404, "You have no such upload.")
    if bring.is_abandoned(found):
        bring.give_up(store, upload, bring.GONE)
        found = stored.upload_of(store, upload, owner=reader.subject)
        assert found is not None
    return found


def _changeable(store: Store, reader: Reader, upload: str) -> Upload:
    """An upload that this reader may take back; an admin any, others their own, and of others' they learn nothing."""
    permit(reader, "upload")
    found = stored.upload_of(store, upload)
    if found is None or not may_change(reader, found.owner):
        raise Problem(404, "You have no such upload.")
    return found if found.owner == reader.subject else found._replace(report={})


def _begin(readings: Readings, reader: Reader, received: Received, folder: FilePath) -> Upload:
    """Note what was received, after asking whether it may be.

    Raises:
        Problem: 422 for a field that does not fit, 413 where the quota is used up.
    """
    asked = next((one for one in VISIBILITIES if one == (received.fields.get("visibility") or "private")), None)
    if asked is None:
        raise Problem(422, "No such visibility.", places=[("body.visibility", "private, workspace or public")])
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    replaces = received.fields.get("replaces") or None
    try:
        return staging.begin(readings.store(), reader, received.names, n_bytes, visibility=asked, replaces=replaces)
    except staging.OverQuota as refusal:
        raise Problem(413, f"{refusal.reason[0].upper()}{refusal.reason[1:]}.") from refusal
    except RefusedInput as refusal:
        raise Problem(422, refusal.message, places=[("body.replaces", refusal.reason)]) from refusal


def _read(store: Store, upload: Upload, folder: FilePath, counts: Any) -> None:
    """On the desk's thread: take in what was received."""
    try:
        bring.bring(store, upload, folder, store.settings)
    finally:
        _put_away(folder)
        ended = stored.upload_of(store, upload.id)
        counts.uploads.labels("failed" if ended is None else ended.state).inc()


def _write_down(reading: Future[None]) -> None:
    """What went wrong on the desk's thread, for the server's log."""
    error = reading.exception()
    if error is not None:
        _LOG.error("An upload could not be read to its end.", exc_info=error)


def _put_away(folder: FilePath) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _PLACES.release()


def _told(upload: Upload) -> UploadReported:
    return UploadReported.model_validate(upload._asdict())
