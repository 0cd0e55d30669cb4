"""The sentence under each heading, computed from what is shown. It claims what the data carry, and says when they do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.findings import tokens_then_and_now
from lib.analysis.plane import Plane
from lib.analysis.records import Records
from lib.analysis.sizes import Removed
from lib.schema.text import Role, Sentence, Span, sentence


def overview(records: Records, benchmark: str, published: Records | None = None) -> Sentence:
    """How small one can go on a benchmark: the target with the largest fall from its first to its last record.

    Args:
        records: Records under one protocol.
        benchmark: Name of the benchmark, as people call it.
        published: Records of the view "as published", for a last sentence without a factor.
    """
    steps = records.steps
    parts: list[str | Span] = []
    if steps.empty:
        parts += _no_record(records, benchmark)
    else:
        line = _largest_fall(steps)
        first, last = line.iloc[0], line.iloc[-1]
        parts += _one_record(last, benchmark) if len(line) == 1 else _fall(first, last, benchmark)
        parts.append(_doubt(last))
    if published is not None and not published.steps.empty:
        line = _largest_fall(published.steps)
        first, last = line.iloc[0], line.iloc[-1]
        if len(line) > 1:
            parts.append(
                f" As published, where evaluators differ, {formats.score(last['target'], 0)} went from "
                f"{formats.parameters_in_words(first['size'])} to {formats.parameters_in_words(last['size'])}."
            )
    return sentence(*parts)


def _largest_fall(steps: pd.DataFrame) -> pd.DataFrame:
    """Steps of the target whose size fell most; of equal falls the higher target."""
    fall = steps.groupby("target")["size"].agg(lambda sizes: sizes.max() / sizes.min())
    target = fall[fall == fall.max()].index.max()
    return steps[steps["target"] == target].sort_values("released_on", kind="stable")


def _no_record(records: Records, benchmark: str) -> list[str | Span]:
    if not records.n_models:
        return [f"No model with a stated size and a release date has been measured on {benchmark} yet."]
    models = formats.counted(records.n_models, "model")
    return [f"{models[0].upper()}{models[1:]} measured on {benchmark}, and no target reached yet."]


def _one_record(step: pd.Series, benchmark: str) -> list[str | Span]:
    return [
        f"Measured one way, the smallest model known to reach {formats.score(step['target'], 0)} of {benchmark} is ",
        Span(f"{step['name']} ({formats.parameters(step['size'])})", "strong"),
        f", released in {formats.month(step['released_on'])}.",
    ]


def _fall(first: pd.Series, last: pd.Series, benchmark: str) -> list[str | Span]:
    months = formats.months_between(first["released_on"], last["released_on"])
    times = f"about {formats.times(first['size'] / last['size'])}"
    return [
        f"Measured one way, {formats.score(last['target'], 0)} of {benchmark} took ",
        Span(formats.parameters_in_words(first["size"]), "large"),
        f" parameters in {formats.month(first['released_on'])} and ",
        Span(formats.parameters_in_words(last["size"]), "small"),
        f" by {formats.month(last['released_on'])}: ",
        Span(f"{times} smaller in {formats.counted(months, 'month')}" if months else f"{times} smaller", "strong"),
        ".",
    ]


def _doubt(last: pd.Series) -> str:
    if last["is_filled"]:
        return ""
    if pd.isna(last["ci_low"]):
        return " These scores came without intervals."
    return f" The interval of {last['name']} reaches below {formats.score(last['target'], 0)}, so it may be luck."


def parameters_and_tokens(shown: Plane) -> Sentence:
    """Who trained how much, and how many of those shown lie outside the compute-optimal range."""
    points = shown.points
    if points.empty:
        n = len(shown.left_out)
        tail = f": {formats.counted(n, 'model')} left out, with the reason below" if n else ""
        return sentence(f"No model here states both its size and its training tokens{tail}.")
    if len(points) == 1:
        return _one_point(points.iloc[0])
    parts: list[str | Span] = []
    # The points carry everything that the finding needs, but under other names.
    finding = tokens_then_and_now(_as_models(points))
    if finding.is_found:
        parts += [*finding.sentence, " "]
    judged = points[points["ratio_low"].notna()]
    over, under = int((judged["ratio_low"] > 1).sum()), int((judged["ratio_high"] < 1).sum())
    if judged.empty:
        ratio = points["tokens_per_parameter"]
        parts.append(
            f"{formats.counted(len(points), 'model')}, from {formats.plain(ratio.min())} to "
            f"{formats.plain(ratio.max())} training tokens per parameter; for none of them can it be said whether that "
            "was compute-optimal."
        )
    else:
        parts += [
            f"Of {formats.counted(len(judged), 'model')} that can be judged, ",
            Span(f"{formats.count(over)} went past the compute-optimal range", "strong"),
            f", {formats.count(under)} stopped short of it and {formats.count(len(judged) - over - under)} lie within.",
        ]
    return sentence(*parts)


def _as_models(points: pd.DataFrame) -> pd.DataFrame:
    models = points.set_index("model")
    return models.assign(
        params_total=models["size"],
        params_active=models["training_flop"] / (6 * models["training_tokens"]),
        tokens_inherited=models["training_tokens"].where(models["is_inherited"]),
        training_tokens=models["training_tokens"].where(~models["is_inherited"]),
        is_size_from_memory=False,
        is_tokens_from_memory=False,
        architecture="",
        finetuned_from=None,
    )


def _one_point(point: pd.Series) -> Sentence:
    return sentence(
        Span(f"{point['name']} ({formats.parameters(point['size'])})", "strong"),
        f" was trained on {formats.tokens_in_words(point['training_tokens'])} tokens"
        + (" (those of the model it was made from)" if point["is_inherited"] else "")
        + ", ",
        Span(f"{formats.plain(point['tokens_per_parameter'])} per parameter", "strong"),
        f": {point['ratio_text']}." if point["ratio_text"] else ".",
    )


def models(
    table: pd.DataFrame, label: str, threshold: float, by: str = "total", removed: Sequence[Removed] = ()
) -> Sentence:
    """How many models are shown, and the best-scoring small one beside the best-scoring large one.

    Args:
        table: Result of ``models_table``.
        label: What the scores are: benchmark or panel, in words.
        threshold: The reader's bound of small.
        by: total or active.
        removed: What the filters took.
    """
    if table.empty:
        n = sum(one.n_removed for one in removed)
        return sentence(
            f"No model passes these filters; they removed {formats.count(n)}."
            if n
            else "The store holds no models yet."
        )
    kind = "active parameters" if by == "active" else "parameters"
    is_small, is_known = table["is_small"].to_numpy(bool), table["size"].notna().to_numpy(bool)
    n_small, n_unknown = int(is_small.sum()), int((~is_known).sum())
    parts: list[str | Span] = [
        f"{formats.counted(len(table), 'model')}, ",
        Span(f"{formats.count(n_small)} small", "small"),
        f" (at most {formats.parameters_in_words(threshold)} {kind})",
        f", {formats.count(n_unknown)} of undisclosed size. " if n_unknown else ". ",
    ]
    best = {"small": _best(table, is_small), "large": _best(table, is_known & ~is_small)}
    small, large = best["small"], best["large"]
    if small is None and large is None:
        parts.append(f"None of them has a score on {label} yet.")
    for side, row in best.items():
        if row is not None:
            begin = (
                f"On {label} the best {side} one scored " if side == "small" or small is None else "the best large one "
            )
            end = "." if side == "large" or large is None else "; "
            role: Role = "small" if side == "small" else "large"
            parts += [begin, Span(_scored(row), role), f" ({row['name']}, {formats.parameters(row['size'])}){end}"]
    return sentence(*parts)


def _best(table: pd.DataFrame, among: np.ndarray) -> pd.Series | None:
    """The row with the highest score among some; of equal ones the smallest, then by id."""
    scores = np.where(among, table["score"].to_numpy(float), np.nan)
    if np.isnan(scores).all():
        return None
    equal = table[scores == np.nanmax(scores)]
    return equal.sort_values(["size", "model"], kind="stable").iloc[0]


def _scored(row: pd.Series) -> str:
    return formats.interval(row["score"], row["ci_low"], row["ci_high"])
