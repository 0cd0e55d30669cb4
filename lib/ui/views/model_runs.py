"""All runs of one model, and the spellings that it is known by."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.labels import evaluator_label
from lib.store.frames import Frames
from lib.ui.traces import Traces, texts

LABELS = {
    "run": "Run",
    "evaluator": "Evaluator",
    "state": "Revision",
    "source_title": "Source",
    "source": "File",
    "model_name": "Written as",
}
ALIAS_LABELS = {"alias": "Spelling", "kind": "What it is", "where": "Holds"}


class RunsView(NamedTuple):
    """Runs of one model, finished ones first."""

    table: pd.DataFrame
    traces: Traces


def runs_view(frames: Frames, *, model: str) -> RunsView:
    """One row per run of the model; ``n_results`` counts every metric of every task in it."""
    runs = frames.runs
    own = runs[(runs["model"] == model).to_numpy(bool)]
    counts = frames.scores_of(own.index)["run_id"].value_counts()
    tokens = own["training_tokens"].fillna(np.inf).to_numpy(float)
    own = own.iloc[np.lexsort((own["run"].to_numpy(str), -tokens, own["is_checkpoint"].to_numpy(bool)))]
    table = pd.DataFrame(
        {
            "run": own["run"].astype(str),
            "evaluator": [
                formats.one_line(evaluator_label(row), 160)
                for row in cast("list[dict[str, Any]]", own.to_dict("records"))
            ],
            "evaluated_on": pd.to_datetime(own["evaluated_on"], errors="coerce"),
            "state": [formats.one_line(one, 60) if isinstance(one, str) else "" for one in own["revision"]],
            "training_tokens": own["training_tokens"],
            "n_results": counts.reindex(own.index).fillna(0).astype(int),
            "source_title": [formats.one_line(one) if isinstance(one, str) else "" for one in own["source_title"]],
            "source": [formats.one_line(one, 200) for one in own["source"]],
            "model_name": [formats.one_line(one) if isinstance(one, str) else "" for one in own["model_name"]],
        }
    ).reset_index(drop=True)
    digests = texts(table["run"].tolist())
    return RunsView(table, Traces([model] * len(table), dict.fromkeys(map(str, table.columns), digests)))


def alias_table(aliases: pd.DataFrame) -> pd.DataFrame:
    """Spellings for the eye.

    Args:
        aliases: ``lib.store.model_prices.aliases_of``.
    """
    return pd.DataFrame(
        {
            "alias": aliases["alias"],
            "kind": aliases["kind"].fillna("").astype(str)
            + np.where(aliases["origin"] == "reader", ", a reader's", ""),
            "where": ["everywhere" if not one else f"in {formats.one_line(one)}" for one in aliases["scope"]],
        }
    )
