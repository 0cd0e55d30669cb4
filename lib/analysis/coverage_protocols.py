"""The widest protocol of each of several benchmarks and its measurements, in one pass over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from lib.analysis import measurements, protocols
from lib.analysis.labels import protocol_label
from lib.analysis.protocols import Grouping

KEY = "widest"
_COARSE = (
    "benchmark", "evaluator", "document", "chat_template", "system_instruction", "task", "prompt", "task_version",
    "metric", "filter", "n_shot",
)  # fmt: skip
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
    rows = scores[scores["model"].isin(eligible if eligible is not None else models.index)]
    rows = rows.assign(task=protocols.task_names(rows))
    counts = _coarse_counts(rows)
    highest = counts["benchmark"].map(counts.groupby("benchmark")["n"].max().to_dict()).astype(float)
    promising = counts[counts["n"] >= _PROMISING * highest]
    cut, chosen = _chosen(rows, promising, benchmarks, models, catalogue, include_community)
    # Exact: a group that was passed over must be smaller than what won.
    won = chosen["n_models"].to_dict()
    is_beaten = counts["n"] < counts["benchmark"].map(won).fillna(0)
    if not is_beaten.drop(promising.index).all():
        cut, chosen = _chosen(rows, counts, benchmarks, models, catalogue, include_community)
    if chosen.empty:
        return Widest(measurements.empty(), chosen[["label", "n_models"]])
    one = pd.DataFrame({"identities": [tuple(chosen["identity"])], "benchmarks": [tuple(chosen.index)]}, index=[KEY])
    measured = measurements.measure(
        Grouping(cut.scores, one, {}), KEY, models=models, include_community=include_community
    )
    return Widest(measured.rows, chosen[["label", "n_models"]])


def _coarse_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Different finished models of each combination of ``_COARSE`` fields: code, benchmark, n. No identity has more."""
    if rows.empty:
        return pd.DataFrame({"code": [], "benchmark": [], "n": []})
    code = rows.groupby(list(_COARSE), dropna=False, sort=False, observed=True).ngroup()
    finished = pd.DataFrame({"code": code, "benchmark": rows["benchmark"], "model": rows["model"]})
    finished = finished[~rows["is_checkpoint"].astype(bool) & (rows["status"] == "scored")].drop_duplicates()
    return finished.groupby(["code", "benchmark"], as_index=False, observed=True).size().rename(columns={"size": "n"})


def _chosen(
    rows: pd.DataFrame,
    groups: pd.DataFrame,
    benchmarks: Sequence[str],
    models: pd.DataFrame,
    catalogue: pd.DataFrame,
    include_community: bool,
) -> tuple[Grouping, pd.DataFrame]:
    """The grouping of the rows of these groups, and per benchmark the identity with most models: identity, label, n_models."""
    if len(rows):
        code = rows.groupby(list(_COARSE), dropna=False, sort=False, observed=True).ngroup()
        rows = rows[code.isin(groups["code"]).to_numpy()]
    group = partial(protocols.group, models=models, catalogue=catalogue, include_community=include_community)
    # Asked for all benchmarks at once it cuts all of them, and describes only protocols that cover all.
    cut = group(rows, benchmarks)
    finished = cut.scores[~cut.scores["is_checkpoint"].astype(bool)]
    pairs = finished[["benchmark", "identity", "model"]].drop_duplicates()
    sizes = pairs.groupby(["benchmark", "identity"], observed=True).size()
    labels = {str(name): str(label) for name, label in catalogue["label"].dropna().items()}
    found = []
    for benchmark in benchmarks:
        own = sizes.loc[[benchmark]].droplevel(0) if benchmark in sizes.index.get_level_values(0) else sizes[:0]
        if own.empty:
            continue
        best = [int(identity) for identity in own.index[own == own.max()]]
        rows_of = cut.scores[cut.scores["identity"].isin(best)]
        if len(best) > 1:
            # Of equally wide ones the page of the benchmark shows the same one.
            alone = group(rows_of.drop(columns=["identity", "protocol"]), [benchmark])
            (won,) = alone.protocols["identities"].iloc[0]
            there = alone.scores[alone.scores["identity"] == won][list(_RESULT)].drop_duplicates()
            best = [int(rows_of.merge(there)["identity"].iloc[0])]
            rows_of = rows_of[rows_of["identity"] == best[0]]
        found.append((benchmark, best[0], _label(rows_of, labels), int(own.max())))
    frame = pd.DataFrame(found, columns=["benchmark", "identity", "label", "n_models"]).set_index("benchmark")
    return cut, frame


def _label(rows: pd.DataFrame, labels: dict[str, str]) -> str:
    """The protocol in the words that every page uses."""
    first: dict[str, Any] = {str(name): value for name, value in rows.iloc[0].items()}
    version, digest = (("" if pd.isna(first[name]) else str(first[name])) for name in ("task_version", "task_hash"))
    versions = rows["evaluator_version"]
    first["task_identity"] = version or (f"#{digest}" if digest else "")
    first["evaluator_version"] = versions.iloc[0] if versions.nunique() == 1 else None
    return protocol_label([first], labels)
