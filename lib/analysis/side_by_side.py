"""A few models under one protocol: what they share, and which differences from one of them are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lib.analysis import protocols
from lib.stats import multiplicity
from lib.stats.intervals import is_small_or_extreme, newcombe, pooled_z, unpaired_difference
from lib.stats.noninferiority import ALPHA

BETTER, WORSE, NOT_SHOWN = "shown better", "shown worse", "not shown"
NO_INTERVAL = "no interval, no verdict"
NO_DIRECTION = "shown to differ, better or worse not known"
"""Words for a comparison; '' where one of the two models has no score."""

DIFFERENCE_COLUMNS = ("model", "benchmark", "delta", "delta_low", "delta_high", "p", "p_holm", "verdict", "method")
WALD, NEWCOMBE, NONE = "normal", "Newcombe", ""


def differences(measured: pd.DataFrame, models: Sequence[str], benchmarks: Sequence[str], reference: str) -> pd.DataFrame:  # fmt: skip
    """Every model against the reference on every benchmark, pairing ignored.

    From counts with fewer than 300 questions, or a share outside 0.05 to 0.95, on either side: Newcombe's interval and
    the pooled score test. Otherwise d ± 1.96 sqrt(se_a² + se_b²) and its two-sided z test. No standard error or count
    on a side: no interval, no verdict. Holm's correction runs over all tests of this frame, and at most 5% decides:
    better or worse by the sign and the metric's direction (where it is unknown, only that they differ), else not
    shown, which never means equal.

    Args:
        measured: ``Measured.rows`` of one protocol.
        models: The chosen models, the reference among them or not.
        benchmarks: The benchmarks shown.
        reference: Model id.

    Returns:
        One row per (model, benchmark) but the reference's, in the order given: ``DIFFERENCE_COLUMNS``. ``delta`` is
        model minus reference in the metric's unit, its interval two-sided 95% and not corrected; p and p_holm NaN
        without a test; ``method``: normal, Newcombe or ''.

    Source:
        Newcombe 1998, Statistics in Medicine 17:873; Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    pairs = pd.MultiIndex.from_product([[m for m in models if m != reference], benchmarks], names=["model", "benchmark"])  # fmt: skip
    rows = measured.set_index(["model", "benchmark"])
    own = rows.reindex(pairs)
    base = rows.reindex(pd.MultiIndex.from_arrays([[reference] * len(pairs), pairs.get_level_values(1)]))
    a, b = ({c: frame[c].to_numpy(float) for c in _NUMBERS} for frame in (own, base))
    found = _tests(a, b)
    has_test = ~np.isnan(found["p"])
    holm = np.full(len(pairs), np.nan)
    holm[has_test] = multiplicity.holm(found["p"][has_test])
    is_higher_better = own["higher_is_better"].astype("boolean")
    is_better = (found["delta"] > 0) == is_higher_better.fillna(True).to_numpy(bool)
    words = np.full(len(pairs), NO_INTERVAL, dtype=object)
    words[has_test] = NOT_SHOWN
    # NaN compares as false, so rows without a test stay as they are.
    is_shown = holm <= ALPHA
    words[is_shown & is_better] = BETTER
    words[is_shown & ~is_better] = WORSE
    words[is_shown & is_higher_better.isna().to_numpy()] = NO_DIRECTION
    words[np.isnan(found["delta"])] = ""
    result = pd.DataFrame({**found, "p_holm": holm, "verdict": words}, index=pairs).reset_index()
    return result[list(DIFFERENCE_COLUMNS)]


_NUMBERS = ("score", "stderr", "n_samples", "n_correct")


