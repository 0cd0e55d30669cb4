"""Lists of what has changed between two states of the store: a table a kind, each row with the way to its run or source."""

from __future__ import annotations

from urllib.parse import quote

import pandas as pd
import streamlit as st

from lib import formats
from lib.schema.columns import COLUMNS
from lib.store.snapshot_diff import GONE, WITHDRAWN, Diff
from lib.ui import page, pinned

MOST = 200
"""Rows of a list that a page shows; the command line lists all."""
LABELS = {
    "what": "What", "name": "Name", "source": "Source", "imported": "Imported", "run": "Run", "model_name": "Model as named",
    "evaluator": "Evaluator", "task": "Benchmark or task", "metric": "Metric", "n_shot": "Shots", "before": "Then",
    "after": "Now", "run_before": "Run then", "run_after": "Run now", "field": "Field", "alias": "Spelling",
    "scope": "Holds in", "provider": "Host", "api_name": "Name there", "valid_from": "From", "n_results": "Results",
    "file": "File",
}  # fmt: skip
LISTS = {
    "values": ("Changed scores", ("model_name", "task", "metric", "before", "after", "run_before", "run_after")),
    "runs": ("Runs", ("what", "model_name", "evaluator", "run", "file")),
    "sources": ("Sources", ("what", "name", "n_results", "imported", "source")),
    "facts": ("Facts of models", ("name", "field", "before", "after")),
    "prices": ("Prices, USD per million tokens", ("what", "provider", "api_name", "field", "before", "after")),
    "names": ("Names", ("alias", "scope", "before", "after")),
}
_LINKS = {"run": "run", "run_before": "run", "run_after": "run", "source": "source"}
"""Column to the page that its digests lead to."""


def draw(changed: Diff) -> None:
    """Every change, the first of each kind where there are many."""
    for kind, (title, columns) in LISTS.items():
        rows: pd.DataFrame = getattr(changed, kind)
        if rows.empty:
            continue
        st.markdown(f"**{title} ({formats.count(len(rows))})**")
        shown = rows_shown(changed, kind)[list(columns)]
        config = page.columns(shown, LABELS)
        for column in _LINKS.keys() & set(columns):
            config[column] = st.column_config.LinkColumn(LABELS[column], display_text=r"=([0-9a-f]{12})")
        st.dataframe(
            shown,
            key=f"changed-{kind}",
            alt=f"{title}: what has changed",
            hide_index=True,
            placeholder=formats.UNKNOWN,
            column_config=config,
        )
        if len(rows) > MOST:
            page.small_text(
                f"The first {formats.count(MOST)}. All of them: `python -m lib snapshot diff {changed.before[:12]} now`"
            )


def rows_shown(changed: Diff, kind: str) -> pd.DataFrame:
    """The first rows of one list of a diff, values in words and digests as addresses of the pages about them.

    What is gone is looked at in the snapshot, what is new in the store as it is.
    """
    rows: pd.DataFrame = getattr(changed, kind).head(MOST).copy()
    if "what" in rows and kind in ("runs", "sources"):
        is_then = rows["what"].isin([GONE, WITHDRAWN])
        column = "run" if kind == "runs" else "source"
        if kind == "runs":
            rows["file"] = rows["source"]
        rows[column] = [
            _address(column, digest, changed.before if then else "")
            for digest, then in zip(rows[column], is_then, strict=True)
        ]
    if kind == "sources":
        rows["imported"] = [formats.date(at) for at in rows["imported_at"]]
    if kind == "values":
        rows["run_before"] = [_address("run", digest, changed.before) for digest in rows["run_before"]]
        rows["run_after"] = [_address("run", digest, "") for digest in rows["run_after"]]
    for side in {"before", "after"} & set(rows):
        fields = rows["field"] if kind == "facts" else [""] * len(rows)
        rows[side] = [_text(kind, field, value) for field, value in zip(fields, rows[side], strict=True)]
    if kind in ("facts", "prices"):
        rows["field"] = [COLUMNS[one].label if one in COLUMNS else str(one).replace("_", " ") for one in rows["field"]]
    return rows


def _address(page_of: str, digest: object, snapshot: str) -> str:
    pin = f"&{pinned.KEY}={snapshot[:12]}" if snapshot else ""
    return f"{page_of}?{page_of}={quote(str(digest)[:12])}{pin}"


def _text(kind: str, field: str, value: object) -> str:
    if value is None or value != value:
        return formats.UNKNOWN
    if kind == "values":
        # Nothing says here whether a metric is a share: perplexities and the like are above one.
        is_share = isinstance(value, float) and 0 <= value <= 1
        return formats.score(value) if is_share else formats.plain(value)
    if kind == "facts" and field in COLUMNS:
        return formats.shown(field, value, formats.UNKNOWN)
    return formats.one_line(value, 100)
