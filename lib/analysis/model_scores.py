"""Every score of one model, one row per benchmark and protocol: beside each other, and never added up."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from lib.analysis import measurements, protocols
from lib.analysis.directions import higher_is_better
from lib.analysis.labels import evaluator_label, protocol_label

COLUMNS = (
    "benchmark", "benchmark_label", "part_of", "label", "score", "stderr", "ci_low", "ci_high", "ci_method",
    "score_published", "stderr_published", "n_samples", "n_correct", "n_shot", "metric", "filter", "task",
    "evaluator", "evaluator_words", "document", "evaluated_on", "flags", "is_share", "is_approximate", "also_in",
    "disagreement", "run", "run_id", "identity",
)  # fmt: skip
_OF_RESULT = (
    "score_published", "stderr_published", "filter", "task", "document", "prompt", "task_version", "task_hash",
    "chat_template", "evaluator_version", "is_share",
)  # fmt: skip
_ALL = "all"


class ModelScores(NamedTuple):
    """The scores of one model.

    Args:
        rows: One row per benchmark and protocol, ``COLUMNS``: scores as fractions where ``is_share``, else in the unit
            of the metric; ``label`` the protocol in words
            without benchmark and evaluator; ``also_in`` counts further results of
            the same measurement and ``disagreement`` is the largest difference to them (NaN without any). Benchmarks
            with many models first, then by benchmark, evaluator and protocol.
        results: The results behind them, one row each, in the columns of ``Frames.scores`` with ``identity`` (whole
            number, equal for those of one protocol) and ``is_share``.
        excluded: Results left out, by reason: reason -> number of results.
    """

    rows: pd.DataFrame
    results: pd.DataFrame
    excluded: dict[str, int]


def is_share(scores: pd.DataFrame) -> np.ndarray:
    """Whether each score is a share, to be shown in percent: high is not bad, and it lies between 0 and 1."""
    is_lower = ~higher_is_better(scores).fillna(True).to_numpy(bool)
    score = scores["score"].to_numpy(float, na_value=np.nan)
    return np.asarray(~is_lower & (score >= 0) & (score <= 1), dtype=bool)


def model_scores(scores: pd.DataFrame, catalogue: pd.DataFrame, models: pd.DataFrame) -> ModelScores:
    """The scores of one model, each protocol by itself.

    Args:
        scores: ``Frames.scores_of`` of its finished runs; checkpoints are left out and counted.
        catalogue: ``Frames.benchmarks``.
        models: ``Frames.models``.
    """
    cut = protocols.group(scores, list(dict.fromkeys(scores["benchmark"])), catalogue=catalogue)
    results = cut.scores.assign(is_share=is_share(cut.scores))
    measured = each(results, results["identity"], models)
    n_of = measured.excluded
    rows = measured.rows
    if rows.empty:
        return ModelScores(pd.DataFrame(columns=list(COLUMNS)), results, {**cut.excluded, **n_of})
    rows = rows.assign(identity=rows["benchmark"].astype(int)).drop(columns="benchmark")
    behind = results[["identity", "run_id", "benchmark", *_OF_RESULT]].drop_duplicates(["identity", "run_id"])
    rows = rows.merge(behind, on=["identity", "run_id"], how="left", validate="1:1")
    labels = {str(k): str(v) for k, v in catalogue["label"].dropna().items()}
    rows["benchmark_label"] = [labels.get(str(name), str(name)) for name in rows["benchmark"]]
    rows["part_of"] = rows["benchmark"].map(catalogue["part_of"]).fillna("").astype(str)
    identified = rows.assign(task_identity=_task_identity(rows)).to_dict("records")
    told = cast("list[dict[str, Any]]", identified)
    rows["evaluator_words"] = [evaluator_label(one) for one in told]
    rows["label"] = [
        protocol_label([one], labels).removeprefix(f"{name}, ").removesuffix(f" · {who}")
        for one, name, who in zip(told, rows["benchmark_label"], rows["evaluator_words"], strict=True)
    ]
    n_models = rows["benchmark"].map(catalogue["n_models"]).fillna(0)
    rows = rows.assign(_n=-n_models.to_numpy(float)).sort_values(
        ["_n", "benchmark", "evaluator_words", "label", "run"], kind="stable"
    )
    return ModelScores(rows[list(COLUMNS)].reset_index(drop=True), results, {**cut.excluded, **n_of})


def each(scores: pd.DataFrame, place: pd.Series, models: pd.DataFrame) -> measurements.Measured:
    """One measurement for each place, by the rules of ``measurements.measure``.

    Args:
        scores: Rows of ``Frames.scores``, of one model.
        place: What a measurement is taken for, in the index of ``scores``; it stands in ``benchmark`` of the result,
            as text. Rows of one place are results of the same thing.
        models: ``Frames.models``: quantised weights are left out and counted unless the model is such a variant.
    """
    table = pd.DataFrame({"identities": [(0,)], "benchmarks": [()]}, index=[_ALL])
    # What differs from most others of a protocol is said of many models together; there are no others here.
    alike: dict[str, Any] = {name: np.nan for name in protocols.VARYING if name != "quantisation"}
    whole = protocols.Grouping(scores.assign(benchmark=place.astype(str), identity=0, **alike), table, {})
    return measurements.measure(whole, _ALL, models=models, include_community=True)


def _task_identity(rows: pd.DataFrame) -> pd.Series:
    """Version where it is stated, else the hash of the task with a mark before it, as in ``protocols``."""
    version, digest = (
        rows[c].astype(object).where(rows[c].notna(), "").astype(str) for c in ("task_version", "task_hash")
    )
    return version.where(version != "", ("#" + digest).where(digest != "", ""))
