"""What may be chosen on the page of what quality costs: benchmarks, kinds of cost, blends, targets. No Streamlit inside."""

from __future__ import annotations

import re

from lib import formats
from lib.analysis import cost_frontier, listed_prices
from lib.analysis.cost_answer import HARDWARE, Filters, count_for, serving_tables
from lib.analysis.cost_bases import API, BASES, CORRECT, ENERGY, RUN, TIME, TokenCount
from lib.analysis.listed_prices import CHEAPEST, MEDIAN, USUAL, Blend, Host, Price
from lib.schema.weight_formats import FORMATS
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import listed_prices as listed
from lib.ui.views import scores

FAVOURITE = "mmlu_pro"
BLENDS = {"1:1": "1 : 1", "3:1": "3 : 1", "10:1": "10 : 1", "100:1": "100 : 1", "1:3": "1 : 3"}
DEFAULT_BLEND = "3:1"
LARGEST_WEIGHT = 10_000
CACHED = {"0": "none", "0.5": "half", "0.8": "80%", "0.95": "95%"}
HOST_WORDS: dict[str, str] = {MEDIAN: "median over hosts", CHEAPEST: "of the cheapest host"}
NO_COUNTS = "nobody has published how many tokens this benchmark takes, and no run of your own counts them"
BITS = {"16": "16 bit", "8": "8 bit", "4": "4 bit"}


FORMATS_OFFERED = ("bf16", "fp8", "gguf-q8_0", "gguf-q4_k_m", "awq-4bit-g128", "mxfp4")
BATCHES = {"1": "1", "8": "8", "32": "32", "64": "64", "128": "128", "256": "256"}
UTILISATIONS = {"1": "always full", "0.9": "90% of the time", "0.5": "half the time", "0.3": "30%", "0.1": "10%"}


def sets(frames: Frames) -> dict[str, str]:
    """Sets of benchmarks, one that many priced models were measured on first."""
    known = scores.benchmark_sets(frames)
    first = {FAVOURITE: known[FAVOURITE]} if FAVOURITE in known else {}
    return first | known


def bases(frames: Frames) -> dict[str, str]:
    """Kinds of cost: key to words; of time only where something was measured."""
    is_measured = len(frames.measurements) > 0
    return {key: basis.label for key, basis in BASES.items() if key != TIME or is_measured}


def hardware_options(frames: Frames, *, basis: str) -> dict[str, str]:
    """Hardware with a price: id to name; for training only what has a matrix rate."""
    known = frames.reference("hardware")
    if known.empty:
        return {}
    has = known["usd_per_hour"].astype(float) > 0 if basis != ENERGY else known["tdp_w"].astype(float) > 0
    has &= known["bf16_tflops_dense"].astype(float) > 0
    return {str(row["id"]): str(row["name"]) for row in known[has.to_numpy(bool)].to_dict("records")}


def hardware_row(frames: Frames, key: str) -> dict[str, object] | None:
    """One row of the table of hardware; None where the store lacks it."""
    known = frames.reference("hardware")
    found = known[(known["id"] == key).to_numpy(bool)].to_dict("records") if len(known) else []
    return {str(name): value for name, value in found[0].items()} if found else None


def hardware_name(frames: Frames, key: str) -> str:
    """Name of a kind of hardware without its memory: ``H100 SXM5``."""
    known = frames.reference("hardware")
    names = known.loc[(known["id"] == key).to_numpy(bool), "name"].tolist() if len(known) else []
    return re.sub(r"^NVIDIA |\s\d+\s?GB$", "", str(names[0])) if names else key


def format_options() -> dict[str, str]:
    """Formats of weights that are offered."""
    return {key: FORMATS[key].label for key in FORMATS_OFFERED}


def blends(asked: str | None) -> dict[str, str]:
    """Blends to choose from: the usual ones, and the address's own where it is one."""
    own = _weights(asked or "")
    if asked is None or asked in BLENDS or own is None:
        return BLENDS
    return {**BLENDS, asked: f"{formats.plain(own[0])} : {formats.plain(own[1])}"}


def blend(chosen: str, cached: str, is_batch: bool) -> Blend:
    """The blend of a choice; the usual one where it is none."""
    weights = _weights(chosen) or (USUAL.read, USUAL.written)
    return Blend(*weights, float(cached), is_batch)


def targets(asked: str | None) -> dict[str, str]:
    """Scores to ask for: whole percentages, and the address's own where it is a score."""
    whole = {f"{n / 100:g}": f"{n}%" for n in range(1, 100)}
    try:
        value = float(asked or "")
    except ValueError:
        return whole
    # NaN compares as false.
    if asked is None or asked in whole or not 0 < value < 1:
        return whole
    return {**whole, asked: f"{100 * value:g}%"}


def usual_target(frames: Frames, *, chosen_set: str, protocol: str, community: bool) -> str:
    """The target to begin with, as a key of ``targets``: a round score that a quarter of the models reach."""
    stands = scores.choice(frames, scores.members(chosen_set), protocol, community)
    found = stands.measured.rows.groupby("model")["score"].mean() if len(stands.measured.rows) else stands.measured.rows["score"]  # fmt: skip
    return f"{cost_frontier.usual_target(found):g}"


def count_of(frames: Frames, *, chosen_set: str) -> TokenCount | None:
    """Tokens per question of a set of one benchmark, as somebody published them; None where nobody did."""
    return count_for(frames, scores.members(chosen_set))


def blend_of_count(count: TokenCount | None, chosen: Blend, basis: str) -> Blend:
    """The blend that prices are made with: that of the questions where the benchmark itself is paid for."""
    if basis in (RUN, CORRECT) and count is not None:
        return chosen._replace(read=count.prompt, written=count.answer)
    return chosen


def needs_prices(basis: str) -> bool:
    """Whether a kind of cost is made from list prices."""
    return basis in (API, RUN, CORRECT)


def prices(store: Store, *, today: str, blend: Blend, host: Host) -> tuple[Price, ...]:
    """One list price per model on a day."""
    return listed_prices.offers(listed(store), today, blend, host)


def _weights(text: str) -> tuple[float, float] | None:
    """``3:1`` as numbers; None where it is no blend."""
    parts = text.split(":")
    try:
        read, written = (float(part) for part in parts)
    except ValueError:
        return None
    is_fair = 0 <= read <= LARGEST_WEIGHT and 0 <= written <= LARGEST_WEIGHT and read + written > 0
    return (read, written) if is_fair else None


__all__ = ["HARDWARE", "Filters", "serving_tables"]
