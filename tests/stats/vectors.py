"""Reference values: files of cases, the calculation that each kind of case names, and when a result agrees.

A file is JSON with a list "vectors"; each has "kind" (which calculation), "inputs", "expected" and "tolerance", and may
have "id". A number x agrees with e when |x - e| <= abs + rel |e|; the tolerance holds rel and abs for every number, or an
entry per field with "default" for the rest; a number "rel_tol" in its place is rel for every number (0: exact). null is
a missing value. What is expected must be there; more may be.

A module calculations_*.py beside this one registers what it computes by being imported; :func:`find_calculations` imports
all of them.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "tests" / "vectors"
SCALING = ROOT / "data" / "scaling"
HERE = Path(__file__).resolve().parent
FIELDS = ("kind", "inputs", "expected")
SAME = {"rel": 1e-9, "abs": 1e-12}
"""For a number to which no entry of the tolerance applies."""

CALCULATIONS: dict[str, Callable[[Any], Any]] = {}


def calculation(kind: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Registers what computes the cases of one kind: inputs in, a structure like "expected" out."""

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        CALCULATIONS[kind] = function
        return function

    return register


def find_calculations() -> dict[str, ModuleType]:
    """Every calculations_*.py of this folder by name, imported, so that what it computes is registered."""
    names = sorted(file.stem for file in HERE.glob("calculations_*.py"))
    return {name: importlib.import_module(f"tests.stats.{name}") for name in names}


class Case(NamedTuple):
    """One case of a file, or what is wrong with the file or the case (``problem``; then there is nothing else)."""

    name: str
    vector: dict[str, Any]
    problem: str = ""


def chosen_files() -> list[Path]:
    """Files named in P4P_VECTORS (as a shell would split it); none: the shipped ones."""
    named = shlex.split(os.environ.get("P4P_VECTORS", ""))
    return [Path(name) for name in named] or [SHIPPED / f"{name}.json" for name in ("stats", "scaling", "cost")]


def cases(file: Path) -> list[Case]:
    """The cases of a file in order. Trouble is a case too, so that a test can say it beside those that work."""
    label = file.name
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        return [Case(label, {}, f"{file}: cannot be read ({error.strerror or error})")]
    except ValueError as error:
        return [Case(label, {}, f"{file}: is not JSON ({error})")]
    listed = content.get("vectors") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        return [Case(label, {}, f'{file}: expected an object with a list "vectors" of at least one case')]
    return [_case(f"{label}-{place}", file, place, vector) for place, vector in enumerate(listed)]


def _case(name: str, file: Path, place: int, vector: Any) -> Case:
    where = f'{file}: case {place + 1} of the list "vectors"'
    if not isinstance(vector, dict):
        return Case(name, {}, f"{where} is not an object")
    missing = [field for field in FIELDS if field not in vector]
    if missing:
        return Case(name, {}, f'{where} has no "{missing[0]}"; each needs {", ".join(FIELDS)}, tolerance or rel_tol')
    tolerance = vector.get("tolerance")
    if tolerance is None and "rel_tol" in vector:
        rel = vector["rel_tol"]
        if isinstance(rel, bool) or not isinstance(rel, int | float) or not 0 <= rel < 1:
            return Case(name, {}, f'{where}: "rel_tol" is not a number from 0 to below 1')
        tolerance = {"rel": float(rel), "abs": 0.0}
    if tolerance is None:
        return Case(name, {}, f'{where} has no "tolerance" and no "rel_tol"')
    if not isinstance(tolerance, dict):
        return Case(name, {}, f'{where}: "tolerance" is not an object')
    return Case(f"{vector['kind']}-{vector.get('id', name)}", {**vector, "tolerance": tolerance})


def check(case: Case) -> None:
    """Compute a case and compare.

    Raises:
        AssertionError: With a sentence: what is wrong with the file, that the kind is unknown (and which are known), or
            where the result and the expected value differ.
    """
    if case.problem:
        raise AssertionError(case.problem)
    kind = case.vector["kind"]
    if kind not in CALCULATIONS:
        known = ", ".join(sorted(CALCULATIONS))
        raise AssertionError(f"{case.name}: no calculation for the kind {kind!r}; known kinds: {known}")
    try:
        found = CALCULATIONS[kind](case.vector["inputs"])
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise AssertionError(
            f"{case.name}: the inputs are not those of the kind {kind!r} ({type(error).__name__}: {error})"
        ) from error
    assert_agrees(found, case.vector["expected"], case.vector["tolerance"])


def assert_agrees(found: Any, expected: Any, tolerance: dict[str, Any], path: str = "") -> None:
    """Everything expected is there and within tolerance; an entry named after a field holds below it."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert isinstance(found, dict) and key in found, f"{path}.{key} is not computed"
            below = tolerance.get(key, tolerance)
            assert_agrees(found[key], value, below if isinstance(below, dict) else tolerance, f"{path}.{key}")
    elif isinstance(expected, list):
        assert np.ndim(found) or isinstance(found, list | tuple), f"{path}: a list is expected, found {found!r}"
        assert len(found) == len(expected), f"{path}: {len(expected)} values are expected, found {len(found)}"
        for place, value in enumerate(expected):
            assert_agrees(found[place], value, tolerance, f"{path}[{place}]")
    elif expected is None:
        missing = found is None or (not isinstance(found, str) and not math.isfinite(float(found)))
        assert missing, f"{path}: found {found!r} where there is no value"
    elif isinstance(expected, bool | str):
        assert found == expected, f"{path}: expected {expected!r}, found {found!r}"
    else:
        limits = _limits(tolerance)
        allowed = limits.get("abs", 0.0) + limits.get("rel", 0.0) * abs(expected)
        assert found is not None, f"{path}: expected {expected!r}, found none"
        assert abs(float(found) - expected) <= allowed, (
            f"{path}: expected {expected!r} within {allowed:.3g}, found {found!r}"
        )


def _limits(tolerance: dict[str, Any]) -> dict[str, float]:
    if "rel" in tolerance or "abs" in tolerance:
        return tolerance
    default = tolerance.get("default")
    return default if isinstance(default, dict) else SAME
