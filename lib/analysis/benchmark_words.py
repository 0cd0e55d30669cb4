"""What a benchmark's page says in sentences, computed from the scores that it shows."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from lib import formats
from lib.analysis.saturation import Saturation
from lib.schema.text import Role, Sentence, Span, sentence

NEAR = 0.05
"""Without intervals the smallest model this close to the best is named: a difference of scores, not a verdict."""

Words = Callable[[pd.Series], str]


def takeaway(rows: pd.DataFrame, full: Saturation, label: str, scored: Words, *, is_share: bool) -> list[Sentence]:
    """How many models, which is best, the smallest within reach of it, and whether the top is reached.

    Args:
        rows: One row per model, the best first: model, name, size (NaN unknown), is_small, score, and the columns of
            ``saturation.judge``.
        full: Counts of ``saturation.saturation``.
        label: What people call the benchmark.
        scored: A row's score in words.
        is_share: Scores are shares of questions, so that points between them can be named.
    """
    if rows.empty:
        return [sentence(f"No model in the catalogue has a score on {label} that can be shown.")]
    best = rows.iloc[0]
    n = formats.counted(len(rows), "model")
    told = [
        sentence(
            Span(n, "strong"),
            f" measured one way on {label}. " if len(rows) > 1 else f" measured on {label}. ",
            "The best is " if len(rows) > 1 else "",
            _model(best),
            f", at {scored(best)}.",
        )
    ]
    if len(rows) > 1:
        told.append(_within_reach(rows, best, full, is_share))
    if full.n_judged and full.ceiling is not None:
        told.append(_top(full))
    return [one for one in told if one]


def no_direction(rows: pd.DataFrame, label: str) -> list[Sentence]:
    """The takeaway where neither the catalogue nor the results say which way is better.

    Args:
        rows, label: As for ``takeaway``.
    """
    n = formats.counted(len(rows), "model")
    return [sentence(Span(n, "strong"), f" measured one way on {label}. Nothing says whether more is better here, so no model is called best.")]  # fmt: skip


def how_full(judged: pd.DataFrame, full: Saturation, scored: Words) -> list[Sentence]:
    """The three counts of saturation, a sentence each; one sentence where nothing can be judged."""
    if not full.n_models:
        return []
    if not full.n_judged:
        n = formats.counted(full.n_models, "score")
        return [
            sentence(
                f"None of the {n} here has an interval. " if full.n_models > 1 else "This score has no interval. ",
                "So nothing can be said about who reaches the ceiling, who is as good as the best, or who only guesses.",
            )
        ]
    of = f"Of {formats.counted(full.n_judged, 'model')} with an interval "
    told = []
    if full.ceiling is not None:
        reach = "reaches" if full.n_at_ceiling == 1 else "reach"
        told.append(sentence(of, _count(full.n_at_ceiling), f" {reach} {formats.score(full.ceiling, 0)} with it."))
    best = judged[judged["is_best"].to_numpy(bool)].iloc[0]
    others = full.n_like_best - 1
    who = f"the best, {best['name']} ({scored(best)})"
    if others:
        noun = " other model" if others == 1 else " other models"
        told.append(
            sentence(_count(others), f"{noun} cannot be told from {who}: the interval of the difference contains 0.")
        )
    elif full.n_judged > 1:
        told.append(sentence(f"Every other one is shown to differ from {who}."))
    if full.chance is not None:
        guessing = f"shown to be above guessing ({formats.score(full.chance, 0)})."
        are = " is not " if full.n_like_chance == 1 else " are not "
        some = sentence(_count(full.n_like_chance), are, guessing)
        told.append(some if full.n_like_chance else sentence(f"All are {guessing}"))
    if full.n_judged < full.n_models:
        left = full.n_models - full.n_judged
        told.append(
            sentence(f"{formats.counted(left, 'score')} without an interval {'is' if left == 1 else 'are'} not judged.")
        )
    return told


def at_ceiling_of_sound_questions(n_reaching: int, ceiling: float, source: str) -> Sentence:
    """How many reach the share of questions that somebody found to be without faults."""
    reach = "interval reaches" if n_reaching == 1 else "intervals reach"
    return sentence(
        _count(n_reaching),
        f" {reach} {formats.score(ceiling)}: the share of questions without a known fault, after {source}. "
        "A model beyond it may have learnt wrong answers.",
    )


def empty_cells(n_here: int, n_other: int, n_unusable: int, n_never: int, label: str) -> Sentence:
    """Why the other models of the catalogue have no score here."""
    parts: list[str | Span] = [
        f"{formats.counted(n_here + n_other + n_unusable + n_never, 'model')} in the catalogue: "
    ]
    parts += [
        _count(n_here),
        " with a score here, ",
        _count(n_other),
        f" with scores on {label} under other protocols only, ",
    ]
    if n_unusable:
        parts += [_count(n_unusable), " with results that count nowhere (part of the questions, or no value), "]
    parts += [_count(n_never), " with none on it in this store: never run, or never found."]
    return sentence(*parts)


def _within_reach(rows: pd.DataFrame, best: pd.Series, full: Saturation, is_share: bool) -> Sentence:
    if full.n_judged:
        near = rows[rows["is_like_best"].to_numpy(bool) & rows["size"].notna().to_numpy(bool)]
        words = "The smallest that cannot be told from it is "
        nobody = "No other model here is close enough to be taken for it."
    elif is_share:
        near = rows[
            ((rows["score"] - best["score"]).abs() <= NEAR).to_numpy(bool) & rows["size"].notna().to_numpy(bool)
        ]
        words = f"The smallest within {round(100 * NEAR)} points of it is "
        nobody = f"No other model comes within {round(100 * NEAR)} points of it."
    else:
        return ()
    others = near[near["model"] != best["model"]]
    smaller = others[others["size"] < best["size"]] if formats.known(best["size"]) else others
    if others.empty:
        return sentence(nobody)
    if smaller.empty:
        return sentence("No smaller model comes as close.")
    smallest = smaller.sort_values(["size", "model"], kind="stable").iloc[0]
    return sentence(words, _model(smallest), ".")


def _top(full: Saturation) -> Sentence:
    ceiling = formats.score(full.ceiling, 0)
    if not full.n_at_ceiling:
        return sentence(f"No interval reaches {ceiling}.")
    return sentence(Span(formats.counted(full.n_at_ceiling, "interval"), "strong"), f" {'reaches' if full.n_at_ceiling == 1 else 'reach'} {ceiling}.")  # fmt: skip


def _model(row: pd.Series) -> Span:
    size = f" ({formats.parameters(row['size'])})" if formats.known(row["size"]) else " (size not published)"
    role: Role = "strong" if not formats.known(row["size"]) else "small" if row["is_small"] else "large"
    return Span(f"{row['name']}{size}", role)


def _count(n: int) -> Span:
    return Span(formats.count(n), "strong")
