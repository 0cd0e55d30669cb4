"""Published runs predicted: the table of the reference as golden numbers, bands, and what is not published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lib.analysis import published_training as pt
from lib.settings import ROOT

COST = ROOT / "data" / "cost"


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(COST / f"{name}.csv")


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return pt.training_runs(table("training_runs"), table("hardware").set_index("id")).set_index("run")


def test_errors_are_those_of_the_reference(runs: pd.DataFrame) -> None:
    errors = {
        "LLaMA 7B": -3, "LLaMA 65B": 6, "Llama 2 7B": -13, "Llama 2 70B": -5, "Llama 3 8B": -55, "Llama 3 70B": -20,
        "Llama 3.1 405B": -1, "Llama 3.2 3B": -70, "Llama 4 Scout": -35, "BLOOM 176B": -29, "GPT-3 175B": -2,
        "DeepSeek-V3 (pre-training)": -1, "TinyLlama 1.1B (300B tokens)": 13,
    }  # fmt: skip
    known = runs[runs["error"].notna()]
    assert {run: round(100 * error) for run, error in known["error"].items()} == errors
    found = pt.agreement(runs)
    assert (found.n, round(found.median_error, 2)) == (13, 0.13)
    # Outside 25% to 55%: the small Llama 3 models, Llama 4 Scout (partly FP8) and V100s.
    outside = {"Llama 3 8B", "Llama 3.2 3B", "Llama 4 Scout", "GPT-3 175B"}
    assert set(known.index[~known["is_within"].astype(bool)]) == outside and found.n_within == 9


def test_energy_follows_from_published_hours(runs: pd.DataFrame) -> None:
    known = runs[runs["tco2e"].notna() & runs["tco2e_published"].notna()]
    assert len(known) == 11
    assert (known["tco2e"] / known["tco2e_published"] - 1).abs().max() < 0.013
    assert runs.at["LLaMA 7B", "mwh"] == pytest.approx(36.3, abs=0.05)
    assert np.isnan(runs.at["OLMo 2 7B", "mwh"]) and np.isnan(runs.at["OLMo 2 7B", "error"])


def test_measured_fine_tunes() -> None:
    rows = pt.tuning_runs(table("measured_finetuning"), table("model_arch"), table("hardware").set_index("id"))
    assert len(rows) == 17
    own = rows[(rows["model"] == "llama-2-7b") & (rows["hardware"] == "rtx-4090")]
    assert own["hfu_implied"].between(0.45, 0.75).all()
    found = pt.agreement(rows)
    assert found.n == 17 and 0.1 < found.median_error < 0.5
    ddp = own[own["sharding"] == "ddp"].iloc[0]
    assert ddp["gib"] > own[own["sharding"] == "fsdp"].iloc[0]["gib"] / 2
    offloaded = rows[rows["sharding"].str.contains("offload")]
    assert len(offloaded) == 1 and offloaded["gib"].isna().all()


def test_nothing_in_nothing_out() -> None:
    empty = pd.DataFrame()
    assert list(pt.training_runs(empty, empty).columns) == list(pt.RUN_COLUMNS)
    assert pt.tuning_runs(empty, empty, empty).empty
    assert pt.agreement(pt.training_runs(empty, empty)).n == 0
