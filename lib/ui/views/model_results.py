"""The scores of one model: every protocol by itself, and two results that disagree field by field."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, cast

import pandas as pd

from lib import formats
from lib.analysis import disagreements, model_scores
from lib.schema.flags import FLAGS
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.ui.page import padded
from lib.ui.traces import Traces, texts

EVERY = "all"
LABELS = {
    "benchmark_label": "Benchmark",
    "interval": "Score",
    "published": "As published",
    "label": "Protocol",
    "evaluator_words": "Evaluator",
    "remarks": "Remarks",
}
WHY_LABELS = {"field": "What", "first": "First", "second": "Second", "state": "Agree?"}
RESULT_LABELS = {"interval": "Score", "label": "Protocol", "evaluated_on": "Evaluated"}
PUBLISHED_Z = 1.959964


class ScoresView(NamedTuple):
    """Scores of the chosen benchmarks.

    Args:
        said: What is shown, in a sentence.
        table: For the eye; ``rows`` the same exactly, for downloads.
        left_out: Reason to number of scores.
    """

    said: Sentence
    table: pd.DataFrame
    traces: Traces
    rows: pd.DataFrame
    left_out: dict[str, int]


class WhyView(NamedTuple):
    """Two results of one benchmark.

    Args:
        results: Keys of the results to their words, highest first; the first two choices of the reader.
        pair: The keys in force.
        verdict: In a sentence.
        table: Field by field.
        runs: The runs of the two, and what they are called.
    """

    results: dict[str, str]
    pair: tuple[str, str]
    verdict: Sentence
    table: pd.DataFrame
    traces: Traces
    runs: tuple[str, str]
    n_silent: int


@lru_cache(maxsize=16)
def scores_of_model(frames: Frames, model: str) -> model_scores.ModelScores:
    """The scores of one model, its states on the way left out; kept for the parts of its page. Read-only."""
    runs = frames.runs
    is_own = (runs["model"] == model).to_numpy(bool) & ~runs["is_checkpoint"].to_numpy(bool)
    return model_scores.model_scores(frames.scores_of(runs.index[is_own]), frames.benchmarks, frames.models)


def benchmark_options(frames: Frames, *, model: str, parts: bool) -> dict[str, str]:
    """All, then the benchmarks of this model: value to words with the number of its scores."""
    rows = _shown(scores_of_model(frames, model).rows, parts)
    counts = rows["benchmark"].value_counts(sort=False)
    labels = dict(zip(rows["benchmark"], rows["benchmark_label"], strict=True))
    whole = formats.counted(len(counts), "benchmark")
    return {EVERY: f"all, {whole}"} | {str(one): f"{labels[one]} ({formats.count(n)})" for one, n in counts.items()}


def n_parts(frames: Frames, *, model: str) -> int:
    """How many of its scores are on parts of benchmarks."""
    rows = scores_of_model(frames, model).rows
    return int((rows["part_of"] != "").sum())


def scores_view(frames: Frames, *, model: str, bench: str, parts: bool) -> ScoresView:
    """Scores of one model, one row per benchmark and protocol."""
    found = scores_of_model(frames, model)
    shown = _shown(found.rows, parts)
    left = {"on parts of benchmarks, see the switch": len(found.rows) - len(shown), **found.excluded}
    if bench != EVERY:
        n = len(shown)
        shown = shown[(shown["benchmark"] == bench).to_numpy(bool)]
        left["other benchmarks"] = n - len(shown)
    shown = shown.reset_index(drop=True)
    return ScoresView(_said(shown), _table(shown), _traces(shown, model), _exact(shown, frames), left)


def why_options(frames: Frames, *, model: str) -> dict[str, str]:
    """Benchmarks on which the model has several results: name to words with their range, the widest first."""
    found = scores_of_model(frames, model)
    labels = dict(zip(found.rows["benchmark"], found.rows["benchmark_label"], strict=True))
    part_of = dict(zip(found.rows["benchmark"], found.rows["part_of"], strict=True))
    wide = disagreements.spread(found.results)
    return {
        str(name): f"{labels.get(name, name)}: {formats.counted(row['n_results'], 'result')}, "
        f"{formats.score(row['low'])} to {formats.score(row['high'])}"
        for name, row in wide.iterrows()
        if not part_of.get(name)
    }


def why_view(frames: Frames, *, model: str, why: str, first: str, second: str) -> WhyView:
    """Two results of one benchmark field by field; the two farthest apart where ``first`` or ``second`` is none of them."""
    results = scores_of_model(frames, model).results
    results = results[(results["benchmark"] == why).to_numpy(bool) & results["is_share"].to_numpy(bool)]
    rows = disagreements.with_keys(results)
    options = dict(zip(rows["key"].astype(str), rows["told"].astype(str), strict=True))
    pair = list(disagreements.default_pair(rows))
    for place, asked in enumerate((first, second)):
        pair[place] = asked if asked in options else pair[place]
    by_key = rows.set_index("key")
    one, other = (cast("dict[str, Any]", by_key.loc[[key]].iloc[0].to_dict()) for key in pair)
    found = disagreements.differences(one, other)
    table = pd.concat([_head(one, other), found.rows], ignore_index=True)
    runs = (str(one["run"]), str(other["run"]))
    n = len(table)
    traces = Traces([model] * n, {"first": [runs[0]] * n, "second": [runs[1]] * n}, {"first": why, "second": why})
    words = (
        found.words if pair[0] != pair[1] else sentence(Span("The same result twice.", "strong"), " Choose another.")
    )
    return WhyView(options, (pair[0], pair[1]), words, table, traces, runs, found.n_silent)


def _head(one: dict[str, Any], other: dict[str, Any]) -> pd.DataFrame:
    a, b = (formats.score(row["score"]) for row in (one, other))
    state = disagreements.SAME if a == b else disagreements.DIFFERENT
    return pd.DataFrame([("Score", a, b, state)], columns=list(WHY_LABELS))


def _shown(rows: pd.DataFrame, parts: bool) -> pd.DataFrame:
    return rows if parts else rows[(rows["part_of"] == "").to_numpy(bool)]


def _said(rows: pd.DataFrame) -> Sentence:
    if rows.empty:
        return sentence("No score of it is known yet.")
    n_benchmarks = rows["benchmark"].nunique()
    return sentence(
        Span(formats.counted(len(rows), "score"), "strong"),
        f" on {formats.counted(n_benchmarks, 'benchmark')}, each under a protocol of its own: compare along a protocol, "
        "never down this table."
        if len(rows) > 1
        else ".",
    )


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "benchmark_label": rows["benchmark_label"],
            "interval": _shares(rows, rows["ci_low"], rows["ci_high"], "score"),
            "published": _published(rows),
            "label": rows["label"],
            "n_samples": rows["n_samples"],
            "evaluator_words": rows["evaluator_words"],
            "evaluated_on": pd.to_datetime(rows["evaluated_on"], errors="coerce"),
            "remarks": [_remarks(row) for row in cast("list[dict[str, Any]]", rows.to_dict("records"))],
        }
    )


def _published(rows: pd.DataFrame) -> list[str]:
    half = PUBLISHED_Z * rows["stderr_published"]
    return _shares(rows, rows["score_published"] - half, rows["score_published"] + half, "score_published")


def _shares(rows: pd.DataFrame, low: pd.Series, high: pd.Series, column: str) -> list[str]:
    """Percent with its interval for shares; other metrics as plain numbers, in their own unit."""
    told = [
        formats.interval(score, a, b) if is_share else formats.plain(score)
        for is_share, score, a, b in zip(rows["is_share"], rows[column], low, high, strict=True)
    ]
    return padded(told)


def _remarks(row: dict[str, Any]) -> str:
    flags = [FLAGS[one] for one in str(row["flags"] or "").split() if one in FLAGS]
    told = [] if row["is_share"] else [f"not a share: {row['metric']} in its own unit"]
    if int(row["also_in"]):
        apart = formats.number(row["disagreement"]) or 0.0
        gap = f", up to {100 * apart:.1f} points apart" if apart >= 0.0005 and row["is_share"] else ""
        told.append(f"{formats.counted(row['also_in'], 'further result')} of the same protocol{gap}")
    return " ".join([*(f"{one}." for one in told), *flags])


def _traces(rows: pd.DataFrame, model: str) -> Traces:
    runs, benchmarks = texts(rows["run"].tolist()), texts(rows["benchmark"].tolist())
    names = ("benchmark_label", "interval", "label", "n_samples", "evaluator_words", "evaluated_on", "published", "remarks")  # fmt: skip
    return Traces([model] * len(rows), dict.fromkeys(names, runs), dict.fromkeys(names, benchmarks))


def _exact(rows: pd.DataFrame, frames: Frames) -> pd.DataFrame:
    """The rows with the source of their run, for downloads."""
    origin = frames.runs[["source", "source_title", "source_url", "source_date", "imported_at"]]
    found = origin.reindex(rows["run_id"].to_numpy()).set_axis(rows.index)
    kept = rows.drop(columns=["identity", "run_id", "evaluator_words"])
    return pd.concat([kept.rename(columns={"label": "protocol"}), found], axis=1)
