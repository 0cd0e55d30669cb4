"""The whole store to take home, and what its columns mean: part of the page about data and methods."""

from __future__ import annotations

import io
from typing import NamedTuple

import pandas as pd
import streamlit as st

from lib import formats
from lib.access import PUBLIC
from lib.settings import read_settings
from lib.store.db import Store
from lib.store.dump import Format, file_name, megabytes, write_dump
from lib.store.dump_dictionary import dictionary
from lib.store.frames import Frames
from lib.ui import cached, controls, page, reader

ADDRESS = "api/v1/store.zip?format="
"""Without a leading slash: it works behind any host, and under a path, too."""
KINDS: dict[Format, str] = {
    "parquet": "Parquet: types and exact values, for pandas, R, DuckDB",
    "csv": "CSV: for spreadsheets and everything else",
}
LABELS = {"table": "Table", "column": "Column", "meaning": "Meaning", "missing": "Empty means", "unit": "Unit", "type": "Type"}  # fmt: skip
_CODE = """python -m lib dump store.zip
python -m lib dump store.zip --format csv"""


class DownloadsView(NamedTuple):
    """Sizes of the two downloads in MB, roughly, and what is in them."""

    megabytes: dict[Format, float]
    contents: str


def downloads_view(frames: Frames) -> DownloadsView:
    """What a download of the store as it is now would hold."""
    counts = frames.counts
    parts = (
        formats.counted(counts["n_results"], "result"),
        formats.counted(counts["n_runs"], "run"),
        formats.counted(counts["n_models"], "model"),
        formats.counted(counts["n_sources"], "source"),
    )
    return DownloadsView({kind: megabytes(kind, counts["n_results"]) for kind in KINDS}, ", ".join(parts))


def dictionary_rows(words: str = "") -> pd.DataFrame:
    """One row per column of the download whose table, name or meaning holds the words; columns of ``LABELS``."""
    needle = words.casefold()
    rows = [
        {"table": table.name, **column._asdict(), "column": column.name}
        for table in dictionary().values()
        for column in table.columns
        if needle in f"{table.name} {column.name} {column.meaning} {column.unit}".casefold()
    ]
    return pd.DataFrame(rows, columns=list(LABELS))


def _button(kind: Format, label: str) -> None:
    """The download: a link, which is sent while it is written; for whoever is logged in made here, for links know nobody."""
    if read_settings().has_login and reader.reader().sight != PUBLIC:
        seen = cached.store()
        st.download_button(
            label,
            data=lambda: whole(seen, kind),
            file_name=file_name(kind),
            mime="application/zip",
            key=f"whole-{kind}",
            on_click="ignore",
            icon=":material/download:",
            help=KINDS[kind],
        )
        return
    snapshot = cached.snapshot()
    pinned = f"&snapshot={snapshot.short}" if snapshot is not None else ""
    st.link_button(label, f"{ADDRESS}{kind}{pinned}", icon=":material/download:", help=KINDS[kind])


def whole(store: Store, kind: Format) -> bytes:
    """The zip of everything that this store's reader sees."""
    out = io.BytesIO()
    write_dump(store, out, kind)
    return out.getvalue()


def show() -> None:
    """Links to the whole store in two formats, the other ways, and the data dictionary."""
    view = cached.made(downloads_view)
    page.part("The whole store")
    page.say(
        f"{view.contents}, with prices, hardware and reference tables: one file per table in a zip, all of the same "
        "moment. Sources that were withdrawn are not in it. README.md in the zip names the state it shows and the "
        "licences; DICTIONARY.csv says what every column means."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        for kind, size in view.megabytes.items():
            name = "CSV" if kind == "csv" else "Parquet"
            _button(kind, f"Download {name} (about {formats.plain(size)} MB)")
    page.small_text(
        "The file is written while it is sent; your browser shows how far it is. The data keep the licences of their "
        "sources: the table of sources names each."
    )
    with st.expander("Other ways: the command line, a table at a time"):
        page.code(_CODE)
        page.say("Under every table of every page: the rows shown, as CSV or Parquet, each with its source.")
    page.part("What the columns mean")
    words = controls.search("word", "Search the data dictionary")
    rows = dictionary_rows(words)
    if rows.empty:
        page.nothing_left("No column of that name or meaning. Search for something shorter.")
        return
    page.small_text(f"{formats.counted(len(rows), 'column')} in {formats.counted(rows['table'].nunique(), 'table')}")
    page.table(rows, key="dictionary", alt="Tables and columns of the download with their meaning", labels=LABELS)
