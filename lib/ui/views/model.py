"""The head of a model's page: what is known of it in a sentence, its relatives, its place on the plane of training."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import model_words, optimal_lines, plane, plane_labels, renown, sizes
from lib.analysis.sizes import SizeBy
from lib.figures import parameters_tokens as plane_figure
from lib.figures.legend import Legend, Mark
from lib.schema.columns import COLUMNS, SIZES
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.views import model_results

NEAR_NAMES = 5
RELATIVES_SHOWN = 8
OTHERS_NAMED = 10
"""Names beside its own on the plane: enough to find one's way, few enough to be quick."""


class Relatives(NamedTuple):
    """Models that one is made from, or that are made from it: (words, [(id, name)], how many more there are)."""

    words: str
    models: list[tuple[str, str]]
    n_more: int


class HeadView(NamedTuple):
    """The head of the page; ``figure`` is None where the plane has no place for the model."""

    name: str
    takeaway: Sentence
    relatives: list[Relatives]
    place: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str


def near_names(frames: Frames, asked: str) -> list[tuple[str, str]]:
    """Models whose id or name is spelled nearly like what was asked for: (id, name), nearest first."""
    models = frames.models
    of_id = {str(model).casefold(): str(model) for model in models.index}
    of_name = {str(name).casefold(): str(model) for model, name in models["name"].items()}
    spelled = {**of_name, **of_id}
    near = difflib.get_close_matches(asked[:120].casefold(), list(spelled), n=3 * NEAR_NAMES, cutoff=0.6)
    found = list(dict.fromkeys(spelled[one] for one in near))[:NEAR_NAMES]
    return [(model, str(models["name"][model])) for model in found]


def hub_name(frames: Frames, *, model: str) -> str:
    """Its name on the Hub, from where its weights can be had; '' where none is known."""
    name = frames.models.at[model, "hf_id"]
    return name if isinstance(name, str) else ""


def head_view(frames: Frames, *, model: str, by: SizeBy) -> HeadView:
    """Everything above the scores of one model."""
    models, runs = frames.models, frames.runs
    row = models.loc[[model]].iloc[0]
    name = str(row["name"])
    place = plane.plane(
        models.loc[[model]],
        by=by,
        laws=frames.reference("loss_law_parameters"),
        draws=frames.reference("refit_bootstrap_draws"),
    )
    scores = model_results.scores_of_model(frames, model).rows
    is_own = (runs["model"] == model).to_numpy(bool)
    n_checkpoints = int(runs["is_checkpoint"].to_numpy(bool)[is_own].sum())
    takeaway = model_words.known(
        row, place, scores, n_runs=int(is_own.sum()) - n_checkpoints, n_checkpoints=n_checkpoints
    )
    figure, legend, coverage = None, Legend(), ""
    if len(place.points):
        figure, legend, coverage = _figure(frames, place.points, model, name, by)
    return HeadView(
        name,
        takeaway,
        _relatives(models, model, row),
        model_words.against_optimal(place),
        figure,
        legend,
        f"Parameters against training tokens: {name} among the others, with the compute-optimal line and its band.",
        coverage,
    )


def _relatives(models: pd.DataFrame, model: str, row: pd.Series) -> list[Relatives]:
    told = []
    for column, words in (
        ("finetuned_from", "Made from"),
        ("variant_of", "Same weights as"),
        ("tokens_inherited_from", "Training tokens are those of"),
    ):
        other = row[column]
        if pd.notna(other) and other:
            known = str(other) in models.index
            told.append(Relatives(words, [(str(other) if known else "", _name(models, str(other)))], 0))
    for column, words in (("finetuned_from", "Models made from it"), ("variant_of", "Variants of it")):
        children = models[(models[column] == model).fillna(False).to_numpy(bool)].sort_values("name", kind="stable")
        shown = [(str(one), str(name)) for one, name in children["name"].head(RELATIVES_SHOWN).items()]
        if shown:
            told.append(Relatives(words, shown, len(children) - len(shown)))
    return told


def _name(models: pd.DataFrame, model: str) -> str:
    return str(models["name"][model]) if model in models.index else model


@lru_cache(maxsize=4)
def _others(frames: Frames, by: SizeBy) -> pd.DataFrame:
    """The points of the catalogue's models with their labels; kept for the pages of other models. Read-only."""
    shown = sizes.keep(sizes.with_size(frames.models, by)).models
    points = plane.plane(shown, by=by).points
    return plane_labels.labelled(points, OTHERS_NAMED, renown.places_measured(frames.runs))


@lru_cache(maxsize=2)
def _behind(frames: Frames) -> optimal_lines.Lines:
    """The lines and the band, the same on the page of every model. Read-only."""
    return optimal_lines.optimal_lines(
        frames.reference("loss_law_parameters"),
        frames.reference("allocation_laws"),
        frames.reference("refit_bootstrap_draws"),
    )


def _figure(frames: Frames, point: pd.DataFrame, model: str, name: str, by: SizeBy) -> tuple[go.Figure, Legend, str]:
    others = _others(frames, by)
    others = others[(others["model"] != model).to_numpy(bool)]
    label = formats.one_line(name, plane_labels.MOST_CHARACTERS)
    # Its own name is placed first, whatever it pushes away.
    points = pd.concat([point.assign(label=label), others], ignore_index=True)
    behind = _behind(frames)
    lines = behind.lines[(behind.lines["law"] == plane.DEFAULT_LAW).to_numpy(bool)]
    figure = plane_figure.parameters_tokens(
        points, lines, behind.band, behind.compute_lines, size_label=COLUMNS[SIZES[by]].axis, highlight=model
    )
    shape = "diamond" if bool(np.asarray(point["is_moe"])[0]) else "circle"
    legend: Legend = [
        (Mark(shape, "ink"), f"{name}, the large mark"),
        (Mark("circle", "undisclosed"), "other models"),
    ]
    legend += [(Mark("line", "good"), "compute-optimal, with its 80% band")] if len(lines) else []
    legend.append((Mark("line", "undisclosed"), "equal training compute"))
    coverage = f"{formats.counted(len(points), 'model')} with published size and tokens"
    return finished(figure), legend, coverage
