"""Two models or runs head to head: everything that the page shows. No Streamlit inside."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import configuration, origins, price_ratio
from lib.analysis import head_to_head as analysis
from lib.analysis import head_to_head_words as words
from lib.analysis.comparability import CAUTION, NOT_COMPARABLE
from lib.analysis.head_to_head import HeadToHead
from lib.analysis.head_to_head_match import NEVER, Match, Matches
from lib.analysis.head_to_head_sides import Side
from lib.analysis.run_to_run import r90
from lib.analysis.sizes import SizeBy
from lib.analysis.stored_answers import TOGETHER
from lib.figures import head_to_head as figure
from lib.figures.legend import Legend
from lib.schema.columns import SIZES
from lib.schema.text import Role, Sentence
from lib.stats.verdicts import A_BETTER, B_BETTER
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import prices_of
from lib.store.samples import read_pair
from lib.ui.finished import finished
from lib.ui.traces import Trace, Traces
from lib.ui.views import head_to_head_choice as choice
from lib.ui.views.side_by_side_tables import CellTraces

LABELS = {
    "what": "Task", "n_samples": "Questions", "score:a": "A", "score:b": "B", "score:delta": "A − B, points",
    "verdict": "Verdict", "score:needed": "Questions needed", "score:sees": "Could have seen", "how": "Tested",
    "notes": "Remarks",
}  # fmt: skip
FIELD_LABELS = {"field": "Field", "a": "A", "b": "B", "state": "Agree?"}
PAIRED_NOTE = "Answers to the same questions are stored and were compared in pairs on"
SHOWN = 40
UNPAIRED_NOTE = "Ignores pairing."


class Question(NamedTuple):
    """A task whose single answers are stored for both: position, label, how many only one got right."""

    position: int
    label: str
    only_a: int
    only_b: int


class HeadView(NamedTuple):
    """The page's parts; ``figure`` is None where the two share nothing."""

    question: str
    said: list[Sentence]
    states: tuple[str, str]
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    marks: Traces
    table: pd.DataFrame
    traces: CellTraces
    family: str
    pairing: str
    fields: configuration.Configuration
    questions: list[Question]
    rows: pd.DataFrame
    left_out: dict[str, int]


def way_of(found: Matches, asked: str) -> str:
    """The way of measuring asked for, else the first; '' where there is none."""
    return asked if asked in found.of else next(iter(found.of), "")


@lru_cache(maxsize=8)
def compared(frames: Frames, store: Store, a: Side, b: Side, way: str, tasks: tuple[str, ...], margin: float) -> tuple[list[Match], HeadToHead, Matches]:  # fmt: skip
    """The matches shown, highest difference first, and what is found of them."""
    known = choice.matches(frames, store, a, b)
    way = way_of(known, way)
    shown = [one for one in known.of.get(way, []) if not tasks or str(one.a["benchmark"]) in tasks]
    usual = dict(r90(frames.reference("repeat_runs")))
    read = partial(read_pair, store)
    first = analysis.head_to_head(shown, frames.benchmarks, margin=margin)
    shown = [shown[int(i)] for i in np.argsort(-first.tasks["delta"].fillna(-9).to_numpy(float), kind="stable")]
    found = analysis.head_to_head(shown, frames.benchmarks, read=read, run_to_run=usual, margin=margin)
    return shown, found, known


