"""An upload from its folder into the store: read, taken in under its owner, and ended with a report; all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.archives import Limits
from lib.sources.ingest import Progress, Step, Summary, ingest_raw
from lib.sources.texts import storable
from lib.sources.walk import Raw, walk
from lib.store import uploads
from lib.store.clock import now
from lib.store.db import Store
from lib.store.details import runs_of_raw
from lib.store.prepared import Holder
from lib.store.uploads import Upload

SECONDS_BETWEEN_NOTES = 2.0
SECONDS_OF_SILENCE = {"reading": 600.0, "received": 3600.0}
"""After which whoever reads an upload is taken to have ended with its process: one large file takes minutes on a busy
machine, and what was received waits for those before it."""
MOST_NAMED = 200
"""Files that a report names with a reason; beyond it they are counted."""
GONE = "The server ended while it read this. Nothing of it was kept; send it again."
UNREADABLE = "The server could not read this to its end. Nothing of it was kept; its log says why."


def bring(store: Store, upload: Upload, folder: Path, settings: Settings, progress: Progress | None = None) -> None:
    """Take in what lies in a folder, and end the upload: taken, refused where nothing of it could be used, or failed.

    Args:
        store: The store.
        upload: One that has been received.
        folder: Its files, under their own names.
        settings: For the size limit of a file.
        progress: Called as by ``ingest``.

    Raises:
        Whatever reading raises; the upload has then failed.
    """
    notes = _Notes(store, upload, folder, progress)
    summary: Summary | None = None
    try:
        notes.write()
        holder = Holder(upload.owner, upload.visibility)
        raws = raws_in(folder, Limits.for_uploads(settings.max_upload_bytes))
        summary = ingest_raw(store, raws, progress=notes.step, holder=holder, pending=upload.id)
    finally:
        if summary is None:
            give_up(store, upload.id, UNREADABLE)
    uploads.finish(
        store,
        upload.id,
        "taken" if summary.taken else "refused",
        raw_digests=list(summary.taken),
        n_files=summary.imported,
        n_results=summary.results,
        said=report_of(store, summary),
    )


def raws_in(folder: Path, limits: Limits) -> Iterator[Raw | RefusedInput]:
    """Every file in a folder under the name that it has in it: where the folder lies is nobody's business."""
    own = f"{storable(str(folder))}/"
    for raw in walk([folder], limits):
        if isinstance(raw, RefusedInput):
            told = raw.file.removeprefix(own)
            yield RefusedInput(raw.reason, file=told, place=raw.place, expected=raw.expected, found=raw.found or None)
            continue
        assert raw.path is not None
        raw.given = raw.name = storable(raw.path.relative_to(folder).as_posix())
        yield raw


def report_of(store: Store, summary: Summary) -> dict[str, Any]:
    """What became of every file, JSON: counts, refusals and warnings with their reasons, and the runs that it holds."""
    issues = {
        name: [{"file": one.file, "reason": one.reason} for one in found[:MOST_NAMED]]
        for name, found in (("refused", summary.refused), ("warnings", summary.warnings))
    }
    return {
        "imported": summary.imported,
        "unchanged": summary.unchanged,
        "results": summary.results,
        "samples": summary.samples,
        "n_refused": len(summary.refused),
        "n_warnings": len(summary.warnings),
        **issues,
        "runs": [run[:12] for run in runs_of_raw(store, list(summary.taken))][:MOST_NAMED],
    }


def is_abandoned(upload: Upload, at: datetime | None = None) -> bool:
    """Whether nobody has said anything of an upload for so long that its reader must have ended."""
    if upload.state not in SECONDS_OF_SILENCE:
        return False
    last = datetime.fromisoformat(str(upload.report.get("heard_at") or upload.made_at).replace("Z", "+00:00"))
    return ((at or datetime.now(UTC)) - last).total_seconds() > SECONDS_OF_SILENCE[upload.state]


def give_up(store: Store, upload: str, why: str) -> None:
    """End an upload that will not be read to its end; nothing of it is ever seen, unless it is sent again."""
    uploads.finish(store, upload, "failed", raw_digests=(), n_files=0, n_results=0, said={"error": why})


class _Notes:
    """How far the reading is, written down now and then: it is also the sign that somebody reads."""

    def __init__(self, store: Store, upload: Upload, folder: Path, progress: Progress | None) -> None:
        self._store, self._upload, self._progress = store, upload, progress
        self._n_files = sum(path.is_file() for path in folder.rglob("*"))
        self._written = 0.0
        self._step = Step(0, "")

    def step(self, step: Step) -> None:
        self._step = step
        if time.monotonic() - self._written > SECONDS_BETWEEN_NOTES:
            self.write()
        if self._progress is not None:
            self._progress(step)

    def write(self) -> None:
        self._written = time.monotonic()
        said = {"heard_at": now(), "n_files_read": self._step.n_files, "n_files": self._n_files}
        uploads.report(self._store, self._upload.id, "reading", said)
