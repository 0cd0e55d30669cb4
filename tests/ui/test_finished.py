"""A finished figure is sent as the figure it was made of, and its dictionary is made once."""

from __future__ import annotations

import json

import plotly.graph_objects as go
import plotly.io as pio
from plotly.tools import return_figure_from_figure_or_data

from lib.figures import score_vs_size
from lib.ui.finished import finished


def test_the_same_figure_is_sent() -> None:
    drawn = score_vs_size.score_vs_size(**score_vs_size.example())
    ready = finished(drawn)
    assert isinstance(ready, go.Figure)
    sent, meant = (json.loads(pio.to_json(one.to_dict(), validate=False)) for one in (ready, drawn))
    assert sent == meant
    assert ready.to_dict() is ready.to_dict()


def test_sending_it_changes_nothing() -> None:
    ready = finished(go.Figure(go.Scatter(x=[1, 2], y=[3, 4])))
    before = pio.to_json(ready.to_dict(), validate=False)
    assert return_figure_from_figure_or_data(ready, validate_figure=True) is ready.to_dict()
    assert pio.to_json(ready.to_dict(), validate=False) == before
