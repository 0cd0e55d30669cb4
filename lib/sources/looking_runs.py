"""One run of a drop against what the store knows: its model, protocol, benchmarks, what is missing and what was put right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lib.schema.flags import FLAGS
from lib.schema.records import Result, Run
from lib.sources.looking_records import BenchmarkLook, Missing, ModelLook, RunLook
from lib.sources.naming import Naming
from lib.sources.similar import similar
from lib.store.benchmarks import Benchmarks, headline_metric
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.imported import known_names
from lib.store.write import PreparedRun

PROTOCOL = (
    "evaluator", "document", "kind", "evaluator_version", "harness_commit", "backend", "revision", "dtype",
    "quantisation", "limit", "seeds", "chat_template", "system_instruction", "is_multiturn", "start_token", "evaluated_on",
)  # fmt: skip
"""Fields of a run that are told; all but ``evaluated_on`` and ``revision`` take part in comparisons."""
REPAIRED = ("n-recovered", "stderr-wrong", "derived", "from-samples", "partly-parsed")
NOTED = ("limited", "unweighted", "several-prompts", "out-of-range", "not-a-number", "n-disagrees", "stderr-missing", "stderr-zero", "bound")  # fmt: skip
RECOUNTED = "The standard error was recomputed from the counts of right answers."
MODEL_FACTS = (
    ("params_total", "number of parameters", "on no chart against size"),
    ("training_tokens", "training tokens", "on no chart against training tokens"),
    ("licence", "licence", "in no list by licence"),
)
MOST_ASKED = 50
"""Unknown names for which similar ones are looked up; a search through thousands of names takes a while for each."""
ROW = (
    "prompt", "filter", "metric", "score", "n_samples", "n_shot", "task_version", "task_hash", "is_group", "status",
)  # fmt: skip
ROW_OF_RUN = (
    "evaluator", "document", "kind", "evaluator_version", "harness_commit", "backend", "dtype", "quantisation", "limit",
    "seeds", "chat_template", "system_instruction", "is_multiturn", "start_token", "is_checkpoint",
)  # fmt: skip


@dataclass
class Known:
    """What the store knows, as whoever asks may see it.

    Args:
        models: ``Frames.models`` by id; ``benchmarks``: ``Frames.benchmarks`` by id.
        runs: First 12 digits of a run's digest to the name of its source; this look's own runs are added.
        places: The task catalogue as a map from names to benchmarks.
        names: Every spelling of a catalogue model to its id.
    """

    models: Mapping[str, Mapping[str, Any]]
    benchmarks: Mapping[str, Mapping[str, Any]]
    runs: dict[str, str]
    places: Benchmarks
    names: Mapping[str, str]
    asked: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, frames: Frames) -> Known:
        models = _by_id(frames.models[["name", "origin", "params_total", "training_tokens", "licence"]])
        benchmarks = _by_id(frames.benchmarks[["label", "n_items", "default_metric"]])
        runs = dict(zip(frames.runs["run"].astype(str), frames.runs["source"].astype(str), strict=True))
        return cls(models, benchmarks, runs, frames.state.places.benchmarks, known_names(store).models)

    def like(self, name: str) -> list[str]:
        """Known models with nearly this name."""
        if name not in self.asked:
            if len(self.asked) >= MOST_ASKED:
                return []
            self.asked[name] = similar(name, self.names)
        return self.asked[name]


def _by_id(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    rows = zip(*(frame[name] for name in frame.columns), strict=True)
    names = [str(name) for name in frame.columns]
    return {str(key): dict(zip(names, row, strict=True)) for key, row in zip(frame.index, rows, strict=True)}


def look_at_run(
    prepared: PreparedRun, number: int, file: str, known: Known, naming: Naming
) -> tuple[RunLook, list[dict[str, Any]]]:
    """What is said of one run, and its headline score on each benchmark as rows for a comparison."""
    run = prepared.run
    seen = RunLook(number, prepared.digest, _model(prepared, known, naming), n_results=len(run.results))
    seen.also_in = known.runs.get(prepared.digest[:12], "")
    known.runs.setdefault(prepared.digest[:12], file)
    seen.protocol = {name: str(value) for name in PROTOCOL if (value := getattr(run, name)) not in (None, "")}
    seen.n_samples = sum(log.n_rows for log in prepared.sample_files.values())
    by_benchmark: dict[str, list[Result]] = {}
    for result in run.results:
        by_benchmark.setdefault(known.places.place(result.task, result.metric).benchmark, []).append(result)
    rows = []
    for benchmark, results in by_benchmark.items():
        looked, headline = _benchmark(benchmark, results, prepared, known)
        seen.benchmarks.append(looked)
        if headline is not None:
            rows.append(_row(number, benchmark, headline, run, seen.model.model_id))
    seen.benchmarks.sort(key=lambda one: (one.part_of != "", not one.is_known))
    seen.missing = [*_missing_of_model(seen.model, run, known), *_missing_of_run(run)]
    seen.repaired, seen.noted = _flags(run.results)
    return seen, rows


def look_at_log(prepared: PreparedRun, number: int, known: Known, naming: Naming) -> RunLook:
    """What is said of a per-question log whose scores came with the results file beside it."""
    seen = RunLook(number, prepared.digest, _model(prepared, known, naming), is_log=True)
    seen.also_in = known.runs.get(prepared.digest[:12], "")
    seen.n_samples = sum(log.n_rows for log in prepared.sample_files.values())
    for task, log in prepared.sample_files.items():
        results = [result for result in prepared.run.results if result.task == task]
        if results:
            benchmark = known.places.place(task, results[0].metric).benchmark
            looked, _ = _benchmark(benchmark, results, prepared, known)
            looked.n_results, looked.n_samples = 0, log.n_rows
            seen.benchmarks.append(looked)
    return seen


def _model(prepared: PreparedRun, known: Known, naming: Naming) -> ModelLook:
    spelling = prepared.run.spellings[0]
    found = naming.resolution(prepared.run, prepared.scope)
    row = known.models.get(prepared.model_id) if prepared.model_id is not None else None
    if prepared.model_id is None:
        how = "no catalogue entry, Hub id or alias is spelt so, and it is no name of the form org/name"
        return ModelLook(spelling, None, spelling, "waits", how, known.like(spelling))
    if row is None:
        return ModelLook(
            spelling, prepared.model_id, prepared.model_id, "new", "Hub name", known.like(prepared.model_id)
        )
    state = "community" if row["origin"] == "community" else "catalogue"
    how = found.how if found.model_id is not None else "Hub name"
    return ModelLook(spelling, prepared.model_id, str(row["name"]), state, how)  # type: ignore[arg-type]


def _benchmark(
    benchmark: str, results: list[Result], prepared: PreparedRun, known: Known
) -> tuple[BenchmarkLook, Result | None]:
    row = known.benchmarks.get(benchmark)
    default = row["default_metric"] if row is not None and isinstance(row["default_metric"], str) else None
    scored = [result for result in results if result.score is not None]
    pair = headline_metric(((r.metric, r.filter) for r in scored), benchmark, default)
    chosen = [r for r in scored if (r.metric, r.filter) == pair] or scored
    # Of several prompts or sub-tasks the whole before its parts, then the first.
    headline = next((r for r in chosen if r.is_group), chosen[0] if chosen else None)
    tasks = {result.task for result in results}
    looked = BenchmarkLook(
        benchmark,
        str(row["label"]) if row is not None else benchmark,
        row is not None,
        known.places.place(results[0].task, results[0].metric).part_of,
        len(results),
        list(dict.fromkeys(result.metric for result in results))[:20],
        headline.n_samples if headline is not None else None,
        int(row["n_items"]) if row is not None and pd.notna(row["n_items"]) else None,
        list(dict.fromkeys(result.n_shot for result in results))[:20],
        sum(log.n_rows for task, log in prepared.sample_files.items() if task in tasks),
    )
    return looked, headline


def _row(number: int, benchmark: str, result: Result, run: Run, model: str | None) -> dict[str, Any]:
    row = {"run": number, "model": model, "benchmark": benchmark, "task": result.task}
    row |= {name: getattr(result, name) for name in ROW}
    return row | {"flags": " ".join(result.flags)} | {name: getattr(run, name) for name in ROW_OF_RUN}


def _missing_of_model(model: ModelLook, run: Run, known: Known) -> list[Missing]:
    if model.model_id is None:
        return [Missing("which model this is", "alias", consequence="on no chart and in no comparison")]
    row = known.models.get(model.model_id, {})
    missing = [Missing(what, name, consequence=then) for name, what, then in MODEL_FACTS if pd.isna(row.get(name))]
    if run.params_reported is not None:
        missing = [one for one in missing if one.field != "params_total"]
    return missing


def _missing_of_run(run: Run) -> list[Missing]:
    """What only the file could have said; shares are of the results."""
    results, missing = run.results, []
    if run.kind == "raw" and results:
        for name, words in (("chat_template", "chat template"), ("system_instruction", "system instruction")):
            if getattr(run, name) is None:
                missing.append(Missing(words, consequence="compared with caution"))
    per_result = (
        ("number of examples in the prompt", [r.n_shot is None for r in results], "compared with caution"),
        ("number of questions", [r.n_samples is None for r in results], "compared with caution"),
        (
            "standard error",
            [r.stderr is None and r.n_correct is None for r in results],
            "differences without a verdict",
        ),
        (
            "version of the task",
            [r.task_version is None and r.task_hash is None for r in results],
            "compared with caution",
        ),
    )
    for what, absent, then in per_result:
        if any(absent):
            missing.append(Missing(what, share=sum(absent) / len(absent), consequence=then))
    return missing


def _flags(results: list[Result]) -> tuple[dict[str, int], dict[str, int]]:
    """Sentences on what was put right, and on what was found, with the number of results."""
    counts = Counter(flag for result in results for flag in result.flags)
    repaired = {FLAGS[flag]: counts[flag] for flag in REPAIRED if counts[flag]}
    recounted = sum(_is_recounted(result) for result in results)
    if recounted:
        repaired[RECOUNTED] = recounted
    return repaired, {FLAGS[flag]: counts[flag] for flag in NOTED if counts[flag]}


def _is_recounted(result: Result) -> bool:
    """Whether the error that is used is from counts and is not the printed one, or there was none."""
    if result.stderr is None or result.stderr_rule != "counts":
        return False
    return result.stderr_published is None or abs(result.stderr - result.stderr_published) > 1e-6 * result.stderr
