"""Protocols: the sets of scores inside which everything is comparable, or comparable with a named caution.

``group`` cuts a frame of results by exact equality of the identity fields of ``comparability.compare``; what is
unknown is equal to unknown only, except the number of questions, whose absence joins the widest otherwise equal set.
A page shows one protocol at a time: ``widest``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis.comparability import CAUTION_FIELDS, UNKNOWN_IS_CAUTION, Comparison, compare
from lib.analysis.labels import protocol_label
from lib.analysis.protocol_identities import FAMILY, IDENTITY, codes_of, combined_codes, filled, identified, n_values

__all__ = [
    "FAMILY",
    "Comparison",
    "Grouping",
    "among",
    "compare",
    "eligible_models",
    "group",
    "identities_per_benchmark",
    "membership",
    "widest",
]

VARYING = (
    "backend",
    "seeds",
    "harness_commit",
    "evaluator_version",
    "start_token",
    "is_multiturn",
    "dtype",
    "quantisation",
)

UNSTATED, FOR_SOME = "not stated", " for some"

PROTOCOL_COLUMNS = (
    "label", "evaluator", "document", "chat_template", "system_instruction", "benchmarks", "metrics", "n_shot",
    "n_models", "n_scores", "cautions", "identities",
)  # fmt: skip


class Grouping(NamedTuple):
    """Scores cut into protocols.

    Args:
        scores: The rows that belong to a protocol, with two columns more: ``identity`` (whole number; rows with the
            same one are of one benchmark and comparable) and ``protocol`` (key of the widest protocol it is part of,
            '' if none).
        protocols: One row per protocol, index ``key`` (8 hexadecimal digits, the same for the same identity fields in
            every store), widest first: label in words, evaluator, document, chat_template, system_instruction,
            benchmarks (tuple), metrics (tuple, same order), n_shot (number, NaN when mixed or unknown), n_models
            (models with a complete row), n_scores, cautions (tuple of sentences without a full stop), identities
            (tuple, same order as benchmarks).
        excluded: Rows left out by reason: reason -> number of rows.
    """

    scores: pd.DataFrame
    protocols: pd.DataFrame
    excluded: dict[str, int]


def group(
    scores: pd.DataFrame,
    benchmarks: Sequence[str],
    *,
    models: pd.DataFrame | None = None,
    catalogue: pd.DataFrame | None = None,
    include_community: bool = False,
) -> Grouping:
    """Cut results into protocols that cover all the benchmarks.

    Args:
        scores: ``Frames.scores(benchmarks)``.
        benchmarks: The set; with one, every identity is a protocol. With several, a protocol is an evaluator, document
            and prompt form, with one identity per benchmark: the default metric where there is one, then the identity
            with most models; once over all shots, and once for each number of shots that all benchmarks share.
        models: ``Frames.models``; with it, only models that may be shown are counted (see ``include_community``).
        catalogue: ``Frames.benchmarks``, for default metrics and labels.
        include_community: Count community models too.
    """
    kept, excluded = identified(scores[scores["benchmark"].isin(list(benchmarks))])
    if kept.empty:
        nothing = kept.drop(columns=["task_identity", "task_name"])
        return Grouping(nothing.assign(identity=np.empty(0, int), protocol=""), _no_protocols(), excluded)
    identities = _identities(kept, catalogue)
    pairs = _pairs(kept, eligible_models(models, include_community))
    identities["n_models"] = pairs["identity"].value_counts().reindex(identities.index, fill_value=0)
    choices = _choices(identities, list(dict.fromkeys(benchmarks)))
    protocols = _describe(choices, identities, pairs, kept, catalogue)
    widest_of = {i: key for key, row in reversed(list(protocols["identities"].items())) for i in row}
    kept["protocol"] = np.array([widest_of.get(i, "") for i in kept["identity"]], dtype=object)
    return Grouping(kept.drop(columns=["task_identity", "task_name"]), protocols, excluded)


def identities_per_benchmark(scores: pd.DataFrame, models: pd.DataFrame) -> pd.Series:
    """How many protocols with a model to show each benchmark has by itself: benchmark -> number.

    Args:
        scores: ``Frames.scores``.
        models: ``Frames.models``; community models are not counted.
    """
    kept, _ = identified(scores)
    shown = kept[kept["identity"].isin(_pairs(kept, eligible_models(models))["identity"])]
    return shown.drop_duplicates("identity")["benchmark"].value_counts()


def eligible_models(models: pd.DataFrame | None, include_community: bool = False) -> pd.Index | None:
    """Models that may be shown: all but community ones unless asked for. None (no frame) means every model."""
    if models is None:
        return None
    return models.index if include_community else models.index[(models["origin"] != "community").to_numpy(bool)]


def among(models: pd.Series, eligible: pd.Index) -> np.ndarray:
    """Which of the models are among the eligible ones, shape (rows,); a missing one is not.

    Pandas' own ``isin`` turns every one of the eligible into a scalar of Arrow first, which takes longer than the rest.
    """
    codes, names = pd.factorize(models)
    known = set(eligible.tolist())
    return np.array([*(name in known for name in names.tolist()), False])[codes]


def membership(grouping: Grouping, key: str) -> pd.Index:
    """Models with a complete row in a protocol, finished models only, sorted; community models included."""
    chosen: tuple[int, ...] = tuple(grouping.protocols["identities"].loc[key])
    rows = grouping.scores[grouping.scores["identity"].isin(chosen)]
    pairs = _pairs(rows, None)
    counts = pairs["model"].value_counts()
    return pd.Index(np.array(sorted(counts.index[counts == len(chosen)]), dtype=object), name="model")


def widest(grouping: Grouping, reference_model: str | None = None) -> str | None:
    """Key of the protocol with most complete models; once a reference is chosen, of those that contain it.

    None when there is no protocol, or none contains the reference.
    """
    own: set[int] | None = None
    if reference_model is not None:
        is_own = (grouping.scores["model"] == reference_model).to_numpy(bool)
        own = set(_pairs(grouping.scores[is_own], None)["identity"])
    known = grouping.protocols
    for key, n, identities in zip(known.index, known["n_models"], known["identities"], strict=True):
        if n and (own is None or own.issuperset(identities)):
            return str(key)
    return None


def _identities(scores: pd.DataFrame, catalogue: pd.DataFrame | None) -> pd.DataFrame:
    """One row per identity: its fields, a key of its own, whether its metric is the benchmark's default."""
    identity = scores["identity"].to_numpy()
    order = np.argsort(scores["n_samples"].to_numpy(float, na_value=np.nan), kind="stable")
    numbers, first = np.unique(identity[order], return_index=True)
    identities = scores[[*IDENTITY]].iloc[order[first]].set_axis(pd.Index(numbers, name="identity"))
    # Only for the label: who ran it, when a whole document names one harness.
    versions = codes_of(scores["evaluator_version"])
    some = np.full(len(numbers), -1)
    some[identity[versions > 0]] = np.flatnonzero(versions > 0)
    some[n_values(versions, identity) != 1] = -1
    identities["evaluator_version"] = scores["evaluator_version"].array.take(some, allow_fill=True)
    texts = (filled(identities[field]) for field in IDENTITY)
    joined = map("\x1f".join, zip(*texts, strict=True))
    identities["digest"] = [hashlib.sha256(t.encode()).hexdigest() for t in joined]
    default = {} if catalogue is None else catalogue["default_metric"].dropna().to_dict()
    identities["is_default"] = [
        str(m) == str(default.get(b)) for b, m in zip(identities["benchmark"], identities["metric"], strict=True)
    ]
    return identities


