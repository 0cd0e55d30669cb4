"""Size of a model as the reader counts it, its weight class, and filters that say what they removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from lib.schema.sizes import DEFAULT_THRESHOLD, UNDISCLOSED, WEIGHT_CLASSES

SizeBy = Literal["total", "active"]
SIZE_COLUMNS: dict[str, str] = {"total": "params_total", "active": "params_active"}

CLASS_ORDER = (*(one.key for one in WEIGHT_CLASSES), UNDISCLOSED)
CLASS_LABELS = {**{one.key: one.label for one in WEIGHT_CLASSES}, UNDISCLOSED: "size not disclosed"}
_LOWER_BOUNDS = np.array([one.low for one in WEIGHT_CLASSES])


def weight_class(size: pd.Series | np.ndarray) -> np.ndarray:
    """Key of the weight class of each size, ``undisclosed`` where the size is unknown; lower bounds included."""
    values = np.asarray(size, float)
    keys = np.array(CLASS_ORDER, dtype=object)
    at = np.searchsorted(_LOWER_BOUNDS, np.where(values > 0, values, 0.0), side="right") - 1
    return np.where(values > 0, keys[at], UNDISCLOSED)


def with_size(models: pd.DataFrame, by: SizeBy = "total", threshold: float = DEFAULT_THRESHOLD) -> pd.DataFrame:
    """The models with the columns size, size_class, is_small and side.

    Args:
        models: ``Frames.models``.
        by: total or active parameters. Active is unknown for a mixture whose developer does not say it, and for
            systems that do not say what they are made of.
        threshold: Small means at most this many parameters.

    Returns:
        A copy, same rows in the same order. ``size`` in parameters (NaN unknown), ``size_class`` a key of
        ``CLASS_LABELS``, ``is_small`` (False where unknown), ``side``: small, large or undisclosed.
    """
    size = models[SIZE_COLUMNS[by]].to_numpy(float, na_value=np.nan)
    is_known = size > 0
    is_small = is_known & (size <= threshold)
    return models.assign(
        size=np.where(is_known, size, np.nan),
        size_class=weight_class(size),
        is_small=is_small,
        side=np.where(is_small, "small", np.where(is_known, "large", UNDISCLOSED)),
    )


class Removed(NamedTuple):
    """How many rows one filter took, in the order of the filters."""

    filter: str
    n_removed: int


class Filtered(NamedTuple):
    """What is left of the rows.

    Args:
        of: The rows as given.
        mask: Which of them pass every filter, shape (rows,).
        removed: What each filter took.
    """

    of: pd.DataFrame
    mask: np.ndarray
    removed: tuple[Removed, ...]

    @property
    def models(self) -> pd.DataFrame:
        """The rows that pass; a copy at each call."""
        return self.of[self.mask]


def keep(
    models: pd.DataFrame,
    *,
    include_community: bool = False,
    include_variants: bool = False,
    size_classes: Collection[str] = (),
    size_range: tuple[float, float] | None = None,
    kinds: Collection[str] = (),
    developers: Collection[str] = (),
    families: Collection[str] = (),
    licences: Collection[str] = (),
    only_open_weights: bool = False,
    released: tuple[str | None, str | None] | None = None,
    search: str = "",
    texts: Sequence[str] | None = None,
) -> Filtered:
    """The models that pass every filter; each filter counts what it took from those that the earlier ones left.

    Args:
        models: Result of :func:`with_size`.
        size_range: Lowest and highest size, both included; it removes models of unknown size, and counts them apart.
        released: First and last day, both included, None for open; it removes undated models, and counts them apart.
        search: Part of a name or id; capitals do not matter.
        texts: ``search_texts(models)``, where a caller keeps them.
        others: Empty means no filter.
    """
    filters: list[tuple[str, pd.Series | np.ndarray]] = []
    if not include_community:
        filters.append(("community models", models["origin"] != "community"))
    if not include_variants:
        filters.append(("quantised or converted variants", ~_stated(models["variant_of"])))
    if size_classes:
        filters.append(("size class", models["size_class"].isin(size_classes)))
    if size_range is not None:
        filters.append(("size not disclosed", models["size"].notna()))
        filters.append(("size", models["size"].between(*size_range)))
    for name, column, wanted in (
        ("kind", "kind", kinds),
        ("developer", "developer", developers),
        ("family", "family", families),
        ("licence", "licence", licences),
    ):
        if wanted:
            filters.append((name, models[column].isin(wanted)))
    if only_open_weights:
        filters.append(("weights not open, or not stated", is_open(models)))
    if released is not None:
        first, last = (pd.Timestamp(day) if day else None for day in released)
        filters.append(("no release date", models["released_on"].notna()))
        if first is not None:
            filters.append((f"released before {first.date()}", models["released_on"] >= first))
        if last is not None:
            filters.append((f"released after {last.date()}", models["released_on"] <= last))
    if search:
        filters.append(("search", has_text(search_texts(models) if texts is None else texts, search)))
    return filtered(models, filters)


def search_texts(models: pd.DataFrame) -> list[str]:
    """What a search by name looks at, without capitals: name and id of each model."""
    names = models["name"].astype(object)
    return [f"{name}\n{model}".casefold() for name, model in zip(names, models.index.astype(object), strict=True)]


def has_text(texts: Sequence[str], search: str) -> np.ndarray:
    """Which of the texts, which have no capitals, contain what was searched for, shape (texts,)."""
    needle = search.casefold()
    return np.fromiter((needle in text for text in texts), bool, len(texts))


def is_open(models: pd.DataFrame) -> pd.Series:
    """Whether the weights are known to be open; False where nobody says."""
    return models["open_weights"].astype("boolean").fillna(False).astype(bool)


def _stated(column: pd.Series) -> pd.Series:
    return column.notna() & (column.astype(object) != "")


def filtered(models: pd.DataFrame, filters: Iterable[tuple[str, pd.Series | np.ndarray]]) -> Filtered:
    """The rows that pass filters, each a name and which rows pass it; each counts what the earlier ones left."""
    left = np.ones(len(models), bool)
    removed = []
    for name, passes in filters:
        hit = left & ~np.asarray(passes, bool)
        if hit.any():
            removed.append(Removed(name, int(hit.sum())))
        left &= ~hit
    return Filtered(models, left, tuple(removed))
