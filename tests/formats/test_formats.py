"""The words of numbers: examples from the documents, and properties that hold for all numbers."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import formats
from lib.schema.columns import COLUMNS

UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


@pytest.mark.parametrize(
    ("value", "words"),
    [(7e9, "7B"), (1.54e9, "1.5B"), (135e6, "135M"), (1.2e12, "1.2T"), (999.6e6, "1B"), (8.03e9, "8B"), (14.7e9, "15B"),
     (70_426_624, "70M"), (770, "770"), (3.6e13, "36T"), (0, "0")],
)  # fmt: skip
def test_parameters(value, words):
    assert formats.parameters(value) == words
    assert formats.tokens(value) == words


def test_words_of_the_documents():
    assert formats.parameters_in_words(32.5e9) == "33 billion"
    assert formats.parameters_in_words(33e9) == "33 billion"
    assert formats.tokens_in_words(15e12) == "15 trillion"
    assert formats.count(35_969) == "35,969"
    assert formats.counted(1, "model") == "1 model"
    assert formats.counted(291, "model") == "291 models"
    assert formats.counted(0, "study", "studies") == "no studies"
    assert formats.flop(1e24) == "10²⁴ FLOP"
    assert formats.flop(3.14e23) == "3.1 × 10²³ FLOP"
    assert formats.score(0.7213) == "72.1%"
    assert formats.score(0.7213, 0) == "72%"
    assert formats.points(0.185) == "+18.5 points"
    assert formats.points(-0.033) == "−3.3 points"
    assert formats.interval(0.72, 0.66, 0.78) == "72% ± 6"
    assert formats.interval(0.721, 0.713, 0.729) == "72.1% ± 0.8"
    assert formats.interval(0.01, 0.0, 0.06) == "1% (0 to 6)"
    assert formats.interval(0.72, None, None) == "72.0%"
    assert formats.between(0.66, 0.78) == "between 66% and 78%"
    assert formats.times(21.3) == "21 times"
    assert formats.times(1868) == "1,900 times"
    assert formats.ratio(2.7) == "2.7×"
    assert formats.usd(0.52) == "$0.52"
    assert formats.usd(0.0032) == "$0.0032"
    assert formats.usd(1234) == "$1,234"
    assert formats.date("2024-06-30", "month") == "June 2024"
    assert formats.date(pd.Timestamp("2019-02-14")) == "14 Feb 2019"
    assert formats.date(np.datetime64("2019-02-14")) == "14 Feb 2019"
    assert formats.date("2021-12-31", "year") == "2021"
    assert formats.months_between("2023-02-24", "2024-06-07") == 15
    assert formats.months_between("2021-12-08", "2024-09-19") == 33


@pytest.mark.parametrize("unknown", [None, float("nan"), float("inf"), pd.NA, pd.NaT, "7B"])
@pytest.mark.parametrize(
    "name", ["parameters", "tokens", "count", "flop", "score", "points", "times", "ratio", "plain", "usd"]
)
def test_unknown_is_never_a_number(name, unknown):
    show = getattr(formats, name)
    assert show(unknown) == "–"
    assert show(unknown, unknown="not published") == "not published"


@pytest.mark.parametrize("unknown", [None, float("nan"), pd.NaT, ""])
def test_unknown_dates(unknown):
    assert formats.date(unknown) == "–"
    assert formats.months_between(unknown, "2024-01-01") is None


@given(st.floats(1.0, 9e14))
def test_a_short_count_is_within_five_percent(value):
    match = re.fullmatch(r"([\d,]+(?:\.\d)?)([KMBT]?)", formats.parameters(value))
    assert match, formats.parameters(value)
    read = float(match[1].replace(",", "")) * UNITS[match[2]]
    assert read == pytest.approx(value, rel=0.051)


@given(st.floats(1.0, 9e14), st.floats(1.0, 9e14))
def test_short_counts_keep_the_order(a, b):
    def read(value: float) -> float:
        match = re.fullmatch(r"([\d,.]+)([KMBT]?)", formats.parameters(value))
        assert match
        return float(match[1].replace(",", "")) * UNITS[match[2]]

    if a <= b:
        assert read(a) <= read(b)


@given(st.floats(1e-9, 1e30))
def test_flop_reads_back(value):
    text = formats.flop(value).removesuffix(" FLOP").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    mantissa, _, power = text.rpartition("10") if "×" not in text else text.partition(" × 10")
    assert float(mantissa or 1) * 10.0 ** int(power) == pytest.approx(value, rel=0.051)


@given(st.floats(1e-6, 1e9))
def test_ratios_and_dollars_read_back(value):
    assert float(formats.ratio(value).rstrip("×").replace(",", "")) == pytest.approx(value, rel=0.051)
    assert float(formats.usd(value).lstrip("$").replace(",", "")) == pytest.approx(value, rel=0.051, abs=0.005)


@given(st.floats(0, 1), st.floats(0, 0.5))
def test_a_symmetric_interval_says_its_half_width(middle, half):
    text = formats.interval(middle, middle - half, middle + half)
    shown, _, width = text.partition("% ± ")
    digits = 0 if half >= 0.00995 else 1
    assert width
    assert abs(float(width) - 100 * half) <= 0.5 * 10**-digits + 1e-9
    assert abs(float(shown) - 100 * middle) <= 0.5 * 10**-digits + 1e-9


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_float_has_words(value):
    for name in ("parameters", "parameters_in_words", "count", "flop", "score", "points", "times", "plain", "usd"):
        text = getattr(formats, name)(value)
        assert text
        assert (text == "–") == (not math.isfinite(value) or (name == "flop" and value < 0))


@given(st.floats(-1e12, 1e12))
def test_no_negative_zero(value):
    for show in (formats.count, formats.score, formats.plain, formats.usd):
        assert not re.fullmatch(r"[-−]\$?0(\.0+)?%?", show(value))


def test_every_column_has_a_format_a_help_and_an_axis():
    for name, column in COLUMNS.items():
        assert column.label and column.help.endswith(".") and column.axis, name
        assert formats.shown(name, None) == column.unknown
        assert formats.shown(name, float("nan")) == column.unknown


def test_shown_uses_the_unit_of_the_column():
    assert formats.shown("params_total", 7e9) == "7B"
    assert formats.shown("params_total", None) == "not published"
    assert formats.shown("score", 0.5) == "50.0%"
    assert formats.shown("released_on", "2024-06-07") == "7 Jun 2024"
    assert formats.shown("open_weights", True) == "yes"
    with pytest.raises(KeyError):
        formats.shown("no such column", 1)
