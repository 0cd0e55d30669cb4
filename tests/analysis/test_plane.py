"""The plane: who is a point, who is left out, ratios in words, lines, band and names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import optimal_lines, plane, plane_labels
from lib.stats import compute_optimal as co
from tests.analysis import frames

SCALING = Path(__file__).resolve().parents[2] / "data" / "scaling"
LAWS = pd.read_csv(SCALING / "loss_law_parameters.csv")
ALLOCATION = pd.read_csv(SCALING / "allocation_laws.csv")
DRAWS = pd.read_csv(SCALING / "refit_bootstrap_draws.csv")

MODELS = frames.models(
    [
        {"id": "llama", "name": "Llama 3 8B", "params_total": 8e9, "training_tokens": 15e12},
        {"id": "chinchilla", "params_total": 70e9, "training_tokens": 1.4e12, "open_weights": False},
        {"id": "gpt-3", "params_total": 175e9, "training_tokens": 300e9, "is_tokens_from_memory": True},
        {"id": "moe", "params_total": 47e9, "params_active": 13e9, "is_moe": True, "architecture": "moe", "training_tokens": 2e12},
        {"id": "tuned", "params_total": 8e9, "tokens_inherited": 15e12, "finetuned_from": "llama"},
        {"id": "mamba", "params_total": 3e9, "training_tokens": 3e11, "architecture": "state-space"},
        {"id": "tiny", "params_total": 1e6, "training_tokens": 1e9},
        {"id": "silent", "params_total": 8e9, "tokens_status": "undisclosed"},
        {"id": "closed", "training_tokens": 1e12},
        {"id": "guessed", "params_total": 8e9, "training_tokens": 1e12, "tokens_status": "estimated"},
        {"id": "secret"},
        {"id": "speech", "params_total": 1e9, "kind": "non-llm"},
    ]
)  # fmt: skip


def shown(models: pd.DataFrame = MODELS) -> plane.Plane:
    return plane.plane(models, laws=LAWS, draws=DRAWS)


def test_every_model_is_a_point_or_left_out_with_a_reason() -> None:
    found = shown()
    assert sorted([*found.points["model"], *found.left_out["model"]]) == sorted(MODELS.index)
    assert found.left_out.set_index("model")["reason"].to_dict() == {
        "silent": "training tokens not published",
        "closed": "size not disclosed",
        "guessed": "training tokens are an estimate by others",
        "secret": "size and training tokens not published",
        "speech": "not a language model",
    }


def test_ratio_in_words() -> None:
    text = shown().points.set_index("model")["ratio_text"]
    assert text["llama"] == "about 100 times (65 to 185) the tokens per parameter that the same compute calls for"
    assert text["chinchilla"] == "within the range of compute-optimal"
    assert text["gpt-3"] == "about 9% (6% to 16%) of the tokens per parameter that the same compute calls for"
    assert "mixtures of experts" in text["moe"]
    assert "made from another" in text["tuned"]
    assert "dense decoders" in text["mamba"]
    assert "outside" in text["tiny"]
    not_computed = shown().points.set_index("model").loc[["moe", "tuned", "mamba", "tiny"]]
    assert not_computed[["ratio_equal_compute", "ratio_low", "ratio_high", "ratio_equal_size"]].isna().all(axis=None)


def test_columns_of_a_point() -> None:
    points = shown().points.set_index("model")
    assert points.at["moe", "training_flop"] == 6 * 13e9 * 2e12
    assert points.at["tuned", "is_inherited"]
    assert points.at["tuned", "training_tokens"] == 15e12
    assert points["is_from_memory"].to_dict() == {key: key == "gpt-3" for key in points.index}
    by_active = plane.plane(MODELS, by="active").points.set_index("model")
    assert by_active.at["moe", "size"] == 13e9
    assert (by_active["ratio_text"] != "").all()


def test_scores_colour_points_and_nobody_is_dropped_for_lack_of_one() -> None:
    measured = pd.DataFrame({"model": ["llama"], "score": [0.66], "ci_low": [0.65], "ci_high": [0.67]})
    points = plane.plane(MODELS, measured).points.set_index("model")
    assert points["score"].notna().sum() == 1
    assert points.at["llama", "ci_high"] == 0.67


def test_no_laws_no_ratios() -> None:
    points = plane.plane(MODELS).points
    assert points["ratio_equal_compute"].isna().all()
    assert plane.loss_law(LAWS, "nobody") is None
    assert plane.loss_draws(DRAWS.iloc[:0]) is None


def test_nothing_at_all() -> None:
    found = shown(MODELS.iloc[:0])
    assert list(found.points.columns) == list(plane.POINT_COLUMNS)
    assert found.points.empty
    assert found.left_out.empty
    assert plane_labels.choose_labels(found.points) == []
    assert plane_labels.labelled(found.points).empty


def test_lines_follow_the_laws() -> None:
    found = optimal_lines.optimal_lines(LAWS, ALLOCATION, DRAWS, show_unrounded=True)
    assert list(found.lines["law"].unique()) == [
        "besiroglu2024_printed", "hoffmann2022_unrounded", "hoffmann2022_approach1", "hoffmann2022_approach2",
    ]  # fmt: skip
    main = found.lines[found.lines["law"] == "besiroglu2024_printed"]
    np.testing.assert_allclose(co.training_flop(main["size"], main["training_tokens"]), main["flop"])
    first = found.lines[found.lines["law"] == "hoffmann2022_approach1"]
    ratio = np.interp(np.log(1e23), np.log(first["flop"]), first["training_tokens"] / first["size"])
    assert 20 < ratio < 22
    compute = found.compute_lines
    np.testing.assert_allclose(6 * compute["size"] * compute["training_tokens"], compute["flop"])
    assert compute["label"].iloc[0] == "10¹⁸ FLOP"
    assert len(found.kaplan) == 2
    slope = np.polyfit(np.log(found.kaplan["size"]), np.log(found.kaplan["training_tokens"]), 1)[0]
    assert slope == pytest.approx(0.27 / 0.73)


def test_the_band_is_the_one_along_compute() -> None:
    """A point on an edge of the band has the percentile ratio of its own compute."""
    band = optimal_lines.optimal_lines(LAWS, ALLOCATION, DRAWS).band
    draws = plane.loss_draws(DRAWS)
    assert draws is not None
    for edge, percentile in (("low", 10.0), ("high", 90.0)):
        flop = 6 * band["size"] * band[edge]
        expected = co.optimal_ratio_percentiles(draws, flop, (percentile,))[0]
        np.testing.assert_allclose(band[edge] / band["size"], expected, rtol=2e-3)
    assert (band["low"] < band["high"]).all()


def test_lines_without_reference_tables_are_empty() -> None:
    found = optimal_lines.optimal_lines(None, None, None)
    assert found.lines.empty
    assert found.band.empty
    assert list(found.lines.columns) == ["law", "label", "flop", "size", "training_tokens"]
    assert optimal_lines.optimal_lines(LAWS.iloc[:0], ALLOCATION.iloc[:0], DRAWS.iloc[:0]).lines.empty


points = st.lists(
    st.tuples(st.floats(7, 12), st.floats(9, 13.5), st.sampled_from(["A", "B", None])), min_size=1, max_size=40
)


@settings(deadline=None, max_examples=50)
@given(points, st.randoms())
def test_names_do_not_touch_and_do_not_depend_on_order(
    given_points: list[tuple[float, float, str | None]], random: object
) -> None:
    models = frames.models(
        [{"id": f"m{i:02d}", "name": f"Model {i}", "family": f, "params_total": 10**x, "training_tokens": 10**y} for i, (x, y, f) in enumerate(given_points)]
    )  # fmt: skip
    frame = plane.plane(models).points
    chosen = plane_labels.choose_labels(frame)
    assert 1 <= len(chosen) <= 30
    assert len(set(chosen)) == len(chosen)
    order = list(range(len(frame)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert plane_labels.choose_labels(frame.iloc[order]) == chosen
    xy = dict(zip(frame["model"], plane_labels._pixels(frame), strict=True))
    width = {row.model: plane_labels.CHARACTER_PX * len(row.name) for row in frame.itertuples(index=False)}
    for a in chosen:
        for b in chosen:
            if a < b and abs(xy[a][1] - xy[b][1]) < plane_labels.LINE_PX:
                left, right = sorted((a, b), key=lambda m: xy[m][0])
                assert xy[left][0] + width[left] < xy[right][0]
    named = plane_labels.labelled(frame)
    assert named["model"].tolist()[: len(chosen)] == chosen
    assert (named["label"] != "").sum() == len(chosen)


def test_the_best_known_of_each_year_goes_before_the_much_measured_of_today() -> None:
    """Base before tuned, a remark is no part of a label, and nobody is well known for one place."""
    rows = [
        ("gpt-3", "GPT-3 175B (davinci)", 175e9, 3e11, "2020-05-28", "base", 10),
        ("old", "Old 1B (2019)", 1e9, 1e10, "2019-01-31", "base", 1),
        ("llama", "Llama 3.1 405B", 405e9, 15e12, "2024-07-23", "base", 37),
        ("llama-it", "Llama 3.1 405B Instruct", 406e9, 15e12, "2024-07-23", "chat", 41),
        ("second", "Second of 2024", 7e9, 2e12, "2024-01-31", "base", 20),
    ]
    models = frames.models(
        [
            {"id": i, "name": name, "params_total": n, "training_tokens": d, "released_on": day, "kind": kind}
            for i, name, n, d, day, kind, _ in rows
        ]
    )
    places = pd.Series({row[0]: row[-1] for row in rows})
    points = plane.plane(models).points
    chosen = plane_labels.choose_labels(points, places_measured=places)
    assert chosen == ["gpt-3", "llama", "second", "old"]
    named = plane_labels.labelled(points, places_measured=places).set_index("model")["label"]
    assert (named["gpt-3"], named["old"], named["llama-it"]) == ("GPT-3 175B", "Old 1B (2019)", "")
