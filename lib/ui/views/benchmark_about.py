"""What a benchmark is: facts of the catalogue, names, parts, versions of its task, known faults. The same under every protocol."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import task_versions
from lib.store.benchmarks import METRICS_OF, is_own
from lib.store.frames import Frames
from lib.store.frames_tasks import task_of
from lib.ui.traces import Traces, texts
from lib.ui.views import scores

NOTES = "benchmark_notes"
WORDS = "benchmark_words"
KINDS = {
    "contamination": "Contamination",
    "label errors": "Faulty questions",
    "version break": "Version break",
    "format": "Prompt and format",
    "superseded": "Newer edition",
}
MOST_NAMES = 12
VERDICTS = {"comparable": "comparable", "caution": "comparable with caution", "not comparable": "not comparable"}


class Note(NamedTuple):
    """A known fault: what it is, in one sentence, and who says so. ``of`` is the whole it was found in, '' for itself."""

    kind: str
    statement: str
    source_title: str
    source_url: str
    source_date: str
    checked_on: str
    of: str


class Versions(NamedTuple):
    """Versions of the task, and two at a time; see ``task_versions``. ``n_partial`` runs on a part are not among them."""

    table: pd.DataFrame
    traces: Traces
    pairs: pd.DataFrame
    pair_traces: Traces
    n_common: int


class Words(NamedTuple):
    """What a benchmark asks, plain text; ``of`` is the whole that it is said of, '' for itself."""

    words: str
    source_title: str
    source_url: str
    of: str


class AboutView(NamedTuple):
    """What is known of a benchmark whatever the protocol.

    Args:
        words: What it asks, for somebody who has never heard of it, and whose paper says so; None where nobody wrote it.
        summary: One line of plain text.
        facts: Label and text, plain.
        whole: Name and label of the benchmark that it is a part of; '' and '' for none.
        file, notes_file: Names of the stored files with the facts and the notes; None where there are none.
        notes: Known faults, own ones first.
        parts: One row per part, most models first; ``part_names`` in the same order.
    """

    label: str
    words: Words | None
    summary: str
    facts: list[tuple[str, str]]
    whole: tuple[str, str]
    file: str | None
    notes: list[Note]
    parts: pd.DataFrame
    part_names: tuple[str, ...]
    versions: Versions


def about_view(frames: Frames, *, benchmark: str) -> AboutView:
    """A benchmark of ``Frames.benchmarks``."""
    row = _one(frames.benchmarks, benchmark)
    label = str(row["label"])
    parts = _parts(frames.benchmarks, benchmark)
    whole = str(row["part_of"]) if pd.notna(row["part_of"]) else ""
    details = task_of(frames, benchmark) or (task_of(frames, whole) if whole else None)
    facts = _facts(frames, benchmark, row)
    return AboutView(
        label,
        _words(frames, benchmark, "") or (_words(frames, whole, scores.label_of(frames, whole)) if whole else None),
        _summary(row, scores.label_of(frames, whole) if whole else ""),
        facts,
        (whole, scores.label_of(frames, whole)) if whole else ("", ""),
        details.file if details is not None else None,
        [*_notes(frames, benchmark, ""), *(_notes(frames, whole, scores.label_of(frames, whole)) if whole else [])],
        parts.drop(columns="part"),
        tuple(parts["part"]),
        _versions(frames, benchmark, row["default_metric"]),
    )


def _words(frames: Frames, benchmark: str, of: str) -> Words | None:
    known = frames.reference(WORDS)
    if known.empty:
        return None
    own = known[(known["benchmark"] == benchmark).to_numpy(bool)]
    if own.empty:
        return None
    row = own.iloc[0]
    return Words(str(row["words"]), str(row["source_title"]), str(row["source_url"]), of)


def _one(known: pd.DataFrame, benchmark: str) -> pd.Series:
    return known.loc[[benchmark]].iloc[0]


def _summary(row: pd.Series, whole: str) -> str:
    parts = [str(row["category"]).capitalize()] if _given(row["category"]) else []
    parts += [f"part of {whole}"] if whole else []
    parts += [formats.counted(row["n_items"], "question")] if formats.known(row["n_items"]) else []
    if formats.known(row["random_baseline"]):
        parts.append(f"guessing scores {formats.score(row['random_baseline'], 0)}")
    parts += [f"{row['direction']} is better"] if _given(row["direction"]) else []
    return " · ".join(parts)


def _facts(frames: Frames, benchmark: str, row: pd.Series) -> list[tuple[str, str]]:
    """What the catalogue says, unknown things said to be unknown."""
    details = task_of(frames, benchmark)
    status = f", {row['n_items_status']}" if _given(row["n_items_status"]) else ""
    chance = formats.score(row["random_baseline"], 1, "not known")
    direction = {"higher": "higher is better", "lower": "lower is better"}.get(str(row["direction"]), "not stated")
    metric = METRICS_OF.get(benchmark, row["default_metric"])
    facts = [
        ("Measures", str(row["category"]) if _given(row["category"]) else "not stated"),
        ("Questions", f"{formats.count(row['n_items'], 'not known')}{status}"),
        ("Guessing scores", chance),
        ("Direction", direction),
        ("Headline metric", str(metric) if _given(metric) else "not stated"),
    ]
    if details is None:
        return facts
    facts += [("Answers to choose from", details.n_choices)] if details.n_choices else []
    if details.majority_baseline is not None:
        facts.append(("Always the most frequent answer", formats.score(details.majority_baseline, 1)))
    facts += [("In lm-eval", _listed(details.lm_eval_names))] if details.lm_eval_names else []
    # The title of somebody's own questions is in no paper.
    printed = () if is_own(benchmark) else _printed(frames, benchmark, details.published_names)
    facts += [("In papers and on boards", _listed(printed))]
    facts += [("Note", details.note)] if details.note else []
    return [(label, text) for label, text in facts if text]


def _printed(frames: Frames, benchmark: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the catalogue, and those under which boards and documents in the store have it."""
    rows = frames.scores([benchmark])
    used = rows.loc[(rows["kind"] != "raw").to_numpy(bool), "task"].unique()
    return tuple(dict.fromkeys([*names, *sorted(str(name) for name in used)]))


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _notes(frames: Frames, benchmark: str, of: str) -> list[Note]:
    notes = frames.reference(NOTES)
    if notes.empty:
        return []
    own = notes[(notes["benchmark"] == benchmark).to_numpy(bool)]
    columns = ["kind", "statement", "source_title", "source_url", "source_date", "checked_on"]
    rows = own[columns].astype(object).where(own[columns].notna(), "").itertuples(index=False)
    found = [
        Note(
            KINDS.get(str(row.kind), str(row.kind)),
            str(row.statement),
            str(row.source_title),
            str(row.source_url),
            str(row.source_date),
            str(row.checked_on),
            of,
        )
        for row in rows
    ]
    order = list(KINDS.values())
    return sorted(found, key=lambda note: order.index(note.kind) if note.kind in order else len(order))


