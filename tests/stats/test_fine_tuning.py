"""Fine-tuning: tables of the reference, the counts that PEFT prints, shapes built matrix by matrix, impossible values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.stats import fine_tuning as ft

LLAMA_2_7B = {"n_layers": 32, "d_model": 4096, "q_dim": 4096, "kv_dim": 4096, "d_ff": 11008}
LLAMA_3_8B = {"n_layers": 32, "d_model": 4096, "q_dim": 4096, "kv_dim": 1024, "d_ff": 14336}
GPT_3 = {"n_layers": 96, "d_model": 12288, "q_dim": 12288, "kv_dim": 12288, "d_ff": 49152}


@pytest.mark.parametrize(
    ("shape", "rank", "modules", "count"),
    [
        (LLAMA_2_7B, 8, ("q", "v"), 4_194_304),
        (LLAMA_2_7B, 16, ft.MODULES, 39_976_960),
        (LLAMA_3_8B, 16, ft.MODULES, 41_943_040),
        (GPT_3, 8, ("q", "v"), 37_748_736),
    ],
)
def test_counts_as_printed(shape: dict[str, int], rank: int, modules: tuple[str, ...], count: int) -> None:
    assert ft.lora_trainable_params(**shape, rank=rank, modules=modules) == count


@pytest.mark.parametrize(
    ("params", "layers", "width", "inner", "weights", "adapter", "rest", "total"),
    [
        (6.738e9, 32, 4096, 11008, 3.87, 1.92, 0.31, 6.1),
        (13.016e9, 40, 5120, 13824, 7.20, 3.00, 0.40, 10.6),
        (65.284e9, 80, 8192, 22016, 34.46, 9.59, 0.91, 45.0),
    ],
)
def test_qlora_table(
    params: float, layers: int, width: int, inner: int, weights: float, adapter: float, rest: float, total: float
) -> None:
    embeddings = 2 * 32000 * width
    trained = ft.lora_trainable_params(n_layers=layers, d_model=width, q_dim=width, kv_dim=width, d_ff=inner, rank=64)
    found = ft.adapter_memory(
        linear_params=params - embeddings,
        embedding_params=embeddings,
        base_bits=ft.NF4_DOUBLE_BITS,
        trainable_params=trained,
        batch=1,
        sequence_tokens=512,
        d_model=width,
        n_layers=layers,
        vocabulary=32000,
    )
    gb = [float(x) / 1e9 for x in (found.weights, found.states, found.activations + found.logits, found.total)]
    assert gb == pytest.approx([weights, adapter, rest, total], abs=0.06)


def test_full_states() -> None:
    assert ft.full_states_bytes([6.738e9, 69e9], 16) / 1e9 == pytest.approx([107.8, 1104], abs=0.05)
    assert ft.full_states_bytes(6.738e9, 18) / 1e9 == pytest.approx(121.3, abs=0.05)
    assert pytest.approx([4 + 32 / 64, 4 + 8 / 64 + 32 / (64 * 256)], abs=1e-4) == [ft.NF4_BITS, ft.NF4_DOUBLE_BITS]
    assert set(ft.STATE_BYTES.values()) == {16, 18, 12, 8}


def test_measured_example() -> None:
    flop = ft.tuning_flop(6.61e9, 1024 * 2048, is_adapter=True)
    seconds = ft.tuning_seconds(flop, 2, 165.2e12)
    assert seconds == pytest.approx(503, abs=1)
    assert seconds / 3600 * 2 * 0.756 == pytest.approx(0.21, abs=0.005)


sizes = st.integers(1, 64)


@given(sizes, sizes, sizes, sizes, sizes, sizes, st.sets(st.sampled_from(ft.MODULES), min_size=1))
def test_adapters_matrix_by_matrix(layers: int, d: int, q: int, kv: int, f: int, rank: int, modules: set[str]) -> None:
    shapes = {"q": (d, q), "k": (d, kv), "v": (d, kv), "o": (q, d), "gate": (d, f), "up": (d, f), "down": (f, d)}
    slow = 0
    for _ in range(layers):
        for name in modules:
            down, up = np.zeros((shapes[name][0], rank)), np.zeros((rank, shapes[name][1]))
            slow += down.size + up.size
    found = ft.lora_trainable_params(n_layers=layers, d_model=d, q_dim=q, kv_dim=kv, d_ff=f, rank=rank, modules=modules)
    assert found == slow


@given(st.floats(1e6, 1e12), st.floats(1, 1e9), st.booleans(), st.booleans())
def test_work_by_passes(params: float, tokens: float, is_adapter: bool, is_recomputed: bool) -> None:
    # Forward 2, gradients of activations 2, gradients of weights 2 unless frozen, forward again 2.
    passes = 2 + 2 + (0 if is_adapter else 2) + (2 if is_recomputed else 0)
    found = ft.tuning_flop(params, tokens, is_adapter=is_adapter, is_recomputed=is_recomputed)
    assert found == pytest.approx(passes * params * tokens)
    assert ft.tuning_flop(params, tokens, is_adapter=is_adapter, attention_flop_per_token=7.0) > 0


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ft.full_states_bytes(-1), "parameters"),
        (lambda: ft.full_states_bytes(1e9, 0), "bytes per parameter"),
        (lambda: ft.lora_trainable_params(**LLAMA_2_7B, rank=0), "rank"),
        (lambda: ft.lora_trainable_params(**LLAMA_2_7B, rank=8, modules=("router",)), "adapted matrices"),
        (lambda: ft.lora_trainable_params(**LLAMA_2_7B, rank=8, modules=()), "adapted matrices"),
        (lambda: ft.tuning_seconds(1e18, 0, 1e14), "devices"),
        (lambda: ft.tuning_seconds(1e18, 1, 1e14, 1.5), "utilisation"),
        (lambda: ft.tuning_flop(1e9, 0, is_adapter=False), "training tokens"),
        (lambda: ft.logit_bytes(0, 1, 1), "batch"),
    ],
)
def test_impossible_values_are_named(call: object, named: str) -> None:
    with pytest.raises(RefusedInput, match=f"impossible {named}"):
        call()  # type: ignore[operator]


def test_unknown_stays_unknown_and_room_is_left() -> None:
    assert np.isnan(ft.full_states_bytes(np.nan))
    assert ft.bytes_to_have(10e9) == pytest.approx(12.7e9)
