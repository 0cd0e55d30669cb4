"""Weights and cache: the reference vectors, unknown shapes, and windows against a slow sum over layers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.stats import memory

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors" / "cost.json").read_text())["vectors"]
OF_MEMORY = {
    "weight_bytes",
    "kv_cache_bytes_per_token",
    "kv_cache_bytes_of_one_sequence_with_sliding_window_layers",
}


def _found(kind: str, given: dict[str, float]) -> dict[str, float]:
    if kind == "weight_bytes":
        weights = float(memory.weight_bytes(given["params"], given["bits_per_weight"]))
        return {"gigabytes": weights / memory.GB, "gibibytes": weights / 2**30}
    shape = (given["n_layers"], given["n_kv_heads"], given["head_dim"], given["kv_bits"])
    if kind == "kv_cache_bytes_per_token":
        if given["mla_kv_lora_rank"]:
            latent = (given["n_layers"], given["mla_kv_lora_rank"], given["mla_rope_dim"], given["kv_bits"])
            return {"bytes_per_token": float(memory.latent_cache_bytes_per_token(*latent))}
        return {"bytes_per_token": float(memory.cache_bytes_per_token(*shape))}
    per_token = memory.cache_bytes_per_token(*shape)
    found = memory.cache_bytes(
        per_token,
        given["seq_len"],
        n_layers=given["n_layers"],
        n_global_layers=given["n_global_layers"],
        window=given["sliding_window"],
    )
    return {"bytes": float(found)}


def test_vectors_of_memory_are_there() -> None:
    assert {v["kind"] for v in VECTORS if v["kind"] in OF_MEMORY} == OF_MEMORY


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] in OF_MEMORY], ids=lambda v: v["id"])
def test_reference_vectors(vector: dict[str, object]) -> None:
    found = _found(vector["kind"], vector["inputs"])  # type: ignore[arg-type]
    expected: dict[str, float] = vector["expected"]  # type: ignore[assignment]
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=float(vector["rel_tol"]))  # type: ignore[arg-type]


whole = st.integers(1, 200)


@given(whole, whole, st.integers(1, 9000), st.integers(1, 9000), st.data())
def test_windows_layer_by_layer(layers: int, per_layer: int, tokens: int, window: int, data: st.DataObject) -> None:
    n_global = data.draw(st.integers(0, layers))
    slow = 0
    for layer in range(layers):
        kept = tokens if layer < n_global or tokens < window else window
        slow += per_layer * kept
    found = memory.cache_bytes(per_layer * layers, tokens, n_layers=layers, n_global_layers=n_global, window=window)
    assert float(found) == pytest.approx(slow)


def test_without_windows_every_token_is_kept() -> None:
    per_token = memory.cache_bytes_per_token(32, 8, 128)
    assert float(memory.cache_bytes(per_token, 8192)) == 131_072 * 8192


def test_unknown_is_never_nothing() -> None:
    assert np.isnan(memory.weight_bytes([np.nan, 0, -1], 16)).all()
    assert np.isnan(memory.cache_bytes_per_token([32, np.nan, 32], [np.nan, 8, 0], 128)).all()
    assert np.isnan(memory.latent_cache_bytes_per_token(61, 0, 64))
    assert np.isnan(memory.cache_bytes(np.nan, 100))


def test_a_card_is_not_all_usable() -> None:
    assert memory.usable([8, 80]) == pytest.approx([7.04e9, 70.4e9])
