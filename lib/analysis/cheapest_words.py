"""Words for the verdicts of non-inferiority. None of them says equal, as good as, or that a model is bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lib import formats
from lib.analysis.cheapest import FAIL, NO_VERDICT, PASS, TOO_FEW_DATA, Answer
from lib.analysis.cheapest_choice import MONEY
from lib.analysis.side_by_side_words import short
from lib.schema.text import Sentence, Span, sentence

FEW = 3


def points(margin: float) -> str:
    """A margin in words: ``2 points``, ``0.5 points``, ``1 point``."""
    told = formats.plain(100 * margin)
    return f"{told} point" if told == "1" else f"{told} points"


def cost_words(cost: object, by: str) -> str:
    """``7B``, or ``$0.20 per million tokens``."""
    return f"{formats.usd(cost)} per million tokens" if by == MONEY else formats.parameters(cost)


def question(reference: str, margin: float, by: str) -> str:
    """The heading."""
    least = "cheapest" if by == MONEY else "smallest"
    if not reference:
        return f"What is the {least} model that will do?"
    return f"What is the {least} model shown to be within {points(margin)} of {short(reference)}?"


def where(labels: Sequence[str], *, is_average: bool) -> str:
    """``on MMLU``, ``on each of MMLU and GPQA``, ``on each of 6 benchmarks``, ``on average over 6 benchmarks``."""
    if len(labels) == 1:
        return f"on {labels[0]}"
    told = f"{', '.join(labels[:-1])} and {labels[-1]}" if len(labels) <= FEW else f"{len(labels)} benchmarks"
    return f"on average over {told}" if is_average else f"on each of {told}"


def takeaway(
    found: Answer, names: Mapping[str, str], labels: Mapping[str, str], by: str, reference_cost: float, limits: str
) -> Sentence:
    """What is shown, or that nobody is, with the numbers.

    Args:
        found: Verdicts of all candidates.
        names: Model id to name.
        labels: Benchmark to what people call it.
        by: ``SIZE`` or ``MONEY``.
        limits: ``within your limits``, or ''.
    """
    name = short(names[found.reference])
    on = where([labels[one] for one in found.benchmarks], is_average=found.is_average)
    less = "cheaper" if by == MONEY else "smaller"
    within = f" {limits}" if limits else ""
    if found.at_chance:
        low = ", ".join(labels[one] for one in found.at_chance)
        return sentence(
            Span(name, "large"),
            f" is not distinguishable from guessing on {low}, and anything is close to a coin: no verdict. ",
            f"Leave {low} out to get one." if len(found.at_chance) < len(found.benchmarks) else "Choose other benchmarks.",
        )  # fmt: skip
    n = len(found.rows)
    if not n:
        return sentence(f"No {less} model than {name}{within} has been measured this way {on.replace('each', 'all')}.")
    if len(found.having(NO_VERDICT)) == n:
        return sentence(
            f"Nothing can be said of the {formats.counted(n, f'{less} model')}{within} measured {on}: these scores came "
            "without intervals. Another way of measuring may have them."
        )
    best = found.headline
    held = int(found.rows["is_confirmed"].sum())
    passed = len(found.having(PASS))
    if best is None:
        return sentence(
            f"No model {less} than {name}{within} is shown to be within {points(found.margin)} of it {on}: "
            f"of {formats.counted(n, 'candidate')} {_counts(found)}.",
            f" {passed} {'passes' if passed == 1 else 'pass'} when tested alone, none after correcting for the "
            f"{formats.count(n)} tried."
            if passed
            else "",
        )
    least = "cheapest" if by == MONEY else "smallest"
    ratio = reference_cost / float(best["cost"])
    more = f" {held} of the {passed} that pass alone {'holds' if held == 1 else 'hold'} after correcting for all that were tried." if passed > 1 else ""  # fmt: skip
    return sentence(
        f"Of {formats.counted(n, f'{less} model')} tried{within}, ",
        Span(f"{short(names[str(best['model'])])} ({cost_words(best['cost'], by)})", "small"),
        f" is the {least} shown to be within {points(found.margin)} of ",
        Span(f"{name} ({cost_words(reference_cost, by)})", "large"),
        f" {on}, ",
        Span(f"about {formats.times(ratio)} {less}", "strong"),
        ".",
        more,
    )


def verdict(row: Mapping[Any, Any], reference: str, margin: float, label: str, *, is_panel: bool = False) -> str:
    """What is shown of one candidate, or of one benchmark of it, in words.

    Args:
        row: verdict, lower, upper (one-sided bounds of the difference), why_none.
        reference: Name.
        label: Of the benchmark that decides; '' for one benchmark or the average.
        is_panel: The row stands for several benchmarks: a PASS is on each of them.
    """
    said = str(row["verdict"])
    name, told = short(reference), points(margin)
    low, high = (formats.number(row[c]) for c in ("lower", "upper"))
    on = f" on {label}" if label else ""
    if said == NO_VERDICT or low is None or high is None:
        return f"no verdict: {row['why_none']}{on}"
    if said == PASS:
        if is_panel:
            return f"shown to be within {told} of {name} on each"
        if low > 0:
            return f"better, so within {told} of {name}{on}"
        return f"slightly worse, shown within {told}{on}" if high < 0 else f"shown to be within {told} of {name}{on}"
    if said == FAIL:
        return f"shown to be more than {told} below {name}{on}"
    return f"too few questions to tell{on}; difference between {formats.points(low)} and {formats.points(high)}"


def failed_on(tests: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Benchmarks on which a candidate fails, or where there are too few data, the graver first; for several benchmarks.

    Args:
        tests: The rows of one candidate.
    """
    told = []
    for word, text in ((FAIL, "below on"), (TOO_FEW_DATA, "too few questions on"), (NO_VERDICT, "no verdict on")):
        names = [labels[str(one)] for one in tests.loc[(tests["verdict"] == word).to_numpy(bool), "benchmark"]]
        if names:
            told.append(f"{text} {', '.join(names)}")
    return "; ".join(told)


def _counts(found: Answer) -> str:
    below = f"{formats.count(len(found.having(FAIL)))} shown to be more than {points(found.margin)} below"
    few = f"{formats.count(len(found.having(TOO_FEW_DATA)))} with too few questions to tell"
    silent = len(found.having(NO_VERDICT))
    return f"{below}, {few}" + (f", {formats.count(silent)} without a verdict" if silent else "")
