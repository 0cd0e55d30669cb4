"""How far estimates are off: rates of measured rows, errors by group, and overheads fitted without a model.

Ratios are estimated over measured rate; an error is |ratio - 1|. Held out means: for each model the overheads of its
group are fitted to the rows of all other models, and only then its rows are estimated.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from lib.analysis import serving_rows as of
from lib.analysis.serving_hardware import devices
from lib.stats import serving, serving_memory
from lib.stats.architecture import Architecture
from lib.stats.serving import Load
from lib.stats.serving_profiles import OFFLINE_BATCH_SHARE, PROFILES, Profile

Floats = NDArray[np.float64]

FITTED: dict[str, tuple[str, ...]] = {
    of.SERVING_2025: ("c_layer_s", "c_tp_s", "c_ep_s", "c_seq_s"),
    of.SERVING_2024: ("c_layer_s", "c_tp_s", "c_seq_s"),
    of.OFFLINE: ("c_layer_s", "c_tp_s", "c_seq_s"),
    of.SINGLE: ("c_layer_s", "c_tp_s"),
}
"""Constants that were fitted to the rows of a group; the other groups use those of a group of this table as they are."""
_SMALLEST = 1e-9
_LOSS_SCALE = 0.1


class Score(NamedTuple):
    """Errors of one group of rows.

    Args:
        n_rows, n_models: Counted.
        median, p90: Of |estimated / measured - 1|.
        within_factor_2: Share of rows.
        log_deviation: Root mean square of ln(estimated / measured): spread and bias together.
    """

    n_rows: int
    n_models: int
    median: float
    p90: float
    within_factor_2: float
    log_deviation: float


def estimated_rates(
    rows: pd.DataFrame, shapes: pd.DataFrame, hardware: pd.DataFrame, profile: Profile | None = None
) -> Floats:
    """Tokens per second of each row of ``Measurements.rows``, with the constants of its group or those given.

    Not finite, or 0, where the numbers of a row are absurd.
    """
    if rows.empty:
        return np.empty(0)
    shape = Architecture.of(shapes.loc[rows["model"]])
    device = devices(hardware.loc[rows["hardware"]], rows["multiplied"].tolist())
    constants = _constants(rows) if profile is None else profile
    isl, osl = rows["input_tokens"].to_numpy(float), rows["osl"].to_numpy(float)
    load = Load(
        rows["batch"].to_numpy(float),
        rows["bits_per_weight"].to_numpy(float),
        rows["n_devices"].to_numpy(float),
        rows["kv_bits"].to_numpy(float),
        rows["is_expert_parallel"].to_numpy(bool),
    )
    kind, group = rows["kind"].to_numpy(object), rows["group"].to_numpy(object)
    if (is_offline := group == of.OFFLINE).any():
        most = serving_memory.largest_batch(shape, device, load, isl + osl / 2)
        load = load._replace(
            batch=np.where(is_offline & np.isnan(load.batch), np.maximum(OFFLINE_BATCH_SHARE * most, 1), load.batch)
        )
    with np.errstate(all="ignore"):  # a file may hold any numbers; what comes of absurd ones is not finite
        found = serving.serve(shape, device, load, isl, np.where(osl > 0, osl, np.nan), constants)
    alone = np.isin(group, (of.SINGLE, of.EAGER))
    rate = np.where(alone, found.decode_tokens_per_s, found.output_tokens_per_s)
    return np.where(kind == "prefill", found.prefill_tokens_per_s, rate)


def held_out_rates(rows: pd.DataFrame, shapes: pd.DataFrame, hardware: pd.DataFrame) -> Floats:
    """As :func:`estimated_rates`, each model with overheads fitted to the other models of its group.

    Groups that are not in ``FITTED`` were fitted to nothing of their own and get the constants of the product.
    """
    found = estimated_rates(rows, shapes, hardware)
    is_possible = np.isfinite(found) & (found > 0)
    for group, names in FITTED.items():
        mine = (rows["group"] == group).to_numpy(bool) & is_possible
        for model in rows.loc[mine, "model"].unique():
            left_out = mine & (rows["model"] == model).to_numpy(bool)
            others = rows[mine & ~left_out]
            if len(others) > len(names):
                fitted = fitted_profile(others, shapes, hardware, PROFILES[of.GROUPS[group].profile], names)
                found[left_out] = estimated_rates(rows[left_out], shapes, hardware, fitted)
    return found


def fitted_profile(
    rows: pd.DataFrame, shapes: pd.DataFrame, hardware: pd.DataFrame, start: Profile, names: tuple[str, ...]
) -> Profile:
    """Constants ``names`` that bring the logarithms of estimated and measured rates closest together.

    Least squares with a soft absolute loss beyond 10%, so that rows that no model of this kind explains do not decide.
    """
    wanted = np.log(rows["rate"].to_numpy(float))

    def profile(logs: Floats) -> Profile:
        values: dict[str, Any] = dict(zip(names, map(float, np.exp(logs)), strict=True))
        return start._replace(**values)

    def error(logs: Floats) -> Floats:
        return np.log(estimated_rates(rows, shapes, hardware, profile(logs))) - wanted

    begin = [np.log(max(float(np.asarray(getattr(start, name))), _SMALLEST * 1e3)) for name in names]
    bounds = (np.log(_SMALLEST), np.log(1.0))
    return profile(least_squares(error, begin, bounds=bounds, loss="soft_l1", f_scale=_LOSS_SCALE).x)


def score(estimated: Floats, measured: Floats, models: pd.Series) -> Score:
    """Errors of rows with a finite estimate; NaN where there is no such row."""
    ratio = np.asarray(estimated, float) / np.asarray(measured, float)
    is_known = np.isfinite(ratio) & (ratio > 0)
    ratio, log = ratio[is_known], np.log(ratio[is_known])
    if not ratio.size:
        return Score(0, 0, *[float("nan")] * 4)
    error = np.abs(ratio - 1)
    return Score(
        int(ratio.size),
        int(models[is_known].nunique()),
        float(np.median(error)),
        float(np.quantile(error, 0.9)),
        float(np.mean(np.abs(log) < np.log(2))),
        float(np.sqrt(np.mean(log**2))),
    )


def scores_by_group(rows: pd.DataFrame, estimated: Floats) -> dict[str, Score]:
    """One score per group that has rows, in the order of ``GROUPS``."""
    rates = rows["rate"].to_numpy(float)
    masks = {group: (rows["group"] == group).to_numpy(bool) for group in of.GROUPS}
    return {g: score(estimated[mask], rates[mask], rows.loc[mask, "model"]) for g, mask in masks.items() if mask.any()}


def _constants(rows: pd.DataFrame) -> Profile:
    chosen = [PROFILES[of.GROUPS[group].profile] for group in rows["group"]]
    return Profile(*(np.array(column, float) for column in zip(*chosen, strict=True)))
