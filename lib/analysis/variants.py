"""One base model and what was made of it: lineage, memory at fewer bits, and what each step is shown to lose.

Numbers measured under one protocol are compared, or printed in one table; where there are none, the step has no quality
evidence, whatever is usual for its kind.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.analysis import measurements, side_by_side
from lib.evals.arguments import write_pairs
from lib.evals.spec import JobSpec
from lib.stats.intervals import unpaired_difference

BASE, QUANTISED, TUNED, DISTILLED = "base", "quantised or converted", "fine-tuned", "distilled"
STEP_COLUMNS = ("model", "name", "step", "parent", "depth")
EVIDENCE_COLUMNS = ("model", "benchmark", "delta", "delta_low", "delta_high", "p_holm", "verdict", "run", "run_base", "protocol")  # fmt: skip
TABLE_COLUMNS = (
    "bits", "precision", "method", "task", "metric", "value", "value_16", "delta", "delta_low", "delta_high", "spread",
    "remark", "member",
)  # fmt: skip
NO_COUNT = "no interval: number of questions not printed"
BETTER_LOW = "lower is better; own unit"
WITHIN_SPREAD = "smaller than the difference between the 16-bit rows themselves"
MOST_STEPS = 40


def lineage(models: pd.DataFrame, base: str) -> pd.DataFrame:
    """The base and everything made of it, step by step: ``STEP_COLUMNS``, parents before children, larger families whole.

    A step is quantised where the catalogue says ``variant_of``, tuned where it says ``finetuned_from``; of the latter,
    distilled where the model's own name says so. At most ``MOST_STEPS``.

    Args:
        models: ``Frames.models``.
        base: Model id.
    """
    rows = [(base, str(models.at[base, "name"]), BASE, "", 0)]
    seen = {base}
    variant, tuned = (models[c].astype(object).where(models[c].notna(), "") for c in ("variant_of", "finetuned_from"))
    at = 0
    while at < len(rows) and len(rows) < MOST_STEPS:
        parent, depth = rows[at][0], rows[at][4]
        for column, word in ((variant, QUANTISED), (tuned, TUNED)):
            for model in sorted(map(str, models.index[(column == parent).to_numpy(bool)])):
                if model not in seen:
                    seen.add(model)
                    name = str(models.at[model, "name"])
                    step = DISTILLED if word == TUNED and "distill" in f"{model} {name}".casefold() else word
                    rows.append((model, name, step, parent, depth + 1))
        at += 1
    return pd.DataFrame(rows[:MOST_STEPS], columns=list(STEP_COLUMNS))


def step_evidence(scores: pd.DataFrame, base: str, model: str, catalogue: pd.DataFrame) -> pd.DataFrame:
    """One step against the base on every benchmark that both have, measured one way: ``EVIDENCE_COLUMNS``.

    Of the ways of measuring that both share, the one with most benchmarks. Holm's correction runs over the benchmarks of
    the step; pairing is ignored.

    Args:
        scores: ``Frames.scores_of`` the runs of both.
        catalogue: ``Frames.benchmarks``.
    """
    found = side_by_side.shared(side_by_side.cut(scores, (base, model), catalogue), (base, model), catalogue)
    nothing = pd.DataFrame(columns=list(EVIDENCE_COLUMNS))
    if found is None or found.n_models < 2 or found.grouping.protocols.empty:
        return nothing
    key = str(found.grouping.protocols.index[0])
    measured = measurements.measure(found.grouping, key, include_community=True)
    rows = side_by_side.differences(measured.rows, (base, model), measured.benchmarks, base)
    runs = measured.rows.set_index(["model", "benchmark"])["run"]
    rows = rows[rows["delta"].notna()]
    return rows.assign(
        run=[str(runs.get((model, one), "")) for one in rows["benchmark"]],
        run_base=[str(runs.get((base, one), "")) for one in rows["benchmark"]],
        protocol=str(found.grouping.protocols.at[key, "label"]),
    )[list(EVIDENCE_COLUMNS)]


def bits_evidence(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Printed scores at fewer bits against the 16-bit row of the same table or archive of runs: ``TABLE_COLUMNS``.

    Of several 16-bit rows the first is the baseline, and ``spread`` is how far they lie apart. With the number of questions
    the interval is that of two independent shares; without, there is a difference and nothing else.

    Args:
        table: Reference table ``quantised``; may be empty.
        names: Spellings of the base, in small letters.
    """
    if table.empty:
        return pd.DataFrame(columns=list(TABLE_COLUMNS))
    own = table[[str(one).casefold() in set(names) for one in table["base_model"]]]
    found = []
    # Single runs lie in files of their own: then those that came in one archive are held against each other.
    n_in_file = own.groupby("member")["bits"].transform("nunique")
    table_of = own["member"].where(n_in_file > 1, own["zip"])
    for (_, task, metric), group in own.groupby([table_of, "task", "metric"], sort=False):
        full = group[(group["bits"] == 16) & ~group["precision_as_written"].astype(str).str.contains("ctx")]
        fewer = group[group["bits"] < 16]
        if full.empty or fewer.empty:
            continue
        values = full["value"].to_numpy(float)
        is_low = group["note"].astype(object).fillna("").astype(str).str.contains("lower is better").any()
        unit = 100.0 if values.max() > 1 and not is_low else 1.0
        spread = (values.max() - values.min()) / unit
        for row in fewer.to_dict("records"):
            base, value = values[0] / unit, float(row["value"]) / unit
            low, high = (np.nan, np.nan) if is_low else _interval(value, row["n"], base, full["n"].iloc[0])
            doubt = WITHIN_SPREAD if abs(value - base) < spread else ""
            which = f"against the first of {len(full)} 16-bit rows" if len(full) > 1 else ""
            told = (NO_COUNT if np.isnan(low) else "", doubt, which)
            remark = BETTER_LOW if is_low else "; ".join(one for one in told if one)
            found.append(
                (row["bits"], row["precision_as_written"], row["method"], task, metric, value, base, value - base, low, high, spread, remark, row["member"])
            )  # fmt: skip
    rows = pd.DataFrame(found, columns=list(TABLE_COLUMNS))
    return rows.sort_values(["bits", "task"], ascending=[False, True], kind="stable", ignore_index=True)


