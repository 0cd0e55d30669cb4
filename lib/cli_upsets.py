"""`upsets`: where a smaller model beats a larger one, tested over a whole family with the false discoveries controlled."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis import measurements, protocols, run_to_run, upset_answers, upset_filters, upset_words, upsets
from lib.analysis.json_rows import records
from lib.analysis.upsets import Family
from lib.cli_output import put, put_json, put_table, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.schema.text import plain
from lib.settings import Settings
from lib.store.db import Store
from lib.store.frames import FrameCache, Frames
from lib.store.samples import logs_of, read_samples

DEFAULT_TASKS = tuple(run_to_run.COLUMN_OF)
"""The six of Open LLM Leaderboard v2."""
SHOWN, MOST = 20, 50_000
"""Rows of each list as text, and as JSON."""
EXACT = {"is_below_r90": "below_run_to_run", "holds_any": "holds_under_any_dependence"}


def add_options(command: argparse.ArgumentParser, count: Callable[[str], int]) -> None:
    """The options of `upsets`; ``count`` reads a whole number above 0."""
    add = command.add_argument
    add("--ratio", type=float, default=2.0, metavar="R", help="at least so many times larger: 2, 4, 10")
    add("--tasks", action="append", metavar="NAMES", help="benchmarks, with commas (default: the six of the board)")
    add("--benchmark", dest="tasks", action="append", metavar="NAME", help="one benchmark; may be repeated")
    add("--by", choices=("total", "active"), default="total", help="parameters that count")
    add("--community", action="store_true", help="community models too: another family of comparisons")
    add("--limit", type=count, default=None, metavar="N", help="at most N rows of each list (as text: 20)")


def find(options: argparse.Namespace, settings: Settings) -> tuple[Frames, Family, protocols.Grouping, str]:
    """The family that the options ask for, under the protocol with most models.

    Raises:
        RefusedInput: If a benchmark or ratio is unknown, or nothing was measured on the benchmarks in one way.
    """
    if options.ratio not in upsets.RATIOS:
        raise RefusedInput(
            "no such family of comparisons",
            place="--ratio",
            expected=", ".join(f"{ratio:g}" for ratio in upsets.RATIOS),
            found=f"{options.ratio:g}",
        )
    store = operators_store(settings)
    try:
        return _family(store, FrameCache(store).frames(), options)
    finally:
        store.close()


def _family(
    store: Store, frames: Frames, options: argparse.Namespace
) -> tuple[Frames, Family, protocols.Grouping, str]:
    names = _benchmarks(frames, options.tasks)
    grouping = protocols.group(
        frames.scores(names),
        names,
        models=frames.models,
        catalogue=frames.benchmarks,
        include_community=options.community,
    )
    key = protocols.widest(grouping)
    if key is None:
        raise RefusedInput("nothing in the store was measured on these benchmarks in one way", place="--tasks", found=", ".join(names))  # fmt: skip
    measured = measurements.measure(grouping, key, models=frames.models, include_community=options.community)
    of = upsets.cells(measured, frames.models, by=options.by)
    rows = grouping.scores[grouping.scores["identity"].isin(list(grouping.protocols["identities"][key]))]
    answers = upset_answers.stored_answers(
        of,
        rows,
        frames,
        lambda runs: logs_of(store, runs),
        lambda log, columns: read_samples(store, *log, columns),
    )
    return frames, upsets.family(of, options.ratio, answers), grouping, key


def upsets_command(options: argparse.Namespace, settings: Settings) -> int:
    """`upsets`: what was tested, what holds at 5% false discoveries, and what only leads."""
    frames, found, grouping, key = find(options, settings)
    protocol = grouping.protocols.loc[key]
    usual = run_to_run.r90_of(frames.reference("repeat_runs"), protocol["evaluator"])
    seen = upset_filters.seen(found, upset_filters.Filters(), frames.benchmarks["category"])
    limit = options.limit or (MOST if options.json else SHOWN)
    holds, leads = (upsets.rows(found, at[:limit], r90=usual) for at in seen)
    about = upset_filters.sides(found, seen.holds)
    if options.json:
        put_json(
            {
                "tested": found.n_tests,
                "n_holds": found.n_holds,
                "n_not_shown": found.n_leads,
                "n_wins": found.n_wins,
                "n_holds_under_any_dependence": found.n_holds_any,
                "expected_false": found.n_false,
                "small_models": about.small_models,
                "large_models": about.large_models,
                "small_base_families": about.small_families,
                "large_base_families": about.large_families,
                "ratio": found.ratio,
                "by": options.by,
                "models": len(found.cells.models),
                "benchmarks": list(found.cells.benchmarks),
                "protocol": {"key": key, "label": protocol["label"], "cautions": list(protocol["cautions"])},
                "run_to_run": {str(k): float(v) for k, v in usual.items()},
                "excluded": found.cells.excluded,
                "n_without_error": found.n_without_error,
                "n_paired": found.n_paired,
                "n_too_few_answers_differ": found.n_too_few,
                "holds": _plain(holds),
                "not_shown": _plain(leads),
                "digest": frames.digest,
            }
        )
    else:
        _put_text(found, seen, about, str(protocol["label"]), holds, leads)
    for word, rows, n in (("hold", holds, found.n_holds), ("lead, not shown", leads, found.n_leads)):
        if len(rows) < n:
            say(
                f"{len(rows)} of {n} that {word}, the smallest p first; --limit gives more, pages of the dashboard filter"
            )
    return 0


def _benchmarks(frames: Frames, asked: list[str] | None) -> list[str]:
    known = frames.benchmarks
    given = [name.strip() for one in asked or [] for name in one.split(",") if name.strip()]
    if not given:
        fits = [name for name in DEFAULT_TASKS if name in known.index]
        if len(fits) == len(DEFAULT_TASKS):
            return fits
        most = known["n_models"].sort_values(ascending=False, kind="stable")
        if most.empty or not most.iloc[0]:
            raise RefusedInput("the store holds no scores", place="--tasks", expected="python -m lib fill")
        return [str(most.index[0])]
    labels = {str(label).casefold(): str(name) for name, label in known["label"].items()}
    found = [name if name in known.index else labels.get(name.casefold(), "") for name in given]
    for name, one in zip(given, found, strict=True):
        if not one:
            raise RefusedInput("no such benchmark in the store", place="--tasks", expected="a name such as mmlu_pro", found=name)  # fmt: skip
    return list(dict.fromkeys(found))


def _plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return records(rows.rename(columns=EXACT))


def _put_text(
    of: Family,
    seen: upset_filters.Seen,
    about: upset_filters.Sides,
    label: str,
    holds: pd.DataFrame,
    leads: pd.DataFrame,
) -> None:
    put(plain(upset_words.takeaway(of, seen, upset_filters.Filters())))
    for part in (
        f"{label}; {upset_words.pairing(of)}",
        upset_words.unlisted(of),
        upset_words.counts(of, about, len(seen.holds)),
        upset_words.READ,
    ):
        if part:
            put(part)
    for title, rows in ((upset_words.HOLDS, holds), (upset_words.LEADS, leads)):
        if len(rows):
            put()
            put(f"{title[:1].upper()}{title[1:]}")
            put_table(("smaller", "larger", "benchmark", "size", "lead", "at least", "adjusted p", "tested", "doubts"), [_line(row) for row in rows.to_dict("records")])  # fmt: skip
    left = [f"{reason} ({formats.count(n)})" for reason, n in of.cells.excluded.items()]
    left += [f"comparisons with a standard error of 0 or none ({formats.count(of.n_without_error)})"] if of.n_without_error else []  # fmt: skip
    if left:
        put()
        put("Left out: " + "; ".join(left) + ".")


def _line(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    doubts = ([run_to_run.MARK] if row["is_below_r90"] else []) + ([row["cautions"]] if row["cautions"] else [])
    return (
        str(row["small"]),
        str(row["large"]),
        str(row["benchmark"]),
        formats.ratio(row["size_ratio"]),
        formats.points(row["delta"]),
        formats.points(row["delta_low"]) if np.isfinite(row["delta_low"]) else "–",
        upset_words.p_value(float(row["q"])),
        upset_words.tested(row),
        "; ".join(doubts),
    )
