"""Reference calculations of serving: parameters, memory, decode steps, throughput, dollars and energy."""

from __future__ import annotations

from typing import Any

from lib.stats import architecture, inference_energy, memory, serving, serving_cost
from lib.stats.architecture import Architecture
from lib.stats.serving_profiles import PROFILES, Profile
from tests.stats.vectors import calculation

SHAPE = dict.fromkeys(("n_layers", "d_model", "n_heads", "n_kv_heads", "head_dim", "d_ff", "vocab"), float("nan"))
"""What a case leaves out is unknown, so that a result that needs it is missing."""


def shape(given: Any) -> Architecture:
    known = {name: value for name, value in given.items() if name in Architecture._fields}
    return Architecture(**{**SHAPE, **known})


def profile(given: Any) -> Profile:
    """The constants that the case writes out; without them those of the product."""
    if "profile_numbers" not in given:
        return PROFILES[given["profile"]]
    written = {name.removesuffix("_s"): name for name in Profile._fields}
    numbers = {written[key]: value for key, value in given["profile_numbers"].items() if key in written}
    return Profile(**{"c_ep_s": numbers["c_tp_s"], **numbers})


def load(given: Any) -> serving.Load:
    return serving.Load(given["batch"], given["bits_per_weight"], given["n_gpus_tensor_parallel"], given["kv_bits"])


def device(given: Any) -> serving.Device:
    return serving.Device(memory_gb=float("nan"), **given["hardware_numbers"])


@calculation("weight_bytes")
def weight_bytes(given: Any) -> Any:
    found = memory.weight_bytes(given["params"], given["bits_per_weight"])
    return {"gigabytes": found / memory.GB, "gibibytes": found / 2**30}


@calculation("kv_cache_bytes_per_token")
def kv_cache_bytes_per_token(given: Any) -> Any:
    return {"bytes_per_token": architecture.kv_bytes_per_token(shape(given), given["kv_bits"])}


@calculation("kv_cache_bytes_of_one_sequence_with_sliding_window_layers")
def kv_cache_bytes_of_one_sequence(given: Any) -> Any:
    return {"bytes": architecture.kv_bytes(shape(given), given["seq_len"], given["kv_bits"])}


@calculation("parameter_counts_from_architecture")
def parameter_counts(given: Any) -> Any:
    found = architecture.parameters(shape(given["arch"]))
    return {"params_total": found.total, "params_active": found.active}


@calculation("weights_touched_by_a_batch_moe")
def weights_touched(given: Any) -> Any:
    of = shape(given["arch"])
    return {
        "distinct_experts_per_layer": architecture.experts_touched(of, given["batch"]),
        "params_touched": architecture.parameters_touched(of, given["batch"]),
    }


@calculation("decode_step_time")
def decode_step_time(given: Any) -> Any:
    found = serving.decode_step(
        shape(given["arch"]), device(given), load(given), given["context_tokens"], profile(given)
    )
    return {
        "t_memory_ms": found.memory_s * 1e3,
        "t_compute_ms": found.compute_s * 1e3,
        "t_comm_ms": found.link_s * 1e3,
        "t_overhead_ms": found.overhead_s * 1e3,
        "step_ms": found.step_s * 1e3,
        "tokens_per_s": given["batch"] / found.step_s,
    }


@calculation("serving_throughput_and_cost_per_million_tokens")
def serving_throughput(given: Any) -> Any:
    lengths = given["input_tokens"], given["output_tokens"]
    found = serving.serve(shape(given["arch"]), device(given), load(given), *lengths, profile(given))
    cost = serving_cost.token_cost(
        found, given["usd_per_gpu_hour"], given["n_gpus_tensor_parallel"], given["utilisation"]
    )
    return {
        "output_tokens_per_s": found.output_tokens_per_s,
        "prefill_tokens_per_s": found.prefill_tokens_per_s,
        "usd_per_mtok_input": cost.input,
        "usd_per_mtok_output": cost.output,
        "usd_per_mtok_output_all_in": cost.output_all_in,
    }


@calculation("attention_share_of_decode_flops")
def attention_share_of_decode_flops(given: Any) -> Any:
    found = architecture.attention_flop(shape(given), given["context_tokens"])
    return {"attention_flops_per_token": found, "ratio_to_2N": found / (2 * given["active_params"])}


@calculation("energy_per_output_token")
def energy_per_output_token(given: Any) -> Any:
    names = ("tdp_w", "n_gpus", "output_tokens_per_s", "power_fraction", "pue", "kg_co2e_per_kwh")
    found = inference_energy.energy(*(given[name] for name in names))
    return {
        "gpu_joules_per_token": found.gpu_joules_per_token,
        "kwh_per_mtok_with_pue": found.kwh_per_mtok,
        "g_co2e_per_mtok": found.g_co2e_per_mtok,
    }
