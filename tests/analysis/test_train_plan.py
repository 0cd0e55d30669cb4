"""Plans of training: what is given comes back, the lowest point of the curve, bands, limits of text, refused amounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import train_plan as tp
from lib.analysis.train_plan import AWARE, DEFAULT_LAW, OPTIMAL, Ask
from lib.analysis.train_words import takeaway
from lib.errors import RefusedInput
from lib.schema.text import plain
from lib.settings import ROOT

LAWS = pd.read_csv(ROOT / "data" / "scaling" / "loss_law_parameters.csv")
DRAWS = pd.read_csv(ROOT / "data" / "scaling" / "refit_bootstrap_draws.csv")
H100 = 989.4e12
ASK = Ask("size", 7e9, H100, 0.35, 2.95, 700, 1.1, 0.458, 1e13, 1.0, None)


def one(found: tp.Plans, law: str = DEFAULT_LAW, plan: str = OPTIMAL) -> pd.Series:
    return found.rows[(found.rows["law"] == law) & (found.rows["plan"] == plan)].iloc[0]


def test_the_quality_of_a_7b_with_ten_trillion_served() -> None:
    found = tp.plans(LAWS, DRAWS, ASK)
    aware = one(found, plan=AWARE)
    # Reference vector of the inference-aware optimum.
    assert aware["params"] == pytest.approx(2056764609.08, rel=1e-5)
    assert aware["tokens"] == pytest.approx(1350359216534.5, rel=1e-5)
    assert aware["saving"] == pytest.approx(0.60429, abs=1e-5) and aware["is_indicative"]
    assert aware["saving_low"] < aware["saving"] < aware["saving_high"]
    assert aware["total_flop"] == pytest.approx(5.779951845819777e22, rel=1e-5)
    assert one(found)["tokens"] == pytest.approx(144408281578.4)
    said = " ".join(plain(x) for x in takeaway(found, ASK, DEFAULT_LAW, "H100"))
    assert "2.1B parameters on 1.4T tokens reach the same loss by the law and save 60%" in said
    assert "only indicative" in said and "as good" not in said


@given(st.sampled_from(list(tp.LAWS)), st.floats(1e5, 1e9), st.floats(0.1, 0.9), st.floats(0.1, 20), st.floats(1, 3))
@settings(max_examples=12)
def test_a_budget_is_spent(law: str, budget: float, mfu: float, price: float, beyond: float) -> None:
    ask = ASK._replace(goal="budget", amount=budget, mfu=mfu, usd_per_device_hour=price, beyond=beyond)
    try:
        found = tp.plans(LAWS, None, ask, law)
    except RefusedInput as refusal:
        assert refusal.place == "budget" and "outside" in refusal.reason
        return
    row = one(found, law)
    assert row["usd"] == pytest.approx(budget)
    assert 6 * row["params"] * row["tokens"] * beyond / (3600 * H100 * mfu) * price == pytest.approx(budget)
    assert row["usd_low"] * 0.55 == pytest.approx(row["usd"] * mfu)
    # The size that the budget buys has this budget's tokens, and the tokens this size.
    by_size = one(tp.plans(LAWS, None, ask._replace(goal="size", amount=row["params"]), law), law)
    by_data = one(tp.plans(LAWS, None, ask._replace(goal="data", amount=row["tokens"]), law), law)
    assert by_size["tokens"] == pytest.approx(row["tokens"]) and by_data["params"] == pytest.approx(row["params"])


@pytest.mark.parametrize("ratio", [0.3, 1.0, 4.0])
def test_marks_are_the_lowest_points_of_the_lines(ratio: float) -> None:
    found = tp.plans(LAWS, DRAWS, ASK._replace(serving_ratio=ratio, beyond=1.5))
    curve = found.curve.set_index("size")
    assert found.is_in_usd
    # The best sizes are on the lines; nothing on them is below, and what is saved is the gap between the two marks.
    best = one(found, plan=AWARE)["params"]
    assert curve["total"].idxmin() == pytest.approx(best)
    at_optimal = one(found)
    saved = 1 - curve["total"].min() / at_optimal["total_usd"]
    assert one(found, plan=AWARE)["saving"] == pytest.approx(saved, rel=1e-6)


def test_bands_are_percentiles_over_refits() -> None:
    found = tp.plans(LAWS, DRAWS, ASK._replace(goal="budget", amount=1e6))
    row = one(found)
    flop = 1e6 / ASK.usd_per_flop
    sizes = []
    for draw in DRAWS.to_dict("records"):
        a, b = draw["alpha"], draw["beta"]
        g = (a * draw["A"] / (b * draw["B"])) ** (1 / (a + b))
        sizes.append(g * (flop / 6) ** (b / (a + b)))
    assert [row["params_low"], row["params_high"]] == pytest.approx(list(np.percentile(sizes, [10, 90])))
    assert np.isnan(one(found, "hoffmann2022_unrounded")["params_low"])
    assert tp.plans(LAWS, None, ASK).rows["params_low"].isna().all()


def test_limits_of_text() -> None:
    found = tp.plans(LAWS, DRAWS, ASK._replace(different=100e9)).limits.set_index("plan")
    assert found.at[OPTIMAL, "epochs"] == pytest.approx(1.444, abs=0.001)
    assert found.at[AWARE, "epochs"] == pytest.approx(13.5, abs=0.01) and found.at[AWARE, "worth"] < 0.75
    assert found.at[AWARE, "stock_share"] == pytest.approx(1.350359e12 / 3e14, rel=1e-5)
    assert found.at[AWARE, "stock_low"] < found.at[AWARE, "stock_share"] < found.at[AWARE, "stock_high"]
    plenty = tp.plans(LAWS, DRAWS, ASK).limits
    assert (plenty["epochs"] == 1).all() and (plenty["worth"] == 1).all()


def test_unknown_prices_and_nothing_served() -> None:
    found = tp.plans(LAWS, DRAWS, ASK._replace(usd_per_device_hour=None, watts=None, served=0.0))
    assert not found.is_in_usd and found.rows["usd"].isna().all() and found.rows["kwh"].isna().all()
    assert set(found.rows["plan"]) == {OPTIMAL} and np.allclose(found.curve["train"], found.curve["total"])
    with pytest.raises(RefusedInput, match="needs a price") as refusal:
        tp.plans(LAWS, DRAWS, ASK._replace(goal="budget", amount=1e6, usd_per_device_hour=None))
    assert refusal.value.place == "rate"
    with pytest.raises(RefusedInput, match="outside what the laws are stated for"):
        tp.plans(LAWS, DRAWS, ASK._replace(goal="data", amount=1e16))
    nothing = tp.plans(pd.DataFrame(), pd.DataFrame(), ASK)
    assert nothing.rows.empty and nothing.curve.empty and takeaway(nothing, ASK, DEFAULT_LAW, "x") == []
