"""The page that compares a few models: everything shown of those that are chosen."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import fits, origins, panel, score_dates, side_by_side, side_by_side_words
from lib.analysis.fits import Bits
from lib.figures import side_by_side as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.traces import Traces
from lib.ui.views import scores
from lib.ui.views import side_by_side_choice as choice
from lib.ui.views.side_by_side_tables import CellTable, facts_table, runs_text, scores_table


class SideView(NamedTuple):
    """The page's parts. ``figure`` is None when none of the models has a score there.

    ``bases`` says which are base models, plain text; ``tuned`` are ids and names of their tuned variants.
    """

    question: str
    takeaway: Sentence
    bases: str
    tuned: tuple[tuple[str, str], ...]
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    lacking: str
    marks: Traces
    facts: CellTable
    scores: CellTable
    family: str
    rows: pd.DataFrame
    left_out: dict[str, int]


def address(models: list[str]) -> dict[str, list[str]]:
    """What goes into the address of this page to put these models side by side."""
    return {"models": list(models[: choice.MOST])}


def side_by_side_view(
    frames: Frames,
    *,
    models: tuple[str, ...],
    chosen_set: str,
    measured: str,
    against: str,
    bits: Bits,
    context: int,
) -> SideView:
    """The chosen models: facts, scores under one protocol, and which differences from ``against`` are shown."""
    facts = frames.models.loc[list(models)]
    names = {str(model): str(name) for model, name in facts["name"].items()}
    reference = against if against in names else models[0]
    stands = choice.standing(frames, models, chosen_set, measured)
    benchmarks = stands.measured.benchmarks
    rows = stands.measured.rows
    found = side_by_side.differences(rows, models, benchmarks, reference)
    drawn = _drawn(frames, rows, models, benchmarks, names, found, reference)
    need = fits.needs(facts, frames.reference("model_arch"), bits, context)
    is_drawn = bool(len(rows))
    figure_rows = drawn.drop(columns=["key", "run"])
    mean = panel.mean(panel.complete(rows, benchmarks)) if is_drawn else pd.DataFrame()
    n_tests = int(found["p"].notna().sum())
    family = (
        f"Marked after Holm's correction over {formats.counted(n_tests, 'comparison')}: every other model against "
        f"{names[reference]}, on every benchmark shown. The more is compared at once, the more a difference must show: a "
        "verdict can change when a model or a benchmark is added. Pairing is ignored."
        if n_tests
        else ""
    )
    return SideView(
        side_by_side_words.question([names[one] for one in models]),
        side_by_side_words.takeaway(found, reference, names, len(benchmarks)),
        side_by_side_words.bases([names[one] for one in models if facts.at[one, "kind"] == "base"]),
        _tuned(frames, models),
        finished(figure.side_by_side(figure_rows)) if is_drawn else None,
        figure.legend(figure_rows) if is_drawn else [],
        f"Scores of {', '.join(names.values())} on {formats.counted(len(benchmarks), 'benchmark')}, with 95% intervals.",
        _coverage(frames, stands, rows, models),
        side_by_side_words.lacking(rows, models, benchmarks, names, _labels(frames, benchmarks)),
        Traces([str(one) for one in drawn["model"]], {"interval": runs_text(drawn["run"])}),
        facts_table(frames, models, need, context),
        scores_table(frames, rows, found, mean, models, benchmarks, reference),
        family,
        _rows(frames, rows, found, facts, need, reference, stands.label),
        _left_out(stands, rows, models),
    )


def _drawn(
    frames: Frames,
    rows: pd.DataFrame,
    models: tuple[str, ...],
    benchmarks: tuple[str, ...],
    names: dict[str, str],
    found: pd.DataFrame,
    reference: str,
) -> pd.DataFrame:
    """Rows of the figure: every benchmark with every model that has a score anywhere, and ``key`` and ``run``."""
    there = [model for model in models if (rows["model"] == model).any()]
    pairs = pd.MultiIndex.from_product([benchmarks, there], names=["key", "model"])
    at = rows.set_index(["benchmark", "model"]).reindex(pairs)
    words = {}
    for row in found.to_dict("records"):
        told = f"{formats.points(row['delta'])} against {names[reference]}, {row['verdict']!s}"
        words[row["benchmark"], row["model"]] = told if row["verdict"] else ""
    labels = _labels(frames, benchmarks)
    chance = frames.benchmarks["random_baseline"].reindex(pd.Index(benchmarks)).astype(float)
    return pd.DataFrame(
        {
            "model": pairs.get_level_values("model").to_numpy(object),
            "name": [names[str(model)] for _, model in pairs],
            "benchmark": [labels[str(key)] for key, _ in pairs],
            "score": at["score"].to_numpy(float),
            "ci_low": at["ci_low"].to_numpy(float),
            "ci_high": at["ci_high"].to_numpy(float),
            "chance": [float(chance[key]) for key, _ in pairs],
            "against": [words.get((key, model), "") for key, model in pairs],
            "key": pairs.get_level_values("key").to_numpy(object),
            "run": at["run"].astype(object).to_numpy(),
        }
    )


def _labels(frames: Frames, benchmarks: tuple[str, ...]) -> dict[str, str]:
    """What people call the benchmarks; the name beside it where two are called the same."""
    labels = {one: scores.label_of(frames, one) for one in benchmarks}
    said = list(labels.values())
    return {one: label if said.count(label) == 1 else f"{label} ({one})" for one, label in labels.items()}


def _tuned(frames: Frames, models: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Id and name of a tuned variant of each base model: of the same developer where there is one, the newest."""
    known = frames.models
    variants = known[(known["kind"] == "chat").to_numpy(bool) & (known["origin"] != "community").to_numpy(bool)]
    found = []
    for model in models:
        own = variants[(variants["finetuned_from"] == model).to_numpy(bool)]
        if known.at[model, "kind"] != "base" or own.empty or own.index.isin(models).any():
            continue
        own = own.assign(is_same=own["developer"] == known.at[model, "developer"])
        best = own.sort_values(["is_same", "released_on"], ascending=False, kind="stable").iloc[0]
        found.append((str(best.name), str(best["name"])))
    return tuple(found)


