"""Statistical forecasters: each series is fitted by itself, and its next number is the answer."""

from __future__ import annotations

from lib.evals.backends.contract import GENERATION, Argument, Backend

METHODS = (
    "statistics/naive",
    "statistics/seasonal-naive",
    "statistics/seasonal-drift",
    "statistics/exponential-smoothing",
)

BACKEND = Backend(
    name="forecast",
    label="Statistical forecaster (series)",
    what="Forecasts the next number of each series from the series alone, and answers the same prompts as a language "
    "model.",
    arguments=(
        Argument(
            "model",
            "Method",
            "choice",
            required=True,
            default=METHODS[-1],
            help="Naive: the last number. Seasonal: that of one period before.",
            choices=METHODS,
        ),
    ),
    request_types=GENERATION,
    needs_packages=("lm_eval",),
    install="make setup",
    child_setup="reports",
    model_class="baseline_forecast:ForecastLM",
    verified="All four methods on the shipped series, against the formulas written out.",
)
