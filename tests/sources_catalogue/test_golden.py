"""Golden files: what each table importer makes of a few real rows or a small record, word by word.

A case is a folder ``tests/golden/<importer>/<case>`` with one input and ``expected.json``: the runs without fields that
have their default, and the warnings.
"""

import dataclasses
import json
from pathlib import Path

import pytest

from lib.schema.records import Parsed, Result, Run
from lib.sources import (
    every_eval_ever,
    helm_table,
    open_llm_leaderboard_v2,
    plain_csv,
    published_scores,
)
from lib.sources.contract import Candidate

GOLDEN = Path(__file__).parents[1] / "golden"
SOURCES = {
    module.SOURCE.name: module.SOURCE
    for module in (every_eval_ever, helm_table, open_llm_leaderboard_v2, plain_csv, published_scores)
}
CASES = sorted(path.parent.relative_to(GOLDEN) for name in SOURCES for path in (GOLDEN / name).glob("*/expected.json"))


def without_defaults(record: Run | Result) -> dict:
    """Fields that differ from their default, results inside runs likewise."""
    kept = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        default = field.default_factory() if callable(field.default_factory) else field.default
        if value != default:
            kept[field.name] = value
    if "results" in kept:
        kept["results"] = [without_defaults(result) for result in kept["results"]]
    return kept


def as_json(parsed: Parsed) -> dict:
    runs = [without_defaults(run) for run in parsed.runs]
    return json.loads(json.dumps({"runs": runs, "warnings": parsed.warnings}))


def candidate(case: Path) -> Candidate:
    (path,) = [path for path in (GOLDEN / case).iterdir() if path.name != "expected.json"]
    return Candidate(name=path.name, content=path.read_bytes())


def test_every_importer_has_a_case():
    assert {case.parts[0] for case in CASES} == set(SOURCES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case):
    given = candidate(case)
    source = SOURCES[case.parts[0]]
    assert source.recognise(given)
    assert as_json(source.parse(given)) == json.loads((GOLDEN / case / "expected.json").read_text("utf-8"))
