"""What a drop of files is, before anything is stored: read, identified, measured against the store, and nothing kept.

The same readers run as in an import, one file at a time, so that what is said here is what an import would do. Memory is
that of an import: the largest file, one member of a zip and what is parsed of it; of each file only a summary stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from lib.access import OWN_MACHINE
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources import registry
from lib.sources.archives import Limits, Member
from lib.sources.looking_records import FileLook, ModelLook, RunLook, as_json
from lib.sources.looking_runs import Known, look_at_log, look_at_run
from lib.sources.prepare import Meta, Preparer
from lib.sources.walk import Raw, is_clutter, is_companion, walk
from lib.store import read
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.samples import SampleFile
from lib.store.write import PreparedFile, refuse_impossible

Progress = Callable[[int, str], None]
"""Called with the number of files looked at, and the last one."""


@dataclass
class Look:
    """What a drop is.

    Args:
        files: One per file; members of zips count as files.
        rows: One per run and benchmark, its headline score: ``run`` (number in this look, from 0), ``model`` (id that
            it would get, or None), and the columns of ``Frames.scores`` that decide what may be compared. For
            ``lib.analysis.upload_look``.
    """

    files: list[FileLook] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def runs(self) -> list[RunLook]:
        """Every run, in the order of their numbers."""
        return [run for file in self.files for run in file.runs]

    @property
    def models(self) -> list[ModelLook]:
        """Every model that the runs name, each spelling once."""
        return list({run.model.spelling: run.model for run in self.runs}.values())

    def of(self, state: str) -> list[FileLook]:
        """The files of one state."""
        return [file for file in self.files if file.state == state]

    def frame(self) -> pd.DataFrame:
        """``rows`` as a frame."""
        return pd.DataFrame(self.rows)

    def as_json(self) -> dict[str, Any]:
        """Files with their runs, as plain values."""
        return {"files": [as_json(file) for file in self.files], "counts": self.counts()}

    def counts(self) -> dict[str, int]:
        """How many files of each state, runs, results and answers of logs."""
        states = ("new", "known", "withdrawn", "refused", "passed over")
        runs = self.runs
        return {
            **{state.replace(" ", "_"): len(self.of(state)) for state in states},
            "runs": len(runs),
            "results": sum(run.n_results for run in runs),
            "samples": sum(run.n_samples for run in runs),
        }


def look_at_paths(
    store: Store,
    paths: Iterable[Path],
    *,
    settings: Settings,
    frames: Frames,
    owner: str = OWN_MACHINE,
    progress: Progress | None = None,
) -> Look:
    """``look`` at files, folders and zips."""
    limits = Limits.for_uploads(settings.max_upload_bytes)
    return look(store, walk(list(paths), limits), frames=frames, owner=owner, progress=progress)


def look(
    store: Store,
    raws: Iterable[Raw | RefusedInput],
    *,
    frames: Frames,
    owner: str = OWN_MACHINE,
    progress: Progress | None = None,
) -> Look:
    """Look at files without storing anything.

    Args:
        store: With the sight of whoever asks: what others keep private is neither found nor named.
        raws: Files one at a time (``walk.walk``, ``walk.from_bytes``).
        frames: The store's frames, of the same sight.
        owner: Who would bring the files: what they hold already is known, what others hold is told as a double.
        progress: Called after each file.
    """
    work = _Looking(store, frames, owner, progress)
    for raw in raws:
        if isinstance(raw, RefusedInput):
            work.note(FileLook(raw.file, "refused", reason=raw.message))
        else:
            work.take(raw)
    return work.found


class _Looking:
    """One look under way."""

    def __init__(self, store: Store, frames: Frames, owner: str, progress: Progress | None) -> None:
        self.found = Look()
        self._progress = progress
        self._preparer = Preparer(store, shipped=False, meta=Meta(), keep=_measure)
        self._known = Known.of(store, frames)
        sources = read.sources(store)
        own = sources.loc[sources["owner"] == owner, ["raw_digest", "member", "name", "imported_at", "withdrawn_at"]]
        self._sources = {(row["raw_digest"], row["member"]): row for row in own.to_dict("records")}

    def take(self, raw: Raw) -> None:
        for member in raw.members():
            if isinstance(member, RefusedInput):
                self.note(FileLook(member.file, "refused", reason=member.message))
            elif not (raw.is_zip and is_clutter(member.path)):
                self.note(self._file(raw, member))

    def note(self, file: FileLook) -> None:
        self.found.files.append(file)
        if self._progress:
            self._progress(len(self.found.files), file.name)

    def _file(self, raw: Raw, member: Member) -> FileLook:
        shown = f"{raw.given}!/{member.path}" if member.path else raw.given
        looked = FileLook(shown, "new", n_bytes=len(member.content))
        before = self._sources.get((raw.digest, member.path))
        try:
            prepared, looked.warnings = self._preparer.prepare(raw.digest, member)
            refuse_impossible(prepared)
        except RefusedInput as refusal:
            is_beside = (raw.is_zip or not raw.is_named) and is_companion(member.path or raw.name)
            looked.state = "passed over" if is_beside else "refused"
            looked.reason = "it accompanies the results and holds none" if is_beside else refusal.message
            return looked
        looked.importer, looked.importer_version = prepared.importer, prepared.importer_version
        looked.describes = next(i.describes for i in registry.importers() if i.name == prepared.importer)
        looked.tables = {name: len(rows) for name, rows in prepared.parsed.tables.items() if rows}
        if before is not None:
            is_withdrawn = pd.notna(before["withdrawn_at"])
            looked.state = "withdrawn" if is_withdrawn else "known"
            looked.before = str(before["name"])
            looked.before_on = str(before["withdrawn_at" if is_withdrawn else "imported_at"])[:10]
        self._take_runs(looked, prepared)
        return looked

    def _take_runs(self, looked: FileLook, prepared: PreparedFile) -> None:
        is_log = self._preparer.n_attached(prepared) > 0
        for run in prepared.runs:
            number = len(self.found.runs) + len(looked.runs)
            if is_log:
                looked.runs.append(look_at_log(run, number, self._known, self._preparer.naming))
                continue
            seen, rows = look_at_run(run, number, looked.name, self._known, self._preparer.naming)
            looked.runs.append(seen)
            self.found.rows += rows


def _measure(store: Store, table: pa.Table) -> SampleFile:
    """What a log would take, without keeping it."""
    return SampleFile("", table.num_rows, table.nbytes)