def _pairs(scores: pd.DataFrame, eligible: pd.Index | None) -> pd.DataFrame:
    """Distinct (identity, model) of finished, resolved models that may be counted."""
    counted = scores["model"].notna() & ~scores["is_checkpoint"].astype(bool)
    if eligible is not None:
        counted &= among(scores["model"], eligible)
    return scores.loc[counted, ["identity", "model"]].drop_duplicates()


def _choices(identities: pd.DataFrame, benchmarks: list[str]) -> list[tuple[int, ...]]:
    """Identities that make a protocol, one per benchmark in the order given; each choice once."""
    if len(benchmarks) == 1:
        return [(int(i),) for i in identities.index]
    ranked = identities[identities["n_models"] > 0].sort_values(
        ["is_default", "n_models", "digest"], ascending=[False, False, True], kind="stable"
    )
    ranked = ranked.reset_index().assign(
        family=combined_codes(ranked, FAMILY),
        position=ranked["benchmark"].map({b: i for i, b in enumerate(benchmarks)}).to_numpy(),
    )
    over_all = _complete(ranked, ["family"], len(benchmarks))
    per_shots = _complete(ranked[ranked["n_shot"].notna()], ["family", "n_shot"], len(benchmarks))
    return list(dict.fromkeys([*over_all, *per_shots]))


