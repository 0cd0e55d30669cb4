"""A real server over the shipped tables, and a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.chromium import chromium
from tests.ui.stores import fill_small

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
IDLE = (
    "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED] "
    "[data-testid=stMain] [data-testid=stElementContainer]"
)
DRAWN = """() => { const g = document.querySelector('.js-plotly-plot');
    return g && g.calcdata && g.querySelectorAll('.xtick').length > 0 && g.querySelectorAll('.point, .scattergl').length > 0 }"""
Visit = Callable[..., "Visitor"]


class Visitor:
    """One tab of a reader, and what its console said."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        page.on(
            "request",
            lambda sent: None if sent.url.startswith((address, "data:", "blob:")) else self.elsewhere.append(sent.url),
        )
        page.on(
            "console", lambda said: self.errors.append(f"{said.text} {said.location}") if said.type == "error" else None
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def goto(self, path: str) -> Visitor:
        self.page.goto(self.address + path)
        return self.idle()

    def idle(self) -> Visitor:
        self.page.wait_for_selector(IDLE, state="attached", timeout=60_000)
        return self

    def chart(self) -> Visitor:
        """Until the chart is really drawn."""
        self.page.wait_for_function(DRAWN, timeout=30_000)
        return self

    def own_errors(self) -> list[str]:
        """Without Streamlit's own: it looks for its server under the page's path first."""
        return [e for e in self.errors if "/_stcore/" not in e]

    def screenshot(self, name: str) -> None:
        """The whole page into build/screenshots."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width = self.page.viewport_size["width"] if self.page.viewport_size else 1280
        height = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        self.page.set_viewport_size({"width": width, "height": min(height + 20, 3000)})
        self.chart()
        self.page.wait_for_selector("[data-testid=stDataFrame] canvas", timeout=30_000)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the real server; it is ended with the session."""
    folder = tmp_path_factory.mktemp("store")
    fill_small(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "serve.py", "--server.port", str(port)]
    environment = {**os.environ, "P4P_DATA_DIR": str(folder), "P4P_FILL": "0"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        yield browser
        browser.close()


@pytest.fixture
def visit(server: str, browser: Browser) -> Iterator[Visit]:
    """Opens a tab: ``visit("/models", scheme="dark", width=390)``; further options are the context's."""
    contexts: list[BrowserContext] = []

    def open_tab(path: str = "/", *, scheme: str = "light", width: int = 1280, **options: Any) -> Visitor:
        options |= {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
        context = browser.new_context(**options)
        contexts.append(context)
        return Visitor(context.new_page(), server).goto(path)

    yield open_tab
    for context in contexts:
        context.close()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        with suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.2)
    raise AssertionError("the server did not answer within a minute")
