"""Golden cases of the importers of other tools: folders ``tests/golden/<importer>/<case>``.

A case holds one input, ``expected.json`` and, in a folder ``beside``, what lies in the same folder as the input. The inputs
are made by hand after the tools' public documentation and source; docs/data-formats.md says what was tried on real files.
"""

from __future__ import annotations

import json
from pathlib import Path

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.registry import importers
from tests.sources_catalogue.test_golden import without_defaults

GOLDEN = Path(__file__).parents[1] / "golden"
TOOLS = (
    "evalscope-report",
    "evalscope-reviews",
    "helm-run",
    "inspect-log",
    "lighteval",
    "lighteval-details",
    "model-card",
)


def importer(name: str) -> Importer:
    (found,) = [one for one in importers() if one.name == name]
    return found


def cases() -> list[Path]:
    return sorted(path.parent for name in TOOLS for path in (GOLDEN / name).glob("*/expected.json"))


def candidate_of(folder: Path) -> Candidate:
    (path,) = [path for path in folder.iterdir() if path.is_file() and path.name != "expected.json"]
    beside = folder / "beside"
    neighbours = {p.name: p.read_bytes() for p in beside.iterdir()} if beside.is_dir() else {}
    # A card names its model by its folders only.
    name = f"made-org/tiny-made-chat/{path.name}" if folder.parent.name == "model-card" else path.name
    return Candidate(name, path.read_bytes(), neighbours)


def summary(parsed: Parsed) -> dict:
    """Everything but the logs' texts: of a log its task, number of rows and the mean of each metric."""
    runs = []
    for run in parsed.runs:
        kept = without_defaults(run)
        if run.measured:
            kept["measured"] = {task: {k: v for k, v in vars_of(m).items() if v} for task, m in run.measured.items()}
        if run.samples:
            kept["samples"] = [
                {
                    "task": samples.task,
                    "n_rows": samples.table.num_rows,
                    "first": {k: v for k, v in samples.table.slice(0, 1).to_pylist()[0].items() if v is not None},
                }
                for samples in run.samples
            ]
        runs.append(kept)
    return json.loads(json.dumps({"runs": runs, "tables": parsed.tables, "warnings": parsed.warnings}))


def vars_of(measured: object) -> dict:
    return {name: getattr(measured, name) for name in type(measured).__dataclass_fields__}  # type: ignore[attr-defined]
