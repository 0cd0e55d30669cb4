"""Classical classifiers: they learn from a task's worked examples and answer its questions from the features in them."""

from __future__ import annotations

from lib.evals.backends.contract import Argument, Backend

CLASSIFIERS = (
    "scikit-learn/logistic-regression",
    "scikit-learn/gradient-boosting",
    "xgboost/gradient-boosting",
)

BACKEND = Backend(
    name="tabular",
    label="Classical classifier (tables)",
    what="Fits a small classifier to the worked examples of a task with features, and answers the same prompts as a "
    "language model.",
    arguments=(
        Argument(
            "model",
            "Classifier",
            "choice",
            required=True,
            default=CLASSIFIERS[0],
            help="XGBoost comes with make local-models; the others are there.",
            choices=CLASSIFIERS,
        ),
    ),
    request_types=frozenset(("loglikelihood",)),
    needs_packages=("lm_eval", "scikit-learn"),
    install="make setup",
    child_setup="reports",
    model_class="baseline_tabular:TabularLM",
    verified="All three classifiers on the shipped table of wines, against scikit-learn and XGBoost called directly.",
)
