"""The settings of server and theme that other code relies on."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import streamlit as st

from lib.figures import theme
from lib.ui import page

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))


def test_streamlit_takes_the_settings() -> None:
    assert st.get_option("runner.postScriptGC") is False
    assert st.get_option("server.address") == "127.0.0.1"
    assert st.get_option("browser.gatherUsageStats") is False


def test_chart_colours_are_those_of_the_figures() -> None:
    light, dark = CONFIG["theme"]["light"], CONFIG["theme"]["dark"]
    assert light["chartCategoricalColors"] == theme.CATEGORICAL_LIGHT
    assert dark["chartCategoricalColors"] == theme.CATEGORICAL_DARK
    assert light["chartSequentialColors"] == theme.SEQUENTIAL_LIGHT
    assert dark["chartSequentialColors"] == theme.SEQUENTIAL_DARK
    assert light["chartDivergingColors"] == theme.DIVERGING_LIGHT
    assert dark["chartDivergingColors"] == theme.DIVERGING_DARK


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_marks_of_legends_have_the_colours_of_the_figures(mode: theme.Mode) -> None:
    assert CONFIG["theme"][mode]["violetTextColor"] == theme.real_colour("level-2", mode)
    assert page._coloured("■", "level-2") == ":violet[■]"
    assert page._coloured("●", "small") == ":blue[●]"
    assert page._coloured("●", "ink") == "●"
    assert page._coloured("╌", "undisclosed") == ":gray[╌]"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read(mode: str) -> None:
    colours = CONFIG["theme"][mode]
    for ground in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        for name in ("textColor", "linkColor", "blueTextColor", "greenTextColor", "violetTextColor", "grayTextColor"):
            assert _contrast(colours[name], ground) >= 4.5, name
    assert _contrast(colours["orangeTextColor"], colours["backgroundColor"]) >= 4.5
    # White words on chips; and the colour itself against the page.
    assert _contrast("#FFFFFF", colours["primaryColor"]) >= 4.0
    assert _contrast(colours["primaryColor"], colours["backgroundColor"]) >= 3


def _contrast(a: str, b: str) -> float:
    """WCAG 2.1 contrast ratio."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [c / 255 for c in bytes.fromhex(colour.removeprefix("#"))]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
