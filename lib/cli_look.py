"""`look`: what files are and what they could be compared with, without storing anything."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lib import formats
from lib.analysis.upload_look import standing, words
from lib.cli_output import ProgressLine, put, put_json
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.looking import Look, look_at_paths
from lib.sources.looking_records import MODEL_STATES, FileLook, RunLook
from lib.sources.texts import for_terminal
from lib.store.frames import FrameCache, Frames

SHOWN_FILES = 20
SHOWN_BENCHMARKS = 8


def look_command(options: argparse.Namespace, settings: Settings) -> int:
    """`look PATH...`: 0 when everything could be taken in, 1 when a file is refused, 2 for a path that is none."""
    missing = [path for path in options.paths if not path.exists()]
    if missing:
        raise RefusedInput("no such file or folder", place="PATH", found=", ".join(str(path) for path in missing))
    store = operators_store(settings)
    try:
        frames = FrameCache(store).frames()
        line = ProgressLine()
        found = look_at_paths(
            store,
            options.paths,
            settings=settings,
            frames=frames,
            progress=lambda n, name: line.show(f"{n} files, {name}"),
        )
        line.end()
        beside = compared(found, frames)
    finally:
        store.close()
    if options.json:
        put_json(found.as_json() | {"standing": beside.to_dict("records")})
    else:
        _put(found, beside)
    return 1 if found.of("refused") else 0


def compared(found: Look, frames: Frames) -> pd.DataFrame:
    """``upload_look.standing`` of a look against the store's frames."""
    rows = found.frame()
    if rows.empty:
        return standing(rows, rows)
    return standing(rows, frames.scores(rows["benchmark"].unique().tolist()))


def _put(found: Look, beside: pd.DataFrame) -> None:
    counts = found.counts()
    put(
        f"{counts['new']} files new, {counts['known']} known, {counts['withdrawn']} withdrawn before, {counts['refused']} refused; "
        f"{counts['runs']} runs, {counts['results']} results, {counts['samples']} answers. Nothing was stored."
    )
    told: dict[int, list[dict[str, Any]]] = {}
    for record in beside.to_dict("records"):
        told.setdefault(int(record["run"]), []).append({str(name): value for name, value in record.items()})
    for file in found.files[:SHOWN_FILES]:
        _put_file(file, told)
    if len(found.files) > SHOWN_FILES:
        put(f"and {len(found.files) - SHOWN_FILES} more files (--json lists all)")


def _put_file(file: FileLook, told: dict[int, list[dict[str, Any]]]) -> None:
    put(f"{file.state}: {for_terminal(file.name)}{f' ({file.describes})' if file.describes else ''}")
    if file.reason:
        put(f"  {file.reason}")
    if file.before:
        words_of_before = "withdrawn on" if file.state == "withdrawn" else "imported on"
        put(f"  the same bytes are in the store as {for_terminal(file.before)}, {words_of_before} {file.before_on}")
    for table, n in file.tables.items():
        put(f"  {formats.counted(n, 'row')} for the table {table}")
    for run in file.runs:
        _put_run(run, told.get(run.number, []))
    for warning in file.warnings:
        put(f"  warning: {warning}")


def _put_run(run: RunLook, beside: Sequence[dict[str, Any]]) -> None:
    model = run.model
    put(f"  {for_terminal(model.spelling)}: {MODEL_STATES[model.state]}{_like(model.similar)}")
    if model.model_id is not None and model.model_id != model.spelling:
        put(f"    means {for_terminal(model.model_id)} ({model.how})")
    if run.also_in:
        put(f"    {'a log of the run in' if run.is_log else 'the same run is already in'} {for_terminal(run.also_in)}")
    if run.is_log:
        for one in run.benchmarks:
            put(f"    {for_terminal(one.label)}: {formats.counted(one.n_samples, 'answer')}")
        return
    put("    " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in run.protocol.items()))
    rows = {str(row["benchmark"]): row for row in beside}
    for one in run.benchmarks[:SHOWN_BENCHMARKS]:
        n = "" if one.n_questions is None else f", {formats.count(one.n_questions)}"
        of = "" if one.n_items is None or one.n_questions is None else f" of {formats.count(one.n_items)}"
        asked = f"{n}{of} questions" if n else ""
        row = rows.get(one.benchmark)
        put(
            f"    {for_terminal(one.label)}: {formats.counted(one.n_results, 'score')}{asked}{f'; {words(row)}' if row else ''}"
        )
    if len(run.benchmarks) > SHOWN_BENCHMARKS:
        put(f"    and {len(run.benchmarks) - SHOWN_BENCHMARKS} more benchmarks (--json lists all)")
    for lack in run.missing:
        share = "" if lack.share == 1 else f" for {lack.share:.0%} of the scores"
        put(f"    not stated: {lack.what}{share} ({lack.consequence})")
    for sentence, n_scores in {**run.repaired, **run.noted}.items():
        put(f"    {formats.counted(n_scores, 'score')}: {sentence}")


def _like(names: Sequence[str]) -> str:
    return f" (did you mean {' or '.join(for_terminal(name) for name in names)}?)" if names else ""
