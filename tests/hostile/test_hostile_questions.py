"""Hostile files of questions give refusals with a reason and a place, or a task that can be asked; never anything else."""

from __future__ import annotations

import json
import random

import pytest

from lib.errors import RefusedInput
from lib.evals.question_files import Reading, problems_of, read_questions
from lib.evals.task_prompts import prompts
from lib.settings import ROOT
from lib.sources.contract import Candidate
from lib.sources.own_task_files import SOURCE, read_task, written
from tests.hostile.mutations import GOLDEN, MARKUP, MUTATIONS

EACH = 4
TABLE = (ROOT / "data" / "examples" / "own_questions.csv").read_bytes()
TASK = next((GOLDEN / "own-task").rglob("task.jsonl")).read_bytes()
LINES = b"".join(
    json.dumps({"question": f"{mark} {i}", "choices": ["a", mark.strip() or "b"], "answer": 1}).encode() + b"\n"
    for i, mark in enumerate(MARKUP)
)
FILES = tuple(kind for kind in MUTATIONS if kind not in ("zip-bomb", "climbing-names"))


@pytest.mark.parametrize("kind", FILES)
def test_spoiled_questions_are_refused_or_asked(kind: str) -> None:
    for number in range(1 if kind == "wide" else EACH):
        for name, source in (("q.csv", TABLE), ("q.jsonl", LINES), ("t.jsonl", TASK)):
            ending, content = MUTATIONS[kind](random.Random(f"{kind}-{number}-{name}"), source)
            try:
                task = read_questions(content, Reading("T"), file=f"q{ending}").task
            except RefusedInput as refusal:
                assert refusal.reason and refusal.file == f"q{ending}"
                assert all(len(one.refusal.message) < 1_000 for one in problems_of(refusal))
            else:
                assert len(prompts(task, n=3, n_shots=0)) == min(3, len(task.rows)) and read_task(written(task)) == task
            candidate = Candidate(f"t{ending}", content)
            if SOURCE.recognise(candidate):
                try:
                    assert SOURCE.parse(candidate).tables["tasks"][0]["task"].startswith("own_")
                except RefusedInput as refusal:
                    assert refusal.reason and refusal.file == f"t{ending}"


def test_markup_is_asked_as_it_is_written() -> None:
    harmless = [mark for mark in MARKUP if mark.isprintable() and len(mark) < 500]
    rows = [{"question": f"{mark} {i}", "choices": [f"{mark}!", "b"], "answer": 0} for i, mark in enumerate(harmless)]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    task = read_questions(content, Reading("T")).task
    assert len(harmless) >= 8
    for mark, prompt in zip(harmless, prompts(task, n=len(harmless)), strict=True):
        assert mark in prompt.text and prompt.continuations[0] == f" {mark}!"
