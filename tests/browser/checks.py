"""What every page must keep, each as a function of an open page that returns sentences about what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Page
from sqlalchemy import Table

from lib.schema.columns import COLUMNS
from lib.store import frames_models, frames_runs, tables
from lib.ui import links

HERE = Path(__file__).parent
SEEN = (HERE / "checks.js").read_text(encoding="utf-8")
AXE = (HERE / "axe" / "axe.min.js").read_text(encoding="utf-8")
FOLDED = "[data-testid=stMain] details:not([open]) > summary"
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""Axe's rules about colours, of those that it asks unless told otherwise."""
Check = Callable[[Page], list[str]]
AXE_WITHOUT_CHARTS = """async ([allowed, only]) => {
    const hidden = document.createElement("style");
    hidden.textContent = ".js-plotly-plot { display: none !important; }";
    document.head.append(hidden);
    const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const may = (rule, node) => allowed.some(a => a.rule === rule && (!a.scheme || a.scheme === scheme)
        && node.target.every(t => document.querySelector(t)?.closest(a.within)));
    const said = await axe.run(document, {resultTypes: ["violations"], ...(only && {runOnly: only})});
    hidden.remove();
    const why = node => ((node.any[0] || node.all[0] || node.none[0] || {}).message || "");
    return said.violations.flatMap(rule => rule.nodes.filter(node => !may(rule.id, node))
        .map(node => `${rule.id}: ${node.html.slice(0, 160)} (${why(node)})`));
}"""


class Allowed(NamedTuple):
    """A violation that axe may report.

    Args:
        rule: Id of axe's rule.
        within: Selector of what it may stand in.
        reason: Why it is not ours to mend.
        scheme: ``dark`` where it is allowed in the dark theme only.
    """

    rule: str
    within: str
    reason: str
    scheme: str = ""


_ONE_BLUE = (
    "Streamlit writes a slider's values and the chosen button of a row in the theme's primary colour, and white words on that "
    "colour in chips. On our dark ground no colour has more than 4.28 to 1 with both, and ours has it (3.9 on the tint of "
    "a chosen button); 3 to 1 is kept by tests/ui/test_config.py"
)
ALLOWED = (
    Allowed("presentation-role-conflict", "[data-testid=stFileUploaderDropzone]", "Streamlit's own field for files"),
    Allowed("list", "[data-testid=stSidebarNavItems]", "Streamlit's own menu: headings of groups inside its list"),
    Allowed("listitem", "[data-testid=stSidebarNavItems]", "Streamlit's own menu: headings of groups inside its list"),
    Allowed("color-contrast", "[data-testid=stMain] [data-testid=stSlider]", _ONE_BLUE, "dark"),
    Allowed("color-contrast", "[data-testid=stMain] [data-testid=stButtonGroup]", _ONE_BLUE, "dark"),
    Allowed("color-contrast", "[data-testid=stMain] [data-tag]", _ONE_BLUE, "dark"),
)
UNIT = re.compile(
    r"\([^)]+\)|%|\b(parameters|tokens|FLOP|times|points|questions|answers|models|results|runs|shots|rank|seconds|days|USD|GiB)\b",
    re.IGNORECASE,
)
_STORED = {column.name for table in vars(tables).values() if isinstance(table, Table) for column in table.columns}
RAW_NAMES = {
    name
    for name in {*COLUMNS, *frames_models.COLUMNS, *frames_runs.COLUMNS, *frames_runs.SOURCE_COLUMNS, *_STORED}
    if "_" in name
}
"""Names of columns that are no words: they belong into code and downloads, never before a reader."""
_NAME = re.compile(r"(?<![\w./-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w./-])")
_MISSING = re.compile(r"(?<![\w-])(nan|NaN|NaT|<NA>|undefined|\[object Object\])(?![\w-])")
_GAPS = {"nan", "None", "NaT", "<NA>", "null", "undefined", "inf", "-inf"}


def look(page: Page, name: str) -> Any:
    """Asks the page with a function of ``checks.js``."""
    return page.evaluate(f"() => {{ if (!window.seen) {{ {SEEN} }} return window.seen.{name}(); }}")


def wait_until_drawn(page: Page) -> None:
    """Until charts and tables stand there and nothing moves any more between two frames."""
    page.wait_for_function(f"() => {{ if (!window.seen) {{ {SEEN} }} return window.seen.isDrawn(); }}", timeout=90_000)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")


def unfold(page: Page) -> None:
    """Opens what is folded up in the main part, all at once and then what was in it, so that the checks see it, too."""
    while page.evaluate("folded => { const all = [...document.querySelectorAll(folded)]; all.forEach(one => one.click()); return all.length; }", FOLDED):  # fmt: skip
        wait_until_drawn(page)
    wait_until_drawn(page)


