"""Time of serving: one decode step, prompts, and the rate of a server that batches continuously.

A roofline with overheads: a step takes the longer of moving bytes and multiplying, then links, then a fixed cost per
layer and per sequence. Everything broadcasts over arrays. Times are seconds, rates tokens per second, FLOP count a
multiply-add as 2. Not in it: waiting in a queue, speculative decoding, cached prompts, unequal lengths within a batch.

Hardware without a published matrix rate (NaN): a step is taken as bound by memory and ``compute_s`` is NaN; what needs
the arithmetic of prompts is NaN.

Sources: Williams, Waterman, Patterson 2009 (roofline); Pope et al. 2022, arXiv 2211.05102 (inference at scale);
overheads fitted to data/cost/measured_inference.csv (:mod:`lib.stats.serving_profiles`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats import architecture, memory
from lib.stats.architecture import Architecture
from lib.stats.serving_profiles import Profile

Floats = NDArray[np.float64]

PCIE_LINK_GB_S = 64.0
"""Both ways together: what is taken where hardware has no link of its own (PCIe 4.0 with 16 lanes)."""


class Device(NamedTuple):
    """One accelerator, or a machine that has none: numbers or arrays, NaN where the maker publishes none.

    Args:
        memory_gb: GB.
        bandwidth_gb_s: Of its memory, GB/s.
        matmul_tflops_dense: Dense peak in the format that is multiplied (:func:`matmul_tflops`), TFLOP/s.
        link_gb_s_bidirectional: To its neighbours, both ways together, GB/s; NaN means PCIe.
        tdp_w: Rated power, W.
    """

    memory_gb: Floats | float
    bandwidth_gb_s: Floats | float
    matmul_tflops_dense: Floats | float
    link_gb_s_bidirectional: Floats | float = np.nan
    tdp_w: Floats | float = np.nan


class Load(NamedTuple):
    """What is served; numbers or arrays.

    Args:
        batch: Sequences decoded together, B.
        bits_per_weight: Scales of groups included.
        n_gpus: Devices that hold one copy of the weights, n.
        kv_bits: Bits of a cached number.
        is_expert_parallel: Experts are divided over the devices; otherwise every matrix is.
    """

    batch: ArrayLike
    bits_per_weight: ArrayLike
    n_gpus: ArrayLike = 1
    kv_bits: ArrayLike = memory.CACHE_BITS
    is_expert_parallel: ArrayLike = False


class Step(NamedTuple):
    """Seconds of one decode step: ``step_s`` = max(memory_s, compute_s) + link_s + overhead_s."""

    memory_s: Floats
    compute_s: Floats
    link_s: Floats
    overhead_s: Floats
    step_s: Floats


def matmul_tflops(
    multiplied: str, bf16: ArrayLike, fp16: ArrayLike = np.nan, fp8: ArrayLike = np.nan, fp4: ArrayLike = np.nan
) -> Floats:
    """Dense peak for a format of ``weight_formats.Multiplied``, TFLOP/s; NaN where none is published.

    Hardware that cannot multiply in the format unpacks the weights to 16 bits (FP16 where it has no BF16).
    """
    half = np.where(np.isnan(np.asarray(bf16, float)), fp16, bf16).astype(float)
    named = {"bf16": half, "fp8": np.asarray(fp8, float), "fp4": np.asarray(fp4, float)}[multiplied]
    return np.where(np.isnan(named), half, named)


def cache_split(shape: Architecture, load: Load) -> Floats:
    """Devices over which the cache is divided: min(n, h_kv), by heads.

    A latent cache has none to divide, so that each device keeps all of it: 1. (Servers that give whole sequences to each
    device avoid that; no measured row is said to.)
    """
    heads = np.where(np.asarray(shape.mla_kv_lora_rank) > 0, 1.0, np.asarray(shape.n_kv_heads, float))
    return np.minimum(np.asarray(load.n_gpus, float), heads)


def decode_step(shape: Architecture, device: Device, load: Load, context_tokens: ArrayLike, profile: Profile) -> Step:
    """Time in which B sequences with S cached tokens each get one token more.

    t_mem = (W(B)/n + B KV(S)/split)/(eta_bw BW), t_comp = B (2 N_act + A(S))/(n F eta_c),
    t_link = 2 L 2 (n-1)/n 2 B d/(eta_link BW_link), t_over = L c_layer + [n>1] L c_several + B c_seq.
    """
    n, batch = np.asarray(load.n_gpus, float), np.asarray(load.batch, float)
    weights = architecture.parameters_touched(shape, batch) * np.asarray(load.bits_per_weight, float) / 8
    cache = batch * architecture.kv_bytes(shape, context_tokens, load.kv_bits) / cache_split(shape, load)
    memory_s = (weights / n + cache) / (profile.eta_bw * np.asarray(device.bandwidth_gb_s, float) * 1e9)
    work = batch * architecture.token_flop(shape, context_tokens)
    compute_s = work / (n * _flop_per_s(device) * profile.eta_c)
    link = link_s(shape, device, batch, n, profile)
    over = overhead_s(shape, load, profile)
    return Step(memory_s, compute_s, link, over, np.fmax(memory_s, compute_s) + link + over)


def link_s(shape: Architecture, device: Device, n_tokens: ArrayLike, n_gpus: ArrayLike, profile: Profile) -> Floats:
    """Two all-reduces a layer over 16-bit activations of ``n_tokens``, at half the two-way rate; 0 on one device."""
    n = np.asarray(n_gpus, float)
    link = np.asarray(device.link_gb_s_bidirectional, float)
    rate = np.where(np.isnan(link), PCIE_LINK_GB_S, link) / 2 * 1e9
    sent = 2 * np.asarray(shape.n_layers, float) * 2 * (n - 1) / n * 2 * np.asarray(n_tokens, float) * shape.d_model
    return np.asarray(sent / (profile.eta_link * rate))


def overhead_s(shape: Architecture, load: Load, profile: Profile) -> Floats:
    """Launching kernels and scheduling: L c_layer, B c_seq, and on several devices L c_tp or, by experts, L c_ep."""
    several = np.where(load.is_expert_parallel, profile.c_ep_s, profile.c_tp_s)
    per_layer = profile.c_layer_s + np.where(np.asarray(load.n_gpus, float) > 1, several, 0.0)
    return np.asarray(shape.n_layers, float) * per_layer + np.asarray(load.batch, float) * profile.c_seq_s


def prefill_tokens_per_s(
    shape: Architecture, device: Device, n_gpus: ArrayLike, input_tokens: ArrayLike, profile: Profile
) -> Floats:
    """n F eta_p/(2 N_act + A(isl/2)): prompt tokens read per second; NaN without a matrix rate."""
    work = architecture.token_flop(shape, np.asarray(input_tokens, float) / 2)
    return np.asarray(n_gpus, float) * _flop_per_s(device) * profile.eta_p / work


class Served(NamedTuple):
    """A server at a steady load.

    Args:
        step: One decode step, at a cache of isl + osl/2 tokens.
        output_tokens_per_s: All sequences together, prompts included: X.
        decode_tokens_per_s: Without prompts: B / step.
        prefill_tokens_per_s: Prompts alone.
        first_token_s: From the request to its first token when nothing waits before it.
        between_tokens_s: From one token of a sequence to the next, usually: one step.
        per_token_s: The same on average, with the prompts of others in between: B / X.
    """

    step: Step
    output_tokens_per_s: Floats
    decode_tokens_per_s: Floats
    prefill_tokens_per_s: Floats
    first_token_s: Floats
    between_tokens_s: Floats
    per_token_s: Floats


def serve(
    shape: Architecture,
    device: Device,
    load: Load,
    input_tokens: ArrayLike,
    output_tokens: ArrayLike,
    profile: Profile,
) -> Served:
    """Requests of isl tokens in and osl out, batched continuously: X = B/(t_step + isl/osl (B/P + t_link)).

    P is the rate of reading prompts; between two steps each sequence on average reads isl/osl prompt tokens.
    """
    isl, osl = np.asarray(input_tokens, float), np.asarray(output_tokens, float)
    batch = np.asarray(load.batch, float)
    step = decode_step(shape, device, load, isl + osl / 2, profile)
    prefill = prefill_tokens_per_s(shape, device, load.n_gpus, isl, profile)
    period = step.step_s + isl / osl * (batch / prefill + step.link_s)
    return Served(
        step=step,
        output_tokens_per_s=batch / period,
        decode_tokens_per_s=batch / step.step_s,
        prefill_tokens_per_s=prefill,
        first_token_s=first_token_s(shape, device, load, isl, profile),
        between_tokens_s=step.step_s,
        per_token_s=period,
    )


def first_token_s(shape: Architecture, device: Device, load: Load, input_tokens: ArrayLike, profile: Profile) -> Floats:
    """Seconds to read one prompt and give its first token, when nothing waits before it; NaN without a matrix rate.

    The longer of the arithmetic of the prompt and of reading the weights once, then links and overheads.
    """
    isl, n = np.asarray(input_tokens, float), np.asarray(load.n_gpus, float)
    weights = architecture.parameters_touched(shape, isl) * np.asarray(load.bits_per_weight, float) / 8
    read_s = weights / n / (profile.eta_bw * np.asarray(device.bandwidth_gb_s, float) * 1e9)
    work_s = isl / prefill_tokens_per_s(shape, device, n, isl, profile)
    return np.asarray(
        np.maximum(work_s, read_s)
        + link_s(shape, device, isl, n, profile)
        + overhead_s(shape, load._replace(batch=1), profile)
    )


def _flop_per_s(device: Device) -> Floats:
    return np.asarray(device.matmul_tflops_dense, float) * 1e12
