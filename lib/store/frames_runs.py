"""Runs in columns, one position each, in the order in which they were read.

A run that changes gets a new position and its old one dies; positions are never given twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lib.store.frames_read import RUN_TEXT

TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
RUN_DIGITS = 12

# Columns of Frames.runs, in this order.
COLUMNS = (
    "run",
    "model",
    "model_name",
    "kind",
    "evaluator",
    "document",
    "evaluator_version",
    "harness_commit",
    "backend",
    "revision",
    "training_tokens",
    "is_checkpoint",
    "dtype",
    "quantisation",
    "limit",
    "chat_template",
    "system_instruction",
    "is_multiturn",
    "start_token",
    "evaluated_on",
    "seeds",
)
# Those that follow, of the first live source of the run: its name, title, address, date of publication, time of import.
SOURCE_COLUMNS = {
    "source": "name",
    "source_title": "title",
    "source_url": "url",
    "source_date": "published_on",
    "imported_at": "imported_at",
}
_NAMES = {"digest": "run", "model_id": "model"}
_TEXT_COLUMNS = (*(_NAMES.get(name, name) for name in RUN_TEXT), "model_name")


class Source(NamedTuple):
    """What the frames say of a source.

    Args:
        is_live: Public and not withdrawn.
        name: As the reader knows it: ``a.json`` or ``a.zip!/b.json``.
        title, url, published_on: None for unknown.
    """

    is_live: bool
    imported_at: str
    withdrawn_at: str | None
    name: str
    title: str | None
    url: str | None
    published_on: str | None


class Vocabulary(dict[str | None, int]):
    """Number of each text of a column; only ever grows; unknown is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1})
        self.texts: list[str] = []

    def __missing__(self, text: str | None) -> int:
        assert text is not None
        self[text] = number = len(self.texts)
        self.texts.append(text)
        return number


class Vocabularies(dict[str, Vocabulary]):
    """One vocabulary per text column of the runs."""

    def __init__(self) -> None:
        super().__init__({name: Vocabulary() for name in _TEXT_COLUMNS})


Columns = Mapping[str, NDArray[Any]]


def columns_of(rows: Sequence[Any], vocabularies: Vocabularies) -> dict[str, NDArray[Any]]:
    """Columns of rows of ``frames_read.live_runs``; texts become numbers of their vocabulary."""
    columns: dict[str, NDArray[Any]] = {
        "run_id": np.array([row.id for row in rows], dtype=np.int64),
        "store_revision": np.array([row.store_revision for row in rows], dtype=np.int64),
        "source_id": np.array([row.source_id for row in rows], dtype=np.int64),
        "training_tokens": np.array([row.training_tokens for row in rows], dtype=np.float64),
        "is_checkpoint": np.array([row.is_checkpoint for row in rows], dtype=np.bool_),
        "is_multiturn": np.array([-1 if row.is_multiturn is None else row.is_multiturn for row in rows], dtype=np.int8),
    }
    for name in RUN_TEXT:
        shown = _NAMES.get(name, name)
        texts: Iterable[str | None] = [getattr(row, name) for row in rows]
        if name == "digest":
            texts = [text[:RUN_DIGITS] for text in texts if text is not None]
        columns[shown] = _numbers(texts, vocabularies[shown])
    columns["model_name"] = _numbers([_first(row.spellings) for row in rows], vocabularies["model_name"])
    return columns


def joined(first: Columns, second: Columns) -> dict[str, NDArray[Any]]:
    """The columns of the first runs, then of the second."""
    return {name: np.concatenate([first[name], second[name]]) for name in first}


def texts(column: str, columns: Columns, vocabularies: Vocabularies, positions: NDArray[Any]) -> Any:
    """A text column of the runs at these positions, NaN for unknown."""
    return taken(vocabularies[column].texts, columns[column][positions])


def run_frame(
    columns: Columns, vocabularies: Vocabularies, positions: NDArray[Any], sources: Mapping[int, Source]
) -> pd.DataFrame:
    """``COLUMNS`` and ``SOURCE_COLUMNS`` of the runs at these positions, indexed by run_id."""
    data: dict[str, Any] = {}
    for name in COLUMNS:
        if name in _TEXT_COLUMNS:
            data[name] = texts(name, columns, vocabularies, positions)
        elif name == "is_multiturn":
            data[name] = nullable(columns[name][positions])
        else:
            data[name] = columns[name][positions]
    # From the sources as they are now: they may be renamed without their runs.
    ids, number = np.unique(columns["source_id"][positions], return_inverse=True)
    for name, field in SOURCE_COLUMNS.items():
        data[name] = taken([getattr(sources[key], field) for key in ids.tolist()], number)
    return pd.DataFrame(data, index=pd.Index(columns["run_id"][positions], name="run_id"))


def taken(values: Sequence[str | None], numbers: NDArray[Any]) -> Any:
    """The text of each number; negative numbers are unknown."""
    # The list may grow in another thread while Arrow reads it: take a copy of what there is now.
    dictionary = pa.array([*values, None], type=pa.large_string())
    where = np.where(numbers < 0, len(dictionary) - 1, numbers)
    return pd.array(dictionary.take(pa.array(where)), dtype=TEXT)


def nullable(flags: NDArray[Any]) -> pd.arrays.BooleanArray:
    """Truth values of 0, 1 and -1 for unknown."""
    return pd.arrays.BooleanArray(flags == 1, flags < 0)


def _numbers(texts: Iterable[str | None], vocabulary: Vocabulary) -> NDArray[np.int32]:
    return np.array([vocabulary[text] for text in texts], dtype=np.int32)


def _first(spellings: Any) -> str | None:
    return str(spellings[0]) if spellings else None
