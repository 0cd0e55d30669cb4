"""What does quality cost? Scores under one protocol set against one kind of cost: for the page and the HTTP API alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from lib.analysis import (
    cost_bases,
    cost_estimates,
    cost_frontier,
    measured_costs,
    panel,
    protocol_choice,
    renown,
    sizes,
)
from lib.analysis.cost_bases import CORRECT, ENERGY, MEMORY, RUN, SELF, TIME, TRAINING, TokenCount
from lib.analysis.cost_estimates import Serving
from lib.analysis.cost_frontier import CostFrontier
from lib.analysis.fits import Bits
from lib.analysis.listed_prices import CURRENT_DAYS, Blend, Price
from lib.analysis.protocol_choice import Choice, Scores
from lib.analysis.serving_models import Shapes, shapes_of_models
from lib.analysis.serving_rows import read_measurements
from lib.analysis.sizes import SizeBy

HARDWARE = "h100-sxm"
NO_VARIANTS = "another variant of the same base model stands for them (a switch under More shows all)"
NOT_PRICED = {
    MEMORY: "memory not known",
    SELF: "shape not known, or it does not fit",
    ENERGY: "shape not known, or it does not fit",
    TRAINING: "parameters or training tokens not known",
    TIME: "not measured: no run of your own has this score",
}


class Filters(NamedTuple):
    """The reader's filters and the rarer choices; the models that pass are the candidates.

    Args:
        size_classes: Keys of weight classes; none means all.
        only_open: Only weights known to be open.
        community: Models known only from boards and own files, too.
        variants: All variants of a base model instead of one.
        bits, context: For the memory.
        usd_per_hour: The reader's price of the hardware; None: the listed one.
        hardware, weight_format, batch, utilisation: For serving it yourself, and for training.
    """

    size_classes: tuple[str, ...] = ()
    only_open: bool = False
    community: bool = False
    variants: bool = False
    bits: Bits = 16
    context: int = 8192
    hardware: str = HARDWARE
    weight_format: str = "bf16"
    batch: int = 64
    utilisation: float = 1.0
    usd_per_hour: float | None = None

    def any(self) -> bool:
        """Whether a filter is set that takes models away."""
        return bool(self.size_classes) or self.only_open


class Stored(Scores, Protocol):
    """What the answer needs of ``Frames``."""

    @property
    def runs(self) -> pd.DataFrame: ...
    @property
    def aliases(self) -> pd.DataFrame: ...
    @property
    def measurements(self) -> pd.DataFrame: ...
    def reference(self, name: str) -> pd.DataFrame: ...


class Answer(NamedTuple):
    """What the costs of these scores are.

    Args:
        found: Models with a score and a cost, the frontier, and who is shown to be above the target.
        stands: The protocol that the scores are under.
        tokens: Per question, where the benchmark itself is paid for.
        left_out: Models without a place in ``found`` by reason; only reasons that removed some.
    """

    found: CostFrontier
    stands: Choice
    tokens: TokenCount | None
    left_out: dict[str, int]


def answer(
    frames: Stored,
    benchmarks: tuple[str, ...],
    *,
    protocol: str,
    basis: str,
    blend: Blend,
    target: float,
    by: SizeBy,
    threshold: float,
    filters: Filters,
    prices: tuple[Price, ...],
) -> Answer:
    """Scores over these benchmarks against one kind of cost.

    Args:
        frames: The store at one revision.
        benchmarks: One, or several of which the mean counts; a model needs all of them.
        protocol: Key of ``protocols``; the widest where it is none of these benchmarks'.
        basis: Key of ``cost_bases.BASES``.
        blend: What is read and written; the prices are made with it.
        target: Score, between 0 and 1.
        by, threshold: What is small, for ``side``.
        filters: What else is chosen.
        prices: ``listed_prices.offers`` for the bases that are made from prices; else none.
    """
    counts: dict[str, int] = {}
    measured = _mean(frames, benchmarks, protocol, filters.community)
    scored = _scored(frames, measured, by, threshold, filters, counts)
    count = count_for(frames, benchmarks)
    took = measured_costs.of_scores(scored, frames.measurements, benchmarks)
    costs = _costs(frames, scored, basis, count, blend, filters, prices, took)
    if basis in (RUN, CORRECT) and count is None:
        counts["no token counts published for this benchmark, and not measured"] = len(scored) - len(costs)
    else:
        _count_missing(scored, costs, basis, prices, counts)
    rows = scored[scored.index.isin(costs.index)].join(costs).reset_index()
    n_before = len(rows)
    if not filters.variants and len(rows):
        rows = cost_frontier.one_per_base(rows, frames.models, renown.places_measured(frames.runs))
    counts[NO_VARIANTS] = n_before - len(rows)
    return Answer(
        cost_frontier.cost_frontier(rows, target, n_variants=n_before - len(rows)),
        protocol_choice.choice(frames, benchmarks, protocol, filters.community),
        count,
        {reason: n for reason, n in counts.items() if n > 0},
    )


def count_for(frames: Stored, benchmarks: Sequence[str]) -> TokenCount | None:
    """Tokens per question of one benchmark, as somebody published them; None where nobody did, and for several."""
    return cost_bases.token_count(frames.reference("tokens"), benchmarks[0]) if len(benchmarks) == 1 else None


@lru_cache(maxsize=2)
def serving_tables(frames: Stored) -> tuple[Shapes, pd.DataFrame, pd.DataFrame]:
    """Shapes by model, hardware by id, usable measured rows. Read-only."""
    shapes = shapes_of_models(frames.models, frames.aliases, frames.reference("model_arch"))
    hardware = frames.reference("hardware")
    by_id = hardware.set_index("id") if len(hardware) else hardware
    measured = frames.reference("measured_inference")
    if shapes.table.empty or hardware.empty or measured.empty:
        return shapes, by_id, pd.DataFrame()
    return shapes, by_id, read_measurements(measured, shapes.table, by_id).rows


def _scored(
    frames: Stored, measured: pd.DataFrame, by: SizeBy, threshold: float, filters: Filters, counts: dict[str, int]
) -> pd.DataFrame:
    """One row per model that passes the filters and has a complete score: its score, size and side."""
    models = sizes.with_size(frames.models, by, threshold)
    kept = sizes.keep(
        models,
        include_community=filters.community,
        include_variants=True,
        size_classes=filters.size_classes,
        only_open_weights=filters.only_open,
    )
    has_score = models.index.isin(measured.index)
    counts["no complete score under this protocol"] = int((kept.mask & ~has_score).sum())
    for one in kept.removed:
        counts[one.filter] = one.n_removed
    shown = models[kept.mask & has_score]
    own = shown[["name", "size", "size_class", "side"]].astype({"name": object})
    return own.join(measured).rename_axis("model")


@lru_cache(maxsize=16)
def _mean(frames: Stored, benchmarks: tuple[str, ...], protocol: str, community: bool) -> pd.DataFrame:
    """Score of each model over the set, index ``model``: with the counts and the runs of the whole panel. Read-only."""
    measured = protocol_choice.choice(frames, benchmarks, protocol, community).measured
    fields = ["score", "stderr", "ci_low", "ci_high", "has_interval", "cautions"]
    complete = panel.complete(measured.rows, measured.benchmarks or ("",))
    if not complete.models:
        nothing = pd.DataFrame(columns=[*fields, "n_samples", "n_correct", "run"], index=pd.Index([], name="model"))
        numbers = (*fields[:4], "n_samples", "n_correct")
        return nothing.astype({**dict.fromkeys(numbers, float), "has_interval": bool})
    mean = panel.mean(complete)[fields]
    is_one = len(measured.benchmarks) == 1
    n, k = (complete.matrix(name).astype(float) for name in ("n_samples", "n_correct"))
    runs = [" ".join(dict.fromkeys(str(one) for one in row)) for row in complete.matrix("run")]
    return mean.assign(n_samples=n.sum(axis=1), n_correct=k[:, 0] if is_one else np.nan, run=runs)


def _costs(
    frames: Stored,
    scored: pd.DataFrame,
    basis: str,
    count: TokenCount | None,
    blend: Blend,
    filters: Filters,
    prices: tuple[Price, ...],
    took: pd.DataFrame,
) -> pd.DataFrame:
    """Index ``model``, ``cost_bases.COST_COLUMNS``; what was measured goes before what is assumed."""
    if basis == MEMORY:
        return cost_bases.of_memory(frames.models, frames.reference("model_arch"), filters.bits, filters.context)
    if basis in (RUN, CORRECT):
        paid = measured_costs.of_money(scored, took, per_correct=basis == CORRECT)
        if count is None:
            return paid
        assumed = cost_bases.of_running(prices, scored, count, per_correct=basis == CORRECT)
        return pd.concat([paid, assumed[~assumed.index.isin(paid.index)]]) if len(paid) else assumed
    if basis == TIME:
        return measured_costs.of_time(scored, took)
    if basis in (SELF, ENERGY, TRAINING):
        return _estimated(frames, scored, basis, blend, filters)
    return cost_bases.of_prices(prices)


def _estimated(frames: Stored, scored: pd.DataFrame, basis: str, blend: Blend, filters: Filters) -> pd.DataFrame:
    """Costs of serving and training on chosen hardware; none where the store has no such hardware."""
    shapes, hardware, measured = serving_tables(frames)
    if filters.hardware not in hardware.index:
        return cost_bases.nothing()
    if basis == TRAINING:
        return cost_estimates.of_training(
            frames.models.loc[scored.index], hardware, filters.hardware, filters.usd_per_hour
        )
    how = Serving(
        filters.hardware, filters.weight_format, filters.batch, filters.utilisation, blend, filters.usd_per_hour
    )
    names = [str(one) for one in scored.index]
    return cost_estimates.of_serving(names, how, shapes, hardware, measured, is_energy=basis == ENERGY)


def _count_missing(
    scored: pd.DataFrame, costs: pd.DataFrame, basis: str, prices: tuple[Price, ...], counts: dict[str, int]
) -> None:
    """Why models with a score have no cost."""
    missing = scored.index[~scored.index.isin(costs.index)]
    if basis in NOT_PRICED:
        counts[NOT_PRICED[basis]] = len(missing)
        return
    old = missing.isin([one.model for one in prices if not one.is_current])
    counts["no list price known"] = int((~old).sum())
    counts[f"price older than {CURRENT_DAYS} days"] = int(old.sum())
