"""The plane of parameters and training tokens: points, who is left out, and over- or under-training in words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy, is_open
from lib.stats.compute_optimal import FLOP_RANGE, LossLaw, overtraining, overtraining_band, training_flop

NO_MODEL_KINDS = ("non-llm", "product")
DEFAULT_LAW = "besiroglu2024_printed"

POINT_COLUMNS = (
    "model", "name", "family", "developer", "released_on", "size", "training_tokens", "is_inherited", "is_moe",
    "open_weights", "kind", "score", "ci_low", "ci_high", "tokens_per_parameter", "training_flop",
    "ratio_equal_compute", "ratio_low", "ratio_high", "ratio_equal_size", "ratio_text", "tokens_status",
    "is_from_memory", "label",
)  # fmt: skip


class Plane(NamedTuple):
    """Points and who has none.

    Args:
        points: One row per model with a size and tokens, sorted by model: size (parameters, as chosen),
            training_tokens, is_inherited (tokens of the model it was made from), score with ci_low and ci_high (NaN:
            none under the protocol), tokens_per_parameter (by the chosen size), training_flop (6 x active parameters
            x tokens; NaN where active ones are unknown), ratio_equal_compute with ratio_low and ratio_high (r_C and
            its 80% band; NaN where not computed), ratio_text (the same in words, or why not), is_from_memory (size or
            tokens typed without the source at hand), label ('' until :func:`lib.analysis.plane_labels.labelled`).
        left_out: One row per model without a point: model, name, family, developer, released_on, size,
            training_tokens, tokens_status, reason.
    """

    points: pd.DataFrame
    left_out: pd.DataFrame


def plane(
    models: pd.DataFrame,
    measured: pd.DataFrame | None = None,
    by: SizeBy = "total",
    *,
    laws: pd.DataFrame | None = None,
    draws: pd.DataFrame | None = None,
    law: str = DEFAULT_LAW,
) -> Plane:
    """Models as points of parameters and training tokens.

    Args:
        models: ``Frames.models``, already filtered; systems that are not language models get no point.
        measured: Scores for the colour, one row per model: columns or index ``model``, score, ci_low, ci_high.
        by: Which parameters are the size. Compute always uses active ones.
        laws: Reference table ``loss_law_parameters``; without it, no ratios.
        draws: Reference table ``refit_bootstrap_draws``; without it, ratios have no band and no words.
        law: Row of ``laws``.
    """
    size = models[SIZE_COLUMNS[by]].to_numpy(float, na_value=np.nan)
    own = models["training_tokens"].to_numpy(float, na_value=np.nan)
    inherited = models["tokens_inherited"].to_numpy(float, na_value=np.nan)
    tokens = np.where(own > 0, own, inherited)
    reason = _reason(models, size, tokens)
    drawn = reason == ""
    points = _points(models[drawn], size[drawn], tokens[drawn], ~(own[drawn] > 0))
    points = _with_scores(points, measured)
    points = _with_ratios(points, models[drawn], loss_law(laws, law), loss_draws(draws))
    left = models[~drawn]
    left_out = pd.DataFrame(
        {
            "model": left.index.to_numpy(object),
            **{c: left[c].to_numpy() for c in ("name", "family", "developer", "released_on")},
            "size": size[~drawn],
            "training_tokens": tokens[~drawn],
            "tokens_status": left["tokens_status"].to_numpy(object),
            "reason": reason[~drawn],
        }
    )
    return Plane(points, left_out)


def loss_law(laws: pd.DataFrame | None, law: str = DEFAULT_LAW) -> LossLaw | None:
    """A row of the reference table ``loss_law_parameters``; None where table or row are missing."""
    if laws is None or "id" not in laws or not (laws["id"] == law).any():
        return None
    row = laws[laws["id"] == law].iloc[0]
    return LossLaw(*(float(row[name]) for name in LossLaw._fields))


def loss_draws(draws: pd.DataFrame | None) -> LossLaw | None:
    """The reference table ``refit_bootstrap_draws`` as one law with an array per parameter; None when empty."""
    if draws is None or draws.empty:
        return None
    return LossLaw(*(draws[name].to_numpy(float) for name in LossLaw._fields))


def _reason(models: pd.DataFrame, size: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Why a model has no point; '' for those that have one. Kinds first, so that products do not count as secrets."""
    status = models["tokens_status"].astype(object).fillna("").to_numpy()
    reason = np.full(len(models), "", dtype=object)
    for words, applies in (
        ("size not disclosed", ~(size > 0)),
        ("training tokens not published", ~(tokens > 0)),
        ("size and training tokens not published", ~(size > 0) & ~(tokens > 0)),
        ("training tokens are an estimate by others", (tokens > 0) & (status == "estimated")),
        ("not a language model", models["kind"].isin(NO_MODEL_KINDS).to_numpy()),
    ):
        reason[applies] = words
    return reason


