"""Shapes: the tables of the document, parameter counts against a sum over matrices, unknown fields, arrays as numbers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.stats import architecture
from lib.stats.architecture import Architecture

COST = Path(__file__).resolve().parents[2] / "data" / "cost"
with (COST / "model_arch.csv").open(newline="") as lines:
    ROWS: dict[str, dict[str, str]] = {row["model_id"]: row for row in csv.DictReader(lines)}


def shape(model: str) -> Architecture:
    return Architecture.of({name: float(ROWS[model][name]) for name in Architecture._fields})


def table() -> Architecture:
    columns = {name: np.array([float(row[name]) for row in ROWS.values()]) for name in Architecture._fields}
    return Architecture.of(columns)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("llama-2-7b", 524_288),
        ("llama-2-70b", 327_680),
        ("llama-3-70b", 327_680),
        ("llama-3-8b", 131_072),
        ("mistral-7b-v0.3", 131_072),
        ("mixtral-8x7b", 131_072),
        ("llama-3.1-405b", 516_096),
        ("gemma-2b", 18_432),
        ("deepseek-v3", 70_272),
        ("gpt-3-175b", 4_718_592),
    ],
)
def test_cache_of_a_token(model: str, expected: float) -> None:
    assert float(architecture.kv_bytes_per_token(shape(model))) == expected


@pytest.mark.parametrize(
    ("model", "read"),
    [
        ("mixtral-8x7b", (12.7, 32.3, 46.1, 46.6, 46.6)),
        ("qwen3-30b-a3b", (3.0, 7.8, 19.9, 29.8, 30.2)),
        ("gpt-oss-120b", (5.1, 15.2, 47.2, 101, 116)),
        ("deepseek-v3", (36.6, 94.2, 277, 584, 670)),
    ],
)
def test_weights_that_a_batch_reads(model: str, read: tuple[float, ...]) -> None:
    found = architecture.parameters_touched(shape(model), [1, 4, 16, 64, 256]) / 1e9
    assert found == pytest.approx(read, rel=0.015)


@pytest.mark.parametrize(
    ("model", "total", "active"),
    [("mixtral-8x7b", 46.70, 12.75), ("deepseek-v3", 671.0, 36.6), ("gpt-oss-120b", 116.8, 5.13)],
)
def test_parameters_of_mixtures(model: str, total: float, active: float) -> None:
    found = architecture.parameters(shape(model))
    assert found.total / 1e9 == pytest.approx(total, abs=0.05) and found.active / 1e9 == pytest.approx(active, abs=0.03)


def test_every_shape_has_the_counts_of_its_table() -> None:
    found = architecture.parameters(table())
    for name, values in (
        ("params_computed", found.total),
        ("params_active_computed", found.active),
        ("params_attn_layer", found.attention_layer),
        ("params_expert", found.expert),
    ):
        assert values.tolist() == [float(row[name]) for row in ROWS.values()], name


def test_counts_are_near_the_published_ones() -> None:
    found = architecture.parameters(table()).total
    published = np.array([float(row["params_published"]) for row in ROWS.values()])
    off = np.abs(found / published - 1)
    assert np.sum(off < 0.005) >= 64 and off.max() < 0.037


@pytest.mark.parametrize(("tokens", "share"), [(1024, 0.04), (8192, 0.29), (32768, 1.14), (131072, 4.6)])
def test_attention_grows_with_the_context(tokens: int, share: float) -> None:
    assert float(architecture.attention_share(shape("llama-3.1-8b"), tokens)) == pytest.approx(share, abs=0.05)


def test_long_caches_of_the_document() -> None:
    gigabytes = [float(architecture.kv_bytes(shape(m), 131_072)) / 1e9 for m in ("llama-3.1-8b", "llama-3.1-70b")]
    assert gigabytes == pytest.approx([17.2, 42.9], abs=0.05)


whole = st.integers(1, 64)
dims = st.integers(1, 512)


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, int]:
    layers, experts = draw(whole), draw(st.sampled_from([0, 4, 8]))
    made: dict[str, int] = {
        "n_layers": layers, "d_model": draw(dims), "n_heads": draw(whole), "n_kv_heads": draw(whole),
        "head_dim": draw(dims), "d_ff": draw(dims), "vocab": draw(dims), "tied_embeddings": draw(st.integers(0, 1)),
        "gated_mlp": draw(st.integers(0, 1)), "sliding_window": draw(st.sampled_from([0, 3, 100])),
        "n_global_layers": draw(st.integers(0, layers)),
    }  # fmt: skip
    if experts:
        made |= {
            "n_experts": experts, "experts_per_token": draw(st.integers(1, experts)), "moe_d_ff": draw(dims),
            "n_shared_experts": draw(st.integers(0, 2)), "n_moe_layers": draw(st.integers(1, layers)),
        }  # fmt: skip
    if draw(st.booleans()):
        names = ("mla_q_lora_rank", "mla_kv_lora_rank", "mla_rope_dim", "mla_qk_nope_dim", "mla_v_head_dim")
        made |= {name: draw(dims) for name in names}
    return made


def plain(g: dict[str, int]) -> dict[str, float]:
    """Matrix by matrix and layer by layer."""
    g = {**dict.fromkeys(Architecture._fields, 0), **g}
    d, h = g["d_model"], g["n_heads"]
    total = active = 0
    for layer in range(g["n_layers"]):
        if g["mla_kv_lora_rank"]:
            q, c, r, n, v = (
                g[f"mla_{k}"] for k in ("q_lora_rank", "kv_lora_rank", "rope_dim", "qk_nope_dim", "v_head_dim")
            )
            matrices = [(d, q), (q, h * (n + r)), (d, c + r), (c, h * (n + v)), (h * v, d)]
        else:
            e = g["head_dim"]
            matrices = [(d, h * e), (d, g["n_kv_heads"] * e), (d, g["n_kv_heads"] * e), (h * e, d)]
        both = sum(a * b for a, b in matrices)
        mats = 3 if g["gated_mlp"] else 2
        if layer < g["n_moe_layers"]:
            expert = mats * d * g["moe_d_ff"]
            total += both + d * g["n_experts"] + expert * (g["n_experts"] + g["n_shared_experts"])
            active += both + d * g["n_experts"] + expert * (g["experts_per_token"] + g["n_shared_experts"])
        else:
            total += both + mats * d * g["d_ff"]
            active += both + mats * d * g["d_ff"]
    head = g["vocab"] * d
    return {"total": total + head * (1 if g["tied_embeddings"] else 2), "active": active + head}


@given(shapes())
def test_parameters_matrix_by_matrix(made: dict[str, int]) -> None:
    found, slow = architecture.parameters(Architecture(**made)), plain(made)  # type: ignore[arg-type]
    assert float(found.total) == slow["total"] and float(found.active) == slow["active"]
    assert float(architecture.parameters_touched(Architecture(**made), 1)) == pytest.approx(slow["active"])  # type: ignore[arg-type]


@given(shapes(), st.integers(0, 300), st.integers(1, 32))
def test_cache_and_attention_layer_by_layer(made: dict[str, int], tokens: int, bits: int) -> None:
    g: dict[str, Any] = {**dict.fromkeys(Architecture._fields, 0), **made}
    cache = flop = 0.0
    for layer in range(g["n_layers"]):
        is_short = g["sliding_window"] and layer >= g["n_global_layers"]
        seen = min(tokens, g["sliding_window"]) if is_short else tokens
        if g["mla_kv_lora_rank"]:
            cache += (g["mla_kv_lora_rank"] + g["mla_rope_dim"]) * bits / 8 * seen
            flop += 2 * g["n_heads"] * (2 * g["mla_kv_lora_rank"] + g["mla_rope_dim"]) * seen
        else:
            cache += 2 * g["n_kv_heads"] * g["head_dim"] * bits / 8 * seen
            flop += 4 * g["n_heads"] * g["head_dim"] * seen
    made_of = Architecture(**made)  # type: ignore[arg-type]
    assert float(architecture.attention_flop(made_of, tokens)) == pytest.approx(flop)
    if tokens:
        assert float(architecture.kv_bytes(made_of, tokens, bits)) == pytest.approx(cache)


@given(st.integers(1, 16), st.integers(1, 16), st.integers(1, 40))
def test_experts_that_a_batch_reaches_one_by_one(chosen: int, more: int, batch: int) -> None:
    experts = chosen + more
    missed = 1.0
    for _ in range(batch):
        missed *= 1 - chosen / experts
    of = Architecture(1, 1, 1, 1, 1, 1, 1, n_experts=experts, experts_per_token=chosen, moe_d_ff=1, n_moe_layers=1)
    assert float(architecture.experts_touched(of, batch)) == pytest.approx(experts * (1 - missed))


def test_arrays_give_what_numbers_give_and_unknown_stays_unknown() -> None:
    whole_table, places = table(), list(ROWS)
    for function in (architecture.kv_bytes, architecture.attention_flop, architecture.token_flop):
        together = function(whole_table, 5000)
        assert together.tolist() == [float(function(shape(model), 5000)) for model in places]
    assert architecture.weight_bytes(whole_table.at([0, 2]), 16).tolist() == [
        float(architecture.weight_bytes(shape(places[i]), 16)) for i in (0, 2)
    ]
    unknown = shape("llama-3-8b")._replace(n_kv_heads=float("nan"))
    for value in (architecture.kv_bytes(unknown, 10), architecture.parameters(unknown).total):
        assert np.isnan(value)
    assert float(architecture.attention_flop(unknown, 10)) > 0


def test_embeddings_may_stay_at_16_bits() -> None:
    of = shape("llama-3.1-8b")
    counts = architecture.parameters(of)
    kept = float(architecture.weight_bytes(of, 4.16, keeps_embeddings=True))
    assert kept == pytest.approx((float(counts.total - counts.embedding) * 4.16 + float(counts.embedding) * 16) / 8)
    assert kept > float(architecture.weight_bytes(of, 4.16))
