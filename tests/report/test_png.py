"""Pictures for previews: the size that is asked for, the figure in it, and words that fit."""

from __future__ import annotations

import io
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lib.figures import theme
from lib.report import png
from tests.report.documents import HOSTILE, figures

FIGURES = figures()


def _read(content: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "PNG" and picture.size == (png.CARD_WIDTH, png.CARD_HEIGHT)
    return np.asarray(picture.convert("RGB"), dtype=int)


def _has(pixels: np.ndarray, role: str) -> bool:
    colour = [int(theme.real_colour(role, "light")[i : i + 2], 16) for i in (1, 3, 5)]
    return bool((np.abs(pixels - np.array(colour)).sum(axis=2) < 60).sum() > 5)


@pytest.mark.parametrize("name", ["records", "parameters_tokens", "head_to_head", "upsets", "coverage"])
def test_a_card_shows_its_figure(name: str) -> None:
    spec = json.loads(FIGURES[name].to_json())
    with_figure, without = _read(png.card("Question?", "Answer.", spec)), _read(png.card("Question?", "Answer.", None))
    assert (with_figure[250:] != without[250:]).any(axis=2).mean() > 0.003
    assert _has(without, "small") and _has(without, "large"), "the marks of the name"


def test_the_colours_are_those_of_the_roles() -> None:
    spec = json.loads(FIGURES["score_vs_size"].to_json())
    pixels = _read(png.card("Q?", "A.", spec))[250:]
    assert _has(pixels, "small") and _has(pixels, "large") and _has(pixels, "good")


@pytest.mark.parametrize("title", ["", HOSTILE, "word " * 200, "x" * 3000, "日本語 αβγ ‮ rtl"])
def test_any_words_make_a_card(title: str) -> None:
    _read(png.card(title, title, None))


class _Ruler:
    """A font whose letters are all ten pixels wide."""

    def getlength(self, text: str) -> float:
        return 10.0 * len(text)


@settings(max_examples=60)
@given(st.text(alphabet="ab ", max_size=80), st.integers(30, 300), st.integers(1, 4))
def test_lines_are_no_longer_than_the_room(text: str, room: int, most: int) -> None:
    lines = png._wrapped(text, _Ruler(), room, most)
    assert len(lines) <= most
    assert all(10 * len(line) <= room for line in lines)
    if "…" not in "".join(lines):
        assert " ".join(lines).split() == text.split()


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=2, max_size=4),
    st.sampled_from(["4 4", "6 3 2 3"]),
)
def test_dashes_cover_their_share_of_a_line(points: list[tuple[float, float]], dash: str) -> None:
    pieces = png._dashed(points, dash)
    whole = sum(float(np.hypot(bx - ax, by - ay)) for (ax, ay), (bx, by) in itertools.pairwise(points))
    drawn = sum(float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in pieces)
    pattern = [float(one) for one in dash.split()]
    share = sum(pattern[::2]) / sum(pattern)
    assert abs(drawn - share * whole) <= sum(pattern)
