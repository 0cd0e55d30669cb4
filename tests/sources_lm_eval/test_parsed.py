"""A forecast that could not be read is not parsed, which is not the same as wrong."""

from __future__ import annotations

import json

import pytest

from lib.sources.contract import Candidate
from lib.sources.lm_eval_results import parse_results


def read(row: dict[str, object], n: int = 40) -> dict[str, object]:
    document = {
        "results": {"t": row},
        "versions": {"t": 1.0},
        "n-samples": {"t": {"original": n, "effective": n}},
        "config": {"model": "hf", "model_args": {"pretrained": "a/b"}},
        "higher_is_better": {"t": {"mase": False, "parsed": True}},
    }
    (run,) = parse_results(Candidate("results.json", json.dumps(document).encode())).runs
    return {result.metric: result for result in run.results}


@pytest.mark.parametrize(
    ("share", "n", "flags"), ((1.0, 40, ()), (0.75, 30, ("partly-parsed",)), (0.025, 1, ("partly-parsed",)))
)
def test_a_forecast_counts_the_answers_that_could_be_read(share: float, n: int, flags: tuple[str, ...]) -> None:
    found = read({"mase,none": 0.8, "mase_stderr,none": 0.1, "parsed,none": share, "parsed_stderr,none": 0.07})
    mase = found["mase"]
    assert (mase.score, mase.stderr, mase.n_samples, mase.higher_is_better, mase.status) == (
        0.8,
        0.1,
        n,
        False,
        "scored",
    )
    assert mase.flags == flags and found["parsed"].n_samples == 40


def test_where_nothing_could_be_read_there_is_no_score() -> None:
    found = read({"parsed,none": 0.0, "parsed_stderr,none": 0.0})
    mase = found["mase"]
    assert (mase.score, mase.status, mase.n_samples, mase.higher_is_better) == (None, "unparsed", 40, False)
    assert found["parsed"].score == 0 and found["parsed"].higher_is_better is True


def test_other_scores_stay_as_they_are() -> None:
    assert read({"acc,none": 0.5, "acc_stderr,none": "N/A"}).keys() == {"acc"}
    assert read({"mase,none": 0.8, "mase_stderr,none": 0.1})["mase"].n_samples == 40