def _tests(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """delta, delta_low, delta_high, p and method of a against b, entry by entry."""
    plain = unpaired_difference(a["score"], a["stderr"], b["score"], b["stderr"])
    k_a, n_a, k_b, n_b = a["n_correct"], a["n_samples"], b["n_correct"], b["n_samples"]
    has_counts = np.isfinite(k_a) & np.isfinite(n_a) & np.isfinite(k_b) & np.isfinite(n_b)
    with np.errstate(divide="ignore", invalid="ignore"):
        hybrid = has_counts & (is_small_or_extreme(k_a / n_a, n_a) | is_small_or_extreme(k_b / n_b, n_b))
        interval = newcombe(k_a, n_a, k_b, n_b)
        z = pooled_z(k_a, n_a, k_b, n_b)
    # Both all right or all wrong: a test was made, and it shows nothing.
    z = np.where(hybrid & np.isnan(z), 0.0, z)
    p = np.where(hybrid, 2 * ndtr(-np.abs(z)), plain.p_two_sided)
    low, high = np.where(hybrid, interval.low, plain.low), np.where(hybrid, interval.high, plain.high)
    method = np.full(p.shape, NONE, dtype=object)
    method[~np.isnan(p)] = WALD
    method[hybrid] = NEWCOMBE
    return {"delta": plain.diff, "delta_low": low, "delta_high": high, "p": p, "method": method}


def standing(grouping: protocols.Grouping, models: Sequence[str]) -> pd.DataFrame:
    """How much of a protocol the chosen models have, the fullest protocol first; of equally full ones those that the
    first model is in, then the widest.

    Returns:
        Index: keys of the protocols in which any of them has a score. n_complete: models with every benchmark;
        n_scores: (model, benchmark) pairs with a score.
    """
    scores = grouping.scores
    is_plain = ~scores["is_checkpoint"].astype(bool) & _empty(scores["quantisation"])
    rows = scores[scores["model"].isin(list(models)) & is_plain]
    having: dict[int, set[str]] = {}
    for identity, model in rows[["identity", "model"]].drop_duplicates().itertuples(index=False):
        having.setdefault(int(identity), set()).add(str(model))
    found = {}
    for key, identities in grouping.protocols["identities"].items():
        sets = [having.get(int(i), set()) for i in identities]
        if n := sum(map(len, sets)):
            found[str(key)] = (len(set.intersection(*sets)), n, sum(models[0] in one for one in sets))
    columns = ["n_complete", "n_scores", "n_of_first"]
    frame = pd.DataFrame.from_dict(found, orient="index", columns=columns).astype(int)
    return frame.sort_values(columns, ascending=False, kind="stable")[columns[:2]]


def cut(scores: pd.DataFrame, models: Sequence[str], catalogue: pd.DataFrame) -> pd.DataFrame:
    """Results of the models, cut into identities: results of one ``identity`` are measured one way, on one benchmark.

    Parts of another benchmark and those where low is good are left out, and so are states of training, quantised
    weights, and benchmarks that only one of several models has: cutting is slow, and there nothing can be shared.

    Args:
        scores: ``Frames.scores_of`` the runs of the models.
        models: Model ids.
        catalogue: ``Frames.benchmarks``.
    """
    whole = catalogue.index[
        (catalogue["part_of"].astype(object).fillna("") == "") & (catalogue["direction"].fillna("higher") != "lower")
    ]
    own = scores[scores["model"].isin(list(models)) & scores["benchmark"].isin(whole) & _empty(scores["quantisation"])]
    own = own[~own["is_checkpoint"].astype(bool)]
    n_models = own.groupby("benchmark")["model"].transform("nunique")
    own = own[(n_models >= min(2, len(set(models)))).to_numpy(bool)]
    return protocols.group(own, list(dict.fromkeys(own["benchmark"])), catalogue=catalogue).scores


def together(results: pd.DataFrame, first: str) -> pd.DataFrame:
    """How many of the models a benchmark holds at most, measured one way.

    Args:
        results: Result of ``cut``.
        first: Model id.

    Returns:
        Index benchmark: n_models; has_first, whether the first model is among as many.
    """
    having = results.groupby(["benchmark", "identity"])["model"].agg(frozenset)
    rows = pd.DataFrame({"n_models": having.map(len).astype(int), "has_first": having.map(lambda one: first in one)})
    rows["has_first"] = rows["has_first"].astype(bool)
    most = rows.groupby(level=0)["n_models"].transform("max")
    fullest = rows[(rows["n_models"] == most).to_numpy(bool)]
    return fullest.groupby(level=0).agg(n_models=("n_models", "max"), has_first=("has_first", "max"))


def measured_on(scores: pd.DataFrame) -> pd.Series:
    """Benchmark to the number of these models with a score on it, measured in whatever way, most first.

    Args:
        scores: ``Frames.scores_of`` the runs of the models.
    """
    kept = scores[(scores["status"] == "scored") & scores["score"].notna() & scores["model"].notna()]
    counts = kept[["benchmark", "model"]].drop_duplicates()["benchmark"].value_counts()
    return counts.sort_index().sort_values(ascending=False, kind="stable")


class Shared(NamedTuple):
    """What the models share.

    Args:
        grouping: Protocols over the shared results only.
        models: Who shares it; the others lack some of it.
    """

    grouping: protocols.Grouping
    models: frozenset[str]

    @property
    def n_models(self) -> int:
        return len(self.models)


def shared(results: pd.DataFrame, models: Sequence[str], catalogue: pd.DataFrame) -> Shared | None:
    """The benchmarks that as many of the models as possible have, measured one way; None when no two share one.

    Of the sets of models that share something under one evaluator, document and prompt form, one with the first model,
    against which the others are held; of these the largest, and of equally large ones that with most benchmarks. One
    model alone shares with itself.

    Args:
        results: Result of ``cut``.
        models: Model ids.
        catalogue: ``Frames.benchmarks``.

    Returns:
        Its benchmarks in order: the one with most models in the store first.
    """
    if results.empty:
        return None
    fewest = min(2, len(set(models)))
    having = results.groupby("identity")["model"].agg(frozenset)
    fields = results.drop_duplicates("identity").set_index("identity")[[*protocols.FAMILY, "benchmark"]]
    texts = fields[list(protocols.FAMILY)].astype(object)
    families = texts.where(texts.notna(), "").astype(str).agg("\x1f".join, axis=1)
    family = dict(zip(families.index, families.tolist(), strict=True))
    found: dict[tuple[str, frozenset[str]], set[str]] = {}
    for identity, sharing in having.items():
        if len(sharing) >= fewest:
            found.setdefault((family[identity], sharing), set()).add(str(fields.at[identity, "benchmark"]))
    if not found:
        return None
    # What more models share is shared by fewer of them, too.
    reach = {
        (by, sharing): set().union(*(names for (b, other), names in found.items() if b == by and other >= sharing))
        for by, sharing in found
    }
    best = min(reach, key=lambda key: (models[0] not in key[1], -len(key[1]), -len(reach[key]), key[0], sorted(key[1])))
    kept = [identity for identity, sharing in having.items() if family[identity] == best[0] and sharing >= best[1]]
    n_models = catalogue["n_models"]
    names = sorted(reach[best], key=lambda name: (-int(n_models.get(name, 0)), name))
    rows = results[results["identity"].isin(kept)].drop(columns=["identity", "protocol"])
    return Shared(protocols.group(rows, names, catalogue=catalogue), best[1])


def _empty(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype(object) == "")
