"""`compare A B`: is A really better than B, task by task, as the page says it."""

from __future__ import annotations

import argparse
import difflib
from functools import partial
from typing import Any

import numpy as np

from lib import formats
from lib.analysis import configuration
from lib.analysis import head_to_head as analysis
from lib.analysis import head_to_head_match as match
from lib.analysis import head_to_head_words as words
from lib.analysis.disagreements import FIELDS
from lib.analysis.head_to_head_sides import Side, results, side_of
from lib.analysis.run_to_run import r90
from lib.cli_lists import plain, records
from lib.cli_output import put, put_json, put_table, say
from lib.errors import RefusedInput
from lib.schema.text import plain as plain_text
from lib.settings import Settings
from lib.sources.resolver import Resolver
from lib.store import read
from lib.store.db import Store, open_store
from lib.store.extract import names_of_models
from lib.store.frames import FrameCache, Frames
from lib.store.samples import logs_of, read_pair

NEAR = 5
_KEPT = (
    "benchmark", "task", "prompt", "metric", "filter", "n_shot", "score_a", "score_b", "n_a", "n_b", "only_a", "only_b",
    "method", "interval_method", "pairing", "p", "p_holm", "higher_is_better", "comparison", "run_a", "run_b",
)  # fmt: skip
"""Columns of ``HeadToHead.tasks`` that keep their name in the output."""


def compare(options: argparse.Namespace, settings: Settings) -> int:
    """`compare A B [--task T] [--margin M] [--measured-by KEY] [--json]`."""
    store = open_store(settings)
    try:
        frames = FrameCache(store).frames()
        a, b = (side_meant(store, frames, asked, place) for asked, place in ((options.a, "A"), (options.b, "B")))
        if a == b:
            raise RefusedInput("two different models or runs are needed", place="B", found=options.b)
        found = _found(store, frames, a, b, options)
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
            expected=_nearly(asked, _spellings(frames)) or "a name that `models` lists, or the digest of a run",
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


def _nearly(asked: str, spellings: list[str]) -> str:
    """Names near the one asked for, for a refusal; '' without any."""
    folded = {one.casefold(): one for one in spellings}
    near = difflib.get_close_matches(asked[:120].casefold(), list(folded), n=NEAR, cutoff=0.6)
    return f"perhaps {', '.join(folded[one] for one in near)}" if near else ""


def _found(store: Store, frames: Frames, a: Side, b: Side, options: argparse.Namespace) -> dict[str, Any]:
    """The comparison as JSON holds it."""
    sides = results(frames, a), results(frames, b)
    logs = logs_of(store, {int(one) for side in sides for one in side["run_id"].unique()})
    tasks = _tasks(frames, sides, options.task)
    known = match.matches(
        *sides,
        frames.benchmarks,
        zip(logs["run_id"].astype(int), logs["task"].astype(str), strict=True),
        each="benchmark" if a.run_id is None and b.run_id is None else "task",
        tasks=tasks,
    )
    way = options.measured_by or next(iter(known.of), "")
    if options.measured_by and options.measured_by not in known.of:
        ways = "; ".join(f"{key} ({told})" for key, told in known.ways.items())
        raise RefusedInput("they were not both measured so", place="--measured-by", expected=ways, found=way)
    shown = known.of.get(way, [])
    told = analysis.head_to_head(
        shown,
        frames.benchmarks,
        read=partial(read_pair, store),
        run_to_run=dict(r90(frames.reference("repeat_runs"))),
        margin=options.margin,
    )
    labels = [str(frames.benchmarks["label"].get(one.a["benchmark"], one.a["benchmark"])) for one in shown]
    fields = configuration.configuration([(one.a, one.b) for one in shown])
    overall = told.overall
    return {
        "a": {"id": a.key, "name": a.name, "model": a.model, "state": a.state},
        "b": {"id": b.key, "name": b.name, "model": b.model, "state": b.state},
        "answer": plain_text(words.takeaway(told, a.name, b.name, labels)),
        "measured_by": {"key": way, "label": known.ways.get(way, "")},
        "other_ways": {key: words_ for key, words_ in known.ways.items() if key != way},
        "margin": options.margin,
        "overall": {
            "verdict": overall.verdict,
            **{name: plain(getattr(overall, name)) for name in ("mean", "stderr", "p", "detectable", "q", "p_q")},
            "n_tasks": int(told.is_used.sum()),
        },
        "tasks": [
            _task(row, label, one) for row, label, one in zip(told.tasks.to_dict("records"), labels, shown, strict=True)
        ],
        "configuration": records(fields.rows),
        "not_stated": fields.silent,
        "never_comparable": known.never,
        "digest": frames.digest,
    }


def _tasks(frames: Frames, sides: Any, asked: list[str] | None) -> list[str]:
    """Benchmarks or tasks asked for, as the store writes them; refused when one of the two lacks it."""
    if not asked:
        return []
    names: dict[str, set[str]] = {}
    labels = frames.benchmarks["label"]
    for number, side in enumerate(sides):
        for column in ("benchmark", "task"):
            for name in side[column].unique():
                for spelling in {str(name), str(labels.get(name, name)) if column == "benchmark" else str(name)}:
                    names.setdefault(spelling.casefold(), set()).add(f"{number}{name}")
    wanted = []
    for one in asked:
        found = names.get(one.casefold(), set())
        if {key[0] for key in found} != {"0", "1"}:
            both = [name for name, keys in names.items() if {key[0] for key in keys} == {"0", "1"}]
            raise RefusedInput(
                "not a task that both were measured on",
                place="--task",
                expected=_nearly(one, both) or f"one of {', '.join(sorted(both)[:20]) or 'none: they share no task'}",
                found=one,
            )
        wanted += sorted({key[1:] for key in found})
    return wanted


def _task(row: dict[Any, Any], label: str, of: match.Match) -> dict[str, Any]:
    """One task: result, and the protocol with what differs."""
    protocol = {}
    for name in FIELDS:
        a, b = (plain(side.get(name)) for side in (of.a, of.b))
        if a is not None or b is not None:
            protocol[name] = {"a": a, "b": b, "state": "equal" if a == b else "different" if None not in (a, b) else "stated by one only"}  # fmt: skip
    n = row["n_both"] if formats.known(row["n_both"]) and str(row["pairing"]).startswith("paired") else row["n_a"] if row["n_a"] == row["n_b"] else np.nan  # fmt: skip
    return {
        "label": label,
        **{name: _whole(name, row[name]) for name in _KEPT},
        "n": _whole("n_", n),
        "difference": plain(row["delta"]),
        "interval": [plain(row["delta_low"]), plain(row["delta_high"])],
        "verdict": row["verdict"] or None,
        "why_no_verdict": row["why_none"] or None,
        "smallest_detectable_difference": plain(row["detectable"]),
        "items_needed": words.rounded_up(row["items_needed"]) if formats.known(row["items_needed"]) else None,
        "benchmark_items": _whole("n_", row["n_items"]),
        "needs_more_items_than_there_are": bool(row["needs_more_than_there_are"]),
        "run_to_run": plain(row["run_to_run"]),
        "is_below_run_to_run": bool(row["is_below_run_to_run"]),
        "differs": [one for one in str(row["reasons"]).split("; ") if one],
        "protocol": protocol,
    }


def _whole(name: str, value: Any) -> Any:
    """A cell as JSON holds it; counts without a decimal point."""
    known = plain(value)
    return int(known) if known is not None and name.startswith(("n_", "only_")) else known


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
