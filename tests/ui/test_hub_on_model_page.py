"""The Hub on a model's page: shown before it is written, taken back, never for strangers, and every failure a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.settings import read_settings
from lib.sources.hub_facts import Described, Stated
from lib.sources.hub_filling import propose
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.ui.views import hub
from tests.hub.stand_in import Repository, StandIn, Trouble
from tests.ui.conftest import Open
from tests.ui.stores import fill_one_model

PAGE = "pages/model.py"


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    made = StandIn()
    yield made
    made.end()


@pytest.fixture
def stand_in(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    from huggingface_hub import constants

    server.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return server


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    fill_one_model(folder)
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "store"))


def facts(folder: Path) -> tuple[str, Any]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    frames = FrameCache(store).frames()
    store.close()
    (model,) = frames.models.index
    return model, frames.models.loc[model]


def put(stand_in: StandIn, name: str, **told: Any) -> None:
    config = json.dumps({"num_hidden_layers": 77, "architectures": ["X"]}).encode()
    stand_in.repositories["model", name] = Repository(told=told, files={"config.json": config, "a.safetensors": b""})


def test_shown_then_written_then_taken_back(folder: Path, open_app: Open, stand_in: StandIn) -> None:
    model, before = facts(folder)
    name = before["hf_id"] if isinstance(before["hf_id"], str) else "org/m"
    put(stand_in, name, cardData={"license": "other", "license_name": "<b>odd</b> licence"})
    app = open_app(folder, PAGE, model=model)
    if not isinstance(before["hf_id"], str):
        app.text_input(key="hub-name").set_value(name).run()
    app.button(key="hub-ask").click().run()
    (table,) = [one.value for one in app.dataframe if "there" in one.value]
    assert "77" in set(table["there"]) and not app.exception
    assert facts(folder)[1].equals(before), "nothing is written by looking"
    app.button(key="hub-write").click().run()
    assert not app.exception and "taken from the Hub" in app.success[0].value
    after = facts(folder)[1]
    assert after["n_layers"] == 77.0
    (build,) = [one.value for one in app.dataframe if one.key == "model-build"]
    assert build["said_by"].str.startswith("Hugging Face Hub; looked up on 2026-11-21").sum() == 1
    assert all("<b>" not in one.value for one in app.markdown)
    app.button(key="hub-back").click().run()
    assert facts(folder)[1].equals(before) and not app.exception


def test_every_failure_is_a_sentence(folder: Path, open_app: Open, stand_in: StandIn) -> None:
    model, before = facts(folder)
    name = before["hf_id"] if isinstance(before["hf_id"], str) else "org/m"
    put(stand_in, name)
    app = open_app(folder, PAGE, model=model)
    if not isinstance(before["hf_id"], str):
        app.text_input(key="hub-name").set_value(name).run()
    for trouble, words in (
        (Trouble(429, {"Retry-After": "5"}), "asks to wait for 5 s"),
        (Trouble(503), "has trouble"),
        (Trouble(404), "no such repository"),
        (Trouble(0), "cannot be reached"),
        (Trouble(200, body=b"<html>"), "not understood"),
    ):
        stand_in.troubles = [trouble]
        app.button(key="hub-ask").click().run()
        assert not app.exception and words in app.warning[0].value, words
        assert not [one for one in app.dataframe if "there" in one.value]


def test_strangers_have_no_button(folder: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = facts(folder)
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    app = open_app(folder, PAGE, model=model)
    assert not app.exception and "hub-ask" not in {one.key for one in app.button}


def test_what_is_unknown_stands_first() -> None:
    stated = {
        "hf_id": Stated("o/m", "https://h/o/m"),
        "n_layers": Stated("12", "https://h/c"),
        "params_total": Stated("1000000000", "https://h/o/m"),
        "licence": Stated("MIT", "https://h/o/m"),
    }
    described = Described("o/m", "a" * 40, stated, ("", ()), [])
    row = {"hf_id": "o/m", "n_layers": 11.0, "params_total": 1.01e9}
    looked = hub.Looked(described, *propose(described, row, {}.get))
    table = hub.table(looked)
    assert list(table["state"]) == ["unknown here", "differs", "agrees"]
    assert list(table["here"]) == ["–", "11", "1B"] and list(table["there"]) == ["MIT", "12", "1B"]
    assert hub.said(looked.proposals) == (
        "The Hub states **1 fact** that is unknown here, 1 that differs, 1 that agrees."
    )
