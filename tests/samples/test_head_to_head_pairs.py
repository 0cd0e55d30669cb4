"""Five real pairs head to head through import and store, checked by two independent routes: statsmodels, and by hand."""

from __future__ import annotations

import math
from functools import partial

import pytest
from scipy.stats import binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from lib.analysis import head_to_head, paired
from lib.analysis import head_to_head_evidence as evidence
from lib.analysis.comparability import compare
from lib.analysis.head_to_head_match import Match, matches
from lib.store.samples import logs_of, read_pair
from tests.samples.test_pairs import PAIRS, chosen, filled, side

__all__ = ["filled"]

FIVE = {
    "wino-llama2-7b-13b": "B better",
    "wino-llama2-7b-mistral-7b": "B better",
    "tqagen-bleu-llama2-7b-13b": "no difference shown",
    "gsm8k-tora-34b-70b": "B better",
    "crux-qwen2.5-7b-instruct-qwen2.5-72b-instruct": "B better",
}


def matched(filled, pair_id):
    """The one task of a pair, as the page gets it."""
    a, b = (side(filled, PAIRS[pair_id], which) for which in "ab")
    return Match(a.about, b.about, compare(a.about, b.about), True, "way"), a, b


@pytest.mark.parametrize("pair_id", FIVE)
def test_paired_results_are_those_of_other_routes(filled, pair_id):
    row = PAIRS[pair_id]
    match, _, _ = matched(filled, pair_id)
    found = head_to_head.head_to_head([match], filled.frames.benchmarks, read=partial(read_pair, filled.store))
    (got,) = found.tasks.to_dict("records")
    only_a, only_b, n = (int(row[name]) for name in ("only_a_right", "only_b_right", "n_common"))
    assert (got["only_a"], got["only_b"], got["n_both"]) == (only_a, only_b, n)
    assert got["method"] == evidence.PAIRED_COUNTS and got["verdict"] == FIVE[pair_id]
    # statsmodels gives the exact test; the mid-p lacks the probability of the very counts observed.
    k, m = min(only_a, only_b), only_a + only_b
    exact = mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue
    assert exact == pytest.approx(binomtest(k, m).pvalue, rel=1e-9)
    mid = exact - math.comb(m, k) / 2**m
    assert got["p"] == pytest.approx(mid, rel=1e-9) and got["p_holm"] == got["p"]
    # The paired difference and its error, from the answers themselves.
    pairs = found.pairs[0]
    by_hand = DescrStatsW(pairs.differences)
    assert got["delta"] == pytest.approx(by_hand.mean, abs=1e-12)
    assert got["delta_stderr"] == pytest.approx(by_hand.std_mean, rel=1e-9)
    assert got["detectable"] == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * by_hand.std_mean, rel=1e-9)
    if got["interval_method"] == "normal, paired":
        assert (got["delta_low"], got["delta_high"]) == pytest.approx(by_hand.zconfint_mean(), rel=1e-9)
    needed = NormalIndPower(ddof=0).solve_power(0.02 / math.sqrt(m / n), alpha=0.05, power=0.8, ratio=0)
    assert got["items_needed"] == pytest.approx(needed, rel=1e-3)


@pytest.mark.parametrize("pair_id", FIVE)
def test_unpaired_results_are_those_of_another_route(filled, pair_id):
    match, a, b = matched(filled, pair_id)
    if match.comparison.verdict == "not comparable":
        pytest.fail("the pair is one that may be compared")
    found = head_to_head.head_to_head([match], filled.frames.benchmarks)
    (got,) = found.tasks.to_dict("records")
    assert got["pairing"].startswith("ignores pairing") and math.isnan(got["n_both"])
    metric, filter_ = chosen(pair_id)
    logs = read_pair(filled.store, a.log, b.log, paired.columns_needed(metric, a.about, b.about))
    answers = [DescrStatsW(t.filter(t["filter"].to_numpy(zero_copy_only=False) == filter_)[f"metric:{metric}"].to_numpy()) for t in logs]  # fmt: skip
    means = CompareMeans(*answers)
    z, p = means.ztest_ind(usevar="unequal")
    assert got["delta"] == pytest.approx(answers[0].mean - answers[1].mean, abs=1e-12)
    assert got["p"] == pytest.approx(p, rel=1e-6)
    assert got["delta_stderr"] == pytest.approx(abs((answers[0].mean - answers[1].mean) / z), rel=1e-6)
    # Pairing counts: the same answers, with a smaller error.
    together = head_to_head.head_to_head([match], filled.frames.benchmarks, read=partial(read_pair, filled.store))
    assert together.tasks["delta_stderr"].iloc[0] < got["delta_stderr"]


def test_a_pair_across_generations_has_counts_and_no_verdict(filled):
    match, _, _ = matched(filled, "tqagen-bleu-neo125m-llama2-13b")
    found = head_to_head.head_to_head([match], filled.frames.benchmarks, read=partial(read_pair, filled.store))
    (got,) = found.tasks.to_dict("records")
    assert got["verdict"] == "" and math.isnan(got["p"]) and "not comparable" in got["why_none"]
    assert found.pairs[0].n == 817 and "817 questions are stored, for counts only" in got["pairing"]


def test_a_real_group_by_the_log_of_its_part(filled):
    """Two runs of NegotiationToM: of its metrics exact_match is of one part only, and both have its log."""
    a, b = (side(filled, PAIRS["rerun-negotiationtom-intention"], which).log[0] for which in "ab")
    sides = [
        of[(of["metric"] == "exact_match").to_numpy(bool)].assign(model_kind="chat")
        for of in (filled.frames.scores_of([run]) for run in (a, b))
    ]
    logs = logs_of(filled.store, [a, b])
    stored = list(zip(logs["run_id"], logs["task"], strict=True))
    catalogue = filled.frames.benchmarks
    found = matches(*sides, catalogue, stored, each="task", tasks=["negotiationtom"])
    (match,) = next(iter(found.of.values()))
    assert [part.a["task"] for part in match.parts] == ["negotiationtom_intention"]
    got = head_to_head.head_to_head([match], catalogue, read=partial(read_pair, filled.store)).tasks.iloc[0]
    assert (got["n_both"], got["only_a"], got["only_b"], got["verdict"]) == (20, 0, 0, "too few data")
    assert got["pairing"].startswith("paired: the answers to 1 part put together")
    # Of acc one run lacks the log of a part.
    sides = [
        of[(of["metric"] == "acc").to_numpy(bool)].assign(model_kind="chat")
        for of in (filled.frames.scores_of([run]) for run in (a, b))
    ]
    (match,) = next(iter(matches(*sides, catalogue, stored, each="task", tasks=["negotiationtom"]).of.values()))
    assert not match.parts and not match.has_logs
