"""`compare A B`: is A really better than B, task by task, as the page says it."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from lib import formats
from lib.analysis.head_to_head_document import NEAR, Asked, document, nearly
from lib.analysis.head_to_head_sides import Side, side_of
from lib.cli_output import put, put_json, put_table, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.resolver import Resolver
from lib.store import read
from lib.store.db import Store
from lib.store.extract import names_of_models
from lib.store.frames import FrameCache, Frames
from lib.store.samples import logs_of, read_pair


def compare(options: argparse.Namespace, settings: Settings) -> int:
    """`compare A B [--task T] [--margin M] [--measured-by KEY] [--json]`."""
    store = operators_store(settings)
    try:
        frames = FrameCache(store).frames()
        a, b = (side_meant(store, frames, asked, place) for asked, place in ((options.a, "A"), (options.b, "B")))
        if a == b:
            raise RefusedInput("two different models or runs are needed", place="B", found=options.b)
        asked = Asked(tuple(options.task or ()), options.margin, options.measured_by)
        found = document(frames, a, b, asked, logs_of=partial(logs_of, store), read=partial(read_pair, store))
    finally:
        store.close()
    if options.json:
        put_json(found)
    else:
        _put_text(found)
    return 0


def side_meant(store: Store, frames: Frames, asked: str, place: str) -> Side:
    """The model or run that somebody means; refused with the names that are spelled nearly like it."""
    side = side_of(frames, asked=asked)
    if side is None:
        model = Resolver(read.aliases(store), names_of_models(store)).resolve((asked,)).model_id
        side = side_of(frames, asked=model or _called(frames, asked))
    if side is None:
        raise RefusedInput(
            "neither a model nor a single run of the store",
            place=place,
            expected=nearly(asked, _spellings(frames)) or "a name that `models` lists, or the digest of a run",
            found=asked,
        )
    return side


def _called(frames: Frames, asked: str) -> str:
    """The one model whose name as shown is this; '' for none or several."""
    names = frames.models["name"].astype(str).str.casefold()
    found = names.index[(names == asked.strip().casefold()).to_numpy(bool)]
    return str(found[0]) if len(found) == 1 else ""


def _spellings(frames: Frames) -> list[str]:
    models = frames.models
    told = [*models.index.astype(str), *models["name"].astype(str), *models["hf_id"].dropna().astype(str)]
    return list(dict.fromkeys(told))


def _put_text(found: dict[str, Any]) -> None:
    put(f"A: {found['a']['state']}")
    put(f"B: {found['b']['state']}")
    put(f"measured by {found['measured_by']['label']}")
    put()
    put(found["answer"])
    put()
    header = ("task", "n", "A", "B", "A - B", "95% interval", "test", "p (Holm)", "verdict", "could see", "needs")
    put_table(header, [_cells(row) for row in found["tasks"]])
    different = [row["field"].casefold() for row in found["configuration"] if row["state"].startswith("different")]
    if different:
        put()
        put(f"measured differently: {', '.join(different)}")
    if found["other_ways"]:
        say("also measured otherwise, --measured-by KEY: " + "; ".join(f"{k} = {told}" for k, told in list(found["other_ways"].items())[:NEAR]))  # fmt: skip


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    low, high = row["interval"]
    return (
        row["label"],
        "" if row["n"] is None else formats.count(row["n"]),
        *(_number(row[name]) for name in ("score_a", "score_b")),
        "" if row["difference"] is None else f"{row['difference']:+.4f}",
        "" if low is None or high is None else f"{low:+.4f} to {high:+.4f}",
        row["method"] or "",
        "" if row["p_holm"] is None else f"{row['p_holm']:.3g}",
        row["verdict"] or f"none: {row['why_no_verdict']}",
        "" if row["smallest_detectable_difference"] is None else f"{row['smallest_detectable_difference']:.3f}",
        "" if row["items_needed"] is None else formats.count(row["items_needed"]),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
