"""Where small beats large, from the Overview in a real browser, clicks counted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SLOWLY = 30_000


def test_small_beats_large_in_one_click(visit: Visit) -> None:
    """The answer, with its count, its picture and both lists, stands behind one link of the Overview."""
    visitor = visit("/")
    page = visitor.page
    page.get_by_test_id("stMain").get_by_role("link", name="see where small beats large").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where does small beat large?", timeout=SLOWLY)
    visitor.idle().chart()
    expect(page).to_have_url(re.compile(r"/upsets"))
    said = page.get_by_test_id("stMain").get_by_role("heading", level=2).first
    expect(said).to_contain_text("comparisons with a model at least twice as large")
    expect(said).to_contain_text("5% false discoveries")
    for title in ("Holds at 5% false discoveries", "Leads, not shown"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    assert not visitor.own_errors()


def test_a_row_leads_to_its_runs_and_to_the_two_models(visit: Visit) -> None:
    visitor = visit("/upsets?set=mmlu_pro&ratio=10").chart()
    page = visitor.page
    before = visitor.n_finished
    page.locator(".st-key-upsets-holds .dvn-scroller").click(position={"x": 60, "y": 55})
    visitor.wait_for_rerun(before)
    card = page.locator(".st-key-origin-upsets-holds")
    expect(card).to_be_visible(timeout=SLOWLY)
    expect(card.get_by_role("link", name="Open run")).to_have_count(2)
    way = page.get_by_role("link", name=re.compile("These two (head to head|side by side)"))
    way.first.click()
    expect(page).to_have_url(re.compile(r"/(head-to-head\?a=.+&b=|side-by-side\?models=)"), timeout=SLOWLY)
    assert not visitor.own_errors()
