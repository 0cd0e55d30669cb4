"""Is A better than B on this task? Three clicks from the Overview, and the answer in plain words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_reading_journeys import SLOWLY, Reader

pytestmark = pytest.mark.browser
A, B = "Pythia 1.4B", "Pythia 2.8B"
TASK = "MuSR"


def test_is_a_better_than_b_on_this_task(visit: Visit) -> None:
    """The model, found by its name; the way from its page; the other one, typed into the menu. The task stands there."""
    reader = Reader(visit("/"))
    page = reader.page
    reader.search(A)
    reader.click(reader.found(A), then=A)
    reader.click(page.get_by_role("link", name="Hold it against another"), then="really better than")
    menu = page.get_by_test_id("stMain").get_by_test_id("stSelectbox").nth(1).locator("input")
    menu.click()
    reader.n_clicks += 1
    n_finished = reader.visitor.n_finished
    menu.fill(B)
    expect(page.get_by_role("option", name=B, exact=True)).to_be_visible(timeout=SLOWLY)
    menu.press("Enter")
    reader.visitor.wait_for_rerun(n_finished)
    reader.visitor.idle().chart()
    assert reader.n_clicks == 3
    main = page.get_by_test_id("stMain")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Is {A} really better than {B}?", timeout=SLOWLY)
    # The task is a row of the figure, and a stranger is told that nothing is shown and how many questions would.
    expect(main.locator(".js-plotly-plot .ytick", has_text=TASK)).to_have_count(1)
    told = main.get_by_role("heading", level=2).first
    expect(told).to_contain_text(f"The data do not tell {A} and {B} apart")
    expect(told).to_contain_text("could have been seen")
    expect(told).to_contain_text(re.compile(r"takes about [\d,]+ (to [\d,]+ )?questions"))
    expect(page).to_have_url(re.compile(r"/head-to-head\?a=pythia-1\.4b&b=pythia-2\.8b"))
    fresh = visit(page.url.removeprefix(reader.visitor.address))
    expect(fresh.page.get_by_role("heading", level=1)).to_have_text(f"Is {A} really better than {B}?", timeout=SLOWLY)


def test_the_overview_leads_there_in_one_click(visit: Visit) -> None:
    reader = Reader(visit("/"))
    reader.click(reader.page.get_by_role("link", name="know if A is really better than B"), then="really better than")
    reader.visitor.chart()
    assert reader.n_clicks == 1 and not reader.visitor.own_errors()
