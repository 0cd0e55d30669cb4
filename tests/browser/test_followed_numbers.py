"""Five numbers of each page followed to their raw files in a real browser: a click on the cell, a click on the button."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from lib.settings import read_settings
from lib.store import read
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.store.model_prices import listed_prices
from tests.browser import checks
from tests.browser.conftest import STILL, Visit, Visitor
from tests.browser.grid import Cell, Grid
from tests.browser.raw_numbers import (
    File,
    Rows,
    differ_by,
    is_bill_of,
    is_cache_of,
    is_ratio_of,
    is_rent_of,
    is_weights_of,
    rows_of,
    stands_in,
)
from tests.browser.stores import Servers

pytestmark = [pytest.mark.browser, pytest.mark.walk]

Opened = Callable[[str], Visitor]
FIVE = 5
RUN_FILE = "lm-eval-runs/eleutherai-opt-bloom.zip"
CHEAPEST = "/cheapest?like=qwen2.5-72b-instruct&bench=mmlu_pro"
DEVICE = "h100-sxm"
# Of the cheapest host and of input alone the price on the page is the price in the list.
COSTS = "/performance-per-dollar?set=mmlu_pro&host=cheapest&blend=1:0"
BREAK_EVEN = "/planner?part=break-even&requests=2M"
NAME_THERE = "Name there"
FOLLOWED = {
    "overview": ("/?bench=mmlu", "records-table", ("Score", "Parameters")),
    "models": ("/models?set=mmlu", "models-table", ("MMLU", "Parameters, total")),
    "parameters-and-tokens": ("/parameters-and-tokens", "plane-table", ("Training tokens", "Parameters")),
    "side-by-side": ("/side-by-side?models=llama-3-70b&models=qwen2-72b", "side-scores", ()),
    "model": ("/model?model={model}", "model-scores", ("As published", "Score")),
    "benchmark": ("/benchmark?benchmark=mmlu", "scores", ("MMLU",)),
    "run": ("/run?run={run}", "run-scores", ("As published (error)", "Score, 95% interval")),
    "head-to-head": ("/head-to-head?a=llama-3-70b&b=qwen2-72b", "head-tasks", ("A", "B")),
    "cheapest": (CHEAPEST, "cheapest-others", ("Parameters, total",)),
    "variants": ("/variants?base=llama-3.1-8b", "variants-bits", ("Score", "At 16 bits")),
    "performance": (COSTS, "performance-table", ("MMLU-Pro", "USD per million tokens")),
    "break-even": (BREAK_EVEN, "planner-quality", ("Small", "Large")),
    "prices of a model": ("/model?model=llama-3.1-70b-instruct", "model-prices", ("Input", "Output")),
}
"""Page to an address, the key of its table of numbers, and headings whose numbers stand in a file as they are shown."""


OF_TWO = {
    "head to head": ("/head-to-head?a=llama-3-70b&b=qwen2-72b", "head-tasks", {"A \u2212 B, points": differ_by}),
    "upsets": ("/upsets?set=mmlu_pro", "upsets-holds", {"Lead, points": differ_by, "Times larger": is_ratio_of}),
    "cheapest": (CHEAPEST, "cheapest-others", {"Points, MMLU-Pro": differ_by}),
    "ladder": ("/variants?base=llama-3.1-8b", "variants-steps", {"Points against the base": differ_by}),
    "tuned and base": ("/variants?set=mmlu_pro", "variants-pairs", {"Points against its base": differ_by}),
    "break-even": (BREAK_EVEN, "planner-quality", {"Difference (one-sided 95% bounds)": differ_by}),
}
"""The same of numbers that follow from two: each heading with how."""


COMPUTED: dict[str, tuple[str, str, list[int], dict[str, Callable[[str, Rows], bool]]]] = {
    "performance": ("/performance-per-dollar?set=mmlu_pro", "performance-table", list(range(FIVE)), {
        "USD per million tokens": partial(is_bill_of, read=0.75, written=0.25),
    }),
    "planner, serve": ("/planner", "planner-formats", [0, 1, 2], {
        "Weights": is_weights_of,
        "Caches": partial(is_cache_of, tokens=1300),
    }),
    # Two million requests of a thousand tokens in and three hundred out; a month of hours.
    "planner, break-even": (BREAK_EVEN, "planner-bills-table", [0, 2], {
        "USD a month": partial(is_bill_of, read=2000, written=600),
        "USD per thousand requests": partial(is_bill_of, read=1, written=0.3),
    }),
    "planner, own hardware": (BREAK_EVEN, "planner-bills-table", [1], {"USD a month": partial(is_rent_of, hours=730)}),
}  # fmt: skip
"""Numbers that are worked out of a row of a file: address, key of the table, its rows, and each heading with how."""


class Known:
    """What the store says, for the tests that follow a number."""

    def __init__(self, folder: Path) -> None:
        store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
        self.frames = FrameCache(store).frames()
        self.aliases = read.aliases(store)
        self.listed = listed_prices(store)
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
        spelled |= {str(one).rpartition("/")[2] for one in own["hf_id"].dropna()}
        spelled |= set(runs.loc[runs["model"].isin(named), "model_name"].dropna())
        spelled |= set(self.listed.loc[self.listed["model"].isin(named), "api_name"])
        return spelled | set(self.aliases.loc[self.aliases["model_id"].isin(named), "alias"])


@pytest.fixture(scope="module")
def known(servers: Servers) -> Known:
    return Known(servers["full"].folder)


@pytest.fixture(scope="module")
def opened(server: str, browser: Browser) -> Iterator[Opened]:
    """Opens addresses in one tab: as a step from another page, on which no choice survives, else anew."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", **STILL)
    visitor = Visitor(context.new_page(), server)

    def open_address(address: str) -> Visitor:
        before, now = (urlsplit(one).path for one in (visitor.page.url, address))
        visitor.goto(address) if before in ("blank", now) else visitor.step(address)
        checks.wait_until_drawn(visitor.page)
        return visitor

    yield open_address
    context.close()


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


