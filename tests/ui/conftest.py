"""Stores to look at: empty, one model, and a small real one; and the app as a reader opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from lib.ui.links import PAGES
from tests.conftest import Fill
from tests.ui.stores import fill_one_model, fill_small

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture(scope="session")
def small_store(filled_copy: Callable[[Fill], Path]) -> Path:
    return filled_copy(fill_small)


@pytest.fixture(scope="session")
def one_model_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    fill_one_model(folder)
    return folder


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page over a store, with an address, from ``app.py`` as ``serve.py`` runs it."""
    made = PagesManager.__init__

    def as_served(self: PagesManager, *args: object, **kwargs: object) -> None:
        # serve.py does the same once for the process; AppTest asks anew at each run.
        PagesManager.uses_pages_directory = False
        made(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(PagesManager, "__init__", as_served)

    def open_page(store: Path, page: str = "", **address: str | list[str]) -> AppTest:
        monkeypatch.setenv("P4P_DATA_DIR", str(store))
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if page:
            # ``switch_page`` wants a run of the first page before, which takes longer than most pages.
            app._page_hash = calc_hash(next(one.address for one in PAGES if one.path == page))
        for key, value in address.items():
            app.query_params[key] = value
        return app.run()

    return open_page
