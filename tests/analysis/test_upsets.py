"""Families of upsets over frames, against a double loop; what filters may do; run-to-run differences; the words."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import run_to_run, upset_filters, upset_words, upsets
from lib.analysis.measurements import Measured, empty
from lib.analysis.upset_filters import Filters
from lib.schema.text import plain
from tests.analysis import frames

DATA = Path(__file__).parents[2] / "data"
BENCHMARKS = ("x", "y")
CATEGORIES = pd.Series({"x": "reasoning", "y": "knowledge"})

models = st.lists(
    st.fixed_dictionaries(
        {
            "params_total": st.sampled_from([1e9, 1e9, 2e9, 3e9, 4e9, 40e9, 50e9, math.nan]),
            "size_status": st.sampled_from(["stated", "stated", "stated", "reported", "reported", "disputed"]),
            "variant_of": st.sampled_from([None, None, None, None, None, None, "m0"]),
            "finetuned_from": st.sampled_from([None, None, "m0", "m1", "elsewhere"]),
            "family": st.sampled_from(["F", "G", None]),
            "kind": st.sampled_from(["base", "chat", "code"]),
            "released_on": st.sampled_from(["2022-05-01", "2024-01-31", None]),
            "name": st.sampled_from(["Alpha", "beta"]),
        }
    ),
    min_size=4,
    max_size=8,
)
cells = st.one_of(
    st.tuples(st.sampled_from([0.45, 0.5, 0.55, 0.57, 0.58]), st.just(0.03)),
    st.tuples(st.integers(0, 40), st.sampled_from([40, 400])),
    st.tuples(st.sampled_from([0.2, 0.5, 0.55, 0.9]), st.sampled_from([0.01, 0.02, 0.03])),
    st.sampled_from([None, (0.9, 0.0), (0.5, math.nan)]),
)
boards = models.flatmap(
    lambda given: st.tuples(
        st.just(given), st.lists(st.tuples(cells, cells), min_size=len(given), max_size=len(given)), st.booleans()
    )
)


def crowded(seed: int) -> tuple:
    """A board of eight models with nearly every cell filled: hypothesis likes them small, and small families hold little."""
    rng = np.random.default_rng(seed)

    def one(*options: object) -> object:
        return options[rng.integers(len(options))]

    given = [
        {
            "params_total": one(1e9, 1e9, 2e9, 3e9, 4e9, 40e9), "size_status": one(*["stated"] * 9, "disputed"),
            "variant_of": one(*[None] * 9, "m0"), "finetuned_from": one(None, "m0", "m1"), "family": one("F", "G", "H"),
            "kind": one("base", "chat"), "released_on": one("2022-05-01", "2024-01-31", None), "name": one("Alpha", "beta"),
        }
        for _ in range(8)
    ]  # fmt: skip
    middle = [(one(0.45, 0.5, 0.52, 0.55, 0.57, 0.58), 0.03) for _ in range(16)]
    return given, [(middle[i], None if one(1, 2, 3, 4) == 1 else middle[i + 8]) for i in range(8)], False


boards = st.one_of(boards, st.integers(0, 2**32 - 1).map(crowded))


def stage(board: tuple) -> tuple[Measured, pd.DataFrame]:
    """Measurements and models of a made-up board; on y low may be good."""
    given, scores, is_low_good = board
    rows = []
    for i, own in enumerate(scores):
        for benchmark, cell in zip(BENCHMARKS, own, strict=True):
            if cell is None:
                continue
            is_count = isinstance(cell[0], int)
            p = cell[0] / 40 if is_count else cell[0]
            n = cell[1] if is_count else math.nan
            rows.append(
                {
                    "model": f"m{i}",
                    "benchmark": benchmark,
                    "score": p,
                    "stderr": math.sqrt(p * (1 - p) / (n - 1)) if is_count else cell[1],
                    "n_samples": n,
                    "n_correct": p * n,
                    "higher_is_better": not (benchmark == "y" and is_low_good and not is_count),
                    "run": f"{i:012x}",
                    "cautions": "",
                    "also_in": 0,
                }
            )
    measured = pd.concat([empty(), pd.DataFrame(rows, columns=list(rows[0]))]) if rows else empty()
    measured = measured.reset_index(drop=True).astype({"higher_is_better": "boolean", "also_in": int})
    return Measured(measured, {}, BENCHMARKS), frames.models([{"id": f"m{i}", **one} for i, one in enumerate(given)])


def slowly(board: tuple, ratio: float) -> list[dict]:
    """Every eligible test, a dictionary each, with p and q by their definitions."""
    measured, known = stage(board)
    facts = {str(k): v for k, v in known.to_dict("index").items()}
    rows = {(r["model"], r["benchmark"]): r for r in measured.rows.to_dict("records")}
    fits = [
        m
        for m, f in facts.items()
        if f["params_total"] > 0 and f["size_status"] != "disputed" and not isinstance(f["variant_of"], str)
    ]
    tests = []
    for benchmark in BENCHMARKS:
        own = {m: rows[m, benchmark] for m in fits if (m, benchmark) in rows}
        has_few = any(r["n_samples"] < 300 and r["stderr"] > 0 for r in own.values())
        for small, a in own.items():
            for large, b in own.items():
                if not facts[large]["params_total"] >= ratio * facts[small]["params_total"]:
                    continue
                if not (a["stderr"] > 0 and b["stderr"] > 0):
                    continue
                if has_few and (math.isnan(a["n_samples"]) or math.isnan(b["n_samples"])):
                    continue
                s, t = ((r["score"] if r["higher_is_better"] else -r["score"]) for r in (a, b))
                spread = math.sqrt(a["stderr"] ** 2 + b["stderr"] ** 2)
                if a["n_samples"] < 300 or b["n_samples"] < 300:
                    pooled = (a["n_correct"] + b["n_correct"]) / (a["n_samples"] + b["n_samples"])
                    spread = math.sqrt(pooled * (1 - pooled) * (1 / a["n_samples"] + 1 / b["n_samples"]))
                tests.append(
                    {
                        "key": (small, large, benchmark),
                        "delta": s - t,
                        "p": math.erfc((s - t) / spread / math.sqrt(2)) / 2,
                    }
                )
    for test in tests:
        above = [other["p"] for other in tests if other["p"] >= test["p"]]
        rank = {p: sum(other["p"] <= p for other in tests) for p in above}
        test["q"] = min(1.0, *(len(tests) * p / rank[p] for p in above))
    return tests


@settings(max_examples=150)
@given(boards, st.sampled_from(upsets.RATIOS))
def test_a_family_is_that_of_a_double_loop(board: tuple, ratio: float) -> None:
    measured, known = stage(board)
    found = upsets.families(upsets.cells(measured, known))[ratio]
    tests = slowly(board, ratio)
    wins = {test["key"]: test for test in tests if test["delta"] > 1e-12}
    assert (found.n_tests, found.n_wins) == (len(tests), len(wins))
    listed = upsets.rows(found, np.arange(len(found.z)))
    rows = {(r["small"], r["large"], r["benchmark"]): r for r in listed.to_dict("records")}
    assert set(rows) == set(wins)
    for key, row in rows.items():
        slow = wins[key]
        assert math.isclose(row["delta"], slow["delta"], abs_tol=1e-12)
        assert math.isclose(row["p"], slow["p"], rel_tol=1e-6, abs_tol=1e-12)
        if slow["p"] <= 0.5 and slow["q"] <= 0.05 - 1e-9:
            assert math.isclose(row["q"], slow["q"], rel_tol=1e-6, abs_tol=1e-12)
        if abs(slow["q"] - 0.05) > 1e-9:
            assert row["holds"] == (slow["q"] <= 0.05)
            # With a discovery the bound says exactly what the verdict says.
            assert not found.n_holds or (row["delta_low"] > 0) == row["holds"]
        assert row["q_any"] >= row["q"] - 1e-15
        assert row["run_small"] == f"{int(row['small'][1:]):012x}"
    behind = {(f"m{i}", f"m{j}", BENCHMARKS[t]) for i, j, t in _behind(found)}
    assert behind == {test["key"] for test in tests if test["delta"] <= 1e-12}


def _behind(found: upsets.Family) -> list[tuple[int, int, int]]:
    ids = [int(one[1:]) for one in found.cells.models.index]
    return [(ids[i], ids[j], int(t)) for i, j, t in zip(*found.behind, strict=True)]


@settings(max_examples=80)
@given(
    boards,
    st.builds(
        Filters,
        families=st.sampled_from([("F",), ("G",), ("F", "G"), (), ("Z",)]),
        years=st.sampled_from([None, None, None, (2022, 2022), (2023, 2025)]),
        tuning=st.sampled_from(["", "", "nonsense", "base-base", "tuned-base"]),
        categories=st.sampled_from([(), (), ("reasoning",)]),
        size_classes=st.sampled_from([(), (), (), ("bantam",), ("feather", "middle")]),
        search=st.sampled_from(["", "", "", "ALPHA", "m1", "<b>"]),
    ),
)
def test_filters_hide_rows_and_change_nothing_else(board: tuple, filters: Filters) -> None:
    measured, known = stage(board)
    found = upsets.family(upsets.cells(measured, known))
    seen = upset_filters.seen(found, filters, CATEGORIES)
    everything = upsets.rows(found, np.arange(len(found.z)))
    facts = found.cells.models.to_dict("index")

    def passes(row: dict) -> bool:
        a, b = facts[row["small"]], facts[row["large"]]
        names = f"{a['name']}\n{row['small']}", f"{b['name']}\n{row['large']}"
        year = a["released_on"].year if pd.notna(a["released_on"]) else -1
        classes = {"bantam": (1e9, 3e9), "feather": (3e9, 8e9), "middle": (15e9, 40e9)}
        return all(
            (
                not filters.families or a["base_family"] in filters.families or b["base_family"] in filters.families,
                filters.years is None or filters.years[0] <= year <= filters.years[1],
                filters.tuning not in upset_filters.TUNING
                or (a["tuning"], b["tuning"]) == upset_filters.TUNING[filters.tuning],
                not filters.categories or CATEGORIES[row["benchmark"]] in filters.categories,
                not filters.size_classes
                or any(classes[one][0] <= a["size"] < classes[one][1] for one in filters.size_classes),
                any(filters.search.casefold() in one.casefold() for one in names),
            )
        )

    wanted = [i for i, row in enumerate(everything.to_dict("records")) if passes(row)]
    assert [*seen.holds, *seen.leads] == wanted
    assert all(i < found.n_holds for i in seen.holds) and all(i >= found.n_holds for i in seen.leads)
    about = upset_filters.sides(found, seen.holds)
    rows = everything.iloc[seen.holds]
    families = found.cells.models["base_family"]
    for side, counted in (("small", about[:3]), ("large", about[3:])):
        ids = set(rows[side])
        known_families = [families[one] for one in ids if families[one]]
        assert counted == (len(ids), len(set(known_families)), len(ids) - len(known_families))
    for order, column in (("lead", "delta_low"), ("ratio", "size_ratio")):
        first = upset_filters.first_of(found, seen.leads, order, 3)
        values = everything[column].to_numpy()
        assert sorted(values[seen.leads], reverse=True)[:3] == pytest.approx(list(values[first]))
    assert str(found.n_tests) in plain(upset_words.takeaway(found, seen, filters)) or not found.n_tests


def test_what_is_not_eligible_is_counted_and_not_tested() -> None:
    known = frames.models(
        [
            {"id": "a", "params_total": 1e9, "finetuned_from": "z", "family": "Own"},
            {"id": "z", "params_total": 1e9, "family": "Root"},
            {"id": "b", "params_total": 7e9, "size_status": "disputed"},
            {"id": "c", "params_total": 7e9, "variant_of": "d"},
            {"id": "d", "params_total": 7e9, "finetuned_from": "nowhere", "family": "Own"},
            {"id": "n", "params_total": math.nan},
            {"id": "org/copy", "params_total": 7e9, "origin": "community"},
        ]
    )
    three = ("x", "y", "z")
    rows = [
        {"model": m, "benchmark": b, "score": 0.5, "stderr": 0.01, "higher_is_better": True, "run": "r", "also_in": 1 * (m == "a"), "cautions": ""}
        for m in known.index
        for b in three
    ]  # fmt: skip
    rows[0]["higher_is_better"] = None
    measured = pd.concat([empty(), pd.DataFrame(rows)], ignore_index=True)
    measured = measured.astype({"higher_is_better": "boolean", "also_in": int})
    of = upsets.cells(Measured(measured, {"community model": 5}, three), known)
    assert list(of.models.index) == ["a", "d", "z"]
    assert of.excluded == {
        "scores of community models": 5,
        "scores where nobody knows whether high is good": 1,
        "models of unknown size": 1,
        "models of disputed size": 1,
        "quantised or converted weights": 1,
        "scores that repeat another of the same weights": 2,
        "models with size and scores of another, taken for the same weights": 1,
    }
    assert dict(of.models["base_family"]) == {"a": "Root", "d": "Own", "z": "Root"}
    assert dict(of.models["tuning"]) == {"a": "base", "d": "base", "z": "base"}


def test_lineage_that_runs_in_a_circle_ends() -> None:
    known = frames.models([{"id": "a", "finetuned_from": "b", "family": ""}, {"id": "b", "finetuned_from": "a", "family": "B"}])  # fmt: skip
    assert dict(upsets.base_families(known)) == {"a": "B", "b": "B"}


def test_run_to_run_differences_of_the_board() -> None:
    with (DATA / "leaderboards/repeat_runs.csv").open(newline="", encoding="utf-8") as lines:
        table = pd.DataFrame(list(csv.DictReader(lines)))
    numbers = table.drop(columns="model_id").astype(float)
    found = run_to_run.r90(numbers)
    # As the README of the data says, computed there by other means.
    assert {k: round(v, 4) for k, v in found.items()} == {
        "ifeval": 0.0187, "bbh": 0.0044, "math_lvl5": 0.0294, "gpqa": 0.0114, "musr": 0.0187, "mmlu_pro": 0.0041,
    }  # fmt: skip
    close = sorted(r["BBH abs_diff"] for r in numbers.to_dict("records") if r["IFEval abs_diff"] <= 0.05 and r["MATH Level 5 abs_diff"] <= 0.05)  # fmt: skip
    assert len(close) == 45
    place = 0.9 * (len(close) - 1)
    slow = close[int(place)] + (place - int(place)) * (close[int(place) + 1] - close[int(place)])
    assert found["bbh"] == pytest.approx(slow)
    assert run_to_run.r90(numbers.head(20)).empty and run_to_run.r90(pd.DataFrame()).empty
    assert run_to_run.r90_of(numbers, run_to_run.BOARD).equals(found)
    assert run_to_run.r90_of(numbers, "lm-eval 0.4").empty


def test_a_small_difference_is_marked_and_stays() -> None:
    board = ([{"params_total": s, "size_status": "stated"} for s in (1e9, 9e9)], [((0.55), None)] * 2, False)
    given, _, _ = board
    measured, known = stage((given, [((0.505, 0.0001), None), ((0.5, 0.0001), None)], False))
    found = upsets.family(upsets.cells(measured, known))
    usual = pd.Series({"x": 0.01})
    assert upsets.rows(found, np.arange(1), r90=usual)["is_below_r90"].tolist() == [True]
    assert upsets.rows(found, np.arange(1), r90=usual / 10)["is_below_r90"].tolist() == [False]
    assert upsets.rows(found, np.arange(1))["holds"].tolist() == [True]


def test_words_claim_no_more_than_was_shown() -> None:
    measured, known = stage(
        (
            [{"params_total": s, "size_status": "stated"} for s in (1e9, 9e9, 30e9)],
            [((0.9, 0.01), None), ((0.5, 0.01), None), ((0.892, 0.01), None)],
            False,
        )
    )
    found = upsets.family(upsets.cells(measured, known))
    seen = upset_filters.seen(found, Filters(), CATEGORIES)
    told = plain(upset_words.takeaway(found, seen, Filters()))
    assert told == (
        "Of 3 comparisons with a model at least twice as large, the smaller one's lead holds at 5% false discoveries in 1 "
        "(33%). In another 1 it leads, and that is not shown."
    )
    counted = upset_words.counts(found, upset_filters.sides(found, seen.holds), len(seen.holds))
    assert "1 pair on a benchmark: 1 small model" in counted
    for forbidden in ("equal", "noise", "artefact", " tie", "as good as", "significant", "same"):
        assert forbidden not in (told + counted + upset_words.READ + upset_words.LEADS).lower()
    nobody = upsets.family(upsets.cells(Measured(empty(), {}, BENCHMARKS), known))
    assert "No two models of known size" in plain(upset_words.takeaway(nobody, upset_filters.seen(nobody, Filters(), CATEGORIES), Filters()))  # fmt: skip
