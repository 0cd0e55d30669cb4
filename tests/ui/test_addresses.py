"""Every view's address restores it whole: each control is set, the address is opened anew, and the same view stands there.

A browser writes bound controls into the address; here that is done for it, by the rules of Streamlit's front end: on is
``true``, off ``false``, a range is two values, a default is not there. What our own controls write, they write themselves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.store.read import sources
from lib.ui import links
from tests.conftest import Fill
from tests.ui.conftest import Open
from tests.ui.stores import fill_small

IS_LONG = os.environ.get("P4P_SOAK_ADDRESSES") == "1"
"""One control at a time, filters and every part of a page, too, which takes minutes; else all at once."""
NO_VIEW = {"find", "share-name", "snapshot", "part", "price-in", "price-out", "price-cached", "price-host"}
"""Fields that change no view, the search beside it and forms of what is entered for good; and what is set here anyway."""
FILTERS = {"class", "family", "licence", "terms", "category", "tuning", "q", "fits", "window"}
"""Set together they leave nothing to look at: only one at a time."""
DEPENDENT = {"bench", "protocol", "measured", "against", "target", "scored"}
"""Offered by what else is chosen, so another choice may take theirs away."""
FORMS = {"evaluate", "own-data", "job", "report", "upload", "search"}
"""Pages that are no views of the data: forms, a job, what a search of the address found."""
PARTS = {
    "planner": ("serve", "break-even", "experts", "train", "tune"),
    "data": ("coverage", "sources", "methods", "costs", "downloads"),
}
KINDS = (
    "selectbox",
    "multiselect",
    "toggle",
    "checkbox",
    "slider",
    "select_slider",
    "text_input",
    "number_input",
    "radio",
    "button_group",
)
Address = dict[str, str | list[str]]


def views() -> Iterator[Any]:
    """Page and address of every view."""
    for entry in links.PAGES:
        if entry.address in FORMS:
            continue
        parts = PARTS.get(entry.address, ("",))
        for part in parts if IS_LONG else parts[:1]:
            name = f"{entry.address}-{part}" if part else entry.address
            yield pytest.param(entry.path, {"part": part} if part else {}, id=name)


@pytest.fixture(scope="module")
def folder(filled_copy: Callable[[Fill], Path]) -> Path:
    return filled_copy(fill_small)


@pytest.fixture(scope="module")
def things(folder: Path) -> Address:
    """What the pages about one thing are about."""
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    runs = FrameCache(store).frames().runs
    source = str(sources(store)["digest"].iloc[-1])[:12]
    store.close()
    most = runs[runs["source"].str.contains("leaderboard").to_numpy(bool)]
    return {"model": "qwen2.5-7b", "benchmark": "mmlu", "run": str(most["run"].iloc[0]), "source": source}


def controls(app: AppTest) -> dict[str, Any]:
    """Controls of the view by key."""
    found = [one for kind in KINDS for one in getattr(app, kind)]
    return {one.key: one for one in found if one.key and one.key not in NO_VIEW and not one.disabled}


def set_otherwise(control: Any) -> bool:
    """Choose something else than what is chosen; False where there is nothing else."""
    kind, value = control.type, control.value
    if kind in ("toggle", "checkbox"):
        control.set_value(not value)
    elif kind in ("selectbox", "radio"):
        if len(control.options) < 2:
            return False
        control.select_index((control.index + 1) % len(control.options))
    elif kind == "multiselect":
        left = [one for one in control.options if one not in control.values]
        if not left:
            return False
        control.select(left[0])
    elif kind == "slider":
        low, high = value
        control.set_value((low + 1, high) if low < high else (low - 1, high))
    elif kind in ("select_slider", "button_group"):
        options = list(control.options)
        control.set_value(options[(options.index(value) + 3) % len(options)])
    elif kind == "text_input":
        is_search = bool(control.proto.query_param_key)
        control.set_value("qwen" if is_search else str(int(float(value) * 2)) if value.isdigit() else "1")
    else:
        return False
    return True


def written(app: AppTest) -> Address:
    """The address of what is on the screen, as a browser shows it."""
    address: Address = dict(app.query_params)
    for key, control in controls(app).items():
        if not control.proto.query_param_key:
            continue
        value = control.value
        if isinstance(value, bool):
            address[key] = str(value).lower()
        elif isinstance(value, tuple | list):
            address[key] = [str(one) for one in value]
        elif value:
            address[key] = str(value)
    return address


def shown(app: AppTest) -> list[str]:
    """Everything a reader reads."""
    parts = [one.value for kind in ("title", "header", "subheader", "markdown", "code") for one in app.get(kind)]
    parts += [one.value.to_csv() for one in app.dataframe]
    return parts + [json.dumps(json.loads(chart.proto.spec), sort_keys=True) for chart in app.get("plotly_chart")]


def held(app: AppTest) -> dict[str, Any]:
    return {key: getattr(one, "values", one.value) if one.type == "multiselect" else one.value for key, one in controls(app).items()}  # fmt: skip


@pytest.mark.parametrize(("page", "address"), list(views()))
def test_an_address_restores_its_view(
    open_app: Open, folder: Path, things: Address, page: str, address: Address
) -> None:
    about = {key: value for key, value in things.items() if page == f"pages/{key}.py"}
    app = open_app(folder, page, **address, **about)
    assert not app.exception
    keys = [key for key in controls(app) if IS_LONG or key not in FILTERS]
    for some in [[key] for key in keys] if IS_LONG else [keys]:
        there, before = controls(app), held(app)
        changed = [key for key in some if key in there and set_otherwise(there[key])]
        app.run()
        assert not app.exception
        after = held(app)
        # A choice that another one leaves without its option goes back to the default.
        kept = [key for key in changed if key in after and key not in DEPENDENT]
        assert all(after[key] != before[key] for key in kept), [key for key in kept if after[key] == before[key]]
        anew = open_app(folder, page, **written(app))
        assert not anew.exception
        assert held(anew) == after
        assert shown(anew) == shown(app)
