"""From the Overview to the cheapest model shown to have at least a score, in three clicks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SLOWLY = 30_000


def test_cheapest_model_with_at_least_this_score_in_three_clicks(visit: Visit) -> None:
    visitor = visit("/").chart()
    page, n_clicks = visitor.page, 0
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Performance per dollar").click()
    n_clicks += 1
    expect(page.get_by_role("heading", level=1)).to_have_text("What does quality cost?", timeout=SLOWLY)
    visitor.chart()
    said = page.get_by_test_id("stMain").get_by_role("heading", level=2)
    expect(said).to_contain_text("shown to be above")

    page.get_by_label(re.compile("Your target")).first.click()
    n_clicks += 1
    page.keyboard.type("50%")
    page.keyboard.press("Enter")
    n_clicks += 1
    expect(said).to_contain_text("above 50%", timeout=SLOWLY)
    expect(said).to_contain_text("per million tokens")
    expect(page).to_have_url(re.compile(r"/performance-per-dollar\?.*target=0\.5"))
    visitor.idle()
    assert n_clicks <= 3
    # What the reader sees can be handed on.
    afresh = visit(page.url.removeprefix(visitor.address)).chart()
    expect(afresh.page.get_by_test_id("stMain").get_by_role("heading", level=2)).to_have_text(said.inner_text())
    assert visitor.own_errors() == []