def _complete(ranked: pd.DataFrame, by: list[str], n: int) -> list[tuple[int, ...]]:
    """The best identity of each benchmark within each group that has all of them."""
    best = ranked.drop_duplicates([*by, "position"]).sort_values([*by, "position"], kind="stable")
    n_found = best.groupby(by)["position"].transform("size")
    chosen = best.loc[(n_found == n).to_numpy(bool), "identity"].to_numpy(int)
    return [tuple(int(i) for i in row) for row in chosen.reshape(-1, n)]


def _describe(
    choices: list[tuple[int, ...]],
    identities: pd.DataFrame,
    pairs: pd.DataFrame,
    scores: pd.DataFrame,
    catalogue: pd.DataFrame | None,
) -> pd.DataFrame:
    labels: dict[str, str] = (
        {} if catalogue is None else {str(k): str(v) for k, v in catalogue["label"].dropna().items()}
    )
    facts = dict(zip(identities.index, identities.to_dict("records"), strict=True))
    having: dict[int, set[str]] = {i: set() for i in facts}
    for i, model in zip(pairs["identity"], pairs["model"], strict=True):
        having[i].add(model)
    n_rows = scores["identity"].value_counts().to_dict()
    cautions = _cautions(scores, identities)
    rows, keys, is_default = [], [], []
    for choice in choices:
        parts = [facts[i] for i in choice]
        shots = {part["n_shot"] for part in parts}
        rows.append(
            (
                protocol_label(parts, labels),
                *(parts[0][field] for field in FAMILY),
                tuple(part["benchmark"] for part in parts),
                tuple(part["metric"] for part in parts),
                float(shots.pop()) if len(shots) == 1 else float("nan"),
                len(set.intersection(*(having[i] for i in choice))),
                sum(n_rows[i] for i in choice),
                _once([cautions[i] for i in choice]),
                choice,
            )
        )
        keys.append(hashlib.sha256("".join(part["digest"] for part in parts).encode()).hexdigest()[:8])
        is_default.append(sum(part["is_default"] for part in parts))
    if not rows:
        return _no_protocols()
    frame = pd.DataFrame(rows, columns=[*PROTOCOL_COLUMNS], index=pd.Index(keys, name="key", dtype=object))
    return frame.iloc[np.lexsort((np.array(keys), -np.array(is_default), -frame["n_models"].to_numpy()))]


def _cautions(scores: pd.DataFrame, identities: pd.DataFrame) -> dict[int, tuple[str, ...]]:
    """What inside each identity is unknown or varies, in words."""
    result: dict[int, list[str]] = {int(i): [] for i in identities.index}
    identity = scores["identity"].to_numpy()
    n_rows, n_known = np.bincount(identity), np.bincount(identity, scores["n_samples"].notna())
    for field, words in UNKNOWN_IS_CAUTION.items():
        column = identities[field]
        unknown = filled(column).to_numpy() == ""
        if field == "n_samples":
            unknown = n_known < n_rows
        for i in np.flatnonzero(unknown):
            result[int(i)].append(f"{words} {UNSTATED}" + (FOR_SOME if n_known[i] and field == "n_samples" else ""))
    for i in np.flatnonzero(identities["task_identity"].to_numpy() == ""):
        result[int(i)].append(f"task version {UNSTATED}")
    for field in VARYING:
        for i in np.flatnonzero(n_values(codes_of(scores[field]), identity) > 1):
            result[int(i)].append(f"{CAUTION_FIELDS[field]} differs")
    return {i: tuple(words) for i, words in result.items()}


def _once(cautions: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Cautions of the parts of one protocol, each field once: what holds for some parts or rows only says so."""
    n_parts = Counter(one for part in cautions for one in part)
    told: dict[str, str] = {}
    for one in n_parts:
        stem = one.removesuffix(FOR_SOME)
        is_of_all = n_parts[one] == len(cautions) or not one.endswith((UNSTATED, FOR_SOME))
        told[stem] = one if is_of_all else stem + FOR_SOME
    return tuple(told.values())


def _no_protocols() -> pd.DataFrame:
    return pd.DataFrame(columns=[*PROTOCOL_COLUMNS], index=pd.Index([], name="key", dtype=object)).astype(
        {"n_models": int, "n_scores": int, "n_shot": float}
    )
