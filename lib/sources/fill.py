"""The shipped data into the store: catalogue first, so that pages can open, then the rest; only what is new.

A second fill reads nothing that these importers have dealt with; sources of an older importer are read again from the
kept bytes. What a reader entered or withdrew stays as it is: writing never touches it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

import orjson

from lib.access import OWN_MACHINE, VISIBILITIES, Sight, Visibility
from lib.settings import Settings
from lib.sources import package_prices, prices, registry
from lib.sources.archives import Limits
from lib.sources.contract import Candidate
from lib.sources.ingest import Issue, Meta, Step, Summary, ingest, ingest_raw
from lib.sources.shipped import STAGES, ShippedFile, shipped_files
from lib.sources.walk import Raw
from lib.store import read
from lib.store.db import Store
from lib.store.prepared import Holder
from lib.store.raw import read_raw

STATE_FILE = "fill.json"
LOCK_FILE = "fill.lock"
OUTDATED = "newer importers"
PRICES = "cost/api_prices.csv"


@dataclass(frozen=True)
class FillState:
    """How far the fill is, as pages read it.

    Args:
        phase: A stage of the shipped data, ``newer importers`` while older sources are read again, or ``done``.
        done: Files dealt with in this fill; members of zips count as files.
        total: Files there are.
        label: Title of what is being read.
        started_at: UTC, ISO 8601.
        finished_at: UTC, or None while it goes on.
        refused: Files refused so far.
    """

    phase: str
    done: int
    total: int
    label: str
    started_at: str
    finished_at: str | None = None
    refused: int = 0


Watch = Callable[[FillState], None]


def fill(store: Store, settings: Settings, progress: Watch | None = None, only: str | None = None) -> Summary | None:
    """Import what of the shipped data is not yet in the store.

    Args:
        store: An open store.
        settings: Where the shipped data lies and where the state is written (``<data_dir>/fill.json``).
        progress: Called with the state after each file.
        only: ``catalogue`` for the part that pages need to open; None for everything.

    Returns:
        What came in, or None when another process is filling this store already; that one goes on.

    Raises:
        Unavailable: If there is no shipped data.
    """
    files = [f for f in shipped_files(settings.shipped_dir) if f.is_imported and only in (None, f.stage)]
    with _lock(settings.data_dir) as is_ours:
        if not is_ours:
            return None
        return _Fill(store, settings, files, progress).run(with_outdated=only is None)


def fill_state(settings: Settings) -> FillState | None:
    """The state that the last fill wrote; None when there was none. A fill that died leaves ``finished_at`` empty."""
    try:
        return FillState(**orjson.loads((settings.data_dir / STATE_FILE).read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        return None


def is_filling(settings: Settings) -> bool:
    """True while some process holds the lock: a dead one does not."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / LOCK_FILE).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def has_catalogue(store: Store) -> bool:
    """True when the shipped list of models is in the store."""
    return any(importer == "catalogue-models" for importer, _ in read.known_sources(store).values())


def outdated(store: Store, owner: str = OWN_MACHINE) -> dict[str, list[str]]:
    """Raw files with sources of one owner and an older importer: digest to members.

    Without those that the importers of today have refused: their rows stay as they are, and reading again changes nothing.
    """
    found: dict[str, list[str]] = {}
    finished = read.finished_raw(store, owner)
    for (digest, member), (importer, version) in read.known_sources(store, owner).items():
        current = registry.versions().get(importer)
        if current is not None and current != version and finished.get(digest) != registry.state():
            found.setdefault(digest, []).append(member)
    return found


