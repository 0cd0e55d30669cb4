"""The Run page: what one file says, as a tree of scores, a configuration, a command and a series of checkpoints."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import checkpoint_series, run_tree, sizes
from lib.analysis.sizes import SizeBy
from lib.figures import task_intervals
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS
from lib.schema.flags import FLAGS
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.traces import Traces
from lib.ui.views import run_words

TOP, ALL = "top", "all"
INDENT = "\u2003"
SHORT_FLAGS = {
    "limited": "a part of the questions",
    "n-recovered": "questions recovered",
    "stderr-wrong": "group error recomputed",
    "stderr-missing": "no standard error in the file",
    "stderr-zero": "printed error of 0",
    "out-of-range": "outside what the metric allows",
    "not-a-number": "NaN or Infinity in the file",
    "derived": "computed from its parts",
    "unweighted": "parts count the same",
    "bound": "error is an upper bound",
    "from-samples": "computed from the log",
    "from-memory": "typed from memory",
    "several-prompts": "one of several prompts",
    "partly-parsed": "some answers could not be read",
    "n-disagrees": "stated number of questions does not fit",
}
"""A flag in a few words; whole sentences stand below the table."""
COLUMN_LABELS = {
    "name": "Task",
    "interval": "Score, 95% interval",
    "score:published": "As published (error)",
    "metric": "Metric",
    "task_version": "Task version",
    "notes": "Notes",
}


class RunView(NamedTuple):
    """The scores of a run.

    Args:
        question: The heading.
        takeaway: What the run is.
        figure: None where no row has a share of 0 to 1.
        coverage: What the figure shows and leaves out; plain text.
        table: A row per task, prompt and heading, in the order of the tree.
        rows: The same with numbers, for the download.
        notes: Words of the table's notes to what they mean.
        left_out: Reason to number of rows not in the figure.
    """

    question: str
    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    labels: dict[str, str]
    rows: pd.DataFrame
    traces: Traces
    notes: dict[str, str]
    left_out: dict[str, int]


class SeriesView(NamedTuple):
    """The training states of a model beside each other; ``said`` is plain text about what is shown."""

    table: pd.DataFrame
    labels: dict[str, str]
    rows: pd.DataFrame
    traces: Traces
    said: str


def metric_options(frames: Frames, *, run_id: int) -> dict[str, str]:
    """Ways to choose one score a task: the usual one, or one metric for all."""
    found = run_tree.metric_choices(frames.scores_of([run_id]))
    usual = {run_tree.HEADLINE: "Each task's usual metric"}
    return usual | {one.key: f"{one.words} ({formats.counted(one.n_tasks, 'score')})" for one in found[:50]}


def show_options(frames: Frames, *, run_id: int, metric: str) -> dict[str, str]:
    """What the figure may show: the top of the tree, the parts of one whole, every task; the best default first."""
    tree = _tree(frames, run_id, metric)
    is_top, is_drawn = tree["depth"] == 0, tree["score"].notna() & tree["is_share"].astype(bool)
    n_top, n_leaves = int((is_top & is_drawn).sum()), int(((tree["n_below"] == 0) & is_drawn).sum())
    options = {TOP: f"Tasks and groups ({n_top})"}
    wholes = tree[tree["n_below"] > 0]
    parts = {
        str(node): f"Parts of {name} ({formats.count(n)})"
        for node, name, n in zip(wholes["node"], wholes["name"], wholes["n_below"], strict=True)
    }
    if parts:
        options |= {**parts, ALL: f"All tasks, without groups ({n_leaves})"}
    if n_top < 2 and parts:
        # One mark is no picture: what is below it is what the file is about.
        options = {key: options[key] for key in [*parts, ALL, TOP]} if n_top else {ALL: options[ALL], **options}
    return options


def run_view(frames: Frames, *, run_id: int, metric: str, show: str, by: SizeBy, threshold: float) -> RunView:
    """Everything about the scores of one live run.

    Args:
        run_id: Index of ``frames.runs``.
        metric: Key of ``metric_options``; show: key of ``show_options``.
        by, threshold: The reader's idea of size, for the colour.
    """
    run, scores = frames.runs.loc[[run_id]].iloc[0], frames.scores_of([run_id])
    tree = _tree(frames, run_id, metric)
    drawn, left_out = _drawn(tree, show)
    side = _side(frames, run["model"], by, threshold)
    figure, legend = None, []
    if len(drawn):
        figure = finished(task_intervals.task_intervals(drawn, score_label="Score (%)", role=side))
        legend = task_intervals.legend(drawn, role=side)
    table = _table(tree)
    n_rows = len(table)
    digests = np.where(tree["score"].notna(), str(run["run"]), "").tolist()
    columns = ("interval", "score:published", "n_samples", "n_correct", "n_shot", "metric", "task_version", "notes")
    model = str(run["model"]) if pd.notna(run["model"]) else ""
    traces = Traces(
        [model] * n_rows,
        {name: digests for name in columns if name in table},
        {
            name: tree["benchmark"].astype(object).where(tree["benchmark"].notna(), "").astype(str).tolist()
            for name in columns
        },
    )
    return RunView(
        run_words.question(frames, run),
        run_words.takeaway(run, scores, tree),
        figure,
        legend,
        f"Scores of {len(drawn)} tasks of this run with 95% intervals.",
        f"{formats.counted(len(drawn), 'row')} shown · {run['evaluator']}",
        table,
        _labels(tree),
        _rows(tree, run),
        traces,
        _notes(tree),
        left_out,
    )


def series_view(frames: Frames, *, run_id: int, metric: str) -> SeriesView | None:
    """The series of training states that a run is in; None where it is in none."""
    siblings = checkpoint_series.siblings(frames.runs, run_id)
    if siblings.empty:
        return None
    scores = frames.scores_of(siblings.index.tolist())
    own = _tree(frames, run_id, metric)
    own = own[own["score"].notna() & (own["depth"] == 0)]
    wanted = set(_result_keys(own))
    found = checkpoint_series.series(siblings, scores[[key in wanted for key in _result_keys(scores)]], run_id)
    if found is None:
        return None
    rows = run_tree.with_intervals(found.scores.reset_index(drop=True), frames.benchmarks)
    table, traces, labels = _series_table(own, rows, found, str(siblings.at[run_id, "model"]))
    hidden = found.n_states - len(found.states)
    said = f"{formats.counted(len(found.states), 'training state')} side by side"
    said += f"; {hidden} between them left out" if hidden else ""
    said += f"; {formats.counted(found.n_doubles, 'run')} that repeat a state left out" if found.n_doubles else ""
    return SeriesView(table, labels, _series_rows(rows), traces, said + ".")


def _tree(frames: Frames, run_id: int, metric: str) -> pd.DataFrame:
    benchmarks = frames.benchmarks
    return run_tree.tree(run_tree.one_metric(frames.scores_of([run_id]), metric, benchmarks), benchmarks)


def _side(frames: Frames, model: object, by: SizeBy, threshold: float) -> str:
    models = frames.models
    if model not in models.index:
        return "undisclosed"
    return str(sizes.with_size(models.loc[[model]], by, threshold)["side"].iloc[0])


def _drawn(tree: pd.DataFrame, show: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows of the figure, best score first, and what is not among them."""
    if show == ALL:
        wanted = tree["n_below"] == 0
    elif show == TOP:
        wanted = tree["depth"] == 0
    else:
        wanted = (tree["above"] == show) if (tree["above"] == show).any() else tree["depth"] == 0
    rows = tree[wanted & ~tree["is_heading"].astype(bool)]
    fits = rows["score"].notna() & rows["is_share"].astype(bool)
    left_out = {"scores that are no shares of 0 to 100%, in the table only": int((rows["score"].notna() & ~fits).sum())}
    left_out["without a score"] = int(rows["score"].isna().sum())
    shown = rows[fits].sort_values(["score", "name"], ascending=[False, True], kind="stable")
    left_out[f"beyond the {task_intervals.MOST_ROWS} best, in the table only"] = max(
        0, len(shown) - task_intervals.MOST_ROWS
    )
    shown = shown[: task_intervals.MOST_ROWS]
    drawn = shown.assign(task=shown["name"], is_group=shown["n_below"] > 0)
    columns = ["task", "score", "ci_low", "ci_high", "is_group", "chance", "n_samples", "metric"]
    return drawn[columns].reset_index(drop=True), left_out


