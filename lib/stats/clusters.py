"""Questions that belong together: several about one passage, or one question in several languages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Clustered(NamedTuple):
    """A mean with its error when questions of a cluster stand or fall together.

    ``stderr`` is the one to use; ``stderr_naive`` takes all questions as independent; ``stderr_miller`` is the printed
    variant, which differs by n/(n-1) on the diagonal.
    """

    mean: float
    stderr_naive: float
    stderr: float
    stderr_miller: float
    n_clusters: int


def clustered_mean(scores: ArrayLike, clusters: ArrayLike) -> Clustered:
    """Mean of scores and its cluster-robust error: sqrt(SUM_c (SUM_{i in c} (s_i - mean))²)/n.

    Args:
        scores: One score per question.
        clusters: What each question belongs to: any labels, as many.

    Returns:
        With every question a cluster of its own, the naive error times sqrt((n-1)/n). A single cluster has no
        clustered error (NaN): its residuals add up to 0, which says nothing. One question has none at all.

    Raises:
        ValueError: If a score is missing, there is none, or the lengths differ.

    Source:
        Liang and Zeger 1986, Biometrika 73:13, for a constant; Miller 2024, arXiv 2411.00640, for evaluations.
    """
    s, labels = np.asarray(scores, float), np.asarray(clusters)
    if s.ndim != 1 or not s.size or labels.shape != s.shape or not np.isfinite(s).all():
        raise ValueError("clustered scores need one score and one cluster for every question")
    n = s.size
    _, group = np.unique(labels, return_inverse=True)
    residual = s - s.mean()
    sums = np.bincount(group, weights=residual)
    squares = float(residual @ residual)
    clustered = float((sums**2).sum())
    naive = squares / (n - 1) / n if n > 1 else np.nan
    usable = len(sums) > 1
    return Clustered(
        float(s.mean()),
        float(np.sqrt(naive)),
        float(np.sqrt(clustered) / n) if usable else np.nan,
        float(np.sqrt(max(naive + (clustered - squares) / n**2, 0.0))) if usable else np.nan,
        len(sums),
    )
