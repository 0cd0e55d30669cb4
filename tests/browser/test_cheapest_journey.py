"""From the Overview to the smallest model shown to be within 2 points of one that the reader chooses, in four clicks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SLOWLY = 30_000


def test_cheapest_within_two_points_of_a_chosen_model_in_four_clicks(visit: Visit) -> None:
    visitor = visit("/").chart()
    page, n_clicks = visitor.page, 0
    card = page.get_by_test_id("stMain").get_by_role("link", name="Cheapest that will do →")
    card.click()
    n_clicks += 1
    question = page.get_by_role("heading", level=1)
    expect(question).to_contain_text("smallest model shown to be within 2 points of Llama 2 70B", timeout=SLOWLY)
    expect(page).to_have_url(re.compile(r"/cheapest\?.*like=llama-2-70b"))
    visitor.chart()
    said = page.get_by_test_id("stMain").get_by_role("heading", level=2)
    expect(said).to_contain_text("is the smallest shown to be within 2 points of")

    page.get_by_label(re.compile("Held against")).first.click()
    n_clicks += 1
    page.keyboard.type("Qwen2.5 72B")
    page.keyboard.press("Enter")
    expect(question).to_contain_text("within 2 points of Qwen2.5 72B", timeout=SLOWLY)
    expect(said).to_contain_text("Qwen2.5 72B", timeout=SLOWLY)
    visitor.idle()
    assert n_clicks <= 4
    # What the reader sees can be handed on.
    address = page.url.removeprefix(visitor.address)
    afresh = visit(address).chart()
    expect(afresh.page.get_by_role("heading", level=1)).to_have_text(question.inner_text())
    expect(afresh.page.get_by_test_id("stMain").get_by_role("heading", level=2)).to_have_text(said.inner_text())
    assert visitor.own_errors() == []
