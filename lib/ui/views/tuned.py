"""Tuned models against the base models they were made from, across the catalogue: the figure, its table, the sentence."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import panel, tuned
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy
from lib.figures import tuned_vs_base as figure
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.views import scores
from lib.ui.views.variant_steps import StepTraces, difference

PAIRS = {"base_name": "Made from", "score:delta": "Points against its base", "said": "Verdict, 5% false discoveries"}


class TunedView(NamedTuple):
    """Tuned against base models across the catalogue; ``figure`` is None where no pair has scores."""

    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    traces: StepTraces
    rows: pd.DataFrame
    left_out: dict[str, int]


def tuned_view(frames: Frames, *, chosen_set: str, protocol: str, by: SizeBy, threshold: float) -> TunedView:
    """Every tuned model against its own base, and whether small tuned models catch large base ones."""
    choice = scores.choice(frames, scores.members(chosen_set), protocol)
    nothing = pd.DataFrame(columns=list(tuned.PAIR_COLUMNS))
    size = frames.models[SIZE_COLUMNS[by]].astype(float)
    is_on = choice.key is not None and len(choice.measured.rows)
    complete = panel.complete(choice.measured.rows, choice.measured.benchmarks) if is_on else None
    means = panel.mean(complete) if complete is not None and len(complete.rows) else pd.DataFrame()
    found = tuned.pairs(means, frames.models, size) if len(means) else nothing
    names = frames.models["name"]
    label = f"mean of {len(choice.measured.benchmarks)} benchmarks" if len(choice.measured.benchmarks) > 1 else scores.label_of(frames, scores.members(chosen_set)[0])  # fmt: skip
    drawn = pd.DataFrame(
        {
            "model": found["model"].to_numpy(object),
            "name": [str(names[one]) for one in found["model"]],
            "base_name": [str(names[one]) for one in found["base"]],
            **{column: found[column].to_numpy(float) for column in ("size", "delta", "delta_low", "delta_high")},
            "verdict": found["verdict"].to_numpy(object),
        }
    )
    table = drawn[["name", "base_name"]].copy()
    table[SIZE_COLUMNS[by]] = drawn["size"]
    table["score:delta"] = [difference(row) for row in found.to_dict("records")]
    table["said"] = drawn["verdict"]
    runs = choice.measured.rows.groupby("model")["run"].agg(lambda own: " ".join(dict.fromkeys(own))) if len(found) else pd.Series(dtype=object)  # fmt: skip
    both = [f"{runs[a]} {runs[b]}" for a, b in zip(found["model"], found["base"], strict=True)]
    one = choice.measured.benchmarks[0] if len(choice.measured.benchmarks) == 1 else ""
    models = [str(model) for model in found["model"]]
    traces = StepTraces(models, {"score:delta": both, "said": both}, {"score:delta": one, "said": one}, (), [str(base) for base in found["base"]])  # fmt: skip
    has_any = len(drawn) and bool((drawn["size"] > 0).any())
    n_tuned = int(frames.models["finetuned_from"].isin(frames.models.index).sum())
    cautions = f" · with caution: {'; '.join(choice.cautions)}" if choice.cautions else ""
    return TunedView(
        _catching(found, tuned.catch_up(means, frames.models, size, threshold) if len(means) else None, label, threshold),
        finished(figure.tuned_vs_base(drawn, score_label=label, size_label=COLUMNS[SIZE_COLUMNS[by]].axis)) if has_any else None,
        figure.legend(drawn) if has_any else [],
        f"Tuned minus base, {label}, of {formats.counted(len(drawn), 'pair')} against size, with 95% intervals.",
        f"{formats.counted(len(drawn), 'pair')} · {choice.label} · ignores pairing{cautions}",
        table,
        traces,
        found.assign(protocol=choice.label),
        {"tuned models that lack a score this way, or whose base does": n_tuned - len(found)},
    )  # fmt: skip


def _catching(found: pd.DataFrame, caught: tuned.CatchUp | None, label: str, threshold: float) -> Sentence:
    if caught is None or found.empty:
        return sentence("No tuned model and its base have been measured one way on these benchmarks.")
    better, worse = (int((found["verdict"] == word).sum()) for word in (tuned.BETTER, tuned.WORSE))
    first = sentence(
        "By the " if label.startswith("mean") else "On ",
        f"{label}, ",
        Span(f"{better} of {len(found)}", "strong"),
        f" tuned models are shown better than the base they were made from and {worse} worse; for the others no difference is shown. ",
    )  # fmt: skip
    if not caught.n_tests:
        return first
    limit = formats.parameters(threshold)
    return first + sentence(
        Span(f"{caught.tuned_above} of {caught.n_tuned} tuned models up to {limit}", "small"),
        " are shown to score above at least one of ",
        Span(f"{formats.counted(caught.n_large, 'larger base model')}", "large"),
        f" of twice their size or more; of the small base models {caught.base_above} of {caught.n_base}. "
        f"{formats.count(caught.n_tests)} comparisons at 5% false discoveries.",
    )
