"""Documents to render: one with everything in it, written to break what shows it."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pandas as pd
import plotly.graph_objects as go

import lib.figures
from lib.figures import theme
from lib.figures.legend import Mark
from lib.report.document import (
    Choice,
    Code,
    Document,
    Explain,
    Figure,
    Heading,
    LeftOut,
    LegendLine,
    Provenance,
    SourceLine,
    Table,
    Takeaway,
    Text,
    View,
)
from lib.schema.text import Span, sentence

HOSTILE = '</script><script>alert(1)</script><img src="http://evil.example/x" onerror=alert(2)> " onload="alert(3)'
DIGEST = "ab" * 32


def figures() -> dict[str, go.Figure]:
    """Every figure of the project, from its example."""
    found = {}
    for one in pkgutil.iter_modules(lib.figures.__path__):
        module = importlib.import_module(f"lib.figures.{one.name}")
        if hasattr(module, "example") and hasattr(module, one.name):
            found[one.name] = getattr(module, one.name)(**module.example())
    return found


def hostile_figure() -> go.Figure:
    drawn = go.Figure(
        go.Scatter(x=[1, 2], y=[0.1, 0.2], mode="markers", customdata=[HOSTILE, "#000001"], hovertext=[HOSTILE, "b"])
    )
    drawn.update_layout(annotations=[{"x": 1, "y": 0.1, "text": HOSTILE, "showarrow": False}])
    axis = {"range": [0, 3], "title": {"text": "Size (parameters)"}}
    return theme.framed(drawn, x=axis, y={**axis, "range": [0, 1]}, height=300)


def rows(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [f"{HOSTILE} {i}" for i in range(n)],
            "params_total": [np.nan if i % 2 else 7e9 for i in range(n)],
            "interval": [None if i % 3 else "72% ± 6" for i in range(n)],
            "released_on": pd.to_datetime(["2024-05-01"] * n),
        }
    )


def view(n_rows: int = 3, *, title: str = HOSTILE, figure: go.Figure | None = None) -> View:
    parts = (
        Heading(HOSTILE, 1),
        Takeaway((sentence(HOSTILE, Span(HOSTILE, "small")),)),
        Figure(hostile_figure() if figure is None else figure, HOSTILE),
        LegendLine([(Mark("circle", "small"), HOSTILE)], HOSTILE),
        Explain(HOSTILE, HOSTILE),
        Text(HOSTILE),
        Code(HOSTILE),
        Table(rows(n_rows), {"interval": HOSTILE}, HOSTILE),
        LeftOut({HOSTILE: 3}, rows(2).assign(reason=HOSTILE)),
    )
    line = SourceLine(
        HOSTILE, f"javascript:{HOSTILE}", "2024-01-01", "2024-01-02", (HOSTILE,), frozenset({"a"}), HOSTILE
    )
    return View(title, f"/models?q={HOSTILE}", parts, (Choice(HOSTILE, HOSTILE),), HOSTILE, (line,))


def document(*views: View) -> Document:
    of = Provenance(DIGEST, 12, 3, "2026-11-20", "2026-11-22T05:06:07", "", "")
    return Document(HOSTILE, views or (view(), view()), of, HOSTILE)
