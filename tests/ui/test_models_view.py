"""The table of models after filters, taken from the table of all, is what would be made of the filtered models anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import formats
from lib.analysis import models_table, sizes
from lib.analysis.sizes import SizeBy
from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames
from lib.ui.finished import arrow
from lib.ui.views import models, scores
from tests.ui.conftest import Open

NAMES = ("", "", "qwen", "LLAMA", "7b", "-", "no model is called like this", "ß")


@pytest.fixture(scope="module")
def frames(small_store: Path) -> Frames:
    return FrameCache(open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))).frames()


def _same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal values; a column without any has no type of its own when it is made anew."""
    assert list(found.columns) == list(expected.columns)
    assert len(found) == len(expected)
    for name in expected.columns:
        if expected[name].isna().all():
            assert found[name].isna().all()
        else:
            pd.testing.assert_series_equal(found[name], expected[name])


def _on_frontier(frames: Frames, rows: pd.DataFrame, chosen_set: str, by: SizeBy, community: bool) -> list[bool]:
    """Which rows are on the frontier of all models of the protocol, by its definition."""
    choice = scores.choice(frames, scores.members(chosen_set), "", community)
    everyone = sizes.keep(sizes.with_size(frames.models, by), include_community=community).models
    known = models_table.models_table(everyone, choice.measured, frames.runs)[["size", "score"]].dropna().to_numpy()

    def is_unbeaten(size: float, score: float) -> bool:
        return not np.isnan(size + score) and not any(
            (s <= size and v > score) or (s < size and v >= score) for s, v in known
        )

    return [is_unbeaten(size, score) for size, score in zip(rows["size"], rows["score"], strict=True)]


def test_a_search_leaves_the_frontier_where_it_is(frames: Frames) -> None:
    plain = {"chosen_set": "mmlu", "protocol": "", "by": "total", "threshold": 35e9, "families": (), "licences": (),
             "size_classes": (), "only_open": False, "community": False}  # fmt: skip
    whole, some = (models.models_view(frames, **plain, search=search) for search in ("", "llama"))  # type: ignore[arg-type]
    green = [
        [trace for trace in view.figure.data if trace.mode == "lines" and trace.line.shape == "hv"]  # type: ignore[union-attr]
        for view in (whole, some)
    ]
    assert len(green[0]) == len(green[1]) == 1
    assert list(green[0][0].y) == list(green[1][0].y)
    assert set(some.rows().query("on_frontier")["model"]) < set(whole.rows().query("on_frontier")["model"])
    assert any("filtered out" in words for _, words in some.legend)
    assert not any("filtered out" in words for _, words in whole.legend)


def test_a_search_that_only_community_models_pass_counts_them(
    frames: Frames, open_app: Open, small_store: Path
) -> None:
    community = frames.models[(frames.models["origin"] == "community").to_numpy(bool)]
    name = next(
        one
        for one in community["name"]
        if not frames.models["name"]
        .str.contains(one, regex=False, case=False)[frames.models["origin"] != "community"]
        .any()
    )
    n = int(sizes.has_text(sizes.search_texts(community), name).sum())
    app = open_app(small_store, "pages/models.py", q=name)
    button = app.button(key="offer-community")
    assert formats.counted(n, "community model") in button.label
    button.click().run()
    assert not app.exception
    assert app.toggle(key="community").value is True
    assert len(app.dataframe(key="models-table").value) == n
    assert not [one for one in app.button if one.key == "offer-community"]


@settings(max_examples=15, deadline=None)
@given(given=st.data())
def test_what_filters_leave_is_what_would_be_made_anew(frames: Frames, given: st.DataObject) -> None:
    draw = given.draw
    chosen_set = draw(st.sampled_from([scores.LEADERBOARD, "mmlu", "gsm8k"]))
    by: SizeBy = draw(st.sampled_from(["total", "active"]))
    threshold = draw(st.sampled_from([1e9, 7e9, 35e9]))
    community, only_open, search = draw(st.booleans()), draw(st.booleans()), draw(st.sampled_from(NAMES))
    options = models.filter_options(frames, community=community)
    families, licences = (
        tuple(draw(st.lists(st.sampled_from(list(options[name])), max_size=2))) for name in ("family", "licence")
    )
    classes = tuple(draw(st.lists(st.sampled_from(sizes.CLASS_ORDER), max_size=3)))
    view = models.models_view(
        frames, chosen_set=chosen_set, protocol="", by=by, threshold=threshold, families=families, licences=licences,
        size_classes=classes, only_open=only_open, community=community, search=search,
    )  # fmt: skip
    benchmarks = scores.members(chosen_set)
    choice = scores.choice(frames, benchmarks, "", community)
    left = sizes.keep(
        sizes.with_size(frames.models, by, threshold), include_community=community, families=families,
        licences=licences, size_classes=classes, only_open_weights=only_open,
    ).models  # fmt: skip
    texts = [f"{name}\n{model}".casefold() for model, name in left["name"].items()]
    left = left[np.array([search.casefold() in text for text in texts], dtype=bool)]
    rows = models_table.models_table(left, choice.measured, frames.runs)
    rows = rows.sort_values(["score", "size", "model"], ascending=[False, True, True], ignore_index=True)
    table, _ = models._table(frames, rows, benchmarks)
    _same(view.table, table)
    _same(view.rows()[rows.columns], rows.assign(on_frontier=_on_frontier(frames, rows, chosen_set, by, community)))
    sent = arrow(view.table)
    assert isinstance(sent, pa.Table)
    _same(sent.to_pandas(), view.table)
    assert list(view.traces.models) == rows["model"].tolist()
    if len(rows):
        assert view.traces.stamp == models._traces(rows, choice).stamp
    n_removed = sum(n for reason, n in view.left_out.items() if not reason.startswith("no complete score"))
    assert len(rows) + n_removed == len(frames.models)
