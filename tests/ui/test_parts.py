"""Parts of the pages that can be held in the hand: sentences, downloads, padded scores."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from lib import formats
from lib.schema.text import Span, sentence
from lib.ui import downloads
from lib.ui.page import markdown, padded


def test_sentence_with_roles() -> None:
    said = sentence("On MMLU ", Span("7 billion", "small"), " beat ", Span("70 billion", "large"), ": ", Span("10 times", "strong"), ".")  # fmt: skip
    assert markdown(said) == "On MMLU :blue[**7 billion**] beat :orange[**70 billion**]\\: **10 times**\\."


@given(st.text(max_size=60), st.sampled_from(["small", "large", "strong", None]))
def test_no_text_leaves_its_span(text: str, role: str | None) -> None:
    shown = markdown(sentence("a ", Span(text, role), " b"))  # type: ignore[arg-type]
    inner = shown.removeprefix("a ").removesuffix(" b").strip()
    for mark in ("]", "[", "*", "<", "`"):
        own = (
            {"]": 1, "[": 1, "*": 4}.get(mark, 0)
            if role in ("small", "large")
            else {"*": 4}.get(mark, 0)
            if role
            else 0
        )
        assert inner.count(mark) - inner.count("\\" + mark) <= own


def test_csv_defuses_formulas_and_keeps_numbers() -> None:
    table = pd.DataFrame({"name": ["=1+1", "+a", "-b", "@c", "fine"], "=x": [-1.5, 2, np.nan, 4, 5]})
    read = pd.read_csv(io.BytesIO(downloads.csv(table)))
    assert read["name"].tolist() == ["'=1+1", "'+a", "'-b", "'@c", "fine"]
    assert read["'=x"].iloc[0] == -1.5
    assert table["name"].iloc[0] == "=1+1"


def test_parquet_keeps_types() -> None:
    table = pd.DataFrame({"model": ["a"], "released_on": pd.to_datetime(["2024-05-01"]), "score": [0.5]})
    back = pd.read_parquet(io.BytesIO(downloads.parquet(table)))
    assert back["released_on"].iloc[0] == pd.Timestamp("2024-05-01")


@given(st.lists(st.integers(0, 100), min_size=2, max_size=20))
def test_padded_scores_sort_like_numbers(percent: list[int]) -> None:
    shown = padded(formats.interval(p / 100, max(0, p / 100 - 0.02), min(1, p / 100 + 0.02)) for p in percent)
    by_text = sorted(zip(shown, percent, strict=True), key=lambda pair: pair[0])
    assert [p for _, p in by_text] == sorted(percent)


@pytest.mark.parametrize("has_figure", [False, True])
def test_a_picture_is_offered_only_where_there_is_a_figure(has_figure: bool) -> None:
    def script(has_figure: bool) -> None:
        import pandas as pd

        from lib.ui import downloads

        downloads.buttons(pd.DataFrame({"a": [1]}), "rows", has_figure=has_figure)

    app = AppTest.from_function(script, kwargs={"has_figure": has_figure}).run()
    assert not app.exception
    assert any("Picture" in one.value for one in app.markdown) == has_figure
