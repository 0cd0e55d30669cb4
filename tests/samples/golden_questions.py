"""Golden files of the importers of per-question logs: a folder each with the file, ``case.json`` and ``expected.json``.

python -m tests.samples.golden_questions        writes expected.json where it is missing, to be read and checked
"""

import json
from pathlib import Path

from lib.sources import gsm8k_solutions, mmlu_pro, route_llm, tora, zero_eval
from lib.sources.contract import Candidate

GOLDEN = Path(__file__).parents[1] / "golden"
SOURCES = {m.SOURCE.name: m.SOURCE for m in (gsm8k_solutions, mmlu_pro, route_llm, tora, zero_eval)}
CASES = sorted(path.parent.relative_to(GOLDEN) for name in SOURCES for path in (GOLDEN / name).glob("*/case.json"))
CUT = 60


def candidate_of(case):
    described = json.loads((GOLDEN / case / "case.json").read_text())
    return Candidate(described["name"], (GOLDEN / case / described["file"]).read_bytes())


def summary(parsed):
    """Everything an importer made of a file; of texts the beginning."""
    return {"runs": [run_summary(run) for run in parsed.runs], "warnings": parsed.warnings}


def run_summary(run):
    return {
        "spellings": list(run.spellings),
        "evaluator": run.evaluator,
        "backend": run.backend,
        "config": run.config,
        "results": [
            [r.task, r.metric, r.filter, r.score, r.n_correct, r.n_samples, r.n_shot, r.status, list(r.flags)]
            for r in run.results
        ],
        "samples": [{"task": s.task, "rows": [shortened(row) for row in s.table.to_pylist()]} for s in run.samples],
    }


def shortened(row):
    return {name: value if not isinstance(value, str) else value[:CUT] for name, value in row.items()}


if __name__ == "__main__":
    for case in CASES:
        expected = GOLDEN / case / "expected.json"
        if not expected.exists():
            made = summary(SOURCES[case.parts[0]].parse(candidate_of(case)))
            expected.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
