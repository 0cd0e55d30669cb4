"""Results files of lighteval, and those of the Open LLM Leaderboard v1, which were written in the same form.

A row of ``results`` is ``suite|task|shots``, since 0.9 ``task|shots``. Sub-tasks stand behind a colon (``mmlu:anatomy``)
and are stored as lm-eval writes them (``mmlu_anatomy``). A suite is a wording of the prompt: it is kept as the prompt,
so that numbers of two suites are never compared. ``all`` is a mean over unlike benchmarks and is left out;
``mmlu:_average`` is the mean of sub-tasks, with the mean of their errors printed as its error, which is mended here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Result, Run
from lib.sources import other_tools as told
from lib.sources.checkpoints import read_checkpoint
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_groups import derive_wholes, repair_groups
from lib.sources.lm_eval_results import version_text
from lib.sources.lm_eval_rows import MAX_NAME, TaskFacts, Warnings, check_rows, read_cells
from lib.sources.lm_eval_run import date_in_path, stamp_of
from lib.sources.readers import whole

LIGHTEVAL = "lighteval"
BOARD_V1 = "fork:open-llm-leaderboard-v1"
HARNESS = "harness"
"""The suite of the Open LLM Leaderboard v1: a fork of lm-eval at one commit, not lighteval's own tasks."""
EVERYTHING = "all"
AVERAGE = ":_average"
USUAL_SUITES = (LIGHTEVAL, HARNESS)


class Key(NamedTuple):
    """What a row of ``results`` is called: ``lighteval|mmlu:anatomy|5`` in parts. ``n_shot`` None: not stated."""

    suite: str
    task: str
    n_shot: int | None
    is_average: bool


def is_lighteval(candidate: Candidate) -> bool:
    """A JSON object with ``config_general`` and ``results``, both objects."""
    if candidate.head[:1] != b"{" or b'"config_general"' not in candidate.content or not candidate.is_json_document:
        return False
    document = candidate.json
    return isinstance(document, dict) and all(isinstance(document.get(k), dict) for k in ("config_general", "results"))


def parse_lighteval(candidate: Candidate) -> Parsed:
    """One run.

    Raises:
        RefusedInput: No rows, rows that are not objects, or nothing in them that is a score; no name of a model.
    """
    document = candidate.json
    warnings = Warnings()
    results = document["results"]
    check_rows(results)
    run = _run(document, candidate.path, _keys(results))
    run.results = _read(document, run, warnings)
    if not run.results:
        raise RefusedInput("no scores in it", place="results", expected="at least one number per task")
    if run.limit is not None:
        told.mark_limited(run.results)
    return Parsed(runs=[run], warnings=warnings.told())


def read_key(key: str) -> Key:
    """A row's name in parts; a name without bars is a task of which nothing else is said."""
    parts = [piece.strip() for piece in key.split("|")]
    n_shot = None
    if len(parts) == 4:  # suite, task, shots, and whether examples were dropped to fit
        parts = parts[:3]
    if len(parts) > 1 and parts[-1].isascii() and parts[-1].isdigit() and len(parts[-1]) < 4:
        n_shot = int(parts.pop())
    task = parts.pop()
    is_average = task.endswith(AVERAGE)
    return Key("|".join(parts), task.removesuffix(AVERAGE).replace(":", "_"), n_shot, is_average)


def _keys(results: dict[str, Any]) -> dict[str, Key]:
    return {key: read_key(key) for key in results if key != EVERYTHING}


def _run(document: dict[str, Any], path: str, keys: dict[str, Key]) -> Run:
    general = document["config_general"]
    model = told.part(general.get("model_config"))
    names = told.spellings(model.get("model_name"), general.get("model_name"))
    if not names:
        raise RefusedInput(
            "the file names no model", place="config_general.model_name", expected="a text", found=general.get("model_name")
        )  # fmt: skip
    dtype, quantisation = told.precision(model.get("dtype") or general.get("model_dtype"))
    revision = told.name(model.get("revision")) or told.name(general.get("model_sha"))
    state = read_checkpoint(names, None if revision == "main" else revision)
    is_v1 = bool(keys) and all(key.suite == HARNESS for key in keys.values())
    seeds = whole(general.get("num_fewshot_seeds"))
    template = model.get("override_chat_template", general.get("use_chat_template"))
    return Run(
        spellings=names,
        evaluator=BOARD_V1 if is_v1 else LIGHTEVAL,
        harness_commit=told.commit(general.get("lighteval_sha")),
        revision=state.revision,
        training_tokens=state.training_tokens,
        is_checkpoint=state.is_checkpoint,
        dtype=dtype,
        quantisation=quantisation,
        limit=told.limit_of(general.get("max_samples")),
        seeds=f"fewshot {seeds}" if seeds and seeds > 1 else None,
        chat_template={True: told.APPLIED, False: told.NONE}.get(template) if isinstance(template, bool) else None,
        system_instruction=told.instruction(model.get("system_prompt"), is_stated="system_prompt" in model),
        evaluated_on=date_in_path(path),
        total_seconds=_seconds(general.get("total_evaluation_time_secondes")),
        config=_rest(model),
        stamp=stamp_of(path),
    )


