"""How far two evaluations of the same weights on one board lie apart: what a difference must exceed to mean anything.

The Open LLM Leaderboard v2 evaluated 78 models twice. Most pairs differ by template or rescoring rather than by chance;
the close ones are those whose IFEval and MATH scores, the two most sensitive to that, differ by at most 5 points. For
these two benchmarks themselves, which served to pick them, the figure is a lower estimate.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

BOARD: Final = "board:open-llm-leaderboard-v2"
"""``evaluator`` of the scores that the figures hold for."""
COLUMN_OF: Final = {
    "ifeval": "IFEval", "bbh": "BBH", "math_lvl5": "MATH Level 5", "gpqa": "GPQA", "musr": "MUSR", "mmlu_pro": "MMLU-PRO",
}  # fmt: skip
"""Benchmark to its column of the board."""
PICKED_BY: Final = ("ifeval", "math_lvl5")
FARTHEST: Final = 0.05
SHARE: Final = 0.90
FEWEST_PAIRS: Final = 20
MARK: Final = "smaller than this board's own run-to-run differences"
"""What is said of a difference below r90; the test keeps its verdict."""


def r90(repeats: pd.DataFrame) -> pd.Series:
    """The 90th percentile of the absolute difference between two evaluations of the same weights, by benchmark.

    Args:
        repeats: ``Frames.reference("repeat_runs")``: a row per model evaluated twice, fractions; ``<column> abs_diff``.

    Returns:
        Index ``benchmark``, fractions, linear interpolation between ranks. Empty with fewer than 20 close pairs: so few
        say nothing about a tail.

    Source:
        Definition of the project's methods; the figures stand in data/leaderboards/README.md.
    """
    columns = {name: f"{column} abs_diff" for name, column in COLUMN_OF.items()}
    if repeats.empty or not set(columns.values()) <= set(repeats.columns):
        return pd.Series(dtype=float, index=pd.Index([], name="benchmark", dtype=object), name="r90")
    differences = repeats[list(columns.values())].astype(float)
    picked = differences[[columns[name] for name in PICKED_BY]]
    # A hair of slack: the table prints four decimals, and 0.05 is no binary fraction.
    close = differences[(picked <= FARTHEST + 1e-9).all(axis=1)].dropna()
    if len(close) < FEWEST_PAIRS:
        return r90(repeats.iloc[:0])
    values = {name: float(close[column].quantile(SHARE)) for name, column in columns.items()}
    return pd.Series(values, name="r90").rename_axis("benchmark")


def r90_of(repeats: pd.DataFrame, evaluator: object) -> pd.Series:
    """``r90`` for scores of this evaluator: empty for every other than the board that the repeats come from."""
    return r90(repeats if evaluator == BOARD else repeats.iloc[:0])