def sideways_scroll(page: Page) -> list[str]:
    """Neither the page nor its main part is wider than its place."""
    return list(look(page, "sideways"))


def accessibility(page: Page, allowed: Iterable[Allowed] = ALLOWED) -> list[str]:
    """What axe finds, without the named exceptions.

    Charts are hidden while it looks: beside Plotly's layers axe takes every text of the page for covered, and then says
    nothing of its contrast. What it would ask of a chart is asked by other checks.
    """
    return _axe(page, allowed)


def colours(page: Page) -> list[str]:
    """What axe finds wrong with colours, for a page of which it has asked everything in another colour scheme."""
    return _axe(page, ALLOWED, {"type": "rule", "values": OF_COLOURS})


def _axe(page: Page, allowed: Iterable[Allowed], only: dict[str, Any] | None = None) -> list[str]:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE + ";0")
    found = page.evaluate(AXE_WITHOUT_CHARTS, [[one._asdict() for one in allowed], only])
    return list(found)


def alternative_text(page: Page) -> list[str]:
    """Figures and tables have a text for those who do not see them."""
    return list(look(page, "unnamed"))


def axis_titles(page: Page) -> list[str]:
    """Every axis with numbers says what it shows and in which unit; dates and names explain themselves."""
    told = {column.axis for column in COLUMNS.values()}
    wrong = []
    for axis in look(page, "axes"):
        if not axis["title"] and axis["type"] != "date":
            wrong.append(f"{axis['axis']} has no title in: {axis['figure']}")
        elif axis["type"] in ("linear", "log") and axis["title"] not in told and not UNIT.search(axis["title"]):
            wrong.append(f"{axis['axis']} “{axis['title']}” has no unit in: {axis['figure']}")
    return wrong


def overlapping_labels(page: Page) -> list[str]:
    """No two labels of a figure (annotations, ticks, titles, names at marks) lie over each other."""
    return list(look(page, "overlaps"))


def cut_labels(page: Page) -> list[str]:
    """No label of a figure reaches over its edge."""
    return list(look(page, "cut"))


def tracebacks(page: Page) -> list[str]:
    return list(look(page, "tracebacks"))


def raw_names(page: Page) -> list[str]:
    """Names of columns stand nowhere but in code: not in text, figures, hover texts, headings and cells of tables."""
    in_text = {name for text in look(page, "words") for name in _NAME.findall(text)}
    in_tables = {text.strip() for text in (*look(page, "headings"), *look(page, "cells"))}
    return [f"a raw name is shown: {name}" for name in sorted((in_text | in_tables) & RAW_NAMES)]


def gaps_shown(page: Page) -> list[str]:
    """A missing value is shown as a dash or in words, never as the word of a programming language."""
    wrong = [text for text in look(page, "words") if _MISSING.search(text) or text.strip() in _GAPS]
    wrong += [text for text in (*look(page, "headings"), *look(page, "cells")) if text.strip() in _GAPS]
    return [f"a missing value is shown: {text.strip()[:80]}" for text in wrong]


def figures_without_table(page: Page) -> list[str]:
    return list(look(page, "untold"))


def empty_boxes(page: Page) -> list[str]:
    """No frame around nothing, no figure without height, no table without rows."""
    return list(look(page, "empty"))


def one_heading(page: Page) -> list[str]:
    """Exactly one heading of the first rank."""
    found = look(page, "headingsOfPage")
    return [] if len(found) == 1 else [f"{len(found)} headings of the first rank: {found}"]


def dead_links(page: Page) -> list[str]:
    """Links within the dashboard lead to pages that exist."""
    here = urlsplit(page.url)
    known = {"/", *(f"/{entry.address}" for entry in links.PAGES)}
    inside = {urlsplit(link) for link in look(page, "links") if urlsplit(link).netloc == here.netloc}
    return sorted(
        {
            f"a link leads to {to.path}, which is no page"
            for to in inside
            if to.path not in known and not to.path.startswith("/api/")
        }
    )


def tab_title(page: Page, title: str) -> list[str]:
    """The tab of the browser names the page."""
    return [] if title in page.title() else [f"the tab is called “{page.title()}”, not “{title}”"]


CHECKS: tuple[Check, ...] = (
    tracebacks,
    one_heading,
    sideways_scroll,
    alternative_text,
    axis_titles,
    overlapping_labels,
    cut_labels,
    raw_names,
    gaps_shown,
    figures_without_table,
    empty_boxes,
    dead_links,
    accessibility,
)
"""All that need nothing but the page; accessibility last, as it takes longest."""
COLOURED: tuple[Check, ...] = (tracebacks, empty_boxes, colours)
"""What another colour scheme can break."""
