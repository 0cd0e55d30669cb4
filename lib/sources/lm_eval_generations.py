"""Which generation of lm-eval wrote a results file, told by its content in a fixed order of tests."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lib.sources.readers import text

_VERSION = re.compile(r"^v?(0\.\d+(?:\.\d+)?)(?:[.+-]?[\w.+-]*)?$")


class Generation(NamedTuple):
    """A stretch of releases with one layout.

    Args:
        name: ``0.3``, ``0.4 development``, ``0.4.0-0.4.2``, ``0.4.3 development``, ``0.4.3-0.4.8``, ``0.4.9+``,
            ``0.4.12+``, ``0.5 development``.
        family: Evaluator of the protocol table.
        version: What to show as the evaluator's version: the file's own text where it is one, else ``name``.
    """

    name: str
    family: str
    version: str


def generation_of(document: dict[str, Any]) -> Generation:
    """The generation of a results file whose ``results`` is an object. Never raises: 0.3 is what remains."""
    written = text(document.get("lm_eval_version"), at_most=60)
    release = _VERSION.match(written) if written else None
    if "lm_eval_version" in document:
        if release:
            return _generation(_by_release(release[1], document), version=written)
        return _generation("0.4.12+" if _has_row_names(document) else "0.4.9+")
    if _has_row_names(document):
        return _generation("0.4.12+")
    if "chat_template" in document:
        return _generation("0.4.3-0.4.8")
    if "model_name_sanitized" in document or "n-samples" in document:
        return _generation("0.4.3 development")
    if "n-shot" in document:
        return _generation("0.4.0-0.4.2")
    if "configs" in document or _has_filtered_metrics(document):
        return _generation("0.4 development")
    return _generation("0.3")


def has_reliable_group_errors(generation: Generation) -> bool:
    """Whether a group's printed error may be kept when the sub-tasks are not there to recompute it.

    Up to 0.4.1 the formula was wrong; 0.4.0 to 0.4.2 cannot be told apart by more than ``group_subtasks``.
    """
    return generation.name not in ("0.4 development", "0.4.0-0.4.2", "0.4.3 development")


def _generation(name: str, version: str | None = None) -> Generation:
    return Generation(name, "lm-eval 0.3" if name == "0.3" else "lm-eval 0.4", version or name)


def _by_release(release: str, document: dict[str, Any]) -> str:
    major_minor, _, patch = release.removeprefix("0.").partition(".")
    if int(major_minor) >= 5:
        return "0.5 development"
    if _has_row_names(document) or (patch and int(patch) >= 12):
        return "0.4.12+"
    return "0.4.9+" if not patch or int(patch) >= 9 else "0.4.3-0.4.8"


def _rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    results = document.get("results")
    return [row for row in results.values() if isinstance(row, dict)] if isinstance(results, dict) else []


def _has_row_names(document: dict[str, Any]) -> bool:
    return any("sample_len" in row or ("name" in row and "alias" in row) for row in _rows(document))


def _has_filtered_metrics(document: dict[str, Any]) -> bool:
    return any("," in key for row in _rows(document) for key in row)