def _points(models: pd.DataFrame, size: np.ndarray, tokens: np.ndarray, is_inherited: np.ndarray) -> pd.DataFrame:
    active = models["params_active"].to_numpy(float, na_value=np.nan)
    from_memory = models["is_size_from_memory"].to_numpy(bool) | models["is_tokens_from_memory"].to_numpy(bool)
    return pd.DataFrame(
        {
            "model": models.index.to_numpy(object),
            **{c: models[c].to_numpy() for c in ("name", "family", "developer", "released_on")},
            "size": size,
            "training_tokens": tokens,
            "is_inherited": is_inherited,
            "is_moe": models["is_moe"].to_numpy(bool),
            "open_weights": is_open(models).to_numpy(bool),
            "kind": models["kind"].to_numpy(object),
            "tokens_per_parameter": tokens / size,
            "training_flop": training_flop(active, tokens),
            "tokens_status": models["tokens_status"].to_numpy(object),
            "is_from_memory": from_memory,
            "label": "",
        }
    )


def _with_scores(points: pd.DataFrame, measured: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["score", "ci_low", "ci_high"]
    if measured is None or measured.empty:
        return points.assign(**dict.fromkeys(columns, np.nan))
    by_model = measured.set_index("model") if "model" in measured.columns else measured
    found = by_model[columns].reindex(points["model"])
    return points.assign(**{c: found[c].to_numpy(float) for c in columns})


def _with_ratios(
    points: pd.DataFrame, models: pd.DataFrame, law: LossLaw | None, draws: LossLaw | None
) -> pd.DataFrame:
    """Over- or under-training where the law speaks of it, and a text for every point."""
    total = models["params_total"].to_numpy(float, na_value=np.nan)
    tokens = points["training_tokens"].to_numpy(float)
    why_not = _why_not(points, models, total * tokens * 6, has_law=law is not None and draws is not None)
    n, d = np.where(why_not == "", total, np.nan), np.where(why_not == "", tokens, np.nan)
    none = np.full(len(points), np.nan)
    at = overtraining(law, n, d) if law is not None else None
    band = overtraining_band(draws, n, d) if draws is not None else None
    points = points.assign(
        ratio_equal_compute=none if at is None else at.ratio_equal_compute,
        ratio_low=none if band is None else band.low,
        ratio_high=none if band is None else band.high,
        ratio_equal_size=none if at is None else at.ratio_equal_size,
    )
    numbers = zip(why_not, points["ratio_equal_compute"], points["ratio_low"], points["ratio_high"], strict=True)
    points["ratio_text"] = [words or ratio_in_words(r, low, high) for words, r, low, high in numbers]
    return points[list(POINT_COLUMNS)]


def _why_not(points: pd.DataFrame, models: pd.DataFrame, flop: np.ndarray, *, has_law: bool) -> np.ndarray:
    """Why no ratio is computed, in words; '' where it is. The first reason that applies is named."""
    architecture = models["architecture"].astype(object).fillna("").str.lower().to_numpy()
    tuned = models["finetuned_from"].notna().to_numpy() | points["is_inherited"].to_numpy(bool)
    why = np.full(len(points), "", dtype=object)
    for words, applies in (
        ("no loss law at hand", np.full(len(points), not has_law)),
        (
            "over- or under-training is not computed outside 10¹⁸ to 10²⁶ FLOP",
            ~((flop >= FLOP_RANGE[0]) & (flop <= FLOP_RANGE[1])),
        ),
        (
            "over- or under-training is not computed: the law is for dense decoders",
            (architecture != "dense") | models["kind"].isin(["encoder", "encoder-decoder"]).to_numpy(),
        ),
        ("over- or under-training is not computed for mixtures of experts", points["is_moe"].to_numpy(bool)),
        ("over- or under-training is not computed for models made from another", tuned),
    ):
        why[applies] = words
    return why


def ratio_in_words(ratio: float, low: float, high: float) -> str:
    """r_C with its 80% band as a reader reads it.

    "about 100 times (65 to 185) the tokens per parameter that the same compute calls for"; below 1 as a share, so
    that "0.09 times" is "about 9% (6% to 16%) of"; no factor where the band contains 1.
    """
    if not all(formats.known(x) for x in (ratio, low, high)):
        return ""
    if low <= 1 <= high:
        return "within the range of compute-optimal"
    tail = "the tokens per parameter that the same compute calls for"
    if low > 1:
        return f"about {formats.times(ratio)} ({formats.plain(low)} to {formats.plain(high)}) {tail}"
    return f"about {formats.score(ratio, 0)} ({formats.score(low, 0)} to {formats.score(high, 0)}) of {tail}"
