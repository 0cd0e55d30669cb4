"""What a model costs on one basis: what its hosts ask, the memory it takes, or what it costs to run the benchmark itself.

Each basis gives one row per model with a cost above 0. Costs that are estimates carry the deviation of their logarithm: one
part of each model's own, and one that models share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis import fits
from lib.analysis.listed_prices import Price
from lib.stats.cost import cost_per_correct
from lib.stats.memory import GB

API, RUN, CORRECT, MEMORY = "api", "run", "correct", "memory"
TIME = "time"
"""As measured in runs of one's own: ``lib.analysis.measured_costs``, which also replaces what RUN and CORRECT assume."""
SELF, ENERGY, TRAINING = "self", "energy", "training"
"""Estimated: ``lib.analysis.cost_estimates``."""
COST_COLUMNS = (
    "cost", "cost_low", "cost_high", "sigma", "shared_sigma", "told", "source", "fields", "is_assumed", "is_own",
)  # fmt: skip
TOKEN_BENCHMARKS = {
    "commonsense-dataset=hellaswag": "hellaswag",
    "mmlu-subject=philosophy": "mmlu_philosophy",
    "narrative_qa": "NarrativeQA",
    "inspect_evals/arc_easy": "arc_easy",
    "inspect_evals/pubmedqa": "pubmedqa",
}
"""Names in the table of published token counts to benchmarks of the catalogue."""


class Basis(NamedTuple):
    """How the costs of one basis are called.

    Args:
        label: In the control.
        heading: Of the column of the table, with the unit.
        axis: Title of the axis, with the unit; what is chosen (the blend) is added by the caller.
        cheapest: What a model with the least of it is: ``cheapest``, ``smallest``.
        unit: After an amount in a sentence: `` per million tokens``.
        written: An amount in words.
        about: Before an amount in a sentence: `` about``, '' for what is exact.
    """

    label: str
    heading: str
    axis: str
    cheapest: str
    unit: str
    written: Callable[[object], str]
    about: str = ""


def gigabytes(value: object) -> str:
    """``16 GB``."""
    return f"{formats.plain(value)} GB"


def kilowatt_hours(value: object) -> str:
    """``0.043 kWh``."""
    return f"{formats.plain(value)} kWh"


def seconds(value: object) -> str:
    """``0.043 s``."""
    return f"{formats.plain(value)} s"


def money(value: object) -> str:
    """A large amount in words: ``$2.4M``, ``$80K``, ``$12``."""
    n = formats.number(value)
    return formats.usd(value) if n is None or n < 1000 else f"${formats.parameters(n)}"


BASES: Mapping[str, Basis] = {
    API: Basis("API price", "USD per million tokens", "Price (USD per million tokens", "cheapest", " per million tokens", formats.usd),
    RUN: Basis("Running the benchmark", "USD for the benchmark", "Cost of all questions (USD", "cheapest", " for all questions", formats.usd, "about "),
    CORRECT: Basis("A right answer", "USD per right answer", "Cost of a right answer (USD", "cheapest", " per right answer", formats.usd, "about "),
    SELF: Basis("Serving it yourself", "USD per million tokens", "Cost of serving (USD per million tokens", "cheapest", " per million tokens", formats.usd, "about "),
    TRAINING: Basis("Training", "USD for one run", "Cost of training (USD for one run of 6ND", "cheapest", " to train", money, "about "),
    ENERGY: Basis("Energy", "kWh per million tokens", "Energy (kWh per million output tokens", "thriftiest", " per million output tokens", kilowatt_hours, "about "),
    TIME: Basis("Time, as measured", "Seconds per question", "Time of answering (seconds per question, as measured", "fastest", " per question", seconds),
    MEMORY: Basis("Memory", "Memory (GB)", "Memory for one request (GB", "smallest", "", gigabytes),
}  # fmt: skip


def nothing() -> pd.DataFrame:
    """No costs, with the right columns; index ``model``."""
    types = dict.fromkeys(("cost", "cost_low", "cost_high", "sigma", "shared_sigma"), float)
    empty = pd.DataFrame(columns=list(COST_COLUMNS), index=pd.Index([], name="model", dtype=object))
    return empty.astype({**types, "is_assumed": bool, "is_own": bool})


def of_prices(prices: Sequence[Price]) -> pd.DataFrame:
    """Blended list prices that are current; exact, so nothing is drawn for them. The range over hosts is shown, not drawn.

    Returns:
        Index ``model``, ``COST_COLUMNS``: USD per million tokens; ``told`` says hosts and days, ``source`` is the digest of
        the file of the price ('' for a reader's own).
    """
    current = [one for one in prices if one.is_current]
    rows = [
        (one.usd, one.lowest, one.highest, 0.0, 0.0, price_words(one), one.source, "", False, one.is_own)
        for one in current
    ]
    return _frame(rows, [one.model for one in current])


