"""Where the costs on the page of what quality costs come from: a file of prices, or facts of the model."""

from __future__ import annotations

from dataclasses import dataclass, field

from lib.analysis.measured_costs import RUN_OF
from lib.ui.traces import Trace, Traces
from lib.ui.views.side_by_side_tables import SHAPE

COST = "score:cost"
SCORE = "interval"
FACTS = {
    "memory": SHAPE,
    "shape": SHAPE,
    "training": ("params_active", "params_total", "training_tokens"),
}
"""What stands behind a cost that is computed from facts of the model."""


@dataclass(frozen=True)
class CostTraces(Traces):
    """Traces of scores and costs: a price leads to its file, memory to the facts behind it.

    Args:
        costs: For each row the digest of the file of its price, a key of ``FACTS`` for the facts of the model,
            ``RUN_OF`` for what was measured in the run of the score, or '' (the reader's own).
    """

    costs: list[str] = field(default_factory=list)

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None for a row that is not there."""
        found = super().at(row, column)
        if found is None or column not in (COST, "told"):
            return found
        behind = self.costs[row]
        if behind == RUN_OF:
            return found._replace(runs=tuple(str(self.runs[SCORE][row]).split()), fields=())
        if behind in FACTS:
            return found._replace(fields=FACTS[behind], runs=())
        return found._replace(source=behind[:12], runs=())
