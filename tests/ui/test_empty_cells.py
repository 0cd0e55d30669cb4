"""The line behind a table: as many reasons as empty cells, each the one that the coverage gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames
from lib.ui import cached, empty_cells
from lib.ui.traces import Traces
from lib.ui.views import scores
from tests.ui.conftest import Open

SIX = scores.LEADERBOARD_SIX


@pytest.fixture
def frames(small_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frames]:
    monkeypatch.setenv("P4P_DATA_DIR", str(small_store))
    store = open_store(read_settings())
    yield FrameCache(store).frames()
    store.close()


def _line(app: object) -> str:
    texts = [m.value.replace("\\", "") for m in app.markdown if "Empty cells" in m.value]  # type: ignore[attr-defined]
    assert len(texts) == 1
    return str(texts[0])


def _numbers(line: str) -> dict[str, int]:
    return {words: int(n.replace(",", "")) for n, words in re.findall(r"([\d,]+) ([a-z ]+?)(?=, \d|\.)", line)}


def test_the_models_page_says_why(open_app: Open, small_store: Path, frames: Frames) -> None:
    app = open_app(small_store, "pages/models.py")
    assert not app.exception
    said = _numbers(_line(app))
    table = app.dataframe[0].value
    columns = [name for name in table.columns if name.startswith("score:")]
    assert len(columns) == 6
    n_empty = int(table[columns].isna().to_numpy().sum())
    known = {word: n for word, n in said.items() if word in empty_cells.WORDS.values()}
    assert sum(known.values()) == n_empty > 0
    assert said[empty_cells.MEANS] == int(table["interval"].isna().sum())
    # One by one, from the results: nothing in the store at all is "never run".
    results = frames.scores(SIX)
    there = set(zip(results["model"], results["benchmark"], strict=True))
    catalogue = frames.models.index[frames.models["origin"] != "community"]
    never = sum((model, benchmark) not in there for model in catalogue for benchmark in SIX)
    assert known["never run"] == never


def test_no_line_where_nothing_is_empty(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/overview.py")
    assert not app.exception
    assert not [m for m in app.markdown if "Empty cells" in m.value]


def test_side_by_side_says_why_a_score_is_missing(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/side_by_side.py", models=["qwen2.5-7b", "gpt-4"], set="ifeval")
    assert not app.exception
    assert sum(_numbers(_line(app)).values()) == 1


def test_a_cell_with_a_run_behind_it_is_not_called_never_run(frames: Frames) -> None:
    rows = pd.DataFrame({"name": ["A", "B"], "interval": [None, None], "context_length": [np.nan, 4096.0]})
    a, b = frames.models.index[:2]
    traces = Traces([str(a), str(b)], {"interval": ["abcdef", ""]}, {"interval": "mmlu"})
    with cached.one_revision():
        told = empty_cells._of_table(rows, traces)
    assert sum(told.scores.values()) == 1 and told.benchmarks == ("mmlu",)
    assert told.facts == {"not stated": 1}
    assert "Scores: 1 " in empty_cells.words(told) and empty_cells.words(empty_cells.NOTHING) == ""


def test_every_reason_has_a_word(frames: Frames) -> None:
    with cached.one_revision():
        found = cached.made(empty_cells.matrix, benchmarks=SIX)
    assert found.shape == (len(frames.models), 6)
    assert set(Counter(found.ravel())) <= set(empty_cells.WORDS.values())
