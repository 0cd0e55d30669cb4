"""Head to head: is A really better than B, task by task, as the page and the command say it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from lib.analysis.head_to_head_document import Asked, document
from lib.analysis.head_to_head_sides import Side, side_of
from lib.api.v1.asking import Asking, Reads
from lib.api.v1.problems import Problem
from lib.api.v1.routes import Count, resource
from lib.errors import RefusedInput
from lib.sources.resolver import Resolver
from lib.store.samples import logs_of, read_pair

router = resource("comparisons")
LONGEST, MOST_TASKS = 300, 50


class SideTold(BaseModel):
    """One side: a model as finished, or one run."""

    id: str
    name: str
    model: str = Field(description="Empty for a run whose name waits for a model.")
    state: str = Field(description="What is compared, in words.")


class Way(BaseModel):
    """How both were measured."""

    key: str
    label: str


class Overall(BaseModel):
    """The verdict over all tasks."""

    verdict: str
    mean: float | None = Field(description="Mean difference A - B, a fraction.")
    stderr: float | None
    p: float | None
    detectable: float | None = Field(description="Smallest difference that could be seen.")
    q: float | None
    p_q: float | None
    n_tasks: int


class Task(BaseModel):
    """One task. Scores and differences are fractions; p after Holm over all tasks beside the plain one."""

    label: str
    benchmark: str | None
    task: str | None
    prompt: str | None
    metric: str | None
    filter: str | None
    n_shot: float | None
    score_a: float | None
    score_b: float | None
    n: Count
    n_a: Count
    n_b: Count
    only_a: Count = Field(description="Questions that only A got right, where answers of both are stored.")
    only_b: Count
    difference: float | None
    interval: list[float | None] = Field(description="95% interval of the difference: from, to.")
    method: str | None
    interval_method: str | None
    pairing: str | None
    p: float | None
    p_holm: float | None
    verdict: str | None
    why_no_verdict: str | None
    smallest_detectable_difference: float | None
    items_needed: Count
    higher_is_better: bool | None
    run_to_run: float | None
    is_below_run_to_run: bool
    differs: list[str] = Field(description="What was measured differently or is unknown.")
    run_a: str | None
    run_b: str | None


class Comparison(BaseModel):
    """A against B."""

    a: SideTold
    b: SideTold
    answer: str = Field(description="In one or two sentences.")
    measured_by: Way
    other_ways: dict[str, str] = Field(description="Further ways in which both were measured: key to words.")
    margin: float
    overall: Overall
    tasks: list[Task]
    digest: str


Named = Annotated[
    str, Query(min_length=1, max_length=LONGEST, description="Id or a known name of a model, or the digest of a run.")
]


@router.get("/comparisons", summary="Is A really better than B, task by task")
def comparison(
    asking: Reads,
    a: Named,
    b: Named,
    task: Annotated[
        list[Annotated[str, Field(max_length=LONGEST)]],
        Query(max_length=MOST_TASKS, description="Only these benchmarks or tasks; may be repeated."),
    ] = [],  # noqa: B006 - never changed
    margin: Annotated[float, Query(gt=0, lt=1, description="What matters to you, a fraction.")] = 0.02,
    measured_by: Annotated[str, Query(max_length=LONGEST, description="Key of one of the ways of measuring.")] = "",
) -> Comparison:
    sides = _side(asking, a, "a"), _side(asking, b, "b")
    if sides[0] == sides[1]:
        raise Problem(422, "Two different models or runs are needed.", places=[("query.b", "means what a means")])
    return asking.answer(
        ("comparison", *sides, tuple(task), margin, measured_by),
        lambda: _compared(asking, *sides, Asked(tuple(task), margin, measured_by)),
    )


def _compared(asking: Asking, a: Side, b: Side, asked: Asked) -> Comparison:
    try:
        found = document(
            asking.frames, a, b, asked, logs_of=partial(logs_of, asking.store), read=partial(read_pair, asking.store)
        )
    except RefusedInput as refusal:
        place = f"query.{refusal.place.removeprefix('--').replace('-', '_')}"
        raise Problem(422, refusal.message.replace("--", ""), places=[(place, refusal.reason)]) from refusal
    return Comparison.model_validate(found)


def _side(asking: Asking, asked: str, parameter: str) -> Side:
    frames = asking.frames
    side = side_of(frames, asked=asked)
    if side is None:
        models = frames.models
        names = models[["hf_id"]].rename_axis("id").reset_index()
        model = Resolver(frames.aliases, names).resolve((asked,)).model_id
        side = side_of(frames, asked=model) if model is not None else None
    if side is None:
        detail = "This is neither a model nor a single run that you may see. /models and /runs list them."
        raise Problem(404, detail, places=[(f"query.{parameter}", "names no model and no run")])
    return side
