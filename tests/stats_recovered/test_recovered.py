"""Counts and group errors against slow definitions and the reference vectors."""

import json
import math
import statistics
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.stats import recovered

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "stats.json").read_text())["vectors"]


def vectors(kind):
    found = [pytest.param(v, id=v["id"]) for v in VECTORS if v["kind"] == kind]
    assert found, kind
    return found


def close(value, vector, key):
    tolerance = vector["tolerance"]
    return value == pytest.approx(vector["expected"][key], rel=tolerance["rel"], abs=tolerance["abs"])


@pytest.mark.parametrize("vector", vectors("sample_size_from_stderr"))
def test_counts_reproduce_the_vectors(vector):
    counts = recovered.counts_from_stderr(vector["inputs"]["acc"], vector["inputs"]["acc_stderr"])
    assert counts is not None
    assert counts._asdict() == {"n_samples": vector["expected"]["n"], "n_correct": vector["expected"]["n_correct"]}


@pytest.mark.parametrize("vector", vectors("group_mean") + vectors("group_pooled_stderr"))
def test_groups_reproduce_the_vectors(vector):
    scores, stderrs = vector["inputs"]["acc"], vector["inputs"]["stderr"]
    sizes = [recovered.counts_from_stderr(p, se).n_samples for p, se in zip(scores, stderrs, strict=True)]
    if "n" in vector["inputs"]:
        assert sizes == vector["inputs"]["n"]
    if "n_total" in vector["expected"]:
        assert sum(sizes) == vector["expected"]["n_total"]
    assert close(recovered.weighted_mean(scores, sizes), vector, "weighted_mean")
    assert close(recovered.pooled_stderr(stderrs, sizes), vector, "stderr_pooled_lm_eval")
    assert close(recovered.weighted_stderr(stderrs, sizes), vector, "stderr_stratified")
    assert close(recovered.macro_mean(scores), vector, "macro_mean")
    assert close(recovered.macro_stderr(stderrs), vector, "stderr_macro")
    if "stderr_concatenated" in vector["expected"]:
        k = sum(recovered.correct_count(p, n) for p, n in zip(scores, sizes, strict=True))
        assert close(recovered.binomial_stderr(k, sum(sizes)), vector, "stderr_concatenated")


@pytest.mark.parametrize("vector", vectors("macro_mean_stderr"))
def test_macro_means_reproduce_the_vectors(vector):
    given_ = vector["inputs"]
    if "chance" in given_:
        assert close(recovered.macro_mean(given_["score"]), vector, "macro_mean")
        assert close(recovered.macro_stderr(given_["stderr"]), vector, "stderr")
        assert close(recovered.macro_mean(given_["score"], given_["chance"]), vector, "normalised_mean")
        assert close(recovered.macro_stderr(given_["stderr"], given_["chance"]), vector, "normalised_stderr")
    else:
        counts = (given_["n_prompts"], given_["n_instructions"], given_["max_per_prompt"])
        assert close(recovered.effective_instructions(*counts), vector, "n_effective_instructions")
        bound = recovered.two_rates_stderr_bound(given_["prompt_rate"], given_["instruction_rate"], *counts)
        assert close(bound, vector, "stderr_bound")


@given(st.integers(2, 20_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_counts_come_back_from_the_mean_and_the_error_of_the_items(counts):
    n, k = counts
    items = [1] * k + [0] * (n - k)
    stderr = statistics.stdev(items) / math.sqrt(n)
    found = recovered.counts_from_stderr(k / n, stderr)
    if k in (0, n):
        assert found is None
        assert recovered.binomial_stderr(k, n) == 0
    else:
        assert found == (n, k)
        assert recovered.binomial_stderr(k, n) == pytest.approx(stderr, rel=1e-12)


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.2))
def test_counts_are_never_made_up(score, stderr):
    found = recovered.counts_from_stderr(score, stderr)
    if found is not None:
        assert abs(Fraction(found.n_correct, found.n_samples) - Fraction(score)) < Fraction(1, 10**6)
        assert recovered.binomial_stderr(found.n_correct, found.n_samples) == pytest.approx(stderr, rel=1e-5)


def test_rounded_numbers_give_no_counts():
    assert recovered.counts_from_stderr(0.7380, 0.0124) is None  # WinoGrande as printed in a table, n = 1267
    assert recovered.counts_from_stderr(0.3690, 0.0136) is None


leaves = st.lists(
    st.tuples(st.integers(2, 60), st.floats(0, 1)).map(lambda t: (t[0], round(t[0] * t[1]))), min_size=1, max_size=8
)


@given(leaves)
def test_group_errors_equal_the_sums_written_out(counts):
    sizes = [n for n, _ in counts]
    scores = [k / n for n, k in counts]
    variances = [statistics.variance([1] * k + [0] * (n - k)) for n, k in counts]
    stderrs = [math.sqrt(v / n) for v, n in zip(variances, sizes, strict=True)]
    total = sum(sizes)
    every_item = [x for n, k in counts for x in [1] * k + [0] * (n - k)]
    assert recovered.weighted_mean(scores, sizes) == pytest.approx(sum(every_item) / total)
    by_weights = math.sqrt(sum((n / total) ** 2 * v / n for n, v in zip(sizes, variances, strict=True)))
    assert recovered.weighted_stderr(stderrs, sizes) == pytest.approx(by_weights)
    assert recovered.macro_stderr(stderrs) == pytest.approx(
        math.sqrt(sum(v / n for n, v in zip(sizes, variances, strict=True))) / len(sizes)
    )
    within = sum((n - 1) * v for n, v in zip(sizes, variances, strict=True)) / (total - len(sizes))
    assert recovered.pooled_stderr(stderrs, sizes) == pytest.approx(math.sqrt(within / total))


@given(leaves)
def test_the_mean_is_told_by_its_value(counts):
    sizes, scores = [n for n, _ in counts], [k / n for n, k in counts]
    weighted, plain = recovered.weighted_mean(scores, sizes), recovered.macro_mean(scores)
    assert recovered.which_mean(weighted, scores, sizes) == "weighted"
    assert recovered.which_mean(plain, scores, None) == "unweighted"
    if abs(weighted - plain) > 1e-3:
        assert recovered.which_mean(plain, scores, sizes) == "unweighted"
        assert recovered.which_mean((weighted + plain) / 2 + 0.1, scores, sizes) is None


def test_a_mean_rounded_to_four_decimals_is_recognised_and_a_coarser_one_is_not():
    assert recovered.which_mean(0.3333, [0.5, 0.25], [1, 2]) == "weighted"
    assert recovered.which_mean(0.33, [0.5, 0.25], [1, 2]) is None


def test_nothing_is_divided_by_zero():
    assert recovered.pooled_stderr([0.0, 0.0], [1, 1]) is None
    assert recovered.binomial_stderr(1, 1) is None
    assert recovered.correct_count(0.5, 0) is None
    assert recovered.which_mean(0.5, [], None) is None
