"""Results files of lm-eval, every generation from 0.2 to 0.5 development: one file is one run.

The run's ``stamp`` (the time in the file's name) is what joins it to samples files of the same folder; how those are
attached is said in ``lm_eval_samples``. Samples embedded in a results file (saved from Python) come with it.
"""

from __future__ import annotations

from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Result
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_generations import generation_of, has_reliable_group_errors
from lib.sources.lm_eval_groups import children_of, derive_wholes, repair_groups, trimmed
from lib.sources.lm_eval_measured import read_measured
from lib.sources.lm_eval_rows import MAX_NAME, TaskFacts, Warnings, check_rows, read_cells
from lib.sources.lm_eval_run import read_limit, read_run
from lib.sources.lm_eval_sample_rows import samples_table
from lib.sources.readers import whole

_TASK_DETAILS = frozenset({"configs", "versions", "n-shot", "n-samples", "higher_is_better"})
_OWN_KEYS = _TASK_DETAILS | {"config", "lm_eval_version", "git_hash", "group_subtasks"}
_RUN_DETAILS = frozenset({"git_hash", "model_source", "lm_eval_version", "chat_template", "date"})


def is_results_file(candidate: Candidate) -> bool:
    """A JSON object with ``results`` by task, not nested deeper, and no sign of another tool."""
    if candidate.head[:1] != b"{" or not candidate.is_json_document:
        return False
    document = candidate.json
    if not isinstance(document, dict) or "config_general" in document:
        return False
    results = document.get("results")
    if not isinstance(results, dict) or not (_OWN_KEYS & document.keys() or document.keys() == {"results"}):
        return False
    return not is_nested(results) and not is_evalchemy(document)


def is_nested(results: dict[str, Any]) -> bool:
    """Whether the values of all rows are objects themselves: merged files and lists of expected values."""
    rows = list(results.values())
    return bool(rows) and all(isinstance(r, dict) and r and all(isinstance(v, dict) for v in r.values()) for r in rows)


def is_evalchemy(document: dict[str, Any]) -> bool:
    """Run details of 0.4 without any task details: Evalchemy's own benchmarks behind lm-eval's writer."""
    return bool(_RUN_DETAILS & document.keys()) and not _TASK_DETAILS & document.keys()


def parse_results(candidate: Candidate) -> Parsed:
    """The run of a results file with repaired evidence.

    Raises:
        RefusedInput: No rows, rows that are not objects, or nothing in them that is a score.
    """
    document: dict[str, Any] = candidate.json
    results: dict[str, Any] = document["results"]
    check_rows(results)
    generation = generation_of(document)
    run = read_run(document, generation, candidate.path)
    warnings = Warnings()
    tree = {} if generation.name == "0.3" else children_of(document)
    cells = _read_rows(document, warnings)
    reliable = has_reliable_group_errors(generation)
    if tree:
        repair_groups(cells, tree, are_errors_reliable=reliable, warnings=warnings)
    derived = derive_wholes(cells)
    run.results = [result for task in cells.values() for result in task] + derived
    if run.limit is not None:
        for result in run.results:
            result.flags = ("limited", *result.flags)
    run.measured = read_measured(document, warnings)
    _embedded_samples(document, run.samples, warnings)
    if not run.results and not run.samples:
        raise RefusedInput("no scores in it", place="results", expected="at least one number per task")
    return Parsed(runs=[run], warnings=warnings.told())


