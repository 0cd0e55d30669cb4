"""Verdicts of two sides against the rules read slowly, what may not be compared, and the words for it."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from lib.analysis import configuration, head_to_head, head_to_head_match, head_to_head_words, price_ratio, run_to_run
from lib.analysis import head_to_head_evidence as evidence
from lib.schema.text import plain
from tests.analysis import frames

NORMAL = NormalDist()
DATA = Path(__file__).parents[2] / "data"
FORBIDDEN = ("equal", "same as", "tie", "as good as", "noise", "significant")
NAMES = [f"t{i}" for i in range(6)]
CATALOGUE = frames.benchmarks({name: name.upper() for name in NAMES}).assign(part_of="", n_items=1000.0)


def results(rows: list[dict[str, Any]], model: str) -> pd.DataFrame:
    """One side's results; each row names its task."""
    return frames.scores([{"task": row["benchmark"], "model": model, **row} for row in rows]).assign(model_kind="base")


def found(a: list[dict[str, Any]], b: list[dict[str, Any]], logs: Any = (), read: Any = None, **more: Any) -> Any:
    """The head to head of two hand-made sides under the first way of measuring."""
    of = head_to_head_match.matches(
        results(a, "a"), results(b, "b").assign(run_id=lambda x: x["run_id"] + 100), CATALOGUE, logs, each="benchmark"
    )
    shown = next(iter(of.of.values()), [])
    return head_to_head.head_to_head(shown, CATALOGUE, read=read, **more)


def counts(name: str, k: int, n: int, **more: Any) -> dict[str, Any]:
    return {"benchmark": name, "score": k / n, "n_correct": k, "n_samples": n, **more}


def errors(name: str, score: float, stderr: float, **more: Any) -> dict[str, Any]:
    return {"benchmark": name, "score": score, "stderr": stderr, "n_samples": 1000, **more}


side = st.one_of(
    st.tuples(st.just("counts"), st.integers(1, 399), st.just(400), st.integers(1, 399)),
    st.tuples(st.just("counts"), st.integers(0, 120), st.just(120), st.integers(0, 120)),
    st.tuples(st.just("errors"), st.floats(0.1, 0.9), st.floats(0.001, 0.04), st.floats(0.1, 0.9)),
    st.tuples(st.just("errors"), st.just(0.5), st.just(math.nan), st.just(0.6)),
)


def slowly(tasks: list[Any], is_higher: list[bool], margin: float) -> list[str]:
    """The rules, task by task: a test, Holm from the smallest p on, then what could have been seen."""
    tests: list[tuple[float, int, float, float]] = []
    for i, (kind, x, y, z) in enumerate(tasks):
        if kind == "counts":
            p_a, p_b, n = x / y, z / y, y
            se = math.sqrt((p_a * (1 - p_a) + p_b * (1 - p_b)) / (n - 1))
            pooled = (x + z) / (2 * n)
            spread = math.sqrt(pooled * (1 - pooled) * 2 / n)
            value = (abs(p_a - p_b) / spread if spread > 0 else 0.0) if n < 300 or se == 0 else abs(p_a - p_b) / se
            d = p_a - p_b
        else:
            d, se = x - z, y * math.sqrt(2)
            if math.isnan(se):
                continue
            value = abs(d) / se
        tests.append((2 * NORMAL.cdf(-value), i, d, se))
    words = [""] * len(tasks)
    open_, is_going = len(tests), True
    for p, i, d, se in sorted(tests):
        is_going = is_going and p * open_ <= 0.05
        open_ -= 1
        if is_going:
            words[i] = "A better" if (d > 0) == is_higher[i] else "B better"
        elif not 0 < 2.801585218 * se <= max(margin, 0.05):
            words[i] = "too few data"
        else:
            words[i] = "no difference shown"
    return words


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(side, st.booleans()), min_size=1, max_size=6), st.sampled_from([0.01, 0.02, 0.08]))
def test_verdicts_are_those_of_the_rules(drawn: list[Any], margin: float) -> None:
    a, b = [], []
    for name, ((kind, x, y, z), is_higher) in zip(NAMES, drawn, strict=False):
        more = {"higher_is_better": is_higher}
        a.append(counts(name, x, y, **more) if kind == "counts" else errors(name, x, y, **more))
        b.append(counts(name, z, y, **more) if kind == "counts" else errors(name, z, y, **more))
    got = found(a, b, margin=margin)
    wanted = dict(zip(NAMES, slowly([one for one, _ in drawn], [up for _, up in drawn], margin), strict=False))
    verdicts = dict(zip(got.tasks["benchmark"], got.tasks["verdict"], strict=True))
    # A p-value at the edge may fall on either side of 0.05 by rounding.
    near = {n for n, p in zip(got.tasks["benchmark"], got.tasks["p_holm"], strict=True) if abs(p - 0.05) < 1e-9}
    assert {n: v for n, v in verdicts.items() if n not in near} == {n: v for n, v in wanted.items() if n not in near}
    tested = got.tasks["p"].notna()
    assert (got.tasks["why_none"][~tested] == head_to_head.NO_ERROR).all()


