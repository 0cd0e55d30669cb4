"""The ladder of one base: a rung for every quantisation that the data name and for every model made of it.

Each rung has the memory of its weights and what it is shown to lose or gain against the base, under one protocol or in one
printed table. A mean stands only where the benchmarks agree; where they do not, the answer depends on the benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lib.analysis import variants
from lib.analysis.fits import BITS_PER_WEIGHT, Bits
from lib.analysis.side_by_side import BETTER, NO_INTERVAL, NOT_SHOWN, WORSE
from lib.stats import multiplicity, tasks
from lib.stats.memory import weight_bytes
from lib.stats.noninferiority import ALPHA

FEWER_BITS = "fewer bits"
NO_EVIDENCE = "no quality evidence"
OWN_UNIT = "in its own unit"
DEPENDS = "depends on the benchmark"
RUNG_COLUMNS = (
    "rung", "name", "made", "model", "bits", "weights", "is_at_least", "saved", "n", "delta", "delta_low", "delta_high",
    "verdict",
)  # fmt: skip
PART_COLUMNS = ("rung", "task", "metric", "delta", "delta_low", "delta_high", "verdict")
STORED_BITS = {
    "q8_0": 8.5, "q6_k": 6.56, "q5_k_m": 5.7, "q4_k_m": 4.89, "q4_k_s": 4.67, "q3_k_l": 4.3, "q3_k_s": 3.64,
    "q2_k_s": 2.97, "q2_k": 3.16, "mxfp4": 4.25, "nvfp4": 4.5, "nf4": 4.5, "fp8": 8.0,
}  # fmt: skip
"""Bits per weight of named formats, scales included (llama.cpp's README of quantize for Llama 3.1 8B; NF4 in blocks of 64)."""
PLAIN: tuple[Bits, ...] = (8, 4)
"""Bits that every ladder has a rung for, named by a table or not."""
LONGEST = 32
_Z = 1.959964


class Ladder(NamedTuple):
    """``rungs``: ``RUNG_COLUMNS``, the base first; ``parts``: ``PART_COLUMNS``, a row per benchmark of a rung, in fractions."""

    rungs: pd.DataFrame
    parts: pd.DataFrame


def stored_bits(precision: str, bits: float) -> tuple[float, bool]:
    """Bits that a weight takes in a format as a table writes it, and whether that is only a lower bound.

    A format that is not named takes at least its nominal bits: scales come on top, and nobody says how many.
    """
    plain = re.sub(r"[^a-z0-9]", "", precision.casefold())
    known = next((name for name in STORED_BITS if name.replace("_", "") in plain), None)
    return (bits, True) if known is None else (STORED_BITS[known], "lora" in plain or "loftq" in plain)


def ladder(
    steps: pd.DataFrame,
    params: Mapping[str, float],
    printed: pd.DataFrame,
    evidence: Mapping[str, pd.DataFrame],
    lower_is_better: frozenset[str] = frozenset(),
) -> Ladder:
    """The base, its weights at fewer bits (most memory first), then the models made of it, parents before children.

    Args:
        steps: ``variants.lineage``.
        params: Total parameters by model, NaN unknown.
        printed: ``variants.bits_evidence`` of the base.
        evidence: ``variants.step_evidence`` by model.
        lower_is_better: Benchmarks whose differences are no gains; they are left out of ``parts``.

    Returns:
        Weights in bytes (NaN: size unknown), saved as a share of the base at 16 bits, differences from the base in fractions:
        the mean over the benchmarks of the rung, NaN where there is none or where it depends on the benchmark.
    """
    base, name = str(steps["model"].iloc[0]), str(steps["name"].iloc[0])
    full = float(weight_bytes(params[base], BITS_PER_WEIGHT[16]))
    rows: list[tuple[object, ...]] = [(base, f"{name} at 16 bits", variants.BASE, base, 16.0, full, False)]
    parts: list[pd.DataFrame] = []
    own_unit: set[str] = set()
    for rung in _fewer_bits(name, printed):
        weights = float(weight_bytes(params[base], rung.stored))
        rows.append((rung.key, rung.name, FEWER_BITS, base, rung.bits, weights, rung.is_at_least))
        found = printed[_is_rung(printed, rung)]
        in_points = found[(found["remark"] != variants.BETTER_LOW).to_numpy(bool)]
        own_unit |= {rung.key} if len(found) and in_points.empty else set()
        parts.append(_printed_parts(rung.key, in_points))
    for step in steps.iloc[1:].to_dict("records"):
        model = str(step["model"])
        weights = float(weight_bytes(params[model], BITS_PER_WEIGHT[16]))
        rows.append((model, str(step["name"]), str(step["step"]), model, 16.0, weights, False))
        found = evidence[model]
        counts = ~found["benchmark"].isin(lower_is_better).to_numpy(bool)
        parts.append(found[counts].assign(rung=model, task=found["benchmark"], metric="")[list(PART_COLUMNS)])
    whole = pd.concat(
        [one for one in parts if len(one)] or [pd.DataFrame(columns=list(PART_COLUMNS))], ignore_index=True
    )
    rungs = pd.DataFrame(rows, columns=list(RUNG_COLUMNS[:7]))
    rungs["saved"] = 1 - rungs["weights"] / full
    return Ladder(_judged(rungs, whole, own_unit)[list(RUNG_COLUMNS)], whole)


class _Rung(NamedTuple):
    key: str
    name: str
    bits: float
    precision: str
    stored: float
    is_at_least: bool


def _fewer_bits(name: str, printed: pd.DataFrame) -> list[_Rung]:
    """Every quantisation that a table names, and 8 and 4 bits where none does."""
    found = []
    for bits, precision in printed[["bits", "precision"]].drop_duplicates().itertuples(index=False):
        written = str(precision)
        stored, is_at_least = stored_bits(written, float(bits))
        label = re.sub(r"\s*\(\d+bit\)$", "", written if len(written) <= LONGEST else _format_in(written))
        found.append(_Rung(f"{bits:g}:{written}", f"{bits:g} bits, {label}", float(bits), written, stored, is_at_least))
    plain: list[Bits] = [bits for bits in PLAIN if not (printed["bits"] == bits).any()]
    at = f"{name} at "
    found += [_Rung(f"{bits}:", f"{at}{bits} bits", float(bits), "", BITS_PER_WEIGHT[bits], False) for bits in plain]
    return sorted(found, key=lambda rung: -rung.stored)


def _format_in(written: str) -> str:
    """The named format inside a long description, else its beginning."""
    named = re.search(r"\bI?Q\d_\w+|\bn?v?fp\d+\b|\bnf4\b", written, re.IGNORECASE)
    return named[0] if named else f"{written[: LONGEST - 1]}…"


def _is_rung(printed: pd.DataFrame, rung: _Rung) -> np.ndarray:
    same = (printed["bits"] == rung.bits) & (printed["precision"].astype(str) == rung.precision)
    return np.asarray(same.to_numpy(bool))


def _printed_parts(key: str, found: pd.DataFrame) -> pd.DataFrame:
    """Printed differences of one quantisation with verdicts: z test of the interval's half width, Holm over its rows."""
    rows = found[~found["task"].astype(str).str.casefold().str.startswith("average")]
    low, high, delta = (rows[c].to_numpy(float) for c in ("delta_low", "delta_high", "delta"))
    p = _p_value(delta, (high - low) / (2 * _Z))
    known = ~np.isnan(p)
    holm = np.full(len(p), np.nan)
    holm[known] = multiplicity.holm(p[known])
    verdict = np.where(~known, NO_INTERVAL, np.where(holm <= ALPHA, np.where(delta > 0, BETTER, WORSE), NOT_SHOWN))
    return rows.assign(rung=key, verdict=verdict.astype(object))[list(PART_COLUMNS)]


def _p_value(delta: np.ndarray, stderr: np.ndarray) -> np.ndarray:
    """Two-sided p of a normal difference; NaN without an error."""
    error = np.where(stderr > 0, stderr, np.nan)
    return np.asarray(2 * ndtr(-np.abs(delta / error)))


def _judged(rungs: pd.DataFrame, parts: pd.DataFrame, own_unit: set[str]) -> pd.DataFrame:
    """Means of the rungs with verdicts, Holm's correction over all rungs that have a test."""
    means = [_mean(parts[(parts["rung"] == key).to_numpy(bool)]) for key in rungs["rung"]]
    p = np.array([one.p for one in means])
    known = ~np.isnan(p)
    holm = np.full(len(p), np.nan)
    holm[known] = multiplicity.holm(p[known])
    words = []
    for key, mean, adjusted in zip(rungs["rung"], means, holm, strict=True):
        if not mean.n:
            words.append(OWN_UNIT if key in own_unit else NO_EVIDENCE)
        elif mean.depends:
            words.append(DEPENDS)
        elif np.isnan(adjusted):
            words.append(NO_INTERVAL)
        else:
            words.append((BETTER if mean.delta > 0 else WORSE) if adjusted <= ALPHA else NOT_SHOWN)
    words[0] = ""
    delta, half = np.array([m.delta for m in means]), _Z * np.array([m.stderr for m in means])
    return rungs.assign(
        n=[m.n for m in means], delta=delta, delta_low=delta - half, delta_high=delta + half, verdict=words
    )


class _Mean(NamedTuple):
    n: int
    delta: float
    stderr: float
    p: float
    depends: bool


def _mean(parts: pd.DataFrame) -> _Mean:
    """Mean over the tasks of a rung.

    Metrics of one task are answers to the same questions: they count as one, with the mean of their errors, which is the
    error if they rise and fall together. A mean without every error has no interval.
    """
    nothing = float("nan")
    if parts.empty:
        return _Mean(0, nothing, nothing, nothing, False)
    stderr = (parts["delta_high"].astype(float) - parts["delta_low"].astype(float)) / (2 * _Z)
    both = pd.DataFrame({"delta": parts["delta"].astype(float), "stderr": stderr})
    by_task = both.groupby(parts["task"].to_numpy(object))
    # A metric without an error leaves its task without one.
    whole = by_task.mean().where(by_task.count().eq(by_task.size(), axis=0))
    found = tasks.mean_difference(whole["delta"], whole["stderr"])
    depends = bool(found.p_q <= ALPHA)
    if np.isnan(found.stderr):
        return _Mean(len(whole), float(whole["delta"].mean()), nothing, nothing, False)
    if depends:
        return _Mean(len(whole), nothing, nothing, nothing, True)
    return _Mean(len(whole), float(found.mean), float(found.stderr), float(found.p), False)
