"""What the tiny models are asked: three tasks of one's own, made as anybody's would be."""

from __future__ import annotations

from collections.abc import Iterable

from lib.evals.mini_study.world import Item, World
from lib.sources.own_task_files import OwnTask, own_task
from lib.sources.own_task_rows import Row

N_AGREEMENT = 200
N_COPYING = 100
FACTS, AGREEMENT, COPYING = "Mini facts", "Mini agreement", "Mini copying"
NOTE = "Made up for the mini study: invented people, simple sentences, words to repeat. No rights reserved."


def tasks(world: World) -> tuple[OwnTask, ...]:
    """Facts and agreement by choice, copying by writing."""
    return (
        own_task(FACTS, "choices", _chosen(world.fact_questions()), note=NOTE),
        own_task(AGREEMENT, "choices", _chosen(world.agreement_questions(N_AGREEMENT)), note=NOTE),
        own_task(COPYING, "answer", _written(world.copying_questions(N_COPYING)), note=NOTE),
    )


def _chosen(items: Iterable[Item]) -> list[tuple[str, Row]]:
    return [
        (
            f"question {i}",
            {"question": one.question, "choices": list(one.choices), "answer": one.choices.index(one.answer)},
        )
        for i, one in enumerate(items, start=1)
    ]


def _written(items: Iterable[Item]) -> list[tuple[str, Row]]:
    return [
        (f"question {i}", {"question": one.question, "answers": [one.answer]}) for i, one in enumerate(items, start=1)
    ]
