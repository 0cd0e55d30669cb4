"""Files into the store: recognise, read, identify, and write whole files in short transactions.

Everything slow (unpacking, hashing, parsing, writing Parquet) is done before a transaction begins; a transaction
holds several whole files. A process killed at any moment leaves all or nothing of each file, and what was
reported as taken in is in the store.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from lib.access import Sight
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources import registry
from lib.sources.archives import Limits, Member
from lib.sources.naming import name_again
from lib.sources.prepare import Meta, Preparer
from lib.sources.walk import Raw, is_clutter, is_companion, walk
from lib.store import read
from lib.store.db import Store
from lib.store.prepared import OPEN
from lib.store.raw import keep_raw
from lib.store.write import Batch, Holder, PreparedFile, RawFile, Refusal, write_batches

FILES_PER_TRANSACTION = 200
RESULTS_PER_TRANSACTION = 20_000
STILL_THERE = "; what an earlier importer read of it is kept as it was, and can be withdrawn"
"""Said of a file that the importers of today refuse. Its rows stay: they may be right, and only a reader takes away."""

NAMING_TABLES = {"models", "model_aliases"}


class Issue(NamedTuple):
    """A file and what is to be said about it."""

    file: str
    reason: str


@dataclass
class Summary:
    """What became of every file of an import; members of zips count as files.

    ``imported`` counts files taken in now (also read again by a newer importer), ``unchanged`` those that were there;
    ``results`` and ``samples`` are the rows that came with the former. ``taken`` are the raw files with something that
    could be read, now or before: digest to name as given.
    """

    imported: int = 0
    unchanged: int = 0
    results: int = 0
    samples: int = 0
    refused: list[Issue] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Counts and issues."""
        return {name: value for name, value in asdict(self).items() if name != "taken"} | {
            "refused": [issue._asdict() for issue in self.refused],
            "warnings": [issue._asdict() for issue in self.warnings],
        }


class Step(NamedTuple):
    """How far an import is.

    Args:
        n_files: Files dealt with so far.
        file: The last one.
        acknowledged: Files that went into the store with the transaction just committed; empty between commits.
    """

    n_files: int
    file: str
    acknowledged: tuple[str, ...] = ()


Progress = Callable[[Step], None]


def ingest(
    store: Store,
    paths: Iterable[Path],
    *,
    settings: Settings,
    progress: Progress | None = None,
    shipped: bool = False,
    meta: Meta | None = None,
    holder: Holder = OPEN,
) -> Summary:
    """Import files, folders and zips. One bad file never stops the others.

    Args:
        store: An open store.
        paths: What to import; a folder is searched with everything below it.
        settings: For the size limit of a file.
        progress: Called after each file and after each transaction.
        shipped: True for the project's own data.
        meta: Title, address, licence and date of everything in ``paths``.
        holder: Whose what comes in is, and who may see it.
    """
    limits = Limits.for_uploads(settings.max_upload_bytes)
    return ingest_raw(store, walk(list(paths), limits), progress=progress, shipped=shipped, meta=meta, holder=holder)


def ingest_raw(
    store: Store,
    raws: Iterable[Raw | RefusedInput],
    *,
    progress: Progress | None = None,
    shipped: bool = False,
    meta: Meta | None = None,
    holder: Holder = OPEN,
    pending: str | None = None,
) -> Summary:
    """Import files that are already in memory (uploads, kept raw files); as ``ingest``.

    Args:
        pending: The upload that they belong to: nothing new of it is seen before ``lib.store.uploads.finish``.
    """
    work = _Import(store, progress, Preparer(store, shipped, meta or Meta()), holder, pending)
    with _rare_collections():
        for raw in raws:
            if isinstance(raw, RefusedInput):
                work.refuse(raw)
            else:
                work.take(raw)
        work.finish()
    return work.summary


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Parsing makes many objects and no cycles: looking for cycles after each 700 costs a tenth of an import."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass
class _Pending:
    """What the next transaction writes of one raw file."""

    raw: RawFile
    given: str
    files: list[PreparedFile] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    is_finished: bool = False

    def batch(self, files: list[PreparedFile], holder: Holder, pending: str | None) -> Batch:
        return Batch(self.raw, files, self.refusals, registry.state() if self.is_finished else None, holder, pending)