def test_what_is_worked_out_of_a_row_is_of_its_numbers() -> None:
    prices = rows_of(b"model_id,input_usd_per_mtok,output_usd_per_mtok\nA,1,2\nA,2,4\nA,9,\nB,5,5\n", ["a"])
    assert len(prices) == 3 and not rows_of(b"model_id\nA\n", ["c"])
    assert is_bill_of("$1.25", prices, 0.75, 0.25) and is_bill_of("$1.88", prices, 0.75, 0.25)
    assert not is_bill_of("$1.40", prices, 0.75, 0.25) and not is_bill_of("–", prices, 0.75, 0.25)
    device = [{"usd_per_hour": "2.95"}, {"usd_per_hour": ""}]
    assert (
        is_rent_of("$2,154", device, 730)
        and is_rent_of("$4,307", device, 730)
        and not is_rent_of("$2,200", device, 730)
    )
    shape = [{"params_computed": "8030261248", "kv_elements_per_token_layer": "2048", "n_layers": "32"}]
    assert is_weights_of("16 GB", shape) and not is_weights_of("26 GB", shape)
    assert is_cache_of("0.17 GB", shape, 1300) and not is_cache_of("0.19 GB", shape, 1300)


def test_a_difference_is_of_two_rows_and_one_column() -> None:
    table = b"model,x,y\nA,0.839,7e9\nB,0.5,1e9\n"
    first, second = (table, ["A"]), (table, ["B"])
    assert differ_by("+33.9 (+30.0 to +37.8)", first, second) and differ_by("\u221233.9", second, first)
    assert not differ_by("+34.1", first, second) and not differ_by("\u221233.9", first, second)
    assert is_ratio_of("7.0", second, first) and not is_ratio_of("7.0", first, second)
    assert not differ_by("no number", first, second)
    nested = (b'{"a": {"acc": 0.5}, "b": {"acc": 0.2}}', [""])
    assert differ_by("+0.0", nested, nested) and not differ_by("+30.0", nested, nested)


