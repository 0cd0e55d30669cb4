"""The page about data: what the store holds and from where; its files by collection, its refusals, names that wait."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.ui.traces import Traces, texts

KIND_WORDS = {
    "raw": "raw results",
    "board": "board",
    "transcription": "printed scores",
    "tables": "facts and tables",
}
LABELS = {
    "title": "Collection",
    "file": "File",
    "inside": "Inside",
    "kind": "Kind",
    "licence": "Licence",
    "published": "Published",
    "imported": "Imported",
    "state": "State",
    "n_files": "Files",
    "n_refused": "Refused",
    "reason": "Why it was refused",
    "refused_at": "Refused on",
    "spelling": "Name in the file",
    "scope": "Found in",
    "others": "Also spelled",
}
MEMBERS_SHOWN = 300
OPTIONS_SHOWN = 300
YOURS, WITHDRAWN = "yours", "withdrawn"
GATHERED = {YOURS: "your own", WITHDRAWN: "withdrawn"}
"""Files gathered from all collections, by what stands in the address, with their words: those that did not come with
the project, and those that are on no page."""


class Collections(NamedTuple):
    """The files of the store by the raw file they came in.

    Args:
        rows: One row per raw file: key (12 digits of its digest), raw_digest, file, title, url, kind, licence, published,
            imported, n_files, n_runs, n_results, n_refused, n_withdrawn, state; those with most results first.
        sources: ``source_lists.source_list`` with ``key``.
        refusals: One row per refused file: file (its last part), reason, inside (the raw file around it, '' for none), refused_at, key.
    """

    rows: pd.DataFrame
    sources: pd.DataFrame
    refusals: pd.DataFrame


class Members(NamedTuple):
    """Files as a table: ``ids`` are the sources of its rows, ``n`` counts all that fit."""

    table: pd.DataFrame
    traces: Traces
    ids: list[int]
    n: int


def takeaway(frames: Frames, collections: Collections, n_waiting: int) -> Sentence:
    """What the store holds and where its numbers come from."""
    counts = frames.counts
    shares = _shares(frames)
    n_withdrawn = int(collections.rows["n_withdrawn"].sum())
    words = {
        "raw": "read from raw result files",
        "board": "from boards",
        "transcription": "as printed in papers and model cards",
    }
    told = [f"{_share(shares[kind])} {text}" for kind, text in words.items() if shares.get(kind)]
    return sentence(
        Span(formats.counted(counts["n_results"], "result"), "strong"),
        f" of {formats.counted(counts['n_models'], 'model')} come from ",
        Span(formats.counted(counts["n_sources"], "source"), "strong"),
        f": {', '.join(told)}. " if told else ". ",
        f"{_capital(formats.counted(n_waiting, 'name'))} {'waits' if n_waiting == 1 else 'wait'} for a model, "
        f"{formats.counted(len(collections.refusals), 'file')} {'was' if len(collections.refusals) == 1 else 'were'} refused.",
        f" {_capital(formats.counted(n_withdrawn, 'source'))} {'is' if n_withdrawn == 1 else 'are'} withdrawn."
        if n_withdrawn
        else "",
    )


def collections(sources: pd.DataFrame, refusals: pd.DataFrame, raw_names: dict[str, str]) -> Collections:
    """Sources and refusals by the raw file around them.

    Args:
        sources: ``source_lists.source_list``.
        refusals: ``read.refusals``.
        raw_names: ``source_lists.raw_names``.
    """
    sources = sources.assign(key=sources["raw_digest"].str[:12])
    refused = refusals.assign(key=refusals["raw_digest"].str[:12])
    counts = {str(digest): int(n) for digest, n in refused["raw_digest"].value_counts().items()}
    rows = []
    for of, own in sources.groupby("raw_digest", sort=False):
        first = own.iloc[0]
        # A shipped file bears the name under which it ships; the stored raw file may have only its last part.
        name = str(first["name"]).split("!/")[0] if first["member"] else str(first["name"])
        rows.append(_collection(str(of), name, own, counts.pop(str(of), 0)))
    for digest, n in counts.items():
        rows.append(_nothing_taken(digest, raw_names.get(digest, "unnamed file"), n, refused))
    columns = [*_collection("", "", sources[:0], 0)]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.sort_values(["n_results", "n_files", "file"], ascending=[False, False, True], kind="stable")
    parts = [str(name).partition("!/") for name in refused["name"]]
    told = pd.DataFrame(
        {
            "file": [inside.rsplit("/", 1)[-1] if inside else whole for whole, _, inside in parts],
            "reason": refused["reason"].tolist(),
            "inside": [whole.rsplit("/", 1)[-1] if inside else "" for whole, _, inside in parts],
            "refused_at": [formats.date(at) for at in refused["refused_at"]],
            "key": refused["key"].tolist(),
        }
    )
    return Collections(frame.reset_index(drop=True), sources, told)


def gathered(held: Collections, key: str) -> pd.DataFrame:
    """Sources of one collection, of ``GATHERED``, or all for ''; the reader's own newest first."""
    sources = held.sources
    if key == YOURS:
        own = sources[~sources["is_shipped"].astype(bool)]
        return own.sort_values(["imported_at", "id"], ascending=[False, True], kind="stable")
    if key == WITHDRAWN:
        return sources[sources["withdrawn_at"].notna()]
    return sources[sources["key"] == key] if key else sources