def log(values: list[float], base: int = 0) -> pa.Table:
    """A log of as many questions, alike in both runs."""
    hashed = [[hashlib.sha256(f"{what} {i + base}".encode()).hexdigest() for i in range(len(values))] for what in "dpt"]
    return pa.table(
        {
            "sample_id": pa.array(range(len(values)), pa.int64()), "filter": ["none"] * len(values),
            "doc_hash": hashed[0], "prompt_hash": hashed[1], "target_hash": hashed[2],
            "metric:acc": pa.array(values, pa.float64()),
        }
    )  # fmt: skip


def with_logs(values_a: list[float], values_b: list[float], n: int | None = None, **more: Any) -> Any:
    n = n or len(values_a)
    a = [counts("t0", round(sum(values_a) / len(values_a) * n), n)]
    b = [counts("t0", round(sum(values_b) / len(values_b) * n), n)]
    logs = [(0, "t0"), (100, "t0")]
    return found(a, b, logs, lambda one, other, columns: (log(values_a), log(values_b)), **more)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(0, 60), st.integers(0, 60), st.integers(1, 200))
def test_stored_answers_decide(both: int, only_a: int, only_b: int, neither: int) -> None:
    values_a = [1.0] * (both + only_a) + [0.0] * (only_b + neither)
    values_b = [1.0] * both + [0.0] * only_a + [1.0] * only_b + [0.0] * neither
    row = with_logs(values_a, values_b).tasks.iloc[0]
    assert (row["only_a"], row["only_b"], row["n_both"]) == (only_a, only_b, len(values_a))
    m, k = only_a + only_b, min(only_a, only_b)
    exact = 1.0 if m == 0 else float(binomtest(k, m).pvalue)
    at = math.comb(m, k) / 2**m
    # mid-p: the exact two-sided p without the point itself; at the middle of the distribution half of it.
    mid = 1 - at / 2 if only_a == only_b else exact - at
    assert row["p"] == pytest.approx(mid, abs=1e-9)
    assert row["method"] == evidence.PAIRED_COUNTS
    n = len(values_a)
    share = m / n
    if m >= 10:
        assert row["items_needed"] == pytest.approx((1.959964 + 0.841621) ** 2 * share / 0.02**2, rel=1e-5)
    se = math.sqrt((m - (only_a - only_b) ** 2 / n) / (n * (n - 1))) if n > 1 else math.nan
    if m < 10:
        assert row["verdict"] == "too few data"
    elif mid <= 0.05:
        assert row["verdict"] == ("A better" if only_a > only_b else "B better")
    else:
        assert row["verdict"] == ("no difference shown" if 2.801585 * se <= 0.05 else "too few data")


