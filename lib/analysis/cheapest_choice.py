"""What a question for the cheapest model is asked over: benchmarks, the way they are measured, and who may be named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis import cheapest, fits, measurements, panel, protocols
from lib.analysis.listed_prices import CURRENT_DAYS, Price
from lib.analysis.protocols import FAMILY
from lib.analysis.sizes import SIZE_COLUMNS, Filtered, SizeBy, filtered
from lib.schema.boards import LEADERBOARD_SIX

ABILITY = "ability:"
"""Before a category of the catalogue: all of its benchmarks that the reference has, measured one way."""
CARDS = (8, 16, 24, 40, 48, 80)
"""Memory of cards, GB."""
FAVOURITE = "mmlu"
SIZE, MONEY = "size", "money"


class Standing(NamedTuple):
    """A panel of benchmarks under one protocol that contains the reference.

    Args:
        key, label, cautions: Of the protocol; key None where none contains the reference with every benchmark.
        complete: The models with every benchmark.
        excluded: Results left out, by reason.
    """

    key: str | None
    label: str
    cautions: tuple[str, ...]
    complete: panel.Panel
    excluded: dict[str, int]


class Limits(NamedTuple):
    """The reader's limits on who may be named; empty means none.

    Args:
        card: GB of the card that weights at ``bits`` and the cache of ``context`` tokens must fit.
        licences: Keys of ``fits.LICENCE_CLASSES``.
        shortest_context: Tokens.
        community: Models known only from boards and own files, too.
    """

    card: int | None = None
    bits: fits.Bits = 16
    context: int = 8192
    licences: tuple[str, ...] = ()
    shortest_context: int | None = None
    community: bool = False


def plain_benchmarks(own: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Rows of the catalogue on which a model has a score: whole benchmarks that are not better low, widest first.

    Args:
        own: ``Frames.scores_of`` its finished runs.
        catalogue: ``Frames.benchmarks``.
    """
    names = own.loc[own["status"] == "scored", "benchmark"].dropna().unique()
    known = catalogue[catalogue.index.isin(names)]
    is_part = known["part_of"].astype(object).fillna("") != ""
    is_low = known["direction"].astype(object).fillna("higher") == "lower"
    kept = known[~(is_part | is_low).to_numpy(bool)]
    return kept.iloc[np.lexsort((kept.index.astype(str), -kept["n_models"].to_numpy(float)))]


def abilities(known: pd.DataFrame) -> dict[str, list[str]]:
    """Category to its benchmarks, of ``plain_benchmarks``; those without a category are in none."""
    stated = known[known["category"].notna() & (known["category"].astype(object) != "")]
    return {str(name): [str(one) for one in group.index] for name, group in stated.groupby("category", sort=True)}


def expanded(
    chosen: Sequence[str], own: pd.DataFrame, known: pd.DataFrame, scores: pd.DataFrame | None
) -> tuple[str, ...]:
    """The benchmarks of a choice: those named, and of each ability those that the reference has in one family of runs.

    Families are evaluator, document and prompt form. Of those in which the reference has every benchmark that is named, the
    one with most models that have all of its benchmarks of these abilities; then the one with more benchmarks.

    Args:
        chosen: Benchmarks, and abilities with ``ABILITY`` before them.
        own: The reference's results.
        known: ``plain_benchmarks``.
        scores: ``Frames.scores`` of the benchmarks of the abilities and of those named; None where no ability is chosen.
    """
    named = [one for one in chosen if not one.startswith(ABILITY)]
    groups = abilities(known)
    wanted = {one for name in chosen if name.startswith(ABILITY) for one in groups.get(name.removeprefix(ABILITY), ())}
    if not wanted or scores is None:
        return tuple(dict.fromkeys(named))
    rows = scores[scores["benchmark"].isin([*wanted, *named]) & (scores["status"] == "scored")]
    rows = rows[rows["model"].notna() & ~rows["is_checkpoint"].astype(bool)]
    family = rows[list(FAMILY)].astype(object).fillna("").astype(str).agg("\x1f".join, axis=1)
    mine = rows["model"].isin(own["model"].dropna().unique()).to_numpy(bool)
    best: tuple[tuple[int, int, str], frozenset[str]] | None = None
    for name, group in rows[mine].groupby(family[mine]):
        having = set(group["benchmark"])
        of_ability = frozenset(having & wanted)
        if not of_ability or not having.issuperset(named):
            continue
        pairs = rows[(family == name) & rows["benchmark"].isin(of_ability)][["model", "benchmark"]].drop_duplicates()
        n_complete = int((pairs["model"].value_counts() == len(of_ability)).sum())
        rank = (n_complete, len(of_ability), str(name))
        best = (rank, of_ability) if best is None or rank > best[0] else best
    found = best[1] if best is not None else frozenset[str]()
    return tuple(dict.fromkeys([*named, *(str(one) for one in known.index if one in found)]))


