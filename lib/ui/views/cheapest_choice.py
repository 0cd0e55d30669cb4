"""What may be chosen on the page of the cheapest model that will do: reference, benchmarks, protocol. No Streamlit inside."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import cheapest_choice, cheapest_pairs, findings, listed_prices, measurements, protocols, renown
from lib.analysis.cheapest import Pair
from lib.analysis.cheapest_choice import ABILITY, MONEY, SIZE, Standing
from lib.analysis.listed_prices import MEDIAN, Host, Price
from lib.analysis.sizes import SizeBy
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import listed_prices as listed
from lib.store.samples import logs_of, read_samples
from lib.ui.views import scores

MARGINS = {"0.01": "1 point", "0.02": "2 points", "0.03": "3 points", "0.05": "5 points", "0.1": "10 points"}
DEFAULT_MARGIN = "0.02"
LARGEST_MARGIN = 0.5
LEAST = {SIZE: "smallest", MONEY: "cheapest"}


class References(NamedTuple):
    """Models that others may be held against, id to name, and the one to begin with ('' none)."""

    options: dict[str, str]
    suggested: str


class Offer(NamedTuple):
    """Benchmarks and abilities that the reference has, value to words; those to begin with; why some are left out."""

    options: dict[str, str]
    default: tuple[str, ...]
    remark: str


def margins(asked: str | None) -> dict[str, str]:
    """Margins to choose from: the usual ones, and the address's own where it is one."""
    try:
        value = float(asked or "")
    except ValueError:
        return MARGINS
    # NaN compares as false.
    if asked in MARGINS or asked is None or not 0 < value <= LARGEST_MARGIN:
        return MARGINS
    return {**MARGINS, asked: f"{formats.plain(100 * value)} points"}


def references(frames: Frames, *, community: bool, by: SizeBy) -> References:
    """Every model with a score, by name; to begin with, the well-known large one of the Overview's finding."""
    runs = frames.runs
    scored = runs.loc[runs["model"].notna() & ~runs["is_checkpoint"].astype(bool), "model"].unique()
    models = frames.models
    shown = models[models.index.isin(scored) & (community | (models["origin"] != "community").to_numpy(bool))]
    names = shown["name"].astype(str)
    doubles = set(names[names.duplicated(keep=False)])
    ordered = names.iloc[names.str.casefold().argsort(kind="stable").to_numpy()]
    options = {str(model): f"{name} ({model!s})" if name in doubles else str(name) for model, name in ordered.items()}
    sets = scores.benchmark_sets(frames)
    suggested = None
    if sets:
        grouping = scores.grouping(frames, scores.members(next(iter(sets))))
        measured = measurements.measure(grouping, protocols.widest(grouping), models=models)
        if len(measured.rows):
            suggested = findings.reference_model(measured, models, by, renown.places_measured(runs))
    if suggested not in options:
        sized = models["params_total"].reindex(list(options)).astype(float)
        suggested = str(sized.idxmax()) if sized.notna().any() else next(iter(options), "")
    return References(options, str(suggested))


def offer(frames: Frames, *, like: str) -> Offer:
    """Abilities, then single benchmarks, widest first; the default leaves out where the reference may be guessing."""
    own, known = _own(frames, like), _known(frames, like)
    groups = cheapest_choice.abilities(known)
    options = {
        f"{ABILITY}{name}": f"{name.capitalize()}, all measured one way" for name, group in groups.items() if len(group) > 1
    }  # fmt: skip
    options |= {str(name): str(label) for name, label in known["label"].astype(object).items()}
    default = cheapest_choice.default_benchmarks(known)
    if own.empty or not default:
        return Offer(options, default, "")
    stands = stand(frames, like, default, "", community=False)
    if stands.key is None:
        return Offer(options, default[:1], "")
    kept = cheapest_choice.above_chance(stands.complete, like, frames.benchmarks)
    low = [str(known.at[one, "label"]) for one in default if one not in kept]
    name = str(frames.models.at[like, "name"])
    told = f"Left out to begin with, because {name} is not distinguishable from guessing there: {', '.join(low)}."
    return Offer(options, kept, told if low else "") if kept else Offer(options, default, "")


def benchmarks_of(frames: Frames, *, like: str, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The benchmarks that a choice of benchmarks and abilities stands for."""
    known = _known(frames, like)
    groups = cheapest_choice.abilities(known)
    wanted = [one for name in chosen if name.startswith(ABILITY) for one in groups.get(name.removeprefix(ABILITY), ())]
    named = [one for one in chosen if not one.startswith(ABILITY)]
    rows = frames.scores(tuple(dict.fromkeys([*named, *wanted]))) if wanted else None
    return cheapest_choice.expanded(chosen, _own(frames, like), known, rows)


def protocol_options(frames: Frames, *, like: str, benchmarks: tuple[str, ...], community: bool) -> dict[str, str]:
    """Protocols in which the reference has every one of the benchmarks, widest first."""
    if not benchmarks:
        return {}
    return cheapest_choice.containing(_grouping(frames, like, benchmarks, community), like)


@lru_cache(maxsize=16)
def stand(frames: Frames, like: str, benchmarks: tuple[str, ...], measured: str, community: bool) -> Standing:
    """The panel under the protocol in force. Read-only."""
    grouping = _grouping(frames, like, benchmarks, community)
    return cheapest_choice.standing(grouping, like, benchmarks, frames.models, asked=measured, community=community)


def pairs(
    frames: Frames, *, store: Store, like: str, benchmarks: tuple[str, ...], measured: str, community: bool
) -> tuple[Pair, ...]:
    """What stored answers to the same questions say of the candidates and the reference."""
    stands = stand(frames, like, benchmarks, measured, community) if benchmarks else None
    if stands is None or stands.key is None:
        return ()
    return cheapest_pairs.stored_pairs(
        stands.complete.rows,
        like,
        frames,
        partial(logs_of, store),
        lambda log, columns: read_samples(store, *log, columns),
    )


def prices(store: Store, *, today: str, host: Host = MEDIAN) -> tuple[Price, ...]:
    """One list price per model on a day: the median over hosts, or the cheapest host's."""
    return listed_prices.offers(listed(store), today, host=host)


def _grouping(frames: Frames, like: str, benchmarks: tuple[str, ...], community: bool) -> protocols.Grouping:
    is_community = like in frames.models.index and frames.models.at[like, "origin"] == "community"
    return scores.grouping(frames, benchmarks, bool(community or is_community))


@lru_cache(maxsize=8)
def _own(frames: Frames, like: str) -> pd.DataFrame:
    runs = frames.runs
    return frames.scores_of(runs.index[(runs["model"] == like).fillna(False) & ~runs["is_checkpoint"].astype(bool)])


@lru_cache(maxsize=8)
def _known(frames: Frames, like: str) -> pd.DataFrame:
    return cheapest_choice.plain_benchmarks(_own(frames, like), frames.benchmarks)
