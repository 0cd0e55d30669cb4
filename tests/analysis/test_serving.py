"""Estimates of serving on the shipped tables: which rows count, how far off, bands, measured values, refusals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lib.analysis import serving_errors, serving_measured, serving_rows, serving_scores, serving_table
from lib.analysis.serving_estimate import ESTIMATED, MEASURED, Ask, Estimate, estimate
from lib.analysis.serving_measured import Configuration
from lib.analysis.serving_models import Shapes, shapes_of_models
from lib.analysis.serving_rows import Measurements, read_measurements
from lib.errors import RefusedInput
from lib.sources.cost_tables import shipped_table
from lib.stats.serving_profiles import PROFILES, SERVER_2025, SINGLE

DATA = Path(__file__).resolve().parents[2] / "data"


class Tables:
    """The shipped tables, and a catalogue of three models."""

    arch = shipped_table(DATA, "model_arch").set_index("model_id")
    hardware = shipped_table(DATA, "hardware").set_index("id")
    table = shipped_table(DATA, "measured_inference")
    measurements = read_measurements(table, arch, hardware)
    models = pd.DataFrame(
        {
            "hf_id": ["meta-llama/Llama-3.1-8B", "someone/tuned", None],
            "origin": ["shipped"] * 3,
            "params_total": [8.03e9, 8.03e9, np.nan],
            "size_status": ["stated", "stated", "unknown"],
            "finetuned_from": [None, "llama-3.1-8b", None],
        },
        index=["llama-3.1-8b", "tuned-8b", "closed"],
    )
    aliases = pd.DataFrame(columns=["alias", "scope", "origin", "model_id", "kind"])
    shapes = shapes_of_models(models, aliases, arch.reset_index())


@pytest.fixture(scope="module")
def t() -> Iterator[type[Tables]]:
    yield Tables


def ask(**changes: Any) -> Estimate:
    question = Ask("llama-3.1-8b", "h100-sxm")._replace(**changes)
    return estimate(question, Tables.shapes, Tables.hardware, Tables.measurements.rows)


def test_every_measured_row_counts_or_has_its_reason(t: type[Tables]) -> None:
    found = t.measurements
    assert len(found.rows) == 818 and len(found.rows) + len(found.left_out) == len(t.table) == 871
    assert found.left_out.value_counts().to_dict() == {
        serving_rows.PREFILL_SEVERAL: 26,
        serving_rows.PIPELINE: 17,
        serving_rows.NO_RATE: 7,
        serving_rows.SUSPECT: 3,
    }
    assert found.rows["group"].value_counts().to_dict() == {
        serving_rows.SERVING_2025: 352,
        serving_rows.SERVING_2024: 152,
        serving_rows.OFFLINE: 140,
        serving_rows.SINGLE: 130,
        serving_rows.PREFILL: 18,
        serving_rows.EAGER: 17,
        serving_rows.STATIC: 9,
    }


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("model", "no-such", serving_rows.NO_MODEL),
        ("hardware", "abacus", serving_rows.NO_HARDWARE),
        ("kind", "guess", serving_rows.NO_KIND),
        ("steady_output_tok_s", 0.0, serving_rows.NO_VALUE),
        ("steady_output_tok_s", -4.0, serving_rows.NO_VALUE),
        ("osl", None, serving_rows.NO_LENGTHS),
        ("batch", None, serving_rows.NO_BATCH),
        ("bits_per_weight", 0.0, serving_rows.NO_BITS),
        ("n_gpus", 0.0, serving_rows.NO_COUNT),
        ("n_gpus", 1.5, serving_rows.NO_COUNT),
        ("pp", 3.0, serving_rows.NO_COUNT),
        ("notes", "SUSPECT", serving_rows.SUSPECT),
    ],
)
def test_a_row_that_cannot_be_used_is_named(t: type[Tables], column: str, value: Any, reason: str) -> None:
    good = t.table[t.table["row_id"] == "m0000"]
    read = read_measurements(good.astype(object).assign(**{column: value}), t.arch, t.hardware)
    assert read.rows.empty and read.left_out.tolist() == [reason]


def test_what_a_row_does_not_say_is_taken_from_its_format(t: type[Tables]) -> None:
    good = t.table[t.table["row_id"] == "m0000"].astype(object)
    blank = good.assign(bits_per_weight=None, kv_bits=None, ep=None, pp=None, tp=None)
    rows = [read_measurements(table, t.arch, t.hardware).rows for table in (good, blank)]
    rates = [serving_scores.estimated_rates(one, t.arch, t.hardware) for one in rows]
    assert rates[0] == pytest.approx(rates[1]) and len(rates[0]) == 1


DOCUMENT = {
    serving_rows.SERVING_2025: 0.15,
    serving_rows.SERVING_2024: 0.10,
    serving_rows.STATIC: 0.075,
    serving_rows.SINGLE: 0.13,
    serving_rows.OFFLINE: 0.175,
}
"""Median errors that are to be reached, by group."""


def test_errors_are_at_or_below_those_to_be_reached(t: type[Tables]) -> None:
    rows = t.measurements.rows
    scores = serving_scores.scores_by_group(rows, serving_scores.estimated_rates(rows, t.arch, t.hardware))
    assert list(scores) == list(serving_rows.GROUPS)
    assert {group: True for group, most in DOCUMENT.items() if scores[group].median <= most} == dict.fromkeys(
        DOCUMENT, True
    )
    assert scores[serving_rows.SERVING_2025].median == pytest.approx(0.1079, abs=0.0005)
    assert scores[serving_rows.SINGLE].median == pytest.approx(0.1108, abs=0.0005)
    assert scores[serving_rows.EAGER].median == pytest.approx(0.937, abs=0.001)


def test_one_overhead_for_all_ways_of_dividing_was_worse(t: type[Tables]) -> None:
    rows = t.measurements.rows[t.measurements.rows["group"] == serving_rows.SERVING_2025]
    one = PROFILES[SERVER_2025]._replace(c_tp_s=85e-6, c_ep_s=85e-6)
    estimated = serving_scores.estimated_rates(rows, t.arch, t.hardware, one)
    assert serving_scores.score(estimated, rows["rate"].to_numpy(float), rows["model"]).median == pytest.approx(0.1437, abs=0.0005)  # fmt: skip


def test_held_out_means_that_the_model_was_not_fitted_to(t: type[Tables]) -> None:
    rows = t.measurements.rows[t.measurements.rows["group"] == serving_rows.SERVING_2024]
    held_out = serving_scores.held_out_rates(rows, t.arch, t.hardware)
    found = serving_scores.score(held_out, rows["rate"].to_numpy(float), rows["model"])
    assert found.median == pytest.approx(0.106, abs=0.002) and found.n_models == 11
    assert serving_errors.LOG_DEVIATION[serving_rows.SERVING_2024] == pytest.approx(found.log_deviation, abs=0.002)
    one = (rows["model"] == "mixtral-8x22b").to_numpy(bool)
    alone = rows.assign(rate=rows["rate"].where(~one, rows["rate"] * 10))
    again = serving_scores.held_out_rates(alone, t.arch, t.hardware)
    assert again[one] == pytest.approx(held_out[one]), "a model's own rates must not reach its estimate"
    assert not np.allclose(again[~one], held_out[~one], rtol=1e-3), "the others are fitted to them"


def test_shipped_deviations_of_groups_without_a_fit(t: type[Tables]) -> None:
    rows = t.measurements.rows
    scores = serving_scores.scores_by_group(rows, serving_scores.estimated_rates(rows, t.arch, t.hardware))
    for group in (serving_rows.STATIC, serving_rows.EAGER, serving_rows.PREFILL):
        assert serving_errors.LOG_DEVIATION[group] == pytest.approx(scores[group].log_deviation, abs=0.001)
    for group in serving_scores.FITTED:
        assert serving_errors.LOG_DEVIATION[group] > scores[group].log_deviation
    assert set(serving_errors.LOG_DEVIATION) == set(serving_rows.GROUPS)


def test_scores_of_nothing_are_unknown() -> None:
    found = serving_scores.score(np.array([np.nan]), np.array([1.0]), pd.Series(["a"]))
    assert found.n_rows == 0 and math.isnan(found.median)


def test_bands_hold_four_in_five() -> None:
    band = serving_errors.lognormal(100.0, 0.2825)
    draws = 100 * np.exp(np.random.default_rng(1).normal(0, 0.2825, 200_000))
    assert np.mean((draws >= band.low) & (draws <= band.high)) == pytest.approx(0.8, abs=0.005)
    whole = serving_errors.weighted_sum(((3.0, 0.1), (1.0, 0.3)))
    rng = np.random.default_rng(2)
    parts = 3 * np.exp(rng.normal(0, 0.1, 200_000)) + np.exp(rng.normal(0, 0.3, 200_000))
    assert np.mean((parts >= whole.low) & (parts <= whole.high)) == pytest.approx(0.8, abs=0.02)
    assert math.isnan(serving_errors.weighted_sum(((math.nan, 0.1), (1.0, 0.3))).low)


def test_an_estimate_of_the_document(t: type[Tables]) -> None:
    found = ask(usd_per_gpu_hour=2.95)
    assert found.kind == ESTIMATED and found.measured is None and found.notes == ()
    assert found.nearest is not None and found.nearest.batch == pytest.approx(64, abs=8)
    values = [found.usd_input.value, found.usd_output.value, found.usd_blended.value, found.output_tokens_per_s.value]
    assert values == pytest.approx([0.0251, 0.181, 0.0641, 3976], rel=0.003)
    assert found.usd_output.low < found.usd_output.value < found.usd_output.high
    assert found.memory.weights == pytest.approx(16.06e9, rel=1e-3) and found.memory.largest_batch == 414
    assert ask().usd_output == found.usd_output, "the price of the table is the same"
    assert ask(utilisation=0.5).usd_output_all_in.value == pytest.approx(2 * found.usd_output_all_in.value)


def test_a_measured_rate_wins_and_is_named(t: type[Tables]) -> None:
    row = t.measurements.rows.query(
        "model == 'llama-3.1-8b' and hardware == 'h100-sxm' and group == 'serving-2025'"
    ).iloc[3]
    asked: dict[str, Any] = {"batch": round(row["batch"]), "input_tokens": int(row["input_tokens"]), "output_tokens": int(row["osl"])}  # fmt: skip
    found = ask(**asked)
    assert found.kind == MEASURED and found.measured is not None
    assert found.measured.row_id == row["row_id"] and found.measured.source_url.startswith("https://")
    assert found.output_tokens_per_s == (row["rate"],) * 3
    assert found.usd_output_all_in.value == pytest.approx(2.95 / (3600 * row["rate"]) * 1e6)
    assert found.usd_output_all_in.low == found.usd_output_all_in.high
    assert found.joules_per_token.value == row["energy_j_per_output_token"]
    assert found.between_tokens_s.value == pytest.approx(row["tpot_ms"] / 1e3)
    assert any("how long prompts were" in note for note in found.notes) is bool(row["is_input_assumed"])
    assert ask(**{**asked, "batch": round(row["batch"] * 1.3)}).measured != found.measured
    assert ask(**{**asked, "output_tokens": 3 * asked["output_tokens"]}).kind == ESTIMATED
    assert ask(**{**asked, "weight_format": "fp8"}).kind == ESTIMATED
    assert ask(**{**asked, "weight_format": "fp16"}).kind == MEASURED, "16 bits are 16 bits"


def test_the_nearest_measurement_is_taken(t: type[Tables]) -> None:
    row = t.measurements.rows.query("row_id == 'm0000'")
    twice = pd.concat(
        [row.assign(row_id="far", batch=row["batch"] * 1.08), row, row.assign(row_id="new", date="2024-12")]
    )
    wanted = Configuration("gemma-2-27b", "a100-40gb-sxm", "bf16", serving_rows.SERVING_2024, 4, 127.72, 200, 392.5)
    found = serving_measured.measured_rate(twice, wanted)
    assert found is not None and found.row_id == "new", "of equally near ones the latest"
    assert serving_measured.measured_rate(twice.iloc[:0], wanted) is None
    assert serving_measured.measured_rate(twice, wanted._replace(is_expert_parallel=True)) is None
    far = wanted._replace(batch=20, output_tokens=3000)
    assert serving_measured.measured_rate(twice, far) is None
    near = serving_measured.nearest_rate(twice, far)
    assert near is not None and near.row_id == "new"
    assert serving_measured.nearest_rate(twice, far._replace(hardware="b200")) is None
    told = serving_measured.differences(near, far)
    assert told == "128 at once, not 20; 392 tokens out, not 3,000"
    assert serving_measured.differences(near, wanted) == ""
    alone = far._replace(group=serving_rows.SINGLE, input_tokens=9)
    assert "tokens in" not in serving_measured.differences(near, alone)
    assert "tokens in" in serving_measured.differences(near, far._replace(input_tokens=9))


def test_one_reader_at_a_time(t: type[Tables]) -> None:
    found = ask(hardware="apple-m4", weight_format="gguf-q4_k_m", batch=1, profile=SINGLE, input_tokens=200)
    assert found.decode_tokens_per_s.value == found.output_tokens_per_s.value > 5
    assert math.isnan(found.prefill_tokens_per_s.value) and math.isnan(found.usd_output_all_in.value)
    assert any("no matrix rate" in note for note in found.notes) and found.usd_output.value > 0
    card = ask(hardware="rtx-4090", weight_format="gguf-q4_k_m", batch=1, profile=SINGLE)
    assert card.usd_output_all_in.value == pytest.approx(card.usd_output.value + card.usd_input.value)


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"model": "closed"}, "model", "no layers and widths"),
        ({"hardware": "abacus"}, "hardware", "h100-sxm"),
        ({"weight_format": "int3"}, "weight_format", "gguf-q4_k_m"),
        ({"profile": "fast"}, "profile", "server-2025"),
        ({"batch": 0}, "batch", "from 1 to"),
        ({"batch": 1000}, "batch", "at most 414 at once"),
        ({"batch": 2, "profile": SINGLE}, "batch", "one sequence at a time"),
        ({"input_tokens": -5}, "input_tokens", "input tokens"),
        ({"output_tokens": 0}, "output_tokens", "output tokens"),
        ({"n_gpus": 0}, "n_gpus", "devices"),
        ({"hardware": "rtx-3070"}, "n_gpus", "the weights do not fit"),
        ({"usd_per_gpu_hour": 0.0}, "usd_per_gpu_hour", "above 0"),
        ({"utilisation": 1.2}, "utilisation", "at most 1"),
        ({"kg_co2e_per_kwh": 369.0}, "kg_co2e_per_kwh", "kg/kWh"),
        ({"blend": (0.0, 0.0)}, "blend", "not both 0"),
        ({"bits_per_weight": 0.0}, "bits_per_weight", "bit"),
    ],
)
def test_a_question_without_an_answer_is_refused_beside_its_field(
    changes: dict[str, Any], place: str, said: str
) -> None:
    with pytest.raises(RefusedInput) as refused:
        ask(**changes)
    assert refused.value.place == place and said in str(refused.value)


def test_the_fewest_devices_are_found(t: type[Tables]) -> None:
    found = ask(model="llama-3.1-70b", n_gpus=None)
    assert found.ask.n_gpus == 4 and found.memory.weights < found.memory.usable
    with pytest.raises(RefusedInput, match="the weights do not fit"):
        ask(model="llama-3.1-70b", n_gpus=1)


def test_emissions_only_with_a_grid() -> None:
    assert math.isnan(ask().g_co2e_per_mtok.value)
    assert ask(kg_co2e_per_kwh=0.384).g_co2e_per_mtok.value == pytest.approx(ask().kwh_per_mtok.value * 384)


def test_shapes_belong_to_catalogue_models(t: type[Tables]) -> None:
    found: Shapes = t.shapes
    assert found.of_model == {"llama-3.1-8b": "llama-3.1-8b", "tuned-8b": "llama-3.1-8b"}
    assert found.inherited == {"tuned-8b"} and len(found.unresolved) == len(t.arch) - 1
    assert found.shape("tuned-8b") == found.shape("llama-3.1-8b") and found.shape("closed") is None
    assert any("from which the model was tuned" in note for note in ask(model="tuned-8b").notes)
    assert shapes_of_models(t.models, t.aliases, pd.DataFrame()).shape("llama-3.1-8b") is None


def test_many_models_at_once(t: type[Tables]) -> None:
    names = ["llama-3.1-8b", "llama-3.1-70b", "closed"]
    found = serving_table.estimates(names, Ask("", "h100-sxm"), t.shapes, t.hardware, t.measurements.rows)
    assert found.index.tolist() == names
    one = ask()
    assert found.at["llama-3.1-8b", "usd_blended_high"] == one.usd_blended.high
    assert found["reason"].str[:24].tolist() == ["", "the weights do not fit a", "no layers and widths are"]
    assert found.loc["closed"].drop(["reason", "source"]).isna().all()
    with pytest.raises(RefusedInput):
        serving_table.estimates(names, Ask("", "abacus"), t.shapes, t.hardware, t.measurements.rows)
    assert isinstance(t.measurements, Measurements)


def test_the_table_of_constants_in_the_document() -> None:
    text = (DATA.parent / "docs" / "cost-models.md").read_text(encoding="utf-8")
    for name, one in PROFILES.items():
        etas = [f"{value:.2f}" for value in (one.eta_bw, one.eta_c, one.eta_p, one.eta_link)]
        times = (one.c_layer_s, one.c_tp_s, one.c_ep_s, one.c_seq_s)
        overheads = [f"{float(np.asarray(value)) * 1e6:.0f} us" if value else "0" for value in times]
        shown = f"{name} (default)" if name == SERVER_2025 else name
        assert f"| {' | '.join([shown, *etas, *overheads])} |" in text
    for group, deviation in serving_errors.LOG_DEVIATION.items():
        assert f"| {serving_rows.GROUPS[group].words} |" in text and f"| {deviation:.3f} |" in text