class _Fill:
    def __init__(self, store: Store, settings: Settings, files: list[ShippedFile], watch: Watch | None) -> None:
        self._store = store
        self._settings = settings
        self._files = files
        self._watch = watch
        self._summary = Summary()
        total = sum(_n_members(file) for file in files)
        self._state = FillState(STAGES[0], 0, total, "", _now())

    def run(self, *, with_outdated: bool) -> Summary:
        self._show()
        before = 0
        for file in self._files:
            self._state = replace(self._state, phase=file.stage, label=file.title, done=before)
            self._show()
            self._add(self._take(file, before))
            before += _n_members(file)
        if with_outdated:
            self._add(self._take_package())
            self._read_again()
        self._state = replace(self._state, phase="done", label="", done=before, finished_at=_now())
        self._show()
        return self._summary

    def _take(self, file: ShippedFile, before: int) -> Summary:
        def step(step: Step) -> None:
            self._state = replace(self._state, done=before + min(step.n_files, _n_members(file)))
            self._show(always=bool(step.acknowledged))

        path = self._settings.shipped_dir / file.path
        meta = Meta(file.title, file.url, file.licence, file.published_on)
        return ingest(self._store, [path], settings=self._settings, progress=step, shipped=True, meta=meta)

    def _take_package(self) -> Summary:
        """Prices of the package, where its release is newer than the shipped history."""
        path = self._settings.shipped_dir / PRICES
        found = package_prices.installed()
        if found is None or not path.is_file():
            return Summary()
        shipped = prices.TABLE.rows(Candidate(name=PRICES, content=path.read_bytes()))
        rows = package_prices.newer_rows(found, shipped)
        if not rows:
            return Summary()
        name = package_prices.file_name(found)
        raw = Raw(name, name, package_prices.as_csv(rows))
        title = f"List prices of the package {package_prices.PACKAGE} {found.release}"
        meta = Meta(title, package_prices.URL, package_prices.LICENCE, found.seen_on)
        return ingest_raw(self._store, [raw], shipped=True, meta=meta)

    def _read_again(self) -> None:
        """What readers brought, through the importers of today, from the bytes that were kept."""
        for owner in read.owners(self._store):
            self._read_again_of(owner, outdated(self._store, owner))

    def _read_again_of(self, owner: str, stale: Mapping[str, list[str]]) -> None:
        """A member that is new to today's importers is seen by as few as any other of its file."""
        if not stale:
            return
        theirs = read.sources(self._store.seen_by(Sight(owner))).query("owner == @owner")
        fewest = theirs["visibility"].map(VISIBILITIES.index).sort_values(kind="stable").index
        known = theirs.loc[fewest].drop_duplicates("raw_digest").set_index("raw_digest")
        limits = Limits.for_uploads(self._settings.max_upload_bytes)
        self._state = replace(self._state, phase=OUTDATED, total=self._state.total + len(stale))
        for digest in stale:
            row = known.loc[digest]
            name = str(row["name"]).split("!/", 1)[0]
            raw = Raw(name, name, read_raw(self._store, digest), limits=limits)
            meta = Meta(*(_text(row[column]) for column in ("title", "url", "licence", "published_on")))
            self._state = replace(self._state, label=name, done=self._state.done + 1)
            holder = Holder(owner, cast(Visibility, row["visibility"]))
            self._add(ingest_raw(self._store, [raw], shipped=bool(row["is_shipped"]), meta=meta, holder=holder))
            self._show()

    def _add(self, part: Summary) -> None:
        whole = self._summary
        whole.imported += part.imported
        whole.unchanged += part.unchanged
        whole.results += part.results
        whole.samples += part.samples
        whole.refused += [self._named(issue) for issue in part.refused]
        whole.warnings += [self._named(issue) for issue in part.warnings]
        self._state = replace(self._state, refused=len(whole.refused))

    def _named(self, issue: Issue) -> Issue:
        """The issue with the file's path in the shipped data, whatever this machine's folders are called."""
        return issue._replace(file=issue.file.removeprefix(f"{self._settings.shipped_dir}{os.sep}"))

    def _show(self, *, always: bool = True) -> None:
        if always:
            _write_atomically(self._settings.data_dir / STATE_FILE, orjson.dumps(asdict(self._state)))
        if self._watch:
            self._watch(self._state)


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """The lock on filling; yields whether it is ours. The system gives it back when its process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("ab") as file:
        yield _took(file)


def _took(file: IO[bytes]) -> bool:
    """Whether the lock could be had within a moment: somebody who only asks holds it for an instant."""
    for pause in (0.05, 0.1, 0.2, 0.4):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


def _write_atomically(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _n_members(file: ShippedFile) -> int:
    return file.n_rows if file.path.endswith(".zip") else 1


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
