"""Runs of HELM: the folder of one run holds ``stats.json``, ``run_spec.json``, ``per_instance_stats.json``, ``scenario_state.json``.

The scores stand in ``stats.json``, which names neither model nor task: those are in ``run_spec.json`` beside it, without which
the file is refused. Means there are over training trials, each of which is a mean over questions, so that its ``count`` is
the number of trials; the number of questions is the statistic ``num_instances``. What each question got is read from the
other two files where they lie beside it. Only unperturbed questions of one split count: the test split, else validation.
"""

from __future__ import annotations

from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Result, Run
from lib.sources import other_tools as told
from lib.sources.contract import Candidate, Importer
from lib.sources.helm_questions import PER_INSTANCE, STATES, questions_of, read_values
from lib.sources.lm_eval_rows import MAX_NAME, TaskFacts, Warnings, read_cells
from lib.sources.readers import finite, parse_json, whole
from lib.stats.board_columns import MMLU_SUBJECT_SIZES
from lib.stats.recovered import binomial_stderr

EVALUATOR = "helm"
SPEC = "run_spec.json"
SPLITS = ("test", "valid")
NO_SCORES = (
    "num_", "finish_reason", "logprob", "inference_", "training_", "batch_", "estimated_", "max_prob", "ece_", "platt_",
    "selective_", "prob_", "predicted_index", "before_", "reasoning_", "perplexity_",
)  # fmt: skip
"""Beginnings of statistics that describe a run or a distribution and are no scores of its answers."""


def is_stats(candidate: Candidate) -> bool:
    """A JSON array of statistics: a name in parts, a count and sums."""
    if candidate.head[:1] != b"[" or b'"sum_squared"' not in candidate.content:
        return False
    row = candidate.first_row
    return isinstance(row.get("name"), dict) and {"count", "sum", "sum_squared"} <= row.keys()


def parse_stats(candidate: Candidate) -> Parsed:
    """One run of one scenario.

    Raises:
        RefusedInput: No ``run_spec.json`` beside it, no name of a model in that, or no score.
    """
    spec = _beside(candidate, SPEC)
    if not isinstance(spec, dict):
        raise RefusedInput(
            "statistics of a HELM run without its specification", expected=f"{SPEC} in the same folder or zip",
            found="neither model nor scenario",
        )  # fmt: skip
    warnings = Warnings()
    adapter = told.part(spec.get("adapter_spec"))
    task, group = task_of(spec)
    stats = told.rows(candidate.json)
    means, split = _means(stats, warnings)
    run = _run(adapter)
    n, shots = whole(_mean(stats, "num_instances", split)), whole(_mean(stats, "num_train_instances", split))
    facts = TaskFacts(n or None, shots if shots is not None else None)
    wording = told.short_digest(repr([adapter.get(key) for key in _WORDING]))
    for cell in read_cells(task, means, facts, warnings):
        cell.prompt = told.name(f"{adapter.get('method') or 'method unknown'} {wording}") or wording
        cell.group = group
        if (whole(adapter.get("num_train_trials")) or 1) > 1:
            # A mean over trials: the same questions were asked several times, and are not more questions for that.
            cell.n_correct, cell.stderr, cell.stderr_rule = None, None, "none"
        run.results.append(cell)
    if not any(result.score is not None for result in run.results):
        raise RefusedInput("no scores in it", expected=f"a statistic of the {' or '.join(SPLITS)} split")
    most = whole(adapter.get("max_eval_instances"))
    if n and most and n >= most:
        run.limit = str(most)
        told.mark_limited(run.results)
    _take_questions(run, candidate, task, split, warnings)
    return Parsed(runs=[run], warnings=warnings.told())


_WORDING = (
    "global_prefix", "global_suffix", "instructions", "input_prefix", "input_suffix", "reference_prefix",
    "reference_suffix", "output_prefix", "output_suffix", "instance_prefix", "chain_of_thought_prefix",
    "chain_of_thought_suffix", "substitutions", "stop_sequences", "max_tokens", "temperature",
)  # fmt: skip
"""What makes two adapters the same way of asking."""


def task_of(spec: dict[str, Any]) -> tuple[str, str | None]:
    """The scenario with its arguments, and the benchmark that it is a part of: subjects of MMLU as elsewhere.

    Raises:
        RefusedInput: The specification has no name.
    """
    name = told.name(told.name(spec.get("name")) and str(spec["name"]).partition(":")[0])
    if name is None:
        raise RefusedInput("a specification without a name", place=f"{SPEC} name", expected="a text")
    arguments = told.part(told.part(spec.get("scenario_spec")).get("args"))
    subject = arguments.get("subject")
    if name == "mmlu" and isinstance(subject, str) and subject in MMLU_SUBJECT_SIZES:
        return f"mmlu_{subject}", "mmlu"
    said = ",".join(
        f"{key}={value}"[:80] for key, value in sorted(arguments.items()) if isinstance(value, str | int | float)
    )
    return (f"{name}:{said}" if said else name)[:MAX_NAME], None


