"""Per-question details of lighteval: one Parquet file a task, with columns ``doc``, ``model_response`` and ``metric``.

The file lies in another folder than the results of its run, so that it is a run of its own, whose scores are counted from its
rows. Folders name the model (``details/<org>/<model>/<time>/``, or the repository ``details_<org>__<model>``), the file its
task. Details of earlier releases, with other columns, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run, Samples, Status
from lib.sources import other_tools as told
from lib.sources.contract import Candidate, Importer
from lib.sources.lighteval import LIGHTEVAL, USUAL_SUITES, read_key
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.lm_eval_run import STAMP, date_in_path
from lib.sources.parquet_reader import is_parquet, read_details
from lib.sources.question_rows import Answered, Budget, Log, scores_of
from lib.sources.question_rows import told as told_of_rows
from lib.sources.readers import finite
from lib.sources.resolver import community_name

ROWS_AT_ONCE = 200
MAX_METRICS = 50
_FILE = re.compile(r"^details_(?P<key>.+)_\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?\.parquet$")


def is_details(candidate: Candidate) -> bool:
    """A Parquet file, whatever its columns: no other is read."""
    return is_parquet(candidate.content)


def parse_details(candidate: Candidate) -> Parsed:
    """One run with one task's log and the scores counted from it.

    Raises:
        RefusedInput: Damaged, beyond the limits, of other columns, or without a number.
    """
    table = read_details(candidate.content)
    metrics = [field.name for field in table.schema.field("metric").type if told.name(field.name) == field.name][
        :MAX_METRICS
    ]
    if not metrics:
        raise RefusedInput("no scores in it", place="metric", expected="a metric with a usable name")
    key = read_key(_key(candidate, table))
    samples = _log(key.task[:MAX_NAME] or "unnamed", metrics, table)
    run = Run(
        spellings=told.spellings(model_in(candidate.path)) or (candidate.path[:MAX_NAME] or "unnamed",),
        evaluator=LIGHTEVAL,
        evaluated_on=date_in_path(candidate.path),
        results=scores_of(samples, n_shot=key.n_shot),
        samples=[samples],
        config={"scores": "from samples"},
    )
    if not any(result.score is not None for result in run.results):
        raise RefusedInput(
            "no scores in it", place=f"metric.{metrics[0]}"[:100], expected="a number in at least one row"
        )
    for result in run.results:
        result.prompt = "" if key.suite in USUAL_SUITES else key.suite[:MAX_NAME]
    return Parsed(runs=[run], warnings=told_of_rows(samples))


def model_in(path: str) -> str | None:
    """The model that the folders of a file name; None for none."""
    folders = [folder for folder in path.split("/")[:-1] if not STAMP.fullmatch(folder)]
    if not folders:
        return None
    if "details" in folders[:-1]:
        return "/".join(folders[folders.index("details") + 1 :]) or None
    repository = re.fullmatch(r"(?:details_)?(.+?)__(.+?)(?:_private)?", folders[-1])
    if repository:
        return f"{repository[1]}/{repository[2]}"
    return community_name("/".join(folders[-2:])) or folders[-1]


def _key(candidate: Candidate, table: pa.Table) -> str:
    """The task's name as the file has it, or as the first question has it where that tells the shots too."""
    found = _FILE.match(candidate.basename)
    of_file = found["key"] if found else candidate.basename.removesuffix(".parquet")
    first = next(_rows(table.slice(0, 1)), {})
    of_question = told.name(told.part(first.get("doc")).get("task_name")) or ""
    is_fuller = read_key(of_question).n_shot is not None and read_key(of_file).n_shot is None
    return of_question if is_fuller or (of_question and not found) else of_file


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows as plain values, a few at a time: texts stand once in memory however often they are repeated.

    Raises:
        RefusedInput: Texts that are not UTF-8.
    """
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        try:
            yield from table.slice(start, ROWS_AT_ONCE).to_pylist()
        except (pa.ArrowException, ValueError) as error:
            raise RefusedInput("a damaged Parquet file", place=f"row {start + 1}", found=str(error)) from None


def _log(task: str, metrics: list[str], table: pa.Table) -> Samples:
    """The log under its first metric, with a column for each further one."""
    rows, budget = Log(task, metrics[0]), Budget()
    others: dict[str, list[float | None]] = {name: [] for name in metrics[1:]}
    for number, row in enumerate(_rows(table)):
        values = told.part(row.get("metric"))
        question = _answered(number, row, finite(values.get(metrics[0])))
        budget.take(question, f"row {number + 1}")
        rows.add(question)
        for name, column in others.items():
            column.append(finite(values.get(name)))
    made = rows.samples().table
    for name, column in others.items():
        made = made.append_column(f"metric:{name}", pa.array(column, pa.float64()))
    return Samples(task, made)


def _answered(number: int, row: dict[str, Any], value: float | None) -> Answered:
    doc, response = told.part(row.get("doc")), told.part(row.get("model_response"))
    choices = [str(choice) for choice in doc.get("choices") or [] if choice is not None]
    gold = doc.get("gold_index")
    right = [
        choices[i] for i in (gold if isinstance(gold, list) else [gold]) if isinstance(i, int) and 0 <= i < len(choices)
    ]
    written = [text for text in response.get("text") or [] if isinstance(text, str)]
    query = doc.get("query") if isinstance(doc.get("query"), str) else ""
    status: Status = "scored" if value is not None else "missing"
    if value is not None and written and not any(text.strip() for text in written):
        status = "failed"
    return Answered(
        sample_id=number,
        doc={"query": query, **({"choices": choices} if len(choices) > 1 else {})},
        prompt=query,
        target="\n".join(right) if right else None,
        responses=tuple(written[:16]),
        taken=None,
        is_right=value,
        status=status,
    )


SOURCE = Importer(
    name="lighteval-details",
    version=1,
    describes="answers of lighteval question by question (details, Parquet)",
    recognise=is_details,
    parse=parse_details,
    priority=40,
)
