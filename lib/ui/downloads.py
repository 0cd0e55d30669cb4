"""What a reader takes home: the rows of a table as CSV or Parquet. Pictures come from the figure's own bar."""

from __future__ import annotations

import io
import re

import pandas as pd
import streamlit as st

from lib import formats
from lib.ui.finished import Later


def buttons(table: pd.DataFrame | Later[pd.DataFrame], name: str, *, has_figure: bool = False) -> None:
    """CSV and Parquet of these rows, exact values; the file is made at the click.

    Args:
        table: Rows as computed, numbers as numbers, or what makes them at the click. Read-only.
        name: Start of the file's name; anything but letters, digits and dashes is dropped.
        has_figure: Whether the rows are drawn above, so that a picture can be had, too.
    """
    own = f"pound-for-pound-{stem(name)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download CSV",
            data=lambda: csv(_rows(table)),
            file_name=f"{own}.csv",
            mime="text/csv",
            key=f"csv-{name}",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Parquet",
            data=lambda: parquet(_rows(table)),
            file_name=f"{own}.parquet",
            mime="application/vnd.apache.parquet",
            key=f"parquet-{name}",
            on_click="ignore",
            icon=":material/download:",
        )
        if has_figure:
            st.markdown(":small[:gray[Picture: the camera in the corner of the figure.]]")


def stem(name: str) -> str:
    """The beginning of a file's name: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "file"


def _rows(table: pd.DataFrame | Later[pd.DataFrame]) -> pd.DataFrame:
    return table() if isinstance(table, Later) else table


def csv(table: pd.DataFrame) -> bytes:
    """UTF-8 with a byte-order mark, which spreadsheets ask for; text that would run as a formula is defused."""
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]) and not pd.api.types.is_datetime64_any_dtype(safe[column]):
            safe[column] = pd.Series([formats.csv_cell(v) for v in safe[column]], safe.index, dtype=object)
    safe.columns = pd.Index([str(formats.csv_cell(str(c))) for c in safe.columns])
    return ("﻿" + safe.to_csv(index=False, date_format="%Y-%m-%d")).encode()


def parquet(table: pd.DataFrame) -> bytes:
    """The same rows with their types."""
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()