def _read(document: dict[str, Any], run: Run, warnings: Warnings) -> list[Result]:
    """The scores, suite by suite: a group is repaired among the sub-tasks of its own suite."""
    by_prompt: dict[str, dict[str, list[Result]]] = {}
    trees: dict[str, dict[str, list[str]]] = {}
    for key, row in document["results"].items():
        if key == EVERYTHING:
            continue
        name = read_key(key)
        if not 0 < len(name.task) <= MAX_NAME:
            warnings.add(f"results.{key[:60]}: a task without a usable name; skipped.")
            continue
        prompt = "" if name.suite in USUAL_SUITES else name.suite[:MAX_NAME]
        if name.task in by_prompt.get(prompt, {}):
            prompt = f"{prompt} {name.n_shot} shots".strip()
        cells = by_prompt.setdefault(prompt, {})
        if name.task in cells:
            warnings.add(f"results.{key[:100]}: the task is there twice; the first is kept.")
            continue
        cells[name.task] = read_cells(name.task, row, _facts(document, key, name, run), warnings)
        if name.is_average:
            trees.setdefault(prompt, {})[name.task] = []
    found = []
    for prompt, cells in by_prompt.items():
        tree = trees.get(prompt, {})
        for group in tree:
            tree[group] = [task for task in cells if task.startswith(f"{group}_")]
        repair_groups(cells, tree, are_errors_reliable=False, warnings=warnings)
        derived = derive_wholes(cells)
        for result in [*(r for task in cells.values() for r in task), *derived]:
            result.prompt = prompt
            if any(result.task in others for wording, others in by_prompt.items() if wording != prompt):
                result.flags = (*result.flags, "several-prompts")
            found.append(result)
    return found


def _facts(document: dict[str, Any], key: str, name: Key, run: Run) -> TaskFacts:
    """What the file says of one task; a group has no number of its own."""
    definition = _definition(told.part(document.get("config_tasks")), key, name)
    hashes = told.part(told.part(told.part(document.get("summary_tasks")).get(key)).get("hashes"))
    n = None if name.is_average else whole(definition.get("effective_num_docs")) or None
    n_all = whole(definition.get("original_num_docs"))
    if n and n_all and n < n_all and run.limit is None:
        run.limit = str(n)
    digest = hashes.get("hash_examples")
    return TaskFacts(
        n_samples=n,
        n_shot=name.n_shot,
        version=version_text(told.part(document.get("versions")).get(key)),
        hash=digest if isinstance(digest, str) and digest.isalnum() and 8 <= len(digest) <= 64 else None,
        directions=_directions(definition),
    )


def _definition(tasks: dict[str, Any], key: str, name: Key) -> dict[str, Any]:
    """The definition of a row's task, which releases have named with and without suite and shots."""
    without_shots = key.rsplit("|", 1)[0] if name.n_shot is not None else key
    for written in (key, without_shots, f"{LIGHTEVAL}|{without_shots}", without_shots.rsplit("|", 1)[-1]):
        if isinstance(tasks.get(written), dict):
            return told.part(tasks[written])
    return {}


def _directions(definition: dict[str, Any]) -> dict[str, Any]:
    directions: dict[str, Any] = {}
    for metric in told.rows(definition.get("metrics") or definition.get("metric")):
        names, higher = metric.get("metric_name"), metric.get("higher_is_better")
        for name in names if isinstance(names, list) else [names]:
            if isinstance(name, str):
                directions[name] = higher.get(name) if isinstance(higher, dict) else higher
    return directions


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value[:40]) if isinstance(value, str) else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 < seconds < 1e9 else None


def _rest(model: dict[str, Any]) -> dict[str, Any]:
    """How text was generated: numbers and short texts only."""
    given = told.part(model.get("generation_parameters"))
    kept = {key[:60]: value for key, value in given.items() if isinstance(value, int | float) and abs(value) < 1e12}
    return {"generation_parameters": dict(list(kept.items())[:30])} if kept else {}


SOURCE = Importer(
    name="lighteval",
    version=1,
    describes="results of lighteval and of the Open LLM Leaderboard v1",
    recognise=is_lighteval,
    parse=parse_lighteval,
    priority=40,
)
