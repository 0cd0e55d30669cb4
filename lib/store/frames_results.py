"""Results in columns, sorted by what they measure, in batches that are never changed.

A *signature* is everything about a result but its run and its numbers (task, metric, shots, version, flags, ...).
A store has few of them. Each gets a number at first sight; a batch is sorted by that number, so the rows of some
benchmarks are a few slices, and a new run is a new small batch beside the large one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.store.frames_read import SIGNATURE, VALUES, RawRow

Ints = NDArray[np.int64]
N_SIGNATURE = 1 + len(SIGNATURE)


class Signatures(dict[RawRow, int]):
    """Number of each signature, given in the order of first sight; only ever grows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[RawRow] = []

    def __missing__(self, signature: RawRow) -> int:
        number = len(self.rows)
        self.rows.append(signature)
        self[signature] = number
        return number


@dataclass(frozen=True, slots=True)
class Batch:
    """Results sorted by signature; within one, in no particular order.

    Args:
        keys: The signatures in the batch, ascending.
        starts: Where the rows of each key begin, and at the end the number of rows.
        position: Of each row, the position of its run in the run columns.
        values: One row per column of ``VALUES``; float64, NaN for unknown.
    """

    keys: Ints
    starts: Ints
    position: NDArray[np.int32]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.position)

    def signature(self) -> Ints:
        """Signature of each row."""
        return np.repeat(self.keys, np.diff(self.starts))

    def rows_of(self, wanted: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Row numbers whose signature is wanted, and their signatures.

        Args:
            wanted: One truth value per signature.
        """
        chosen = np.flatnonzero(wanted[self.keys])
        lengths = self.starts[chosen + 1] - self.starts[chosen]
        ends = np.cumsum(lengths)
        n = int(ends[-1]) if len(ends) else 0
        offsets = np.repeat(self.starts[chosen] - (ends - lengths), lengths)
        return np.arange(n) + offsets, np.repeat(self.keys[chosen], lengths)


def batch_from_rows(
    chunks: Iterable[list[RawRow]], signatures: Signatures, position_of: Callable[[Ints], Ints]
) -> Batch:
    """A batch of the driver's rows (run_id, ``SIGNATURE``, ``VALUES``).

    Args:
        chunks: Lists of rows.
        signatures: Grows by what is new.
        position_of: From run ids to positions in the run columns.
    """
    numbers, positions, values = [], [], []
    for rows in chunks:
        n = len(rows)
        if not n:
            continue
        numbers.append(np.fromiter((signatures[row[1:N_SIGNATURE]] for row in rows), np.int64, n))
        positions.append(position_of(np.fromiter((row[0] for row in rows), np.int64, n)))
        # None becomes NaN here; SQLite has no NaN of its own.
        values.append(np.array([row[N_SIGNATURE:] for row in rows], dtype=np.float64).T)
    if not numbers:
        return _sorted(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((len(VALUES), 0)))
    return _sorted(np.concatenate(numbers), np.concatenate(positions).astype(np.int32), np.concatenate(values, axis=1))


def merged(batches: Iterable[Batch]) -> Batch:
    """One batch of several."""
    parts = list(batches)
    return _sorted(
        np.concatenate([part.signature() for part in parts]),
        np.concatenate([part.position for part in parts]),
        np.concatenate([part.values for part in parts], axis=1),
    )


def compacted(batches: tuple[Batch, ...]) -> tuple[Batch, ...]:
    """The same results in few batches.

    The last batches are merged while an older one is not at least twice as long as what follows it, so each row
    is copied about log2(rows) times over its life and a small batch never makes the large one be copied.
    """
    kept = [batch for batch in batches if len(batch)] or list(batches[:1])
    tail: list[Batch] = []
    length = 0
    while kept and (not tail or len(kept[-1]) < 2 * length):
        last = kept.pop()
        length += len(last)
        tail.append(last)
    return (*kept, merged(reversed(tail)) if len(tail) > 1 else tail[0])


def _sorted(signature: Ints, position: NDArray[np.int32], values: NDArray[np.float64]) -> Batch:
    order = np.argsort(signature, kind="stable")
    signature = signature[order]
    keys, first = np.unique(signature, return_index=True)
    starts = np.append(first, len(signature)).astype(np.int64)
    return Batch(keys, starts, position[order], np.ascontiguousarray(values[:, order]))
