"""Classical models answer the prompts of language models, and as they would answer if asked directly."""

from __future__ import annotations

import csv
import math
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.evals import own_tasks
from lib.evals.attempt import Attempt
from lib.evals.backends import backends
from lib.evals.child.series_score import LARGEST, process_results, read_number, scale
from lib.evals.deliver import deliver
from lib.evals.spec import JobSpec
from lib.evals.task_prompts import configuration
from lib.settings import ROOT, read_settings
from lib.sources.ingest import ingest
from lib.sources.own_task_files import OwnTask, own_task, read_task
from lib.sources.own_task_rows import checked_row
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.store.samples import read_samples
from tests.evals.lm_eval_aside import LmEval
from tests.evals.questions import job_of

TASKS = ROOT / "data" / "tasks"
CLASSIFIERS = next(one.choices for one in backends()["tabular"].arguments)
METHODS = next(one.choices for one in backends()["forecast"].arguments)


@pytest.fixture(scope="module")
def wine() -> OwnTask:
    return read_task((TASKS / "wine-cultivars.jsonl").read_bytes())


@pytest.fixture(scope="module")
def series() -> OwnTask:
    return read_task((TASKS / "unemployment-next-month.jsonl").read_bytes())


def run(lm_eval: LmEval, task: OwnTask, folder: Path, backend: str, model: str) -> dict[str, Any]:
    made = backends()[backend].model_class
    return lm_eval.ask(config=configuration(task, folder), model=made, model_args={"model": model})


def asked_directly(name: str, given: Any, answers: Any, questions: Any) -> Any:
    if name == "scikit-learn/logistic-regression":
        from sklearn.linear_model import LogisticRegression

        mean, spread = given.mean(0), given.std(0)
        fitted = LogisticRegression(max_iter=1_000).fit((given - mean) / spread, answers)
        return fitted.predict((questions - mean) / spread)
    if name == "scikit-learn/gradient-boosting":
        from sklearn.ensemble import GradientBoostingClassifier

        return GradientBoostingClassifier(random_state=0).fit(given, answers).predict(questions)
    xgboost = pytest.importorskip("xgboost", reason="comes with make local-models")
    return xgboost.XGBClassifier(n_jobs=1, random_state=0).fit(given, answers).predict(questions)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_a_classifier_answers_as_if_asked_directly(model: str, wine: OwnTask, lm_eval: LmEval, tmp_path: Path) -> None:
    def table(rows: Any) -> tuple[Any, Any]:
        names = sorted(wine.rows[0]["features"])
        return np.array([[r["features"][n] for n in names] for r in rows]), np.array([r["answer"] for r in rows])

    questions, right = table(wine.rows)
    expected = asked_directly(model, *table(wine.examples), questions) == right
    told = run(lm_eval, wine, tmp_path, "tabular", model)["answer"]
    assert [one["acc"] for one in told["each"]] == expected.astype(float).tolist()
    assert expected.mean() > 0.9
    assert told["identity"] == f"{model}-{wine.name}"
    assert 1_000 < told["measured"]["model_bytes"] < 1_000_000 and told["measured"]["fit_seconds"] > 0
    if model.endswith("logistic-regression"):
        assert told["info"] == {"model_num_parameters": 13 * 3 + 3}
    else:
        assert told["info"]["model_num_parameters"] > 300


def smoothed(series: list[float], m: int, weights: tuple[float, float, float]) -> list[float]:
    """Additive Holt-Winters, written out: the forecasts of all numbers after the first ``m``, and of the next one."""
    alpha, beta, gamma = weights
    level = sum(series[:m]) / m
    trend = (sum(series[m : 2 * m]) / m - level) / m
    season = [x - level for x in series[:m]]
    forecasts = []
    for t, x in enumerate(series[m:], start=m):
        forecasts.append(level + trend + season[t % m])
        new = alpha * (x - season[t % m]) + (1 - alpha) * (level + trend)
        trend = beta * (new - level) + (1 - beta) * trend
        season[t % m] = gamma * (x - new) + (1 - gamma) * season[t % m]
        level = new
    return [*forecasts, level + trend + season[len(series) % m]]


