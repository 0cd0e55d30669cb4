"""The ladder of one base as the page shows it: the sentence, the figure, the table and where its cells come from."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import side_by_side, variants
from lib.analysis.side_by_side_words import short
from lib.analysis.variant_ladder import DEPENDS, FEWER_BITS, NO_EVIDENCE, OWN_UNIT, Ladder
from lib.figures import variant_ladder as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.views import scores
from lib.ui.views.variant_steps import StepTraces, difference

LABELS = {"what": "Step", "made": "How it was made", "memory": "Weights in memory", "score:delta": "Points, mean", "shown": "What is shown", "evidence": "Evidence"}  # fmt: skip
MADE = {
    side_by_side.BETTER: "shown better on average",
    side_by_side.WORSE: "shown worse on average",
    DEPENDS: "the answer depends on the benchmark",
    side_by_side.NOT_SHOWN: "no difference is shown",
    side_by_side.NO_INTERVAL: "without an interval",
    NO_EVIDENCE: "without quality evidence",
}
SAME = 0.02
"""Weights that differ by less are called the same: models made of a base are often counted in other ways."""


class Drawn(NamedTuple):
    """The figure with its words; None where only the base stands on the ladder."""

    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str


def labels(ladder: Ladder) -> list[str]:
    """A name for each rung, each once."""
    names = [str(one) for one in ladder.rungs["name"]]
    keys = [str(one) for one in ladder.rungs["rung"]]
    return [name if names.count(name) == 1 else f"{name} ({key})" for name, key in zip(names, keys, strict=True)]


def drawn(frames: Frames, ladder: Ladder, name: str) -> Drawn:
    """The figure of a ladder."""
    rungs, told = ladder.rungs, labels(ladder)
    if len(rungs) < 2:
        return Drawn(None, [], "", "")
    steps = rungs[["model", "weights", "is_at_least", "delta", "delta_low", "delta_high"]].assign(
        step=told, is_base=rungs["made"] == variants.BASE, said=rungs["verdict"]
    )
    of = dict(zip(rungs["rung"], told, strict=True))
    parts = ladder.parts[["delta", "delta_low", "delta_high", "verdict"]].assign(
        step=ladder.parts["rung"].map(of), what=[_what(frames, row) for row in ladder.parts.to_dict("records")]
    )
    silent = int((rungs["verdict"] == NO_EVIDENCE).sum())
    more = len(rungs) - figure.MOST_STEPS
    coverage = [f"{formats.counted(len(rungs) - 1, 'step')} from {short(name)}"]
    coverage += [f"{formats.count(silent)} without quality evidence"] if silent else []
    coverage += [f"the last {formats.count(more)} in the table only"] if more > 0 else []
    coverage.append("each held against the base alone, measured one way or printed in one table; ignores pairing")
    return Drawn(
        finished(figure.variant_ladder(steps, parts)),
        figure.legend(steps, parts),
        f"Memory of the weights of {name} and of what was made of it, and how far their scores lie from the base's.",
        " · ".join(coverage),
    )


def _what(frames: Frames, part: dict[object, object]) -> str:
    """A benchmark in words; printed ones carry what the table calls them."""
    metric = formats.one_line(part["metric"], 40)
    label = scores.label_of(frames, str(part["task"])) if not metric else str(part["task"])
    return f"{label}, {metric}" if metric else label


def table(ladder: Ladder) -> pd.DataFrame:
    """The ladder for the eye."""
    rows = []
    for name, row in zip(labels(ladder), ladder.rungs.to_dict("records"), strict=True):
        is_base = row["made"] == variants.BASE
        memory = _memory_words(row, is_base=is_base)
        made = "the base" if is_base else f"{FEWER_BITS}, {'printed' if ':' in row['rung'][:-1] else 'computed'}"
        made = made if is_base or row["made"] == FEWER_BITS else str(row["made"])
        told = "–" if is_base else str(row["verdict"])
        rows.append((name, made, memory, difference(row), told, _evidence(row, ladder.parts, is_base)))
    return pd.DataFrame(rows, columns=list(LABELS))


def _memory_words(row: dict[object, object], *, is_base: bool) -> str:
    """Memory, and how much less than the base's: ``4.9 GB, 69% less``."""
    weights, saved = formats.number(row["weights"]), formats.number(row["saved"])
    if weights is None:
        return "not known"
    words = f"{'at least ' if row['is_at_least'] else ''}{formats.plain(weights / 1e9)} GB"
    if is_base or saved is None or abs(saved) < SAME:
        return words
    less = formats.score(abs(saved), 0)
    return f"{words}, {'up to ' if row['is_at_least'] else ''}{less} {'less' if saved > 0 else 'more'}"


