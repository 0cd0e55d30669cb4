"""The merged files of the bigscience evaluation (BLOOM 176B, OPT 175B): task and prompt, then a time, then metrics.

``results["axb+GPT-3 style"]["2022-07-07-15-16-12"] = {"acc": ..., "task_name": "axb", "prompt_name": "GPT-3 style"}``.
Every prompt of a task is a score of its own. The file names no model: its path is the name. Shots are not recorded.
"""

from __future__ import annotations

import re
from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Result, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_results import version_text
from lib.sources.lm_eval_rows import MAX_NAME, MAX_TASKS, TaskFacts, Warnings, read_cells
from lib.sources.lm_eval_run import date_in_path
from lib.sources.readers import text

_TIME = re.compile(r"^20\d\d-\d\d-\d\d-\d\d-\d\d-\d\d$")


def is_merged_file(candidate: Candidate) -> bool:
    """``results`` whose rows hold nothing but objects named by times."""
    if candidate.head[:1] != b"{" or not candidate.is_json_document:
        return False
    document = candidate.json
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, dict) or not results:
        return False
    return all(isinstance(row, dict) and row and all(map(_TIME.match, row)) for row in results.values())


def parse_merged(candidate: Candidate) -> Parsed:
    """One run with all tasks and prompts.

    Raises:
        RefusedInput: Too many rows, metrics that are no object, or no score at all.
    """
    document: dict[str, Any] = candidate.json
    rows: dict[str, Any] = document["results"]
    if len(rows) > MAX_TASKS:
        raise RefusedInput("too many tasks", place="results", expected=f"at most {MAX_TASKS}", found=len(rows))
    versions = document.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    warnings = Warnings()
    results: dict[tuple[str, str, str], Result] = {}
    times = set()
    for key, by_time in rows.items():
        latest = max(by_time)
        metrics = by_time[latest]
        if not isinstance(metrics, dict):
            raise RefusedInput(
                "not the scores of a task", place=f"results.{key[:100]}.{latest}", expected="an object of metrics"
            )
        if len(by_time) > 1:
            warnings.add(f"results.{key[:100]}: {len(by_time)} runs of one prompt; the latest is taken.")
        times.add(latest)
        for result in _row(key, metrics, versions, warnings):
            name = (result.task, result.prompt, result.metric)
            if name in results:
                warnings.add(f"results.{key[:100]}: task and prompt are there twice; the first is kept.")
            else:
                results[name] = result
    if not results:
        raise RefusedInput("no scores in it", place="results", expected="at least one number per task")
    _mark_prompts(list(results.values()))
    run = Run(
        spellings=(candidate.path[:MAX_NAME] or "unnamed",),
        evaluator="lm-eval 0.3",
        evaluator_version="0.3 (bigscience)",
        results=list(results.values()),
        evaluated_on=date_in_path(max(times)),
        config={"generation": "0.3", "layout": "bigscience merged"},
    )
    return Parsed(runs=[run], warnings=warnings.told())


def _row(key: str, metrics: dict[str, Any], versions: dict[str, Any], warnings: Warnings) -> list[Result]:
    task = (text(metrics.get("task_name")) or key.strip())[:MAX_NAME] or "unnamed"
    prompt = text(metrics.get("prompt_name")) or ""
    cells = read_cells(task, metrics, TaskFacts(version=version_text(versions.get(key))), warnings)
    for cell in cells:
        cell.prompt = prompt
    return cells


def _mark_prompts(results: list[Result]) -> None:
    prompts: dict[str, set[str]] = {}
    for result in results:
        prompts.setdefault(result.task, set()).add(result.prompt)
    for result in results:
        if len(prompts[result.task]) > 1:
            result.flags = (*result.flags, "several-prompts")


SOURCE = Importer(
    name="bigscience-merged",
    version=1,
    describes="merged files of the bigscience evaluation (BLOOM 176B, OPT 175B), several prompts per task",
    recognise=is_merged_file,
    parse=parse_merged,
    priority=20,
)
