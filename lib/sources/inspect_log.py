"""Logs of Inspect (the evaluation framework of the UK AI Security Institute): one file is one task of one run.

Scores are those of ``results``; what each question got comes from the samples, where the log has them. The scorer is the
filter, since it says how an answer was judged. Arguments of the task are part of how the question was put: they are kept as
the prompt, so that ``cot=true`` never meets ``cot=false``. A run that was broken off before its last question is refused:
which questions it reached is not chance.
"""

from __future__ import annotations

from typing import Any

from lib.errors import RefusedInput
from lib.schema.metrics import direction
from lib.schema.records import Measured, Parsed, Result, Run
from lib.sources import other_tools as told
from lib.sources.contract import Candidate, Importer
from lib.sources.inspect_archive import InspectLog, is_log, read_log
from lib.sources.inspect_samples import Seen, read_samples
from lib.sources.lm_eval_rows import MAX_NAME, TaskFacts, Warnings, read_cells
from lib.sources.readers import finite, whole

EVALUATOR = "inspect_ai"
"""As records of Every Eval Ever name it."""
ERRORS = ("stderr", "bootstrap_stderr")
SPREADS = frozenset({*ERRORS, "std", "var"})
"""Metrics of Inspect that say how sure a score is and are no scores."""
MAKERS = frozenset({"openai", "anthropic", "google", "mistral", "grok", "deepseek", "cohere", "perplexity"})
"""Providers that serve their own models: their name belongs to the model's. Others only serve what somebody made."""
SHOTS = ("fewshot", "num_fewshot", "n_shot", "n_shots")
LIBRARY = "inspect_evals/"


def parse_log(candidate: Candidate) -> Parsed:
    """One run with the scores and the log of one task.

    Raises:
        RefusedInput: A damaged archive; a run that did not end or has no score; no name of a model or task.
    """
    log = read_log(candidate)
    spec = told.part(log.header.get("eval"))
    _refuse_unended(log.header)
    run = _run(log, spec)
    warnings = Warnings()
    task = (told.name(spec.get("task")) or "").removeprefix(LIBRARY)
    if not task:
        raise RefusedInput("the log names no task", place="eval.task", expected="a text", found=spec.get("task"))
    scores = told.rows(told.part(log.header.get("results")).get("scores"))
    seen = read_samples(log, task, [told.name(score.get("scorer")) or "" for score in scores], warnings)
    run.system_instruction = seen.system_instruction
    run.samples = seen.samples
    _read_scores(run, log.header, spec, task, seen, warnings)
    if not run.results:
        raise RefusedInput("no scores in it", place="results.scores", expected="at least one metric with a number")
    run.measured = _measured(log.header, spec, task)
    return Parsed(runs=[run], warnings=warnings.told())


def _refuse_unended(header: dict[str, Any]) -> None:
    results = told.part(header.get("results"))
    n_asked, n_done = whole(results.get("total_samples")), whole(results.get("completed_samples"))
    if header.get("status") != "success" and not (n_asked and n_asked == n_done):
        raise RefusedInput(
            "a log of a run that did not end", place="status", expected="success", found=str(header.get("status"))[:40]
        )


def spellings_of(model: str) -> tuple[tuple[str, ...], str | None]:
    """Names of the model, best first, and who served it: ``hf/org/name``, ``openai/gpt-4o``, ``ollama/llama3.1``."""
    provider, slash, rest = model.partition("/")
    if not slash:
        return (model,), None
    if provider == "openai-api" and "/" in rest:
        provider, _, rest = rest.partition("/")
    if provider in MAKERS and "/" not in rest:
        return told.spellings(model, rest), provider
    return told.spellings(rest, rest.rpartition("/")[2]), provider


def _run(log: InspectLog, spec: dict[str, Any]) -> Run:
    model = told.name(spec.get("model"))
    if model is None:
        raise RefusedInput("the log names no model", place="eval.model", expected="a text", found=spec.get("model"))
    names, provider = spellings_of(model)
    config, stats = told.part(spec.get("config")), told.part(log.header.get("stats"))
    generation = told.part(told.part(log.header.get("plan")).get("config")) | told.part(
        spec.get("model_generate_config")
    )
    arguments = told.part(spec.get("model_args"))
    dtype, quantisation = told.precision(arguments.get("dtype") or arguments.get("torch_dtype"))
    seed = whole(generation.get("seed"), at_most=2**53)
    kept = {key[:60]: v for key, v in generation.items() if finite(v) is not None}
    # A second evaluation with the same scores is another run; the same one as archive and as JSON is not.
    named = {"model": model, "evaluation": told.name(spec.get("run_id")) or ""}
    return Run(
        spellings=names,
        evaluator=EVALUATOR,
        evaluator_version=told.name(told.part(spec.get("packages")).get("inspect_ai")),
        backend=provider,
        revision=told.name(arguments.get("revision")),
        dtype=dtype,
        quantisation=quantisation,
        limit=_limit(config, told.part(spec.get("dataset"))),
        seeds=f"generation {seed}" if seed is not None else None,
        evaluated_on=told.day(spec.get("created")) or told.day(stats.get("started_at")),
        config={**named, **({"generation": dict(list(kept.items())[:30])} if kept else {})},
    )


