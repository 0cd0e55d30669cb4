"""Results that others keep on the Hub: data set repositories as lm-eval writes them, and the results on a model's card.

A repository is looked at in one commit, its files are fetched one at a time onto the disk, and then imported like any folder:
the same limits, importers and refusals. A file that the store holds already is not fetched where the Hub says its SHA-256.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.archives import Limits
from lib.sources.hub_client import Hub, Kind
from lib.sources.ingest import Issue, Progress, Summary, ingest, ingest_raw
from lib.sources.prepare import Meta
from lib.sources.texts import storable
from lib.sources.walk import Raw
from lib.store import read
from lib.store.db import Store
from lib.store.prepared import OPEN
from lib.store.write import Holder

ENDINGS = (".json", ".jsonl")
MOST_FILES = 20_000
CARD = "README.md"
LARGEST_CARD, MOST_CARDS = 5_000_000, 200
_RESULTS = re.compile(r"\.eval_results/[\w.-]{1,120}\.ya?ml")
Fetched = Callable[[int, int, str], None]


class RemoteFile(NamedTuple):
    """A file of a repository. Args: path; n_bytes, None unknown; sha256, '' where the Hub does not say."""

    path: str
    n_bytes: int | None
    sha256: str


class Found(NamedTuple):
    """A repository at one commit, and those of its files that may be results.

    Args:
        meta: Title, page, licence and date of the repository, as its sources will carry them.
    """

    name: str
    revision: str
    files: list[RemoteFile]
    meta: Meta


def look(hub: Hub, name: str, only: str = "*") -> Found:
    """What a data set repository holds, before anything is fetched.

    Args:
        only: Pattern of the paths that are wanted, as ``org/model/*``.

    Raises:
        RefusedInput: If there is no such repository for this account, or nothing in it can be results.
        Unavailable: If the Hub does not answer.
    """
    told = hub.described("dataset", name)
    revision, meta = _about(hub, "dataset", name, told)
    files = [file for file in _files(told) if file.path.endswith(ENDINGS) and fnmatchcase(file.path, only)]
    if not files:
        raise RefusedInput(
            "the repository holds no files of results" if only == "*" else "the repository has no such files",
            file=name,
            expected="results_*.json and samples_*.jsonl, as lm-eval writes them",
            found=None if only == "*" else only,
        )
    if len(files) > MOST_FILES:
        raise RefusedInput(
            "more files than are fetched at once", file=name, expected=f"at most {MOST_FILES}; name some with --only"
        )
    return Found(name, revision, files, meta)


def import_results(
    store: Store,
    hub: Hub,
    found: Found,
    *,
    settings: Settings,
    fetched: Fetched = lambda *_: None,
    progress: Progress | None = None,
    holder: Holder = OPEN,
) -> Summary:
    """Fetch the files and import them.

    Args:
        fetched: Told before each file: how many were fetched, how many there are, its path.
        progress: As in ``ingest``.
        holder: Whose what comes in is, and who may see it.

    Raises:
        Unavailable: If the Hub stops answering; nothing has been imported then.
    """
    finished = read.finished_raw(store, holder.owner)
    n_known, refused = 0, []
    with tempfile.TemporaryDirectory(prefix="p4p-hub-") as temporary:
        folder = Path(temporary) / found.name.replace("/", "__")
        folder.mkdir()
        for n, file in enumerate(found.files):
            fetched(n, len(found.files), file.path)
            if file.sha256 in finished:
                n_known += 1
                continue
            try:
                to = folder / _safe(file.path)
                try:
                    hub.download("dataset", found.name, found.revision, file.path, to, settings.max_upload_bytes)
                except RefusedInput:
                    to.unlink(missing_ok=True)
                    raise
            except RefusedInput as refusal:
                refused.append(Issue(f"{found.name}/{storable(file.path)}", refusal.message))
        fetched(len(found.files), len(found.files), "")
        summary = ingest(store, [folder], settings=settings, progress=progress, meta=found.meta, holder=holder)
        summary.refused = refused + [_named(issue, temporary) for issue in summary.refused]
        summary.warnings = [_named(issue, temporary) for issue in summary.warnings]
        summary.unchanged += n_known
    return summary


def import_card(
    store: Store,
    hub: Hub,
    name: str,
    *,
    settings: Settings,
    progress: Progress | None = None,
    holder: Holder = OPEN,
) -> Summary:
    """Import the evaluation results in a model's own repository: on its card, and in ``.eval_results``.

    Raises:
        RefusedInput: If there is no such model for this account, or nothing in its repository can be results.
        Unavailable: If the Hub does not answer.
    """
    told = hub.described("model", name)
    revision, meta = _about(hub, "model", name, told)
    paths = [file.path for file in _files(told) if file.path == CARD or _RESULTS.fullmatch(file.path)][:MOST_CARDS]
    if not paths:
        raise RefusedInput("the repository holds no card", file=name, expected="README.md, or lists in .eval_results")
    limits, cards = Limits.for_uploads(settings.max_upload_bytes), []
    for path in paths:
        content = hub.small_file("model", name, revision, path, LARGEST_CARD)
        cards.append(Raw(f"{name}/{path}", f"{name}/{path}", content, limits=limits))
    summary = ingest_raw(store, cards, progress=progress, meta=meta, holder=holder)
    if summary.imported or summary.unchanged:
        # Beside lists of results a card need not hold any.
        summary.refused = [issue for issue in summary.refused if not issue.file.endswith(f"/{CARD}")]
    return summary


def _about(hub: Hub, kind: Kind, name: str, told: Mapping[str, Any]) -> tuple[str, Meta]:
    sha = told.get("sha")
    revision = sha if isinstance(sha, str) and sha.isalnum() and len(sha) <= 64 else "main"
    card = told.get("cardData")
    licence = card.get("license") if isinstance(card, Mapping) else None
    changed = told.get("lastModified")
    return revision, Meta(
        title=f"{name} on the Hugging Face Hub",
        url=hub.page_of(kind, name, revision),
        licence=storable(licence[:100]) if isinstance(licence, str) else None,
        published_on=changed[:10] if isinstance(changed, str) and _is_day(changed[:10]) else None,
    )


def _files(told: Mapping[str, Any]) -> list[RemoteFile]:
    listed = told.get("siblings")
    files = []
    for one in listed if isinstance(listed, list) else []:
        path = one.get("rfilename") if isinstance(one, Mapping) else None
        if not isinstance(path, str) or not path or len(path) > 1_000:
            continue
        lfs = one.get("lfs")
        digest = lfs.get("sha256") if isinstance(lfs, Mapping) else None
        size = one.get("size")
        files.append(
            RemoteFile(path, size if isinstance(size, int) else None, digest if isinstance(digest, str) else "")
        )
    return sorted(files)


def _safe(path: str) -> Path:
    """Where a file goes below the folder: whatever its path says, not above it.

    Raises:
        RefusedInput: If the path is none.
    """
    parts = PurePosixPath(storable(path).replace("\\", "/")).parts
    if not parts or any(part in ("..", "/", "") or ":" in part[:2] or len(part.encode()) > 240 for part in parts):
        raise RefusedInput("not a path of a file", found=path)
    return Path(*parts)


def _named(issue: Issue, temporary: str) -> Issue:
    return Issue(issue.file.replace(f"{temporary}/", "", 1).replace("__", "/", 1), issue.reason)


def _is_day(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [4, 2, 2] and all(part.isascii() and part.isdigit() for part in parts)