def score_text(row: pd.Series) -> str | None:
    """A score with its interval: a percentage where it is a share, else the number in its own unit."""
    if not formats.known(row["score"]):
        return None
    if row["is_share"]:
        return formats.interval(row["score"], row["ci_low"], row["ci_high"])
    text = formats.plain(row["score"])
    if formats.known(row["ci_low"]):
        text += f" ± {formats.plain((row['ci_high'] - row['ci_low']) / 2)}"
    return text


def published_text(row: pd.Series) -> str | None:
    """Score and standard error as the file prints them; None where it prints none."""
    score, error = row["score_published"], row["stderr_published"]
    if not formats.known(score):
        return None
    if row["is_share"]:
        return formats.score(score, 2) + (f" ({100 * error:.2f})" if formats.known(error) else "")
    return formats.plain(score) + (f" ({formats.plain(error)})" if formats.known(error) else "")


def _table(tree: pd.DataFrame) -> pd.DataFrame:
    names = [f"{INDENT * int(d)}{formats.one_line(n, 90)}" for d, n in zip(tree["depth"], tree["name"], strict=True)]
    data: dict[str, object] = {"name": names}
    data["interval"] = [score_text(row) for _, row in tree.iterrows()]
    published = [published_text(row) for _, row in tree.iterrows()]
    if any(published):
        data["score:published"] = published
    for name in ("n_samples", "n_correct", "n_shot"):
        if tree[name].notna().any():
            data[name] = tree[name].to_numpy(float, na_value=np.nan)
    data["metric"] = [_metric_words(m, f) for m, f in zip(tree["metric"], tree["filter"], strict=True)]
    if tree["task_version"].notna().any():
        data["task_version"] = tree["task_version"].astype(object).where(tree["task_version"].notna(), None)
    data["notes"] = ["; ".join(_short_notes(row)) or None for _, row in tree.iterrows()]
    return pd.DataFrame(data)