def _parts(known: pd.DataFrame, benchmark: str) -> pd.DataFrame:
    found = known[(known["part_of"] == benchmark).to_numpy(bool)]
    found = found.sort_values(["n_models", "n_results"], ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "part": found.index.astype(str),
            "benchmark": found["label"].astype(str).to_numpy(),
            "n_samples": found["n_items"].to_numpy(float),
            "n_models": found["n_models"].to_numpy(int),
            "n_results": found["n_results"].to_numpy(int),
        }
    )


def _versions(frames: Frames, benchmark: str, default_metric: object) -> Versions:
    cut = scores.grouping(frames, (benchmark,)).scores
    found = task_versions.versions(cut)
    default = str(default_metric) if _given(default_metric) else None
    pairs = task_versions.pairs(cut, benchmark, default)
    table = pd.DataFrame(
        {
            "evaluator": found["evaluator"].astype(str),
            "harness": found["harness"].astype(str),
            "task": found["task"].astype(str),
            "version": found["version"].astype(str),
            "n_shot": found["n_shot"].astype(float),
            "measures": found["measures"].astype(str),
            "n_runs": found["n_runs"].astype(int),
            "n_models": found["n_models"].astype(int),
        }
    )
    runs = dict.fromkeys(table.columns, texts(found["run"].tolist()))
    names = frames.models["name"]
    shown = pd.DataFrame(
        {
            "first": [_version_words(found, i) for i in pairs["a"]],
            "second": [_version_words(found, i) for i in pairs["b"]],
            "metric": pairs["metric"].astype(str),
            "verdict": [VERDICTS[str(v)] for v in pairs["verdict"]],
            "n_models": pairs["n_common"].astype(int),
            "median": [formats.points(v, 1, "") for v in pairs["median"]],
            "largest": [
                f"{formats.points(v)} ({names.get(model, model)})" if model else ""
                for v, model in zip(pairs["largest"], pairs["largest_model"], strict=True)
            ],
            "reasons": pairs["reasons"].astype(str),
        }
    )
    pair_runs = dict.fromkeys(("n_models", "median", "largest"), texts(pairs["runs"].tolist()))
    return Versions(
        table,
        Traces([""] * len(table), runs, dict.fromkeys(table.columns, benchmark)),
        shown,
        Traces(texts(pairs["largest_model"].tolist()), pair_runs, dict.fromkeys(pair_runs, benchmark)),
        int(pairs["n_common"].sum()),
    )


def _version_words(found: pd.DataFrame, i: int) -> str:
    row = found.iloc[i]
    shots = f", {int(row['n_shot'])}-shot" if formats.known(row["n_shot"]) else ""
    version = f"version {row['version']}" if row["version"] != task_versions.NO_VERSION else "version not stated"
    return f"{row['evaluator']}, {version}{shots}"


def _given(value: object) -> bool:
    return value is not None and value == value and str(value) not in ("", "nan")
