"""What a drop of files is, in lines for the page: takeaway, runs with models and benchmarks, refusals. No Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.access import Visibility
from lib.analysis.upload_look import standing, words
from lib.schema.text import Sentence, Span, sentence
from lib.sources.looking import Look
from lib.sources.looking_records import MODEL_STATES, FileLook, Missing, RunLook
from lib.store.frames import Frames

WHO = {
    "private": "only I",
    "workspace": "everybody who is a member here",
    "public": "everybody who may open this installation",
}
STATES = {
    "received": "received",
    "reading": "being read",
    "taken": "in use",
    "refused": "refused",
    "failed": "not read to its end",
}
LABELS = {
    "benchmark": "Benchmark",
    "asked": "Questions",
    "shots": "Examples shown",
    "n_comparable": "Comparable models",
    "n_caution": "With caution",
    "n_not": "Not comparable",
    "why": "Why not, or why with caution",
}
UNTOLD = ("kind",)
FILE_WORDS = {"known": "in the store already", "withdrawn": "withdrawn before", "passed over": "passed over"}


class RunLines(NamedTuple):
    """One run of a drop.

    Args:
        title: The model as it will be called; plain text.
        spelling: As the file writes it.
        said: What the name means and how that was found.
        model: Id; None while the name waits.
        waits: Whether somebody has to say which model it is.
        similar: Ids of models with nearly this name.
        protocol: What is stated of the protocol, in words.
        rows: A row per benchmark: ``LABELS``.
        missing: What is not stated, and what follows.
        notes: What was put right or found, a sentence each.
        elsewhere: Where the same run is already, or ''.
    """

    title: str
    spelling: str
    said: str
    model: str | None
    waits: bool
    similar: tuple[str, ...]
    protocol: str
    rows: pd.DataFrame
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]
    elsewhere: str


class UploadView(NamedTuple):
    """Everything that is said of a drop.

    Args:
        takeaway: What it would add, and beside how many models it would stand.
        runs: With scores, in the order of the files.
        logs: Per-question logs, a sentence each.
        refused: Name and reason of what cannot be taken.
        others: Name and reason of what is there already or accompanies the results.
        warnings: Of the importers, with the file.
        can_be_taken: Whether anything new would come in.
    """

    takeaway: Sentence
    runs: tuple[RunLines, ...]
    logs: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    can_be_taken: bool


def upload_view(look: Look, frames: Frames) -> UploadView:
    """The lines of a look, each score held against what the store has on its benchmark."""
    rows = look.frame()
    scores = frames.scores(rows["benchmark"].unique().tolist()) if len(rows) else rows
    beside = standing(rows, scores)
    by_run: dict[int, list[dict[str, Any]]] = {}
    for record in beside.to_dict("records"):
        by_run.setdefault(int(record["run"]), []).append({str(name): value for name, value in record.items()})
    runs = [run for run in look.runs if not run.is_log]
    others = [file for file in look.files if file.state in FILE_WORDS]
    return UploadView(
        _takeaway(look, beside),
        tuple(_run(run, by_run.get(run.number, []), frames) for run in runs),
        tuple(_log(run) for run in look.runs if run.is_log),
        tuple((file.name, file.reason) for file in look.of("refused")),
        tuple((file.name, _why_other(file)) for file in others),
        tuple(f"{file.name}: {warning}" for file in look.files for warning in file.warnings),
        any(file.runs or file.tables for file in look.of("new")),
    )


def visibility_words(visibility: Visibility, *, waits: bool, is_shared: bool) -> str:
    """Who will see it, for the line under the choice."""
    if not is_shared:
        told = {
            "private": "You see it here; public snapshots, reports and downloads leave it out.",
            "workspace": "You see it here; public snapshots and reports leave it out.",
            "public": "It is part of everything that is shared from here.",
        }
        return told[visibility]
    if waits:
        return "Members see it at once; everybody when an admin agrees."
    return f"Seen by {WHO[visibility]}."


def _takeaway(look: Look, beside: pd.DataFrame) -> Sentence:
    counts = look.counts()
    if not look.files:
        return sentence("Nothing was found in it.")
    if not counts["new"]:
        if counts["refused"]:
            n = counts["refused"]
            return sentence(Span(formats.counted(n, "file"), "strong"), f" cannot be used: {'the reason is' if n == 1 else 'reasons are'} below.")  # fmt: skip
        return sentence("All of it is here already: nothing new would come in.")
    runs = [run for run in look.runs if not run.is_log and not run.also_in]
    n_models = len({run.model.model_id or run.model.spelling for run in runs})
    parts: list[str | Span] = [
        Span(formats.counted(counts["results"], "score"), "strong"),
        f" of {formats.counted(n_models, 'model')}",
    ]
    if counts["samples"]:
        parts += [" with ", Span(formats.counted(counts["samples"], "answer"), "strong")]
    if len(beside):
        shown = (beside["n_comparable"] + beside["n_caution"]).to_numpy(int)
        best = beside.iloc[int(shown.argmax())]
        n = int(best["n_comparable"]) + int(best["n_caution"])
        labels = {one.benchmark: one.label for run in look.runs for one in run.benchmarks}
        where = f" on {labels.get(best['benchmark'], best['benchmark'])}" if len(beside) > 1 else ""
        parts += [f" would stand beside {formats.counted(n, 'other model') if n else 'no other model'}{where}"]
        if n and not best["n_comparable"]:
            parts += [", all with caution"]
    return sentence(*parts, ".")


def _run(run: RunLook, beside: Sequence[Mapping[str, Any]], frames: Frames) -> RunLines:
    model = run.model
    means = f": {model.model_id} ({model.how})" if model.model_id and model.model_id != model.spelling else ""
    told = {str(row["benchmark"]): row for row in beside}
    rows = [_benchmark(one, told.get(one.benchmark)) for one in run.benchmarks]
    notes = {**run.repaired, **run.noted}
    return RunLines(
        title=model.name or model.spelling,
        spelling=model.spelling,
        said=f"{MODEL_STATES[model.state]}{means}",
        model=model.model_id,
        waits=model.state == "waits",
        similar=tuple(one for one in model.similar if one in frames.models.index),
        protocol=", ".join(_stated(name, value) for name, value in run.protocol.items() if name not in UNTOLD),
        rows=pd.DataFrame(rows, columns=list(LABELS)),
        missing=tuple(run.missing),
        notes=tuple(f"{formats.counted(n, 'score')}: {text}" for text, n in notes.items()),
        elsewhere=run.also_in,
    )


def _stated(name: str, value: str) -> str:
    if name.startswith("is_"):
        return f"{'' if value == 'True' else 'not '}{name.removeprefix('is_').replace('_', ' ')}"
    return f"{name.replace('_', ' ')} {value}"


def _benchmark(one: Any, row: Mapping[str, Any] | None) -> tuple[Any, ...]:
    asked = "not stated" if one.n_questions is None else formats.count(one.n_questions)
    if one.n_questions is not None and one.n_items is not None and one.n_items != one.n_questions:
        asked += f" of {formats.count(one.n_items)}"
    shots = ", ".join("not stated" if n is None else str(n) for n in one.n_shot) or "not stated"
    label = one.label if one.is_known else f"{one.label} (new here)"
    if row is None:
        return (label, asked, shots, 0, 0, 0, "no score that could be compared")
    counts = tuple(int(row[name]) for name in ("n_comparable", "n_caution", "n_not"))
    reasons = [*row["refusals"][:1], *row["cautions"][:1]]
    why = "; ".join(f"{reason} ({formats.count(n)})" for reason, n in reasons)
    return (label, asked, shots, *counts, why or ("" if sum(counts) else words(row)))


def _log(run: RunLook) -> str:
    asked = ", ".join(f"{formats.counted(one.n_samples, 'answer')} on {one.label}" for one in run.benchmarks)
    return f"{run.model.name or run.model.spelling}: {asked}, with the scores of {run.also_in}"


def _why_other(file: FileLook) -> str:
    if file.state == "passed over":
        return file.reason
    since = f" since {file.before_on}" if file.before_on else ""
    return f"{FILE_WORDS[file.state]}{since}{f' as {file.before}' if file.before != file.name else ''}"
