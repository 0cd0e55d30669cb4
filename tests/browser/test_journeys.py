"""What readers do, in a real browser over the real server."""

from __future__ import annotations

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser

PAGES = {
    "overview": ("/", "How small can you go?"),
    "models": ("/models", "Which model, among those that fit?"),
    "parameters-and-tokens": ("/parameters-and-tokens", "Who trained how much, and was it enough?"),
}
GROUPS = {
    "Find": ["Models", "Cheapest that will do", "Performance per dollar"],
    "Compare": ["Head to head", "Side by side", "Upsets"],
    "Understand": ["Parameters and tokens", "Planner", "Variants"],
    "Bring your own": ["Evaluate", "Upload", "Your own results", "Report"],
    "About": ["Data and methods"],
}
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Mobile Safari/537.36"
)
BACKGROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 21, 28)"}


def _choose(visitor: Visitor, label: str, option: str) -> None:
    visitor.page.get_by_label(re.compile(label)).first.click()
    visitor.page.keyboard.type(option)
    visitor.page.keyboard.press("Enter")


# What every page keeps in every theme and width is walked in test_walk.py.
@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [("overview", "light", 390), ("models", "dark", 1280), ("parameters-and-tokens", "light", 1280)],
)
def test_each_page_is_drawn(visit: Visit, name: str, scheme: str, width: int) -> None:
    path, question = PAGES[name]
    visitor = visit(path, scheme=scheme, width=width).chart()
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_have_text(question)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        == BACKGROUND[scheme]
    )
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("(m => m.scrollWidth - m.clientWidth)(document.querySelector('[data-testid=stMain]'))") == 0
    assert visitor.elsewhere == []
    visitor.screenshot(f"{name}-{scheme}{'-phone' if width < 500 else ''}")
    assert visitor.own_errors() == []


def test_a_deep_link_as_the_first_visit_has_the_frame(visit: Visit) -> None:
    visitor = visit("/models?small=7B")
    expect(visitor.page.get_by_test_id("stSidebar").get_by_role("link", name="Overview")).to_be_visible()
    expect(visitor.page.get_by_role("heading", level=2).last).to_contain_text("7 billion")
    assert "small=7B" in visitor.page.url


def test_the_first_page_answers_to_its_name_too(visit: Visit) -> None:
    visitor = visit("/overview?bench=gsm8k").chart()
    expect(visitor.page).to_have_url(re.compile(r"/\?bench=gsm8k"))
    expect(visitor.page.get_by_text("Page not found")).to_have_count(0)


def test_overview_to_models_and_back(visit: Visit) -> None:
    visitor = visit("/").chart()
    page = visitor.page
    takeaway = page.get_by_test_id("stMain").get_by_role("heading", level=2)
    expect(takeaway).to_contain_text("MMLU")
    _choose(visitor, "Benchmark", "GSM8K")
    expect(takeaway).to_contain_text("GSM8K")
    expect(page).to_have_url(re.compile("bench=gsm8k"))
    page.get_by_test_id("stSidebar").get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES["models"][1])
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES["overview"][1])
    expect(takeaway).to_contain_text("GSM8K")
    assert visitor.own_errors() == []


def test_the_menu_has_the_name_and_its_groups(visit: Visit) -> None:
    menu = visit("/").page.get_by_test_id("stSidebar")
    name = menu.get_by_test_id("stSidebarLogo")
    expect(name).to_be_visible()
    assert name.evaluate("picture => picture.complete && picture.naturalWidth > 100")
    shown = menu.get_by_test_id("stSidebarNavItems").inner_text().split("\n")
    assert [line for line in shown if line.strip()] == [
        "Overview",
        *(w for g, own in GROUPS.items() for w in (g, *own)),
    ]
    menu.get_by_role("link", name="Models").click()
    expect(menu.get_by_test_id("stSlider")).to_be_visible()
    expect(menu).to_have_attribute("data-collapsed", "false")


def test_a_click_in_the_menu_closes_it_on_a_phone(visit: Visit) -> None:
    page = visit("/", width=390, user_agent=PHONE, is_mobile=True, has_touch=True).page
    menu = page.get_by_test_id("stSidebar")
    expect(menu).to_have_attribute("data-collapsed", "true")
    page.get_by_test_id("stExpandSidebarButton").tap()
    expect(menu).to_have_attribute("data-collapsed", "false")
    menu.get_by_role("link", name="Models").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES["models"][1])
    expect(menu).to_have_attribute("data-collapsed", "true")


def test_filters_in_the_address(visit: Visit) -> None:
    visitor = visit("/models?class=feather&q=qwen").chart()
    page = visitor.page
    names = page.evaluate(
        "() => document.querySelector('.js-plotly-plot')._fullData.flatMap(t => Array.from(t.customdata || []))"
    )
    assert names
    assert all("qwen" in name.lower() for name in names)
    expect(page.get_by_label("Search", exact=True)).to_have_value("qwen")
    page.get_by_label("Search", exact=True).fill("llama")
    page.get_by_label("Search", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("q=llama"))
    assert "class=feather" in page.url


def test_the_size_choice_travels(visit: Visit) -> None:
    visitor = visit("/parameters-and-tokens?by=active").chart()
    page = visitor.page
    title = "() => document.querySelector('.js-plotly-plot').layout.xaxis.title.text"
    assert "active" in page.evaluate(title)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES["overview"][1])
    assert "by=active" in page.url
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES["parameters-and-tokens"][1])


def test_table_sorts_and_downloads(visit: Visit) -> None:
    visitor = visit("/models").chart()
    page = visitor.page
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download CSV").click()
    lines = begun.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("model,name,")
    assert len(lines) > 100
    grid = page.locator("[data-testid=stDataFrame]").first
    first = "() => document.querySelector('[data-testid=stDataFrame] [role=gridcell]')?.textContent"
    page.wait_for_function(first)
    before = page.evaluate(first)
    box = grid.bounding_box()
    assert box
    page.mouse.click(box["x"] + 60, box["y"] + 15)
    page.wait_for_function(
        "before => document.querySelector('[data-testid=stDataFrame] [role=gridcell]')?.textContent !== before",
        arg=before,
    )


def test_colours_follow_the_theme(visit: Visit) -> None:
    colour = "() => document.querySelector('.js-plotly-plot')._fullData.flatMap(t => t.marker ? [t.marker.color].flat() : [])"
    light = visit("/models").chart().page.evaluate(colour)
    dark = visit("/models", scheme="dark").chart().page.evaluate(colour)
    assert "#0072B2" in {c.upper() for c in light}
    assert "#56B4E9" in {c.upper() for c in dark}


def test_api_and_robots(server: str) -> None:
    with urllib.request.urlopen(f"{server}/api/v1/health") as answer:
        assert json.load(answer)["ok"] is True
    with urllib.request.urlopen(f"{server}/robots.txt") as answer:
        assert answer.read().startswith(b"User-agent: *")