def test_answers_to_a_few_of_the_questions_do_not_decide() -> None:
    row = with_logs([1.0, 0.0, 1.0, 0.0] * 10, [0.0, 1.0, 1.0, 0.0] * 10, n=400).tasks.iloc[0]
    assert row["method"] == evidence.WALD
    assert math.isnan(row["n_both"]) and "40 questions only" in row["pairing"]


def test_logs_of_other_questions_are_refused_and_said() -> None:
    a, b = [counts("t0", 5, 20)], [counts("t0", 9, 20)]
    read = lambda one, other, columns: (log([1.0] * 20), log([0.0] * 20, base=500))  # noqa: E731
    row = found(a, b, [(0, "t0"), (100, "t0")], read).tasks.iloc[0]
    assert row["method"] == evidence.POOLED and "cannot be paired" in row["pairing"]


def test_what_may_not_be_compared_is_no_test_and_shows_no_difference() -> None:
    a = [counts("t0", 300, 400), counts("t1", 300, 400, n_shot=0)]
    b = [counts("t0", 200, 400), counts("t1", 100, 400)]
    of = head_to_head_match.matches(results(a, "a"), results(b, "b"), CATALOGUE, (), each="task")
    (shown,) = of.of.values()
    got = head_to_head.head_to_head(shown, CATALOGUE).tasks.set_index("benchmark")
    assert got.at["t0", "verdict"] == "A better" and got.at["t0", "p_holm"] == got.at["t0", "p"]
    assert got.at["t1", "verdict"] == "" and math.isnan(got.at["t1", "p"]) and math.isnan(got.at["t1", "delta"])
    assert "different number of examples" in got.at["t1", "why_none"]
    # Models: counted, and not among the rows while there is something that may be compared.
    models = head_to_head_match.matches(results(a, "a"), results(b, "b"), CATALOGUE, (), each="benchmark")
    assert [len(one) for one in models.of.values()] == [1] and models.never == ["t1"]
    alone = head_to_head_match.matches(results(a[1:], "a"), results(b[1:], "b"), CATALOGUE, (), each="benchmark")
    assert list(alone.of) == [head_to_head_match.NEVER]


def test_an_unknown_direction_has_no_better_side() -> None:
    more = {"metric": "something", "higher_is_better": None}
    got = found([counts("t0", 300, 400, **more)], [counts("t0", 100, 400, **more)])
    assert got.tasks["verdict"].tolist() == [head_to_head.DIFFER]
    assert got.overall.verdict == "" and not got.is_used.any()
    told = plain(head_to_head_words.takeaway(got, "A", "B", ["T0"]))
    assert "nobody says which way is better" in told


def test_a_loss_has_no_margin_in_points() -> None:
    more = {"metric": "word_perplexity", "higher_is_better": False}
    got = found([errors("t0", 0.9, 0.01, **more)], [errors("t0", 0.5, 0.01, **more)])
    assert got.tasks["verdict"].tolist() == [""] and got.tasks["why_none"].tolist() == [head_to_head.OWN_UNIT]


def test_the_usual_metric_goes_first_and_parts_of_a_group_do_not_count_twice() -> None:
    def rows(k: int) -> list[dict[str, Any]]:
        part = counts("t2", k, 400, parent="t1")
        return [counts("t0", k, 400), counts("t0", k, 400, metric="acc_norm"), counts("t1", k, 400), part]

    of = head_to_head_match.matches(results(rows(300), "a"), results(rows(200), "b"), CATALOGUE, (), each="task")
    (shown,) = of.of.values()
    assert [(one.a["benchmark"], one.a["metric"]) for one in shown] == [("t0", "acc"), ("t1", "acc")]
    asked = head_to_head_match.matches(results(rows(300), "a"), results(rows(200), "b"), CATALOGUE, (), each="task", tasks=["t2"])  # fmt: skip
    assert [one.a["benchmark"] for one in next(iter(asked.of.values()))] == ["t2"]


