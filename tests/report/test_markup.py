"""Markdown of the pages as HTML: text from outside comes back as the text it was, and brings no element with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import formats
from lib.report import markup
from lib.schema.text import Span, sentence
from tests.report.reading import Reading

OUR_TAGS = {"b", "i", "span", "code", "a", "p", "ul", "ol", "li", "h4", "pre", "div", "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip
HOSTILE = "<img src=x onerror=alert(1)> **bold** [link](http://evil.example) :red[x] :blue[y] `z` $x^2$ {=1} -> :smile:"
TEXTS = st.one_of(st.text(max_size=60), st.text(alphabet="[]()*`:\\<>&a b\n|-#1.", max_size=60), st.just(HOSTILE))


@given(TEXTS)
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    read = Reading(markup.inline(formats.markdown(text)))
    assert read.text == formats.one_line(text, 200)
    assert not read.tags


@given(TEXTS)
def test_raw_text_brings_no_element_but_ours(text: str) -> None:
    for made in (markup.inline(text), markup.block(text), markup.paragraphs(text), markup.text(text)):
        read = Reading(made)
        assert {tag for tag, _ in read.tags} <= OUR_TAGS | {"br"}
        assert all(set(told) <= {"class", "href", "rel"} for _, told in read.tags)
        assert all(told["href"].startswith(("http://", "https://")) for tag, told in read.tags if tag == "a")
        assert not read.faults


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**Left out.** no score", "<b>Left out.</b> no score"),
        (":small[:gray[a *b*]]", '<span class="fine"><span class="muted">a <i>b</i></span></span>'),
        (":blue[**4B**] `x<y`", '<span class="small"><b>4B</b></span> <code>x&lt;y</code>'),
        ("[x](https://a.b/c)", '<a href="https://a.b/c" rel="noopener noreferrer">x</a>'),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        (r"3 \* 4 \[a\]", "3 * 4 [a]"),
        ("2 * 3 and ** or [", "2 * 3 and ** or ["),
        (":material/error: no", " no"),
    ],
)
def test_constructs_of_the_pages(markdown: str, expected: str) -> None:
    assert markup.inline(markdown) == expected


def test_blocks() -> None:
    made = markup.block("a\nb\n\n- one\n- two\n  more\n\n| x | y |\n|---|---|\n| 1 | `2` |\n\n## H\n```\n<z>\n```")
    assert made.startswith("<p>a b</p><ul><li>one</li><li>two more</li></ul>")
    assert "<th>x</th><th>y</th></tr></thead><tbody><tr><td>1</td><td><code>2</code></td></tr>" in made
    assert made.endswith("<h4>H</h4><pre>&lt;z&gt;</pre>")


def test_sentences_keep_their_roles_and_no_markup() -> None:
    said = sentence("Of ", Span("<b>4B</b>", "small"), " and ", Span("70B", "large"), " it is ", Span("17", "strong"))
    assert markup.sentence(said) == (
        'Of <b class="small">&lt;b&gt;4B&lt;/b&gt;</b> and <b class="large">70B</b> it is <b>17</b>'
    )


@pytest.mark.parametrize("text", ["[" * 400 + "](", ":small[" * 400, "**" * 400, "*a" * 400, "[a](" * 400])
def test_nesting_without_an_end_is_read_once(text: str) -> None:
    seen: list[int] = []
    reader = markup._Reader(text)
    begun = reader._begun
    reader._begun = lambda at, depth: seen.append(at) or begun(at, depth)  # type: ignore[assignment,func-returns-value]
    reader.until("", 0, 0)
    assert len(seen) == len(set(seen)) <= len(text)
