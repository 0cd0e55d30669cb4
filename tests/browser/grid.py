"""A table as a reader uses it: cells are chosen with the mouse, and read through the grid that screen readers get."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Download, Locator, expect

from tests.browser import checks
from tests.browser.conftest import Visitor

CORNER, FIRST_ROW, HEAD = 70, 55, 17
"""On the canvas, in px: into the first columns (before them may be boxes to tick), down to the middle of the first row, to the middle of the headings."""
SELECTED = "[role=gridcell][aria-selected=true]"

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
        expect(self.root.locator("[role=gridcell]").first).to_be_attached(timeout=30_000)

    def headings(self) -> list[str]:
        return self.root.locator("[role=columnheader]").all_text_contents()

    def column(self, heading: str) -> list[str]:
        """Texts of a column, as far as it is in sight."""
        at = self.root.locator("[role=columnheader]").filter(has_text=heading).first.get_attribute("aria-colindex")
        return self.root.locator(f"[role=gridcell][aria-colindex='{at}']").all_text_contents()

    def choose(self, row: int, heading: str) -> Cell:
        """Chooses a cell of a column and waits for what the page says of it.

        The first choice is a click on the first cell, from where the arrow keys lead on: where a column lies on the
        canvas is not told to anybody.
        """
        if self._chosen() is None:
            self._and_be_told(lambda: self._at(CORNER, FIRST_ROW))
        goal = (self._place_of(heading), row)
        if self._chosen() != goal:
            self._and_be_told(lambda: self._go(goal))
        assert self._chosen() == goal, (self._chosen(), goal)
        return Cell(row, heading, self.root.locator(SELECTED).first.text_content() or "")

    def _and_be_told(self, choose: Callable[[], None]) -> None:
        """Another choice and what the page says of it; Streamlit waits a moment, in which the page still looks idle."""
        before = self.root.locator(SELECTED)
        last = before.first.get_attribute("id") if before.count() else None
        n_finished = self.visitor.n_finished
        choose()
        self.page.wait_for_function(CHOSEN, arg=[self.key, last], timeout=20_000)
        self.visitor.wait_for_rerun(n_finished)
        self._settle()

    def _go(self, goal: tuple[int, int]) -> None:
        """Moves the choice by the arrow keys, all pressed before the page is told."""
        column, row = self._chosen() or (0, 0)
        # Streamlit drops what keys choose while the mouse, if there is one, is elsewhere on the page.
        self._move(CORNER, FIRST_ROW)
        self.root.locator(SELECTED).first.focus()
        across, down = goal[0] - column, goal[1] - row
        for key in ["ArrowRight" if across > 0 else "ArrowLeft"] * abs(across):
            self.page.keyboard.press(key)
        for key in ["ArrowDown" if down > 0 else "ArrowUp"] * abs(down):
            self.page.keyboard.press(key)

    def _chosen(self) -> tuple[int, int] | None:
        """Column and row of the chosen cell."""
        chosen = self.root.locator(SELECTED)
        if not chosen.count():
            return None
        column, row = str(chosen.first.get_attribute("id")).removeprefix("glide-cell-").split("-")
        return int(column), int(row)

    def _place_of(self, heading: str) -> int:
        """The column as the ids of cells count it: boxes to tick count there, and not among the headings."""
        found = self.root.locator("[role=columnheader]").filter(has_text=re.compile(f"^{re.escape(heading)}$")).first
        at = found.get_attribute("aria-colindex", timeout=5_000)
        cell = self.root.locator(f"[role=gridcell][aria-colindex='{at}']").first
        return int(str(cell.get_attribute("id")).removeprefix("glide-cell-").split("-")[0])

    def sort(self) -> None:
        """Clicks the heading of the first column."""
        before = self.root.locator("[role=gridcell]").all_text_contents()
        self._at(CORNER, HEAD)
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
        self._move(x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def _move(self, x: int, y: int) -> None:
        self.root.scroll_into_view_if_needed()
        box = self.root.locator("canvas").first.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + x, box["y"] + y)

    def _settle(self) -> None:
        self.visitor.idle()
        checks.wait_until_drawn(self.page)
