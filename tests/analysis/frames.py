"""Small hand-made frames with the columns of ``lib.store.frames``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

MODEL: dict[str, Any] = {
    "name": "A model", "origin": "catalogue", "family": "Family", "developer": "Developer",
    "released_on": "2024-01-31", "release_precision": "day", "kind": "base", "architecture": "dense",
    "params_total": np.nan, "params_active": np.nan, "size_status": "stated", "is_moe": False,
    "training_tokens": np.nan, "tokens_status": "published", "tokens_inherited_from": None,
    "tokens_inherited": np.nan, "context_length": np.nan, "licence": "MIT", "open_weights": True, "hf_id": None,
    "finetuned_from": None, "variant_of": None, "is_size_from_memory": False, "is_tokens_from_memory": False,
    "is_date_from_memory": False, "has_rumoured_size": False,
}  # fmt: skip
SCORE: dict[str, Any] = {
    "run_id": 1, "task": "mmlu", "benchmark": "mmlu", "prompt": "", "filter": "none", "metric": "acc",
    "score": 0.5, "stderr": np.nan, "n_samples": np.nan, "n_correct": np.nan, "score_published": np.nan,
    "stderr_published": np.nan, "n_shot": 5.0, "task_version": "1", "task_hash": None, "higher_is_better": True,
    "is_group": False, "parent": None, "stderr_rule": "none", "is_approximate": False, "flags": "", "status": "scored",
    "run": "000000000001", "model": "a", "model_name": "a", "kind": "raw", "evaluator": "lm-eval 0.4",
    "document": None, "evaluator_version": "0.4.5", "harness_commit": None, "backend": "hf", "revision": None,
    "training_tokens": np.nan, "is_checkpoint": False, "dtype": "bfloat16", "quantisation": None, "limit": None,
    "chat_template": "none", "system_instruction": "none", "is_multiturn": False, "start_token": None,
    "evaluated_on": "2024-06-01", "seeds": None,
}  # fmt: skip
BENCHMARK: dict[str, Any] = {
    "label": None, "category": "knowledge", "n_items": 14042.0, "n_items_status": "verified",
    "random_baseline": 0.25, "direction": "higher", "default_metric": "acc", "n_models": 1, "n_results": 1,
}  # fmt: skip
_TRUTH = ("is_moe", "is_checkpoint", "is_group", "is_approximate")


def models(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """``Frames.models`` of the given fields; each row needs ``id``."""
    frame = _frame([{**MODEL, **row} for row in rows], ["id", *MODEL]).set_index("id").rename_axis("model")
    frame["released_on"] = pd.to_datetime(frame["released_on"]).astype("datetime64[s]")
    frame["open_weights"] = frame["open_weights"].astype("boolean")
    is_dense = frame["params_active"].isna() & ~frame["is_moe"]
    return frame.assign(params_active=frame["params_active"].where(~is_dense, frame["params_total"]))


def scores(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """``Frames.scores`` of the given fields; runs are numbered by row unless given."""
    full = [{**SCORE, "run_id": i, "run": f"{i:012x}", **row} for i, row in enumerate(rows)]
    return _frame(full, list(SCORE))


def benchmarks(names: Mapping[str, str]) -> pd.DataFrame:
    """``Frames.benchmarks`` from name to label."""
    return pd.DataFrame(
        [{**BENCHMARK, "label": label} for label in names.values()], index=pd.Index(list(names), name="benchmark")
    )


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    for name, example in {**MODEL, **SCORE, "id": ""}.items():
        if name not in frame or name in ("released_on", "open_weights", "higher_is_better", "is_multiturn"):
            continue
        if name in _TRUTH or isinstance(example, bool):
            frame[name] = frame[name].astype(bool)
        elif isinstance(example, float):
            frame[name] = frame[name].astype(float)
        elif example is None or isinstance(example, str):
            frame[name] = frame[name].astype("str")
    return frame
