"""The page of variants: what was made of one base, and tuned against base models everywhere. No Streamlit inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import panel, side_by_side, tuned, variants
from lib.analysis.side_by_side_words import short
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy
from lib.figures import tuned_vs_base as figure
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.traces import Trace, Traces
from lib.ui.views import scores

NO_EVIDENCE = "no quality evidence"
FAVOURITE = "llama-3.1-8b"
LADDER = {"what": "Step", "made": "How it was made", "memory": "Weights in memory", "saved": "Memory saved", "evidence": "Evidence", "shown": "What is shown"}  # fmt: skip
STEPS = {"name": "Model", "benchmark_label": "Benchmark", "score:delta": "Points against the base", "said": "Verdict", "protocol_label": "Measured by"}  # fmt: skip
BITS = {"bits": "Bits", "precision": "As written", "task": "Task", "score:value": "Score", "score:value_16": "At 16 bits", "score:delta": "Points against 16 bits", "remark": "Remarks", "member": "Printed in"}  # fmt: skip
PAIRS = {"base_name": "Made from", "score:delta": "Points against its base", "said": "Verdict, 5% false discoveries"}


@dataclass(frozen=True)
class StepTraces(Traces):
    """Traces of differences between each row's model and its own base.

    Args:
        bases: Id of the base of each row.
    """

    bases: list[str] = field(default_factory=list)

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None for a row that is not there."""
        found = super().at(row, column)
        if found is None:
            return None
        if column == "base_name":
            return Trace(self.bases[row])
        if column in ("memory", "saved"):
            return found._replace(fields=("params_total",))
        return found._replace(against=self.bases[row]) if found.runs else found


class LineageView(NamedTuple):
    """One base with what was made of it: a ladder, evidence of steps and of fewer bits, commands for what is missing."""

    base: str
    question: str
    takeaway: Sentence
    parent: tuple[str, str]
    ladder: pd.DataFrame
    ladder_traces: StepTraces
    steps: pd.DataFrame
    steps_traces: StepTraces
    bits: pd.DataFrame
    commands: list[str]
    rows: pd.DataFrame


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


def bases(frames: Frames) -> dict[str, str]:
    """Models of which something was made, or whose bits were varied in print, by name: id to name."""
    models = frames.models
    stated = (models[column].dropna().astype(str) for column in ("variant_of", "finetuned_from"))
    wanted = {one for column in stated for one in column if one in models.index}
    table = frames.reference("quantised")
    printed = {str(one).casefold() for one in table["base_model"].unique()} if len(table) else set()
    wanted |= {str(model) for model in models.index[models["origin"] != "community"] if printed & set(_spellings(models, str(model)))}  # fmt: skip
    named = {one: str(models.at[one, "name"]) for one in wanted}
    return dict(sorted(named.items(), key=lambda item: (item[1].casefold(), item[0])))


def suggested(frames: Frames) -> str:
    """The base to begin with: the favourite, else the one with most variants."""
    options = bases(frames)
    if FAVOURITE in options or not options:
        return FAVOURITE if options else ""
    counts = frames.models["finetuned_from"].value_counts()
    return max(options, key=lambda one: (int(counts.get(one, 0)), one))


def lineage_view(frames: Frames, *, base: str) -> LineageView:
    """The ladder of one base."""
    models = frames.models
    name = str(models.at[base, "name"])
    steps = variants.lineage(models, base)
    printed = variants.bits_evidence(frames.reference("quantised"), _spellings(models, base))
    evidence = _evidence(frames, base, steps)
    ladder, n_known, n_steps = _ladder(frames, base, steps, printed, evidence)
    rungs = variants.rungs(_params(frames, base))
    hub = models.at[base, "hf_id"]
    hub = str(hub) if isinstance(hub, str) else ""
    missing = [bits for bits in (8, 4) if not (printed["bits"] == bits).any()]
    commands = [variants.command(hub, bits, LEADERBOARD_TASKS) for bits in missing if hub]
    silent = [str(one) for one in steps["model"].iloc[1:] if one not in evidence or evidence[one].empty]
    for model in silent[:3]:
        own = models.at[model, "hf_id"]
        if isinstance(own, str) and own:
            commands.append(variants.command(own, 16, LEADERBOARD_TASKS))
    parent = models.at[base, "finetuned_from"]
    known = isinstance(parent, str) and parent in models.index
    table, traces, rows = _steps_table(frames, base, evidence)
    return LineageView(
        base,
        f"What do smaller and tuned versions of {short(name)} change?",
        _takeaway(name, rungs, n_known, n_steps),
        (str(parent), str(models.at[parent, "name"])) if known else ("", ""),
        ladder,
        _ladder_traces(base, [str(one) for one in steps["model"].iloc[1:]], evidence, len(rungs)),
        table,
        traces,
        _bits_table(printed),
        commands,
        pd.concat([rows, printed.assign(model=base)], ignore_index=True),
    )


