"""Journeys of readers in a real browser, their clicks counted. Typing is no click; Enter in a field is typing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache
from tests.browser.conftest import Visit, Visitor
from tests.browser.stores import Servers

pytestmark = pytest.mark.browser

SLOWLY = 30_000


class Reader:
    """A reader whose clicks and addresses are noted."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.n_clicks = 0
        self.been: list[tuple[str, str]] = [self._here()]

    def search(self, words: str) -> None:
        field = self.page.get_by_test_id("stSidebar").get_by_label("Search models, benchmarks, runs")
        field.fill(words)
        field.press("Enter")

    def click(self, what: Locator, then: str) -> None:
        """A click, after which the heading of the page holds these words."""
        what.click()
        self.n_clicks += 1
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(then, timeout=SLOWLY)
        self.visitor.idle()
        self.been.append(self._here())

    def found(self, name: str) -> Locator:
        """A hit of the search beside the page."""
        return self.page.get_by_test_id("stSidebar").get_by_role("link", name=name).first

    def _here(self) -> tuple[str, str]:
        return self.page.url, self.page.get_by_role("heading", level=1).inner_text()

    def goes_back(self) -> None:
        """Back shows each step again, the last first."""
        for address, question in reversed(self.been[:-1]):
            self.page.go_back()
            expect(self.page.get_by_role("heading", level=1)).to_have_text(question, timeout=SLOWLY)
            expect(self.page).to_have_url(address)
            self.visitor.idle()

    def opens_afresh(self, visit: Visit) -> None:
        """Every address reached works in a new tab."""
        for address, question in self.been:
            fresh = visit(address.removeprefix(self.visitor.address) or "/")
            expect(fresh.page.get_by_role("heading", level=1)).to_have_text(question, timeout=SLOWLY)


class Things:
    """A model that two sources disagree about, and a results file."""

    def __init__(self, folder: Path) -> None:
        store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
        frames = FrameCache(store).frames()
        counted = frames.runs["model"].dropna().value_counts()
        trained = frames.models.index[frames.models["training_tokens"].notna() & frames.models["params_total"].notna()]
        self.model = str(frames.models["name"][next(one for one in counted.index if one in trained)])
        files = frames.runs["source"].dropna().astype(str)
        self.file = next(name for name in files if ".zip!/" in name).rsplit("/", 1)[-1]
        store.close()


@pytest.fixture(scope="module")
def things(servers: Servers) -> Iterator[Things]:
    return Things(servers["full"].folder)


def test_where_a_model_sits_against_compute_optimal(visit: Visit, things: Things) -> None:
    """Two clicks: the model, found by its name; then the plane where its page leads."""
    reader = Reader(visit("/"))
    reader.search(things.model)
    reader.click(reader.found(things.model), then=things.model)
    expect(reader.page.locator(".st-key-model-place")).to_be_visible(timeout=SLOWLY)
    reader.click(reader.page.get_by_role("link", name="All models on this plane"), then="was it enough")
    assert reader.n_clicks <= 2
    reader.goes_back()
    reader.opens_afresh(visit)


def test_why_two_boards_disagree_about_a_model(visit: Visit, things: Things) -> None:
    """Three clicks: the model, where its page sets two results side by side field by field; then one of the two runs."""
    reader = Reader(visit("/"))
    reader.search(things.model)
    reader.click(reader.found(things.model), then=things.model)
    why = reader.page.locator(".st-key-model-why")
    expect(why.locator("[role=gridcell]").first).to_be_attached(timeout=SLOWLY)
    assert {"What", "First", "Second", "Agree?"} <= set(why.locator("[role=columnheader]").all_text_contents())
    reader.click(reader.page.get_by_role("link", name="The first run"), then="")
    expect(reader.page).to_have_url(re.compile(r"/run\?run=[0-9a-f]{12}"))
    assert reader.n_clicks <= 3


def test_what_is_in_a_results_file(visit: Visit, things: Things) -> None:
    """One click: the file, found by its name in the search beside the page."""
    reader = Reader(visit("/"))
    reader.search(things.file)
    hit = reader.page.get_by_test_id("stSidebar").locator("a[href*='run?run=']").first
    reader.click(hit, then="")
    expect(reader.page).to_have_url(re.compile(r"/run\?run=[0-9a-f]{12}"), timeout=SLOWLY)
    expect(reader.page.get_by_test_id("stMain")).to_contain_text(things.file)
    assert reader.n_clicks == 1
    reader.goes_back()
    reader.opens_afresh(visit)


@pytest.mark.parametrize("by", ["menu", "search"])
def test_back_leads_to_the_filters_that_one_left(visit: Visit, things: Things, by: str) -> None:
    """One step, and not the page with the choices of the next one."""
    visitor = visit("/models?q=pythia")
    page, beside = visitor.page, visitor.page.get_by_test_id("stSidebar")
    reader = Reader(visitor)
    if by == "menu":
        reader.click(beside.get_by_test_id("stSidebarNavLink").filter(has_text="Side by side"), then="compare")
    else:
        reader.search(things.model)
        reader.click(reader.found(things.model), then=things.model)
    reader.goes_back()
    expect(page).to_have_url(re.compile("q=pythia"))
    expect(page.get_by_test_id("stMain").get_by_label("Search", exact=True)).to_have_value("pythia")


def test_a_hit_closes_the_menu_of_a_phone(visit: Visit, things: Things) -> None:
    """It covers the page that was asked for."""
    visitor = visit("/", width=390)
    menu = visitor.page.get_by_test_id("stSidebar")
    visitor.page.get_by_test_id("stExpandSidebarButton").click()
    expect(menu).to_have_attribute("data-collapsed", "false")
    reader = Reader(visitor)
    reader.search(things.model)
    reader.click(reader.found(things.model), then=things.model)
    expect(menu).to_have_attribute("data-collapsed", "true")
