"""Each check of ``checks.py`` passes a sound page and fails one that breaks its rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import checks

pytestmark = pytest.mark.browser

AXIS = "{visible: true, showticklabels: true, _vals: [1], _name: '%s', type: '%s', title: {text: '%s'}}"
PLOT = """<div role="figure" aria-label="{alt}"><div class="js-plotly-plot"><svg class="main-svg" width="400" height="200">
<text class="annotation-text" x="20" y="40">first</text><text class="annotation-text" x="{second}" y="40">second</text>
<g class="xtick"><text x="20" y="190">1</text></g><g class="xtick"><text x="{tick}" y="190">10</text></g>
</svg></div></div>
<script>document.querySelector('.js-plotly-plot')._fullLayout = {{xaxis: {x}, yaxis: {y}}};
document.querySelector('.js-plotly-plot')._fullData = [{{hovertext: ['{hover}']}}];</script>"""
GRID = """<div data-testid="stDataFrame"><div role="region" aria-label="{alt}"><canvas><table role="grid">
<tr><th role="columnheader">{heading}</th></tr>{rows}</table></canvas></div></div>"""
ROW = '<tr><td role="gridcell">{}</td></tr>'


def plot(
    *, alt: str = "Scores", second: int = 120, tick: int = 90, x: str = "Parameters (total)", y: str = "Score (%)",
    kind: str = "linear", hover: str = "12%",
) -> str:  # fmt: skip
    axes = {"x": AXIS % ("xaxis", kind, x), "y": AXIS % ("yaxis", "linear", y)}
    return PLOT.format(alt=alt, second=second, tick=tick, hover=hover, **axes)


def grid(*rows: str, alt: str = "Models", heading: str = "Model") -> str:
    return GRID.format(alt=alt, heading=heading, rows="".join(map(ROW.format, rows)))


SOUND = f"""<h1>A question?</h1><h2>An answer.</h2><p>Text with <code>params_total</code> as code.</p>{plot()}{grid("Pythia", "–")}
<div style="border: 1px solid #555">A card</div><a href="https://example.org/x">elsewhere</a>"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 800, "height": 600})
    yield context.new_page()
    context.close()


def show(page: Page, inside: str) -> Page:
    page.set_content(
        f'<!doctype html><html lang="en"><head><title>Models</title></head><body><main data-testid="stMain">{inside}</main></body></html>'
    )
    return page


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_a_sound_page_passes(page: Page, check: checks.Check) -> None:
    assert check(show(page, SOUND)) == []


BROKEN = (
    (checks.tracebacks, '<div data-testid="stException">TypeError</div>', "TypeError"),
    (checks.one_heading, "<p>No question</p>", "0 headings"),
    (checks.one_heading, "<h1>One</h1><h1>Two</h1>", "2 headings"),
    (checks.sideways_scroll, '<div style="width: 900px">wide</div>', "the page is 9"),
    (checks.sideways_scroll, '<style>main {overflow: auto; width: 300px}</style><p style="width: 500px">x</p>', "the main part is 500"),
    (checks.alternative_text, plot(alt=""), "figure has no"),
    (checks.alternative_text, grid("Pythia", alt=""), "table has no"),
    (checks.axis_titles, plot(x=""), "xaxis has no title"),
    (checks.axis_titles, plot(x="Click to enter X axis title"), "xaxis has no title"),
    (checks.axis_titles, plot(y="How good"), "“How good” has no unit"),
    (checks.overlapping_labels, plot(second=30), "“first” and “second”"),
    (checks.overlapping_labels, plot(tick=24), "“1” and “10”"),
    (checks.cut_labels, plot(second=380), "“second” is cut"),
    (checks.raw_names, "<p>the params_total of it</p>", "params_total"),
    (checks.raw_names, grid("Pythia", heading="training_tokens"), "training_tokens"),
    (checks.raw_names, grid("size_status"), "size_status"),
    (checks.raw_names, plot(hover="n_samples 12"), "n_samples"),
    (checks.gaps_shown, "<p>Scores nan% on it</p>", "nan"),
    (checks.gaps_shown, grid("None"), "None"),
    (checks.figures_without_table, grid("Pythia") + plot(), "no table"),
    (checks.empty_boxes, '<div style="border: 1px solid #555; height: 40px"></div>', "empty box"),
    (checks.empty_boxes, grid(), "table without rows"),
    (checks.empty_boxes, '<div data-testid="stPlotlyChart" aria-label="Scores" style="height: 0">.</div>', "without height: Scores"),
    (checks.accessibility, '<p style="color: #bbb; background: #fff">pale words</p>', "color-contrast"),
    (checks.accessibility, f'{plot()}<p style="color: #bbb; background: #fff">pale words</p>', "color-contrast"),
    (checks.accessibility, '<button type="button"></button>', "button-name"),
    (checks.colours, '<p style="color: #bbb; background: #fff">pale words</p>', "color-contrast"),
)  # fmt: skip


@pytest.mark.parametrize(("check", "inside", "says"), BROKEN)
def test_a_broken_page_fails(page: Page, check: checks.Check, inside: str, says: str) -> None:
    found = check(show(page, inside))
    assert any(says in one for one in found), found


def test_every_check_is_seen_to_fail() -> None:
    assert {check for check, _, _ in BROKEN} | {checks.dead_links} == {*checks.CHECKS, *checks.COLOURED}


def test_links_to_pages_that_do_not_exist(page: Page) -> None:
    inside = '<a href="/models?small=7B">one</a><a href="/nowhere">other</a><a href="https://example.org/">else</a>'
    page.route("http://dashboard.test/**", lambda route: route.fulfill(body=inside, content_type="text/html"))
    page.goto("http://dashboard.test/models")
    assert checks.dead_links(page) == ["a link leads to /nowhere, which is no page"]
    page.unroute("http://dashboard.test/**")


def test_a_turned_label_is_measured_as_it_lies(page: Page) -> None:
    """Two slanted names side by side: their upright boxes overlap, their letters do not."""
    slanted = "".join(
        f'<g class="xtick"><text transform="rotate(45 {x} 60)" x="{x}" y="60">a long name</text></g>' for x in (60, 90)
    )
    svg = f'<svg class="main-svg" width="400" height="200">{slanted}</svg>'
    inside = f"""<div class="js-plotly-plot">{svg}</div><script>document.querySelector('.js-plotly-plot')._fullLayout = {{}};
        document.querySelector('.js-plotly-plot')._fullData = [];</script>"""
    assert checks.overlapping_labels(show(page, inside)) == []
    assert checks.overlapping_labels(show(page, inside.replace('"90"', '"62"').replace("90 60", "62 60")))


def test_an_exception_of_axe_holds_only_where_it_is_named(page: Page) -> None:
    pale = '<h1>A question?</h1><p style="color: #bbb; background: #fff">pale words</p>'
    allowed = [checks.Allowed("color-contrast", "#here", "for the test")]
    assert checks.accessibility(show(page, f'<div id="here">{pale}</div>'), allowed) == []
    assert checks.accessibility(show(page, f'<div id="there">{pale}</div>'), allowed)
    assert checks.accessibility(show(page, f'<div id="here">{pale}</div>'), [allowed[0]._replace(scheme="dark")])


def test_the_tab_names_the_page(page: Page) -> None:
    assert checks.tab_title(show(page, SOUND), "Models") == []
    assert checks.tab_title(show(page, SOUND), "Overview")
