"""Performance per dollar: scores under one protocol against one kind of cost, and the cheapest shown above a target."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from lib.analysis import cost_answer, cost_words, listed_prices
from lib.analysis.cost_answer import HARDWARE, Answer, Filters
from lib.analysis.cost_bases import API, BASES, CORRECT, RUN
from lib.analysis.cost_frontier import usual_target
from lib.analysis.json_rows import records
from lib.analysis.listed_prices import Blend, Host
from lib.analysis.protocol_choice import choice
from lib.api.v1.asking import Asking, Reads
from lib.api.v1.benchmarks import Benchmarks, Protocol, known_benchmarks, protocol_told
from lib.api.v1.prices import BlendAsked, Cached, HostAsked, InBatches, blend_of, offers
from lib.api.v1.problems import Problem
from lib.api.v1.routes import Count, resource
from lib.schema.text import plain
from lib.schema.weight_formats import FORMATS

router = resource("costs")
Basis = Literal["api", "run", "correct", "self", "training", "energy", "time", "memory"]
MOST_ROWS = 2000
SMALL = 35e9
"""Parameters; only the words of the answer need it."""


class Cost(BaseModel):
    """One model with a score and a cost."""

    model: str
    name: str | None
    size: Count = Field(description="Parameters, all.")
    score: float | None = Field(description="A fraction; over several benchmarks their mean.")
    ci_low: float | None
    ci_high: float | None
    n_samples: Count
    cost: float | None
    cost_low: float | None
    cost_high: float | None
    told: str | None = Field(description="What the cost rests on.")
    source: str | None = Field(description="Digest of the file behind the cost.")
    is_assumed: bool | None
    p_on: float | None = Field(description="Share of replicates in which nothing as cheap scores more.")
    p_near: float | None = Field(description="Share in which it is within a point of that.")
    on_line: bool | None
    verdict: str | None = Field(description="above (shown), may reach, below; empty without an interval.")
    p: float | None
    p_holm: float | None
    is_confirmed: bool | None = Field(description="Shown to be above the target after Holm's correction.")
    is_headline: bool | None
    cautions: str | None
    runs: str | None = Field(description="Runs of the score: beginnings of digests, parted by blanks.")


class Costs(BaseModel):
    """Models with a score and a cost, cheapest first."""

    answer: str = Field(description="In one or two sentences.")
    basis: str
    unit: str = Field(description="Of every cost.")
    target: float
    protocol: Protocol | None = Field(description="null where these benchmarks have none.")
    rows: list[Cost]
    n_rows: int
    left_out: dict[str, int] = Field(description="Models that are not in it, by reason.")
    digest: str


Target = Annotated[
    float | None,
    Query(gt=0, lt=1, description="A score to ask for; without it one that a quarter of the models reach."),
]


@router.get("/costs", summary="Performance per dollar: scores against a cost")
def costs(
    asking: Reads,
    benchmark: Benchmarks,
    basis: Annotated[Basis, Query(description="The kind of cost.")] = "api",
    target: Target = None,
    protocol: Annotated[str, Query(max_length=8, description="Key of a protocol; else the widest.")] = "",
    blend: BlendAsked = "3:1",
    cached: Cached = 0.0,
    batches: InBatches = False,
    host: HostAsked = listed_prices.MEDIAN,
    community: Annotated[bool, Query(description="Models known only from results, too.")] = False,
    variants: Annotated[bool, Query(description="All variants of a base model instead of one.")] = False,
    hardware: Annotated[str, Query(max_length=100, description="For serving it yourself and training.")] = HARDWARE,
    weight_format: Annotated[str, Query(max_length=40, json_schema_extra={"enum": sorted(FORMATS)})] = "bf16",
    batch: Annotated[int, Query(ge=1, le=512, description="Requests served at once.")] = 64,
    utilisation: Annotated[float, Query(ge=0.01, le=1, description="Share of the time that it is busy.")] = 1.0,
) -> Costs:
    chosen = known_benchmarks(asking.frames, benchmark)
    filters = Filters(
        community=community,
        variants=variants,
        hardware=hardware,
        weight_format=weight_format,
        batch=batch,
        utilisation=utilisation,
    )
    if weight_format not in FORMATS:
        raise Problem(
            422, "No such format of weights.", places=[("query.weight_format", f"one of {', '.join(FORMATS)}")]
        )
    blended = blend_of(blend, cached, batches)
    key = ("costs", chosen, basis, target, protocol, blended, host, filters, asking.today)
    return asking.answer(key, lambda: _costs(asking, chosen, basis, target, protocol, blended, host, filters))


def _costs(
    asking: Asking,
    benchmarks: tuple[str, ...],
    basis: Basis,
    target: float | None,
    protocol: str,
    blend: Blend,
    host: Host,
    filters: Filters,
) -> Costs:
    if target is None:
        stands = choice(asking.frames, benchmarks, protocol, filters.community)
        target = usual_target(stands.measured.rows.groupby("model")["score"].mean())
    tokens = cost_answer.count_for(asking.frames, benchmarks)
    if basis in (RUN, CORRECT) and tokens is not None:
        blend = blend._replace(read=tokens.prompt, written=tokens.answer)
    found = cost_answer.answer(
        asking.frames,
        benchmarks,
        protocol=protocol,
        basis=basis,
        blend=blend,
        target=target,
        by="total",
        threshold=SMALL,
        filters=filters,
        prices=offers(asking, blend, host) if basis in (API, RUN, CORRECT) else (),
    )
    return _told(asking, benchmarks, basis, found)


def _told(asking: Asking, benchmarks: tuple[str, ...], basis: Basis, found: Answer) -> Costs:
    labels = asking.frames.benchmarks["label"]
    name = str(labels[benchmarks[0]]) if len(benchmarks) == 1 else f"the mean of {len(benchmarks)} benchmarks"
    rows = found.found.rows.rename(columns={"run": "runs"})
    key = found.stands.key
    return Costs(
        answer=plain(cost_words.takeaway(found.found, BASES[basis], name)),
        basis=basis,
        unit=BASES[basis].heading,
        target=found.found.target,
        protocol=None if key is None else protocol_told(key, found.stands.grouping.protocols.loc[key].to_dict()),
        rows=[Cost.model_validate(row) for row in records(rows.head(MOST_ROWS))],
        n_rows=len(rows),
        left_out=found.left_out,
        digest=asking.frames.digest,
    )
