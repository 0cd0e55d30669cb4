"""What the tables of variants share: where a difference between a model and its base comes from, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib import formats
from lib.ui.traces import Trace, Traces


@dataclass(frozen=True)
class StepTraces(Traces):
    """Traces of differences between each row's model and its own base.

    Args:
        bases: Id of the base of each row.
    """

    bases: list[str] = field(default_factory=list)

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None for a row that is not there."""
        found = super().at(row, column)
        if found is None:
            return None
        if column == "base_name":
            return Trace(self.bases[row])
        if column in ("memory", "saved"):
            return found._replace(fields=("params_total",), source="")
        return found._replace(against=self.bases[row]) if found.runs else found


def difference(row: Mapping[Any, Any], low: str = "delta_low", high: str = "delta_high") -> str:
    """A difference in points with its interval, without the unit: ``+4.3 (+2.4 to +6.1)``."""
    delta, ends = formats.number(row["delta"]), [formats.number(row[one]) for one in (low, high)]
    if delta is None:
        return "–"
    told = formats.points(delta).removesuffix(" points")
    if ends[0] is None or ends[1] is None:
        return f"{told}, no interval"
    return f"{told} ({' to '.join(formats.points(one).removesuffix(' points') for one in ends)})"