def _run(adapter: dict[str, Any]) -> Run:
    names = told.spellings(adapter.get("model"), adapter.get("model_deployment"))
    if not names:
        raise RefusedInput("the specification names no model", place=f"{SPEC} adapter_spec.model", expected="a text")
    trials = whole(adapter.get("num_train_trials"))
    kept = {
        key: adapter[key]
        for key in ("temperature", "max_tokens", "num_outputs")
        if finite(adapter.get(key)) is not None
    }
    return Run(
        spellings=names,
        evaluator=EVALUATOR,
        backend=names[1].partition("/")[0] if len(names) > 1 else None,
        seeds=f"{trials} train trials" if trials and trials > 1 else None,
        config={"adapter": {**kept, "method": told.name(adapter.get("method")) or ""}},
    )


def _means(stats: list[dict[str, Any]], warnings: Warnings) -> tuple[dict[str, float], str]:
    """The scores of the split that counts, by metric, and that split."""
    found: dict[str, dict[str, float]] = {split: {} for split in SPLITS}
    n_left = 0
    for stat in stats:
        name, split = told.part(stat.get("name")), told.part(stat.get("name")).get("split")
        metric, mean = told.name(name.get("name")), finite(stat.get("mean"))
        if metric is None or mean is None or metric.startswith(NO_SCORES):
            continue
        if split not in found or name.get("perturbation") or name.get("sub_split"):
            n_left += 1
        else:
            found[split].setdefault(metric, mean)
    chosen = next((split for split in SPLITS if found[split]), SPLITS[0])
    n_left += sum(len(metrics) for split, metrics in found.items() if split != chosen)
    if n_left:
        warnings.add(
            f"{n_left} statistics left out: of perturbed questions, parts of a split, or another split than {chosen}."
        )
    return found[chosen], chosen


def _mean(stats: list[dict[str, Any]], metric: str, split: str) -> Any:
    """The mean of a statistic over unperturbed questions of a split; a whole number stays one. None when there is none."""
    for stat in stats:
        name = told.part(stat.get("name"))
        if (
            name.get("name") == metric
            and name.get("split") == split
            and not (name.get("perturbation") or name.get("sub_split"))
        ):
            return stat.get("mean")
    return None


def _take_questions(run: Run, candidate: Candidate, task: str, split: str, warnings: Warnings) -> None:
    """Counts and errors from the questions, where the file of them agrees with the score; and their log."""
    values = read_values(_beside(candidate, PER_INSTANCE), split)
    for result in run.results:
        of_questions = list(values.get(result.metric, {}).values())
        _confirm(result, of_questions)
    main = next((r.metric for r in run.results if r.score is not None and values.get(r.metric)), None)
    states = _beside(candidate, STATES) if main else None
    if main and isinstance(states, dict):
        run.samples, run.evaluated_on = questions_of(states, task, main, values[main])
    elif main is None:
        warnings.add(f"no {PER_INSTANCE} beside it: what single questions got is not known.")


def _confirm(result: Result, values: list[float]) -> None:
    n = len(values)
    if n < 2 or n != result.n_samples or result.score is None or abs(sum(values) / n - result.score) > 1e-6:
        return
    mean = sum(values) / n
    result.score = mean
    if set(values) <= {0.0, 1.0}:
        result.n_correct = int(sum(values))
        result.stderr = binomial_stderr(result.n_correct, n) or None
        result.stderr_rule = "counts" if result.stderr else "none"
    else:
        result.stderr = (sum((value - mean) ** 2 for value in values) / (n - 1) / n) ** 0.5 or None
        result.stderr_rule = "samples" if result.stderr else "none"
    result.flags = tuple(flag for flag in result.flags if flag != "n-disagrees")


def _beside(candidate: Candidate, name: str) -> Any:
    """A file of the same run as JSON; None when it is not there or cannot be read."""
    content = candidate.neighbours.get(name)
    if content is None:
        return None
    try:
        return parse_json(content, file=name)
    except RefusedInput:
        return None


SOURCE = Importer(
    name="helm-run",
    version=1,
    describes="runs of HELM (stats.json beside run_spec.json)",
    recognise=is_stats,
    parse=parse_stats,
    priority=40,
)
