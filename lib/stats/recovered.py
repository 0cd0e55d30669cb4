"""What a printed score and its standard error still tell: how many questions, how many right, the error of a group.

All functions take and return plain numbers; scores and errors are fractions. Sections are those of the project's
methods: one score (sample standard deviation over the root of n, as lm-evaluation-harness computes it) and groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

_COUNT_SLACK = 1e-6
"""How far p x n may lie from a whole number, per question; printed scores carry 16 digits, sums lose a few."""
_ERROR_SLACK = 1e-6
"""Relative distance allowed between a printed standard error and the one that the counts imply."""


class Counts(NamedTuple):
    """Questions and right answers of a 0/1 metric."""

    n_samples: int
    n_correct: int


def counts_from_stderr(score: float, stderr: float) -> Counts | None:
    """Questions and right answers behind the mean of 0/1 scores and its standard error.

    ``n = 1 + p(1-p)/se**2``, taken only if n and p x n are whole and the error they imply is the printed one:
    otherwise the metric is not 0/1, or the numbers are rounded, and nothing can be said (None). All right or all
    wrong (``stderr`` 0) says nothing either.

    Source:
        The error of a mean with the sample standard deviation, ``se**2 = p(1-p)/(n-1)``, solved for n.
    """
    if not 0 < score < 1 or not stderr > 1e-100:
        return None
    variance = score * (1 - score)
    exact = 1 + variance / (stderr * stderr)
    if not 2 <= exact < 1e9:
        return None
    n = round(exact)
    # Neighbouring n differ by 1/(2n) in the error: for huge n the slack alone no longer separates them.
    if abs(exact - n) > 0.1 or abs(math.sqrt(variance / (n - 1)) - stderr) > _ERROR_SLACK * stderr:
        return None
    k = correct_count(score, n)
    return None if k is None else Counts(n, k)


def correct_count(score: float, n_samples: int) -> int | None:
    """Right answers when ``score`` is a share of ``n_samples`` questions; None when it is not a whole number."""
    if not 0 <= score <= 1 or n_samples < 1:
        return None
    k = round(score * n_samples)
    return k if abs(score * n_samples - k) <= _COUNT_SLACK * max(1.0, math.sqrt(n_samples)) else None


def binomial_stderr(n_correct: int, n_samples: int) -> float | None:
    """Standard error of the mean of 0/1 scores, ``sqrt(p(1-p)/(n-1))``; None for one question, 0 if all are equal."""
    if n_samples < 2:
        return None
    p = n_correct / n_samples
    return math.sqrt(p * (1 - p) / (n_samples - 1))


def weighted_mean(scores: Sequence[float], sizes: Sequence[int]) -> float:
    """Mean of sub-tasks in which every question counts the same."""
    return math.fsum(n * p for n, p in zip(sizes, scores, strict=True)) / sum(sizes)


def weighted_stderr(stderrs: Sequence[float], sizes: Sequence[int]) -> float:
    """Error of ``weighted_mean`` for disjoint questions and fixed sub-tasks: ``sqrt(sum((n se)**2)) / sum(n)``."""
    return math.sqrt(math.fsum((n * se) ** 2 for n, se in zip(sizes, stderrs, strict=True))) / sum(sizes)


def pooled_stderr(stderrs: Sequence[float], sizes: Sequence[int]) -> float | None:
    """What lm-eval prints for a group since 0.4.2: ``sqrt(sum((n-1) n se**2) / (N - T) / N)``.

    None when no sub-task has more than one question.
    """
    total = sum(sizes)
    if total <= len(sizes):
        return None
    within = math.fsum((n - 1) * n * se**2 for n, se in zip(sizes, stderrs, strict=True))
    return math.sqrt(within / (total - len(sizes)) / total)


def macro_mean(scores: Sequence[float], chance: Sequence[float] | None = None) -> float:
    """Mean of sub-tasks in which every sub-task counts the same; with ``chance``, of (p - chance)/(1 - chance)."""
    if chance is not None:
        scores = [(p - low) / (1 - low) for p, low in zip(scores, chance, strict=True)]
    return math.fsum(scores) / len(scores)


def macro_stderr(stderrs: Sequence[float], chance: Sequence[float] | None = None) -> float:
    """Error of ``macro_mean`` for disjoint questions: ``sqrt(sum(se**2)) / T``, each divided by 1 - chance if given."""
    if chance is not None:
        stderrs = [se / (1 - low) for se, low in zip(stderrs, chance, strict=True)]
    return math.sqrt(math.fsum(se**2 for se in stderrs)) / len(stderrs)


def which_mean(
    printed: float, scores: Sequence[float], sizes: Sequence[int] | None
) -> Literal["weighted", "unweighted"] | None:
    """Which mean of the sub-tasks a printed group value is; None when it is neither.

    Where both agree (equal sizes) it is called weighted when sizes are known. ``sizes`` None: only the plain mean
    can be recognised. Values within 1e-9, or within the last of at least four printed digits, count as equal.
    """
    if not scores:
        return None
    slack = _printed_slack(printed)
    if sizes is not None and abs(weighted_mean(scores, sizes) - printed) <= slack:
        return "weighted"
    return "unweighted" if abs(macro_mean(scores) - printed) <= slack else None


def effective_instructions(n_prompts: int, n_instructions: int, most_per_prompt: int) -> float:
    """Smallest effective number of instructions when a prompt holds 1 to ``most_per_prompt`` of them.

    The worst case, in which all of a prompt are right or wrong together, puts the surplus into full prompts:
    ``n**2 / sum(m**2)``.
    """
    if most_per_prompt < 2 or n_instructions <= n_prompts:
        return float(n_instructions)
    full = (n_instructions - n_prompts) / (most_per_prompt - 1)
    return n_instructions**2 / (full * most_per_prompt**2 + (n_prompts - full))


def two_rates_stderr_bound(
    prompt_rate: float, instruction_rate: float, n_prompts: int, n_instructions: int, most_per_prompt: int
) -> float:
    """Upper bound for the error of the mean of a prompt-level and an instruction-level rate on the same prompts.

    The two are positively correlated; at correlation 1 the errors add: ``(se_prompt + se_instruction) / 2``.
    """
    by_prompt = math.sqrt(prompt_rate * (1 - prompt_rate) / (n_prompts - 1))
    n_effective = effective_instructions(n_prompts, n_instructions, most_per_prompt)
    by_instruction = math.sqrt(instruction_rate * (1 - instruction_rate) / n_effective)
    return (by_prompt + by_instruction) / 2


def _printed_slack(printed: float) -> float:
    """Half a unit in the last printed decimal, if somebody rounded; at least 1e-9."""
    decimals = len(repr(printed).partition(".")[2]) if "e" not in repr(printed) else 16
    return max(1e-9, 0.5000001 * 10.0**-decimals) if decimals >= 4 else 1e-9
