"""Words for protocols: "MMLU, 5-shot, acc · Open LLM Leaderboard v1 protocol"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lib.analysis.comparability import DOCUMENT
from lib.schema.boards import BOARDS


def protocol_label(parts: Sequence[Mapping[str, Any]], benchmark_labels: Mapping[str, str]) -> str:
    """What is measured and by whom. ``parts`` has the identity fields of each benchmark.

    Text from files, as it is: whoever shows it escapes it.
    """
    first = parts[0]
    names = [str(benchmark_labels.get(b) or b) for b in (part["benchmark"] for part in parts)]
    what = names[0] if len(names) == 1 else f"{len(names)} benchmarks"
    shots = {part["n_shot"] for part in parts}
    words = [what]
    if len(shots) == 1 and pd.notna(first["n_shot"]):
        words.append(f"{int(first['n_shot'])}-shot")
    if len(names) == 1:
        words.append(str(first["metric"]))
        words += [str(first[field]) for field in ("filter", "prompt") if _given(first[field]) not in ("", "none")]
        version = _given(first["task_identity"])
        if version:
            words.append(f"version {version}" if not version.startswith("#") else f"task {version[:7]}")
    return f"{', '.join(words)} · {evaluator_label(first)}"


def evaluator_label(row: Mapping[str, Any]) -> str:
    """Who evaluated: the harness, the board, or the document that prints the numbers."""
    evaluator, document = _given(row["evaluator"]), _given(row["document"])
    title, _, rest = document.partition(" | ")
    table = rest.split(" | ")[0]
    place = f"{title}, {table}" if table and table not in title else title
    if evaluator == DOCUMENT:
        harness = _given(row.get("evaluator_version")).split(" (")[0]
        name = f"{harness}, as printed in {place}" if harness else f"as printed in {place}"
    else:
        kind, _, tool = evaluator.partition(":")
        name = _named(kind, tool) or evaluator
        name += f", {place}" if place else ""
    template = _given(row["chat_template"])
    return name + (", chat template" if template not in ("", "none") else "")


def _named(kind: str, tool: str) -> str:
    return {"board": BOARDS.get(tool, tool), "fork": f"{tool} (a fork of lm-eval)" if tool else ""}.get(kind, "")


def _given(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
