"""The marks of the plane of training: their shapes, their colour by score, the scale of it, and what a mark says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib import formats
from lib.figures import theme

_SYMBOL_SIZE, _SCALE_WIDTH = 9.5, 170


def marks(drawn: pd.DataFrame, score_label: str | None) -> list[Any]:
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


def pale(drawn: Any) -> Any:
    """The marks of the models that a figure is not about."""
    return drawn.update(marker={"color": theme.colour("pale"), "line": {"color": theme.colour("pale")}})


def dark(drawn: Any) -> Any:
    """The mark of the model that a figure is about."""
    return drawn.update(
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


def score_scale(scores: pd.Series) -> dict[str, Any]:
    """The colour axis of the scores with its bar; a narrow range is widened, so that the bar has ticks."""
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


def score_scale_title(score_label: str) -> dict[str, Any]:
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
