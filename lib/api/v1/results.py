"""Results: scores on benchmarks, each with the protocol under which it can be compared."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from lib.api.v1.asking import Reads
from lib.api.v1.benchmarks import LONGEST, Benchmarks, grouping, known_benchmarks
from lib.api.v1.paging import Cursor, Limit, Page, cut
from lib.api.v1.routes import Count, resource

router = resource("results")
KEY = ("run", "task", "prompt", "filter", "metric")


class Result(BaseModel):
    """One score: run, task, prompt, filter, metric. Two of them are comparable only inside one protocol."""

    run: str
    model: str | None
    benchmark: str
    task: str
    prompt: str | None
    filter: str | None
    metric: str
    score: float | None = Field(description="Recomputed from counts where they are known, else as published.")
    stderr: float | None
    n_samples: Count
    n_correct: Count
    score_published: float | None
    stderr_published: float | None
    n_shot: float | None
    higher_is_better: bool | None
    is_approximate: bool | None
    flags: str | None
    status: str | None
    evaluator: str | None
    document: str | None
    is_checkpoint: bool | None
    training_tokens: Count
    evaluated_on: str | None
    protocol: str | None = Field(description="Key of the widest protocol that it is part of, as /protocols lists them.")


@router.get("/results", summary="Scores on benchmarks, with the protocol of each")
def results(
    asking: Reads,
    benchmark: Benchmarks,
    model: Annotated[str | None, Query(max_length=LONGEST, description="Id of a model.")] = None,
    protocol: Annotated[str | None, Query(max_length=8, description="Key of a protocol; needs one benchmark.")] = None,
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[Result]:
    chosen = known_benchmarks(asking.frames, benchmark)
    found = asking.frames.scores(chosen)
    cut_up = asking.answer(("results", chosen), lambda: grouping(asking.frames, chosen, True).scores["protocol"])
    found = found.assign(protocol=cut_up.reindex(found.index))
    for column, wanted in (("model", model), ("protocol", protocol)):
        if wanted is not None:
            found = found[(found[column] == wanted).fillna(False).to_numpy(bool)]
    page = cut(found, KEY, cursor, limit)
    rows = [Result.model_validate(row) for row in page.rows]
    return Page[Result](rows=rows, n_rows=page.n_rows, next=page.next, digest=asking.frames.digest)
