"""Estimated costs: the fewest devices, bands as deviations, measured rates without one, and training by 6ND."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lib.analysis.cost_estimates import TRAINING_SIGMA, Serving, of_serving, of_training
from lib.analysis.serving_estimate import Ask, estimate
from lib.analysis.serving_models import Shapes
from lib.settings import ROOT
from lib.sources.cost_tables import shipped_table
from lib.stats.serving_cost import BLEND
from tests.analysis import frames

HOW = Serving("h100-sxm", "bf16", 64, 1.0)


@pytest.fixture(scope="module")
def tables() -> tuple[Shapes, pd.DataFrame]:
    arch = shipped_table(ROOT / "data", "model_arch").set_index("model_id")
    shapes = Shapes(arch, {name: name for name in ("llama-3.1-8b", "llama-3.1-405b")}, frozenset(), ())
    return shapes, shipped_table(ROOT / "data", "hardware").set_index("id")


def test_serving_is_the_blend_of_the_estimate_with_its_deviation(tables: tuple[Shapes, pd.DataFrame]) -> None:
    shapes, hardware = tables
    found = of_serving(["llama-3.1-8b", "unknown"], HOW, shapes, hardware, pd.DataFrame(), is_energy=False)
    assert found.index.tolist() == ["llama-3.1-8b"]
    one = estimate(Ask("llama-3.1-8b", "h100-sxm", n_gpus=None, blend=BLEND), shapes, hardware, pd.DataFrame())
    row = found.iloc[0]
    assert BLEND == (3.0, 1.0) and row["cost"] == pytest.approx(one.usd_blended.value)
    assert row["cost_high"] == pytest.approx(row["cost"] * math.exp(1.2815515655446004 * row["sigma"]))
    assert 0.2 < row["sigma"] < 0.9 and row["shared_sigma"] == 0.0 and row["is_assumed"] and "1 × " in row["told"]
    half = of_serving(["llama-3.1-8b"], HOW._replace(utilisation=0.5), shapes, hardware, pd.DataFrame(), is_energy=False)  # fmt: skip
    assert half["cost"].iloc[0] == pytest.approx(2 * row["cost"])
    energy = of_serving(["llama-3.1-8b"], HOW, shapes, hardware, pd.DataFrame(), is_energy=True)
    assert energy["cost"].iloc[0] == pytest.approx(one.kwh_per_mtok.value)


def test_what_fits_nowhere_has_no_row(tables: tuple[Shapes, pd.DataFrame]) -> None:
    shapes, hardware = tables
    small = of_serving(["llama-3.1-405b"], HOW._replace(hardware="rtx-4090"), shapes, hardware, pd.DataFrame(), is_energy=False)  # fmt: skip
    assert small.empty and "cost" in small
    large = of_serving(["llama-3.1-405b"], HOW, shapes, hardware, pd.DataFrame(), is_energy=False)
    assert large["told"].iloc[0].startswith("16 × ")


def test_training_is_six_operations_a_parameter_and_token(tables: tuple[Shapes, pd.DataFrame]) -> None:
    _, hardware = tables
    models = frames.models(
        [
            {"id": "a", "params_active": 7e9, "training_tokens": 2e12},
            {"id": "tuned", "params_active": 7e9},
            {"id": "unknown", "params_total": 7e9},
        ]
    ).assign(tokens_inherited=[np.nan, 1e12, np.nan])
    models["params_active"] = [7e9, 7e9, np.nan]
    found = of_training(models, hardware, "h100-sxm")
    assert found.index.tolist() == ["a", "tuned"]
    device = hardware.loc["h100-sxm"]
    hours = 6 * 7e9 * 2e12 / (3600 * float(device["bf16_tflops_dense"]) * 1e12 * math.sqrt(0.25 * 0.55))
    assert found.at["a", "cost"] == pytest.approx(hours * float(device["usd_per_hour"]))
    assert found.at["tuned", "cost"] == pytest.approx(found.at["a", "cost"] / 2)
    assert pytest.approx(0.308, abs=5e-4) == TRAINING_SIGMA
    # The ends are those of the utilisation.
    assert found.at["a", "cost_high"] / found.at["a", "cost_low"] == pytest.approx(0.55 / 0.25)
    assert of_training(models, hardware.assign(usd_per_hour=np.nan), "h100-sxm").empty
