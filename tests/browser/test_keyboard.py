"""The dashboard without a mouse: Tab reaches search, controls and table, keys choose a number, and one sees where one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import checks
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.walk]

MOST_TABS = 80
FOCUSED = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const ring = [at, at.parentElement, at.parentElement?.parentElement, at.closest("[data-baseweb], label, [class*=st-key-]")]
        .filter(Boolean).some(one => {
            const look = getComputedStyle(one);
            const hasOutline = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0;
            return hasOutline || look.boxShadow !== "none" || one.matches(":focus-within") && parseFloat(look.borderWidth) > 0;
        });
    const place = at.closest("[data-testid=stSidebar]") ? "sidebar" : at.closest("[data-testid=stDataFrame]") ? "table"
        : at.closest("[data-testid=stMain]") ? "main" : "";
    return {tag: at.tagName, label: at.getAttribute("aria-label") || at.textContent.slice(0, 40), place, ring};
}"""


def test_tab_reaches_search_controls_and_table(visit: Visit) -> None:
    page = visit("/models?set=mmlu").page
    checks.wait_until_drawn(page)
    seen = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is not None:
            seen.append(at)
        if at is not None and at["place"] == "table" and at["tag"] == "CANVAS":
            break
    labels = [one["label"] for one in seen]
    assert any(label.startswith("Search models, benchmarks, runs") for label in labels), labels
    first_control = next(i for i, label in enumerate(labels) if label.startswith("Benchmarks"))
    assert seen[first_control]["place"] == "main"
    assert seen[-1]["place"] == "table", labels
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".st-key-origin-models-table")).to_be_visible(timeout=30_000)
    unseen = [one for one in seen if one["tag"] in ("INPUT", "BUTTON", "A") and not one["ring"]]
    assert not unseen, unseen


def test_enter_in_the_search_finds_and_opens(visit: Visit) -> None:
    page = visit("/").page
    field = page.get_by_test_id("stSidebar").get_by_label("Search models, benchmarks, runs")
    field.focus()
    page.keyboard.type("pythia")
    page.keyboard.press("Enter")
    hit = page.get_by_test_id("stSidebar").get_by_role("link", name="Pythia").first
    expect(hit).to_be_visible(timeout=30_000)
    name = hit.inner_text()
    hit.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name.split(" (")[0], timeout=30_000)
