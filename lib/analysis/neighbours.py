"""The models next in size, measured as this one was."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.measurements import Measured
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy

N_EACH_WAY = 5
SMALLER, SAME, THIS, LARGER = "smaller", "same size", "this model", "larger"
_FIELDS = ("score", "ci_low", "ci_high", "n_samples", "run", "cautions")


class Neighbours(NamedTuple):
    """Who stands beside a model.

    Args:
        rows: One row per model, smallest first, this model among them: model, name, relation (``SMALLER``, ``SAME``,
            ``THIS`` or ``LARGER``), size (parameters), released_on, training_tokens (own, else those of the model it
            was made from), score, ci_low, ci_high, n_samples, run, cautions. Empty where this model has no size or
            was not measured.
        n_same_left: Models of exactly this size that were measured too and are not shown.
    """

    rows: pd.DataFrame
    n_same_left: int


def neighbours(
    models: pd.DataFrame, measured: Measured, model: str, by: SizeBy = "total", n: int = N_EACH_WAY
) -> Neighbours:
    """The ``n`` next smaller, ``n`` of the same size and ``n`` next larger models with a score under one protocol.

    Args:
        models: ``Frames.models``; quantised or converted variants of others are no neighbours, nor are community models
            and models of disputed size, except the model itself.
        measured: Scores of one benchmark under one protocol.
        by: Which parameters are the size.

    Where several are equally near in size, those released nearest in time to this model win (undated ones last), then
    the id that sorts first.
    """
    scores = measured.rows.drop_duplicates("model").set_index("model")
    facts = models[scores.index.get_indexer(models.index) >= 0]
    facts = facts.assign(size=facts[SIZE_COLUMNS[by]].to_numpy(float, na_value=np.nan))
    is_this = facts.index == model
    eligible = (
        (facts["origin"] != "community")
        & facts["variant_of"].isna()
        & (facts["size_status"] != "disputed")
        & (facts["size"] > 0)
    ).to_numpy(bool)
    facts = facts[eligible | is_this].sort_index()
    own_size = formats.number(facts["size"].get(model))
    if not own_size:
        return Neighbours(_none(), 0)
    apart = (facts["released_on"] - facts["released_on"][model]).abs()
    facts = facts.assign(_apart=apart).sort_values("_apart", kind="stable", na_position="last")
    others = facts[facts.index != model]
    smaller = others[others["size"] < own_size].sort_values("size", ascending=False, kind="stable").head(n)
    larger = others[others["size"] > own_size].sort_values("size", kind="stable").head(n)
    same = others[others["size"] == own_size]
    chosen = pd.concat(
        [smaller.assign(relation=SMALLER)[::-1], same.head(n).assign(relation=SAME), larger.assign(relation=LARGER)]
    )
    chosen = pd.concat([chosen, facts.loc[[model]].assign(relation=THIS)])
    place = chosen["relation"].map({SMALLER: 0, SAME: 1, THIS: 2, LARGER: 3})
    chosen = chosen.iloc[np.lexsort((place.to_numpy(), chosen["size"].to_numpy(float)))]
    tokens = chosen["training_tokens"].where(chosen["training_tokens"] > 0, chosen["tokens_inherited"])
    found = scores[list(_FIELDS)].reindex(chosen.index)
    rows = chosen[["name", "relation", "size", "released_on"]].assign(training_tokens=tokens).join(found)
    return Neighbours(rows.rename_axis("model").reset_index(), max(len(same) - n, 0))


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=["model", "name", "relation", "size", "released_on", "training_tokens", *_FIELDS])
