"""How long a new visitor waits for the first chart, in a real Chromium, against Streamlit's own first chart.

Every visit is a new browser context, so nothing is cached. The floors are pages with the same finished figure and
nothing else, once with the files compressed as ``serve.py`` does it and once as Streamlit serves them by itself.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time

from playwright.sync_api import Browser, sync_playwright

from bench.floors import SERVING, floors
from bench.report import Line
from bench.synthetic import Shape, made_up_store
from bench.viewer import server, viewer
from lib.ui import links
from tests.browser.chromium import chromium

AIM = 1.2
ROUNDS = 7
WAIT_MS = 240_000
DRAWN = ".js-plotly-plot .main-svg .cartesianlayer .xy"
PAGES = (links.PAGES[0].address, "parameters-and-tokens")


def measure(n_runs: int, rounds: int = ROUNDS) -> list[Line]:
    """The first page and that of parameters and tokens, medians of interleaved rounds after one that is not counted."""
    lines = []
    with (
        made_up_store(Shape(n_runs=n_runs), with_catalogue=True) as (_, folder),
        floors() as bare,
        server("serve.py", {"P4P_DATA_DIR": str(folder)}) as own,
        server(SERVING, {"P4P_BENCH_FLOORS": str(bare.folder), "P4P_BENCH_COMPRESSED": "1"}) as packed,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=_arguments())
        for page in PAGES:
            place = "" if page == links.PAGES[0].address else page
            with viewer(own.address, place) as reader:
                bare.add(page, reader.rerun(), tables=False)
            visits = {
                "own": f"http://{own.address}/{place}",
                "packed": f"http://{packed.address}/?floor={page}",
                "plain": f"http://{bare.address}/?floor={page}",
            }
            times: dict[str, list[float]] = {name: [] for name in visits}
            for round_, (name, address) in itertools.product(range(rounds + 1), visits.items()):
                taken = _first_chart(browser, address)
                if round_:
                    times[name].append(taken)
            middle = {name: statistics.median(all_of_them) for name, all_of_them in times.items()}
            what = f"{page}: first chart of a new visitor, median of {rounds}"
            lines.append(Line(f"{what}  [bare page, files compressed as here]", middle["own"], middle["packed"], AIM))
            lines.append(Line(f"{what}  [bare page, Streamlit's own serving]", middle["own"], middle["plain"], AIM))
        browser.close()
    return lines


def _first_chart(browser: Browser, address: str) -> float:
    """Seconds from asking for the address to the drawn axes of a chart."""
    context = browser.new_context()
    try:
        page = context.new_page()
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.locator(DRAWN).first.wait_for(state="attached", timeout=WAIT_MS)
        return time.perf_counter() - start
    finally:
        context.close()


def _arguments() -> list[str]:
    # The root user of a container cannot have the sandbox.
    return ["--no-sandbox"] if os.geteuid() == 0 else []
