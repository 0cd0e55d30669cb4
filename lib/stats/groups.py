"""Two models on a group of tasks, put together from the answers to the questions of its parts.

The group's score says how its parts are weighed: by their questions (size-weighted), or each part the same (macro mean).
The parts are fixed, not sampled, and their questions are disjoint. Where every question counts the same and answers are
right or wrong, the questions of all parts are one set of paired answers: counts add up, and McNemar's test and Tango's
interval apply to the sums. A macro mean weighs the questions of small parts more, so counts of them are no test of it:
there the mean of the parts' differences and its error are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]


class GroupDifference(NamedTuple):
    """Difference on the group, its standard error, and the two-sided p of diff/stderr (NaN without an error above 0)."""

    diff: Floats
    stderr: Floats
    p: Floats


def group_difference(diff: ArrayLike, stderr: ArrayLike, n_samples: ArrayLike, *, is_weighted: bool) -> GroupDifference:
    """Difference of two models on a group from the paired differences of its parts, over the last axis.

    Weighted: SUM n d/SUM n with error sqrt(SUM (n se)²)/SUM n. Macro mean: mean of d with error sqrt(SUM se²)/T. A part
    without an error (one question) leaves the group without one.

    Args:
        diff: Paired difference of each part.
        stderr: Its standard error, 0 where the two never differ.
        n_samples: Questions of each part, above 0.
        is_weighted: Every question counts the same; otherwise every part does.

    Source:
        Stratified sampling with fixed strata: Cochran 1977, Sampling Techniques, section 5.
    """
    d, se, n = np.broadcast_arrays(*(np.asarray(x, float) for x in (diff, stderr, n_samples)))
    weight = n / n.sum(axis=-1, keepdims=True) if is_weighted else np.full(n.shape, 1 / n.shape[-1])
    mean, error = (weight * d).sum(axis=-1), np.sqrt(((weight * se) ** 2).sum(axis=-1))
    z = mean / np.where(error > 0, error, np.nan)
    return GroupDifference(mean, error, 2 * ndtr(-np.abs(z)))
