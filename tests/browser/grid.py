"""A table as a reader uses it: cells are chosen with the mouse, and read through the grid that screen readers get."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from playwright.sync_api import Download, Locator, TimeoutError, expect

from tests.browser import checks
from tests.browser.conftest import Visitor

ROW, FIRST_ROW, HEAD = 35, 55, 17
"""Heights on the canvas, in px: of a row, to the middle of the first one, to the middle of the headings."""


RERUNS = """() => {
    if (window.reruns === undefined) {
        window.reruns = 0;
        const app = document.querySelector("[data-testid=stApp]");
        const count = () => { if (app.getAttribute("data-test-script-state") === "notRunning") window.reruns++; };
        new MutationObserver(count).observe(app, {attributes: true, attributeFilter: ["data-test-script-state"]});
    }
    return window.reruns;
}"""
"""How often the page's script has come to its end since this was first asked."""

CHOSEN = """([key, before]) => {
    const chosen = document.querySelector(`.st-key-${key} [role=gridcell][aria-selected=true]`);
    return chosen && chosen.id !== before;
}"""
"""Whether another cell is chosen now."""


class Cell(NamedTuple):
    """A chosen cell: its row on the screen, its heading and what stands in it."""

    row: int
    heading: str
    text: str


class Grid:
    """The table with this key on an open page."""

    def __init__(self, visitor: Visitor, key: str) -> None:
        self.visitor, self.page, self.key = visitor, visitor.page, key
        self.root = self.page.locator(f".st-key-{key} [data-testid=stDataFrame]").first
        self.card = self.page.locator(f".st-key-origin-{key}")
        self.root.scroll_into_view_if_needed()
        self._places: dict[str, int] = {}
        expect(self.root.locator("[role=gridcell]").first).to_be_attached(timeout=30_000)

    def headings(self) -> list[str]:
        return self.root.locator("[role=columnheader]").all_text_contents()

    def column(self, heading: str) -> list[str]:
        """Texts of a column, as far as it is in sight."""
        at = self.root.locator("[role=columnheader]").filter(has_text=heading).first.get_attribute("aria-colindex")
        return self.root.locator(f"[role=gridcell][aria-colindex='{at}']").all_text_contents()

    def click(self, row: int, x: int) -> Cell:
        """Chooses the cell at ``x`` px in a row and waits for what the page says of it; returns which cell it was."""
        chosen = self.root.locator("[role=gridcell][aria-selected=true]").first
        before = chosen.get_attribute("id") if chosen.count() else None
        n_reruns = self.page.evaluate(RERUNS)
        self._at(x, FIRST_ROW + ROW * row)
        with suppress(TimeoutError):
            # Nothing changes where the chosen cell is chosen again.
            self.page.wait_for_function(CHOSEN, arg=[self.key, before], timeout=5_000)
        at = str(chosen.get_attribute("id"))
        column, on_row = (int(n) for n in at.removeprefix("glide-cell-").split("-"))
        heading = self.root.locator(f"[role=columnheader][aria-colindex='{column + 1}']").text_content() or ""
        cell = Cell(on_row, heading, chosen.text_content() or "")
        if at != before:
            # Streamlit waits a moment before it tells of a choice: the page still looks idle then.
            self.page.wait_for_function(f"n => ({RERUNS})() > n", arg=n_reruns, timeout=60_000)
        self._settle()
        return cell

    def choose(self, row: int, heading: str) -> Cell:
        """Chooses the cell of a column; the column's place is found by clicks from the left, once."""
        return self.click(row, self.place_of(heading))

    def place_of(self, heading: str) -> int:
        """Where a column lies, in px from the table's left edge."""
        x = max(self._places.values(), default=20)
        while heading not in self._places:
            x += 50
            assert x < self._box()["width"] - 20, (
                f"no place in sight chooses a cell of {heading!r} in {self.headings()}"
            )
            self._places.setdefault(self.click(0, x).heading, x)
        return self._places[heading]

    def sort(self, x: int) -> None:
        """Clicks a heading."""
        before = self.root.locator("[role=gridcell]").all_text_contents()
        self._at(x, HEAD)
        self.page.wait_for_function(
            "([key, before]) => [...document.querySelectorAll(`.st-key-${key} [role=gridcell]`)].map(c => c.textContent)"
            ".join('|') !== before",
            arg=[self.key, "|".join(before)],
        )
        self._settle()

    def raw_buttons(self) -> Locator:
        """The buttons of the card that hand out raw files."""
        return self.card.get_by_test_id("stDownloadButton").get_by_role("button")

    def download(self, n: int = 0) -> Download:
        with self.page.expect_download() as begun:
            self.raw_buttons().nth(n).click()
        return begun.value

    def _at(self, x: int, y: int) -> None:
        box = self._box()
        self.page.mouse.click(box["x"] + x, box["y"] + y)

    def _box(self) -> dict[str, float]:
        self.root.scroll_into_view_if_needed()
        box = self.root.locator("canvas").first.bounding_box()
        assert box is not None
        return dict(box)

    def _settle(self) -> None:
        self.visitor.idle()
        checks.wait_until_drawn(self.page)
