"""The comparison brief: what is gathered for it from the store. No Streamlit inside."""

from __future__ import annotations

import urllib.parse

from lib.analysis import listed_prices
from lib.analysis.head_to_head_sides import Side, side_of
from lib.analysis.listed_prices import Blend, Price
from lib.analysis.one_pair import quality
from lib.errors import RefusedInput
from lib.report.brief import Brief, Workload, brief
from lib.report.document import View
from lib.schema.sizes import DEFAULT_THRESHOLD
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import listed_prices as listed
from lib.ui.report_sources import sources
from lib.ui.views import cheapest_choice, head_to_head, planner_break_even, scores
from lib.ui.views import head_to_head_choice as choice

LARGEST_MARGIN = 0.5


def brief_view(frames: Frames, store: Store, *, a: str, b: str, margin: float, work: Workload, today: str) -> View:
    """Can A be replaced by B?

    Args:
        a, b: Ids of models; A is in use.
        margin: In score.
        today: Of the prices, ISO.

    Raises:
        RefusedInput: One of the two is no model of the store, both are the same, or a number makes no sense.
    """
    _refuse(frames, a, b, margin, work)
    sides = [side for one in (a, b) if (side := side_of(frames, asked=one)) is not None]
    names = {str(model): str(name) for model, name in frames.models["name"].items()}
    benchmarks = planner_break_even.shared_benchmarks(frames, small=b, large=a)
    stands = cheapest_choice.stand(frames, a, benchmarks, "", community=False) if benchmarks else None
    chance = {str(one): float(value) for one, value in frames.benchmarks["random_baseline"].astype(float).items()}
    sizes = frames.models["params_total"]
    labels = {str(one): scores.label_of(frames, str(one)) for one in frames.benchmarks.index}
    pairs = planner_break_even.pairs(frames, store=store, small=b, large=a, benchmarks=benchmarks)
    within = quality(stands, b, a, chance=chance, margin=margin, names=names, labels=labels, pairs=pairs)
    shown, found, known = head_to_head.compared(frames, store, sides[0], sides[1], "", (), margin)
    seen = head_to_head.head_view(
        frames, store, a=sides[0], b=sides[1], way="", tasks=(), margin=margin, by="total", threshold=DEFAULT_THRESHOLD
    )
    prices = _prices(store, sides, work, today)
    runs = [str(run) for column in ("run", "run_reference") for run in within.tests[column]]
    runs += [str(run) for column in ("run_a", "run_b") for run in found.tasks[column].dropna()]
    listed_in = [price.source for price in prices if price is not None and price.source]
    return brief(
        Brief(
            a=names[a],
            b=names[b],
            margin=margin,
            quality=within,
            found=found,
            tasks=choice.task_labels(frames, shown),
            way=known.ways.get(head_to_head.way_of(known, ""), ""),
            fields=seen.fields,
            labels=labels,
            sizes=(float(sizes[a]), float(sizes[b])),
            work=work,
            prices=prices,
            sources=sources(frames, store, runs, listed_in, has_facts=True),
            figure=seen.figure,
            legend=seen.legend,
            alt=seen.alt,
            address=f"/head-to-head?{urllib.parse.urlencode({'a': a, 'b': b})}",
        )
    )


def _refuse(frames: Frames, a: str, b: str, margin: float, work: Workload) -> None:
    for place, one in (("A", a), ("B", b)):
        if one not in frames.models.index:
            raise RefusedInput(
                "no such model in the store", place=place, expected="an id that `models` lists", found=one
            )
    if a == b:
        raise RefusedInput("two different models are needed", place="B", found=b)
    if not 0 < margin <= LARGEST_MARGIN:
        raise RefusedInput(
            "not a margin", place="--margin", expected="a fraction above 0 and at most 0.5", found=str(margin)
        )
    if not (
        work.requests > 0 and work.tokens_in >= 0 and work.tokens_out >= 0 and work.tokens_in + work.tokens_out > 0
    ):
        raise RefusedInput("not a workload", place="--requests", expected="numbers above 0", found=work.words)


def _prices(store: Store, sides: list[Side], work: Workload, today: str) -> tuple[Price | None, Price | None]:
    blend = Blend(work.tokens_in, work.tokens_out)
    known = {one.model: one for one in listed_prices.offers(listed(store), today, blend)}
    a, b = (known.get(side.model) for side in sides)
    return a, b
