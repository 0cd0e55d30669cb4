"""Board columns: counts recovered from printed values, bounds against slow definitions, statements about the board."""

import csv
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.sources import catalogue_tasks, reference_tables
from lib.sources.contract import Candidate
from lib.stats import board_columns
from lib.stats.board_columns import MMLU_SUBJECT_SIZES, OPEN_LLM_LEADERBOARD_V2, recover_count

DATA = Path(__file__).parents[2] / "data"


def read(path: str) -> list[dict[str, str]]:
    with (DATA / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def board() -> list[dict[str, str]]:
    return read("leaderboards/open_llm_leaderboard_v2.csv")


def fits(printed: str, n: int) -> bool:
    """Some k/n rounds to the printed decimals, in exact fractions."""
    value, half = Fraction(printed), Fraction(1, 20_000)
    k = math.floor(value * n)
    return any(abs(Fraction(j, n) - value) <= half for j in (k - 1, k, k + 1, k + 2) if 0 <= j <= n)


@given(st.integers(1, 4000), st.data())
def test_a_count_that_was_printed_is_found_again(n, data):
    k = data.draw(st.integers(0, n))
    printed = round(k / n, 4)
    found = recover_count(printed, n)
    candidates = [j for j in range(n + 1) if abs(Fraction(j, n) - Fraction(str(printed))) <= Fraction(1, 20_000)]
    assert k in candidates
    if len(candidates) == 1:
        assert found == (k, n)
    else:
        assert found is None


def test_no_count_outside_of_what_is_possible():
    assert recover_count(1.2, 100) is None
    assert recover_count(-0.1, 100) is None
    assert recover_count(0.5, 0) is None
    assert recover_count(0.5, 12032) is None or recover_count(0.5, 12032).n_correct == 6016


@given(st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_nested_size_is_the_effective_size_under_explicit_weights(rings):
    sizes = [sum(rings[: i + 1]) for i in range(len(rings))]
    weights = [len(sizes) - i for i, ring in enumerate(rings) for _ in range(ring)]
    expected = sum(weights) ** 2 / sum(w * w for w in weights)
    assert board_columns.nested_size(*sizes) == pytest.approx(expected)


def test_the_three_gpqa_sets():
    assert board_columns.nested_size(198, 448, 546) == pytest.approx(493.4, abs=0.05)


@given(st.lists(st.floats(0, 1), min_size=24, max_size=24))
def test_no_set_of_sub_task_scores_exceeds_the_bbh_bound(scores):
    sizes = [250] * 21 + [187, 178, 146]
    mean = sum(scores) / 24
    stderr = math.sqrt(sum(p * (1 - p) / n for p, n in zip(scores, sizes, strict=True))) / 24
    assert stderr <= board_columns.bbh_bound(mean) * (1 + 1e-4)


@pytest.mark.parametrize(
    ("column", "n", "rows_that_fit"), [("MATH Level 5", 1324, 4569), ("GPQA", 1192, 4571), ("MUSR", 756, 185)]
)
def test_statements_about_the_board(board, column, n, rows_that_fit):
    assert len(board) == 4574
    assert sum(fits(row[column], n) for row in board) == rows_that_fit


def test_pooled_bbh_is_refuted(board):
    assert sum(fits(row["BBH"], 5761) for row in board) == 2639


def test_math_counts_are_found_in_the_same_rows(board):
    assert sum(recover_count(float(row["MATH Level 5"]), 1324) is not None for row in board) == 4569


def test_rules_agree_with_the_shipped_table():
    candidate = Candidate("columns.csv", (DATA / "leaderboards/columns.csv").read_bytes())
    rows = {row["column"]: row for row in reference_tables.SOURCE.parse(candidate).tables["reference:columns"]}
    assert set(rows) == set(OPEN_LLM_LEADERBOARD_V2)
    for column, rule in OPEN_LLM_LEADERBOARD_V2.items():
        row, p = rows[column], 0.37
        assert rule.is_bound == row["se_rule"].startswith("conservative bound")
        # For BBH the table's n is that of the rounded form of its rule.
        assert rule.stderr(p) == pytest.approx(math.sqrt(p * (1 - p) / row["n_effective"]), rel=0.005)


def test_mmlu_subjects_agree_with_the_task_catalogue():
    candidate = Candidate("tasks.csv", (DATA / "scaling/benchmark_baselines.csv").read_bytes())
    rows = {row["task"]: row for row in catalogue_tasks.SOURCE.parse(candidate).tables["tasks"]}
    assert len(MMLU_SUBJECT_SIZES) == 57
    assert sum(MMLU_SUBJECT_SIZES.values()) == rows["mmlu"]["n_items"] == 14042
    for subject, n in MMLU_SUBJECT_SIZES.items():
        assert rows[f"mmlu_{subject}"]["n_items"] == n
        assert rows[f"mmlu_{subject}"]["n_items_status"].startswith("verified")
