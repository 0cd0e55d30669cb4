"""Fine-tuning plans: what is divided and what is not, what fits, dollars, and shapes of their own kind."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import tune_plan
from lib.analysis.devices import TrainingDevice
from lib.analysis.tune_plan import TuneAsk
from lib.stats.architecture import Architecture

LLAMA_2_7B = Architecture(32, 4096, 32, 32, 128, 11008, 32000)
MIXTRAL = Architecture(
    32, 4096, 32, 8, 128, 0, 32000, n_experts=8, experts_per_token=2, moe_d_ff=14336, n_moe_layers=32
)
RTX_4090 = TrainingDevice("rtx-4090", "RTX 4090", 24, 165.2e12, 0.756, 450, 0.4, "")
ASK = TuneAsk(1024 * 2048, 2, 64, 2048, 4, 0.5, 0.756)


def test_the_measured_example() -> None:
    rows = tune_plan.ways(LLAMA_2_7B, RTX_4090, ASK).set_index("way")
    # 437 s (DDP) and 481 s (FSDP) were measured; 6 N D alone gives 503 s, attention adds 3 x 4 h d_h s/2 a token.
    attention = 3 * 4 * 32 * 4096 * 1024
    seconds = (6 * 6607077376 + attention) * 1024 * 2048 / (2 * 165.2e12 * 0.5)
    assert rows.at["lora", "seconds"] == pytest.approx(seconds)
    assert rows.at["lora", "usd"] == pytest.approx(seconds / 3600 * 2 * 0.756)
    assert rows.at["lora", "seconds_low"] < 437 < 481 < rows.at["lora", "seconds_high"]
    assert rows.at["full", "weights"] + rows.at["full", "states"] == pytest.approx(16 * 6738149376 / 2)
    assert rows["verdict"].tolist() == ["does not fit", "fits", "fits"]
    assert rows.at["qlora", "needed"] == pytest.approx(1.2 * rows.at["qlora", "total"] + 0.7e9)


@given(st.integers(1, 512), st.integers(1, 16), st.sampled_from(list(tune_plan.WAYS)))
def test_more_devices_divide_weights_and_time_only(n: int, batch: int, way: str) -> None:
    one, many = (
        tune_plan.ways(LLAMA_2_7B, RTX_4090, ASK._replace(n_devices=float(k), batch=float(batch)))
        .set_index("way")
        .loc[way]
        for k in (1, n)
    )
    for part in ("weights", "states", "seconds"):
        assert many[part] == pytest.approx(one[part] / n)
    for part in ("activations", "logits", "usd", "trained", "flop"):
        assert many[part] == pytest.approx(one[part])


def test_tight_is_without_a_fifth_to_spare() -> None:
    # 22.04 GiB were measured on 24 GB: it ran, with nothing to spare.
    alone = tune_plan.ways(LLAMA_2_7B, RTX_4090, ASK._replace(n_devices=1.0)).set_index("way")
    assert alone["verdict"].tolist() == ["does not fit", "tight", "fits"]
    assert alone.at["lora", "total"] + 0.7e9 <= 24e9 < alone.at["lora", "needed"]


def test_fewest_devices_and_no_price() -> None:
    n = tune_plan.fewest_devices(LLAMA_2_7B, RTX_4090, ASK, "full")
    assert n == 8
    for devices, fits in ((n, True), (n / 2, False)):
        rows = tune_plan.ways(LLAMA_2_7B, RTX_4090, ASK._replace(n_devices=devices)).set_index("way")
        assert (rows.at["full", "verdict"] == "fits") is fits
    assert tune_plan.fewest_devices(LLAMA_2_7B, RTX_4090, ASK._replace(sequence_tokens=1e6), "full") is None
    unpriced = tune_plan.ways(LLAMA_2_7B, RTX_4090, ASK._replace(usd_per_device_hour=None))
    assert unpriced["usd"].isna().all() and unpriced["seconds"].notna().all()


def test_experts_get_no_adapters_and_latent_attention_is_left_out() -> None:
    assert tune_plan.modules(MIXTRAL, "all") == ("q", "k", "v", "o")
    assert tune_plan.modules(LLAMA_2_7B._replace(gated_mlp=0), "all") == ("q", "k", "v", "o", "up", "down")
    rows = tune_plan.ways(MIXTRAL, RTX_4090, ASK).set_index("way")
    assert rows.at["lora", "trained"] == 32 * 64 * (2 * (4096 + 4096) + 2 * (4096 + 1024))
    assert rows.at["full", "trained"] == pytest.approx(46.7e9, rel=0.001)
    # Arithmetic of the active parameters, memory of all.
    assert rows.at["full", "flop"] / ASK.tokens < 8 * 14e9 and not math.isnan(rows.at["full", "needed"])
    assert not tune_plan.can_tune(MIXTRAL._replace(mla_kv_lora_rank=512)) and tune_plan.can_tune(MIXTRAL)
