"""The golden cases: a folder each with the file, ``case.json`` (name, how it was made) and ``expected.json``.

    python -m tests.sources_lm_eval.golden_cases        writes expected.json where it is missing, to be read and checked

``slow_scores`` reads a results file a second time in the plainest way, without a line of the importer.
"""

import json
import math
from collections import Counter
from pathlib import Path

from lib.errors import RefusedInput
from lib.sources import bigscience_merged, lm_eval_results, lm_eval_samples, not_evaluations
from lib.sources.contract import Candidate

GOLDEN = Path(__file__).parents[1] / "golden"
SOURCES = sorted(
    (m.SOURCE for m in (lm_eval_results, lm_eval_samples, bigscience_merged, not_evaluations)),
    key=lambda source: source.priority,
)
KINDS = ("lm-eval-results", "lm-eval-samples", "bigscience-merged")
RUN_FIELDS = """spellings evaluator evaluator_version harness_commit backend revision training_tokens is_checkpoint dtype
    quantisation limit seeds chat_template system_instruction is_multiturn start_token evaluated_on total_seconds
    params_reported model_args config stamp""".split()  # noqa: SIM905


def case_folders(kind):
    return sorted(path for path in (GOLDEN / kind).iterdir() if (path / "case.json").exists())


def candidate_of(folder):
    case = json.loads((folder / "case.json").read_text())
    beside = {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.name not in (case["file"], "case.json", "expected.json")
    }
    return Candidate(case["name"], (folder / case["file"]).read_bytes(), beside)


def source_for(candidate):
    """The importer that takes the file, and that no other but the catch-all would."""
    takers = [source for source in SOURCES if source.recognise(candidate)]
    assert len(takers) <= 2, [source.name for source in takers]
    assert takers[-1] is not_evaluations.SOURCE
    return takers[0]


def summary(candidate):
    """What must come out of a file, short enough to be read by a person."""
    source = source_for(candidate)
    try:
        parsed = source.parse(candidate)
    except RefusedInput as refused:
        return {"importer": source.name, "refused": refused.message}
    (run,) = parsed.runs
    rows = [row_of(result) for result in run.results]
    chosen = [row for row in rows if row["is_group"]][:12] + [row for row in rows if not row["is_group"]][:10]
    return {
        "importer": source.name,
        "run": {name: plain(getattr(run, name)) for name in RUN_FIELDS},
        "n_results": len(rows),
        "n_groups": sum(row["is_group"] for row in rows),
        "with_counts": sum(row["n_correct"] is not None for row in rows),
        "rules": dict(sorted(Counter(row["rule"] for row in rows).items())),
        "flags": dict(sorted(Counter(flag for row in rows for flag in row["flags"]).items())),
        "results": chosen,
        "samples": [samples_of(samples) for samples in run.samples],
        "warnings": parsed.warnings,
    }


def row_of(result):
    return {
        "task": result.task,
        "prompt": result.prompt,
        "filter": result.filter,
        "metric": result.metric,
        "score": result.score,
        "stderr": None if result.stderr is None else float(f"{result.stderr:.9g}"),
        "published": [result.score_published, result.stderr_published],
        "n_samples": result.n_samples,
        "n_correct": result.n_correct,
        "n_shot": result.n_shot,
        "version": result.task_version,
        "higher_is_better": result.higher_is_better,
        "is_group": result.is_group,
        "group": result.group,
        "rule": result.stderr_rule,
        "flags": list(result.flags),
        "status": result.status,
    }


def samples_of(samples):
    table = samples.table
    first = table.slice(0, 1).to_pylist()[0]
    means = {}
    for name in table.column_names:
        if name.startswith("metric:"):
            values = [v for v in table.column(name).to_pylist() if v is not None]
            means[name] = [len(values), math.fsum(values) / len(values) if values else None]
    return {
        "task": samples.task,
        "n_rows": table.num_rows,
        "n_questions": len(set(table.column("sample_id").to_pylist())),
        "filters": sorted(set(table.column("filter").to_pylist())),
        "means": means,
        "first": {k: v if not isinstance(v, str) else v[:60] for k, v in first.items()},
    }


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def slow_scores(document):
    """Task, metric, filter to (score, error or None) of every number in ``results``, read in the plainest way."""
    found = {}
    for key, row in document["results"].items():
        task = key.strip().removeprefix("- ")
        for name, value in row.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or "_stderr" in name:
                continue
            if name in ("sample_len", "sample_count"):
                continue
            metric, _, filter_name = name.partition(",")
            error = row.get(f"{metric}_stderr,{filter_name}" if filter_name else f"{metric}_stderr")
            number = error if isinstance(error, int | float) and math.isfinite(error) else None
            found[task, metric, filter_name or "none"] = (value, number)
    return found


if __name__ == "__main__":
    for folder in (folder for kind in KINDS for folder in case_folders(kind)):
        if not (folder / "expected.json").exists():
            text = json.dumps(summary(candidate_of(folder)), indent=1, ensure_ascii=False)
            (folder / "expected.json").write_text(text + "\n")
