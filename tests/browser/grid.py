"""A table as a reader uses it: cells are chosen with the mouse, and read through the grid that screen readers get."""

from __future__ import annotations

from typing import NamedTuple

from playwright.sync_api import Download, Locator, expect

from tests.browser import checks
from tests.browser.conftest import Visitor

ROW, FIRST_ROW, HEAD = 35, 55, 17
"""Heights on the canvas, in px: of a row, to the middle of the first one, to the middle of the headings."""


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
        at = self.headings().index(heading) + 1
        return self.root.locator(f"[role=gridcell][aria-colindex='{at}']").all_text_contents()

    def click(self, row: int, x: int) -> Cell:
        """Chooses the cell at ``x`` px in a row; returns which one it was."""
        self._at(x, FIRST_ROW + ROW * row)
        chosen = self.root.locator("[role=gridcell][aria-selected=true]").first
        expect(chosen).to_be_attached()
        column, on_row = (int(n) for n in str(chosen.get_attribute("id")).removeprefix("glide-cell-").split("-"))
        heading = self.root.locator(f"[role=columnheader][aria-colindex='{column + 1}']").text_content() or ""
        self._settle()
        return Cell(on_row, heading, chosen.text_content() or "")

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
