"""Solutions of GSM8K by four systems of 2021, one row a question (openai/grade-school-math).

Each row has ``question``, ``ground_truth`` and, under the name of each system, ``{"is_correct", "solution"}``. A system is
a run; which of its answers are right stands in the file.
"""

from __future__ import annotations

from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.question_rows import Answered, Budget, Log, rows_of, scores_of, tally, text_at, told

TASK = "gsm8k"
MAX_SYSTEMS = 50


def is_solutions(candidate: Candidate) -> bool:
    """Rows with a question, its solution and at least one system's marked solution."""
    row = candidate.first_row
    return {"question", "ground_truth"} <= row.keys() and any(map(_is_marked, row.values()))


def parse_solutions(candidate: Candidate) -> Parsed:
    """A run for each system, in the order of the first row.

    Raises:
        RefusedInput: A row without one of the systems, or with a mark that is not true or false; too many systems.
    """
    systems: list[str] = []
    logs: dict[str, Log] = {}
    budget = Budget()
    for number, (place, row) in enumerate(rows_of(candidate, ("question", "ground_truth"))):
        if not systems:
            systems = [name for name, value in row.items() if _is_marked(value)]
            _check_systems(systems, place)
            logs = {name: Log(TASK) for name in systems}
        question, truth = text_at(row, "question", place), text_at(row, "ground_truth", place)
        for name in systems:
            is_right, solution = _marked(row, name, place)
            answered = Answered(
                sample_id=number,
                doc={"question": question},
                prompt=None,
                target=truth,
                responses=(solution,) if solution is not None else (),
                taken=_final_answer(solution),
                is_right=is_right,
                status="missing" if is_right is None else "scored",
            )
            budget.take(answered, place)
            logs[name].add(answered)
    parsed = Parsed()
    for name, log in logs.items():
        samples = log.samples()
        run = Run(
            spellings=(name,),
            evaluator="GSM8K 2021",
            results=scores_of(samples),
            samples=[samples],
            config={"answers": tally(samples), "scores": "from samples"},
        )
        parsed.runs.append(run)
        parsed.warnings += told(samples)
    return parsed


def _is_marked(value: Any) -> bool:
    return isinstance(value, dict) and "is_correct" in value and "solution" in value


def _check_systems(systems: list[str], place: str) -> None:
    if not systems:
        raise RefusedInput("no system with marked solutions", place=place, expected="is_correct and solution")
    if len(systems) > MAX_SYSTEMS:
        raise RefusedInput("too many systems", place=place, expected=f"at most {MAX_SYSTEMS}", found=len(systems))
    for name in systems:
        if not 0 < len(name.strip()) <= MAX_NAME:
            raise RefusedInput("a system without a usable name", place=place, found=name)


def _marked(row: dict[str, Any], name: str, place: str) -> tuple[bool | None, str | None]:
    """The mark (None for null) and the solution of one system."""
    value = row.get(name)
    if not _is_marked(value):
        raise RefusedInput("a row without one of the systems", place=f"{place}.{name}", expected="is_correct, solution")
    assert isinstance(value, dict)
    mark, solution = value["is_correct"], value["solution"]
    if mark is not None and not isinstance(mark, bool):
        raise RefusedInput(
            "not a mark", place=f"{place}.{name}.is_correct", expected="true or false", found=str(mark)[:100]
        )
    if solution is not None and not isinstance(solution, str):
        raise RefusedInput("not a solution", place=f"{place}.{name}.solution", expected="a text")
    return mark, solution


def _final_answer(solution: str | None) -> str | None:
    """What stands behind the last ``A:``; for readers only, the mark is the file's."""
    if solution is None or "A:" not in solution:
        return None
    return solution.rsplit("A:", 1)[1].strip() or None


SOURCE = Importer(
    name="gsm8k-2021",
    version=1,
    describes="GSM8K solutions of several systems with is_correct (grade-school-math, 2021)",
    recognise=is_solutions,
    parse=parse_solutions,
    priority=40,
)