def _coverage(frames: Frames, stands: choice.Standing, rows: pd.DataFrame, models: tuple[str, ...]) -> str:
    if stands.key is None:
        return "None of these models has a score on these benchmarks."
    n = len(models) * len(stands.measured.benchmarks)
    parts = [f"{formats.counted(len(models), 'model')}, measured one way: {stands.label}"]
    if missing := n - len(rows):
        # Another choice of protocol may hold them all; that is worth saying.
        has_all = bool((stands.stand["n_complete"] == len(models)).any())
        told = "missing this way" if has_all else "missing, and no one way of measuring has them all"
        parts.append(f"{formats.count(missing)} of {formats.counted(n, 'score')} {told}")
    if dates := score_dates.in_words(rows["run"], frames.runs):
        parts.append(dates)
    cautions = tuple(stands.grouping.protocols["cautions"][stands.key])
    parts += [f"with caution: {'; '.join(cautions)}"] if cautions else []
    return " · ".join(parts)


def _left_out(stands: choice.Standing, rows: pd.DataFrame, models: tuple[str, ...]) -> dict[str, int]:
    counts = {}
    benchmarks = stands.measured.benchmarks
    if len(benchmarks) > figure.MOST_BENCHMARKS:
        counts["benchmarks in the tables only"] = len(benchmarks) - figure.MOST_BENCHMARKS
    gaps = len(models) * len(benchmarks) - len(rows)
    if gaps:
        counts["scores that some of the models lack under this protocol"] = gaps
    others = len(stands.stand) - 1
    if others > 0:
        counts["other protocols of these benchmarks, each chosen above and never mixed in"] = others
    return counts


def _rows(
    frames: Frames,
    rows: pd.DataFrame,
    found: pd.DataFrame,
    facts: pd.DataFrame,
    need: pd.DataFrame,
    reference: str,
    label: str,
) -> pd.DataFrame:
    """For a reader to take home: one row per model and benchmark, with difference, origin, sizes and memory."""
    columns = ["model", "benchmark", "metric", "n_shot", "score", "stderr", "ci_low", "ci_high", "ci_method", "n_samples", "n_correct", "cautions"]  # fmt: skip
    parts = [
        origins.with_origin(rows.loc[own.index, columns].reset_index(drop=True), own[["model", "run_id"]], frames.runs, label)
        for _, own in rows.groupby("benchmark", sort=False)
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    table = table.merge(found, on=["model", "benchmark"], how="left")
    table["against"] = reference
    at = table["model"]
    table.insert(1, "name", at.map(facts["name"]))
    for column in ("params_total", "params_active", "training_tokens", "context_length", "licence"):
        table[column] = at.map(facts[column])
    table["memory_bytes"] = at.map(need["total"])
    table["memory_is_lower_bound"] = at.map(need["is_lower_bound"])
    return table
