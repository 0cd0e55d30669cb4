"""A page drawn for nobody's screen: for reports from the command line and the API, and for previews of links.

It runs the page's own script through ``app.py``, so what comes out is what a reader sees at that address. Streamlit's
machinery for testing apps is what runs it: in a process without a server with a runtime of its own, beside a server with
the server's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, urlsplit

from streamlit import runtime
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime import Runtime
from streamlit.runtime.caching.storage.dummy_cache_storage import MemoryCacheStorageManager
from streamlit.runtime.dataframe_source_manager import DataframeSourceManager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.testing.v1.local_script_runner import LocalScriptRunner
from streamlit.util import calc_hash

from lib.access import Reader
from lib.errors import RefusedInput
from lib.settings import ROOT
from lib.ui.links import PAGES
from lib.ui.reader import FOR_READER
from lib.ui.recorded import CAUGHT, Notes

APP = ROOT / "app.py"
SECONDS = 120
LONGEST_ADDRESS = 4_000
SESSION = "test session id"
"""As Streamlit calls the session of such a run."""
_ONE_AT_A_TIME = threading.Lock()
"""A page takes a processor for seconds; and each run has the same session as far as Streamlit's files are concerned."""


class Address(NamedTuple):
    """Where a view is: its page and its parameters."""

    path: str
    parameters: dict[str, list[str]]


def parsed(address: str) -> Address:
    """An address as people write it: a link, a path with parameters, or the name of a page.

    Raises:
        RefusedInput: There is no such page.
    """
    if len(address) > LONGEST_ADDRESS:
        raise RefusedInput("too long for an address", place="VIEW", expected=f"at most {LONGEST_ADDRESS} characters")
    parts = urlsplit(address.strip())
    path = parts.path.strip("/").lower().replace("_", "-") or PAGES[0].address
    if path not in {one.address for one in PAGES}:
        known = ", ".join(one.address for one in PAGES)
        raise RefusedInput(
            "no such page", place="VIEW", expected=f"an address whose page is one of {known}", found=path
        )
    return Address(path, parse_qs(parts.query, keep_blank_values=True))


def drawn(address: Address, somebody: Reader) -> Notes:
    """What the page at this address shows this reader.

    Raises:
        RefusedInput: The page could not be drawn.
    """
    with _ONE_AT_A_TIME:
        caught: list[Notes] = []
        with _a_runtime():
            trouble = _run(address, {CAUGHT: caught, FOR_READER: somebody})
    if trouble or not caught:
        raise RefusedInput("the page could not be drawn", place="VIEW", found=f"{address.path}: {trouble or 'nothing'}")
    return caught[-1]


def _run(address: Address, state: dict[str, Any]) -> str:
    """Runs the page; returns what went wrong, or ''."""
    script_cache = ScriptCache()
    pages = PagesManager(str(APP), script_cache, setup_watcher=False)
    session = SafeSessionState(SessionState(), lambda: None)
    for key, value in state.items():
        session[key] = value
    runner = LocalScriptRunner(str(APP), session, pages)
    tree = runner.run(None, address.parameters, SECONDS, calc_hash(address.path))
    runtime.get_instance().media_file_mgr.clear_session_refs(SESSION)
    return "; ".join(str(getattr(one, "message", one)) for one in tree.get("exception"))


class _NoServer:
    """As much of Streamlit's runtime as a page asks for while it is drawn."""

    def __init__(self) -> None:
        self.media_file_mgr = MediaFileManager(MemoryMediaFileStorage("/media"))
        self.dataframe_source_mgr = DataframeSourceManager()
        self.cache_storage_manager = MemoryCacheStorageManager()
        self.bidi_component_registry = BidiComponentManager()

    def get_client(self, session_id: str) -> None:
        """No browser is connected."""


@contextlib.contextmanager
def _a_runtime() -> Iterator[None]:
    """The server's runtime, or as long as this lasts one that keeps what a page hands out and sends nothing."""
    if runtime.exists():
        yield
        return
    PagesManager.uses_pages_directory = False
    Runtime._instance = cast(Runtime, _NoServer())
    try:
        yield
    finally:
        Runtime._instance = None