class _Import:
    """One import under way: transactions that fill, and the summary."""

    def __init__(
        self, store: Store, progress: Progress | None, preparer: Preparer, holder: Holder, pending: str | None
    ) -> None:
        self.summary = Summary()
        self._store = store
        self._progress = progress
        self._holder, self._upload = holder, pending
        self._known = read.known_sources(store, holder.owner)
        self._n_known = Counter(digest for digest, _ in self._known)
        self._finished = read.finished_raw(store, holder.owner)
        self._preparer = preparer
        self._pending: dict[str, _Pending] = {}
        self._n_pending = 0
        self._n_files = 0
        self._is_catalogue_new = False
        self._postponed: list[_Pending] | None = []
        self._refusals: dict[str, list[tuple[str, str]]] | None = None

    def refuse(self, refusal: RefusedInput) -> None:
        """A file that could not even be opened."""
        self.summary.refused.append(Issue(refusal.file, refusal.message))
        self._step(refusal.file)

    def take(self, raw: Raw) -> None:
        """Import one raw file: itself, or every member of it."""
        if self._n_known[raw.digest]:
            self.summary.taken[raw.digest] = raw.given
        if self._finished.get(raw.digest) == registry.state():
            self._replay(raw)
            return
        refusals: list[Refusal] = []
        pending: _Pending | None = None
        for member in raw.members():
            if isinstance(member, RefusedInput):
                refusals.append(self._refused(raw, _member_of(member.file, raw.name), member))
            elif raw.is_zip and is_clutter(member.path):
                continue
            elif self._is_known(raw, member):
                pending = pending or self._pend(raw)
                self.summary.unchanged += 1
                self._step(_as_given(raw, member.path))
            else:
                prepared = self._prepared(raw, member, refusals)
                if prepared is not None:
                    # Kept before the first transaction that names it, and only if something in it can be used.
                    pending = pending or self._pend(raw)
                    pending.files.append(prepared)
                    pending.is_finished = not raw.is_zip
                    self._make_room(prepared)
                    pending = self._pend(raw) if raw.digest not in self._pending else pending
        if not raw.is_zip:
            if refusals and self._n_known[raw.digest]:  # so that these importers need not try again
                pending = pending or self._pend(raw)
                pending.refusals, pending.is_finished = refusals, True
            return
        if refusals and self._preparer.is_shipped:  # listed with their reasons, even if nothing else is in the zip
            pending = pending or self._pend(raw)
        if pending is not None:
            pending.refusals = refusals
            pending.is_finished = True
            self.flush()

    def flush(self) -> None:
        """Write what is pending in one transaction, then say so."""
        waiting, self._pending, self._n_pending = self._pending, {}, 0
        if waiting:
            self._write(list(waiting.values()))

    def finish(self) -> None:
        """Write the rest; names that waited may mean something by now."""
        self.flush()
        postponed, self._postponed = self._postponed or [], None
        for pending in postponed:
            self._write([pending])
        if self._is_catalogue_new:
            name_again(self._store)

    def _write(self, waiting: list[_Pending]) -> None:
        community = self._preparer.naming.take_new()
        try:
            outcomes = write_batches(
                self._store, [p.batch(p.files, self._holder, self._upload) for p in waiting], community
            )
        except RefusedInput as refusal:
            self._write_one_by_one(waiting, community, refusal)
            return
        names = []
        files = [(p, file) for p in waiting for file in p.files]
        for (pending, file), outcome in zip(files, outcomes, strict=True):
            self.summary.taken[pending.raw.digest] = pending.given
            if outcome.state == "unchanged":
                self.summary.unchanged += 1
            else:
                self.summary.imported += 1
                self.summary.results += outcome.n_results - self._preparer.n_attached(file)
                self.summary.samples += outcome.n_samples
            names.append(_shown(pending.given, file.member))
            if NAMING_TABLES & file.parsed.tables.keys():
                self._preparer.naming.refresh()
                self._is_catalogue_new = True
        if names and self._progress:
            self._progress(Step(self._n_files, names[-1], tuple(names)))

    def _write_one_by_one(
        self, waiting: list[_Pending], community: list[dict[str, Any]], refusal: RefusedInput
    ) -> None:
        """The store refuses one of these files: find it, so that the others still go in."""
        files = [(p, file) for p in waiting for file in p.files]
        if not files:
            raise refusal  # no file is to blame, so trying again one by one would never end
        if len(files) == 1:
            pending, file = files[0]
            if file.parsed.tables and self._postponed is not None:
                self._postponed.append(pending)  # aliases may come before the models that they mean
                return
            self.summary.refused.append(Issue(_shown(pending.given, file.member), refusal.message))
            refusals = [*pending.refusals, Refusal(file.member, file.name, refusal.message)]
            if pending.raw.digest in self._n_known or file.member:
                self._write([replace(pending, files=[], refusals=refusals)])
            return
        self._preparer.naming.put_back(community)
        for pending, file in files:
            self._write([_Pending(pending.raw, pending.given, [file])])
        for pending in waiting:
            if pending.refusals or pending.is_finished:
                self._write([replace(pending, files=[])])

    def _prepared(self, raw: Raw, member: Member, refusals: list[Refusal]) -> PreparedFile | None:
        """Read one file; None when it was refused, which is then noted."""
        try:
            prepared, warnings = self._preparer.prepare(raw.digest, member)
        except RefusedInput as refusal:
            if (raw.is_zip or not raw.is_named) and is_companion(member.path or raw.name):
                self._warn(raw, member.path, "passed over: it accompanies the results and holds none")
            else:
                refusals.append(self._refused(raw, member.path, refusal))
            return None
        for warning in warnings:
            self._warn(raw, member.path, warning)
        self._step(_as_given(raw, member.path))
        return prepared

    def _pend(self, raw: Raw) -> _Pending:
        if raw.digest not in self._finished and raw.digest not in self._n_known:
            keep_raw(self._store, raw.content)
        described = RawFile(raw.digest, raw.name, len(raw.content))
        return self._pending.setdefault(raw.digest, _Pending(described, raw.given))

    def _make_room(self, newest: PreparedFile) -> None:
        self._n_pending += sum(len(prepared.run.results) for prepared in newest.runs)
        n_files = sum(len(pending.files) for pending in self._pending.values())
        # Rows of the catalogue decide what later names mean, so they go in before anything else is read.
        if n_files >= FILES_PER_TRANSACTION or self._n_pending >= RESULTS_PER_TRANSACTION or newest.parsed.tables:
            self.flush()

    def _replay(self, raw: Raw) -> None:
        """Report a file that these importers have dealt with before, without reading it."""
        self.summary.unchanged += self._n_known[raw.digest]
        for member, reason in self._refused_before().get(raw.digest, []):
            self.summary.refused.append(Issue(_shown(raw.given, member), reason))
        self._n_files += max(self._n_known[raw.digest] - 1, 0)
        self._step(raw.given)

    def _refused_before(self) -> dict[str, list[tuple[str, str]]]:
        """Refusals of earlier imports by raw file; read once, at the first file that needs them."""
        if self._refusals is None:
            self._refusals = {}
            theirs = read.refusals(self._store.seen_by(Sight(self._holder.owner)))
            for row in theirs[theirs["owner"] == self._holder.owner].to_dict("records"):
                self._refusals.setdefault(row["raw_digest"], []).append((row["member"], row["reason"]))
        return self._refusals

    def _is_known(self, raw: Raw, member: Member) -> bool:
        importer, version = self._known.get((raw.digest, member.path), ("", 0))
        return registry.versions().get(importer) == version

    def _refused(self, raw: Raw, member: str, refusal: RefusedInput) -> Refusal:
        reason = refusal.message
        if (raw.digest, member) in self._known:
            reason += STILL_THERE
        self.summary.refused.append(Issue(_as_given(raw, member), reason))
        self._step(_as_given(raw, member))
        return Refusal(member, _shown(raw.name, member), reason)

    def _warn(self, raw: Raw, member: str, warning: str) -> None:
        self.summary.warnings.append(Issue(_as_given(raw, member), warning))

    def _step(self, file: str) -> None:
        self._n_files += 1
        if self._progress:
            self._progress(Step(self._n_files, file))


def _as_given(raw: Raw, member: str) -> str:
    return _shown(raw.given, member)


def _shown(raw_name: str, member: str) -> str:
    return f"{raw_name}!/{member}" if member else raw_name


def _member_of(name: str, raw_name: str) -> str:
    return name.removeprefix(raw_name).removeprefix("!/")
