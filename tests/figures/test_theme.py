"""Colours: the three lists, their places in Streamlit's theme, and their contrast."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import plotly.graph_objects as go
import pytest
from streamlit.elements.lib import streamlit_plotly_theme as streamlit_theme

from lib.figures import theme

ROOT = Path(theme.__file__).resolve().parents[2]
LISTS = {
    "chartCategoricalColors": (theme.CATEGORICAL_LIGHT, theme.CATEGORICAL_DARK),
    "chartSequentialColors": (theme.SEQUENTIAL_LIGHT, theme.SEQUENTIAL_DARK),
    "chartDivergingColors": (theme.DIVERGING_LIGHT, theme.DIVERGING_DARK),
}
ROLES = [*theme._CATEGORICAL, *theme._SERIES]


def contrast(a: str, b: str) -> float:
    """WCAG 2.2 contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_list_has_the_ten_places_that_streamlit_replaces():
    for light, dark in LISTS.values():
        assert len(light) == len(dark) == 10
        assert all(re.fullmatch(r"#[0-9A-F]{6}", c) for c in light + dark)


@pytest.mark.parametrize("option", LISTS)
def test_configuration_holds_the_same_lists(option):
    configured = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    for mode, ours in zip(theme.MODES, LISTS[option], strict=True):
        theirs = configured[mode].get(option) or configured[option]
        assert [c.upper() for c in theirs] == ours


def test_placeholders_are_those_of_streamlit():
    assert theme.colour("small") == streamlit_theme.CATEGORY_0
    assert theme.colour("background") == streamlit_theme.CATEGORY_9
    assert theme.SCORE_SCALE[0][1] == streamlit_theme.SEQUENTIAL_0
    assert theme.SCORE_SCALE[9][1] == streamlit_theme.SEQUENTIAL_9
    assert theme.colour("level-1") == streamlit_theme.DIVERGING_0
    assert theme.colour("undisclosed-pale") == streamlit_theme.DIVERGING_9


@pytest.mark.parametrize("mode", theme.MODES)
def test_text_and_marks_can_be_told_from_the_page(mode):
    page = theme.real_colour("background", mode)
    for role in ("ink", "muted", *theme.LEVELS, "good", "target"):
        assert contrast(theme.real_colour(role, mode), page) >= 4.4, role
    for role in ("small", "large", "undisclosed"):
        assert contrast(theme.real_colour(role, mode), page) >= 3, role


@pytest.mark.parametrize("mode", theme.MODES)
def test_roles_differ(mode):
    seen = [theme.real_colour(role, mode) for role in ROLES if role not in theme.LEVELS]
    assert len(set(seen)) == len(seen)


def test_real_colours_change_style_and_leave_data():
    figure = go.Figure(
        go.Scatter(x=["#000001"], y=[1], customdata=["#000002"], marker_color="#000001", line_color="#000010")
    )
    figure.update_layout(annotations=[{"text": "a", "font": {"shadow": "1px 1px #000009"}}])
    light = theme.real_colours(figure, "light")
    assert light.data[0].marker.color == "#0072B2"
    assert light.data[0].line.color == "#FFFFFF"
    assert list(light.data[0].x) == ["#000001"]
    assert list(light.data[0].customdata) == ["#000002"]
    assert light.layout.annotations[0].font.shadow == "1px 1px #16202C"
    assert light.layout.paper_bgcolor == "#FFFFFF"
    assert figure.data[0].marker.color == "#000001"


def test_an_unknown_role_is_an_error():
    with pytest.raises(KeyError):
        theme.colour("medium")


@pytest.mark.parametrize(
    ("low", "high", "most", "wanted"),
    [
        (1e9, 1e11, 9, [1e9, 3e9, 1e10, 3e10, 1e11]),
        (0.9e9, 4e11, 9, [1e9, 3e9, 1e10, 3e10, 1e11, 3e11]),
        (5e7, 2e12, 6, [1e8, 1e9, 1e10, 1e11, 1e12]),
    ],
)
def test_ticks_are_round(low, high, most, wanted):
    assert theme.steps(low, high, most) == pytest.approx(wanted)


@pytest.mark.parametrize("n", range(9))
def test_levels_are_in_order(n):
    roles = theme.levels(n)
    assert len(roles) == n
    if n <= 4:
        assert roles == sorted(set(roles))


def test_the_bar_over_a_figure_hides_nothing_and_takes_its_colours_from_the_theme():
    bar = theme.framed(go.Figure(), x={}, y={}, height=100).layout.modebar
    assert bar.bgcolor == "rgba(0,0,0,0)"
    assert {bar.color, bar.activecolor} <= {theme.colour(role) for role in ROLES}
