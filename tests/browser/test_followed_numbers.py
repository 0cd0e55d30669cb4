"""Five numbers of each page followed to their raw files in a real browser: a click on the cell, a click on the button."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lib.settings import read_settings
from lib.store import read
from lib.store.db import open_store
from lib.store.frames import FrameCache
from tests.browser import checks
from tests.browser.conftest import Visit
from tests.browser.grid import Cell, Grid
from tests.browser.raw_numbers import stands_in
from tests.browser.stores import Servers

pytestmark = [pytest.mark.browser, pytest.mark.walk]

FIVE = 5
RUN_FILE = "lm-eval-runs/eleutherai-opt-bloom.zip"
FOLLOWED = {
    "overview": ("/?bench=mmlu", "records-table", ("Score", "Parameters")),
    "models": ("/models?set=mmlu", "models-table", ("MMLU", "Parameters, total")),
    "parameters-and-tokens": ("/parameters-and-tokens", "plane-table", ("Training tokens", "Parameters")),
    "side-by-side": ("/side-by-side?models=llama-3-70b&models=qwen2-72b", "side-scores", ()),
    "model": ("/model?model={model}", "model-scores", ("As published", "Score")),
    "benchmark": ("/benchmark?benchmark=mmlu", "scores", ("MMLU",)),
    "run": ("/run?run={run}", "run-scores", ("As published (error)", "Score, 95% interval")),
}
"""Page to an address, the key of its table of numbers, and headings whose numbers stand in a file as they are shown."""


class Known:
    """What the store says, for the tests that follow a number."""

    def __init__(self, folder: Path) -> None:
        store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
        self.frames = FrameCache(store).frames()
        self.aliases = read.aliases(store)
        store.close()
        of_files = self.frames.runs[
            self.frames.runs["source"].astype(str).str.contains(RUN_FILE.rsplit("/")[-1], regex=False)
        ]
        self.run = str(of_files["run"].iloc[0])
        counted = self.frames.runs["model"].dropna().value_counts()
        self.model = str(counted.index[0])

    def spellings(self, words: str) -> set[str]:
        """Every way in which a file may write the model that the card names."""
        models, runs = self.frames.models, self.frames.runs
        named = {str(one) for one in models.index[[words.endswith(f"of {name}") for name in models["name"]]]}
        own = models.loc[sorted(named)]
        spelled = {*named, *own["name"].dropna(), *own["hf_id"].dropna()}
        spelled |= set(runs.loc[runs["model"].isin(named), "model_name"].dropna())
        return spelled | set(self.aliases.loc[self.aliases["model_id"].isin(named), "alias"])


@pytest.fixture(scope="module")
def known(servers: Servers) -> Known:
    return Known(servers["full"].folder)


def test_a_number_that_is_not_there_is_not_found() -> None:
    table = b"model,score,size\nA,0.8391,7e9\nB,0.5,1e9\n"
    assert stands_in("83.9% ± 1", table, ["a"])
    assert stands_in("7000000000", table, ["A"])
    assert not stands_in("83.8%", table, ["A"])
    assert not stands_in("50.0%", table, ["A"])
    assert not stands_in("6800000000", table, ["A"])
    assert not stands_in("no number", table, ["A"])
    assert stands_in("25.0%", b'{"results": {"x": [{"acc": 0.25}]}}', [])
    assert not stands_in("25.2%", b'{"results": {"x": [{"acc": 0.25, "is": true}]}}', [])


@pytest.mark.parametrize("page", FOLLOWED)
def test_five_numbers_lead_to_their_raw_files(visit: Visit, known: Known, page: str) -> None:
    address, key, headings = FOLLOWED[page]
    visitor = visit(address.format(model=known.model, run=known.run))
    checks.wait_until_drawn(visitor.page)
    grid = Grid(visitor, key)
    followed: list[str] = []
    missed: list[str] = []
    for row in range(10):
        for heading in headings or grid.headings()[1:3]:
            if len(followed) + len(missed) == FIVE:
                break
            cell = grid.choose(row, heading)
            if re.search(r"\d", cell.text):
                told = _follow(grid, cell, known)
                (missed if told else followed).append(told or cell.text)
    assert not missed, "\n".join(missed)
    assert len(followed) == FIVE, followed


def _follow(grid: Grid, cell: Cell, known: Known) -> str:
    """What is wrong on the way from a chosen cell to its file; '' for nothing."""
    expect(grid.card).to_be_visible()
    words = grid.card.locator("strong").first.inner_text()
    n = grid.raw_buttons().count()
    if not n:
        return f"{cell} ({words}): the card hands out no file"
    names = known.spellings(words)
    for at in range(min(n, 3)):
        if stands_in(cell.text, grid.download(at).path().read_bytes(), names):
            return ""
    return f"{cell} ({words}): not in any of {n} files"


def test_a_cell_of_a_sorted_table_leads_to_its_own_model(visit: Visit) -> None:
    visitor = visit("/models?set=mmlu")
    checks.wait_until_drawn(visitor.page)
    grid = Grid(visitor, "models-table")
    before = grid.column("Model")[:5]
    grid.sort()
    assert grid.column("Model")[:5] != before
    for row in (0, 2, 4):
        name = grid.column("Model")[row]
        grid.choose(row, "Parameters, total")
        expect(grid.card.locator("strong").first).to_have_text(re.compile(f"of {re.escape(name)}$"))


def test_a_choice_is_forgotten_when_other_rows_are_shown(visit: Visit) -> None:
    visitor = visit("/models?set=mmlu")
    checks.wait_until_drawn(visitor.page)
    grid = Grid(visitor, "models-table")
    grid.choose(1, "MMLU")
    expect(grid.card).to_be_visible()
    search = visitor.page.get_by_test_id("stMain").get_by_label("Search", exact=True)
    search.fill("pythia")
    search.press("Enter")
    expect(visitor.page).to_have_url(re.compile("q=pythia"))
    expect(grid.card).to_have_count(0)
