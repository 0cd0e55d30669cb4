"""Whether the stored answers of two runs are those of their scores, and the answers to a group's parts put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from lib.analysis.comparability import NOT_COMPARABLE, compare
from lib.analysis.paired import Paired
from lib.formats import counted
from lib.stats.groups import GroupDifference, group_difference
from lib.stats.paired import paired_stderr

Row = Mapping[str, Any]
WHOLE, CLOSE = 0.95, 0.01
"""Paired answers decide when they are this share of the questions of both scores; where the number of questions is not
known, when their mean is this close to the score."""
TOGETHER: Final = "the answers to"
"""How ``GroupPaired.why`` begins."""
BY_QUESTIONS: Final = "every question counts the same, as in the score"
BY_PARTS: Final = "every part counts the same, as in the score"


class GroupPaired(NamedTuple):
    """Two runs on the common questions of every part of a group.

    Args:
        parts: The pairs of each part.
        is_weighted: How the score weighs them: by questions, or each part the same.
        n: Common questions of all parts on which both have a number.
        n11, n10, n01, n00: Sums over the parts; None unless every answer is 0 or 1.
        difference: A minus B on the group, weighed as the score is, with its error and the two-sided p of their ratio.
        cautions, no_verdict: Of any part, each once; see ``Paired``.
    """

    parts: tuple[Paired, ...]
    is_weighted: bool
    n: int
    n11: int | None
    n10: int | None
    n01: int | None
    n00: int | None
    difference: GroupDifference
    cautions: tuple[str, ...]
    no_verdict: tuple[str, ...]

    @property
    def has_verdict(self) -> bool:
        """Whether a test on these pairs may end in a verdict."""
        return not self.no_verdict

    @property
    def why(self) -> str:
        """How the answers were put together."""
        weighed = BY_QUESTIONS if self.is_weighted else BY_PARTS
        return f"{TOGETHER} {counted(len(self.parts), 'part')} put together, {weighed}"

    @property
    def counts(self) -> tuple[int, int, int, int] | None:
        """Right in both, only A, only B, neither, where they are a test of the score's difference: every question counts
        the same, and every answer is right or wrong."""
        if not self.is_weighted or self.n11 is None or self.n10 is None or self.n01 is None or self.n00 is None:
            return None
        return self.n11, self.n10, self.n01, self.n00


def together(parts: Sequence[Paired], *, is_weighted: bool) -> GroupPaired:
    """The pairs of the parts as those of the group.

    Args:
        parts: One or more; a part without a common question that has a number leaves no verdict.
        is_weighted: As the score of the group is made.
    """
    n11, n10, n01, n00 = (_sum([getattr(one, name) for one in parts]) for name in ("n11", "n10", "n01", "n00"))
    cautions = dict.fromkeys(words for one in parts for words in one.cautions)
    none = dict.fromkeys(words for one in parts for words in one.no_verdict)
    n = np.array([one.n for one in parts], float)
    if not n.all():
        none["a part without a question that both answered"] = None
    difference = _difference(parts, n, is_weighted)
    return GroupPaired(
        tuple(parts), is_weighted, int(n.sum()), n11, n10, n01, n00, difference, tuple(cautions), tuple(none)
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None


def _difference(parts: Sequence[Paired], n: np.ndarray, is_weighted: bool) -> GroupDifference:
    if not n.all():
        return GroupDifference(*np.full(3, np.nan))
    each = [one.differences for one in parts]
    errors = [float(d.std(ddof=1)) / np.sqrt(len(d)) if len(d) > 1 else np.nan for d in each]
    found = group_difference([float(d.mean()) for d in each], errors, n, is_weighted=is_weighted)
    if is_weighted and np.isnan(found.stderr):
        # A part of one question has no error of its own; then the questions of all parts are taken as one set.
        every = np.concatenate(each)
        one = np.array([every.std(ddof=1) / np.sqrt(len(every))]) if len(every) > 1 else np.array([np.nan])
        found = group_difference([float(every.mean())], one, [len(every)], is_weighted=True)
    return found


def are_of_scores(a: Row, b: Row, found: Paired | None) -> bool:
    """Whether these pairs are the answers behind two scores, and may end in a verdict."""
    if found is None or not found.has_verdict or not found.n:
        return False
    for of, values in ((a, found.a), (b, found.b)):
        n = number(of.get("n_samples"))
        if found.n < WHOLE * n or (np.isnan(n) and not abs(values.mean() - number(of.get("score"))) <= CLOSE):
            return False
    return True


def are_of_group(a: Row, b: Row, parts: Sequence[tuple[Row, Row]], found: GroupPaired | None) -> bool:
    """Whether the pairs of the parts are the answers behind the scores of a group, and may end in a verdict.

    Args:
        a, b: Results of the group.
        parts: Results of each part, in the order of ``found.parts``.
    """
    if found is None or not found.has_verdict:
        return False
    if not all(are_of_scores(one, other, pair) for (one, other), pair in zip(parts, found.parts, strict=True)):
        return False
    # The parts have settled whether the questions are the same; the rest is the group's own, such as its version.
    settled = {name: a.get(name) for name in ("limit", "n_samples")}
    return compare(a, {**b, **settled}).verdict != NOT_COMPARABLE


def number(value: Any) -> float:
    """A cell as a float; NaN where it is missing."""
    return float("nan") if value is None or pd.isna(value) else float(value)


def stderr_of(found: Paired) -> float:
    """Standard error of the mean difference of one set of pairs; NaN for one question."""
    if found.n10 is not None and found.n01 is not None:
        return float(paired_stderr(found.n10, found.n01, found.n))
    return float(found.differences.std(ddof=1) / np.sqrt(found.n)) if found.n > 1 else float("nan")