def of_memory(models: pd.DataFrame, shapes: pd.DataFrame, bits: fits.Bits, context: int) -> pd.DataFrame:
    """GB that weights and cache of one request take; models whose cache is not known are left out.

    Args:
        models: ``Frames.models``.
        shapes: Reference table ``model_arch``.
        bits, context: As for ``fits.needs``.
    """
    need = fits.needs(models, shapes, bits, context)
    need = need[(need["total"].notna() & ~need["is_lower_bound"]).to_numpy(bool)]
    rows = [
        (total / GB, total / GB, total / GB, 0.0, 0.0, f"weights {gigabytes(w / GB)}, cache {gigabytes(c / GB)}", "", "memory", False, False)
        for total, w, c in zip(need["total"], need["weights"], need["cache"], strict=True)
    ]  # fmt: skip
    return _frame(rows, [str(one) for one in need.index])


class TokenCount(NamedTuple):
    """Mean tokens per question of one benchmark that somebody published.

    Args:
        prompt, answer: Tokens read and written per question: the median over the counts.
        n_counts: Published counts behind it.
        names: The models that they were counted with, as the source writes them.
    """

    prompt: float
    answer: float
    n_counts: int
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """``119.7 tokens in and 175.3 out per question, as counted with …``."""
        told = f"{formats.plain(self.prompt)} tokens in and {formats.plain(self.answer)} out per question"
        return f"{told}, as counted with {', '.join(formats.one_line(one, 40) for one in self.names)}"


def token_count(tokens: pd.DataFrame, benchmark: str) -> TokenCount | None:
    """The published count of one benchmark; None where nobody published one.

    Args:
        tokens: Reference table ``tokens``; may be empty.
    """
    if tokens.empty:
        return None
    own = tokens[(tokens["benchmark"].map(TOKEN_BENCHMARKS) == benchmark).to_numpy(bool)]
    if own.empty:
        return None
    prompt, answer = (float(own[name].astype(float).median()) for name in ("mean_prompt_tokens", "mean_answer_tokens"))
    return TokenCount(prompt, answer, len(own), tuple(str(one) for one in own["model"]))


def of_running(prices: Sequence[Price], scores: pd.DataFrame, count: TokenCount, *, per_correct: bool) -> pd.DataFrame:
    """Dollars for all questions of a benchmark, or for each right answer.

    The tokens are those that others counted, so every row is assumed.

    Args:
        prices: Blended with the tokens of ``count``: read and written as many.
        scores: Index ``model``: score, n_samples.
        count: Tokens per question.

    Returns:
        As :func:`of_prices`; models without a number of questions are left out.

    Source:
        n (t_in p_in + t_out p_out)/1e6, and that over n p (``lib.stats.cost.cost_per_correct``).
    """
    known = of_prices(prices)
    known = known[known.index.isin(scores.index)]
    own = scores.reindex(known.index)
    n, share = own["n_samples"].to_numpy(float), own["score"].to_numpy(float)
    factor = n * (count.prompt + count.answer) / 1e6
    costs = {
        name: cost_per_correct(factor * known[name].to_numpy(float), share, n) if per_correct else factor * known[name].to_numpy(float)
        for name in ("cost", "cost_low", "cost_high")
    }  # fmt: skip
    found = known.assign(**costs, is_assumed=True, told=[f"{told}; {count.words}" for told in known["told"]])
    return found[np.isfinite(found["cost"].to_numpy(float)) & (found["cost"] > 0).to_numpy(bool)]


def price_words(price: Price) -> str:
    """Hosts, range and days of a price."""
    if price.is_own:
        told = "your own price"
    elif price.n_hosts == 1:
        told = formats.one_line(price.host, 40)
    else:
        told = f"{price.n_hosts} hosts, {formats.usd(price.lowest)} to {formats.usd(price.highest)}"
    since = f", since {formats.date(price.valid_from)}" if price.valid_from and price.n_hosts == 1 else ""
    seen = f", last seen {formats.date(price.seen_on)}" if price.seen_on and not price.is_own else ""
    return told + since + seen


def _frame(rows: Sequence[tuple[object, ...]], models: Sequence[str]) -> pd.DataFrame:
    if not rows:
        return nothing()
    return pd.DataFrame(
        list(rows), columns=list(COST_COLUMNS), index=pd.Index(list(models), name="model", dtype=object)
    )
