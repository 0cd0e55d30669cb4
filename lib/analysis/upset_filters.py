"""What a reader sees of a family of upsets: filters hide rows, and never change what was tested."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.analysis.sizes import has_text, search_texts, weight_class
from lib.analysis.upsets import BASE, TUNED, Cells, Family, Places

Bools = NDArray[np.bool_]
Order = Literal["lead", "ratio", "p"]
TUNING = {
    "base-base": (BASE, BASE),
    "tuned-tuned": (TUNED, TUNED),
    "base-tuned": (BASE, TUNED),
    "tuned-base": (TUNED, BASE),
}
"""Kind of the small and of the large model."""


class Filters(NamedTuple):
    """A reader's choices; empty means no filter.

    Args:
        families: Base families; the small or the large model is of one of them.
        years: First and last year of release of the small model, both included; it hides undated ones.
        tuning: A key of ``TUNING``.
        categories: Of the benchmark.
        size_classes: Weight classes of the small model.
        search: Part of a name or id of either model.
    """

    families: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    tuning: str = ""
    categories: tuple[str, ...] = ()
    size_classes: tuple[str, ...] = ()
    search: str = ""


class Seen(NamedTuple):
    """Positions in the list of a family that pass the filters, the smallest p first: those that hold, and leads."""

    holds: Places
    leads: Places


class Sides(NamedTuple):
    """How many different models, and base families as far as they are known, stand on each side of some tests."""

    small_models: int
    small_families: int
    small_without: int
    large_models: int
    large_families: int
    large_without: int


def seen(of: Family, filters: Filters, categories: pd.Series) -> Seen:
    """Which listed tests pass.

    Args:
        of: The family.
        filters: See there.
        categories: Benchmark to category.
    """
    if filters == Filters():
        everything = np.arange(len(of.z))
        return Seen(everything[: of.n_holds], everything[of.n_holds :])
    passing = np.flatnonzero(passes(of.cells, filters, categories, of.small, of.large, of.task))
    cut = int(np.searchsorted(passing, of.n_holds))
    return Seen(passing[:cut], passing[cut:])


def passes(of: Cells, filters: Filters, categories: pd.Series, small: Places, large: Places, task: Places) -> Bools:
    """Which tests pass every filter, shape (tests,); positions are those of the cells."""
    models, mask = of.models, np.ones(len(small), bool)
    if filters.families:
        wanted = models["base_family"].isin(filters.families).to_numpy(bool)
        mask &= wanted[small] | wanted[large]
    if filters.search:
        named = has_text(search_texts(models), filters.search)
        mask &= named[small] | named[large]
    if filters.years is not None:
        mask &= models["released_on"].dt.year.between(*filters.years).to_numpy(bool)[small]
    if filters.size_classes:
        mask &= np.isin(weight_class(models["size"]).astype(str), filters.size_classes)[small]
    if filters.tuning in TUNING:
        tuning = models["tuning"].to_numpy(object)
        of_small, of_large = TUNING[filters.tuning]
        mask &= (tuning == of_small)[small] & (tuning == of_large)[large]
    if filters.categories:
        mask &= categories.reindex(list(of.benchmarks)).isin(filters.categories).to_numpy(bool)[task]
    return mask


def first_of(of: Family, at: Places, order: Order, n: int) -> Places:
    """The first ``n`` of some tests: by the lower bound of the lead, by how many times larger the large model is, or by p.

    Equal ones by p.
    """
    if order == "p":
        return at[:n]
    if order == "lead":
        key = of.lower(at)
    else:
        size = of.cells.models["size"].to_numpy(float)
        key = size[of.large[at]] / size[of.small[at]]
    if len(key) > n:
        # Millions are cut before they are sorted; all that equal the last one stay until then.
        border = np.partition(key, len(key) - n)[len(key) - n]
        kept = key >= border
        at, key = at[kept], key[kept]
    return at[np.argsort(-key, kind="stable")[:n]]


def sides(of: Family, at: Places) -> Sides:
    """Distinct models and base families on both sides of some tests."""
    families = of.cells.models["base_family"].to_numpy(object)
    counts = []
    for side in (of.small, of.large):
        models = np.flatnonzero(np.bincount(side[at], minlength=len(families)))
        known = [one for one in families[models] if one]
        counts += [len(models), len(set(known)), len(models) - len(known)]
    return Sides(*counts)