def _metric_words(metric: Any, filter: Any) -> str | None:
    if pd.isna(metric):
        return None
    return str(metric) if pd.isna(filter) or filter == "none" else f"{metric}, {filter}"


def _short_notes(row: pd.Series) -> list[str]:
    if row["is_heading"]:
        return ["the file has no score of the whole"] if row["n_below"] else []
    told = [] if row["status"] == "scored" else [str(row["status"])]
    flags = str(row["flags"]).split() if isinstance(row["flags"], str) else []
    return told + [SHORT_FLAGS.get(flag, flag) for flag in flags]


def _notes(tree: pd.DataFrame) -> dict[str, str]:
    """Words of the notes that are in the table to what they mean."""
    flags = {flag for text in tree["flags"].dropna() for flag in str(text).split()}
    told = {words: FLAGS[flag] for flag, words in SHORT_FLAGS.items() if flag in flags}
    statuses = set(tree.loc[~tree["is_heading"].astype(bool), "status"].dropna().astype(str)) - {"scored"}
    return {one: run_tree.STATUS_WORDS.get(one, one) for one in sorted(statuses)} | told


def _labels(tree: pd.DataFrame) -> dict[str, str]:
    return COLUMN_LABELS | {"n_correct": COLUMNS["n_correct"].label}


def _rows(tree: pd.DataFrame, run: pd.Series) -> pd.DataFrame:
    columns = [
        "name", "depth", "task", "prompt", "benchmark", "metric", "filter", "score", "stderr", "ci_low", "ci_high", "ci_method",
        "n_samples", "n_correct", "score_published", "stderr_published", "n_shot", "task_version", "task_hash", "higher_is_better",
        "is_group", "parent", "stderr_rule", "chance", "flags", "status",
    ]  # fmt: skip
    return tree[columns].assign(run=str(run["run"]), evaluator=run["evaluator"], source=run["source"])


def _series_table(
    own: pd.DataFrame, rows: pd.DataFrame, found: checkpoint_series.Series, model: str
) -> tuple[pd.DataFrame, Traces, dict[str, str]]:
    text = {
        (run_id, *key): score_text(row)
        for run_id, key, (_, row) in zip(rows["run_id"], _result_keys(rows), rows.iterrows(), strict=True)
    }
    keys = [key for key in _result_keys(own) if any((run_id, *key) in text for run_id in found.states["run_id"])]
    names = dict(zip(_result_keys(own), own["name"], strict=True))
    data: dict[str, object] = {"name": [formats.one_line(names[key], 90) for key in keys]}
    data["metric"] = [_metric_words(key[2], key[3]) for key in keys]
    labels, runs = dict(COLUMN_LABELS), {}
    # This run first, where it is seen without scrolling; the others in the order of training.
    for state in found.states.sort_values("is_this", ascending=False, kind="stable").itertuples():
        column = f"score:{state.run}"
        words = "untrained" if state.training_tokens == 0 else f"{formats.tokens(state.training_tokens)} tokens"
        labels[column] = f"▸ {words} (this run)" if state.is_this else words
        data[column] = [text.get((state.run_id, *key)) for key in keys]
        runs[column] = [str(state.run) if (state.run_id, *key) in text else "" for key in keys]
    return pd.DataFrame(data), Traces([model] * len(keys), runs, {}), labels


def _result_keys(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(zip(rows["task"], rows["prompt"], rows["metric"], rows["filter"], strict=True))


def _series_rows(rows: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "model", "run", "training_tokens", "revision", "task", "prompt", "metric", "filter", "score", "stderr", "ci_low", "ci_high",
        "n_samples", "n_correct", "n_shot", "task_version",
    ]  # fmt: skip
    return rows[columns]
