"""Prices on a model's page: what it and its quality cost over time, variants apart, and the reader's own price."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lib.schema.text import plain
from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.store.own_prices import own_prices
from lib.ui.views import price_history
from tests.ui.conftest import Open
from tests.ui.stores import fill_one_model

PAGE = "pages/model.py"
TODAY = "2026-11-21"


def test_history_of_a_model_and_of_its_quality(small_store: Path) -> None:
    store = open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))
    frames = FrameCache(store).frames()
    held = price_history.held(store, today=TODAY)
    priced = frozenset(map(str, held["model"].unique()))
    good = price_history.good_enough(frames, model="llama-2-70b", benchmark="mmlu_pro", priced=priced)
    assert good.models[0] == "llama-2-70b" and "qwen2.5-72b" in good.models and 20 < good.n_tried < len(priced)
    assert "llama-2-7b" not in good.models
    view = price_history.history_view(frames, held, good, model="llama-2-70b", today=TODAY)
    assert view.figure is not None and len(view.table) == len(view.traces.models) > 3
    last = view.table[view.table["what"] == "within 2 points of it"].iloc[-1]
    assert last["name"] == "Qwen2 7B Instruct" and last["usd"] == "$0.054"
    assert "shown to be within 2 points of it on MMLU-Pro costs $0.054: Qwen2 7B Instruct" in plain(view.said)
    trace = view.traces.at(0, "usd")
    assert trace is not None and trace.source
    # Nobody is priced: a page without a figure, no error.
    nothing = price_history.history_view(frames, held, price_history.Good(("gpt-2-xl",), 0, "", "", ""), model="gpt-2-xl", today=TODAY)  # fmt: skip
    assert nothing.figure is None and nothing.table.empty
    store.close()


def test_the_page_shows_prices_with_their_age(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, model="llama-3.1-8b-instruct")
    assert not app.exception
    tables = {frame.proto.id.rsplit("-", 1)[-1]: frame.value for frame in app.dataframe}
    shown = next(value for value in tables.values() if "remarks" in value and "batch" in value)
    assert {"current", "no longer"} <= set(shown["remarks"])
    text = "\n".join(one.value for one in (*app.markdown, *app.subheader)).replace("\\", "")
    assert "came into the kept price lists" in text and "within 2 points" in text


@pytest.mark.parametrize("usd_out", [None, 2.0])
def test_an_own_price_is_entered_and_taken_back(open_app: Open, tmp_path: Path, usd_out: float | None) -> None:
    fill_one_model(tmp_path / "made")
    folder = Path(shutil.copytree(tmp_path / "made", tmp_path / "store"))
    app = open_app(folder, PAGE, model="alpha-7b")
    assert not app.exception
    app.number_input(key="price-in").set_value(1.0)
    if usd_out is not None:
        app.number_input(key="price-out").set_value(usd_out)
    app.button(key="FormSubmitter:own-price-Use this price").click().run()
    assert not app.exception
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    if usd_out is None:
        assert app.error and "both" in app.error[0].value and own_prices(store).empty
    else:
        assert app.success and own_prices(store)["output_usd_per_mtok"].tolist() == [2.0]
        assert any("Your own price counts" in one.value for one in app.markdown)
        app.button(key="price-undo-0").click().run()
        assert not app.exception and own_prices(store).empty
    store.close()
