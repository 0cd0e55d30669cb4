"""Hand-made logs of single questions, and the groups that they are parts of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa

FIELDS = ("sample_id", "filter", "doc_hash", "prompt_hash", "target_hash")


def log(
    values: Sequence[float | None],
    *,
    of: str = "d",
    first: int = 0,
    prompts: str = "p",
    order: Sequence[int] | None = None,
    without: Sequence[str] = (),
) -> pa.Table:
    """A log of as many questions as values (None: no number).

    Args:
        of, first: Logs share questions where these are the same.
        prompts: What the prompts begin with.
        order: Of the rows.
        without: Columns of hashes that the log does not hold.
    """
    order = range(len(values)) if order is None else order

    def hashed(what: str, name: str) -> pa.Array:
        texts = [hashlib.sha256(f"{what} {i + first}".encode()).hexdigest() for i in order]
        return pa.array([None if name in without else text for text in texts], pa.string())

    return pa.table(
        {
            "sample_id": pa.array([i + first for i in order], pa.int64()),
            "filter": ["none"] * len(values),
            "doc_hash": hashed(of, "doc_hash"),
            "prompt_hash": hashed(prompts + of, "prompt_hash"),
            "target_hash": hashed("t" + of, "target_hash"),
            "metric:acc": pa.array([values[i] for i in order], pa.float64()),
        }
    )
