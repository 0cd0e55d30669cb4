"""A Streamlit page that only shows finished figures and tables, and so many short texts: the floor of a rerun.

Run by ``bench.floors``; the address names which one to show: ``?floor=models``.
"""

import base64
import os
from pathlib import Path
from typing import Any

import orjson
import plotly.graph_objects as go
import pyarrow as pa
import streamlit as st


@st.cache_resource
def _finished(name: str) -> tuple[list[Any], list[Any], int]:
    given = orjson.loads((Path(os.environ["P4P_BENCH_FLOORS"]) / f"{name}.json").read_bytes())
    tables = [pa.ipc.open_stream(base64.b64decode(text)).read_all().to_pandas() for text in given["tables"]]
    return [go.Figure(orjson.loads(spec)) for spec in given["figures"]], tables, given["n_texts"]


st.set_page_config(layout="wide")
st.toggle("Change", key="change")
figures, tables, n_texts = _finished(st.query_params["floor"])
for number in range(n_texts):
    st.markdown(f"Text {number}")
for number, figure in enumerate(figures):
    st.plotly_chart(figure, key=f"figure-{number}")
for number, table in enumerate(tables):
    st.dataframe(table, key=f"table-{number}")