def best_smoothing(series: list[float], m: int) -> float:
    """Of all weights, added and multiplied seasons: the forecast of those with the smallest squared errors inside."""
    grid = product((0.05, 0.1, 0.2, 0.4, 0.7, 0.95), (0.0, 0.02, 0.1, 0.3), (0.05, 0.2, 0.5, 0.9))
    found = []
    for weights in grid:
        added = smoothed(series, m, weights)
        multiplied = [math.exp(x) for x in smoothed([math.log(x) for x in series], m, weights)]
        for forecasts in (added, multiplied):
            found.append((sum((a - b) ** 2 for a, b in zip(forecasts, series[m:], strict=False)), forecasts[-1]))
    return min(found)[1]


SLOWLY = {
    "statistics/naive": lambda s, m: s[-1],
    "statistics/seasonal-naive": lambda s, m: s[-m],
    "statistics/seasonal-drift": lambda s, m: s[-m] + sum(b - a for a, b in zip(s, s[m:], strict=False)) / (len(s) - m),
}


@pytest.mark.parametrize("model", METHODS)
def test_a_forecaster_answers_by_its_formula(model: str, series: OwnTask, lm_eval: LmEval, tmp_path: Path) -> None:
    told = run(lm_eval, series, tmp_path, "forecast", model)["answer"]
    assert told["identity"] == f"{model}-{series.name}" and told["measured"]["fit_seconds"] > 0
    kept = {"naive": 1, "seasonal-naive": 12, "seasonal-drift": 13, "exponential-smoothing": 17}[model.split("/")[1]]
    assert told["info"] == {"model_num_parameters": kept} and told["measured"]["model_bytes"] == 8 * kept
    assert all(one["parsed"] == 1 for one in told["each"]) and len(told["each"]) == 70
    for row, one in list(zip(series.rows, told["each"], strict=True))[: 70 if model in SLOWLY else 6]:
        expected = SLOWLY.get(model, best_smoothing)(row["series"], row["period"])
        assert one["mase"] == pytest.approx(abs(expected - row["answer"]) / scale(row["series"], 12), rel=1e-6), row


def test_what_a_baseline_cannot_answer_is_said(wine: OwnTask, series: OwnTask, lm_eval: LmEval, tmp_path: Path) -> None:
    plain = own_task(
        "T", "choices", [("r", checked_row("choices", {"question": "q", "choices": ["a", "b"], "answer": 0}, str))]
    )
    cases = (
        (plain, "tabular", CLASSIFIERS[0], "no examples with features to learn from"),
        (series, "tabular", CLASSIFIERS[0], "no examples with features"),
        (wine, "tabular", "scikit-learn/other", "No such classifier"),
        (wine, "forecast", METHODS[0], "it chooses among no answers"),
        (series, "forecast", "statistics/other", "No such method"),
    )
    for task, backend, model, words in cases:
        failed = run(lm_eval, task, tmp_path, backend, model)["failed"]
        assert failed.startswith("Failure: ") and words in failed


def test_a_class_that_no_example_has_is_unlikely_and_not_impossible(
    wine: OwnTask, lm_eval: LmEval, tmp_path: Path
) -> None:
    few = OwnTask(wine.title, wine.kind, wine.rows[:20], tuple(row for row in wine.examples if row["answer"] != 1))
    told = run(lm_eval, few, tmp_path, "tabular", CLASSIFIERS[0])["answer"]
    right = [(row["answer"], one["acc"]) for row, one in zip(few.rows, told["each"], strict=True)]
    assert {acc for answer, acc in right if answer == 1} == {0.0}
    assert np.mean([acc for answer, acc in right if answer != 1]) > 0.8


@pytest.mark.parametrize(
    ("said", "number"),
    (("417", 417), (" 417.5 ", 417.5), ("417.", 417), ("1,234.5", 1234.5), ("-3", -3), ("\u22123", -3), ("+.5", 0.5), ("1e3", 1000),
     ("417, 432, 405", 417), ("The next value is 417.", 417), ("about 417 thousand", 417), ("In 1961 it was 417", None),
     ("", None), ("none", None), (".", None), ("-", None), ("1e400", None), ("9" * 400, None), ("12.5%", 12.5)),
)  # fmt: skip
def test_the_number_of_an_answer(said: str, number: float | None) -> None:
    assert read_number(said) == number


