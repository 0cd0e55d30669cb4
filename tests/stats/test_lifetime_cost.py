"""Life-time cost: the optimum against a search over sizes, equal quality, the published example."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.stats import lifetime_cost as lc
from lib.stats.compute_optimal import LossLaw, loss, optimal_for

SARDANA = LossLaw(1.69, 406.4, 410.7, 0.336, 0.283)
BESIROGLU = LossLaw(1.8172, 482.01, 2085.43, 0.3478, 0.3658)
UNROUNDED = LossLaw(1.693373683679, 406.401017973, 410.722826853, 0.33917084, 0.2849083)
sizes = st.floats(5e7, 1e12)


@given(st.sampled_from((SARDANA, BESIROGLU)), sizes, st.floats(0, 1e15), st.floats(0.05, 50))
@settings(max_examples=60)
def test_optimum_against_a_search(law: LossLaw, params: float, served: float, ratio: float) -> None:
    found = lc.inference_optimum(law, params, served, serve_price_ratio=ratio)
    target = float(loss(law, params, optimal_for(law, params).tokens))

    def total(n: np.ndarray) -> np.ndarray:
        rest = target - law.E - law.A * n**-law.alpha
        return 6 * n * (law.B / rest) ** (1 / law.beta) + 2 * ratio * n * served

    smallest = (law.A / (target - law.E)) ** (1 / law.alpha)
    tried = smallest * np.exp(np.linspace(1e-3, 6, 20_001))
    assert float(found.total) <= total(tried).min() * (1 + 1e-9)
    assert total(np.asarray(float(found.params))) == pytest.approx(float(found.total))
    assert loss(law, found.params, found.tokens) == pytest.approx(target)
    assert -1e-9 <= float(found.saving) < 1
    assert float(found.params) <= params * (1 + 1e-6)


@given(st.sampled_from((SARDANA, BESIROGLU)), sizes, st.floats(0.3, 1.0), st.floats(0, 1e14))
def test_equal_quality_is_equal(law: LossLaw, params: float, share: float, served: float) -> None:
    found = lc.equal_quality(law, params, params * share, served)
    if np.isnan(found.train_tokens_small):
        smallest = (law.A / (float(found.loss) - law.E)) ** (1 / law.alpha)
        assert params * share <= smallest * (1 + 1e-9)
        return
    assert loss(law, params * share, found.train_tokens_small) == pytest.approx(float(found.loss))
    assert found.train_tokens_small >= found.train_tokens_large * (1 - 1e-9)
    slow = 6 * params * share * float(found.train_tokens_small) + 2 * params * share * served
    assert float(found.total_flop_small) == pytest.approx(slow)


def test_the_published_example_and_how_it_depends_on_the_law() -> None:
    savings = [float(lc.equal_quality(law, 13e9, 7e9, 2e12).saving) for law in (SARDANA, UNROUNDED, BESIROGLU)]
    assert savings == pytest.approx([0.174, 0.163, 0.278], abs=0.001)
    best = lc.inference_optimum(BESIROGLU, 7e9, 1e13)
    assert [float(best.params), float(best.tokens), float(best.saving)] == pytest.approx([2.06e9, 1.35e12, 0.604], rel=0.002)  # fmt: skip


def test_draws_have_their_own_optimum_each() -> None:
    laws = LossLaw(*(np.array(pair) for pair in zip(SARDANA, BESIROGLU, strict=True)))
    both = lc.inference_optimum(laws, 13e9, 2e12)
    alone = [float(lc.inference_optimum(law, 13e9, 2e12).params) for law in (SARDANA, BESIROGLU)]
    assert both.params == pytest.approx(alone)


def test_money_differs_from_flop() -> None:
    usd = lc.lifetime_usd(8e9, 1e12, 5e12, train_usd_per_hour=2, peak_flop_per_s=1e15, mfu=0.4, serve_usd_per_mtok=0.1)
    assert usd == pytest.approx(6 * 8e9 * 1e12 * 2 / (3600 * 1e15 * 0.4) + 5e12 * 0.1 / 1e6)
    assert lc.lifetime_flop(8e9, 1e12, 5e12) == 6 * 8e9 * 1e12 + 2 * 8e9 * 5e12
    cheap, dear = (float(lc.inference_optimum(BESIROGLU, 7e9, 1e12, serve_price_ratio=r).params) for r in (0.1, 10))
    assert dear < cheap


@pytest.mark.parametrize(
    "call",
    [
        lambda: lc.lifetime_flop(-1, 1, 1),
        lambda: lc.lifetime_flop(1, 1, -1),
        lambda: lc.inference_optimum(SARDANA, 0, 1),
        lambda: lc.inference_optimum(SARDANA, 1e9, 1, serve_price_ratio=0),
        lambda: lc.tokens_for_loss(SARDANA, 0, 2),
    ],
)
def test_impossible_values_are_refused(call: object) -> None:
    with pytest.raises(RefusedInput, match="impossible"):
        call()  # type: ignore[operator]
    assert np.isnan(lc.tokens_for_loss(SARDANA, 1e6, 1.7))