def _read_rows(document: dict[str, Any], warnings: Warnings) -> dict[str, list[Result]]:
    """Task (trimmed) to its cells."""
    shots = _few_shot(document, warnings)
    versions = _dictionary(document, "versions")
    hashes = _dictionary(document, "task_hashes")
    sizes = _dictionary(document, "n-samples")
    directions = _dictionary(document, "higher_is_better")
    definitions = _dictionary(document, "configs")
    for_all = shots.get("*")
    has_details = bool(_TASK_DETAILS & document.keys() - {"versions"})
    cells: dict[str, list[Result]] = {}
    for key, row in document["results"].items():
        task = trimmed(key)
        if not 0 < len(task) <= MAX_NAME:
            warnings.add(f"results.{key[:60]}: a task without a usable name; skipped.")
            continue
        if task in cells:
            warnings.add(f"results.{task[:100]}: the task is there twice; the first is kept.")
            continue
        n_shot = shots.get(key, for_all)
        version = version_text(versions.get(key))
        if not has_details:
            cells[task] = read_cells(task, row, TaskFacts(None, n_shot, version), warnings)
            continue
        definition = definitions.get(key)
        definition = definition if isinstance(definition, dict) else {}
        stated = directions.get(key)
        facts = TaskFacts(
            n_samples=_size(sizes.get(key), row),
            n_shot=n_shot if n_shot is not None else whole(definition.get("num_fewshot")),
            version=version,
            hash=_hash(hashes.get(key)),
            directions=stated if isinstance(stated, dict) else _defined_directions(definition),
        )
        cells[task] = read_cells(task, row, facts, warnings)
    return cells


def _few_shot(document: dict[str, Any], warnings: Warnings) -> dict[str, int]:
    """Task to number of shots; ``*`` holds for all others.

    0.3 has one number for the file. A fork writes a list in the order of the tasks on its command line, which is the
    order of ``versions``; it is used only when the lengths agree.
    """
    by_task = document.get("n-shot")
    if isinstance(by_task, dict):
        return {task: n for task, value in by_task.items() if (n := whole(value)) is not None}
    given = _dictionary(document, "config").get("num_fewshot")
    if not isinstance(given, list):
        n = whole(given)
        return {} if n is None else {"*": n}
    numbers = [whole(value) for value in given]
    tasks = list(_dictionary(document, "versions"))
    if numbers and None not in numbers and len(set(numbers)) == 1:
        return {"*": numbers[0] or 0}
    if len(numbers) == len(tasks):
        warnings.add("config.num_fewshot: a list; taken in the order of versions.")
        return {task: n for task, n in zip(tasks, numbers, strict=True) if n is not None}
    warnings.add("config.num_fewshot: a list that does not fit the tasks; number of shots unknown.")
    return {}


def version_text(value: Any) -> str | None:
    """A task's version as text, ``1.0`` as ``1`` so that it is equal across generations; None for N/A and others."""
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        trimmed_value = value.strip()[:60]
        if trimmed_value in ("", "N/A"):
            return None
        return trimmed_value.removesuffix(".0") if trimmed_value.count(".") == 1 else trimmed_value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return f"{value:g}"


def _size(stated: Any, row: dict[str, Any]) -> int | None:
    """Questions that were asked: ``effective``, else the row's own ``sample_len``; None for 0 and unknown."""
    if isinstance(stated, dict):
        n = whole(stated.get("effective"))
        if n:
            return n
    return whole(row.get("sample_len")) or None


def _hash(value: Any) -> str | None:
    return value if isinstance(value, str) and 8 <= len(value) <= 64 and value.isalnum() else None


def _defined_directions(definition: dict[str, Any]) -> dict[str, Any]:
    """Directions from a task's definition (0.4 development to 0.4.2)."""
    listed = definition.get("metric_list")
    if not isinstance(listed, list):
        return {}
    return {
        entry["metric"]: entry.get("higher_is_better")
        for entry in listed
        if isinstance(entry, dict) and isinstance(entry.get("metric"), str)
    }


def _embedded_samples(document: dict[str, Any], samples: list[Any], warnings: Warnings) -> None:
    for task, rows in _dictionary(document, "samples").items():
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            warnings.add(f"samples.{task[:100]}: not a list of rows; skipped.")
        elif 0 < len(trimmed(task)) <= MAX_NAME:
            samples.append(samples_table(trimmed(task), rows, warnings))


def _dictionary(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


SOURCE = Importer(
    name="lm-eval-results",
    version=1,
    describes="lm-eval results files, 0.2 to 0.5 development",
    recognise=is_results_file,
    parse=parse_results,
    priority=30,
)
__all__ = ["SOURCE", "is_evalchemy", "is_nested", "parse_results", "read_limit", "version_text"]
