"""Statistical forecasters as a model of lm-eval: they answer the prompts that a language model answers, from the series in them.

A prompt ends in a line ``Series: 112, 118, ...``; the answer is the next number. Nothing is learned beforehand: each series
is fitted by itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from lm_eval.api.model import LM

from .failures import Failure
from .series_score import numbers

LINE = "Series: "
BYTES_PER_NUMBER = 8
GRID = tuple(product((0.05, 0.1, 0.2, 0.4, 0.7, 0.95), (0.0, 0.02, 0.1, 0.3), (0.05, 0.2, 0.5, 0.9)))
"""Weights of level, trend and season that are tried."""


def naive(series: Any, period: int) -> float:
    """The last number."""
    return float(series[-1])


def seasonal_naive(series: Any, period: int) -> float:
    """The number of one period before."""
    return float(series[-period])


def seasonal_drift(series: Any, period: int) -> float:
    """The number of one period before, and the mean change over a period."""
    return float(series[-period] + np.mean(series[period:] - series[:-period]))


def exponential_smoothing(series: Any, period: int) -> float:
    """Holt and Winters: level, trend and season, each a moving mean with weights of ``GRID`` that fit the series best.

    Seasons are added, or multiplied where the series is positive and that fits better. A series of less than two
    periods has no season.

    Source:
        Hyndman and Athanasopoulos, Forecasting: Principles and Practice, section 8.3.
    """
    seasons = period if len(series) >= 2 * period and period > 1 else 1
    added, error = _smoothed(series, seasons)
    if np.all(series > 0):
        logs, error_of_logs = _smoothed(np.log(series), seasons, series)
        if error_of_logs < error:
            return float(math.exp(logs))
    return added


def _smoothed(series: Any, m: int, original: Any = None) -> tuple[float, float]:
    """Forecast, and mean squared error of the one-step forecasts inside the series (of the original one, if of logs)."""
    alpha, beta, gamma = (np.array(column) for column in zip(*GRID, strict=True))
    head = series[:m]
    level = np.full(len(GRID), float(np.mean(head)))
    slope = (
        (np.mean(series[m : 2 * m]) - np.mean(head)) / m if len(series) >= 2 * m and m > 1 else series[1] - series[0]
    )
    trend = np.full(len(GRID), float(slope))
    season = np.tile(head - np.mean(head), (len(GRID), 1)) if m > 1 else np.zeros((len(GRID), 1))
    gamma = gamma if m > 1 else np.zeros_like(gamma)
    errors = np.zeros(len(GRID))
    start = m if m > 1 else 1
    for t in range(start, len(series)):
        forecast = level + trend + season[:, t % m]
        errors += (forecast - series[t]) ** 2 if original is None else (np.exp(forecast) - original[t]) ** 2
        before = level
        level = alpha * (series[t] - season[:, t % m]) + (1 - alpha) * (level + trend)
        trend = beta * (level - before) + (1 - beta) * trend
        season[:, t % m] = gamma * (series[t] - level) + (1 - gamma) * season[:, t % m]
    best = int(np.argmin(errors))
    return float((level + trend + season[:, len(series) % m])[best]), float(errors[best] / (len(series) - start))


METHODS: dict[str, tuple[Callable[[Any, int], float], Callable[[int], int]]] = {
    "statistics/naive": (naive, lambda period: 1),
    "statistics/seasonal-naive": (seasonal_naive, lambda period: period),
    "statistics/seasonal-drift": (seasonal_drift, lambda period: period + 1),
    "statistics/exponential-smoothing": (exponential_smoothing, lambda period: period + 5),
}
"""Each method with how many numbers must be kept of a series to forecast it."""


class ForecastLM(LM):
    """One method of forecasting.

    Args:
        model: ``statistics/naive``, ``statistics/seasonal-naive``, ``statistics/seasonal-drift`` or
            ``statistics/exponential-smoothing``.
    """

    def __init__(self, model: str = "statistics/exponential-smoothing", **_: Any) -> None:
        super().__init__()
        if model not in METHODS:
            raise Failure("model", f"No such method: {model}. There are {', '.join(METHODS)}.")
        self.model = model
        self.identity = model
        self._method, self._kept = METHODS[model]
        self._n_numbers = 0
        self._fit_seconds = 0.0

    def take_task(self, config: dict[str, Any]) -> None:
        """Nothing is learned; the name of the task belongs to the name of what answers it."""
        self.identity = f"{self.model}-{config['task']}"
        self._n_numbers, self._fit_seconds = 0, 0.0

    def measured(self) -> dict[str, float]:
        """Bytes that must be kept of a series (the largest so far), and seconds of fitting in all."""
        size = {"model_bytes": self._n_numbers * BYTES_PER_NUMBER} if self._n_numbers else {}
        return {**size, "fit_seconds": self._fit_seconds}

    def get_model_info(self) -> dict[str, Any]:
        """How many numbers are kept of a series, in lm-eval's own word for it."""
        return {"model_num_parameters": self._n_numbers} if self._n_numbers else {}

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        answers = []
        for request in requests:
            answers.append(f"{self._next(request.args[0], request.doc):.10g}")
            self.cache_hook.add_partial("generate_until", request.args, answers[-1])
        return answers

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        raise Failure("task", "A forecaster writes the next number; it chooses among no answers.")

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        raise Failure("task", "A forecaster writes the next number; it reads no text.")

    def _next(self, context: str, doc: dict[str, Any]) -> float:
        lines = [line for line in context.splitlines() if line.startswith(LINE)]
        try:
            series = np.array(numbers(lines[-1].removeprefix(LINE)))
            period = int(doc["period"])
        except (IndexError, KeyError, TypeError, ValueError):
            raise Failure("task", "A prompt without a series of numbers.") from None
        start = time.perf_counter()
        answer = self._method(series, period)
        self._fit_seconds += time.perf_counter() - start
        self._n_numbers = max(self._n_numbers, self._kept(period))
        return answer
