"""The page of variants: one base and what was made of it, as a ladder with its evidence. No Streamlit inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import variant_ladder as analysis
from lib.analysis import variants
from lib.analysis.side_by_side_words import short
from lib.evals.spec import JobSpec
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.traces import Traces
from lib.ui.views import scores
from lib.ui.views import variant_ladder as ladder
from lib.ui.views.variant_ladder import Drawn
from lib.ui.views.variant_steps import StepTraces, difference

FAVOURITE = "llama-3.1-8b"
STEPS = {"name": "Model", "benchmark_label": "Benchmark", "score:delta": "Points against the base", "said": "Verdict", "protocol_label": "Measured by"}  # fmt: skip
BITS = {"bits": "Bits", "precision": "As written", "task": "Task", "score:value": "Score", "score:value_16": "At 16 bits", "score:delta": "Points against 16 bits", "remark": "Remarks", "metric": "Metric", "member": "Printed in"}  # fmt: skip


class Missing(NamedTuple):
    """A rung without quality evidence: its name, the job that would measure it here, and a command.

    ``job`` is None for fewer bits: lm-eval 0.4.13 with transformers 5 cannot quantise while it loads.
    """

    words: str
    job: JobSpec | None
    command: str


class LineageView(NamedTuple):
    """One base with what was made of it: a ladder, evidence of steps and of fewer bits, and what is missing."""

    base: str
    question: str
    takeaway: Sentence
    parent: tuple[str, str]
    drawn: Drawn
    ladder: pd.DataFrame
    ladder_traces: StepTraces
    steps: pd.DataFrame
    steps_traces: StepTraces
    bits: pd.DataFrame
    bits_traces: Traces
    missing: list[Missing]
    rows: pd.DataFrame


def bases(frames: Frames) -> dict[str, str]:
    """Models of which something was made, or whose bits were varied in print, by name: id to name."""
    models = frames.models
    stated = (models[column].dropna().astype(str) for column in ("variant_of", "finetuned_from"))
    wanted = {one for column in stated for one in column if one in models.index}
    table = frames.reference("quantised")
    printed = {str(one).casefold() for one in table["base_model"].unique()} if len(table) else set()
    known = {
        name: str(one) for one in models.index[models["origin"] != "community"] for name in _spellings(models, str(one))
    }
    wanted |= {known[name] for name in printed if name in known}
    wanted |= _named_on_the_hub(models, printed - set(known))
    named = {one: str(models.at[one, "name"]) for one in wanted}
    return dict(sorted(named.items(), key=lambda item: (item[1].casefold(), item[0])))


def _named_on_the_hub(models: pd.DataFrame, printed: set[str]) -> set[str]:
    """Community models that a table names, where only one on the Hub is called so."""
    own = models["hf_id"][(models["origin"] == "community").to_numpy(bool)].dropna().astype(str)
    names = own.str.rsplit("/", n=1).str[-1].str.casefold()
    return set(map(str, names.index[(names.isin(printed) & ~names.duplicated(keep=False)).to_numpy(bool)]))


def suggested(frames: Frames) -> str:
    """The base to begin with: the favourite, else the one with most variants."""
    options = bases(frames)
    if FAVOURITE in options or not options:
        return FAVOURITE if options else ""
    counts = frames.models["finetuned_from"].value_counts()
    return max(options, key=lambda one: (int(counts.get(one, 0)), one))


def lineage_view(frames: Frames, *, base: str, printed_in: str = "") -> LineageView:
    """The ladder of one base.

    Args:
        printed_in: Digest of the stored table of scores at fewer bits, '' without it.
    """
    name = str(frames.models.at[base, "name"])
    steps = variants.lineage(frames.models, base)
    printed = variants.bits_evidence(frames.reference("quantised"), _spellings(frames.models, base))
    evidence = _evidence(frames, base, steps)
    params = {str(model): _params(frames, str(model)) for model in steps["model"]}
    lower = frames.benchmarks.index[(frames.benchmarks["direction"] == "lower").to_numpy(bool)]
    found = analysis.ladder(steps, params, printed, evidence, frozenset(map(str, lower)))
    parent = frames.models.at[base, "finetuned_from"]
    known = isinstance(parent, str) and parent in frames.models.index
    table, traces, rows = _steps_table(frames, base, evidence)
    drawn = ladder.drawn(frames, found, name)
    return LineageView(
        base,
        f"What do smaller and tuned versions of {short(name)} change?",
        ladder.takeaway(found, name),
        (str(parent), str(frames.models.at[parent, "name"])) if known else ("", ""),
        drawn,
        ladder.table(found),
        ladder.traces(found, evidence, printed_in),
        table,
        traces,
        _bits_table(printed),
        Traces([base] * len(printed), sources=[printed_in[:12]] * len(printed)),
        _missing(frames, base, found),
        pd.concat([found.rungs.assign(base=base), rows, printed.assign(model=base)], ignore_index=True),
    )


def _missing(frames: Frames, base: str, found: analysis.Ladder) -> list[Missing]:
    """What would measure the rungs without evidence: fewer bits of the base, then up to three models made of it."""
    models = frames.models
    silent = found.rungs[(found.rungs["verdict"] == analysis.NO_EVIDENCE).to_numpy(bool)]
    fewer = silent[(silent["made"] == analysis.FEWER_BITS).to_numpy(bool)]
    made = silent[(silent["made"] != analysis.FEWER_BITS).to_numpy(bool)]["model"][:3]
    asked = [(base, int(bits)) for bits in fewer["bits"]] + [(str(model), 16) for model in made]
    return [
        Missing(
            str(models.at[model, "name"]) + (f" at {bits} bits" if bits != 16 else ""),
            variants.job(hub, bits, LEADERBOARD_TASKS) if bits == 16 else None,
            variants.command(hub, bits, LEADERBOARD_TASKS),
        )
        for model, bits in asked
        if isinstance(hub := models.at[model, "hf_id"], str) and hub
    ]


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


def _params(frames: Frames, model: str) -> float:
    """Parameters of a model, NaN unknown."""
    known = formats.number(frames.models.at[model, "params_total"])
    return float("nan") if known is None else known


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
            "score:delta": [difference(row) for row in rows.to_dict("records")],
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
            "task": [formats.one_line(row["task"], 60) for row in rows],
            "score:value": [_printed(row, "value") for row in rows],
            "score:value_16": [_printed(row, "value_16") for row in rows],
            "score:delta": ["–" if row["remark"] == variants.BETTER_LOW else difference(row) for row in rows],
            "remark": [str(row["remark"]) for row in rows],
            "metric": [formats.one_line(row["metric"], 60) for row in rows],
            "member": [formats.one_line(row["member"], 60) for row in rows],
        }
    )  # fmt: skip


def _printed(row: Mapping[Any, Any], column: str) -> str:
    """A printed score: a share in per cent with two digits, as most tables print it; anything else in its own unit."""
    return formats.plain(row[column]) if row["remark"] == variants.BETTER_LOW else formats.score(row[column], 2)
