"""Scores as papers, model cards and reports print them: ``published_scores.csv``.

Printed numbers are compared inside one source, table and note only, so these three are the document of a run.
"""

from __future__ import annotations

import re
from typing import Any

from lib.schema.metrics import direction
from lib.schema.records import Parsed, Result, Run
from lib.sources.catalogue_facts import is_from_memory
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, number, text

TABLE = Table(
    text("model_id", required=True),
    text("benchmark", required=True),
    text("metric", required=True),
    text("n_shot"),
    number("value", required=True),
    text("unit", required=True),
    text("harness", required=True),
    text("source_title", required=True),
    text("source_url"),
    text("source_kind"),
    text("source_licence"),
    text("table"),
    text("note"),
)
STATED = {"mixed": True}
"""The table's own word for a mean over accuracies and F1."""
_FP8 = re.compile(r"\bFP8 weights\b", re.IGNORECASE)


def parse(candidate: Candidate) -> Parsed:
    """One run per model, evaluator, source, table and note.

    A table that prints one benchmark several times (0-shot, 1-shot, few-shot) gives one run per printing, in
    the order of the rows. Values stay as printed: fractions as fractions, other units with the unit in the
    metric's name. No counts and no standard errors are published, so there are none.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in TABLE.rows(candidate):
        key = (row["model_id"], row["harness"], row["source_title"], row["table"], row["note"])
        groups.setdefault(key, []).append(row)
    return Parsed(runs=[run for rows in groups.values() for run in _runs(rows)])


def _runs(rows: list[dict[str, Any]]) -> list[Run]:
    printings: list[list[dict[str, Any]]] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        score = (row["benchmark"], _metric(row))
        nth = seen.get(score, 0)
        seen[score] = nth + 1
        if nth == len(printings):
            printings.append([])
        printings[nth].append(row)
    return [_run(printing) for printing in printings]


def _run(rows: list[dict[str, Any]]) -> Run:
    first = rows[0]
    parts = (first["source_title"], first["table"], first["note"])
    unclear_shots = {
        row["benchmark"]: row["n_shot"] for row in rows if row["n_shot"] is not None and _shots(row["n_shot"]) is None
    }
    config = {key: first[key] for key in ("source_url", "source_kind", "source_licence") if first[key] is not None}
    if unclear_shots:
        config["n_shot_as_written"] = unclear_shots
    return Run(
        spellings=(first["model_id"],),
        evaluator="document",
        kind="transcription",
        document=" | ".join(part or "" for part in parts),
        evaluator_version=first["harness"],
        quantisation="fp8" if _FP8.match(first["note"] or "") else None,
        config=config,
        results=[_result(row) for row in rows],
    )


def _result(row: dict[str, Any]) -> Result:
    return Result(
        task=row["benchmark"],
        metric=_metric(row),
        score=row["value"],
        score_published=row["value"],
        n_shot=_shots(row["n_shot"]),
        higher_is_better=direction(row["metric"], STATED.get(row["metric"])),
        flags=("from-memory",) if is_from_memory(row["source_kind"]) else (),
    )


def _metric(row: dict[str, Any]) -> str:
    metric: str = row["metric"]
    return metric if row["unit"] == "fraction" else f"{metric} ({row['unit']})"


def _shots(written: str | None) -> int | None:
    """The number of shots when the source gives one plain number, else None ("few", "3-5", "CoT@32")."""
    return (
        int(written) if written is not None and written.isascii() and written.isdigit() and len(written) < 5 else None
    )


SOURCE = Importer(
    name="published-scores",
    version=1,
    describes="scores as printed in papers and model cards (published_scores.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
