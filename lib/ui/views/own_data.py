"""The page for own results: the guide in its sections, the example file, and what the store holds."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.schema.text import Sentence, Span, sentence
from lib.settings import ROOT
from lib.store.frames import Frames
from lib.ui.views.data import YOURS, Collections, gathered

EXAMPLE = ROOT / "data" / "examples" / "own_results.csv"
READERS = {
    "lm-eval": "lm-eval output",
    "csv": "A table of scores (CSV)",
    "logs": "Logs of other tools",
    "names": "Names and sizes",
}
"""Kinds of reader, by what they bring: value in the address to heading in the guide."""
FOR_ALL = ("What happens to your data", "When a file is refused")
_GUIDE = Path(__file__).with_suffix(".md")


class OwnDataView(NamedTuple):
    """What the page says about the store; ``n_waiting`` is the number of names that wait for a model."""

    takeaway: Sentence
    n_waiting: int


class OwnFile(NamedTuple):
    """A file that was imported here.

    Args:
        words: Its name, what came out of it and when, and whether it is withdrawn; plain text.
        digest: Of the one source in it; '' where it holds several.
        key: Its collection on the page about data.
    """

    words: str
    digest: str
    key: str


class OwnFiles(NamedTuple):
    """The first of the reader's files, and how many there are."""

    first: list[OwnFile]
    n: int


def own_files(collections: Collections, most: int) -> OwnFiles:
    """Files that did not come with the project, the last imported first, at most so many; a zip is one."""
    own = gathered(collections, YOURS)
    keys = own["key"].unique()
    found = []
    for key, rows in own[own["key"].isin(keys[:most])].groupby("key", sort=False):
        name = str(rows["name"].iloc[0]).split("!/")[0]
        results = formats.counted(rows["n_results"].sum(), "result")
        n_withdrawn = int(rows["withdrawn_at"].notna().sum())
        told = [name, results, f"imported {formats.date(rows['imported_at'].max())}"]
        if n_withdrawn:
            told.append("withdrawn" if n_withdrawn == len(rows) else f"{n_withdrawn} of {len(rows)} files withdrawn")
        found.append(OwnFile(" · ".join(told), str(rows["digest"].iloc[0]) if len(rows) == 1 else "", str(key)))
    return OwnFiles(found, len(keys))


def own_data_view(frames: Frames) -> OwnDataView:
    """What own results would stand beside."""
    runs = frames.runs
    waiting = runs[runs["model"].isna()]
    n_models = int(runs["model"].nunique())
    if not len(runs):
        takeaway = sentence("One command imports files, folders and zips. Everything stays on this machine.")
    else:
        takeaway = sentence(
            "One command puts your results beside ",
            Span(formats.counted(len(runs), "run"), "strong"),
            " of ",
            Span(formats.counted(n_models, "model"), "strong"),
            ". Everything stays on this machine.",
        )
    return OwnDataView(takeaway, int(waiting["model_name"].nunique()))


@cache
def sections() -> dict[str, str]:
    """The guide by heading: Markdown of our own. docs/own-data.md is the same text."""
    _, *parts = _GUIDE.read_text(encoding="utf-8").split("\n## ")
    headed = (part.partition("\n") for part in parts)
    return {heading.strip(): text.strip() for heading, _, text in headed}


def parts(heading: str) -> tuple[str, str]:
    """A section up to its first command, and the rest: between them the page can put what a document cannot."""
    first, mark, rest = sections()[heading].partition("\n\n```text")
    return first, mark + rest


def blocks(text: str) -> list[tuple[str, bool]]:
    """Text in pieces, each with whether it is a block of code (then without its marks)."""
    pieces = re.split(r"^```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [(piece.strip("\n"), n % 2 == 1) for n, piece in enumerate(pieces) if piece.strip()]


@cache
def example() -> bytes:
    """The example file."""
    return EXAMPLE.read_bytes()


def example_table() -> pd.DataFrame:
    """The example as a table of texts, None where a cell is empty."""
    rows = list(csv.DictReader(io.StringIO(example().decode())))
    return pd.DataFrame([{name: cell or None for name, cell in row.items()} for row in rows])
