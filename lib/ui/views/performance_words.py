"""Words of the page of what quality costs: axes, headings, what the costs rest on. No Streamlit inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib import formats
from lib.analysis import cost_words
from lib.analysis.cost_bases import API, CORRECT, ENERGY, MEMORY, RUN, SELF, TIME, TRAINING, Basis, TokenCount
from lib.analysis.cost_estimates import power_assumed, price_assumed
from lib.analysis.cost_frontier import CostFrontier
from lib.analysis.listed_prices import Blend, Host, Price
from lib.analysis.measured_costs import RUN_OF
from lib.schema.weight_formats import FORMATS
from lib.store.frames import Frames
from lib.ui.views import performance_choice as choice
from lib.ui.views import scores
from lib.ui.views.performance_choice import Filters
from lib.ui.views.performance_traces import COST, SCORE

ESTIMATED = {
    SELF: "estimated from shape and hardware, drawn with the error found on measured models that the fit left out",
    ENERGY: "estimated from rated power and speed, drawn with the error found on measured models; GPUs only, and the building",
    TRAINING: "6 operations per active parameter and token, at a utilisation of 25% to 55% in 80% of runs, drawn per model",
}


def benchmark_words(frames: Frames, chosen_set: str) -> str:
    """What people call the set: one benchmark, or how many the mean is over."""
    names = scores.members(chosen_set)
    return scores.label_of(frames, names[0]) if len(names) == 1 else f"the mean of {len(names)} benchmarks"


def title(frames: Frames, chosen_set: str, rows: pd.DataFrame) -> str:
    """``MMLU-Pro, 12,032 questions``."""
    name = benchmark_words(frames, chosen_set)
    known = rows["n_samples"].dropna().unique().tolist()
    told = f"{name}, {formats.count(known[0])} questions" if len(known) == 1 else name
    return told[:1].upper() + told[1:]


def tokens_words(rows: pd.DataFrame) -> str:
    """Whether the tokens that are paid for were counted in these runs or elsewhere."""
    is_assumed = rows["is_assumed"].to_numpy(bool)
    return "tokens assumed" if is_assumed.all() else "tokens assumed or measured" if is_assumed.any() else "as measured"


def of_axis(frames: Frames, rows: pd.DataFrame, basis: str, blend: Blend, filters: Filters) -> str:
    """What is chosen, behind the title of the cost axis; ``rows`` with ``is_assumed``."""
    if basis == MEMORY:
        return f", {filters.bits} bit, {formats.count(filters.context)} tokens"
    if basis == TIME:
        return ""
    if basis in (RUN, CORRECT):
        return f", {tokens_words(rows)}"
    device = choice.hardware_name(frames, filters.hardware)
    how = f", {FORMATS[filters.weight_format].label} on {device}, {filters.batch} at once"
    if basis == TRAINING:
        return f" on {device}"
    if basis == ENERGY:
        return how
    told = how if basis == SELF else ""
    told += f", {formats.plain(blend.read)} in : {formats.plain(blend.written)} out"
    return told + (f", {formats.score(blend.cached, 0)} cached" if blend.cached else "") + (", batch" if blend.is_batch else "")  # fmt: skip


def coverage(
    found: CostFrontier,
    stands: scores.Choice,
    basis: str,
    blend: Blend,
    host: Host,
    count: TokenCount | None,
    prices: tuple[Price, ...],
) -> str:
    """What the figure shows, and what its costs rest on."""
    parts = [f"{formats.counted(len(found.rows), 'model')} with a score and a cost", stands.label]
    if basis == API:
        parts.append(f"list prices, {blend.words}, {choice.HOST_WORDS[host]}")
    elif basis in (RUN, CORRECT):
        is_assumed = found.rows["is_assumed"].to_numpy(bool)
        n_paid = int((~is_assumed).sum())
        parts.append(f"{formats.counted(n_paid, 'model')} as paid in your own runs" if n_paid else "")
        parts.append(
            "" if n_paid and not is_assumed.any() else f"assumed: {count.words}" if count else choice.NO_COUNTS
        )
    elif basis == TIME:
        parts.append("times are of the machine, batch size and software of each run, without loading")
    if basis in ESTIMATED:
        n = int((~found.rows["is_assumed"].to_numpy(bool)).sum())
        parts.append(ESTIMATED[basis] + (f"; {formats.counted(n, 'model')} measured" if n else ""))
    models = set(found.rows["model"])
    seen = max((one.seen_on for one in prices if one.model in models), default="")
    parts += [f"prices as of {formats.date(seen)}"] if seen and choice.needs_prices(basis) else []
    parts += [f"with caution: {'; '.join(stands.cautions)}"] if stands.cautions else []
    return " · ".join(part for part in parts if part)


def assumed(frames: Frames, basis: str, filters: Filters) -> str:
    """The price or the power that costs of serving and training are counted with."""
    row = choice.hardware_row(frames, filters.hardware) if basis in ESTIMATED else None
    if row is None:
        return ""
    told = power_assumed(row, filters.batch) if basis == ENERGY else price_assumed(row, filters.usd_per_hour)
    return f" · {choice.hardware_name(frames, filters.hardware)}: {told}"


def labels(kind: Basis, target: float, benchmark: str) -> dict[str, str]:
    """Headings of the table."""
    return {
        SCORE: f"{benchmark[:1].upper()}{benchmark[1:]}",
        COST: kind.heading,
        "score:on": "On the frontier",
        "score:near": "Within a point of it",
        "verdict": f"Against {cost_words.target_words(target)}, each at 5%",
        "holds": "After correction",
        "told": "Cost from",
        "cautions": "With caution",
    }


def mark(row: Mapping[Any, Any], basis: str) -> str:
    """What a cost is where it is not a price."""
    if basis in ESTIMATED:
        known = "estimated" if row["is_assumed"] else "measured"
        return f" ({known}, your price)" if row["is_own"] else f" ({known})"
    if row["fields"] == RUN_OF:
        return "" if basis == TIME else " (measured)"
    return " (assumed)" if row["is_assumed"] else " (your own)" if row["is_own"] else ""