def _interval(value: float, n: object, base: float, n_base: object) -> tuple[float, float]:
    counts = pd.to_numeric(pd.Series([n, n_base]), errors="coerce").to_numpy(float)
    if not (counts > 1).all():
        return float("nan"), float("nan")
    se = [float(np.sqrt(p * (1 - p) / (m - 1))) for p, m in zip((value, base), counts, strict=True)]
    found = unpaired_difference(value, se[0], base, se[1])
    return float(found.low), float(found.high)


def job(hub: str, bits: int, tasks: Sequence[str]) -> JobSpec:
    """The job that would measure a model at so many bits; below 16 by vLLM, which quantises while it loads.

    transformers 5 no longer takes ``load_in_4bit`` the way lm-eval passes it on.
    """
    formats = {8: "fp8", 4: "bitsandbytes"}
    if bits in formats:
        return JobSpec("vllm", tuple(tasks), {"pretrained": hub, "quantization": formats[bits]})
    return JobSpec("hf", tuple(tasks), {"pretrained": hub, "dtype": "auto"})


def command(hub: str, bits: int, tasks: Sequence[str]) -> str:
    """The lm-eval command that would measure a model at so many bits; '' without a Hub id."""
    if not hub:
        return ""
    spec = job(hub, bits, tasks)
    arguments = ["--model", spec.backend, "--model_args", write_pairs(spec.model_args), "--tasks", ",".join(spec.tasks)]
    return " ".join(["lm_eval", *map(shlex.quote, arguments), "--log_samples", "--output_path", "results"])
