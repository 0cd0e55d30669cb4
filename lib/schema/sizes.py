"""Weight classes: how a model's size is named. Bounds in parameters, lower bound included."""

from __future__ import annotations

from typing import NamedTuple


class WeightClass(NamedTuple):
    key: str
    label: str
    low: float
    high: float


WEIGHT_CLASSES = (
    WeightClass("fly", "fly (< 1B)", 0, 1e9),
    WeightClass("bantam", "bantam (1–3B)", 1e9, 3e9),
    WeightClass("feather", "feather (3–8B)", 3e9, 8e9),
    WeightClass("welter", "welter (8–15B)", 8e9, 15e9),
    WeightClass("middle", "middle (15–40B)", 15e9, 40e9),
    WeightClass("heavy", "heavy (40–100B)", 40e9, 100e9),
    WeightClass("super-heavy", "super-heavy (100B and more)", 100e9, float("inf")),
)
UNDISCLOSED = "undisclosed"
DEFAULT_THRESHOLD = 35e9
"""Small means at most this many total parameters, until the reader says otherwise."""