def _evidence(row: dict[object, object], parts: pd.DataFrame, is_base: bool) -> str:
    own = parts[(parts["rung"] == row["rung"]).to_numpy(bool)]
    if is_base or own.empty:
        return "the base itself" if is_base else "see below" if row["verdict"] == OWN_UNIT else "–"
    words = formats.counted(row["n"], "benchmark")
    words += ", printed in one table" if row["made"] == FEWER_BITS else ", measured one way"
    counts = {word: int((own["verdict"] == word).sum()) for word in (side_by_side.BETTER, side_by_side.WORSE)}
    if not sum(counts.values()) and own["delta_low"].isna().all():
        return words
    not_shown = len(own) - sum(counts.values())
    return f"{words}: better on {counts[side_by_side.BETTER]}, worse on {counts[side_by_side.WORSE]}, not shown on {not_shown}"


def traces(ladder: Ladder, evidence: dict[str, pd.DataFrame], source: str) -> StepTraces:
    """Sizes behind the memory; behind what is shown the runs of a step, or the table that prints fewer bits.

    Args:
        evidence: ``variants.step_evidence`` by model.
        source: Digest of the stored table of scores at fewer bits, '' without it.
    """
    base = str(ladder.rungs["model"].iloc[0])
    runs, bases, sources = [], [], []
    for row in ladder.rungs.to_dict("records"):
        is_step = row["made"] not in (variants.BASE, FEWER_BITS)
        found = evidence[str(row["model"])] if is_step else pd.DataFrame(columns=["run", "run_base"])
        runs.append(" ".join(dict.fromkeys([*found["run"].astype(str), *found["run_base"].astype(str)])))
        bases.append(base if is_step else "")
        is_printed = row["made"] == FEWER_BITS and row["verdict"] != NO_EVIDENCE
        sources.append(source[:12] if is_printed else "")
    of = dict.fromkeys(("evidence", "shown", "score:delta"), runs)
    return StepTraces([str(one) for one in ladder.rungs["model"]], of, {}, sources, bases)


def takeaway(ladder: Ladder, name: str) -> Sentence:
    """Memory at 4 bits, what fewer bits are shown to cost, and what is known of the models made of the base."""
    return sentence(*_memory(ladder, name), *_bits(ladder), *_made(ladder))


def _memory(ladder: Ladder, name: str) -> list[str | Span]:
    rungs = ladder.rungs
    four = rungs[((rungs["bits"] == 4) & ~rungs["is_at_least"].astype(bool)).to_numpy(bool)]
    if not formats.known(rungs["weights"].iloc[0]) or four.empty:
        return [f"The size of {short(name)} is not disclosed, so its memory is not known. "]
    small, large = (
        f"{formats.plain(float(one) / 1e9)} GB" for one in (four["weights"].iloc[0], rungs["weights"].iloc[0])
    )
    saved = formats.score(four["saved"].iloc[0], 0)
    return [f"At 4 bits the weights of {short(name)} take ", Span(small, "small"), " instead of ", Span(large, "large"), f", {saved} less. "]  # fmt: skip


def _bits(ladder: Ladder) -> list[str | Span]:
    rungs = ladder.rungs[(ladder.rungs["made"] == FEWER_BITS).to_numpy(bool)]
    known = rungs[rungs["delta"].notna()]
    if known.empty:
        if (rungs["verdict"] == OWN_UNIT).any():
            return ["What fewer bits cost in quality is printed in the metric's own unit only, without an interval. "]
        return ["What fewer bits cost in quality nobody has measured here: there is no quality evidence. "]
    ordered = known.sort_values("delta", ascending=False, kind="stable")
    best, worst = ordered.iloc[0], ordered.iloc[-1]

    def words(row: pd.Series) -> list[str | Span]:
        return [Span(formats.points(row["delta"]), "strong"), f" ({row['name']})"]

    told: list[str | Span] = ["In print, the mean score changes by ", *words(best)]
    told += [" to ", *words(worst)] if len(known) > 1 else []
    shown = int(known["verdict"].isin([side_by_side.BETTER, side_by_side.WORSE]).sum())
    if known["delta_low"].isna().all():
        return [*told, "; without an interval, so none of it is shown. "]
    if not shown:
        return [*told, "; none of it is shown. "]
    return [*told, f"; {formats.count(shown)} of {formats.counted(len(known), 'such change')} shown. "]


def _made(ladder: Ladder) -> list[str | Span]:
    rungs = ladder.rungs[~ladder.rungs["made"].isin([variants.BASE, FEWER_BITS]).to_numpy(bool)]
    if rungs.empty:
        return []
    counts = rungs["verdict"].value_counts()
    told = []
    for key, words in MADE.items():
        if n := int(counts.get(key, 0)):
            told.append(f"for {n} {words}" if key in (DEPENDS, side_by_side.NOT_SHOWN) else f"{n} {words}")
    return ["Of ", Span(formats.counted(len(rungs), "model"), "strong"), f" made of it: {'; '.join(told)}."]
