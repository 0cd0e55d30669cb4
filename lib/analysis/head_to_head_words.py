"""What a head to head says in words: the question, the answer, and how many questions would tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.comparability import NOT_COMPARABLE
from lib.analysis.head_to_head import DIFFER, NO_ERROR, HeadToHead
from lib.analysis.side_by_side_words import short
from lib.schema.text import Role, Sentence, Span, sentence
from lib.stats.verdicts import A_BETTER, B_BETTER, DEPENDS, NO_DIFFERENCE_SHOWN, NO_VERDICT, TOO_FEW_DATA

NAMED = 3
FRACTIONS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth", 7: "a seventh", 8: "an eighth",
             9: "a ninth", 10: "a tenth"}  # fmt: skip
MORE = "more questions than this benchmark has"


def question(a: str, b: str) -> str:
    """The heading."""
    return f"Is {short(a, 40)} really better than {short(b, 40)}?"


def takeaway(found: HeadToHead, a: str, b: str, labels: Sequence[str], roles: tuple[Role, Role] = ("strong", "strong")) -> Sentence:  # fmt: skip
    """The answer as far as the data carry it, and as plainly where they do not.

    Args:
        a, b: Names of the two.
        labels: Of the tasks, in the order of ``found.tasks``.
        roles: How A and B are shown: small, large or strong.
    """
    tasks, name_a, name_b = found.tasks, short(a), short(b)
    verdict = found.overall.verdict
    n = len(tasks)
    if not n:
        return sentence(f"{name_a} and {name_b} share no benchmark, so nothing here tells them apart.")
    tested = tasks["verdict"] != NO_VERDICT
    if not tested.any():
        return _nothing_tested(tasks, name_a, name_b)
    if set(tasks["verdict"][tested]) == {DIFFER}:
        return sentence(f"{name_a} and {name_b} are shown to differ, and nobody says which way is better.")
    if n == 1:
        return _one_task(found, name_a, name_b, labels[0], roles)
    better = {v: [labels[int(i)] for i in np.flatnonzero(tasks["verdict"] == v)] for v in (A_BETTER, B_BETTER)}
    n_tested = int(tested.sum())
    if verdict == DEPENDS:
        return sentence(*_depends(better, name_a, name_b, n_tested, roles), *_not_shown(found, labels))
    if verdict in (A_BETTER, B_BETTER):
        return sentence(*_by_panel(found, verdict, better[verdict], name_a, name_b, n_tested, roles))
    return sentence(*_not_told_apart(found, better, name_a, name_b, n_tested, roles))


def ratio_words(ratio: float, of: str) -> str:
    """A over B in words: ``a ninth of the parameters``, ``2.7 times the parameters``, ``about as many parameters``."""
    below = 1 / ratio if ratio > 0 else float("nan")
    if 0.95 < ratio < 1.05:
        return f"about as many {of}"
    if 1.8 <= below <= 10.4:
        nearest = round(below)
        about = "about " if abs(below - nearest) > 0.02 * nearest else ""
        return f"{about}{FRACTIONS[nearest]} of the {of}"
    return f"1/{formats.plain(below)} of the {of}" if ratio < 0.55 else f"{formats.times(ratio)} the {of}"


def ratios(a: str, b: str, size: float, tokens: float, money: float, *, size_words: str) -> Sentence:
    """Size, tokens and money of A against B in one sentence; what is unknown (NaN) is left out, all unknown: nothing.

    Args:
        size, tokens, money: A over B.
        size_words: What size counts: ``parameters`` or ``active parameters``.
    """
    parts: list[str | Span] = []
    for ratio, before, of in ((size, "has ", size_words), (tokens, "saw ", "training tokens")):
        if np.isfinite(ratio):
            parts += [", " if parts else "", before, Span(ratio_words(ratio, of), "strong")]
    if np.isfinite(money):
        price = ratio_words(money, "list price") if not 0.95 < money < 1.05 else "about as much"
        parts += [", " if parts else "", "costs ", Span(price, "strong"), " per token"]
    return sentence(f"Against {short(b)}, {short(a)} ", *parts, ".") if parts else ()


def needed_words(row: Mapping[str, object]) -> str:
    """How many questions show the reader's margin: ``9,300 (it has 756)``; '' without a test, and where one is shown."""
    if row["verdict"] not in (NO_DIFFERENCE_SHOWN, TOO_FEW_DATA) or not formats.known(row["items_needed"]):
        return ""
    there = f" (it has {formats.count(row['n_items'])})" if row["needs_more_than_there_are"] else ""
    return f"{formats.count(rounded_up(row['items_needed']))}{there}"


