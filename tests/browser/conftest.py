"""A real server over the shipped tables, and a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.stores import Servers
from tests.conftest import Fill

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
IDLE = (
    "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED] "
    "[data-testid=stMain] [data-testid=stElementContainer]"
)
STILL: dict[str, Any] = {"reduced_motion": "reduce"}
"""For every tab: without a graphics card each frame of a fading or turning sign takes a core, a second for each visit."""
DRAWN = """() => { const g = document.querySelector('.js-plotly-plot');
    return g && g.calcdata && g.querySelectorAll('.xtick').length > 0 && g.querySelectorAll('.point, .scattergl').length > 0 }"""
STEP = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
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
        self.n_finished = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
            self.n_finished += 1

    def wait_for_rerun(self, n_finished: int, seconds: float = 60) -> None:
        """Until the server has finished more reruns than ``n_finished``.

        Asked of the server's own messages: on a busy machine the page takes all of them at once, and never looks busy.
        """
        end = time.monotonic() + seconds
        while self.n_finished <= n_finished:
            assert time.monotonic() < end, "the page was not run again"
            self.page.wait_for_timeout(50)

    def goto(self, path: str) -> Visitor:
        self.page.goto(self.address + path)
        return self.idle()

    def step(self, path: str) -> Visitor:
        """Opens a page as a step in the browser's history: loading the scripts anew takes most of the time of a visit."""
        n_finished = self.n_finished
        self.page.evaluate(STEP, path)
        self.wait_for_rerun(n_finished)
        return self.idle()

    def idle(self) -> Visitor:
        self.page.wait_for_selector(IDLE, state="attached", timeout=120_000)
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
def servers(filled_copy: Callable[[Fill], Path]) -> Iterator[Servers]:
    """Real servers over a full store, an empty one and one with a single model; they end with the session."""
    with ExitStack() as stack:
        yield Servers(filled_copy, stack)


@pytest.fixture(scope="session")
def server(servers: Servers) -> str:
    """Address of the server over the full store."""
    return servers["full"].address


@pytest.fixture
def visit(server: str, browser: Browser) -> Iterator[Visit]:
    """Opens a tab: ``visit("/models", scheme="dark", width=390)``; further options are the context's."""
    contexts: list[BrowserContext] = []

    def open_tab(path: str = "/", *, scheme: str = "light", width: int = 1280, **options: Any) -> Visitor:
        options |= STILL | {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
        context = browser.new_context(**options)
        contexts.append(context)
        return Visitor(context.new_page(), server).goto(path)

    yield open_tab
    for context in contexts:
        context.close()
