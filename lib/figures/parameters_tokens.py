"""Parameters against training tokens, with lines of equal compute and the compute-optimal band."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import plane_marks, theme
from lib.figures.legend import Legend, Mark
from lib.figures.plane_names import HEIGHT, Plane, names
from lib.schema.columns import COLUMNS

KAPLAN_NOTE = "slope of Kaplan et al. 2020, anchored at GPT-3; the level is not theirs"


def parameters_tokens(
    points: pd.DataFrame,
    lines: pd.DataFrame,
    band: pd.DataFrame,
    compute_lines: pd.DataFrame,
    kaplan: pd.DataFrame | None = None,
    *,
    size_label: str,
    score_label: str | None = None,
    highlight: str | None = None,
) -> go.Figure:
    """The plane of training: each point a model, both axes logarithmic.

    Args:
        points: One row per model. Columns: ``model``, ``name``, ``size`` (parameters), ``training_tokens``,
            ``is_inherited`` (tokens of the base it was made from), ``is_moe``, ``open_weights`` (bool), ``score``
            (fraction; NaN: drawn hollow), ``tokens_per_parameter``, ``training_flop``, ``ratio_text`` (over- or
            under-training in words, '' if not computed), ``released_on``, ``label`` (text to write beside the mark,
            True for its name, '' or False for none; the first rows' labels win). Rows without size or tokens are not drawn.
        lines: Compute-optimal laws: ``law``, ``label``, ``size``, ``training_tokens``; at least two rows a law.
            The first law is the main one.
        band: Of the main law: ``size``, ``low``, ``high`` (tokens), ordered by size; may be empty.
        compute_lines: ``flop``, ``size``, ``training_tokens``; two rows a line.
        kaplan: ``size``, ``training_tokens`` of the anchored slope, or None.
        size_label: Title of the size axis.
        score_label: What the colour shows, with its unit; None: no colour was chosen, all marks are filled grey.
        highlight: Id of the model that the figure is about: its mark is large and dark, all others are pale.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    drawn = points[(points["size"] > 0) & (points["training_tokens"] > 0)]
    plane = Plane(drawn)
    figure = go.Figure()
    figure.add_traces(_compute(compute_lines, plane))
    figure.add_traces(_band(band))
    figure.add_traces(_laws(lines))
    if kaplan is not None and len(kaplan):
        figure.add_trace(_stroke(kaplan, "muted", 1.4, "dash"))
    if highlight is None:
        figure.add_traces(plane_marks.marks(drawn, score_label))
    else:
        is_it = (drawn["model"] == highlight).to_numpy(bool)
        figure.add_traces([plane_marks.pale(one) for one in plane_marks.marks(drawn[~is_it], None)])
        figure.add_traces([plane_marks.dark(one) for one in plane_marks.marks(drawn[is_it], None)])
    figure.update_layout(annotations=names(drawn, lines, compute_lines, kaplan, plane, highlight))
    figure = theme.framed(
        figure,
        x=theme.log_axis(size_label, _ticks(plane.sizes, 6, formats.parameters), plane.sizes),
        y=theme.log_axis(COLUMNS["training_tokens"].axis, _ticks(plane.tokens, 10, formats.tokens), plane.tokens),
        height=HEIGHT,
    )
    if score_label is not None and drawn["score"].notna().any():
        figure.update_layout(coloraxis=plane_marks.score_scale(drawn["score"]), margin_t=56)
        figure.add_annotation(plane_marks.score_scale_title(score_label))
    return figure


def legend(points: pd.DataFrame, lines: pd.DataFrame, *, score_label: str | None = None, has_kaplan: bool = False) -> Legend:  # fmt: skip
    """The marks that are in the figure, with their words."""
    entries: Legend = [(Mark("circle", "muted"), "dense")]
    if points["is_moe"].any():
        entries.append((Mark("diamond", "muted"), "mixture of experts"))
    if score_label is not None and points["score"].isna().any():
        entries.append((Mark("circle-open", "muted"), f"no {score_label} score under this protocol"))
    if (~points["open_weights"].astype(bool)).any():
        entries.append((Mark("crossed", "ink"), "weights not open"))
    if points["is_inherited"].any():
        entries.append((Mark("dot", "muted"), "tokens of the model it was made from"))
    for i, label in enumerate(lines.drop_duplicates("law")["label"]):
        entries.append((Mark(("line", "dashed", "dotted")[min(i, 2)], "good"), str(label)))
    entries.append((Mark("line", "undisclosed"), "equal training compute"))
    if has_kaplan:
        entries.append((Mark("dashed", "muted"), KAPLAN_NOTE))
    return entries


def example() -> dict[str, Any]:
    """A tiny plane: five models, one law with its band, two lines of equal compute."""
    columns = ["model", "name", "size", "training_tokens", "is_inherited", "is_moe", "open_weights", "score", "ratio_text", "released_on", "label"]  # fmt: skip
    rows = [
        ("gpt-3", "GPT-3 175B", 175e9, 3e11, False, False, False, 0.439, "a tenth of it", "2020-05-28", "GPT-3 175B"),
        (
            "org/llama-3-8b",
            "Llama 3 8B",
            8e9,
            1.5e13,
            False,
            False,
            True,
            0.666,
            "105 times it",
            "2024-04-18",
            "Llama 3 8B",
        ),
        ("org/mixtral", "Mixtral 8x7B", 46.7e9, 2e12, False, True, True, 0.706, "", "2023-12-11", ""),
        ("org/tuned", "Tuned 8B", 8e9, 1.4e13, True, False, True, 0.61, "", "2024-09-01", ""),
        ("org/small", "Small 135M", 1.35e8, 2e12, False, False, True, np.nan, "", "2024-11-01", "Small 135M"),
    ]
    points = pd.DataFrame(rows, columns=columns)
    points["released_on"] = pd.to_datetime(points["released_on"])
    points["tokens_per_parameter"] = points["training_tokens"] / points["size"]
    points["training_flop"] = 6 * points["size"] * points["training_tokens"]
    size = np.array([1e8, 1e10, 1e12])
    return {
        "points": points,
        "lines": pd.DataFrame({"law": "refit", "label": "compute-optimal, refit 2024", "size": size, "training_tokens": 20 * size}),
        "band": pd.DataFrame({"size": size, "low": 15 * size, "high": 27 * size}),
        "compute_lines": pd.DataFrame({"flop": [1e21, 1e21, 1e23, 1e23], "size": [1e8, 1e12, 1e8, 1e12], "training_tokens": [1.7e12, 1.7e8, 1.7e14, 1.7e10]}),
        "size_label": COLUMNS["params_total"].axis,
        "score_label": "MMLU",
    }  # fmt: skip


def _ticks(limits: tuple[float, float], most: int, words: Any) -> dict[float, str]:
    return {v: words(v) for v in theme.steps(*limits, most=most)}


def _stroke(path: pd.DataFrame, role: str, width: float, dash: str = "solid") -> go.Scatter:
    return go.Scatter(
        x=path["size"].to_numpy(dtype=float),
        y=path["training_tokens"].to_numpy(dtype=float),
        mode="lines",
        line={"color": theme.colour(role), "width": width, "dash": dash},
        hoverinfo="skip",
    )


def _compute(compute_lines: pd.DataFrame, plane: Plane) -> list[go.Scatter]:
    return [_stroke(line, "compute-line", 1) for _, line in compute_lines.groupby("flop", sort=True)]


def _band(band: pd.DataFrame) -> list[go.Scatter]:
    if not len(band):
        return []
    size = band["size"].to_numpy(dtype=float)
    return [
        go.Scatter(
            x=np.concatenate([size, size[::-1]]),
            y=np.concatenate([band["high"].to_numpy(dtype=float), band["low"].to_numpy(dtype=float)[::-1]]),
            mode="lines",
            line={"width": 0, "color": theme.colour("band")},
            fill="toself",
            fillcolor=theme.colour("band"),
            hoverinfo="skip",
        )
    ]


def _laws(lines: pd.DataFrame) -> list[go.Scatter]:
    strokes = []
    for i, (_, line) in enumerate(lines.groupby("law", sort=False)):
        strokes.append(
            _stroke(line, "good", 2.2 if i == 0 else 1.2, "solid" if i == 0 else ("dash", "dot")[(i - 1) % 2])
        )
    return strokes[::-1]
