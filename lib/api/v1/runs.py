"""Runs: one model under one configuration, with the files that it came from and every result."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field

from lib.analysis.json_rows import records
from lib.api.v1.asking import Reads
from lib.api.v1.paging import Cursor, Limit, Page, cut
from lib.api.v1.problems import Problem
from lib.api.v1.routes import Count, resource
from lib.store.details import FEWEST_DIGITS, run_details

router = resource("runs")
LONGEST = 300


class Run(BaseModel):
    """One run. ``model`` is null while its name waits for one."""

    run: str = Field(description="The first twelve digits of its digest.")
    model: str | None
    model_name: str | None = Field(description="As its file writes it.")
    kind: str | None = Field(description="raw, board or transcription.")
    evaluator: str | None
    document: str | None
    evaluator_version: str | None
    harness_commit: str | None
    backend: str | None
    revision: str | None
    training_tokens: Count
    is_checkpoint: bool | None
    dtype: str | None
    quantisation: str | None
    limit: str | None
    chat_template: str | None
    system_instruction: str | None
    is_multiturn: bool | None
    start_token: str | None
    evaluated_on: str | None
    seeds: str | None
    source: str | None = Field(description="Name of the file that it came from.")
    source_title: str | None
    source_url: str | None
    source_date: str | None
    imported_at: str | None


class Source(BaseModel):
    """A file that holds the run."""

    digest: str
    name: str
    title: str | None
    url: str | None
    licence: str | None
    published_on: str | None
    imported_at: str | None
    withdrawn_at: str | None
    importer: str | None
    importer_version: Count


class RunResult(BaseModel):
    """One score of the run: as published, and as recomputed from counts where they are known."""

    task: str
    prompt: str | None
    filter: str | None
    metric: str
    score: float | None
    stderr: float | None
    n_samples: Count
    n_correct: Count
    score_published: float | None
    stderr_published: float | None
    n_shot: float | None
    status: str | None


class RunWithResults(BaseModel):
    """One run with its files and results."""

    digest: str = Field(description="Of the run, 64 hexadecimal digits.")
    model: str | None
    evaluator: str | None
    sources: list[Source]
    results: list[RunResult]


@router.get("/runs", summary="Runs, with their configuration")
def runs(
    asking: Reads,
    model: Annotated[str | None, Query(max_length=LONGEST, description="Id of a model.")] = None,
    evaluator: Annotated[str | None, Query(max_length=LONGEST)] = None,
    waiting: Annotated[bool, Query(description="Only runs whose name waits for a model.")] = False,
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[Run]:
    found = asking.frames.runs
    for column, wanted in (("model", model), ("evaluator", evaluator)):
        if wanted is not None:
            found = found[(found[column] == wanted).fillna(False).to_numpy(bool)]
    if waiting:
        found = found[found["model"].isna().to_numpy(bool)]
    page = cut(found, ("run",), cursor, limit)
    rows = [Run.model_validate(row) for row in page.rows]
    return Page[Run](rows=rows, n_rows=page.n_rows, next=page.next, digest=asking.frames.digest)


@router.get("/runs/{run}", summary="One run with its files and results")
def run(
    asking: Reads,
    run: Annotated[str, Path(pattern="^[0-9a-f]+$", min_length=FEWEST_DIGITS, max_length=64)],
) -> RunWithResults:
    found = run_details(asking.store, run)
    if found is None:
        raise Problem(404, "No such run, or more than one whose digest begins so. /runs lists them.")
    results: list[dict[str, Any]] = records(found.results)
    return RunWithResults.model_validate(
        {
            "digest": found.run["digest"],
            "model": found.run["model_id"],
            "evaluator": found.run["evaluator"],
            "sources": found.sources,
            "results": results,
        }
    )
