"""The list of all benchmarks, and what an address that names none may have meant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.protocols import identities_per_benchmark
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.store.frames_tasks import place_of
from lib.ui.views import search

MOST_MEASURED = 8
MOST_LIKE = 6


class IndexView(NamedTuple):
    """Benchmarks to choose from.

    Args:
        table: benchmark (label), category, n_samples, chance, n_models, n_results, protocols; most models first.
        names: Of the rows.
        best_known: Name and label of those with most models, for links.
        n_hidden: Parts of benchmarks and empty ones, which only a search shows.
    """

    takeaway: Sentence
    table: pd.DataFrame
    names: tuple[str, ...]
    best_known: tuple[tuple[str, str], ...]
    n_hidden: int


def index_view(frames: Frames, *, words: str) -> IndexView:
    """Benchmarks whose names hold the words; without words those with results that are no part of another."""
    known = frames.benchmarks
    is_listed = ((known["part_of"].fillna("") == "") & (known["n_results"] > 0)).to_numpy(bool)
    if words:
        hits = search.find(search.index(frames), words, len(known)).benchmarks
        shown = known.loc[[name for name in hits["id"] if name in known.index]]
    else:
        shown = known[is_listed].sort_values(["n_models", "n_results"], ascending=False, kind="stable")
    n_protocols = identities_per_benchmark(frames.scores(shown.index), frames.models)
    table = pd.DataFrame(
        {
            "benchmark": shown["label"].astype(str).to_numpy(),
            "category": shown["category"].astype(object).where(shown["category"].notna(), "").to_numpy(),
            "n_samples": shown["n_items"].to_numpy(float),
            "chance": shown["random_baseline"].to_numpy(float),
            "n_models": shown["n_models"].to_numpy(int),
            "n_results": shown["n_results"].to_numpy(int),
            "n_protocols": n_protocols.reindex(shown.index, fill_value=0).to_numpy(int),
        }
    )
    best = known[is_listed].sort_values("n_models", ascending=False, kind="stable")[:MOST_MEASURED]
    told = sentence(
        Span(formats.counted(int(is_listed.sum()), "benchmark"), "strong"),
        f" with results, and {formats.count(int((known['part_of'].fillna('') != '').sum()))} parts of them: subjects, languages, editions. ",
        f"{best['label'].iloc[0]} has scores of most models ({formats.count(best['n_models'].iloc[0])})."
        if len(best)
        else "",
    )
    return IndexView(
        told,
        table,
        tuple(str(name) for name in shown.index),
        tuple((str(name), str(label)) for name, label in best["label"].items()),
        0 if words else int(np.size(is_listed) - is_listed.sum()),
    )


def meant(frames: Frames, *, name: str) -> tuple[tuple[str, str], ...]:
    """Benchmarks that a name which is none may have meant: another name of one, or names with its words."""
    labels = frames.benchmarks["label"]
    place = place_of(frames, name)
    hits = search.find(search.index(frames), name, MOST_LIKE).benchmarks
    found = dict.fromkeys([*([place] if place in labels.index else []), *(str(one) for one in hits["id"])])
    return tuple((one, str(labels[one])) for one in found if one in labels.index)[:MOST_LIKE]
