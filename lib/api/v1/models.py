"""Models: what is known of each, and where every value comes from."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from fastapi import Path, Query
from pydantic import BaseModel, Field

from lib.analysis.json_rows import records
from lib.api.v1.asking import Reads
from lib.api.v1.paging import Cursor, Limit, Page, cut
from lib.api.v1.problems import Problem
from lib.api.v1.routes import Count, resource
from lib.store.frames import Frames

router = resource("models")
LONGEST = 300
"""Letters of a name that is asked for."""


class Model(BaseModel):
    """One set of weights, or one served system. Unknown is null, never 0."""

    id: str
    name: str | None
    origin: str | None = Field(description="catalogue, own or community (known only from results).")
    family: str | None
    developer: str | None
    released_on: str | None = Field(description="Day; a month counts as its last day, a year as 31 December.")
    release_precision: str | None = Field(description="day, month, year, or empty for unknown.")
    kind: str | None
    architecture: str | None
    is_moe: bool | None
    params_total: Count = Field(description="Parameters, all.")
    params_active: Count = Field(description="Parameters used per token.")
    size_status: str | None = Field(description="stated, reported, disputed or unknown.")
    training_tokens: Count = Field(description="Tokens seen in training, repeats included.")
    tokens_status: str | None
    context_length: Count = Field(description="Tokens.")
    licence: str | None
    open_weights: bool | None
    hf_id: str | None
    finetuned_from: str | None
    variant_of: str | None
    n_runs: int = Field(description="Live runs of it that this reader may see.")


class Fact(BaseModel):
    """One value of one field of a model, with its source."""

    field: str
    value: str | None
    origin: str | None
    is_from_memory: bool | None
    note: str | None
    source_title: str | None
    source_url: str | None
    source_kind: str | None
    source_licence: str | None
    file: str | None


class ModelWithFacts(Model):
    """A model with every value that a source gives for it, readers' own first."""

    facts: list[Fact]
    digest: str


Words = Annotated[str, Query(max_length=LONGEST, description="Only names and ids with these letters.")]
Name = Annotated[str | None, Query(max_length=LONGEST)]
Size = Annotated[float | None, Query(ge=0, le=1e15, description="Parameters, all.")]


@router.get("/models", summary="Models, with sizes, dates and licences")
def models(
    asking: Reads,
    words: Words = "",
    family: Name = None,
    developer: Name = None,
    min_params: Size = None,
    max_params: Size = None,
    community: Annotated[bool, Query(description="Models known only from results, too.")] = False,
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[Model]:
    found = _rows(asking.frames)
    if not community:
        found = found[(found["origin"] != "community").to_numpy(bool)]
    if words:
        texts = found["id"].astype(str) + " " + found["name"].astype(object).fillna("").astype(str)
        found = found[texts.str.contains(words, case=False, regex=False).to_numpy(bool)]
    for column, wanted in (("family", family), ("developer", developer)):
        if wanted is not None:
            own = found[column].astype(object).fillna("").astype(str).str.casefold()
            found = found[(own == wanted.casefold()).to_numpy(bool)]
    if min_params is not None:
        found = found[(found["params_total"] >= min_params).to_numpy(bool)]
    if max_params is not None:
        found = found[(found["params_total"] <= max_params).to_numpy(bool)]
    page = cut(found, ("id",), cursor, limit)
    rows = [Model.model_validate(row) for row in page.rows]
    return Page[Model](rows=rows, n_rows=page.n_rows, next=page.next, digest=asking.frames.digest)


@router.get("/models/{model:path}", summary="One model with the source of every value")
def model(asking: Reads, model: Annotated[str, Path(min_length=1, max_length=LONGEST)]) -> ModelWithFacts:
    rows = _rows(asking.frames)
    found = records(rows[(rows["id"] == model).to_numpy(bool)])
    if not found:
        raise Problem(404, "No such model. /models lists them, with community=true all of them.")
    facts: list[dict[str, Any]] = records(asking.frames.facts(model))
    return ModelWithFacts.model_validate({**found[0], "facts": facts, "digest": asking.frames.digest})


def _rows(frames: Frames) -> pd.DataFrame:
    n_runs = frames.runs["model"].value_counts()
    rows = frames.models.rename_axis("id").reset_index()
    return rows.assign(n_runs=rows["id"].map(n_runs).fillna(0).astype(int))
