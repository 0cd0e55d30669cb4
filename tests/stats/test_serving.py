"""Serving: the worked steps and the money table of the document, a step in plain loops, memory by trying, refusals."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.schema.weight_formats import FORMATS
from lib.stats import architecture, domain, inference_energy, serving, serving_cost, serving_memory
from lib.stats.architecture import Architecture
from lib.stats.serving import Device, Load
from lib.stats.serving_profiles import PROFILES, SERVER_2025, SINGLE
from tests.stats.test_architecture import COST, shape

with (COST / "hardware.csv").open(newline="") as lines:
    HARDWARE = {row["id"]: row for row in csv.DictReader(lines)}

PUBLISHED = PROFILES[SERVER_2025]._replace(c_tp_s=85e-6, c_ep_s=85e-6)
"""The constants that the worked numbers were made with: one overhead for several devices, however they are used."""


def device(name: str, multiplied: str = "bf16") -> Device:
    row = {key: float(value) if value else math.nan for key, value in HARDWARE[name].items() if key.endswith(("_dense", "_gb", "_s", "_w", "_bidirectional"))}  # fmt: skip
    peak = serving.matmul_tflops(
        multiplied, row["bf16_tflops_dense"], row["fp16_tflops_dense"], row["fp8_tflops_dense"], row["fp4_tflops_dense"]
    )
    return Device(row["memory_gb"], row["bandwidth_gb_s"], peak, row["link_gb_s_bidirectional"], row["tdp_w"])


@pytest.mark.parametrize(
    ("model", "on", "bits", "n", "batch", "context", "expected"),
    [
        ("llama-3.1-8b", "h100-sxm", 16, 1, 64, 750, (7.06, 1.42, 0, 7.07, 14.14)),
        ("llama-3.3-70b", "h100-sxm", 8, 2, 64, 1250, (15.87, 3.29, 0.47, 18.43, 34.77)),
    ],
)
def test_worked_steps_of_servers(model: str, on: str, bits: float, n: int, batch: int, context: int, expected: tuple[float, ...]) -> None:  # fmt: skip
    step = serving.decode_step(shape(model), device(on, "fp8" if bits == 8 else "bf16"), Load(batch, bits, n), context, PUBLISHED)  # fmt: skip
    assert [float(x) * 1e3 for x in step] == pytest.approx(expected, abs=0.011)


@pytest.mark.parametrize(
    ("model", "on", "bits", "context", "memory", "compute", "over", "rate"),
    [
        ("llama-3.1-8b", "rtx-4090", 4.8944, 276, 6.12, 0.13, 1.28, 135),
        ("llama-3-8b", "rtx-3090", 4.8944, 512, 6.64, 0.31, 1.28, 126),
        ("llama-3.1-70b", "apple-m3-ultra", 4.82, 300, 68.3, math.nan, 3.2, 14.0),
        ("llama-3.2-3b", "raspberry-pi-5", 5.03, 300, 160, math.nan, 1.1, 6.2),
    ],
)
def test_worked_steps_of_one_reader(model: str, on: str, bits: float, context: int, memory: float, compute: float, over: float, rate: float) -> None:  # fmt: skip
    step = serving.decode_step(shape(model), device(on), Load(1, bits), context, PROFILES[SINGLE])
    found = [float(step.memory_s) * 1e3, float(step.overhead_s) * 1e3, 1 / float(step.step_s)]
    assert found == pytest.approx([memory, over, rate], rel=0.02)
    assert float(step.compute_s) * 1e3 == pytest.approx(compute, abs=0.01, nan_ok=True)


@pytest.mark.parametrize(
    ("model", "bits", "kind", "n", "on", "batch", "lengths", "price", "expected"),
    [
        ("llama-3.1-8b", 16, "bf16", 1, "h100-sxm", 64, (500, 500), 2.95, (0.025, 0.181, 0.064)),
        ("llama-3.1-8b", 8, "fp8", 1, "l4", 16, (500, 500), 0.44, (0.015, 0.288, 0.083)),
        ("qwen3-30b-a3b", 16, "bf16", 1, "h100-sxm", 64, (500, 500), 2.95, (0.010, 0.383, 0.104)),
        ("gpt-oss-120b", 4.47, "bf16", 1, "h100-sxm", 64, (500, 500), 2.95, (0.017, 0.344, 0.099)),
        ("llama-3.3-70b", 8, "fp8", 2, "h100-sxm", 64, (1000, 500), 2.95, (0.116, 0.890, 0.310)),
        ("llama-3.1-405b", 8, "fp8", 8, "h100-sxm", 64, (1000, 500), 2.95, (0.672, 4.889, 1.726)),
    ],
)
def test_money_of_deployments(model: str, bits: float, kind: str, n: int, on: str, batch: int, lengths: tuple[int, int], price: float, expected: tuple[float, ...]) -> None:  # fmt: skip
    found = serving.serve(shape(model), device(on, kind), Load(batch, bits, n), *lengths, PUBLISHED)
    cost = serving_cost.token_cost(found, price, n)
    assert [float(x) for x in (cost.input, cost.output, cost.blended)] == pytest.approx(expected, abs=0.0006)


def test_a_third_of_the_time_costs_thrice() -> None:
    full, third = (float(serving_cost.usd_per_mtok(2.95, 1, 4000, u)) for u in (1.0, 0.3))
    assert third / full == pytest.approx(1 / 0.3)


@given(
    st.sampled_from(["llama-3.1-8b", "gemma-2-9b", "deepseek-v3", "qwen3-30b-a3b", "gpt-oss-20b"]),
    st.integers(1, 500), st.sampled_from([1, 2, 4, 8]), st.integers(1, 9000), st.integers(1, 4000), st.booleans(),
)  # fmt: skip
@example("llama-3.1-8b", 500, 1, 4, 4, False)  # bound by arithmetic
def test_serving_in_plain_loops(model: str, batch: int, n: int, isl: int, osl: int, by_experts: bool) -> None:
    s, d, p = shape(model), device("h100-sxm"), PROFILES[SERVER_2025]
    context = isl + osl / 2
    latent = float(np.asarray(s.mla_kv_lora_rank)) > 0
    split = 1 if latent else min(n, float(np.asarray(s.n_kv_heads)))
    peak, rate = 989.4e12, 3350e9
    weights = float(architecture.parameters_touched(s, batch)) * 2
    cache = sum(float(architecture.kv_bytes(s, context)) for _ in range(batch))
    memory = weights / n / (0.9 * rate) + cache / split / (0.9 * rate)
    flop = sum(float(architecture.token_flop(s, context)) for _ in range(batch))
    layers, width = float(np.asarray(s.n_layers)), float(np.asarray(s.d_model))
    link = sum(2 * 2 * (n - 1) / n * 2 * batch * width / (0.8 * 450e9) for _ in range(int(layers)))
    several = 0.0 if n == 1 else 110e-6 if by_experts else 0.0
    over = layers * (95e-6 + several) + batch * 63e-6
    step = max(memory, flop / (n * peak * 0.7)) + link + over
    prompts = isl / osl * (batch * float(architecture.token_flop(s, isl / 2)) / (n * peak * 0.5) + link)
    found = serving.serve(s, d, Load(batch, 16, n, 16, by_experts), isl, osl, p)
    assert float(found.step.step_s) == pytest.approx(step)
    assert float(found.output_tokens_per_s) == pytest.approx(batch / (step + prompts))
    assert float(found.per_token_s) >= float(found.between_tokens_s)
    read = float(architecture.parameters_touched(s, isl)) * 2 / n / (0.9 * rate)
    work = isl * float(architecture.token_flop(s, isl / 2)) / (n * peak * 0.5)
    first = max(read, work) + link * isl / batch + layers * (95e-6 + several) + 63e-6
    assert float(found.first_token_s) == pytest.approx(first)


@pytest.mark.parametrize(("tokens", "measured_ms"), [(1, 11), (128, 22)])
def test_a_first_token_near_a_measured_one(tokens: int, measured_ms: float) -> None:
    """LMDeploy 0.2 on an A100, Llama 2 7B (in the measured table): the weights are read, however short."""
    found = serving.serve(shape("llama-2-7b"), device("a100-80gb-sxm"), Load(1, 16), tokens, 128, PROFILES[SINGLE])
    assert float(found.first_token_s) * 1e3 == pytest.approx(measured_ms, rel=0.3)


def test_arrays_give_what_numbers_give() -> None:
    models = ("llama-3.1-8b", "deepseek-v3", "gpt-oss-120b")
    together = Architecture(*(np.array(column, float) for column in zip(*map(shape, models), strict=True)))
    found = serving.serve(together, device("b200"), Load(np.array([1, 64, 8]), 16, np.array([1, 8, 2])), 500, 250, PROFILES[SERVER_2025])  # fmt: skip
    for place, (model, batch, n) in enumerate(zip(models, (1, 64, 8), (1, 8, 2), strict=True)):
        one = serving.serve(shape(model), device("b200"), Load(batch, 16, n), 500, 250, PROFILES[SERVER_2025])
        assert found.output_tokens_per_s[place] == pytest.approx(float(one.output_tokens_per_s))


def test_formats_are_multiplied_where_hardware_can() -> None:
    rates = {kind: float(serving.matmul_tflops(kind, 312.0, 312.0)) for kind in ("bf16", "fp8", "fp4")}
    assert set(rates.values()) == {312.0}, "an A100 unpacks to 16 bits"
    assert float(serving.matmul_tflops("fp4", 2250.0, 2250.0, 4500.0, 9000.0)) == 9000
    assert float(serving.matmul_tflops("bf16", math.nan, 65.0)) == 65, "a T4 has no BF16"
    assert math.isnan(float(serving.matmul_tflops("fp8", math.nan)))
    assert all(1 <= one.bits_per_weight <= 32 and one.source for one in FORMATS.values())


def test_without_a_matrix_rate_a_step_is_known_and_prompts_are_not() -> None:
    found = serving.serve(shape("llama-3.1-8b"), device("apple-m4"), Load(1, 4.89), 100, 100, PROFILES[SINGLE])
    assert float(found.decode_tokens_per_s) > 0
    assert np.isnan([found.prefill_tokens_per_s, found.output_tokens_per_s, found.first_token_s]).all()


def holds(s: Architecture, d: Device, load: Load, batch: int, tokens: int, weights: float) -> bool:
    n = float(np.asarray(load.n_gpus))
    copies = n / float(serving.cache_split(s, load))
    return weights + copies * batch * float(architecture.kv_bytes(s, tokens, load.kv_bits)) <= 0.88 * 1e9 * n * float(np.asarray(d.memory_gb))  # fmt: skip


@given(st.sampled_from(["llama-3.1-8b", "gemma-3-27b", "mistral-7b-v0.1", "deepseek-v3", "llama-3.1-405b"]), st.sampled_from([1, 2, 8, 16]), st.integers(1, 60), st.sampled_from([4.5, 8, 16]))  # fmt: skip
def test_what_fits_by_trying(model: str, n: int, batch: int, bits: float) -> None:
    s, d, load = shape(model), device("h100-sxm"), Load(batch, bits, n)
    weights = float(architecture.weight_bytes(s, bits))
    most = float(serving_memory.largest_batch(s, d, load, 3000))
    assert holds(s, d, load, int(most), 3000, weights) or most == 0
    assert not holds(s, d, load, int(most) + 1, 3000, weights)
    longest = float(serving_memory.longest_context(s, d, load))
    if math.isinf(longest):
        assert holds(s, d, load, batch, 10**9, weights)
    else:
        assert longest == 0 or holds(s, d, load, batch, int(longest), weights)
        assert not holds(s, d, load, batch, int(longest) + 2, weights)
    fits = [k for k in (1, 2, 4, 8, 16) if holds(s, d, load._replace(n_gpus=k), batch, 3000, weights)]
    fewest = float(serving_memory.fewest_devices(s, d, load, 3000))
    assert fewest == min(fits) if fits else math.isnan(fewest)


def test_what_does_not_fit_is_said_beside_its_field() -> None:
    s, d = shape("llama-3.1-70b"), device("h100-sxm")
    with pytest.raises(RefusedInput, match=r"the weights do not fit.*70.4 GB usable on 1 x 80 GB.*141.1 GB") as weights:
        serving_memory.require_fit(s, d, Load(1, 16), 1000)
    with pytest.raises(
        RefusedInput, match=r"cache of so many.*at most 428 at once with 1,000 tokens each.*500"
    ) as batch:
        serving_memory.require_fit(s, d, Load(500, 16, 4), 1000)
    assert (weights.value.place, batch.value.place) == ("n_gpus", "batch")
    serving_memory.require_fit(s, d, Load(428, 16, 4), 1000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch", 0), ("batch", -1), ("batch", 1.5), ("batch", 1e9), ("batch", math.nan), ("utilisation", 0),
        ("utilisation", 30), ("usd_per_gpu_hour", 0), ("usd_per_gpu_hour", 1e6), ("pue", 0.9), ("bits_per_weight", 0.5),
        ("kg_co2e_per_kwh", 400), ("n_gpus", math.inf),
    ],
)  # fmt: skip
def test_values_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(RefusedInput) as refused:
        domain.require(name, value)
    assert refused.value.place == name and refused.value.expected.startswith("a ")


def test_values_in_range_pass() -> None:
    for name, value in (("batch", 1), ("utilisation", 1), ("kg_co2e_per_kwh", 0), ("usd_per_gpu_hour", 1e-6)):
        assert domain.require(name, value) == value


def test_power_grows_with_the_batch() -> None:
    assert inference_energy.power_fraction([1, 11.9, 12, 100, 101, math.nan]).tolist() == [0.64, 0.64, 0.75, 0.75, 0.82, 0.73]  # fmt: skip
    assert float(inference_energy.energy(700, 1, 3976).gpu_joules_per_token) == pytest.approx(0.1285, abs=1e-4)
    known = inference_energy.energy(700, 1, 3976, kg_co2e_per_kwh=0.369)
    again = inference_energy.per_million(known.gpu_joules_per_token, kg_co2e_per_kwh=0.369)
    assert float(again.g_co2e_per_mtok) == float(known.g_co2e_per_mtok) == pytest.approx(15.8, abs=0.05)
    assert np.isnan(inference_energy.energy(math.nan, 1, 100).kwh_per_mtok)