def test_conservative_only_with_hash_and_number_of_questions() -> None:
    alike = {"task_hash": "abc", "task_version": None}
    for more, words in (
        (alike, head_to_head.CONSERVATIVE),
        ({"task_hash": None}, head_to_head.IGNORES),
    ):
        got = found([counts("t0", 250, 400, **more)], [counts("t0", 240, 400, **more)])
        assert got.tasks["pairing"].tolist() == [words]


def test_a_difference_below_that_of_repeated_runs_is_marked_and_keeps_its_verdict() -> None:
    board = {"evaluator": run_to_run.BOARD}
    a, b = [errors("t0", 0.52, 0.001, **board), errors("t1", 0.6, 0.001, **board)], [errors("t0", 0.51, 0.001, **board), errors("t1", 0.5, 0.001, **board)]  # fmt: skip
    got = found(a, b, run_to_run={"t0": 0.02, "t1": 0.02}).tasks.set_index("benchmark")
    assert got["is_below_run_to_run"].to_dict() == {"t0": True, "t1": False}
    assert set(got["verdict"]) == {"A better"}
    elsewhere = found([errors("t0", 0.52, 0.001)], [errors("t0", 0.51, 0.001)], run_to_run={"t0": 0.02})
    assert not elsewhere.tasks["is_below_run_to_run"].any()


def test_run_to_run_of_the_real_table() -> None:
    """The figures that the table's own note prints, for the 45 close pairs."""
    table = pd.read_csv(DATA / "leaderboards/repeat_runs.csv")
    got = run_to_run.r90(table)
    printed = {"ifeval": 0.0187, "bbh": 0.0044, "math_lvl5": 0.0294, "gpqa": 0.0114, "musr": 0.0187, "mmlu_pro": 0.0041}
    assert {name: round(value, 4) for name, value in got.items()} == printed
    assert run_to_run.r90(table.head(19)).empty
    assert run_to_run.r90(pd.DataFrame()).empty


@pytest.mark.parametrize(
    ("k_a", "k_b", "n", "words"),
    [
        (700, 690, 1000, "do not tell them apart"),
        (70, 60, 100, "do not tell them apart"),
        (800, 600, 1000, "Yes: A 7B is better"),
        (600, 800, 1000, "No, the other way round: B 70B is better"),
    ],
)
def test_one_task_is_told_plainly(k_a: int, k_b: int, n: int, words: str) -> None:
    got = found([counts("t0", k_a, n)], [counts("t0", k_b, n)])
    told = plain(head_to_head_words.takeaway(got, "A 7B", "B 70B", ["MMLU"]))
    assert words in told and "MMLU" in told
    assert not [one for one in FORBIDDEN if one in told.casefold()]
    if "apart" in words:
        # What it could have seen, and how many questions would tell.
        assert "could have seen" in told and "To see 2 points takes about" in told and "questions" in told


def test_several_tasks_are_told_plainly() -> None:
    a = [counts("t0", 800, 1000), counts("t1", 700, 1000), counts("t2", 300, 1000)]
    b = [counts("t0", 600, 1000), counts("t1", 690, 1000), counts("t2", 500, 1000)]
    told = {
        "mixed": plain(head_to_head_words.takeaway(found(a, b), "A", "B", ["T0", "T1", "T2"])),
        "one way": plain(head_to_head_words.takeaway(found(a[:2], b[:2]), "A", "B", ["T0", "T1"])),
        "nothing": plain(head_to_head_words.takeaway(found([*a[1:2], counts("t3", 500, 1000)], [*b[1:2], counts("t3", 495, 1000)]), "A", "B", ["T1", "T3"])),
    }  # fmt: skip
    assert told["mixed"].startswith("It depends on the task: A is better on") and "B on T2" in told["mixed"]
    assert told["one way"].startswith("Yes, on 1 of 2 tasks A is better: T0")
    assert "On T1 the data do not tell them apart" in told["one way"] and "questions" in told["one way"]
    assert told["nothing"].startswith("The data do not tell A and B apart") and "questions" in told["nothing"]
    for text in told.values():
        assert not [one for one in FORBIDDEN if one in text.casefold()]