@pytest.mark.parametrize("page", FOLLOWED)
def test_five_numbers_lead_to_their_raw_files(opened: Opened, known: Known, page: str) -> None:
    address, key, headings = FOLLOWED[page]
    grid = Grid(opened(address.format(model=known.model, run=known.run)), key)
    followed: list[str] = []
    missed: list[str] = []
    for row in range(10):
        for heading in headings or grid.headings()[1:3]:
            if len(followed) + len(missed) == FIVE:
                break
            cell = grid.choose(row, heading)
            if re.search(r"\d", cell.text):
                named = {grid.column(NAME_THERE)[row]} if NAME_THERE in grid.headings() else set()
                told = _follow(grid, cell, known, named)
                (missed if told else followed).append(told or cell.text)
    assert not missed, "\n".join(missed)
    assert len(followed) == FIVE, followed


def _follow(grid: Grid, cell: Cell, known: Known, named: set[str]) -> str:
    """What is wrong on the way from a chosen cell to its file; '' for nothing. ``named``: how its row names it."""
    expect(grid.card).to_be_visible()
    words = grid.card.locator("strong").first.inner_text()
    n = grid.raw_buttons().count()
    if not n:
        return f"{cell} ({words}): the card hands out no file"
    names = known.spellings(words) | named
    for at in range(min(n, 3)):
        if stands_in(cell.text, grid.download(at).path().read_bytes(), names):
            return ""
    return f"{cell} ({words}): not in any of {n} files"


@pytest.mark.parametrize("table", OF_TWO)
def test_five_numbers_of_two_lead_to_both_raw_files(opened: Opened, known: Known, table: str) -> None:
    address, key, headings = OF_TWO[table]
    grid = Grid(opened(address), key)
    followed: list[str] = []
    missed: list[str] = []
    for row in range(10):
        for heading, follows in headings.items():
            if len(followed) + len(missed) == FIVE:
                break
            cell = grid.choose(row, heading)
            if re.search(r"\d", cell.text):
                told = _follow_both(grid, cell, known, follows)
                (missed if told else followed).append(told or cell.text)
    assert not missed, "\n".join(missed)
    assert len(followed) == FIVE, followed


def _follow_both(grid: Grid, cell: Cell, known: Known, follows: Callable[[str, File, File], bool]) -> str:
    """What is wrong on the way from a chosen cell to the files of both models; '' for nothing."""
    expect(grid.card).to_be_visible()
    title = grid.card.locator("strong").first.inner_text()
    n = grid.raw_buttons().count()
    if not n:
        return f"{cell} ({title}): the card hands out no file"
    files = [grid.download(at).path().read_bytes() for at in range(min(n, 3))]
    # "Lead, points: Qwen2 7B against Llama 3 70B"
    sides = [known.spellings(f"of {name}") for name in title.rpartition(": ")[2].split(" against ")]
    if len(sides) == 2 and any(follows(cell.text, (a, sides[0]), (b, sides[1])) for a in files for b in files):
        return ""
    return f"{cell} ({title}): does not follow from {n} files"


@pytest.mark.parametrize("part", COMPUTED)
def test_numbers_worked_out_of_a_file_follow_from_it(opened: Opened, known: Known, part: str) -> None:
    address, key, rows, headings = COMPUTED[part]
    grid = Grid(opened(address), key)
    for row in rows:
        for heading, follows in headings.items():
            cell = grid.choose(row, heading)
            expect(grid.card).to_be_visible()
            names = known.spellings(grid.card.locator("strong").first.inner_text()) | {DEVICE}
            found = rows_of(grid.download().path().read_bytes(), names)
            assert found and follows(cell.text, found), (cell, len(found))


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
