"""Standard errors of board columns: what each printed score is made of, and what follows from that.

Source: the makeup of each column was tested with exact fractions on all 4,574 rows of the board
(data/leaderboards/README.md, repeated for programs in data/leaderboards/columns.csv). A value fits k/n if
some k/n rounds to the printed decimals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

PRINTED_DECIMALS = 4


class Counted(NamedTuple):
    """A printed proportion traced back to its counts."""

    n_correct: int
    n_samples: int

    @property
    def proportion(self) -> float:
        return self.n_correct / self.n_samples


def fitting_counts(value: float, n: int, decimals: int = PRINTED_DECIMALS) -> range:
    """Every k with k/n equal to ``value`` at ``decimals`` printed decimals; empty where none is (n or value is something else)."""
    if n <= 0 or not 0 <= value <= 1:
        return range(0)
    half = 0.5 * 10.0**-decimals
    # A hair of slack: the printer rounded half to even or half up, and the bounds are binary fractions.
    low = max(0, math.ceil((value - half) * n - 1e-7))
    high = min(n, math.floor((value + half) * n + 1e-7))
    return range(low, high + 1)


def recover_count(value: float, n: int, decimals: int = PRINTED_DECIMALS) -> Counted | None:
    """The only k with k/n equal to ``value`` at ``decimals`` printed decimals, or None.

    None also where several k fit (n so large that neighbouring fractions print alike): the count is then unknown.
    """
    fitting = fitting_counts(value, n, decimals)
    return Counted(fitting[0], n) if len(fitting) == 1 else None


def proportion_stderr(p: float, n: int) -> float:
    """Standard error sqrt(p(1-p)/n) of a proportion of ``n`` questions; 0 at the ends, where Wilson is needed."""
    return math.sqrt(p * (1 - p) / n)


def nested_size(*sizes: int) -> float:
    """Effective number of independent questions when nested sets, each inside the next, are pooled.

    A question of the innermost set is asked as often as there are sets. Effective size under unequal
    weights, (sum w)^2 / sum w^2 (Kish 1965); for 198 in 448 in 546 it is 1192^2 / 2880 = 493.4.
    """
    sizes = tuple(sorted(sizes))
    asked = range(len(sizes), 0, -1)
    rings = [outer - inner for inner, outer in zip((0, *sizes[:-1]), sizes, strict=True)]
    return sum(sizes) ** 2 / sum(ring * times**2 for ring, times in zip(rings, asked, strict=True))


def bbh_bound(m: float) -> float:
    """Largest standard error of the unweighted mean ``m`` of the 24 BBH sub-tasks of the board.

    The largest value of the summed variances p_t(1-p_t)/n_t for a given mean, over 21 sub-tasks of 250 questions
    and one each of 187, 178 and 146: by Lagrange p_t - 1/2 is proportional to n_t, so the variance is at most
    (576/H m(1-m) + S/4 - 144/H) / 576 with S = sum 1/n_t and H = sum n_t = 5761. The constants are those of
    columns.csv, rounded upwards.
    """
    return math.sqrt((0.0999833 * m * (1 - m) + 0.000458) / 576)


class ColumnRule(NamedTuple):
    """What is known about one column of the board.

    Args:
        n_shot: Worked examples in the prompt, from the task files ``leaderboard_*`` of lm-eval 0.4.
        metric: Metric of the column, in the words of those task files.
        n_counts: Number of questions when the column is a plain proportion whose counts can be recovered.
        stderr: Standard error from the printed value, where no counts can be recovered.
        is_bound: Whether ``stderr`` is an upper limit.
        n_samples: Number of independent questions, where it is verified and the column is a proportion.
        n_first_100: Number of questions of a run on the first 100 of each sub-task, where that is a proportion.
    """

    metric: str
    n_shot: int
    stderr: Callable[[float], float]
    is_bound: bool
    n_counts: int | None = None
    n_samples: int | None = None
    n_first_100: int | None = None


OPEN_LLM_LEADERBOARD_V2 = {
    "IFEval": ColumnRule("mean strict", 0, lambda m: proportion_stderr(m, 406), True),
    "BBH": ColumnRule("acc_norm", 3, bbh_bound, True),
    "MATH Level 5": ColumnRule(
        "exact_match", 4, lambda p: proportion_stderr(p, 1324), False, n_counts=1324, n_samples=1324, n_first_100=700
    ),
    "GPQA": ColumnRule("acc_norm", 0, lambda p: proportion_stderr(p, 493), True),
    "MUSR": ColumnRule("acc_norm", 0, lambda m: proportion_stderr(m, 755), True),
    "MMLU-PRO": ColumnRule("acc", 5, lambda p: proportion_stderr(p, 12032), False, n_samples=12032, n_first_100=100),
}

FIRST_100_ONLY = frozenset(("databricks/dbrx-base", "internlm/internlm2-7b", "mistral-community/Mixtral-8x22B-v0.1"))
"""Evaluations of the board that ran on the first 100 questions of each sub-task (their scores are k/700, k/300,
k/2400 and k/100): not comparable with the others."""

MMLU_SUBJECT_SIZES = {
    "abstract_algebra": 100,
    "anatomy": 135,
    "astronomy": 152,
    "business_ethics": 100,
    "clinical_knowledge": 265,
    "college_biology": 144,
    "college_chemistry": 100,
    "college_computer_science": 100,
    "college_mathematics": 100,
    "college_medicine": 173,
    "college_physics": 102,
    "computer_security": 100,
    "conceptual_physics": 235,
    "econometrics": 114,
    "electrical_engineering": 145,
    "elementary_mathematics": 378,
    "formal_logic": 126,
    "global_facts": 100,
    "high_school_biology": 310,
    "high_school_chemistry": 203,
    "high_school_computer_science": 100,
    "high_school_european_history": 165,
    "high_school_geography": 198,
    "high_school_government_and_politics": 193,
    "high_school_macroeconomics": 390,
    "high_school_mathematics": 270,
    "high_school_microeconomics": 238,
    "high_school_physics": 151,
    "high_school_psychology": 545,
    "high_school_statistics": 216,
    "high_school_us_history": 204,
    "high_school_world_history": 237,
    "human_aging": 223,
    "human_sexuality": 131,
    "international_law": 121,
    "jurisprudence": 108,
    "logical_fallacies": 163,
    "machine_learning": 112,
    "management": 103,
    "marketing": 234,
    "medical_genetics": 100,
    "miscellaneous": 783,
    "moral_disputes": 346,
    "moral_scenarios": 895,
    "nutrition": 306,
    "philosophy": 311,
    "prehistory": 324,
    "professional_accounting": 282,
    "professional_law": 1534,
    "professional_medicine": 272,
    "professional_psychology": 612,
    "public_relations": 110,
    "security_studies": 245,
    "sociology": 201,
    "us_foreign_policy": 100,
    "virology": 166,
    "world_religions": 171,
}
"""Questions in the test set of each MMLU subject, 14,042 in all; verified from stored results (the shipped task
catalogue holds the same figures with their status)."""
