"""How much a board's own scores vary from run to run: a difference below that is marked wherever it is shown.

Models listed twice on Open LLM Leaderboard v2, in two precisions of the same weights. Only pairs that are close on the two
columns most sensitive to chat template and answer check (IFEval and MATH) are taken for repeats; those two served to pick
them, so that their own variation is a lower estimate.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

BOARD = "board:open-llm-leaderboard-v2"
"""``Run.evaluator`` of the board that the repeats belong to."""
BENCHMARKS = {
    "IFEval": "ifeval",
    "BBH": "bbh",
    "MATH Level 5": "math_lvl5",
    "GPQA": "gpqa",
    "MUSR": "musr",
    "MMLU-PRO": "mmlu_pro",
}
"""Column of the board to benchmark."""
PICKED_BY = ("IFEval", "MATH Level 5")
CLOSE = 0.05
FEWEST_PAIRS = 20
QUANTILE = 0.9


def run_to_run(repeats: pd.DataFrame) -> dict[str, float]:
    """Benchmark to r90, the 90th percentile of |difference| between repeats of one model; nothing with under 20 pairs.

    Args:
        repeats: Reference table ``repeat_runs``: one row per model, ``<column> abs_diff`` as fractions.
    """
    columns = {f"{column} abs_diff": benchmark for column, benchmark in BENCHMARKS.items()}
    if repeats.empty or not set(columns) <= set(repeats.columns):
        return {}
    apart = repeats[list(columns)].astype(float)
    is_close = np.all([apart[f"{column} abs_diff"] <= CLOSE for column in PICKED_BY], axis=0)
    known = {benchmark: apart.loc[is_close, column].dropna() for column, benchmark in columns.items()}
    return {
        benchmark: float(np.quantile(values.to_numpy(), QUANTILE))
        for benchmark, values in known.items()
        if len(values) >= FEWEST_PAIRS
    }
