"""Finding models, benchmarks and runs by words of their names. No Streamlit inside."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from lib.analysis.labels import evaluator_label
from lib.store.frames import Frames

LONGEST = 80
_PARTING = re.compile(r"[-_./\s]+")


class Index(NamedTuple):
    """What can be found: for each kind one row per thing, columns id, label, text (small letters, what is searched),
    weight (more known things first) and note."""

    models: pd.DataFrame
    benchmarks: pd.DataFrame
    runs: pd.DataFrame


class Hits(NamedTuple):
    """What fits, best first; ``n`` counts all of each kind, the frames hold the first of them."""

    models: pd.DataFrame
    benchmarks: pd.DataFrame
    runs: pd.DataFrame
    n: tuple[int, int, int]

    @property
    def n_all(self) -> int:
        return sum(self.n)


def index(frames: Frames) -> Index:
    """Everything that can be found in this revision."""
    models, benchmarks, runs = frames.models, frames.benchmarks, frames.runs
    n_runs = runs["model"].value_counts()
    hub = models["hf_id"].astype(object).where(models["hf_id"].notna(), "")
    of_models = pd.DataFrame(
        {
            "id": models.index.astype(str),
            "label": models["name"].astype(str).to_numpy(),
            "weight": n_runs.reindex(models.index, fill_value=0).to_numpy(float)
            + 1e6 * (models["origin"] != "community").to_numpy(),
            "note": models["developer"].astype(object).where(models["developer"].notna(), "").to_numpy(),
        }
    )
    of_models["text"] = _searched(of_models["label"], of_models["id"], hub)
    of_benchmarks = pd.DataFrame(
        {
            "id": benchmarks.index.astype(str),
            "label": benchmarks["label"].astype(str).to_numpy(),
            "weight": benchmarks["n_models"].to_numpy(float),
            "note": benchmarks["category"].astype(object).where(benchmarks["category"].notna(), "").to_numpy(),
        }
    )
    of_benchmarks["text"] = _searched(of_benchmarks["label"], of_benchmarks["id"])
    # A file's name alone, for a search by what lies on the reader's disk; its folder follows.
    spelled = runs["model_name"].astype(object).where(runs["model_name"].notna(), "")
    source = runs["source"].astype(object).where(runs["source"].notna(), "").astype(str)
    file = source.str.rsplit("/", n=1).str[-1]
    of_runs = pd.DataFrame(
        {
            "id": runs["run"].astype(str).to_numpy(),
            "label": np.array(_run_labels(frames), dtype=object),
            "weight": np.arange(len(runs), dtype=float),
            "note": file.to_numpy(),
        }
    )
    of_runs["text"] = _searched(file, of_runs["id"], spelled, source)
    return Index(of_models, of_benchmarks, of_runs)


def _run_labels(frames: Frames) -> list[str]:
    """What tells a run from the others of its file: whose it is, who evaluated it or printed it, and when."""
    runs = frames.runs
    names = runs["model"].map(frames.models["name"])
    names = names.where(names.notna(), runs["model_name"]).astype(object).where(lambda one: one.notna(), "no name")
    fields = ["evaluator", "document", "chat_template", "evaluator_version"]
    rows = cast("list[dict[str, Any]]", runs[fields].astype(object).to_dict("records"))
    # The date of a collection of printed numbers says nothing of any of them.
    published = runs["source_date"].astype(object).where(runs["document"].isna(), "")
    days = runs["evaluated_on"].astype(object).where(runs["evaluated_on"].notna(), published)
    parts = zip(names, map(evaluator_label, rows), days, strict=True)
    return [" · ".join(str(one) for one in told if one is not None and one == one and one != "") for told in parts]


def find(where: Index, words: str, most: int) -> Hits:
    """Things whose names hold every word, at most so many of each kind.

    First those whose name is the search, then those that begin with it, then those with a word that begins with it;
    within one rank the more known (more runs, more models, catalogue before community), then the shorter name.
    """
    wanted = _plain(words[:LONGEST]).split()
    if not wanted:
        return Hits(where.models[:0], where.benchmarks[:0], where.runs[:0], (0, 0, 0))
    found = [_matching(frame, wanted) for frame in where]
    models, benchmarks, runs = (frame[:most] for frame in found)
    return Hits(models, benchmarks, runs, (len(found[0]), len(found[1]), len(found[2])))


def _searched(*columns: pd.Series) -> pd.Series:
    parts = (column.astype(str).to_numpy() for column in columns)
    texts = ["\n".join(map(_plain, names)) for names in zip(*parts, strict=True)]
    # As Python's own text, which is searched and walked through at each search; of an empty list pandas would make numbers.
    return pd.Series(texts, dtype=object)


def _plain(text: str) -> str:
    """Small letters, and one blank for what people write now with a dash and now without: ``llama-2`` is ``llama 2``."""
    return " ".join(_PARTING.sub(" ", text.casefold()).split())


def _matching(frame: pd.DataFrame, wanted: list[str]) -> pd.DataFrame:
    fits = [place for place, text in enumerate(frame["text"]) if all(word in text for word in wanted)]
    kept = frame.iloc[fits]
    whole = " ".join(wanted)
    rank = [_rank(text.split("\n"), whole) for text in kept["text"]]
    order = np.lexsort((kept["label"].str.len().to_numpy(), -kept["weight"].to_numpy(float), np.array(rank, float)))
    return kept.iloc[order].reset_index(drop=True)


def _rank(names: list[str], whole: str) -> int:
    if whole in names:
        return 0
    if any(f"{name} ".startswith(f"{whole} ") for name in names):
        return 1
    return 2 if any(f" {whole}" in f" {name}" for name in names) else 3
