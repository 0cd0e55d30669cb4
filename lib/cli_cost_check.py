"""`cost check`: how far the estimates of serving are off on a table of measurements."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from lib import formats
from lib.analysis import serving_rows, serving_scores
from lib.analysis.serving_scores import Score
from lib.cli_cost import CostCommand
from lib.cli_cost_tables import cost_tables, opened
from lib.cli_output import put, put_json, put_table, say
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.contract import Candidate
from lib.sources.cost_tables import Measured, measurements_in

SHOWN = 20


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="PATH", help="a CSV like data/cost/measured_inference.csv")
    command.add_argument(
        "--held-out", action="store_true", help="fit the overheads without each model of the file before estimating it"
    )


def check(options: argparse.Namespace, settings: Settings) -> int:
    """`cost check FILE.csv [--held-out] [--json]`; 1 where not a single row could be scored."""
    try:
        content = options.file.read_bytes()
    except OSError as trouble:
        raise RefusedInput(f"cannot be read ({trouble.strerror})", place="PATH", found=str(options.file)) from None
    given = measurements_in(Candidate(name=options.file.name, content=content))
    store, frames = opened(settings)
    try:
        tables = cost_tables(frames, settings)
    finally:
        store.close()
    arch, hardware, of_model = tables.shapes.table, tables.hardware, tables.shapes.of_model
    named = given.rows.assign(
        model=[one if one in arch.index else of_model.get(one, one) for one in given.rows["model"]]
    )
    read = serving_rows.read_measurements(named, arch, hardware)
    estimated = (serving_scores.held_out_rates if options.held_out else serving_scores.estimated_rates)(read.rows, arch, hardware)  # fmt: skip
    absurd = read.rows.index[~(np.isfinite(estimated) & (estimated > 0))]
    left_out = _left_out(given, read.left_out.to_dict() | dict.fromkeys(absurd, serving_rows.NO_ESTIMATE))
    whole = serving_scores.score(estimated, read.rows["rate"].to_numpy(float), read.rows["model"])
    groups = serving_scores.scores_by_group(read.rows, estimated)
    if options.json:
        counts = Counter(row["reason"] for row in left_out)
        put_json(
            {
                "file": options.file.name,
                "rows_in_file": len(given.rows) + len(given.refused),
                "held_out": options.held_out,
                **_as_json(whole),
                "by_group": {group: {"what": serving_rows.GROUPS[group].words, **_as_json(one)} for group, one in groups.items()},
                "left_out": left_out,
                "left_out_by_reason": dict(counts.most_common()),
            }
        )  # fmt: skip
    else:
        _put_text(whole, groups, left_out)
    return 0 if whole.n_rows else 1


def _left_out(given: Measured, reasons: dict[Any, str]) -> list[dict[str, Any]]:
    """Rows that are not scored: line of the file, row_id (None where it cannot be read) and reason, by line."""
    ids = given.rows["row_id"].astype(object).to_dict()
    found: list[dict[str, Any]] = [{"line": line, "row_id": None, "reason": reason} for line, reason in given.refused]
    found += [{"line": line, "row_id": ids[line], "reason": reason} for line, reason in reasons.items()]
    return sorted(found, key=lambda row: int(row["line"]))


def _as_json(one: Score) -> dict[str, Any]:
    return {
        "rows": one.n_rows,
        "models": one.n_models,
        "median_abs_rel_error": one.median,
        "p90_abs_rel_error": one.p90,
        "within_factor_2": one.within_factor_2,
        "log_deviation": one.log_deviation,
    }


def _put_text(whole: Score, groups: dict[str, Score], left_out: list[dict[str, Any]]) -> None:
    rows = [(serving_rows.GROUPS[group].words, *_cells(one)) for group, one in groups.items()]
    header = ("group", "rows", "models", "median error", "9 of 10 below", "within factor 2")
    put_table(header, [*rows, ("all", *_cells(whole))])
    if left_out:
        put()
        put(f"{len(left_out):,} rows are not scored:")
        for row in left_out[:SHOWN]:
            put(f"  line {row['line']}{' (' + str(row['row_id']) + ')' if row['row_id'] else ''}: {row['reason']}")
        if len(left_out) > SHOWN:
            say(f"{len(left_out) - SHOWN:,} more; all with --json")


def _cells(one: Score) -> tuple[str, ...]:
    return (
        formats.count(one.n_rows),
        formats.count(one.n_models),
        *(f"{share:.0%}" for share in (one.median, one.p90, one.within_factor_2)),
    )


COMMAND = CostCommand("check", "how far estimates of serving are off on a table of measurements", add_arguments, check)
