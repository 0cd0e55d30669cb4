"""Answers of several models to the same prompts as columns of a CSV (RouteLLM): ``prompt``, then True or False a model.

A column ``<model>_response`` holds what the model wrote. Fields span lines. The files name no task and no question
number: the task is the file's name, the prompt identifies the question.
"""

from __future__ import annotations

import csv
import io
import re

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.question_rows import Answered, Budget, Log, scores_of, tally, told
from lib.sources.tables import read_lines, refused_cell

PROMPT = "prompt"
RESPONSE = "_response"
MAX_MODELS = 50
HEAD = 1 << 17
_MARKS = {"True": True, "False": False, "": None}
_ENDING = re.compile(r"(_responses)?\.csv$", re.IGNORECASE)


def is_route_llm(candidate: Candidate) -> bool:
    """A column of prompts, and models whose first cells are True or False. Never raises."""
    header = candidate.csv_header
    models = _models(header)
    if not models:
        return False
    head = candidate.content[:HEAD].decode("utf-8-sig", errors="replace")
    try:
        rows = csv.reader(io.StringIO(head, newline=""))
        next(rows, None)
        first = next(rows, [])
    except csv.Error:
        return False
    cells = dict(zip(header, first, strict=False))
    return len(first) == len(header) and all(cells[name] in _MARKS for name in models) and any(map(cells.get, models))


def parse_route_llm(candidate: Candidate) -> Parsed:
    """A run for each model, in the order of the columns.

    Raises:
        RefusedInput: Not UTF-8, too large, a row of another width, a cell that is neither True nor False nor empty; names
            line and column.
    """
    lines = read_lines(candidate)
    header = next(lines)[1]
    models = _models(header)
    if not models or len(models) > MAX_MODELS or any(len(name) > MAX_NAME for name in models):
        raise RefusedInput("no columns of models, or too many", place="line 1", expected=f"1 to {MAX_MODELS}")
    task = (_ENDING.sub("", candidate.basename) or "unnamed")[:MAX_NAME]
    logs = {name: Log(task) for name in models}
    budget = Budget()
    for number, (line, cells) in enumerate(lines):
        row = dict(zip(header, cells, strict=True))
        for name in models:
            mark = row[name].strip()
            if mark not in _MARKS:
                raise refused_cell(candidate.name, line, name, expected="True or False", found=mark)
            written = row.get(name + RESPONSE)
            answered = Answered(
                sample_id=number,
                doc={"question": row[PROMPT]},
                prompt=row[PROMPT],
                target=None,
                responses=(written,) if written else (),
                taken=None,
                is_right=_MARKS[mark],
                status="missing" if _MARKS[mark] is None else "scored",
            )
            budget.take(answered, f"line {line}")
            logs[name].add(answered)
    parsed = Parsed()
    for name, log in logs.items():
        samples = log.samples()
        config = {"answers": tally(samples), "scores": "from samples"}
        results = scores_of(samples)
        parsed.runs.append(
            Run(spellings=(name,), evaluator="RouteLLM", results=results, samples=[samples], config=config)
        )
        parsed.warnings += told(samples)
    return parsed


def _models(header: tuple[str, ...] | list[str]) -> list[str]:
    """Columns of marks: all but the prompt and the responses; none when another column is there."""
    if PROMPT not in header:
        return []
    names = [name for name in header if name != PROMPT and not name.endswith(RESPONSE)]
    responses = {name.removesuffix(RESPONSE) for name in header if name.endswith(RESPONSE)}
    return names if all(names) and responses <= set(names) else []


SOURCE = Importer(
    name="route-llm",
    version=1,
    describes="right and wrong by prompt and model as CSV columns (RouteLLM)",
    recognise=is_route_llm,
    parse=parse_route_llm,
    priority=40,
)
