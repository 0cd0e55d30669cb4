"""A walk over every page of the menu's list, on every store, in light, dark and on a phone: what ``checks.py`` asks holds.

A new page is walked as soon as it stands in ``lib.ui.links.PAGES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from playwright.sync_api import Browser, ViewportSize

from lib.ui import links
from tests.browser import checks
from tests.browser.conftest import STILL, Visitor
from tests.browser.stores import FILLS, Servers, addresses

pytestmark = [pytest.mark.browser, pytest.mark.walk]

WIDTHS = {"desk": 1280, "phone": 390}
HEIGHT = 900
ANEW = 2  # a page's first view and one that an address chose; loading the scripts for each would take most of the walk
SETTLED = {
    scheme: f"() => matchMedia('(prefers-color-scheme: {scheme})').matches && getComputedStyle("
    f"document.querySelector('[data-testid=stApp]')).backgroundColor === '{ground}'"
    for scheme, ground in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(15, 21, 28)"))
}
ABOUT_COLUMNS = ("part=downloads", "have=csv")
Walker = Callable[[str, str], Visitor]


@pytest.fixture(scope="module")
def walker(servers: Servers, browser: Browser) -> Iterator[Walker]:
    """One tab for each store and width, kept over the tests: opening a browser anew costs more than a visit."""
    contexts = []

    @cache
    def tab(store: str, width: str) -> Visitor:
        view: ViewportSize = {"width": WIDTHS[width], "height": HEIGHT}
        context = browser.new_context(viewport=view, color_scheme="light", **STILL)
        contexts.append(context)
        return Visitor(context.new_page(), servers[store].address)

    yield tab
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("entry", links.PAGES, ids=lambda entry: entry.address)
def test_a_page_keeps_what_all_pages_keep(servers: Servers, walker: Walker, entry: links.PageEntry, width: str) -> None:
    """On the full store: at a desk the first two addresses opened anew, all also in the dark theme; else from another page."""
    visitor = walker("full", width)
    wrong: list[str] = []
    for nth, path in enumerate(addresses(servers["full"].folder, entry)):
        _open(visitor, path, anew=width == "desk" and nth < ANEW)
        found = _looked_at(visitor, path, entry)
        if width == "desk":
            found += _in_the_dark(visitor)
        wrong += [f"{path}: {one}" for one in found + _heard(visitor)]
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize("store", [name for name in FILLS if name != "full"])
@pytest.mark.parametrize("entry", links.PAGES, ids=lambda entry: entry.address)
def test_a_page_with_little_to_show_keeps_it_too(
    servers: Servers, walker: Walker, entry: links.PageEntry, store: str
) -> None:
    """Reached from another page of the dashboard, and in a tab that is made as narrow as a phone.

    Every part of a page on the empty store; with a single model the first, and of a page about one thing also the thing.
    """
    visitor = walker(store, "desk")
    wrong: list[str] = []
    paths = addresses(servers[store].folder, entry)
    for path in paths if store == "empty" else paths[: 2 if entry.is_hidden else 1]:
        _open(visitor, path, anew=False)
        found = _looked_at(visitor, path, entry)
        visitor.page.set_viewport_size({"width": WIDTHS["phone"], "height": HEIGHT})
        found += [f"made narrow, {one}" for one in _looked_at(visitor, path, entry)]
        visitor.page.set_viewport_size({"width": WIDTHS["desk"], "height": HEIGHT})
        found += _in_the_dark(visitor)
        wrong += [f"{path}: {one}" for one in found + _heard(visitor)]
    assert not wrong, "\n".join(["", *wrong])


def _open(visitor: Visitor, path: str, *, anew: bool) -> None:
    """In the light theme, everything unfolded; ``anew`` as from a link that was sent, else as a step in the browser's history."""
    visitor.errors.clear()
    visitor.elsewhere.clear()
    visitor.page.emulate_media(color_scheme="light")
    if anew or not visitor.page.url.startswith(visitor.address):
        visitor.goto(path)
    else:
        visitor.step(path)
    checks.wait_until_drawn(visitor.page)
    checks.unfold(visitor.page)


def _looked_at(visitor: Visitor, path: str, entry: links.PageEntry) -> list[str]:
    """What is wrong with what one sees, and still is a second later: on a busy machine a table may be drawn once more."""
    wrong = _seen(visitor, path, entry)
    if wrong:
        visitor.page.wait_for_timeout(1000)
        wrong = _seen(visitor, path, entry)
    return wrong


def _seen(visitor: Visitor, path: str, entry: links.PageEntry) -> list[str]:
    checks.wait_until_drawn(visitor.page)
    wrong = checks.tab_title(visitor.page, entry.title)
    for check in checks.CHECKS:
        # Names of columns are what a data dictionary is about, and the guide to a table of one's own.
        if not (check is checks.raw_names and path.endswith(ABOUT_COLUMNS)):
            wrong += check(visitor.page)
    return wrong


def _in_the_dark(visitor: Visitor) -> list[str]:
    visitor.page.emulate_media(color_scheme="dark")
    visitor.page.wait_for_function(SETTLED["dark"])
    # A colour on its way from one theme to the other is neither.
    visitor.page.wait_for_function("() => !document.getAnimations().some(one => one instanceof CSSTransition)")
    checks.wait_until_drawn(visitor.page)
    return [f"in the dark, {found}" for check in checks.COLOURED for found in check(visitor.page)]


def _heard(visitor: Visitor) -> list[str]:
    """What the console said, and who else was asked."""
    wrong = [f"the console says: {error}" for error in visitor.own_errors()]
    return wrong + [f"asks another host: {address}" for address in visitor.elsewhere]
