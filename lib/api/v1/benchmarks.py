"""Benchmarks, and the protocols under which scores on them can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from lib.analysis import protocols as analysis
from lib.analysis.json_rows import plain
from lib.api.v1.asking import Reads
from lib.api.v1.paging import Cursor, Limit, Page, cut
from lib.api.v1.problems import Problem
from lib.api.v1.routes import Count, resource
from lib.store.frames import Frames

router = resource("benchmarks")
MOST_BENCHMARKS, LONGEST = 12, 300
MOST_PROTOCOLS = 200


class Benchmark(BaseModel):
    """A named set of questions."""

    benchmark: str
    label: str | None
    category: str | None
    part_of: str | None = Field(description="The benchmark that this is a part of; empty for none.")
    n_items: Count
    random_baseline: float | None = Field(description="Score of guessing, a fraction.")
    direction: str | None = Field(description="lower where a low score is good.")
    default_metric: str | None
    n_models: int = Field(description="Models with a score on it.")
    n_results: int


class Protocol(BaseModel):
    """One way of measuring: scores inside it may be compared, with the cautions that it names."""

    key: str
    label: str
    evaluator: str | None
    document: str | None
    benchmarks: list[str]
    metrics: list[str]
    n_shot: float | None = Field(description="Worked examples in the prompt; null where mixed or unknown.")
    n_models: int = Field(description="Models with a score on every benchmark.")
    n_scores: int
    cautions: list[str] = Field(description="What is unknown or differs inside it.")


class Protocols(BaseModel):
    """Ways of measuring these benchmarks, widest first."""

    rows: list[Protocol]
    n_rows: int
    digest: str


Benchmarks = Annotated[
    list[Annotated[str, Field(max_length=LONGEST)]],
    Query(min_length=1, max_length=MOST_BENCHMARKS, description="Names as /benchmarks gives them; may be repeated."),
]


@router.get("/benchmarks", summary="Benchmarks, and how much there is of each")
def benchmarks(
    asking: Reads,
    words: Annotated[str, Query(max_length=LONGEST, description="Only names and labels with these letters.")] = "",
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[Benchmark]:
    found = asking.frames.benchmarks.reset_index()
    if words:
        texts = found["benchmark"].astype(str) + " " + found["label"].astype(object).fillna("").astype(str)
        found = found[texts.str.contains(words, case=False, regex=False).to_numpy(bool)]
    page = cut(found, ("benchmark",), cursor, limit)
    rows = [Benchmark.model_validate(row) for row in page.rows]
    return Page[Benchmark](rows=rows, n_rows=page.n_rows, next=page.next, digest=asking.frames.digest)


@router.get("/protocols", summary="The ways in which these benchmarks were measured")
def protocols(asking: Reads, benchmark: Benchmarks, community: bool = False) -> Protocols:
    chosen = known_benchmarks(asking.frames, benchmark)
    made = asking.answer(("protocols", chosen, community), lambda: grouping(asking.frames, chosen, community).protocols)
    shown = made.head(MOST_PROTOCOLS)
    rows = [protocol_told(key, row) for key, row in zip(shown.index, shown.to_dict("records"), strict=True)]
    return Protocols(rows=rows, n_rows=len(made), digest=asking.frames.digest)


def protocol_told(key: str, row: Mapping[Any, Any]) -> Protocol:
    """A row of ``Grouping.protocols``."""
    texts = {name: row[name] if isinstance(row[name], str) else None for name in ("evaluator", "document")}
    return Protocol.model_validate({**row, **texts, "key": key, "n_shot": plain(row["n_shot"])})


def known_benchmarks(frames: Frames, asked: list[str]) -> tuple[str, ...]:
    """The benchmarks asked for, each once.

    Raises:
        Problem: 404 where the store has none of that name that this reader may see.
    """
    unknown = [one for one in asked if one not in frames.benchmarks.index]
    if unknown:
        places = [("query.benchmark", f"no such benchmark: {one}") for one in unknown]
        raise Problem(404, "No such benchmark. /benchmarks lists them.", places=places)
    return tuple(dict.fromkeys(asked))


def grouping(frames: Frames, benchmarks: tuple[str, ...], community: bool) -> analysis.Grouping:
    """The protocols of these benchmarks."""
    return analysis.group(
        frames.scores(benchmarks),
        benchmarks,
        models=frames.models,
        catalogue=frames.benchmarks,
        include_community=community,
    )
