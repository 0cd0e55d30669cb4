"""The page for own results: the guide in its sections, the example file, and what the store holds."""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.schema.text import Sentence, Span, sentence
from lib.settings import ROOT
from lib.store.frames import Frames

EXAMPLE = ROOT / "data" / "examples" / "own_results.csv"
READERS = {
    "lm-eval": "lm-eval output",
    "csv": "A table of scores (CSV)",
    "names": "Names and sizes",
}
"""Kinds of reader, by what they bring: value in the address to heading in the guide."""
FOR_ALL = ("What happens to your data", "When a file is refused")
_GUIDE = Path(__file__).with_suffix(".md")


class OwnDataView(NamedTuple):
    """What the page says about the store; ``n_waiting`` is the number of names that wait for a model."""

    takeaway: Sentence
    n_waiting: int


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
    first, mark, rest = sections()[heading].partition("\n\n```bash")
    return first, mark + rest


@cache
def example() -> bytes:
    """The example file."""
    return EXAMPLE.read_bytes()


def example_table() -> pd.DataFrame:
    """The example as a table of texts, None where a cell is empty."""
    rows = list(csv.DictReader(io.StringIO(example().decode())))
    return pd.DataFrame([{name: cell or None for name, cell in row.items()} for row in rows])
