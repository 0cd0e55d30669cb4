"""A link that was shared: a stranger with a fresh browser sees the same numbers after a hundred more imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.write import write_files
from tests.browser import checks
from tests.browser.conftest import STILL, Visitor
from tests.browser.stores import serve
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of
from tests.ui.stores import fill_one_model

pytestmark = pytest.mark.browser

N_IMPORTS = 100
SLOWLY = 60_000
PHONE, DESK = {"width": 390, "height": 900}, {"width": 1280, "height": 900}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[str, Store]]:
    """A server over a store with two models, and the store."""
    fill_one_model(tmp_path)
    store = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))
    put(store, "beta-70b", 70 * 10**9, 0.8)
    with serve(tmp_path) as address:
        yield address, store
    store.close()


def put(store: Store, name: str, size: int, score: float) -> None:
    model = model_row(name, params_total=size, params_active=size, release_date="2025-05-01")
    run = prepared_run(make_run(name, results=[make_result("mmlu", score=score, n_correct=int(100 * score), n_shot=5)]), name)  # fmt: skip
    file = prepared_file(run, content=name, name=f"{name}.json", tables={"models": [model]})
    write_files(store, raw_of(name, f"{name}.json"), [file])


def fresh(browser: Browser, address: str) -> Visitor:
    """A browser that has never been here."""
    return Visitor(browser.new_context(**STILL, viewport=DESK).new_page(), address)


def read(page: Page) -> str:
    """What the page says, down to its actions, without what stands above a pinned view; and the marks of its figure."""
    checks.wait_until_drawn(page)
    body = page.get_by_test_id("stMain").inner_text()
    body = body[body.index("Which model") : body.index("Share this view")]
    marks = page.evaluate(
        "() => [...document.querySelectorAll('.js-plotly-plot')].map(g => g._fullData.map(t => [...t.x ?? []]))"
    )
    return f"{body}\n{marks}"


def test_a_pinned_link_in_a_fresh_browser(place: tuple[str, Store], browser: Browser) -> None:
    address, store = place
    mine = fresh(browser, address).goto("/models?small=3B")
    before = read(mine.page)
    mine.page.get_by_text("Share this view").click()
    mine.page.get_by_label("Name, if you like").fill("Q4 decision")
    mine.page.get_by_text("Make a pinned link").click()
    said = mine.page.get_by_test_id("stCode").first
    expect(said).to_contain_text("snapshot=", timeout=SLOWLY)
    shared = said.inner_text().strip()
    assert shared.startswith(f"{address}/models?small=3B&snapshot=")

    for i in range(N_IMPORTS):
        put(store, f"new-{i}", 10**9 + i, 0.9)
    now = fresh(browser, address).goto("/models?small=3B")
    assert read(now.page) != before

    theirs = fresh(browser, address)
    theirs.page.goto(shared)
    theirs.idle()
    assert read(theirs.page) == before
    banner = theirs.page.locator(".st-key-pinned-banner")
    expect(banner).to_contain_text("“Q4 decision”")
    expect(banner).to_contain_text(f"{N_IMPORTS} new runs")
    for size in (PHONE, DESK):
        theirs.page.set_viewport_size(size)  # type: ignore[arg-type]
        checks.wait_until_drawn(theirs.page)
        assert [found for check in checks.CHECKS for found in check(theirs.page)] == []
    banner.get_by_text("What has changed").click()
    expect(theirs.page.get_by_role("dialog")).to_contain_text(f"Runs ({N_IMPORTS})", timeout=SLOWLY)
    theirs.page.keyboard.press("Escape")

    # The menu leads to pages that are pinned, too, and Back to this one; now is one click away.
    theirs.page.get_by_test_id("stSidebarNavLink").filter(has_text="Overview").click()
    expect(theirs.page.get_by_role("heading", name="How small can you go")).to_be_visible(timeout=SLOWLY)
    expect(banner).to_be_visible()
    assert "snapshot=" in theirs.page.url
    theirs.page.go_back()
    expect(theirs.page.get_by_role("heading", name="Which model")).to_be_visible(timeout=SLOWLY)
    assert read(theirs.idle().page) == before
    banner.get_by_text("See it now").click()
    expect(banner).to_have_count(0, timeout=SLOWLY)
    assert "snapshot=" not in theirs.page.url and "small=3B" in theirs.page.url
    assert read(theirs.idle().page) == read(now.page)
    assert theirs.own_errors() == [] and theirs.elsewhere == []
    for one in (mine, now, theirs):
        one.page.context.close()
