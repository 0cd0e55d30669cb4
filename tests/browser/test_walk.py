"""A walk over every page of the menu's list, on every store, in light, dark and on a phone: what ``checks.py`` asks holds.

A new page is walked as soon as it stands in ``lib.ui.links.PAGES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from playwright.sync_api import Browser

from lib.ui import links
from tests.browser import checks
from tests.browser.conftest import Visitor
from tests.browser.stores import FILLS, Servers, addresses

pytestmark = [pytest.mark.browser, pytest.mark.walk]

WIDTHS = {"desk": 1280, "phone": 390}
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
        context = browser.new_context(viewport={"width": WIDTHS[width], "height": 900}, color_scheme="light")
        contexts.append(context)
        return Visitor(context.new_page(), servers[store].address)

    yield tab
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("store", FILLS)
@pytest.mark.parametrize("entry", links.PAGES, ids=lambda entry: entry.address)
def test_a_page_keeps_what_all_pages_keep(
    servers: Servers, walker: Walker, entry: links.PageEntry, store: str, width: str
) -> None:
    visitor = walker(store, width)
    wrong: list[str] = []
    for path in addresses(servers[store].folder, entry):
        wrong += [f"{path}: {found}" for found in _visit(visitor, path, entry, is_phone=width == "phone")]
    assert not wrong, "\n".join(["", *wrong])


def _visit(visitor: Visitor, path: str, entry: links.PageEntry, *, is_phone: bool) -> list[str]:
    """What is wrong at one address: everything in the light theme, and what depends on colours in the dark one."""
    visitor.errors.clear()
    visitor.elsewhere.clear()
    visitor.page.emulate_media(color_scheme="light")
    visitor.goto(path)
    checks.wait_until_drawn(visitor.page)
    checks.unfold(visitor.page)
    wrong = checks.tab_title(visitor.page, entry.title)
    for check in checks.CHECKS:
        # Names of columns are what a data dictionary is about, and the guide to a table of one's own.
        if not (check is checks.raw_names and path.endswith(ABOUT_COLUMNS)):
            wrong += check(visitor.page)
    if not is_phone:
        visitor.page.emulate_media(color_scheme="dark")
        visitor.page.wait_for_function(SETTLED["dark"])
        # A colour on its way from one theme to the other is neither.
        visitor.page.wait_for_function("() => !document.getAnimations().some(one => one instanceof CSSTransition)")
        checks.wait_until_drawn(visitor.page)
        wrong += [f"in the dark, {found}" for check in checks.COLOURED for found in check(visitor.page)]
    wrong += [f"the console says: {error}" for error in visitor.own_errors()]
    wrong += [f"asks another host: {address}" for address in visitor.elsewhere]
    return wrong