def _limit(config: dict[str, Any], dataset: dict[str, Any]) -> str | None:
    """The part of the questions that was asked, None for all of them."""
    n_all, limit, chosen = whole(dataset.get("samples")), config.get("limit"), config.get("sample_id")
    if isinstance(limit, list) and len(limit) == 2 and all(whole(n) is not None for n in limit):
        return f"{limit[0]}-{limit[1]}"
    if chosen is not None:
        return f"{len(chosen) if isinstance(chosen, list) else 1} chosen"
    return told.limit_of(limit, n_all)


def _prompt(spec: dict[str, Any]) -> str:
    """What was asked of the task beyond its defaults, in order of name; empty for nothing."""
    given = spec.get("task_args_passed", spec.get("task_args"))
    said = [f"{key}={_plain(value)}" for key, value in sorted(told.part(given).items()) if value not in (None, [], {})]
    solver = told.name(spec.get("solver"))
    return ", ".join([*said, *([f"solver={solver}"] if solver else [])])[:MAX_NAME]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:60]


def _read_scores(
    run: Run, header: dict[str, Any], spec: dict[str, Any], task: str, seen: Seen, warnings: Warnings
) -> None:
    epochs = whole(told.part(spec.get("config")).get("epochs")) or 1
    results = told.part(header.get("results"))
    n_done = whole(results.get("completed_samples"))
    n_each = n_done // epochs if n_done and n_done % epochs == 0 else None
    version = spec.get("task_version")
    arguments = told.part(spec.get("task_args"))
    shots = next((n for key in SHOTS if (n := whole(arguments.get(key), at_most=1000)) is not None), None)
    prompt, found = _prompt(spec), set()
    for score in told.rows(results.get("scores")):
        scorer = told.name(score.get("scorer")) or "none"
        n = whole(score.get("scored_samples")) or n_each
        facts = TaskFacts(n, shots, str(version)[:60] if isinstance(version, str | int) else None)
        for result in _cells(task, score, scorer, facts, warnings):
            result.prompt, result.filter = prompt, scorer
            if (result.metric, scorer) in found:
                warnings.add(f"results.scores: {scorer[:100]} {result.metric[:100]} is there twice; the first is kept.")
                continue
            found.add((result.metric, scorer))
            seen.confirm(result, epochs)
            run.results.append(result)
    if run.limit is not None:
        told.mark_limited(run.results)


def _cells(task: str, score: dict[str, Any], scorer: str, facts: TaskFacts, warnings: Warnings) -> list[Result]:
    """The metrics of one scorer; of a scorer with several values the value's name is part of the metric's."""
    metrics = {key: told.part(m).get("value") for key, m in told.part(score.get("metrics")).items()}
    error = next((metrics[key] for key in ERRORS if finite(metrics.get(key)) is not None), None)
    plain = {key: value for key, value in metrics.items() if key not in SPREADS}
    row: dict[str, Any] = dict(plain)
    if error is not None and len(plain) == 1:
        # The error is of the one score that stands beside it; with several nothing says of which.
        row |= {f"{key}_stderr": error for key in plain}
    cells = read_cells(task, row, facts, warnings)
    own, reducer = told.name(score.get("name")) or scorer, told.name(score.get("reducer"))
    for cell in cells:
        _hold_to(cell, facts.n_samples)
        cell.higher_is_better = direction(cell.metric, None)
        if own != scorer:
            cell.metric = f"{own} ({cell.metric})"
        if reducer not in (None, "mean"):
            cell.metric = f"{cell.metric} ({reducer})"
    return cells


def _hold_to(cell: Result, stated: int | None) -> None:
    """The log knows how many questions there were: a count recovered from the error must agree with it."""
    if stated is None or cell.n_samples == stated:
        return
    cell.n_samples, cell.n_correct = stated, None
    cell.stderr = cell.stderr_published or None
    cell.stderr_rule = "published" if cell.stderr else "none"
    cell.flags = tuple(flag for flag in cell.flags if flag not in ("n-disagrees", "n-recovered"))


def _measured(header: dict[str, Any], spec: dict[str, Any], task: str) -> dict[str, Measured]:
    """Tokens that the model read and wrote, without those of a model that judged."""
    usage = told.part(told.part(told.part(header.get("stats")).get("model_usage")).get(str(spec.get("model"))))
    tokens_in, tokens_out = (whole(usage.get(key), at_most=2**53) for key in ("input_tokens", "output_tokens"))
    return {task: Measured(tokens_in=tokens_in, tokens_out=tokens_out)} if tokens_in or tokens_out else {}


SOURCE = Importer(
    name="inspect-log",
    version=1,
    describes="logs of Inspect, .eval and .json",
    recognise=is_log,
    parse=parse_log,
    priority=40,
)