@given(st.floats(-1e12, 1e12), st.sampled_from(("{}", "It is {}", " {} ", "{}\nmore")))
def test_a_written_number_is_read_back(number: float, around: str) -> None:
    assert read_number(around.format(repr(number)).split("\n")[0]) == number


@given(st.text(max_size=40))
def test_reading_never_fails(said: str) -> None:
    number = read_number(said)
    assert number is None or abs(number) <= LARGEST


@given(
    st.lists(st.integers(-50, 50), min_size=5, max_size=20),
    st.integers(1, 4),
    st.integers(-60, 60),
    st.integers(-60, 60),
)
def test_mase_against_its_definition(series: list[int], period: int, target: int, said: int) -> None:
    errors = [abs(series[i] - series[i - period]) for i in range(period, len(series))]
    if not any(errors):
        return
    doc = {"series": ", ".join(map(str, series)), "period": period, "target": str(target)}
    expected = abs(said - target) / (sum(errors) / len(errors))
    assert process_results(doc, [str(said)]) == {"mase": pytest.approx(expected), "parsed": 1.0}
    assert process_results(doc, ["no idea"]) == {"parsed": 0.0}


def test_a_baseline_stands_beside_language_models(tmp_path: Path, series: OwnTask) -> None:
    given = read_settings({"P4P_DATA_DIR": str(tmp_path / "local"), "P4P_FILL": "0"})
    store = open_store(given)
    for name in ("unemployment-next-month.jsonl", "models.csv", "facts.csv"):
        assert ingest(store, [TASKS / name], settings=given, shipped=True).imported == 1
    (listed,) = own_tasks.tasks(store)
    assert listed.is_shipped and listed.kind == "forecast" and listed.name == series.name
    job = job_of(JobSpec("forecast", (series.name,), {"model": METHODS[0]}))
    attempt = Attempt(
        job,
        folder=tmp_path / "job",
        settings=given,
        on_progress=lambda event: None,
        is_wanted=lambda: True,
        config_of=partial(own_tasks.configuration_of, store, given),
    )
    try:
        finished = attempt.run_task(0)
    finally:
        attempt.close()
    assert finished.measured["n_requests"] == 70 and finished.measured["model_bytes"] == 8
    deliver(store, finished.folder, given, job=job.id)
    frames = FrameCache(store).frames()
    (row,) = [row for row in frames.scores([series.name]).to_dict("records") if row["metric"] == "mase"]
    assert row["model"] == f"statistics/naive-{series.name}" and frames.models.loc[row["model"], "params_total"] == 1
    expected = [abs(one["series"][-1] - one["answer"]) / scale(one["series"], 12) for one in series.rows]
    assert row["score"] == pytest.approx(np.mean(expected)) and row["n_samples"] == 70 and row["n_shot"] == 5
    assert row["stderr"] == pytest.approx(np.std(expected, ddof=1) / 70**0.5, rel=1e-6)
    assert row["model_name"] == row["model"]
    assert row["higher_is_better"] is False and row["status"] == "scored"
    assert frames.benchmarks.loc[series.name, "label"] == "Unemployment next month"
    facts = frames.facts(row["model"]).set_index("field")["value"]
    assert facts["model_bytes"] == "8"
    log = read_samples(store, int(row["run_id"]), series.name)
    assert log.num_rows == 70 and np.allclose(log.column("metric:mase").to_numpy(), expected)
    store.close()


def test_the_shipped_models_are_those_of_the_shipped_tasks(wine: OwnTask, series: OwnTask) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (TASKS / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    expected = {f"{model}-{wine.name}" for model in CLASSIFIERS} | {f"{model}-{series.name}" for model in METHODS}
    assert {row["id"] for row in rows("models.csv")} == expected
    stated = {(row["model_id"], row["field"]): row["value"] for row in rows("facts.csv")}
    for row in rows("models.csv"):
        assert stated[row["id"], "params_total"] == row["params_total"] and int(stated[row["id"], "model_bytes"]) > 0
