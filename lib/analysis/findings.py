"""The three computed findings of the Overview: from what is in the store now, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import cheapest, labels, measurements, panel, protocols
from lib.analysis.plane import plane
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy, is_open
from lib.schema.sizes import DEFAULT_THRESHOLD
from lib.schema.text import Sentence, Span, sentence
from lib.stats import noninferiority

BEFORE_CHINCHILLA = "2022-04-01"
SINCE = "2024-01-01"
LARGE_THEN, SMALL_NOW = 100e9, 10e9
BEST_KNOWN = 5
PAGE = "cheapest"
"""The page that answers the same question for any reference."""


@dataclass(frozen=True)
class Finding:
    """A card: what was found, and the page that shows more.

    Args:
        title: Two or three words.
        sentence: What was found; when ``is_found`` is False, why there is nothing to say.
        page: Url path of the page that shows more ('' none).
        query: Query parameters for that page.
        is_found: Whether the data carry the finding.
    """

    title: str
    sentence: Sentence
    page: str = ""
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    is_found: bool = True


def tokens_then_and_now(models: pd.DataFrame) -> Finding:
    """Training tokens per parameter: median of models above 100B released before April 2022, against models up to 10B
    released since 2024. Published tokens of a model's own, total parameters, no mixtures, no fine-tunes.
    """
    title = "Was it enough data?"
    points = plane(models).points
    points = points[~points["is_inherited"] & ~points["is_moe"]]
    then = points[(points["size"] > LARGE_THEN) & (points["released_on"] < BEFORE_CHINCHILLA)]
    now = points[(points["size"] <= SMALL_NOW) & (points["released_on"] >= SINCE)]
    if then.empty or now.empty:
        missing = "no large model from before April 2022" if then.empty else "no small model since 2024"
        return _nothing(title, f"The store holds {missing} with published training tokens.", "parameters-and-tokens")
    before, after = (float(p["tokens_per_parameter"].median()) for p in (then, now))
    return Finding(
        title,
        sentence(
            "Before April 2022 the median model above 100 billion parameters saw ",
            Span(formats.plain(before), "large"),
            f" training tokens per parameter ({formats.counted(len(then), 'model')}). Since 2024 the median model up to "
            "10 billion has seen ",
            Span(formats.plain(after), "small"),
            f" ({formats.counted(len(now), 'model')}).",
        ),
        "parameters-and-tokens",
    )


def active_share(models: pd.DataFrame) -> Finding:
    """Share of parameters active per token in mixtures of experts: median, range and count."""
    title = "How much of a mixture works?"
    mixtures = models[models["is_moe"].to_numpy(bool) & (models["origin"] != "community").to_numpy()]
    share = (mixtures["params_active"] / mixtures["params_total"]).dropna()
    share = share[(share > 0) & (share <= 1)]
    if share.empty:
        return _nothing(
            title, "The store holds no mixture of experts that states total and active parameters.", "models"
        )
    one = len(share) == 1
    return Finding(
        title,
        sentence(
            "In the one mixture of experts that states both, " if one else "In the median mixture of experts ",
            Span(formats.score(share.median(), 0), "small"),
            " of the parameters work on each token",
            "."
            if one
            else f"; from {formats.score(share.min(), 0)} to {formats.score(share.max(), 0)}, "
            f"{formats.counted(len(share), 'model')}.",
        ),
        "parameters-and-tokens",
        {"by": "active"},
    )


class Candidates(NamedTuple):
    """Everything smaller than the reference with a complete panel, and what was shown about it.

    Args:
        rows: One row per candidate, smallest first: model, name, size, p (largest over the panel, NaN none), verdict
            (PASS, FAIL, TOO FEW DATA, '' none), p_holm, is_headline. Verdicts are each at 5%, not adjusted.
        reference: Model id.
        benchmarks: The panel.
        margin: In score.
        at_chance: Benchmarks on which the reference is not distinguishable from guessing: then nothing has a verdict.
    """

    rows: pd.DataFrame
    reference: str
    benchmarks: tuple[str, ...]
    margin: float
    at_chance: tuple[str, ...] = ()


def reference_model(
    measured: measurements.Measured,
    models: pd.DataFrame,
    by: SizeBy = "total",
    places_measured: pd.Series | None = None,
) -> str | None:
    """The well-known large model that small ones are held against: by rule, the same on every page.

    Of the dense catalogue models with open weights, a stated size above the usual threshold and a complete panel with
    standard errors in the protocol, the five measured in most places (``renown.places_measured``), and of these the
    one that has been out longest: long enough to be relied on, and for smaller ones to be tried against it. Ties: the
    larger, the id that sorts first. The rule looks at no score.
    """
    rows = panel.complete(measured.rows, measured.benchmarks).rows if measured.benchmarks else measured.rows
    sure = rows.groupby("model")["has_interval"].all()
    facts = models[models.index.isin(sure.index[sure.to_numpy(bool)])]
    fits = (
        is_open(facts)
        & ~facts["is_moe"].astype(bool)
        & (facts["size_status"] == "stated")
        & (facts["origin"] != "community")
        & (facts[SIZE_COLUMNS[by]] > DEFAULT_THRESHOLD)
    )
    facts = facts[fits.to_numpy(bool)].sort_index()
    if facts.empty:
        return None
    places = 0 if places_measured is None else places_measured.reindex(facts.index).fillna(0)
    facts = facts.assign(_places=places)
    size = SIZE_COLUMNS[by]
    best_known = facts.sort_values(["_places", size], ascending=False, kind="stable").head(BEST_KNOWN)
    return str(best_known.sort_values(["released_on", size], ascending=[True, False], kind="stable").index[0])


def within_margin(
    measured: measurements.Measured,
    models: pd.DataFrame,
    reference: str,
    *,
    margin: float = noninferiority.MARGIN,
    by: SizeBy = "total",
    chance: Mapping[str, float] | None = None,
) -> Candidates:
    """Non-inferiority of every smaller model with a complete panel; the headline by Holm over all of them.

    Counts of right answers give Newcombe's bounds where the normal ones do not hold, standard errors the others.
    Disputed and undisclosed sizes are no candidates.
    """
    complete = panel.complete(measured.rows, measured.benchmarks)
    size = models[SIZE_COLUMNS[by]].astype(float)
    # Variants of the same weights are repeats, not discoveries; the reference itself may have any size.
    may = models["size_status"].isin(["stated", "reported"]) & models["variant_of"].isna()
    may |= models.index == reference
    found = cheapest.answer(complete, reference, size[may.to_numpy(bool)], chance=chance or {}, margin=margin)
    rows = found.rows.rename(columns={"cost": "size"})
    rows.insert(1, "name", models["name"].reindex(rows["model"]).to_numpy(object))
    return Candidates(rows, reference, measured.benchmarks, margin, found.at_chance)


def smallest_within_margin(
    grouping: protocols.Grouping,
    models: pd.DataFrame,
    *,
    by: SizeBy = "total",
    margin: float = noninferiority.MARGIN,
    places_measured: pd.Series | None = None,
    chance: Mapping[str, float] | None = None,
) -> Finding:
    """The smallest model shown to be within the margin of a well-known large one, on the widest protocol."""
    title = "Smallest shown to keep up"
    key = protocols.widest(grouping)
    if key is None:
        return _nothing(title, "No protocol covers these benchmarks yet, so nothing can be compared.", PAGE)
    measured = measurements.measure(grouping, key, models=models)
    reference = reference_model(measured, models, by, places_measured)
    if reference is None:
        return _nothing(title, "No large open model has intervals on all of these benchmarks yet.", PAGE)
    found = within_margin(measured, models, reference, margin=margin, by=by, chance=chance)
    name = str(models.at[reference, "name"])
    label = _panel_label(grouping, key, measured.benchmarks)
    points = formats.counted(round(100 * margin), "point")
    query: dict[str, str | list[str]] = {"like": reference, "bench": list(measured.benchmarks)}
    rows = found.rows
    n = len(rows)
    if not n:
        return _nothing(title, f"No model smaller than {name} has been measured on all of {label}.", PAGE)
    if found.at_chance:
        return _nothing(title, f"{name} is not distinguishable from guessing on all of {label}, so nothing is shown by coming close to it.", PAGE)  # fmt: skip
    if not rows["is_headline"].any():
        fail, few = ((rows["verdict"] == v).sum() for v in (noninferiority.FAIL, noninferiority.TOO_FEW_DATA))
        passed = int((rows["verdict"] == noninferiority.PASS).sum())
        tail = f" {passed} pass when tested alone, none after adjusting for the search." if passed else ""
        silent = n - fail - few - passed
        tail += f" Of {silent} nothing can be said." if silent else ""
        return Finding(
            title,
            sentence(
                f"No model smaller than {name} is shown to be within {points} of it on {label}: "
                f"{fail} of {n} are shown to lie further below, for {few} there are too few questions to tell.{tail}"
            ),
            PAGE,
            query,
        )
    best = rows[rows["is_headline"]].iloc[0]
    reference_size = float(models[SIZE_COLUMNS[by]].loc[reference])
    times = reference_size / float(best["size"])
    return Finding(
        title,
        sentence(
            f"Of {formats.counted(n, 'smaller model')} tried, ",
            Span(f"{best['name']} ({formats.parameters(best['size'])})", "small"),
            f" is the smallest shown to be within {points} of ",
            Span(f"{name} ({formats.parameters(reference_size)})", "large"),
            f" on each of {label}, " if len(found.benchmarks) > 1 else f" on {label}, ",
            Span(f"about {formats.times(times)} smaller", "strong"),
            ".",
        ),
        PAGE,
        query,
    )


def _panel_label(grouping: protocols.Grouping, key: str, benchmarks: tuple[str, ...]) -> str:
    """One benchmark by its protocol's label, several by who measured them."""
    row = grouping.protocols.loc[key]
    if len(benchmarks) == 1:
        return str(row["label"])
    return f"the {len(benchmarks)} benchmarks of {labels.evaluator_label({str(field): value for field, value in row.items()})}"


def findings(
    models: pd.DataFrame,
    grouping: protocols.Grouping,
    *,
    by: SizeBy = "total",
    places_measured: pd.Series | None = None,
    chance: Mapping[str, float] | None = None,
) -> tuple[Finding, ...]:
    """The three findings, in the order of the cards."""
    keeps_up = smallest_within_margin(grouping, models, by=by, places_measured=places_measured, chance=chance)
    return tokens_then_and_now(models), keeps_up, active_share(models)


def _nothing(title: str, reason: str, page: str) -> Finding:
    return Finding(title, sentence(reason), page, is_found=False)
