"""What may be chosen on the page of what quality costs: benchmarks, kinds of cost, blends, targets. No Streamlit inside."""

from __future__ import annotations

from typing import NamedTuple

from lib import formats
from lib.analysis import cost_bases, cost_frontier, listed_prices
from lib.analysis.cost_bases import API, BASES, CORRECT, RUN, TokenCount
from lib.analysis.fits import Bits
from lib.analysis.listed_prices import CHEAPEST, MEDIAN, USUAL, Blend, Host, Price
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


class Filters(NamedTuple):
    """The reader's filters and the rarer choices; the models that pass are the candidates.

    Args:
        size_classes: Keys of weight classes; none means all.
        only_open: Only weights known to be open.
        community: Models known only from boards and own files, too.
        variants: All variants of a base model instead of one.
        bits, context: For the memory.
    """

    size_classes: tuple[str, ...] = ()
    only_open: bool = False
    community: bool = False
    variants: bool = False
    bits: Bits = 16
    context: int = 8192

    def any(self) -> bool:
        """Whether a filter is set that takes models away."""
        return bool(self.size_classes) or self.only_open


def sets(frames: Frames) -> dict[str, str]:
    """Sets of benchmarks, one that many priced models were measured on first."""
    known = scores.benchmark_sets(frames)
    first = {FAVOURITE: known[FAVOURITE]} if FAVOURITE in known else {}
    return first | known


def bases(frames: Frames) -> dict[str, str]:
    """Kinds of cost: key to words."""
    return {key: basis.label for key, basis in BASES.items()}


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
    members = scores.members(chosen_set)
    return cost_bases.token_count(frames.reference("tokens"), members[0]) if len(members) == 1 else None


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