PRINTED_IN = "lm-eval-samples/quantised.csv"
"""The stored table of scores at fewer bits."""
LEADERBOARD_TASKS = ("leaderboard",)
"""The six benchmarks of the Open LLM Leaderboard v2, as lm-eval calls the group."""


def printed_bits(frames: Frames, model: str) -> pd.DataFrame:
    """Printed scores of a model at fewer bits against 16: ``lib.analysis.variants.bits_evidence``."""
    return variants.bits_evidence(frames.reference("quantised"), _spellings(frames.models, model))


def _spellings(models: pd.DataFrame, model: str) -> list[str]:
    """How a table may write the model, in small letters: id, name, name on the Hub."""
    hub, name = models.at[model, "hf_id"], str(models.at[model, "name"])
    known = [model, name, name.replace(" ", "-"), str(hub).split("/")[-1] if isinstance(hub, str) else ""]
    return list(dict.fromkeys(one.casefold() for one in known if one))


def _evidence(frames: Frames, base: str, steps: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Of each step, what both have measured one way."""
    runs = frames.runs
    is_done = ~runs["is_checkpoint"].astype(bool)
    found = {}
    for model in steps["model"].iloc[1:]:
        own = runs.index[runs["model"].isin([base, str(model)]).to_numpy(bool) & is_done.to_numpy(bool)]
        found[str(model)] = variants.step_evidence(frames.scores_of(own), base, str(model), frames.benchmarks)
    return found


def _ladder(
    frames: Frames, base: str, steps: pd.DataFrame, printed: pd.DataFrame, evidence: dict[str, pd.DataFrame]
) -> tuple[pd.DataFrame, int, int]:
    """The ladder for the eye, how many steps have evidence, and how many there are."""
    rungs = variants.rungs(_params(frames, base))
    rows = []
    n_known = 0
    for i, rung in enumerate(rungs.to_dict("records")):
        bits = int(rung["bits"])
        told = printed[(printed["bits"] == bits).to_numpy(bool)]
        evidence_words = "the base itself" if i == 0 else _bits_words(told)
        n_known += int(i > 0 and len(told) > 0)
        what = f"{steps['name'].iloc[0]} at {bits} bits"
        rows.append(
            (what, "the base" if i == 0 else "fewer bits, computed", _gb(rung["weights"]), _saved(rung["saved"], i), *_pair(evidence_words))
        )  # fmt: skip
    for step in steps.iloc[1:].to_dict("records"):
        size = _params(frames, str(step["model"]))
        weights = variants.rungs(size)["weights"].iloc[0]
        found = evidence.get(str(step["model"]))
        n_known += int(found is not None and len(found) > 0)
        made = str(step["step"]) + (f", step {step['depth']}" if step["depth"] > 1 else "")
        saved = 1 - weights / rungs["weights"].iloc[0]
        rows.append(
            (str(step["name"]), made, _gb(weights), "none" if abs(saved) < 0.02 else _saved(saved, 1), *_pair(_step_words(found)))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(LADDER)), n_known, len(rows) - 1


def _ladder_traces(base: str, steps: list[str], evidence: dict[str, pd.DataFrame], n_rungs: int) -> StepTraces:
    """Sizes behind the memory, and the runs behind what is shown of a step."""
    runs = [""] * n_rungs
    for step in steps:
        found = evidence[step]
        runs.append(" ".join(dict.fromkeys([*found["run"].astype(str), *found["run_base"].astype(str)])))
    of = dict.fromkeys(("evidence", "shown"), runs)
    return StepTraces([base] * n_rungs + steps, of, {}, (), [""] * n_rungs + [base] * len(steps))


def _params(frames: Frames, model: str) -> float:
    """Parameters of a model, NaN unknown."""
    known = formats.number(frames.models.at[model, "params_total"])
    return float("nan") if known is None else known


def _pair(words: str) -> tuple[str, str]:
    """Evidence and what it shows: two cells of one text."""
    first, _, rest = words.partition(": ")
    return first, rest or "–"


def _gb(weights: object) -> str:
    known = formats.number(weights)
    return "not known" if known is None else f"{formats.plain(known / 1e9)} GB"


def _saved(share: object, i: int) -> str:
    known = formats.number(share)
    return "–" if known is None or i == 0 else formats.score(known, 0)


def _bits_words(told: pd.DataFrame) -> str:
    if told.empty:
        return NO_EVIDENCE
    points = told[(told["remark"].astype(str) != variants.BETTER_LOW).to_numpy(bool)]
    where = formats.counted(len(told), "printed row")
    if points.empty:
        return f"{where}: in own units, see below"
    low, high = points["delta"].min(), points["delta"].max()
    sure = points[points["delta_low"].notna()]
    n_worse = int((sure["delta_high"] < 0).sum())
    words = f"{n_worse} of {len(sure)} with an interval wholly below 0" if len(sure) else "no interval, no verdict"
    return f"{where}: from {formats.points(low)} to {formats.points(high)}; {words}"


def _step_words(found: pd.DataFrame | None) -> str:
    if found is None or found.empty:
        return NO_EVIDENCE
    n = len(found)
    counts = {word: int((found["verdict"] == word).sum()) for word in (side_by_side.BETTER, side_by_side.WORSE)}
    silent = int((found["verdict"] == side_by_side.NO_INTERVAL).sum())
    parts = [f"better on {counts[side_by_side.BETTER]}, worse on {counts[side_by_side.WORSE]}"]
    not_shown = n - sum(counts.values()) - silent
    parts += [f"not shown on {not_shown}"] if not_shown else []
    parts += [f"no interval on {silent}"] if silent else []
    return f"{formats.counted(n, 'benchmark')} measured one way: shown {', '.join(parts)}"


def _takeaway(name: str, rungs: pd.DataFrame, n_known: int, n_steps: int) -> Sentence:
    weights = rungs.set_index("bits")["weights"]
    memory = (
        [
            f"At 4 bits the weights of {short(name)} take ",
            Span(_gb(weights[4]), "small"),
            " instead of ",
            Span(_gb(weights[16]), "large"),
            f", {formats.score(rungs['saved'].iloc[-1], 0)} less. ",
        ]
        if formats.known(weights[16])
        else [f"The size of {short(name)} is not disclosed, so its memory is not known. "]
    )
    if not n_known:
        return sentence(*memory, f"What that costs in quality nobody has measured here: all {formats.counted(n_steps, 'step')} below are without evidence.")  # fmt: skip
    return sentence(
        *memory,
        f"Of {formats.counted(n_steps, 'step')} below, ",
        Span(formats.count(n_known), "strong"),
        " have scores beside the base's, measured one way or printed in one table; for the others there is no quality evidence.",
    )  # fmt: skip


def _difference(row: Mapping[Any, Any], low: str = "delta_low", high: str = "delta_high") -> str:
    delta, ends = formats.number(row["delta"]), [formats.number(row[one]) for one in (low, high)]
    if delta is None:
        return "–"
    told = formats.points(delta).removesuffix(" points")
    if ends[0] is None or ends[1] is None:
        return f"{told}, no interval"
    return f"{told} ({' to '.join(formats.points(one).removesuffix(' points') for one in ends)})"


def _steps_table(
    frames: Frames, base: str, evidence: dict[str, pd.DataFrame]
) -> tuple[pd.DataFrame, StepTraces, pd.DataFrame]:
    """Every benchmark of every step: for the eye, traced, and exact."""
    parts = [one for one in evidence.values() if len(one)]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(variants.EVIDENCE_COLUMNS))
    table = pd.DataFrame(
        {
            "name": [str(frames.models.at[one, "name"]) for one in rows["model"]],
            "benchmark_label": [scores.label_of(frames, str(one)) for one in rows["benchmark"]],
            "score:delta": [_difference(row) for row in rows.to_dict("records")],
            "said": [str(one) for one in rows["verdict"]],
            "protocol_label": [formats.one_line(one, 90) for one in rows["protocol"]],
        }
    )
    runs = [f"{a} {b}" for a, b in zip(rows["run"], rows["run_base"], strict=True)]
    names = [str(one) for one in rows["benchmark"]]
    of = dict.fromkeys(("score:delta", "said", "benchmark_label"), names)
    models = [str(one) for one in rows["model"]]
    traces = StepTraces(models, {"score:delta": runs, "said": runs}, of, (), [base] * len(models))
    return table, traces, rows.assign(base=base)


def _bits_table(printed: pd.DataFrame) -> pd.DataFrame:
    rows = printed.to_dict("records")
    return pd.DataFrame(
        {
            "bits": [formats.plain(row["bits"]) for row in rows],
            "precision": [formats.one_line(row["precision"], 60) for row in rows],
            "task": [formats.one_line(f"{row['task']}, {row['metric']}", 60) for row in rows],
            "score:value": [_printed(row, "value") for row in rows],
            "score:value_16": [_printed(row, "value_16") for row in rows],
            "score:delta": ["–" if row["remark"] == variants.BETTER_LOW else _difference(row) for row in rows],
            "remark": [str(row["remark"]) for row in rows],
            "member": [formats.one_line(row["member"], 60) for row in rows],
        }
    )  # fmt: skip


def _printed(row: Mapping[Any, Any], column: str) -> str:
    """A printed score: a share in per cent with two digits, as most tables print it; anything else in its own unit."""
    return formats.plain(row[column]) if row["remark"] == variants.BETTER_LOW else formats.score(row[column], 2)


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
    table["score:delta"] = [_difference(row) for row in found.to_dict("records")]
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
