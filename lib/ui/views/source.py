"""The Source page: what one stored file is and what came out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.schema.boards import BOARDS
from lib.sources.received import file_name
from lib.store.details import SourceDetails
from lib.store.frames import Frames
from lib.ui.traces import Traces, texts

KINDS = {
    "lm-eval-results": "a results file of lm-eval",
    "lm-eval-samples": "a per-question log of lm-eval",
    "bigscience-merged": "merged results of lm-eval (bigscience)",
    "evalscope-report": "a report of EvalScope",
    "evalscope-reviews": "a per-question log of EvalScope",
    "inspect-log": "a log of Inspect",
    "lighteval": "a results file of lighteval",
    "lighteval-details": "a per-question log of lighteval",
    "every-eval-ever": "results in the format of Every Eval Ever",
    "model-card": "what a model card says of its scores",
    "helm-run": "a run of HELM",
    "helm-table": "a table of HELM and other leaderboards",
    "open-llm-leaderboard-v2": "the table of the Open LLM Leaderboard v2",
    "published-scores": "scores copied from papers and model cards",
    "plain-csv": "a table of scores",
    "catalogue-models": "the catalogue of models",
    "catalogue-facts": "facts about models",
    "catalogue-aliases": "spellings of model names",
    "catalogue-rumours": "what is only said of models",
    "catalogue-tasks": "the catalogue of benchmarks",
    "task-patterns": "patterns of task names",
    "api-prices": "prices of model APIs",
    "hardware": "facts about hardware",
    "reference-table": "a reference table",
}
"""Name of an importer to what its files are."""
RUN_LABELS = {"evaluator": "Evaluator", "spelling": "Name as written", "run": "Run"}


class SourceView(NamedTuple):
    """One source.

    Args:
        question: The heading.
        says: What came out of it, one sentence, plain text.
        facts: Columns what and value.
        runs: A row per run, most results first; ``run_rows`` the same for the download.
    """

    question: str
    says: str
    facts: pd.DataFrame
    runs: pd.DataFrame
    run_rows: pd.DataFrame
    traces: Traces


def source_view(frames: Frames, details: SourceDetails) -> SourceView:
    """Everything about one source; pure."""
    source = details.source
    runs = _runs(frames, details)
    is_gone = source["withdrawn_at"] is not None
    table = runs[["name", "evaluator", "spelling", "n_results", "run"]]
    digests = runs["run"].tolist()
    traces = Traces(
        texts(runs["model"].tolist()),
        {} if is_gone else dict.fromkeys(("n_results", "run", "evaluator"), digests),
    )
    rows = runs[["name", "model", "spelling", "evaluator", "n_results", "digest"]]
    return SourceView(question(source), says(details), facts(source), table, rows, traces)


def question(source: Mapping[str, Any]) -> str:
    """The heading names the file."""
    return f"What is {formats.one_line(file_name(source), 60)}?"


def says(details: SourceDetails) -> str:
    """What the file is and what came out of it, in a sentence or two; plain text."""
    source = details.source
    kind = KINDS.get(source["importer"], "a file")
    n_runs, n_results = len(details.runs), int(source["n_results"])
    brought = [formats.counted(n_runs, "run") + f" with {formats.counted(n_results, 'result')}"] if n_runs else []
    brought += [f"{formats.counted(details.n_facts, 'fact')} about models"] if details.n_facts else []
    came = f"{' and '.join(brought)} came out of it" if brought else "it brings no scores of its own"
    told = f"{kind[0].upper()}{kind[1:]}: {came}."
    if source["withdrawn_at"] is not None:
        told += f" It was withdrawn on {formats.date(source['withdrawn_at'])}, so nothing of it is in any table."
    waiting = int(details.runs["model_id"].isna().sum()) if n_runs else 0
    if waiting:
        told += f" {formats.counted(waiting, 'run')[0].upper()}{formats.counted(waiting, 'run')[1:]} wait for a model: the name is not known."  # fmt: skip
    return told


def facts(source: Mapping[str, Any]) -> pd.DataFrame:
    """What is known of the file itself: columns what and value, both text; unknown is said as such."""
    rows = [
        ("File", source["name"]),
        ("Title", source["title"] or "not stated"),
        ("Address", source["url"] or "not stated"),
        ("Licence", source["licence"] or "not stated"),
        ("Published" if source["url"] else "Collected", source["published_on"] or "not stated"),
        ("Imported", formats.date(source["imported_at"])),
        ("Withdrawn", formats.date(source["withdrawn_at"]) if source["withdrawn_at"] else ""),
        ("How it came", "ships with the project" if source["is_shipped"] else "imported on this installation"),
        ("Read by", f"{source['importer']}, version {source['importer_version']}"),
        ("Size", size(source["n_bytes"])),
        ("Digest of its bytes (SHA-256)", source["digest"]),
        ("Came in", source["raw_name"] if source["member"] else ""),
        ("Digest of the file that it came in", source["raw_digest"] if source["member"] else ""),
    ]
    kept = [(what, formats.one_line(value, 300)) for what, value in rows if value]
    return pd.DataFrame(kept, columns=["what", "value"])


def size(n_bytes: object) -> str:
    """A size of a file: ``812 bytes``, ``4.6 kB``, ``1.2 MB``."""
    n = formats.number(n_bytes)
    if n is None:
        return formats.UNKNOWN
    for unit, scale in (("MB", 1e6), ("kB", 1e3)):
        if n >= scale:
            return f"{formats.plain(n / scale)} {unit}"
    return formats.counted(n, "byte")


def _runs(frames: Frames, details: SourceDetails) -> pd.DataFrame:
    runs = details.runs
    names = frames.models["name"]
    model = runs["model_id"].astype(object).where(runs["model_id"].notna(), None)
    known = model.map(names).astype(object)
    table = pd.DataFrame(
        {
            "name": known.where(known.notna(), None),
            "model": model,
            "spelling": [formats.one_line(one or "", 120) for one in runs["spelling"]],
            "evaluator": [BOARDS.get(one.removeprefix("board:"), one) for one in runs["evaluator"].astype(str)],
            "n_results": runs["n_results"].astype(int),
            "digest": runs["digest"].astype(str),
        }
    )
    table["run"] = table["digest"].str[:12]
    return table.sort_values(["n_results", "spelling", "digest"], ascending=[False, True, True], ignore_index=True)
