"""Heading and takeaway of the page that compares a few models: what is shown, and as plainly what is not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from lib import formats
from lib.analysis.side_by_side import BETTER, NO_DIRECTION, NO_INTERVAL, NOT_SHOWN, WORSE
from lib.schema.text import Sentence, Span, sentence

FEW = 3
KINDS = {
    "base": "base, not tuned to follow instructions",
    "chat": "chat or instruct",
    "reasoning": "reasoning",
    "code": "code",
}
"""Kinds of models whose word in the catalogue says too little."""
NAME_LENGTH = 28
_LAST_WORD = re.compile(r"[\s\-_](\S{1,12})$")


def short(name: object, limit: int = NAME_LENGTH) -> str:
    """A model's name cut for a heading or a sentence; its last word stays, because that is often its size."""
    whole = formats.one_line(name, 400)
    if len(whole) <= limit:
        return whole
    last = _LAST_WORD.search(whole)
    if last is None:
        return formats.one_line(whole, limit)
    return f"{formats.one_line(whole, limit - len(last[1]) - 1)} {last[1]}"


def question(names: Sequence[str]) -> str:
    """The heading: it names the models while they are few."""
    if not names:
        return "How do a few models compare, side by side?"
    if len(names) == 1:
        return f"How does {short(names[0], 40)} compare?"
    if len(names) > FEW:
        return f"How do these {len(names)} models compare?"
    cut = [short(name) for name in names]
    return f"How do {', '.join(cut[:-1])} and {cut[-1]} compare?"


def bases(names: Sequence[str]) -> str:
    """What it means that these of the models are base models; '' for none."""
    if not names:
        return ""
    cut = [short(name) for name in names]
    who = cut[0] if len(cut) == 1 else f"{', '.join(cut[:-1])} and {cut[-1]}"
    return (
        f"{who} is a base model: not tuned to follow instructions."
        if len(cut) == 1
        else f"{who} are base models: not tuned to follow instructions."
    )


def takeaway(differences: pd.DataFrame, reference: str, names: Mapping[str, str], n_benchmarks: int) -> Sentence:
    """What is shown of each model against the reference; of more than four models the first two, and a count.

    Args:
        differences: Result of ``side_by_side.differences``.
        reference: Model id.
        names: Model id to name.
        n_benchmarks: Benchmarks shown.
    """
    others = list(dict.fromkeys(differences["model"]))
    if not n_benchmarks:
        return sentence("None of these models has a score on these benchmarks.")
    if not others:
        return sentence(f"{short(names[reference])} stands alone: choose another model to see what is shown to differ.")
    parts: list[str | Span] = []
    n_told = FEW if len(others) <= FEW else FEW - 1
    for model in others[:n_told]:
        own = differences[differences["model"] == model]
        parts += _against(own, short(names[model]), short(names[reference]), n_benchmarks)
    if rest := others[n_told:]:
        words = differences[differences["model"].isin(rest)]["verdict"]
        n_tested = int(words.isin((BETTER, WORSE, NO_DIRECTION, NOT_SHOWN)).sum())
        n_better, n_worse, n_odd = (int((words == one).sum()) for one in (BETTER, WORSE, NO_DIRECTION))
        odd = f", and {formats.count(n_odd)} to differ where nobody says which way is better" if n_odd else ""
        parts.append(
            f"Of the {n_tested} comparisons of {_others(len(rest))} with {short(names[reference])}, {n_better} are shown "
            f"better and {n_worse} worse{odd}."
            if n_tested
            else f"{_others(len(rest)).capitalize()} came without intervals or without scores here."
        )
    return sentence(*parts)


def lacking(
    rows: pd.DataFrame,
    models: Sequence[str],
    benchmarks: Sequence[str],
    names: Mapping[str, str],
    labels: Mapping[str, str],
) -> str:
    """Which model lacks which benchmark, in words; '' when none does.

    Args:
        rows: Measurements: model, benchmark.
        names: Model id to name.
        labels: Benchmark to what people call it.
    """
    parts = []
    for model in models:
        own = set(rows.loc[rows["model"] == model, "benchmark"])
        gaps = [labels[one] for one in benchmarks if one not in own]
        if not gaps:
            continue
        if not own:
            parts.append(f"{short(names[model])} has no score measured this way")
        elif len(gaps) > FEW:
            parts.append(f"{short(names[model])} lacks {len(gaps)} of {len(benchmarks)} benchmarks")
        else:
            parts.append(f"{short(names[model])} lacks {', '.join(gaps)}")
    return f"{'; '.join(parts)}." if parts else ""


def _others(n: int) -> str:
    return "the other model" if n == 1 else f"the other {n} models"


def _against(own: pd.DataFrame, name: str, reference: str, n_benchmarks: int) -> list[str | Span]:
    """One model: ``X is shown to be better than Y on 4 of 6 benchmarks and worse on 1; on 1 ... is not shown. ``"""
    n = {
        word: int((own["verdict"] == word).sum()) for word in (BETTER, WORSE, NO_DIRECTION, NOT_SHOWN, NO_INTERVAL, "")
    }
    tail = _tail(n, n_benchmarks)
    if not n[BETTER] and not n[WORSE]:
        if n[""] == n_benchmarks:
            return [f"{name} and {reference} have no score measured the same way here. "]
        if n[NO_DIRECTION]:
            on = "this benchmark" if n_benchmarks == 1 else f"{n[NO_DIRECTION]} of {n_benchmarks} benchmarks"
            return [
                Span(name, "strong"),
                f" is shown to differ from {reference} on {on}, where nobody says which way is better{_without(n)}. ",
            ]
        if not n[NOT_SHOWN]:
            return [f"{name} against {reference}: these scores came without intervals, so there is no verdict. "]
        where = "on this benchmark" if n_benchmarks == 1 else f"on none of {n_benchmarks} benchmarks"
        verb = "is not shown to differ from" if n_benchmarks == 1 else "is shown to differ from"
        return [Span(name, "strong"), f" {verb} {reference} {where}{_without(n)}. "]
    first, other, count = ("better", "worse", n[BETTER]) if n[BETTER] >= n[WORSE] else ("worse", "better", n[WORSE])
    second = n[WORSE] if first == "better" else n[BETTER]
    on = "this benchmark" if n_benchmarks == 1 else f"{count} of {n_benchmarks} benchmarks"
    return [
        Span(name, "strong"),
        f" is shown to be {first} than {reference} on ",
        Span(on, "strong") if n_benchmarks > 1 else on,
        f" and {other} on {second}" if second else "",
        f"{tail}. ",
    ]


def _tail(n: Mapping[str, int], n_benchmarks: int) -> str:
    parts = []
    if n[NO_DIRECTION]:
        parts.append(f"on {n[NO_DIRECTION]} they differ, and nobody says which way is better")
    if n[NOT_SHOWN]:
        parts.append(f"on {n[NOT_SHOWN]} the difference is not shown")
    if n[NO_INTERVAL]:
        parts.append(f"on {n[NO_INTERVAL]} there is no interval and no verdict")
    if n[""]:
        parts.append(f"on {n['']} one of them has no score")
    return "; " + ", ".join(parts) if parts else ""


def _without(n: Mapping[str, int]) -> str:
    parts = []
    if n[NO_INTERVAL]:
        parts.append(f"{n[NO_INTERVAL]} without an interval")
    if n[""]:
        parts.append(f"{n['']} without a score of one of them")
    return f" ({', '.join(parts)})" if parts else ""
