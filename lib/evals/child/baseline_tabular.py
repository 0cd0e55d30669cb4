"""Classical classifiers as a model of lm-eval: they answer the prompts that a language model answers, from the features in them.

A prompt ends in a line ``Features: {json}`` and its continuations are the classes; their log-likelihood is the classifier's
log-probability. What the classifier learns from are the worked examples of the task, all of them.
"""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from lm_eval.api.model import LM

from .failures import Failure

LINE = "Features: "
SMALLEST = 1e-12
"""Of a probability: what a forest never saw is unlikely, not impossible."""


class TabularLM(LM):
    """One kind of classifier, fitted anew for each task.

    Args:
        model: ``scikit-learn/logistic-regression``, ``scikit-learn/gradient-boosting`` or ``xgboost/gradient-boosting``.
    """

    def __init__(self, model: str = "scikit-learn/logistic-regression", **_: Any) -> None:
        super().__init__()
        if model not in KINDS:
            raise Failure("model", f"No such classifier: {model}. There are {', '.join(KINDS)}.")
        self.model = model
        self.identity = model
        self._fitted: Any = None
        self._classes: list[str] = []
        self._names: list[str] = []

    def take_task(self, config: dict[str, Any]) -> None:
        """Learn from the worked examples of a task.

        Raises:
            Failure: If it has none, or they have no features.
        """
        path = config["dataset_kwargs"]["data_files"].get("fewshot")
        rows = pq.read_table(path).to_pylist() if path else []
        if not rows or "features" not in rows[0] or "choices" not in rows[0]:
            raise Failure("task", f"{config['task']} has no examples with features to learn from.")
        self._classes = rows[0]["choices"]
        features = [json.loads(row["features"]) for row in rows]
        self._names = sorted(features[0])
        given = np.array([[row[name] for name in self._names] for row in features], dtype=float)
        self._fitted = KINDS[self.model](given, np.array([row["answer"] for row in rows]))
        self.identity = f"{self.model}-{config['task']}"

    def measured(self) -> dict[str, float]:
        """Bytes of the fitted model, and how long the fit took."""
        return {"model_bytes": self._fitted.n_bytes, "fit_seconds": self._fitted.seconds}

    def get_model_info(self) -> dict[str, Any]:
        """Number of fitted numbers, in lm-eval's own word for it."""
        return {"model_num_parameters": self._fitted.n_numbers} if self._fitted is not None else {}

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        contexts = list(dict.fromkeys(request.args[0] for request in requests))
        given = np.array([self._features(context) for context in contexts], dtype=float)
        shares = self._fitted.shares(given, len(self._classes)) if len(contexts) else given
        by_context = dict(zip(contexts, shares, strict=True))
        answers = []
        for request in requests:
            context, continuation = request.args
            place = self._class(continuation)
            share = by_context[context]
            answers.append((math.log(max(float(share[place]), SMALLEST)), int(share.argmax()) == place))
            self.cache_hook.add_partial("loglikelihood", request.args, answers[-1])
        return answers

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        raise Failure("task", "A classifier chooses among classes; it writes no text.")

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        raise Failure("task", "A classifier chooses among classes; it reads no text.")

    def _features(self, context: str) -> list[float]:
        lines = [line for line in context.splitlines() if line.startswith(LINE)]
        try:
            row = json.loads(lines[-1].removeprefix(LINE))
            return [float(row[name]) for name in self._names]
        except (IndexError, KeyError, TypeError, ValueError):
            raise Failure("task", "A prompt without the features that the classifier learned from.") from None

    def _class(self, continuation: str) -> int:
        try:
            return self._classes.index(continuation.strip())
        except ValueError:
            raise Failure("task", f"A choice that is none of the classes: {continuation.strip()[:60]}") from None


class Fitted:
    """A fitted classifier.

    Args:
        predict: From rows of features to a row of probabilities each, over the classes seen.
        seen: Places of these classes.
        n_bytes: Of the model as it would be kept in a file.
        n_numbers: Fitted numbers: coefficients, or thresholds and leaves of trees.
        seconds: Of fitting alone, without loading the library.
    """

    def __init__(self, predict: Any, seen: Sequence[int], n_bytes: int, n_numbers: int, seconds: float) -> None:
        self._predict = predict
        self._seen = list(seen)
        self.n_bytes = n_bytes
        self.n_numbers = n_numbers
        self.seconds = seconds

    def shares(self, given: Any, n_classes: int) -> Any:
        """Probabilities over all classes; 0 for one that no example had."""
        full = np.zeros((len(given), n_classes))
        full[:, self._seen] = self._predict(given)
        return full


def fit(classifier: Any, given: Any, answers: Any) -> float:
    """Fit it; seconds that took."""
    start = time.perf_counter()
    classifier.fit(given, answers)
    return time.perf_counter() - start


def logistic_regression(given: Any, answers: Any) -> Fitted:
    """Multinomial, features scaled to unit variance; the scaling is folded into the coefficients that are counted."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    made = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    seconds = fit(made, given, answers)
    linear = made[-1]
    n_numbers = linear.coef_.size + linear.intercept_.size
    return Fitted(made.predict_proba, made.classes_.tolist(), len(pickle.dumps(made)), n_numbers, seconds)


def gradient_boosting(given: Any, answers: Any) -> Fitted:
    """scikit-learn's boosted trees with its defaults."""
    from sklearn.ensemble import GradientBoostingClassifier

    made = GradientBoostingClassifier(random_state=0)
    seconds = fit(made, given, answers)
    # An inner node holds a threshold, a leaf a value: a number each.
    n_numbers = sum(tree.tree_.node_count for tree in made.estimators_.ravel())
    return Fitted(made.predict_proba, made.classes_.tolist(), len(pickle.dumps(made)), n_numbers, seconds)


def xgboost(given: Any, answers: Any) -> Fitted:
    """XGBoost's boosted trees with its defaults, one thread."""
    try:
        from xgboost import XGBClassifier
    except ModuleNotFoundError:
        raise Failure("packages", "XGBoost is not installed: make local-models.") from None
    seen, numbered = np.unique(answers, return_inverse=True)
    made = XGBClassifier(n_jobs=1, random_state=0)
    seconds = fit(made, given, numbered)
    booster = made.get_booster()
    n_numbers = sum(tree.count("\n") for tree in booster.get_dump())
    return Fitted(made.predict_proba, seen.tolist(), len(booster.save_raw("ubj")), n_numbers, seconds)


KINDS = {
    "scikit-learn/logistic-regression": logistic_regression,
    "scikit-learn/gradient-boosting": gradient_boosting,
    "xgboost/gradient-boosting": xgboost,
}
