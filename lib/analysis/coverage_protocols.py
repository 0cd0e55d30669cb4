"""The widest protocol of each of several benchmarks and its measurements, in one pass over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib.analysis import measurements, protocols
from lib.analysis.labels import protocol_label
from lib.analysis.protocol_identities import coarse_codes
from lib.analysis.protocols import Grouping

KEY = "widest"
_RESULT = ("run_id", "task", "prompt", "filter", "metric")
_PROMISING = 0.75


class Widest(NamedTuple):
    """What each benchmark shows.

    Args:
        rows: One row per model and benchmark, as ``measurements.Measured.rows``.
        protocols: One row per benchmark that has a protocol with a model, index ``benchmark``, in the order asked for:
            label (in words, plain text) and n_models (different finished models).
    """

    rows: pd.DataFrame
    protocols: pd.DataFrame


def widest_of_each(
    scores: pd.DataFrame,
    benchmarks: Sequence[str],
    *,
    models: pd.DataFrame,
    catalogue: pd.DataFrame,
    include_community: bool = False,
) -> Widest:
    """What ``protocols.widest`` would choose for each benchmark alone, measured.

    Args:
        scores: ``Frames.scores(benchmarks)``.
        models: ``Frames.models``.
        catalogue: ``Frames.benchmarks``, for default metrics and labels.
    """
    eligible = protocols.eligible_models(models, include_community)
    is_kept = protocols.among(scores["model"], eligible if eligible is not None else models.index)
    code = coarse_codes(scores)
    counts = _coarse_counts(scores, code, is_kept)
    highest = counts.groupby("benchmark")["n"].transform("max")
    is_promising = (counts["n"] >= _PROMISING * highest).to_numpy(bool)
    choose = partial(_chosen, models=models, catalogue=catalogue, include_community=include_community)
    cut, chosen = choose(scores[is_kept & np.isin(code, counts.index[is_promising])], benchmarks)
    # Exact: a group that was passed over must be smaller than what won.
    won = counts["benchmark"].map(chosen["n_models"].to_dict()).fillna(0)
    if (counts["n"] >= won)[~is_promising].any():
        cut, chosen = choose(scores[is_kept], benchmarks)
    if chosen.empty:
        return Widest(measurements.empty(), chosen[["label", "n_models"]])
    one = pd.DataFrame({"identities": [tuple(chosen["identity"])], "benchmarks": [tuple(chosen.index)]}, index=[KEY])
    measured = measurements.measure(
        Grouping(cut.scores, one, {}), KEY, models=models, include_community=include_community
    )
    return Widest(measured.rows, chosen[["label", "n_models"]])


def _coarse_counts(scores: pd.DataFrame, code: np.ndarray, is_kept: np.ndarray) -> pd.DataFrame:
    """Different finished models of each code among the rows that are kept: index code, benchmark, n.

    No identity with this code has more models.
    """
    is_finished = is_kept & ~scores["is_checkpoint"].to_numpy(bool) & (scores["status"] == "scored").to_numpy(bool)
    model = pd.factorize(scores["model"])[0][is_finished]
    n_models = int(model.max(initial=-1)) + 1
    codes, n = np.unique(np.unique(code[is_finished] * n_models + model) // max(n_models, 1), return_counts=True)
    first = np.unique(code, return_index=True)[1]
    return pd.DataFrame({"benchmark": scores["benchmark"].iloc[first[codes]].to_numpy(), "n": n}, index=codes)


def _chosen(
    rows: pd.DataFrame,
    benchmarks: Sequence[str],
    *,
    models: pd.DataFrame,
    catalogue: pd.DataFrame,
    include_community: bool,
) -> tuple[Grouping, pd.DataFrame]:
    """The grouping of these rows, and per benchmark the identity with most models: identity, label, n_models."""
    group = partial(protocols.group, models=models, catalogue=catalogue, include_community=include_community)
    # Asked for all benchmarks at once it cuts all of them, and describes only protocols that cover all.
    cut = group(rows, benchmarks)
    identity = cut.scores["identity"].to_numpy()
    pairs = cut.scores.loc[~cut.scores["is_checkpoint"].to_numpy(bool), ["benchmark", "identity", "model"]]
    sizes = pairs.drop_duplicates().groupby("identity").agg(benchmark=("benchmark", "first"), n=("model", "size"))
    labels = {str(name): str(label) for name, label in catalogue["label"].dropna().items()}
    found = []
    for benchmark in benchmarks:
        own = sizes["n"][(sizes["benchmark"] == benchmark).to_numpy(bool)]
        if own.empty:
            continue
        best = own.index[own == own.max()].to_numpy(int)
        won = int(best[0])
        if len(best) > 1:
            # Of equally wide ones the page of the benchmark shows the same one.
            rows_of = cut.scores[np.isin(identity, best)]
            alone = group(rows_of.drop(columns=["identity", "protocol"]), [benchmark])
            (of_page,) = alone.protocols["identities"].iloc[0]
            there = alone.scores[alone.scores["identity"] == of_page][list(_RESULT)].drop_duplicates()
            won = int(rows_of.merge(there)["identity"].iloc[0])
        found.append((benchmark, won, _label(cut.scores, np.flatnonzero(identity == won), labels), int(own.max())))
    frame = pd.DataFrame(found, columns=["benchmark", "identity", "label", "n_models"]).set_index("benchmark")
    return cut, frame


def _label(scores: pd.DataFrame, at: np.ndarray, labels: dict[str, str]) -> str:
    """The protocol of the rows at these positions, in the words that every page uses."""
    first: dict[str, Any] = {str(name): value for name, value in scores.iloc[at[0]].items()}
    version, digest = (("" if pd.isna(first[name]) else str(first[name])) for name in ("task_version", "task_hash"))
    versions = scores["evaluator_version"].iloc[at]
    first["task_identity"] = version or (f"#{digest}" if digest else "")
    first["evaluator_version"] = versions.iloc[0] if versions.nunique() == 1 else None
    return protocol_label([first], labels)
