"""Columns of numbers as text are as wide as their longest text, wherever in the table it stands."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ui import page, widths

SHORT, LONG = "59% ± 1", "3.2% (2.4 to 4.3)"
PX_A_DIGIT = 7


def _config(rows: pd.DataFrame, name: str) -> dict[str, object]:
    return dict(page.columns(rows, {name: "Score"})[name])


@pytest.mark.parametrize("name", ["interval", "published", "score:math_lvl5"])
def test_a_long_text_far_down_widens_its_column(name: str) -> None:
    narrow = _config(pd.DataFrame({name: [SHORT] * 500}), name)
    broad = _config(pd.DataFrame({name: [*[SHORT] * 499, LONG]}), name)
    assert isinstance(narrow["width"], int) and isinstance(broad["width"], int)
    assert narrow["width"] >= PX_A_DIGIT * 6
    assert broad["width"] >= narrow["width"] + PX_A_DIGIT * 5


def test_the_heading_fits_and_prose_does_not_widen_without_end() -> None:
    rows = pd.DataFrame({"interval": [SHORT, None]})
    assert widths.width(rows, "interval", "Score, 95% interval") > widths.width(rows, "interval", "Score")
    assert widths.width(pd.DataFrame({"interval": ["9" * 5000]}), "interval", "") == widths.MOST_PX


@given(st.lists(st.none() | st.text(max_size=12), max_size=12))
def test_the_longest_text_is_the_longest(texts: list[str | None]) -> None:
    rows = pd.DataFrame({"interval": pd.Series(texts, dtype=object)})
    told = [one for one in texts if one is not None]
    assert widths.longest(rows, "interval") == max(told, key=len, default="")


def test_rows_that_arrow_refuses_are_measured_too() -> None:
    rows = pd.DataFrame({"interval": [SHORT, LONG], "mixed": pd.Series([1, "x"], dtype=object)})
    assert widths.longest(rows, "interval") == LONG


def test_names_are_not_pinned_for_the_browser_draws_pinned_cells_pale() -> None:
    assert not dict(page.columns(pd.DataFrame({"name": ["A"]}), {})["name"]).get("pinned")
