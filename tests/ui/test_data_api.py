"""Tokens on the page, and downloads for whoever is logged in."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from lib import formats
from lib.access import OPERATOR, Reader
from lib.settings import read_settings
from lib.store import tokens
from lib.store.db import open_store
from lib.ui import data_api, data_downloads
from lib.ui.reader import FOR_READER
from tests.api.test_asking import LOGIN
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_one_model


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    """A store of its own: the page writes to it."""
    fill_one_model(tmp_path)
    return tmp_path


def test_a_token_is_made_shown_once_and_revoked(open_app: Open, store_folder: Path) -> None:
    app = open_app(store_folder, "pages/data.py", part="api")
    assert not app.exception
    app.text_input(key=data_api.NAME).set_value(HOSTILE)
    app.button(key="token-make").click().run()
    assert not app.exception
    secret = app.code[-1].value
    store = open_store(read_settings({"P4P_DATA_DIR": str(store_folder)}))
    found = tokens.find(store, secret)
    assert found is not None and found.subject == OPERATOR.subject and found.scopes == {"read", "write:results"}
    # The name is shown as it is written, and does nothing.
    shown = [text.value for text in app.markdown if "onerror" in text.value]
    assert shown and all(formats.markdown(HOSTILE, 80)[:-1] in text for text in shown), shown
    app.button(key="token-copied").click().run()
    assert secret not in " ".join(code.value for code in app.code)
    app.button(key=f"token-revoke-{found.id}").click().run()
    assert not app.exception and tokens.find(store, secret) is None
    assert not [one for one in app.button if (one.key or "").startswith("token-revoke-")]
    store.close()


def test_what_no_token_can_be_is_said(open_app: Open, store_folder: Path) -> None:
    app = open_app(store_folder, "pages/data.py", part="api")
    app.button(key="token-make").click().run()
    assert not app.exception and "a token needs a name" in app.warning[0].value


def test_strangers_have_none(open_app: Open, store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    app = open_app(store_folder, "pages/data.py", part="api")
    assert not app.exception and not [one for one in app.text_input if one.key == data_api.NAME]
    assert any("/api/v1/models" in code.value for code in app.code)


def test_members_take_home_what_they_see(open_app: Open, store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link does not say who follows it, so the page itself hands the file to members."""
    for name, value in {**LOGIN, "P4P_STRANGERS": "read"}.items():
        monkeypatch.setenv(name, value)
    app = open_app(store_folder, "pages/data.py", part="downloads")
    assert not app.exception and len(app.get("link_button")) == 2
    app.session_state[FOR_READER] = Reader("vic", "Vic", "viewer")
    app.run()
    assert not app.exception and app.get("link_button") == []
    assert {one.proto.label.split(" (")[0] for one in app.get("download_button")} >= {
        "Download Parquet",
        "Download CSV",
    }


def test_the_whole_is_a_zip(store_folder: Path) -> None:
    store = open_store(read_settings({"P4P_DATA_DIR": str(store_folder)}))
    archive = zipfile.ZipFile(io.BytesIO(data_downloads.whole(store, "csv")))
    assert archive.testzip() is None and "models.csv" in archive.namelist()
    store.close()
