"""Repeated data: worth of a token against a sum over passes, limits, impossible values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.stats import data_limits as dl
from lib.stats.compute_optimal import loss
from tests.stats.calculations_training import MUENNIGHOFF


@given(st.floats(1, 300))
def test_worth_is_the_integral_of_the_marginal(epochs: float) -> None:
    steps = np.linspace(0, epochs - 1, 4001)
    decayed = np.exp(-steps / dl.R_D_STAR)
    slow = 1 + float(np.sum((decayed[1:] + decayed[:-1]) / 2 * np.diff(steps)))
    found = dl.repetition_value(epochs)
    assert found.effective_over_unique == pytest.approx(slow, rel=1e-4)
    assert found.marginal_value <= found.mean_value <= 1


def test_the_readings() -> None:
    four, forty = dl.repetition_value(dl.GOOD_EPOCHS), dl.repetition_value(dl.USELESS_EPOCHS)
    assert four.mean_value == pytest.approx(0.931, abs=0.001) and forty.marginal_value == pytest.approx(
        0.079, abs=0.001
    )
    assert dl.repetition_value(0.5).effective_over_unique == 0.5 and dl.repetition_value(0.5).mean_value == 1
    assert (
        dl.EFFECTIVE_STOCK.is_effective and dl.EFFECTIVE_STOCK.low < dl.EFFECTIVE_STOCK.tokens < dl.EFFECTIVE_STOCK.high
    )


@given(st.floats(1e7, 1e11), st.floats(1e9, 1e13), st.floats(1e8, 1e13))
def test_repeating_never_beats_new_text(params: float, tokens: float, unique: float) -> None:
    found = dl.data_constrained(MUENNIGHOFF, params, tokens, unique)
    assert found.effective_tokens <= tokens * (1 + 1e-9) and found.effective_params <= params * (1 + 1e-9)
    assert found.loss >= loss(MUENNIGHOFF, params, tokens) - 1e-9
    assert found.epochs == pytest.approx(max(1.0, tokens / unique))
    if unique >= tokens and found.base_params == params:
        assert found.loss == pytest.approx(float(loss(MUENNIGHOFF, params, tokens)))


@given(st.floats(1e7, 1e11), st.floats(1e9, 1e13), st.floats(1e8, 1e13))
def test_by_the_formula_slowly(params: float, tokens: float, unique: float) -> None:
    e, a, b, alpha, _ = (float(x) for x in MUENNIGHOFF)
    u = min(unique, tokens)
    d = u + u * dl.R_D_STAR * (1 - math.exp(-(tokens / u - 1) / dl.R_D_STAR))
    u_n = min((a / b) ** (1 / alpha) * u, params)
    n = u_n + u_n * dl.R_N_STAR * (1 - math.exp(-(params / u_n - 1) / dl.R_N_STAR))
    found = dl.data_constrained(MUENNIGHOFF, params, tokens, unique)
    assert found.loss == pytest.approx(e + a * n**-alpha + b * d**-alpha)


def test_impossible_values_are_named() -> None:
    for call in (lambda: dl.repetition_value(0), lambda: dl.epochs_for(-1, 1), lambda: dl.epochs_for(1, 0)):
        with pytest.raises(RefusedInput, match="impossible"):
            call()
    assert dl.epochs_for(3e13, 1e13) == 3
