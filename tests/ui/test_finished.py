"""What is finished is sent as what it was made of, and made once."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import orjson
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from plotly.tools import return_figure_from_figure_or_data
from streamlit.dataframe_util import convert_arrow_table_to_arrow_bytes, convert_pandas_df_to_arrow_bytes

from lib.figures import score_vs_size
from lib.ui.finished import Later, arrow, finished, taken


def test_the_same_figure_is_sent() -> None:
    drawn, again = (score_vs_size.score_vs_size(**score_vs_size.example()) for _ in range(2))
    ready = finished(again)
    assert isinstance(ready, go.Figure)
    sent, meant = (json.loads(pio.to_json(one.to_dict(), validate=False)) for one in (ready, drawn))
    assert sent == meant
    assert ready.to_dict() is ready.to_dict()


def test_sending_it_changes_nothing() -> None:
    ready = finished(go.Figure(go.Scatter(x=[1, 2], y=[3, 4])))
    before = pio.to_json(ready.to_dict(), validate=False)
    assert return_figure_from_figure_or_data(ready, validate_figure=True) is ready.to_dict()
    assert pio.to_json(ready.to_dict(), validate=False) == before


def test_its_dictionary_has_only_what_json_has() -> None:
    figure = go.Figure(go.Scatter(x=[1.0, float("nan")], y=[3, 4], customdata=pd.Series(["a", "b"], dtype=object)))
    ready = finished(figure)
    # Without this Plotly would look at every name at every rerun.
    assert orjson.loads(orjson.dumps(ready.to_dict())) == ready.to_dict()
    assert ready.to_dict()["data"][0]["customdata"] == ["a", "b"]


ROWS = pd.DataFrame(
    {
        "name": pd.Series(["a", None], dtype="str"),
        "text": pd.Series(["x", None], dtype=object),
        "size": [1.5, float("nan")],
        "day": pd.to_datetime(["2024-01-01", None]),
        "n": pd.array([1, None], dtype="Int64"),
    }
)


def test_a_table_is_sent_as_streamlit_would_send_the_frame() -> None:
    for frame in (ROWS, ROWS.iloc[:0], ROWS.set_index("name"), ROWS.iloc[[1, 0]]):
        table = arrow(frame)
        assert isinstance(table, pa.Table)
        assert convert_arrow_table_to_arrow_bytes(table) == convert_pandas_df_to_arrow_bytes(frame)


def test_a_frame_is_converted_once_and_forgotten_with_it() -> None:
    frame, other = ROWS.copy(), ROWS.assign(size=2.0)
    table = arrow(frame)
    assert arrow(frame) is table
    assert arrow(other) is not table
    seen = weakref.ref(table)
    del table, frame
    gc.collect()
    assert seen() is None


@given(st.sets(st.integers(0, 4)))
def test_some_rows_are_sent_as_a_frame_of_them_would_be(positions: set[int]) -> None:
    rows = pd.DataFrame({"name": ["a", None, "c", "d", "e"], "size": [1.0, float("nan"), 3.0, 4.0, 5.0]})
    at = np.array(sorted(positions), dtype=np.int64)
    some = taken(rows, at)
    anew = rows.iloc[at].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, anew)
    sent = arrow(some)
    assert isinstance(sent, pa.Table)
    assert sent.schema.pandas_metadata["index_columns"][0]["stop"] == len(at)
    pd.testing.assert_frame_equal(sent.to_pandas(), anew)
    assert arrow(some) is sent


def test_what_arrow_cannot_hold_is_left_to_streamlit() -> None:
    mixed = pd.DataFrame({"a": pd.Series(["x", 1], dtype=object)})
    assert arrow(mixed) is mixed


def test_later_is_made_once_and_only_if_asked_for() -> None:
    made: list[int] = []

    def make() -> list[int]:
        made.append(1)
        return made

    later = Later(make)
    assert made == []
    assert later() is later()
    assert made == [1]