def head_view(frames: Frames, store: Store, *, a: Side, b: Side, way: str, tasks: tuple[str, ...], margin: float, by: SizeBy, threshold: float) -> HeadView:  # fmt: skip
    """Both sides under one way of measuring."""
    shown, found, known = compared(frames, store, a, b, way, tasks, margin)
    labels = choice.task_labels(frames, shown)
    name_a, name_b = _names(a, b)
    looks, roles = _looks(frames, a, b, by, threshold)
    rows, apart = _drawn(found.tasks, labels, a, b)
    said = [words.takeaway(found, name_a, name_b, labels, roles)]
    said += [one for one in (_ratios(frames, store, a, b, by),) if one]
    table, cells = _table(found, labels, a, b)
    n_tests = int(found.tasks["p"].notna().sum())
    family = (
        f"Verdicts after Holm's correction over {formats.counted(n_tests, 'test')}, one per task shown; the intervals are "
        f"95% each and not corrected. Adding or taking away a task asks a new question. Could have seen: the smallest true "
        f"difference that this test finds in four cases of five. Questions needed: to find one of {words.points(margin)}."
        if n_tests
        else ""
    )
    is_drawn = bool(len(rows))
    return HeadView(
        words.question(name_a, name_b),
        said,
        (a.state, b.state),
        finished(figure.head_to_head(rows, apart, looks=looks)) if is_drawn else None,
        figure.legend(rows, apart, looks=looks) if is_drawn else [],
        f"Scores of {name_a} and {name_b} on {formats.counted(len(labels), 'task')}, and their differences with 95% intervals.",
        _coverage(found.tasks, known, way),
        Traces([a.model, b.model], {"interval": _runs(found.tasks)}),
        table,
        cells,
        family,
        _pairing(found, labels),
        configuration.configuration([(one.a, one.b) for one in shown]),
        _questions(found, labels),
        _rows(frames, found, labels, a, b, known.ways.get(way_of(known, way), "")),
        _left_out(found.tasks, known, labels),
    )


def _names(a: Side, b: Side) -> tuple[str, str]:
    """Names that differ: two models may be called the same."""
    return (a.name, b.name) if a.name != b.name else (f"{a.name} ({a.key[:SHOWN]})", f"{b.name} ({b.key[:SHOWN]})")


def _looks(frames: Frames, a: Side, b: Side, by: SizeBy, threshold: float) -> tuple[figure.Looks, tuple[Role, Role]]:
    """Blue and orange where one is small and the other is not; otherwise plain."""
    sizes = [frames.models[SIZES[by]].get(one.model, np.nan) for one in (a, b)]
    if not all(formats.known(one) for one in sizes):
        return figure.PLAIN, ("strong", "strong")
    small = [float(one) <= threshold for one in sizes]
    if small == [True, False]:
        return figure.BY_SIZE, ("small", "large")
    if small == [False, True]:
        return (figure.BY_SIZE[1], figure.BY_SIZE[0]), ("large", "small")
    return figure.PLAIN, ("strong", "strong")


def _ratios(frames: Frames, store: Store, a: Side, b: Side, by: SizeBy) -> Sentence:
    """Size, tokens and money of two different models; nothing of two states of one."""
    if not a.model or not b.model or a.model == b.model:
        return ()
    models = frames.models.loc[[a.model, b.model]]

    def ratio(column: str) -> float:
        one, other = (float(value) for value in models[column])
        return one / other if one > 0 and other > 0 else float("nan")

    is_final = not any(
        side.run_id is not None and bool(frames.runs.at[side.run_id, "is_checkpoint"]) for side in (a, b)
    )
    today = store.settings.today
    money = [price_ratio.listed_today(prices_of(store, side.model), today) for side in (a, b)]
    return words.ratios(
        a.name,
        b.name,
        ratio(SIZES[by]),
        ratio("training_tokens") if is_final else float("nan"),
        money[0] / money[1],
        size_words="parameters" if by == "total" else "active parameters",
    )


