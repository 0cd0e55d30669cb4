"""From the Overview to what 4 bits cost and save, and to the break-even at one's own volume. Typing is no click."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SLOWLY = 30_000


def test_what_four_bits_cost_and_save_in_three_clicks(visit: Visit) -> None:
    visitor = visit("/").chart()
    page, n_clicks = visitor.page, 0
    page.get_by_test_id("stSidebar").get_by_test_id("stSidebarNavLink").filter(has_text="Planner").click()
    n_clicks += 1
    expect(page.get_by_role("heading", level=1)).to_contain_text("What does 4-bit cost and save", timeout=SLOWLY)
    visitor.chart()
    said = page.get_by_test_id("stMain").get_by_role("heading", level=2)
    expect(said).to_contain_text("at 4 bits 4.9 GB (69% less)", timeout=SLOWLY)
    page.get_by_label(re.compile("^Model|Model$")).first.click()
    n_clicks += 1
    page.keyboard.type("Llama 2 13B")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Llama 2 13B at 16 bits takes 26 GB of weights and does not fit", timeout=SLOWLY)
    expect(said).to_contain_text(re.compile(r"What 4 bits cost"))
    visitor.idle()
    assert n_clicks <= 3
    afresh = visit(page.url.removeprefix(visitor.address)).chart()
    expect(afresh.page.get_by_test_id("stMain").get_by_role("heading", level=2)).to_have_text(said.inner_text())
    assert visitor.own_errors() == []


def test_break_even_at_our_volume_in_four_clicks(visit: Visit) -> None:
    visitor = visit("/").chart()
    page, n_clicks = visitor.page, 0
    page.get_by_test_id("stSidebar").get_by_test_id("stSidebarNavLink").filter(has_text="Planner").click()
    n_clicks += 1
    expect(page.get_by_role("heading", level=1)).to_contain_text("4-bit", timeout=SLOWLY)
    visitor.chart()
    page.get_by_role("radio", name="Break-even").or_(page.get_by_role("button", name="Break-even")).first.click()
    n_clicks += 1
    expect(page.get_by_role("heading", level=1)).to_contain_text("cost less than", timeout=SLOWLY)
    visitor.chart()
    field = page.get_by_label("Requests a month", exact=True)
    field.click()
    n_clicks += 1
    field.fill("5M")
    field.press("Enter")
    said = page.get_by_test_id("stMain").get_by_role("heading", level=2)
    expect(said).to_contain_text("5 million requests a month cost", timeout=SLOWLY)
    expect(said).to_contain_text(re.compile("list price seen on|your own price"))
    expect(page).to_have_url(re.compile(r"requests=5M"))
    visitor.idle()
    assert n_clicks <= 4
    # A wrong unit is said beside the field, and nothing is estimated.
    field.fill("5 GB")
    field.press("Enter")
    expect(page.get_by_test_id("stMain")).to_contain_text("another unit; expected a number of requests", timeout=SLOWLY)
    assert visitor.own_errors() == []
