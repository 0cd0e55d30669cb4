"""Text from outside stays text: in Streamlit's Markdown, in Plotly, in a spreadsheet."""

from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import formats

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
HOSTILE = [
    "<b onmouseover=alert(1)>x</b>", "$x^2$ $$y$$", "**bold** _it_ `code` ~~gone~~", ":smile: :material/home: :red[x]",
    "[link](http://example.com) ![i](http://example.com/i.png)", "http://example.com www.example.com a@example.com",
    "a -> b <- c -- d >= e <= f ~= g <-> h", "# heading", "1. one", "- item", "> quote", "| a | b |", "%{customdata[0]}",
    "&lt;i&gt; &amp; &#60;", "a\u202eb\u200bc\x00d\r\n\te",
]  # fmt: skip


@given(st.text(max_size=60) | st.sampled_from(HOSTILE))
def test_markdown_escapes_every_punctuation_mark(text):
    escaped = formats.markdown(text)
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", "", escaped)
    assert not set(shown) & set(PUNCTUATION)
    read = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped).replace("\u2060", "")
    assert read == formats.one_line(text, 200)


@given(st.text(max_size=60) | st.sampled_from(HOSTILE))
def test_plotly_reads_back_and_holds_no_markup(text):
    escaped = formats.plotly(text)
    assert not set(escaped) & set("<>${}")
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt|#36|#123|#125);)*", escaped)
    assert html.unescape(escaped) == formats.one_line(text, 80)


@given(st.text(max_size=300), st.integers(1, 200))
def test_one_line_is_short_and_visible(text, limit):
    line = formats.one_line(text, limit)
    assert len(line) <= limit
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") or c in "\u2028\u2029" for c in line)
    assert line == line.strip()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "＝1"])
def test_csv_defuses_formulas(text):
    assert formats.csv_cell(text) == "'" + text


@pytest.mark.parametrize("value", [-1.5, 3, None, True, "Llama-2-7b", "a=b", "", " "])
def test_csv_leaves_the_rest(value):
    assert formats.csv_cell(value) is value


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.org/a_(b)?q=1", "[A b](https://example.org/a_%28b%29?q=1)"),
        ("javascript:alert(1)", None),
        ("https://example.org/ x", None),
        ('https://example.org/"onmouseover=', None),
        (None, None),
        (float("nan"), None),
        ("", None),
    ],
)
def test_only_web_addresses_become_links(address: object, shown: str | None) -> None:
    assert formats.web_link(address, "A b") == (shown or "A b")
