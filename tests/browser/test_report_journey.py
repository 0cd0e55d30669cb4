"""A report in a real browser: taken from a page, opened from a disk with networking off; and a view in somebody's frame."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def taken(visit: Visit, tmp_path: Path) -> Path:
    """The report of a view, by its button."""
    visitor = visit("/models?small=8B")
    page = visitor.chart().page
    page.get_by_role("button", name="Report", exact=False).last.click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download report").click()
    path = tmp_path / "report.html"
    waiting.value.save_as(path)
    return path


def test_it_opens_offline_in_light_and_dark_and_on_paper(taken: Path, browser: Browser) -> None:
    assert taken.stat().st_size < 6_000_000
    colours = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": 390, "height": 800})
        page = context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error, told=troubles: told.append(str(error)))
        page.on("console", lambda line, told=troubles: told.append(line.text) if line.type == "error" else None)
        page.on(
            "request",
            lambda request, told=troubles: (
                None if request.url.startswith(("file:", "data:", "blob:")) else told.append(request.url)
            ),
        )
        page.goto(taken.as_uri())
        page.wait_for_function("document.documentElement.dataset.drawn === 'yes'")
        assert page.locator("figure .plot .main-svg").first.is_visible()
        assert not page.locator("figure .picture").first.is_visible()
        colours[scheme] = page.evaluate(
            "getComputedStyle(document.querySelector('.plot .scatterlayer .point')).fill + getComputedStyle(document.body).backgroundColor"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("h1").inner_text() == "Which model, among those that fit?"
        page.emulate_media(media="print")
        assert page.locator("figure .picture svg").first.is_visible()
        assert not page.locator("figure .plot").first.is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not troubles
        context.close()
    assert colours["light"] != colours["dark"]


def test_a_view_fits_a_frame_of_another_document(visit: Visit, server: str) -> None:
    page = visit("/models").page
    address = f"{server}/models?embed=true&small=8B"
    page.set_content(f'<h1>Elsewhere</h1><iframe src="{address}" width="800" height="600"></iframe>')
    frame = page.frame_locator("iframe")
    frame.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
    expect(frame.locator("[data-testid=stSidebar]")).not_to_be_visible()
    expect(frame.get_by_text("8 billion").first).to_be_visible()
    whole = frame.get_by_role("link", name="Open the whole view")
    expect(whole).to_have_attribute("href", f"{server}/models?small=8B")
    expect(whole).to_have_attribute("target", "_blank")
    assert frame.get_by_role("button", name="Report").count() == 0
