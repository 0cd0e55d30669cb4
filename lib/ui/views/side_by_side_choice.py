"""What may be chosen on the page that compares a few models: models, sets of benchmarks, ways of measuring."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import fits, measurements, panel, protocols, side_by_side, sizes
from lib.analysis.fits import Bits
from lib.store.frames import Frames
from lib.ui.views import scores

SHARED = "shared"
FEWEST, MOST = 2, 6
BITS: dict[str, str] = {"16": "16 bit", "8": "8 bit (8.5 with scales)", "4": "4 bit (4.89 with scales)"}
CONTEXTS: dict[str, str] = {str(n): f"{n:,} tokens" for n in (2048, 8192, 32768, 131072)}
DEFAULT_CONTEXT = "8192"
FITS: dict[str, str] = {"": "any card", **{str(card): f"{card} GB" for card in fits.CARDS}}
SHORTEST: dict[str, str] = {"": "any", **{str(n): f"{n:,} tokens or more" for n in (8192, 32768, 131072)}}


class Offered(NamedTuple):
    """Models that may be chosen.

    Args:
        options: Model id to what the menu says.
        names: Every model of the store: an address may name any.
        suggested: What is shown until the reader chooses.
        rule: How the suggestion was made, plain text.
        removed: What the presets took, by reason.
    """

    options: dict[str, str]
    names: dict[str, str]
    suggested: tuple[str, ...]
    rule: str
    removed: dict[str, int]


class Sets(NamedTuple):
    """Sets of benchmarks that some of the chosen models have, and the one to begin with ('' for none)."""

    options: dict[str, str]
    default: str


class Standing(NamedTuple):
    """The chosen models under the protocol in force; ``stand`` is the result of ``side_by_side.standing``."""

    grouping: protocols.Grouping
    stand: pd.DataFrame
    key: str | None
    label: str
    measured: measurements.Measured


def offered(
    frames: Frames, *, card: str, bits: Bits, context: int, licences: tuple[str, ...], shortest: str, community: bool
) -> Offered:
    """The models that pass the presets, by name, and the few that stand on the page until a reader chooses."""
    models = frames.models
    need = fits.needs(models, frames.reference("model_arch"), bits, context)
    filtered = fits.narrowed(
        models,
        need,
        card=int(card) if card else None,
        licences=licences,
        shortest_context=int(shortest) if shortest else None,
        include_community=community,
    )
    is_preset = bool(card or licences or shortest)
    scored, label = _scored(frames, filtered.models)
    # A model of which only a lower bound is known is not shown to fit.
    sure = scored[~scored["model"].isin(need.index[need["is_lower_bound"]])] if card else scored
    suggested = fits.suggested(sure, is_preset=is_preset)
    which = "the best scored that pass the presets" if is_preset else "the best scored of the three weight classes with most scored models"  # fmt: skip
    rule = f"Nothing is chosen yet: these are {which}, by {label}." if suggested else ""
    names = {str(model): str(name) for model, name in models["name"].items()}
    shown = filtered.models["name"].astype(str)
    doubles = set(shown[shown.duplicated(keep=False)])
    ordered = shown.iloc[shown.str.casefold().argsort(kind="stable").to_numpy()]
    options = {str(model): f"{name} ({model!s})" if name in doubles else str(name) for model, name in ordered.items()}
    return Offered(options, names, suggested, rule, {one.filter: one.n_removed for one in filtered.removed})


def benchmark_sets(frames: Frames, *, models: tuple[str, ...]) -> Sets:
    """The leaderboard's six, everything the models share, and each benchmark alone, with how many have it one way.

    The page begins with the set of most models among those that the first model has too: the others are held against
    it, and where it has nothing, nothing is said.
    """
    catalogue, n = frames.benchmarks, len(models)
    known = side_by_side.measured_on(_own_scores(frames, models))
    known = known[known.index.isin(catalogue.index)]
    facts = catalogue.loc[known.index]
    is_plain = (facts["direction"].fillna("higher") != "lower") & (facts["part_of"].astype(object).fillna("") == "")
    known = known[is_plain.to_numpy(bool)]
    together = side_by_side.together(_cut(frames, models), models[0] if models else "")
    # A benchmark that is not cut has been measured on one of the models only.
    counts = together["n_models"].reindex(known.index, fill_value=1).astype(int)
    n_models = catalogue["n_models"].reindex(counts.index).astype(int)
    order = sorted(counts.index, key=lambda name: (-counts[name], -n_models[name], name))
    options: dict[str, str] = {}
    begins: dict[str, int] = {}
    if set(scores.LEADERBOARD_SIX) <= set(counts.index):
        grouping = _grouping(frames, models, scores.LEADERBOARD)
        stand = side_by_side.standing(grouping, models)
        n_six = int(stand["n_complete"].max()) if len(stand) else 0
        options[scores.LEADERBOARD] = f"{scores.LEADERBOARD_LABEL} · {n_six} of {n} one way"
        if len(stand) and models[0] in set(standing(frames, models, scores.LEADERBOARD, "").measured.rows["model"]):
            begins[scores.LEADERBOARD] = n_six
    common = _shared(frames, models)
    if common is not None and len(common.grouping.protocols):
        n_common = len(common.grouping.protocols["benchmarks"].iloc[0])
        who = "What all of them share" if common.n_models == n else f"What {common.n_models} of {n} share"
        options[SHARED] = f"{who} · {formats.counted(n_common, 'benchmark')}"
        if models[0] in common.models:
            begins[SHARED] = common.n_models
    if not begins:
        own = set(together.index[together["has_first"]]) | (_measured(frames, models[:1]) - set(together.index))
        begins = {name: counts[name] for name in order if name in own}
    options |= {str(name): f"{catalogue.at[name, 'label']!s} · {counts[name]} of {n} one way" for name in order}
    return Sets(options, max(begins, key=lambda name: begins[name]) if begins else next(iter(options), ""))


def protocol_options(frames: Frames, *, models: tuple[str, ...], chosen_set: str) -> dict[str, str]:
    """Protocols in which any of the models has a score: key to words, those that hold most of them first."""
    grouping = _grouping(frames, models, chosen_set)
    stand = side_by_side.standing(grouping, models)
    return {
        str(key): f"{row['n_complete']} of {len(models)} complete · {grouping.protocols.at[key, 'label']!s}"
        for key, row in stand.iterrows()
    }


def _own_scores(frames: Frames, models: tuple[str, ...]) -> pd.DataFrame:
    """Results of the finished runs of the models."""
    runs = frames.runs
    return frames.scores_of(runs.index[runs["model"].isin(list(models)) & ~runs["is_checkpoint"].astype(bool)])


def _measured(frames: Frames, models: tuple[str, ...]) -> set[str]:
    return {str(name) for name in side_by_side.measured_on(_own_scores(frames, models)).index}


@lru_cache(maxsize=8)
def _cut(frames: Frames, models: tuple[str, ...]) -> pd.DataFrame:
    return side_by_side.cut(_own_scores(frames, models), models, frames.benchmarks)


@lru_cache(maxsize=8)
def _shared(frames: Frames, models: tuple[str, ...]) -> side_by_side.Shared | None:
    return side_by_side.shared(_cut(frames, models), models, frames.benchmarks)


def _grouping(frames: Frames, models: tuple[str, ...], chosen_set: str) -> protocols.Grouping:
    if chosen_set == SHARED:
        common = _shared(frames, models)
        if common is not None:
            return common.grouping
    has_community = bool((frames.models["origin"].reindex(list(models)) == "community").any())
    return scores.grouping(frames, scores.members(chosen_set), has_community)


def standing(frames: Frames, models: tuple[str, ...], chosen_set: str, asked: str) -> Standing:
    """The protocol asked for where any of the models is in it, else the one that holds most of them."""
    grouping = _grouping(frames, models, chosen_set)
    stand = side_by_side.standing(grouping, models)
    key = asked if asked in stand.index else (str(stand.index[0]) if len(stand) else None)
    label = "" if key is None else str(grouping.protocols.at[key, "label"])
    measured = measurements.measure(grouping, key, models=frames.models, include_community=True)
    own = measured.rows[measured.rows["model"].isin(list(models))].reset_index(drop=True)
    return Standing(grouping, stand, key, label, measured._replace(rows=own))


def _scored(frames: Frames, models: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Mean score of these models over the first set of benchmarks under its widest protocol, and what it is."""
    sets = scores.benchmark_sets(frames)
    sized = sizes.with_size(models)
    found = pd.DataFrame({"score": []}, dtype=float)
    label = ""
    if sets:
        benchmarks = scores.members(next(iter(sets)))
        choice = scores.choice(frames, benchmarks, "", community=bool((models["origin"] == "community").any()))
        label = f"{scores.LEADERBOARD_LABEL} mean" if len(benchmarks) > 1 else scores.label_of(frames, benchmarks[0])
        if len(choice.measured.rows):
            found = panel.mean(panel.complete(choice.measured.rows, choice.measured.benchmarks))
    frame = pd.DataFrame(
        {
            "model": models.index.astype(str),
            "size": sized["size"].to_numpy(float),
            "size_class": sized["size_class"].to_numpy(object),
            "score": found["score"].reindex(models.index).to_numpy(float),
        }
    )
    return frame[frame["score"].notna()], label
