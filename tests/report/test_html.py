"""A report as one file: inert whatever is in it, nothing asked of any host, small enough, and complete."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re

import pandas as pd
import pytest

from lib import formats
from lib.errors import RefusedInput
from lib.figures import theme
from lib.report import html, tables
from lib.report.document import Document, SourceLine, Table, View, merged
from lib.schema.columns import COLUMNS
from tests.report.documents import DIGEST, HOSTILE, document, figures, rows, view
from tests.report.reading import Reading

ASKS_FOR = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "formaction", "background", "ping"}


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "static"])
def made(request: pytest.FixtureRequest) -> tuple[bool, bytes]:
    return request.param, html.render(document(), static=request.param)


def test_nothing_from_outside_becomes_an_element(made: tuple[bool, bytes]) -> None:
    is_static, content = made
    read = Reading(content)
    assert not read.faults
    assert "img" not in {tag for tag, _ in read.tags}
    assert not any(name.startswith("on") for _, told in read.tags for name in told)
    n_own = 0 if is_static else 2
    programs = [text for told, text in read.scripts if told.get("type") != "application/json"]
    assert len(programs) == n_own
    # What was written is read: once in each of heading, takeaway, texts and tables.
    assert read.text.count("<img src=") > 20


def test_it_asks_nothing_of_any_host(made: tuple[bool, bytes]) -> None:
    _, content = made
    read = Reading(content)
    asked = [told[name] for tag, told in read.tags if tag != "a" for name in ASKS_FOR & set(told)]
    assert not asked
    styles = re.findall(r"url\(([^)]{0,40})", content.decode().split("</style>")[0])
    assert styles and all(one.startswith("data:") for one in styles)
    links = [told["href"] for tag, told in read.tags if tag == "a"]
    assert all(one.startswith(("#", "http://", "https://")) for one in links)


def test_the_policy_allows_these_scripts_and_no_other(made: tuple[bool, bytes]) -> None:
    is_static, content = made
    read = Reading(content)
    (policy,) = [told["content"] for tag, told in read.tags if told.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules
    programs = [text for told, text in read.scripts if told.get("type") != "application/json"]
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in programs}
    assert set(rules["script-src"].split()) == (digests or {"'none'"})
    assert is_static == (not digests)


def test_figures_keep_their_data(made: tuple[bool, bytes]) -> None:
    is_static, content = made
    read = Reading(content)
    specs = [json.loads(text) for told, text in read.scripts if told.get("id", "").startswith("spec-")]
    assert len(specs) == (0 if is_static else 2)
    for spec in specs:
        assert spec["data"][0]["customdata"][0] == HOSTILE
    assert sum(tag == "svg" for tag, _ in read.tags) == 2
    if not is_static:
        (colours,) = [json.loads(text) for told, text in read.scripts if told.get("id") == "colours"]
        assert colours == {mode: theme.placeholders(mode) for mode in theme.MODES}


def test_clouds_are_drawn_without_webgl() -> None:
    drawn = {**figures()}["score_vs_size"]
    trace = drawn.to_plotly_json()["data"][0]
    gl = type(drawn)([{**trace, "type": "scattergl"}], drawn.layout)
    read = Reading(html.render(document(view(figure=gl))))
    (spec,) = [json.loads(text) for told, text in read.scripts if told.get("id", "").startswith("spec-")]
    assert {one["type"] for one in spec["data"]} == {"scatter"}


def test_the_library_is_the_published_one() -> None:
    content = (html.ASSETS / html.LIBRARY).read_bytes()
    assert hashlib.sha256(content).hexdigest() == html.LIBRARY_SHA256
    assert b"</script" not in content.lower()
    version = re.search(rb"plotly\.js \(cartesian - minified\) v([0-9.]+)", content)
    import plotly.offline

    assert version and version[1].decode() == plotly.offline.get_plotlyjs_version()


def test_every_heading_has_its_place(made: tuple[bool, bytes]) -> None:
    levels = [int(tag[1]) for tag, _ in Reading(made[1]).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_what_data_it_is_stands_in_it(made: tuple[bool, bytes]) -> None:
    text = Reading(made[1]).text
    assert DIGEST in text and "12 results" in text and "2026-11-22 05:06 UTC" in text
    assert "Left out. " in text and "What was left out, and why" in text


@pytest.mark.parametrize("is_static", [False, True])
def test_long_tables_are_cut_until_the_file_is_small_enough(is_static: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Document("many", tuple(view(2, title=str(i)) for i in range(3)))
    limit = len(html.render(small, static=is_static)) + 60_000
    monkeypatch.setattr(html, "MOST_STATIC_BYTES" if is_static else "MOST_BYTES", limit)
    content = html.render(Document("many", tuple(view(600, title=str(i)) for i in range(3))), static=is_static)
    assert len(content) < limit
    shown = re.search(r"The first ([\d,]+) of 600 rows", Reading(content).text)
    assert shown and html.FEWEST_ROWS <= int(shown[1]) < (html.STATIC_ROWS if is_static else html.ROWS)


def test_too_many_views_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MOST_STATIC_BYTES", 300_000)
    with pytest.raises(RefusedInput, match="too many views"):
        html.render(Document("many", tuple(view(10, title=str(i)) for i in range(12))), static=True)


def test_the_limits_are_those_that_are_promised() -> None:
    assert html.MOST_BYTES <= 6_000_000 and html.MOST_STATIC_BYTES <= 1_000_000


def test_cells_are_written_as_on_the_pages() -> None:
    table = rows(2).assign(score=[0.5, float("nan")], training_flop=[31.0, 2.5], n=[3, 4], verdict=[None, "  x "])
    read = Reading(tables.table(Table(table, {"training_flop": "Compute (10²¹ FLOP)"}, "t"), most=10))
    assert "7B" in read.text and "1 May 2024" in read.text and "50.0%" in read.text
    assert "72% ± 6" in read.text and "Compute (10²¹ FLOP)31" not in read.text and "31" in read.text
    assert (
        tables.shown("score", float("nan"))
        == tables.shown("name", None)
        == tables.shown("x", pd.NaT)
        == formats.UNKNOWN
    )
    assert tables.heading("memory_gib", {}) == COLUMNS["memory_gib"].heading == "Memory (GiB)"


def test_sources_of_several_views_are_told_once() -> None:
    a = SourceLine("Board", "https://a.example", files=("a.csv",), runs=frozenset("ab"))
    b = SourceLine("Board", "https://a.example", files=("b.csv",), runs=frozenset("bc"), licence="MIT")
    c = SourceLine("Paper", runs=frozenset("d"))
    both = merged([c, a, b])
    assert [one.title for one in both] == ["Board", "Paper"]
    assert both[0].runs == frozenset("abc") and both[0].files == ("a.csv", "b.csv") and both[0].licence == "MIT"
    read = Reading(html.render(Document("x", (View("v", sources=(a, c)), View("w", sources=(b,))))))
    assert "3 runs used" in read.text