def default_benchmarks(known: pd.DataFrame) -> tuple[str, ...]:
    """The leaderboard's six where a model has them all, else the favourite, else the one with most models."""
    if set(LEADERBOARD_SIX) <= set(known.index):
        return LEADERBOARD_SIX
    if FAVOURITE in known.index:
        return (FAVOURITE,)
    return tuple(str(one) for one in known.index[:1])


def standing(
    grouping: protocols.Grouping,
    reference: str,
    benchmarks: Sequence[str],
    models: pd.DataFrame,
    *,
    asked: str = "",
    community: bool = False,
) -> Standing:
    """The panel under the protocol asked for where it contains the reference, else the widest that does.

    Of those, one in which the reference has intervals goes first: elsewhere nothing can ever be shown.
    """
    own = containing(grouping, reference)
    key = asked if asked in own else next(iter(own), None)
    include = community or (reference in models.index and models.at[reference, "origin"] == "community")
    measured = measurements.measure(grouping, key, models=models, include_community=bool(include))
    names = measured.benchmarks or tuple(benchmarks) or ("",)
    complete = panel.complete(measured.rows, names)
    if key is None or reference not in complete.models:
        nothing = panel.complete(measurements.empty(), names)
        return Standing(None, "", (), nothing, dict(measured.excluded))
    row = grouping.protocols.loc[key]
    return Standing(key, str(row["label"]), tuple(row["cautions"]), complete, dict(measured.excluded))


def containing(grouping: protocols.Grouping, reference: str) -> dict[str, str]:
    """Protocols in which the reference has every benchmark: key to label with the number of models.

    Those in which all of its scores have a standard error or counts stand first; within, the widest. Protocols of the
    reference alone are offered only where there is nothing else.
    """
    rows = grouping.scores[(grouping.scores["model"] == reference).to_numpy(bool)]
    rows = rows[~rows["is_checkpoint"].astype(bool)]
    is_sure = (rows["stderr"].astype(float) > 0) | rows["n_correct"].notna()
    own, sure = set(rows["identity"]), set(rows.loc[is_sure.to_numpy(bool), "identity"])
    known = grouping.protocols[[own.issuperset(one) for one in grouping.protocols["identities"]]]
    known = known[known["n_models"] > 1] if (known["n_models"] > 1).any() else known
    is_first = np.array([sure.issuperset(one) for one in known["identities"]], bool)
    ordered = [*np.flatnonzero(is_first), *np.flatnonzero(~is_first)]
    return {
        str(known.index[i]): f"{formats.counted(known['n_models'].iloc[i], 'model')} · {known['label'].iloc[i]}"
        for i in ordered
    }


def candidates(
    models: pd.DataFrame,
    shapes: pd.DataFrame,
    reference: str,
    limits: Limits,
    *,
    by: str = SIZE,
    size_by: SizeBy = "total",
    prices: Sequence[Price] = (),
) -> tuple[Filtered, pd.Series]:
    """Who may be named, by the reader's limits alone, and what each costs; nothing here looks at a score.

    Args:
        models: ``Frames.models``.
        shapes: Reference table ``model_arch``.
        by: ``SIZE`` (parameters) or ``MONEY`` (USD per million tokens).

    Returns:
        The filter with what each limit took, and the costs of those that pass and of the reference (NaN unknown).
    """
    need = fits.needs(models, shapes, limits.bits, limits.context)
    narrowed = fits.narrowed(
        models,
        need,
        card=limits.card,
        licences=limits.licences,
        shortest_context=limits.shortest_context,
        include_community=limits.community,
    )
    if by == MONEY:
        known = pd.Series({one.model: one.usd for one in prices}, dtype=float).reindex(models.index)
        old = {one.model for one in prices if not one.is_current}
        cost = known.mask(known.index.isin(old))
        filters = [
            ("no price known", known.notna().to_numpy(bool)),
            (f"price older than {CURRENT_DAYS} days", cost.notna().to_numpy(bool)),
        ]
    else:
        cost = models[SIZE_COLUMNS[size_by]].astype(float)
        filters = [("size not disclosed", (cost > 0).to_numpy(bool))]
    filters.append(("size disputed", (models["size_status"] != "disputed").to_numpy(bool)))
    kept = filtered(models, [("", narrowed.mask), *filters])
    removed = (*narrowed.removed, *(one for one in kept.removed if one.filter))
    passing = cost[kept.mask]
    if reference not in passing.index:
        passing = pd.concat([passing, cost.loc[[reference]]])
    return Filtered(models, kept.mask, removed), passing


def chance_of(catalogue: pd.DataFrame, benchmarks: Sequence[str]) -> Mapping[str, float]:
    """Score of guessing of each benchmark, NaN unknown."""
    guesses = catalogue["random_baseline"].reindex(list(benchmarks)).astype(float)
    return {str(name): float(value) for name, value in guesses.items()}


def above_chance(complete: panel.Panel, reference: str, catalogue: pd.DataFrame) -> tuple[str, ...]:
    """The benchmarks of a panel on which the reference is distinguishable from guessing, or guessing is not known."""
    low, _ = cheapest.against_chance(complete, reference, chance_of(catalogue, complete.benchmarks))
    return tuple(one for one in complete.benchmarks if one not in low)