def points(share: object, digits: int = 1) -> str:
    """A difference without a sign: ``2 points``, ``7.1 points``."""
    value = formats.number(share)
    if value is None:
        return formats.UNKNOWN
    told = f"{100 * value:.{digits}f}".removesuffix(".0")
    return f"{told} point" if told == "1" else f"{told} points"


def rounded_up(n: object) -> int:
    """Questions needed, as a whole number: to two figures, and never below what was computed."""
    value = formats.number(n)
    if value is None or value <= 0:
        return 0
    whole = int(np.ceil(value))
    step = 10 ** max(len(str(whole)) - 2, 0)
    return -(-whole // step) * step


def _nothing_tested(tasks: pd.DataFrame, a: str, b: str) -> Sentence:
    apart = (tasks["comparison"] == NOT_COMPARABLE).to_numpy(bool)
    if apart.all():
        told = f"{a} and {b} were never measured the same way, so nothing here says which is better"
        return sentence(told, f": no verdict on {formats.counted(len(tasks), 'task')}.")
    if (tasks["why_none"][~apart] == NO_ERROR).all():
        return sentence(
            Span("No verdict", "strong"), f": the scores of {a} and {b} were published without an interval or a number "
            "of questions, so nobody can say what is chance.",
        )  # fmt: skip
    return sentence(Span("No verdict", "strong"), f": nothing that {a} and {b} share can be tested.")


def _one_task(found: HeadToHead, a: str, b: str, label: str, roles: tuple[Role, Role]) -> Sentence:
    row = found.tasks.iloc[0]
    gap = f"{formats.points(row['delta'])}, 95% interval {_signed(row['delta_low'])} to {_signed(row['delta_high'])}"
    match row["verdict"]:
        case verdict if verdict in (A_BETTER, B_BETTER):
            who, other, role = (a, b, roles[0]) if verdict == A_BETTER else (b, a, roles[1])
            first = "Yes: " if verdict == A_BETTER else "No, the other way round: "
            told = sentence(first, Span(f"{who} is better", role), f" than {other} on {label} ({gap}).")
        case _:
            told = sentence(
                Span("The data do not tell them apart", "strong"), f" on {label} ({gap}).", *_how_many(row, found.margin)
            )  # fmt: skip
    return told


def _how_many(row: pd.Series, margin: float) -> list[str | Span]:
    """What this test could have seen, and what would be needed, as sentences."""
    told: list[str | Span] = []
    if np.isfinite(row["n_both"]) and row["only_a"] + row["only_b"] < 10:
        n = int(row["only_a"] + row["only_b"])
        told.append(f" The two answers differ on {n} of {formats.counted(row['n_both'], 'question')}.")
    if np.isfinite(row["detectable"]):
        told.append(f" This test could have seen {points(row['detectable'])}.")
    if np.isfinite(row["items_needed"]):
        told += [f" To see {points(margin)} takes about ", Span(f"{formats.count(rounded_up(row['items_needed']))} questions", "strong")]  # fmt: skip
        told.append(f", {MORE} ({formats.count(row['n_items'])})." if row["needs_more_than_there_are"] else ".")
    return told


def _depends(better: Mapping[str, list[str]], a: str, b: str, n: int, roles: tuple[Role, Role]) -> list[str | Span]:
    of_a, of_b = better[A_BETTER], better[B_BETTER]
    if of_a and of_b:
        return [
            Span("It depends on the task", "strong"), ": ", Span(f"{a} is better", roles[0]), f" on {_names(of_a)}, ",
            Span(f"{b}", roles[1]), f" on {_names(of_b)}.",
        ]  # fmt: skip
    if of_a:
        return [Span(f"Yes, on {_of(len(of_a), n)}", roles[0]), f" {a} is better: {_names(of_a)}. How much depends on the task."]  # fmt: skip
    if of_b:
        return [Span(f"No: on {_of(len(of_b), n)}", roles[1]), f" {b} is better, on {_names(of_b)}. How much depends on the task."]  # fmt: skip
    return [Span("It depends on the task", "strong"), f": the differences of {a} and {b} vary more than chance, and none is shown by itself."]  # fmt: skip


def _not_shown(found: HeadToHead, labels: Sequence[str]) -> list[str | Span]:
    """On which tasks nothing is shown, and how many questions would."""
    tasks = found.tasks
    at = np.flatnonzero(tasks["verdict"].isin((NO_DIFFERENCE_SHOWN, TOO_FEW_DATA)))
    if not len(at):
        return []
    told = f" On {_names([labels[int(i)] for i in at])} the data do not tell them apart"
    needed = [rounded_up(tasks["items_needed"].iloc[i]) for i in at if np.isfinite(tasks["items_needed"].iloc[i])]
    if not needed:
        return [f"{told}."]
    low, high = min(needed), max(needed)
    number = formats.count(high) if low == high else f"{formats.count(low)} to {formats.count(high)}"
    return [
        f"{told}; to see {points(found.margin)} takes about {number} questions" + (" each." if len(at) > 1 else ".")
    ]


def _by_panel(
    found: HeadToHead, verdict: str, own: list[str], a: str, b: str, n: int, roles: tuple[Role, Role]
) -> list[str | Span]:
    who, other, role = (a, b, roles[0]) if verdict == A_BETTER else (b, a, roles[1])
    first = "Yes: " if verdict == A_BETTER else "No, the other way round: "
    mean = found.overall.mean if verdict == A_BETTER else -found.overall.mean
    half = 1.959964 * found.overall.stderr
    by_itself = f"; by itself it is shown on {_of(len(own), n)}" if own else "; on none of them by itself"
    return [
        first, Span(f"{who} is better", role),
        f" than {other} by {points(mean)} ± {100 * half:.1f} on average over {int(found.is_used.sum())} tasks{by_itself}.",
    ]  # fmt: skip


def _not_told_apart(
    found: HeadToHead, better: Mapping[str, list[str]], a: str, b: str, n: int, roles: tuple[Role, Role]
) -> list[str | Span]:
    some = bool(better[A_BETTER] or better[B_BETTER])
    whole = formats.counted(n, "task")
    told: list[str | Span] = [
        Span(f"Over {whole} together the data do not tell {a} and {b} apart" if some else f"The data do not tell {a} and {b} apart", "strong")
    ]  # fmt: skip
    if some:
        told.append(".")
    elif found.overall.verdict == TOO_FEW_DATA:
        told.append(f" over {whole}: too few questions were asked.")
    else:
        told.append(f": no difference is shown over {whole} together.")
    for verdict, who, role in ((A_BETTER, a, roles[0]), (B_BETTER, b, roles[1])):
        if better[verdict]:
            told += [f" On {_names(better[verdict])} alone, ", Span(f"{who} is better", role), "."]
    if np.isfinite(found.overall.detectable):
        told.append(f" On average over them a difference of {points(found.overall.detectable)} could have been seen.")
    needed = found.tasks["items_needed"][found.tasks["verdict"].isin((NO_DIFFERENCE_SHOWN, TOO_FEW_DATA))].dropna()
    if len(needed):
        low, high = rounded_up(needed.min()), rounded_up(needed.max())
        number = formats.count(high) if low == high else f"{formats.count(low)} to {formats.count(high)}"
        told += [f" To see {points(found.margin)} on one of them takes about ", Span(f"{number} questions", "strong"), "."]  # fmt: skip
    return told


def _of(k: int, n: int) -> str:
    return f"all {n} tasks" if k == n else f"{k} of {n} tasks"


def _names(labels: Sequence[str]) -> str:
    cut = [formats.one_line(label, 40) for label in labels]
    if len(cut) > NAMED + 1:
        return f"{', '.join(cut[:NAMED])} and {len(cut) - NAMED} more"
    return cut[0] if len(cut) == 1 else f"{', '.join(cut[:-1])} and {cut[-1]}"


def _signed(value: object) -> str:
    return formats.points(value).removesuffix(" points")
