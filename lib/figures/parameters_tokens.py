"""Parameters against training tokens, with lines of equal compute and the compute-optimal band."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.legend import Legend, Mark
from lib.schema.columns import COLUMNS

HEIGHT = 580
PLOT_HEIGHT = HEIGHT - 110
KAPLAN_NOTE = "slope of Kaplan et al. 2020, anchored at GPT-3; the level is not theirs"
_SYMBOL_SIZE, _SCALE_WIDTH = 9.5, 170


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
    plane = _Plane(drawn)
    figure = go.Figure()
    figure.add_traces(_compute(compute_lines, plane))
    figure.add_traces(_band(band))
    figure.add_traces(_laws(lines))
    if kaplan is not None and len(kaplan):
        figure.add_trace(_stroke(kaplan, "muted", 1.4, "dash"))
    if highlight is None:
        figure.add_traces(_marks(drawn, score_label))
    else:
        is_it = (drawn["model"] == highlight).to_numpy(bool)
        figure.add_traces([_pale(one) for one in _marks(drawn[~is_it], None)])
        figure.add_traces([_dark(one) for one in _marks(drawn[is_it], None)])
    figure.update_layout(annotations=_names(drawn, lines, compute_lines, kaplan, plane, highlight))
    figure = theme.framed(
        figure,
        x=theme.log_axis(size_label, _ticks(plane.sizes, 6, formats.parameters), plane.sizes),
        y=theme.log_axis(COLUMNS["training_tokens"].axis, _ticks(plane.tokens, 10, formats.tokens), plane.tokens),
        height=HEIGHT,
    )
    if score_label is not None and drawn["score"].notna().any():
        figure.update_layout(coloraxis=_scale(drawn["score"]), margin_t=56)
        figure.add_annotation(_scale_title(score_label))
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


class _Plane:
    """The limits of the plane, and from values to shares of the axes."""

    def __init__(self, drawn: pd.DataFrame) -> None:
        self.sizes = _limits(drawn["size"], (1e8, 1e12))
        self.tokens = _limits(drawn["training_tokens"], (1e10, 3e13))

    def xy(self, size: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        (x0, x1), (y0, y1) = np.log10(self.sizes), np.log10(self.tokens)
        x = (np.log10(np.asarray(size, dtype=float)) - x0) / (x1 - x0)
        return np.column_stack([x, (np.log10(np.asarray(tokens, dtype=float)) - y0) / (y1 - y0)])

    def at(self, xy: np.ndarray) -> tuple[float, float]:
        """The coordinates of an annotation: logarithms on both axes."""
        (x0, x1), (y0, y1) = np.log10(self.sizes), np.log10(self.tokens)
        return float(x0 + xy[0] * (x1 - x0)), float(y0 + xy[1] * (y1 - y0))


def _limits(values: pd.Series, empty: tuple[float, float]) -> tuple[float, float]:
    if not len(values):
        return empty
    low, high = float(values.min()) / 1.7, float(values.max()) * 2
    return (low, high) if high / low > 100 else (low / 5, high * 5)


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


def _compute(compute_lines: pd.DataFrame, plane: _Plane) -> list[go.Scatter]:
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


def _marks(drawn: pd.DataFrame, score_label: str | None) -> list[Any]:
    """Unscored models below, scored ones above; closed weights carry a cross, inherited tokens a ring with a dot."""
    has_score = drawn["score"].notna() & (score_label is not None)
    traces = []
    for rows, is_scored in ((drawn[~has_score], False), (drawn[has_score].sort_values("score"), True)):
        if not len(rows):
            continue
        is_closed = ~rows["open_weights"].to_numpy(dtype=bool)
        is_ring = rows["is_inherited"].to_numpy(dtype=bool)
        marker: dict[str, Any] = {
            "size": np.where(rows["is_moe"], _SYMBOL_SIZE + 2, _SYMBOL_SIZE),
            "opacity": 1,
            "symbol": _symbols(rows, is_hollow=not is_scored and score_label is not None),
            "line": {"width": np.where(is_closed, 1.2, np.where(is_ring, 1.6, 1.0))},
        }
        if is_scored:
            marker |= {"color": rows["score"].to_numpy(dtype=float), "coloraxis": "coloraxis"}
            marker["line"]["color"] = [theme.colour("ink") if c else theme.SCORE_SCALE[3][1] for c in is_closed]
        else:
            marker["color"] = theme.colour("undisclosed")
            marker["line"]["color"] = [theme.colour("ink" if c else "undisclosed") for c in is_closed]
        traces.append(
            theme.scatter_type(len(drawn))(
                x=rows["size"].to_numpy(dtype=float),
                y=rows["training_tokens"].to_numpy(dtype=float),
                mode="markers",
                marker=marker,
                customdata=rows["model"].to_numpy(dtype=object),
                hovertext=[_hover(row, score_label) for row in rows.itertuples()],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    return traces


def _pale(marks: Any) -> Any:
    """The marks of the models that a figure is not about."""
    return marks.update(marker={"color": theme.colour("pale"), "line": {"color": theme.colour("pale")}})


def _dark(marks: Any) -> Any:
    """The mark of the model that a figure is about."""
    return marks.update(
        marker={
            "color": theme.colour("ink"),
            "size": _SYMBOL_SIZE + 7,
            "line": {"color": theme.colour("background"), "width": 2},
        }
    )


def _symbols(rows: pd.DataFrame, *, is_hollow: bool) -> list[str]:
    names = []
    for moe, inherited, is_open in zip(rows["is_moe"], rows["is_inherited"], rows["open_weights"], strict=True):
        shape = "diamond" if moe else "circle"
        if inherited:
            names.append(f"{shape}-open-dot")
        elif not is_open:
            names.append(f"{shape}-x-open" if is_hollow else f"{shape}-x")
        else:
            names.append(f"{shape}-open" if is_hollow else shape)
    return names


def _scale(scores: pd.Series) -> dict[str, Any]:
    low, high = float(scores.min()), float(scores.max())
    if high - low < 0.05:
        low, high = low - 0.025, high + 0.025
    return {
        "colorscale": theme.SCORE_SCALE,
        "cmin": low,
        "cmax": high,
        "colorbar": {
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1,
            "yanchor": "bottom",
            "ypad": 2,
            "xpad": 0,
            "lenmode": "pixels",
            "len": _SCALE_WIDTH,
            "thickness": 9,
            "outlinewidth": 0,
            "tickformat": ".0%",
            "nticks": 5,
            "ticks": "",
            "tickfont": {"size": 12, "color": theme.colour("muted")},
            "title": {"text": ""},
        },
    }  # fmt: skip


def _scale_title(score_label: str) -> dict[str, Any]:
    """The name of the colour scale, left of it.

    It is no title of the colour bar: Plotly then moves the titles of the axes too (a horizontal bar shifts every title
    that is drawn after it).
    """
    return {
        "text": formats.plotly(score_label, 32),
        "x": 1,
        "xref": "x domain",
        "xanchor": "right",
        "xshift": -_SCALE_WIDTH - 8,
        "y": 1,
        "yref": "y domain",
        "yanchor": "middle",
        "yshift": 31,
        "showarrow": False,
        "font": {"size": 12.5, "color": theme.colour("muted")},
    }


def _hover(row: Any, score_label: str | None) -> str:
    source = "of the model it was made from" if row.is_inherited else "training tokens"
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        f"{formats.parameters(row.size)} parameters{', mixture of experts' if row.is_moe else ''}",
        f"{formats.tokens(row.training_tokens)} {'training tokens ' if row.is_inherited else ''}{source}",
        f"{formats.plain(row.tokens_per_parameter)} tokens per parameter",
    ]
    if formats.known(row.training_flop):
        lines.append(f"about {formats.flop(row.training_flop)} of training")
    if row.ratio_text:
        lines.append(formats.plotly(row.ratio_text, limit=160))
    if score_label is not None:
        said = formats.score(row.score) if formats.known(row.score) else "no score under this protocol"
        lines.append(f"{formats.plotly(score_label)}: {said}")
    lines.append(f"released {formats.date(row.released_on, unknown='on an unknown day')}, weights {'open' if row.open_weights else 'not open'}")  # fmt: skip
    return "<br>".join(lines)


def _names(
    drawn: pd.DataFrame,
    lines: pd.DataFrame,
    compute_lines: pd.DataFrame,
    kaplan: pd.DataFrame | None,
    plane: _Plane,
    highlight: str | None,
) -> list[dict[str, Any]]:
    marks = plane.xy(drawn["size"].to_numpy(), drawn["training_tokens"].to_numpy())
    own, is_own = _own_name(drawn, plane, highlight), (drawn["model"] == highlight).to_numpy(bool)
    # What its name covers is as good as a mark to the other names.
    marks = np.concatenate([marks, *(one + np.outer(np.linspace(-0.09, 0.09, 7), [1, 0]) for _, one in own)])
    named = drawn[np.array([bool(label) for label in drawn["label"]], dtype=bool) & ~is_own]
    texts = [
        label if isinstance(label, str) else name for label, name in zip(named["label"], named["name"], strict=True)
    ]
    spots = plane.xy(named["size"].to_numpy(), named["training_tokens"].to_numpy())
    wanted = [labels.Label(x, y, formats.plotly(text, 32), 3) for (x, y), text in zip(spots, texts, strict=True)]
    paths = [_clipped(line, plane) for _, line in lines.groupby("law", sort=False)]
    ends: list[labels.Label] = []
    if kaplan is not None and len(kaplan):
        paths.append(_clipped(kaplan, plane))
    if len(lines):
        ends += labels.along(paths[0], "compute-optimal", marks, paths, height=PLOT_HEIGHT, role="good")
    if kaplan is not None and len(kaplan):
        ends += labels.along(paths[-1], "slope of Kaplan et al. 2020", marks, paths, height=PLOT_HEIGHT, role="muted")
    for flop, line in compute_lines.groupby("flop", sort=True):
        path = _clipped(line, plane)
        if len(path):
            ends += labels.along(
                path[::-1], formats.flop(flop), marks, paths, height=PLOT_HEIGHT, role="undisclosed", n=12
            )
    most = labels.MOST + len(ends)
    placed = labels.place(ends + wanted, marks, paths, height=PLOT_HEIGHT, strict=2, most=most, mark_radius=4)
    at = [plane.at(np.array([one.label.x, one.label.y])) for one in placed]
    return labels.written(placed, at) + [note for note, _ in own]


def _own_name(drawn: pd.DataFrame, plane: _Plane, highlight: str | None) -> list[tuple[dict[str, Any], np.ndarray]]:
    """The name of the model that the figure is about, whatever it covers, and where its middle is."""
    rows, found = drawn[(drawn["model"] == highlight).to_numpy(bool)], []
    for name, xy in zip(
        rows["name"], plane.xy(rows["size"].to_numpy(), rows["training_tokens"].to_numpy()), strict=True
    ):
        side = 0 if 0.4 < xy[0] < 0.6 else 1 if xy[0] <= 0.4 else -1
        up = 0 if side else -1 if xy[1] > 0.9 else 1
        anchors = ("center", "left", "right")[side], ("middle", "bottom", "top")[up]
        own = labels.Label(xy[0], xy[1], f"<b>{formats.plotly(name, 32)}</b>")
        (note,) = labels.written([labels.Placed(own, 14 * side, 14 * up, *anchors)], [plane.at(xy)])
        found.append((note, xy + np.array([0.1 * side, 0.05 * up])))
    return found


def _clipped(line: pd.DataFrame, plane: _Plane) -> np.ndarray:
    """The part of a straight or gently bent line inside the plane, as dense points in shares of the axes."""
    xy = plane.xy(line["size"].to_numpy(), line["training_tokens"].to_numpy())
    xy = xy[np.argsort(xy[:, 0])]
    x = np.linspace(0, 1, 401)
    inside = (x >= xy[0, 0]) & (x <= xy[-1, 0])
    dense = np.column_stack([x[inside], np.interp(x[inside], xy[:, 0], xy[:, 1])])
    return dense[(dense[:, 1] >= 0) & (dense[:, 1] <= 1)]
