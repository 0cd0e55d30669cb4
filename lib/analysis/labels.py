"""Words for protocols: "MMLU, 5-shot, acc · Open LLM Leaderboard v1 protocol"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib.analysis.comparability import DOCUMENT


def protocol_label(parts: pd.DataFrame, benchmark_labels: Mapping[str, str]) -> str:
    """What is measured and by whom. ``parts`` has one row of identity fields per benchmark.

    Text from files, as it is: whoever shows it escapes it.
    """
    first = parts.iloc[0]
    names = [str(benchmark_labels.get(b) or b) for b in parts["benchmark"]]
    what = names[0] if len(names) == 1 else f"{len(names)} benchmarks"
    shots = parts["n_shot"].unique()
    words = [what]
    if len(shots) == 1 and pd.notna(shots[0]):
        words.append(f"{int(shots[0])}-shot")
    if len(names) == 1:
        words.append(str(first["metric"]))
        words += [str(first[field]) for field in ("filter", "prompt") if _given(first[field]) not in ("", "none")]
        version = _given(first["task_identity"])
        if version:
            words.append(f"version {version}" if not version.startswith("#") else f"task {version[:7]}")
    return f"{', '.join(words)} · {evaluator_label(first)}"


def evaluator_label(row: Mapping[str, Any] | pd.Series) -> str:
    """Who evaluated: the harness, the board, or the document that prints the numbers."""
    evaluator, document = _given(row["evaluator"]), _given(row["document"])
    place = ", ".join(part for part in document.split(" | ")[:2] if part)
    if evaluator == DOCUMENT:
        harness = _given(row.get("evaluator_version")).split(" (")[0]
        name = f"{harness}, as printed in {place}" if harness else f"as printed in {place}"
    else:
        kind, _, rest = evaluator.partition(":")
        name = {"board": rest, "fork": f"{rest} (a fork of lm-eval)"}.get(kind, evaluator) if rest else evaluator
        name += f", {place}" if place else ""
    template = _given(row["chat_template"])
    return name + (", chat template" if template not in ("", "none") else "")


def _given(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