def options(held: Collections) -> dict[str, str]:
    """What one can look into, in words: everything, what is gathered where there is any of it, and collections, those
    with most results first; the others are found in the table and by the search."""
    counts = {key: len(gathered(held, key)) for key in GATHERED}
    some = {key: f"{GATHERED[key]} · {formats.counted(n, 'file')}" for key, n in counts.items() if n}
    first = held.rows[:OPTIONS_SHOWN]
    return {"": "all collections"} | some | {str(row["key"]): option(row) for _, row in first.iterrows()}


def option(row: pd.Series) -> str:
    """A collection in the list of what one can look into."""
    return f"{row['title']} · {formats.counted(row['n_files'], 'file')}"


def members(held: Collections, key: str, search: str) -> Members:
    """Files of ``gathered`` whose name or title holds every word of the search."""
    rows = gathered(held, key)
    text = (rows["name"].astype(str) + "\n" + rows["title"].astype(object).where(rows["title"].notna(), "")).str.lower()
    for word in search.lower().split():
        rows = rows[text.reindex(rows.index).str.contains(word, regex=False).to_numpy(bool)]
    kept = rows[:MEMBERS_SHOWN]
    is_one = bool(key) and key not in GATHERED
    inside = [name.split("!/", 1)[-1] if is_one else name for name in kept["name"].astype(str)]
    table = pd.DataFrame(
        {
            "file": inside,
            "kind": kept["kind"].map(KIND_WORDS).astype(object).tolist(),
            "n_runs": kept["n_runs"].tolist(),
            "n_results": kept["n_results"].tolist(),
            "imported": [formats.date(at) for at in kept["imported_at"]],
            "state": [_state(1, int(at is not None and at == at)) for at in kept["withdrawn_at"]],
        }
    )
    runs = texts(kept["runs"].tolist())
    traces = Traces(
        [""] * len(kept),
        {"file": runs, "n_runs": runs, "n_results": runs},
        sources=[digest[:12] for digest in kept["digest"]],
    )
    return Members(table, traces, [int(key) for key in kept["id"]], len(rows))


def _collection(digest: str, name: str, own: pd.DataFrame, n_refused: int) -> dict[str, object]:
    kinds = [kind for kind in KIND_WORDS if (own["kind"] == kind).any()]
    n_withdrawn = int(own["withdrawn_at"].notna().sum())
    return {
        "key": digest[:12],
        "raw_digest": digest,
        "file": name,
        "title": _one(own["title"], "titles") or name,
        "url": _one(own["url"], ""),
        "kind": KIND_WORDS[kinds[0]] if kinds else "",
        "licence": _one(own["licence"], "licences") or "not stated",
        "published": _one(own["published_on"], "dates") or "not known",
        "imported": formats.date(own["imported_at"].max()) if len(own) else formats.UNKNOWN,
        "n_files": len(own),
        "n_runs": int(own["n_runs"].sum()),
        "n_results": int(own["n_results"].sum()),
        "n_refused": n_refused,
        "n_withdrawn": n_withdrawn,
        "state": _state(len(own), n_withdrawn),
    }


def _nothing_taken(digest: str, name: str, n: int, refused: pd.DataFrame) -> dict[str, object]:
    at = refused.loc[refused["raw_digest"] == digest, "refused_at"].max()
    row = _collection(digest, name, refused[:0].reindex(columns=_NEEDED), n)
    return row | {"kind": "nothing could be read", "imported": formats.date(at), "state": "refused"}


_NEEDED = ["kind", "withdrawn_at", "title", "url", "licence", "published_on", "imported_at", "n_runs", "n_results"]


def _one(values: pd.Series, plural: str) -> str:
    """The one value of all files, or how many there are; '' for none."""
    known = [str(value) for value in dict.fromkeys(values.dropna()) if value]
    if len(known) < 2:
        return known[0] if known else ""
    return f"{len(known)} {plural}" if plural else ""


def _state(n_files: int, n_withdrawn: int) -> str:
    if not n_withdrawn:
        return "in use"
    return "withdrawn" if n_withdrawn == n_files else f"{formats.count(n_withdrawn)} withdrawn"


def _shares(frames: Frames) -> dict[str, float]:
    """Share of the live results by kind of their run."""
    state = frames.state
    run_ids = state.runs["run_id"][state.is_live]
    n = pd.Series(state.n_results[state.is_live], index=run_ids).groupby(level=0).sum()
    kind = frames.runs["kind"].astype(object)
    by_kind = n.groupby(kind.reindex(n.index).to_numpy()).sum()
    total = float(by_kind.sum())
    return {str(name): float(count) / total for name, count in by_kind.items()} if total else {}


def _share(share: float) -> str:
    return "less than 1%" if share < 0.005 else f"{np.floor(100 * share + 0.5):.0f}%"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