def _drawn(tasks: pd.DataFrame, labels: list[str], a: Side, b: Side) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Frames of the figure: shares only, other units have no place on its axes."""
    records = []
    for label, row in zip(labels, tasks.to_dict("records"), strict=True):
        if not row["is_share"]:
            continue
        for letter, side in (("a", a), ("b", b)):
            values = [row[f"{name}_{letter}"] for name in ("score", "low", "high")]
            records.append((label, letter == "a", side.model, side.name, *values))
    rows = pd.DataFrame(records, columns=["task", "is_a", "model", "name", "score", "ci_low", "ci_high"])
    winner = tasks["verdict"].map({A_BETTER: 1.0, B_BETTER: -1.0}).fillna(0.0).where(tasks["p"].notna())
    told = [str(row["verdict"]) or str(row["why_none"]) for row in tasks.to_dict("records")]
    apart = pd.DataFrame(
        {
            "task": labels,
            **{name: tasks[name].to_numpy(float) for name in ("delta", "delta_low", "delta_high")},
            "winner": winner.to_numpy(float),
            "words": told,
        }
    )
    return rows, apart[tasks["is_share"].to_numpy(bool)]


def _table(found: HeadToHead, labels: list[str], a: Side, b: Side) -> tuple[pd.DataFrame, CellTraces]:
    """One row per task, for the eye, and where each cell comes from."""
    rows = found.tasks.to_dict("records")
    data = {
        "what": labels,
        "n_samples": [_n(row) for row in rows],
        "score:a": [_score(row, "a") for row in rows],
        "score:b": [_score(row, "b") for row in rows],
        "score:delta": [_delta(row) for row in rows],
        "verdict": [verdict_words(row, a, b) for row in rows],
        "score:needed": [words.needed_words({str(k): v for k, v in row.items()}) or "–" for row in rows],
        "score:sees": [words.points(row["detectable"]) for row in rows],
        "how": [_how(row) for row in rows],
        "notes": [_notes(row) for row in rows],
    }
    cells: dict[str, list[Trace]] = {
        "what": [Trace(benchmark=str(row["benchmark"])) for row in rows],
        "score:a": [Trace(a.model, (str(row["run_a"]),), str(row["benchmark"])) for row in rows],
        "score:b": [Trace(b.model, (str(row["run_b"]),), str(row["benchmark"])) for row in rows],
    }
    both = [
        Trace(
            a.model,
            tuple(dict.fromkeys((str(row["run_a"]), str(row["run_b"])))),
            str(row["benchmark"]),
            against=b.model,
        )
        for row in rows
    ]
    cells |= dict.fromkeys(("n_samples", "score:delta", "verdict", "score:sees", "score:needed", "how", "notes"), both)
    return pd.DataFrame(data), CellTraces([a.model] * len(rows), cells=cells)


def verdict_words(row: dict[Any, Any], a: Side, b: Side) -> str:
    """A verdict with its mark: filled for one that is shown, hollow for one that is not."""
    verdict = str(row["verdict"])
    if verdict == A_BETTER:
        return "● A better"
    if verdict == B_BETTER:
        return "■ B better"
    return f"○ {verdict}" if verdict else "no verdict"


def _n(row: dict[Any, Any]) -> float:
    """Questions that the comparison rests on; unknown where the two differ or nobody says."""
    if formats.known(row["n_both"]):
        return float(row["n_both"])
    return float(row["n_a"]) if row["n_a"] == row["n_b"] else float("nan")


def _score(row: dict[Any, Any], side: str) -> str:
    if not row["is_share"]:
        return formats.plain(row[f"score_{side}"])
    return formats.interval(row[f"score_{side}"], row[f"low_{side}"], row[f"high_{side}"])


def _delta(row: dict[Any, Any]) -> str:
    if not formats.known(row["delta"]):
        return "–"
    if not row["is_share"]:
        return f"{formats.plain(row['delta'])}, own unit"
    told = [formats.points(row[name]).removesuffix(" points") for name in ("delta", "delta_low", "delta_high")]
    return f"{told[0]} ({told[1]} to {told[2]})" if formats.known(row["delta_low"]) else told[0]


def _how(row: dict[Any, Any]) -> str:
    if not row["method"]:
        return str(row["why_none"])
    p = "p below 0.001" if row["p_holm"] < 0.001 else f"p = {row['p_holm']:.2g}"
    how = str(row["method"]).removeprefix("unpaired, ")
    of = "paired answers" if str(row["pairing"]).startswith("paired") else str(row["pairing"]).split(" (")[0]
    return f"{of}; {how.removeprefix('paired, ')}, {p} after Holm"


def _notes(row: dict[Any, Any]) -> str:
    told = []
    if formats.known(row["only_a"]) and formats.known(row["only_b"]):
        told.append(f"only A right on {formats.count(row['only_a'])}, only B on {formats.count(row['only_b'])}")
    if str(row["pairing"]).startswith(f"paired: {TOGETHER}"):
        told.append(str(row["pairing"]).removeprefix("paired: "))
    if row["is_below_run_to_run"]:
        told.append(f"smaller than this board's own run-to-run differences ({words.points(row['run_to_run'])})")
    if row["is_approximate"]:
        told.append("standard error approximate")
    if not formats.known(row["higher_is_better"]) and row["method"]:
        told.append("which way is better is not stated")
    elif formats.known(row["higher_is_better"]) and not row["higher_is_better"]:
        told.append("lower is better")
    if row["comparison"] == CAUTION:
        told.append(f"with caution: {row['reasons']}")
    return "; ".join(told) or "–"


def _coverage(tasks: pd.DataFrame, known: Matches, way: str) -> str:
    if tasks.empty:
        return "The two share no task."
    chosen = way_of(known, way)
    who = known.ways[chosen].rsplit(" · ", 1)[0]
    parts = [who.capitalize() if chosen == NEVER else f"Measured by {who}", formats.counted(len(tasks), "task")]
    apart = int((tasks["comparison"] == NOT_COMPARABLE).sum())
    parts += [f"{formats.count(apart)} not comparable, without a verdict"] if apart else []
    n_caution = int((tasks["comparison"] == CAUTION).sum())
    parts += [f"{formats.count(n_caution)} with caution, see remarks"] if n_caution else []
    return " · ".join(parts)


def _pairing(found: HeadToHead, labels: list[str]) -> str:
    """Whether single answers decide, and where they do not."""
    has_test = found.tasks["method"].astype(bool) if len(found.tasks) else pd.Series(dtype=bool)
    is_paired = found.tasks["pairing"].astype(str).str.startswith("paired") & has_test
    own = [label for label, one in zip(labels, is_paired, strict=True) if one]
    if not has_test.any():
        return ""
    if len(own) == int(has_test.sum()):
        return "Paired: the answers of both to the same questions are stored and decide."
    rest = (
        "Answers to single questions are not in the store for this pair"
        if not own
        else "On the others they are not in the store"
    )
    tail = f"{rest}, so the two scores are compared as if the questions were different ones; the paired test usually sees smaller differences."
    return f"{PAIRED_NOTE} {', '.join(own[:4])}. {tail}" if own else f"{UNPAIRED_NOTE} {tail}"


def _questions(found: HeadToHead, labels: list[str]) -> list[Question]:
    """Tasks of which single answers can be shown."""
    told = []
    for position, of in found.pairs.items():
        apart = of.differences
        told.append(Question(position, labels[position], int((apart > 0).sum()), int((apart < 0).sum())))
    return [one for one in told if one.only_a or one.only_b]


def _runs(tasks: pd.DataFrame) -> list[str]:
    """All runs of A and all of B, for the marks of the figure."""
    return [" ".join(dict.fromkeys(str(run) for run in tasks[column])) for column in ("run_a", "run_b")]


def _left_out(tasks: pd.DataFrame, known: Matches, labels: list[str]) -> dict[str, int]:
    counts = {"tasks in the table only, the figure would be too tall": max(0, len(labels) - figure.MOST_TASKS)}
    counts["benchmarks that both were measured on, never in a way that may be compared"] = len(known.never)
    counts["other ways of measuring both, each chosen above and never mixed in"] = max(0, len(known.ways) - 1)
    counts["tasks in a unit of their own, not drawn"] = (
        int((~tasks["is_share"].astype(bool)).sum()) if len(tasks) else 0
    )
    return counts


def _rows(frames: Frames, found: HeadToHead, labels: list[str], a: Side, b: Side, way: str) -> pd.DataFrame:
    """For a reader to take home: exact values, both runs with their sources."""
    rows = found.tasks.copy()
    rows.insert(0, "label", labels)
    for letter, side in (("b", b), ("a", a)):
        rows.insert(0, f"model_{letter}", side.model or side.name)
    rows["margin"], rows["overall"], rows["measured_by"] = found.margin, found.overall.verdict, way
    for letter in ("a", "b"):
        runs = frames.runs.reindex(rows[f"run_id_{letter}"])
        for name in (*origins.OF_SOURCE, "document"):
            rows[f"{name}_{letter}"] = runs[name].to_numpy(dtype=object)
    return rows.drop(columns=["run_id_a", "run_id_b"])
