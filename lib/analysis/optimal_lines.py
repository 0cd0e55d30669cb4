"""Lines on the plane: compute-optimal laws with their band, equal training compute, and Kaplan's slope."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.plane import DEFAULT_LAW, loss_draws, loss_law
from lib.stats.compute_optimal import FLOP_RANGE, PowerLaw, allocate, kaplan_slope, optimal_ratio_percentiles

REFIT_LABEL = "compute-optimal, refit 2024"
UNROUNDED = "hoffmann2022_unrounded"
APPROACHES = {
    "hoffmann2022_approach1": "Chinchilla, approach 1",
    "hoffmann2022_approach2": "Chinchilla, approach 2",
}
KAPLAN_LABEL = "slope of Kaplan et al. 2020, anchored at GPT-3; the level is not theirs"
KAPLAN_RANGE = (1e18, 1e24)

PARAMS_RANGE = (1e7, 3e12)
N_STEPS = 97


class Lines(NamedTuple):
    """What is drawn behind the points.

    Args:
        lines: law, label, flop, size (parameters), training_tokens; the default law first; one row per step of compute.
        band: size, low, high (tokens): 10th to 90th percentile over the refits, draw by draw, along compute. The line
            of the printed parameters is not the median of the band.
        compute_lines: flop, label, size, training_tokens; two rows a line, one line per power of ten.
        kaplan: flop, size, training_tokens, label.
    """

    lines: pd.DataFrame
    band: pd.DataFrame
    compute_lines: pd.DataFrame
    kaplan: pd.DataFrame


def optimal_lines(
    laws: pd.DataFrame | None,
    allocation: pd.DataFrame | None,
    draws: pd.DataFrame | None,
    *,
    params_range: tuple[float, float] = PARAMS_RANGE,
    show_unrounded: bool = False,
) -> Lines:
    """Lines within the range of compute for which an optimum is stated.

    Args:
        laws: Reference table ``loss_law_parameters``; a law that is not there is not drawn.
        allocation: Reference table ``allocation_laws`` (approaches 1 and 2 of Hoffmann et al. as power laws).
        draws: Reference table ``refit_bootstrap_draws``; without it the band is empty.
        params_range: Sizes between which the lines of equal compute run.
        show_unrounded: Also the third approach of Hoffmann et al. with unrounded parameters.
    """
    flop = np.geomspace(*FLOP_RANGE, N_STEPS)
    parts = []
    for name, label in ((DEFAULT_LAW, REFIT_LABEL), (UNROUNDED, "Chinchilla, approach 3, unrounded")):
        law = loss_law(laws, name) if name == DEFAULT_LAW or show_unrounded else None
        if law is not None:
            best = allocate(law, flop)
            parts.append(_line(name, label, flop, best.params, best.tokens))
    for name, label in APPROACHES.items():
        by_size, by_tokens = _power_law(allocation, name, "n_params"), _power_law(allocation, name, "train_tokens")
        if by_size is not None and by_tokens is not None:
            parts.append(_line(name, label, flop, by_size.at(flop), by_tokens.at(flop)))
    empty = _line("", "", flop[:0], flop[:0], flop[:0])
    return Lines(
        lines=pd.concat(parts, ignore_index=True) if parts else empty,
        band=_band(draws, flop),
        compute_lines=_compute_lines(params_range),
        kaplan=_kaplan(),
    )


def _line(law: str, label: str, flop: np.ndarray, params: np.ndarray, tokens: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"law": law, "label": label, "flop": flop, "size": params, "training_tokens": tokens})


def _power_law(allocation: pd.DataFrame | None, law: str, quantity: str) -> PowerLaw | None:
    if allocation is None or allocation.empty:
        return None
    row = allocation[(allocation["id"] == law) & (allocation["quantity"] == quantity)]
    return None if row.empty else PowerLaw(float(row["coefficient"].iloc[0]), float(row["exponent"].iloc[0]))


def _band(draws: pd.DataFrame | None, flop: np.ndarray) -> pd.DataFrame:
    """Edges (D/N at the percentiles, at equal compute) brought to common sizes, so that they fill between."""
    law = loss_draws(draws)
    if law is None:
        return pd.DataFrame({"size": [], "low": [], "high": []}, dtype=float)
    low, high = optimal_ratio_percentiles(law, flop)
    # On an edge with ratio r at compute C: N = sqrt(C/6r), D = sqrt(C r/6).
    edges = [(np.log(np.sqrt(flop / 6 / r)), np.log(np.sqrt(flop / 6 * r))) for r in (low, high)]
    size = np.linspace(max(n[0] for n, _ in edges), min(n[-1] for n, _ in edges), N_STEPS)
    tokens = [np.exp(np.interp(size, n, d)) for n, d in edges]
    return pd.DataFrame({"size": np.exp(size), "low": tokens[0], "high": tokens[1]})


def _compute_lines(params_range: tuple[float, float]) -> pd.DataFrame:
    flop = np.repeat(10.0 ** np.arange(18, 28), 2)
    size = np.tile(np.array(params_range, float), len(flop) // 2)
    return pd.DataFrame(
        {"flop": flop, "label": [formats.flop(c) for c in flop], "size": size, "training_tokens": flop / (6 * size)}
    )


def _kaplan() -> pd.DataFrame:
    flop = np.geomspace(*KAPLAN_RANGE, 2)
    slope = kaplan_slope(flop)
    return pd.DataFrame({"flop": flop, "size": slope.params, "training_tokens": slope.tokens, "label": KAPLAN_LABEL})