def test_one_task_alone_does_not_hide_behind_the_mean() -> None:
    a = [counts("t0", 540, 1000), *(counts(f"t{i}", 70, 104) for i in (1, 2, 3))]
    b = [counts("t0", 460, 1000), *(counts(f"t{i}", 70, 104) for i in (1, 2, 3))]
    got = found(a, b)
    assert got.overall.verdict in ("no difference shown", "too few data")
    told = plain(head_to_head_words.takeaway(got, "A", "B", [f"T{i}" for i in range(4)]))
    # The table's order is that of the matches: by name.
    assert told.startswith("Over 4 tasks together the data do not tell A and B apart. On T0 alone, A is better.")


def test_scores_without_errors_and_nothing_shared() -> None:
    got = found([{"benchmark": "t0", "score": 0.5}], [{"benchmark": "t0", "score": 0.7}])
    assert plain(head_to_head_words.takeaway(got, "A", "B", ["T0"])).startswith("No verdict")
    none = head_to_head.head_to_head([], CATALOGUE)
    assert none.overall.verdict == "" and "share no benchmark" in plain(head_to_head_words.takeaway(none, "A", "B", []))


@given(st.floats(1e-4, 1e5))
def test_questions_needed_are_never_rounded_down(n: float) -> None:
    shown = head_to_head_words.rounded_up(n)
    assert n <= shown <= max(n * 1.1 + 1, 2)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1 / 9, "a ninth of the parameters"), (0.5, "half of the parameters"), (0.53, "about half of the parameters"),
        (0.7, "0.7 times the parameters"), (1.0, "about as many parameters"), (2.7, "2.7 times the parameters"),
        (1 / 40, "1/40 of the parameters"),
    ],
)  # fmt: skip
def test_ratios_in_words(ratio: float, words: str) -> None:
    assert head_to_head_words.ratio_words(ratio, "parameters") == words


def test_unknown_ratios_are_left_out() -> None:
    assert head_to_head_words.ratios("A", "B", np.nan, np.nan, np.nan, size_words="parameters") == ()
    told = plain(head_to_head_words.ratios("A", "B", 0.1, np.nan, 0.2, size_words="parameters"))
    assert told == "Against B, A has a tenth of the parameters, costs a fifth of the list price per token."


def test_price_is_the_median_of_hosts_that_list_it_now() -> None:
    rows = [("x", 1.0, 1.0, None), ("x", 9.0, 9.0, None), ("y", 2.0, 2.0, None), ("z", 4.0, 4.0, None), ("w", 0.1, 0.1, "2025-01-01")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["provider", "input_usd_per_mtok", "output_usd_per_mtok", "valid_to"])
    table = table.assign(
        api_name=[str(n) for n in range(5)], valid_from=None, last_seen="2026-11-21", is_stale_risk=False
    )
    assert price_ratio.listed_today(table, "2026-11-21") == 4.0
    assert math.isnan(price_ratio.listed_today(table.head(0), "2026-11-21"))


def test_configuration_says_what_differs_is_silent_or_agrees() -> None:
    one, other = (frames.scores([row]).to_dict("records")[0] for row in ({"backend": "vllm"}, {"seeds": "1"}))
    got = configuration.configuration([(one, other)])
    states = dict(zip(got.rows["field"], got.rows["state"], strict=True))
    assert states["Back-end"] == "different" and states["Few-shot seeds"] == "stated by one only"
    assert states["Evaluator"] == "equal" and "Harness commit" in got.silent
    assert got.rows["state"].iloc[0] == "different"
    assert plain(got.told).startswith("Different: back-end.")
