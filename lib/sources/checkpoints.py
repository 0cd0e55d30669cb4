"""Training states: how many tokens a checkpoint has seen, by family. Adding a family is one row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Family(NamedTuple):
    """Models whose checkpoints are named by step.

    Args:
        pattern: Matched against the model's name or path as written, ignoring case. A group ``step``, if it has
            one, gives the step when there is no revision.
        tokens_per_step: Tokens in a batch.
        final_step: The step at which training ended; that state is the model, not a checkpoint.
        source: Where the numbers are from.
    """

    pattern: re.Pattern[str]
    tokens_per_step: int
    final_step: int
    source: str


class Checkpoint(NamedTuple):
    """A training state: its step's name, tokens seen (None if unknown), and whether training went on."""

    revision: str | None
    training_tokens: int | None
    is_checkpoint: bool


def _family(pattern: str, tokens_per_step: int, final_step: int, source: str) -> Family:
    return Family(re.compile(pattern, re.IGNORECASE), tokens_per_step, final_step, source)


# First match wins, so the batch-size variants come before the standard suite. All of Pythia ends at
# 299,892,736,000 tokens.
FAMILIES = (
    _family(r"pythia-[^/]*-1MtokBS$", 1_048_576, 286_000, "Pythia, smaller batch; evaluation logs"),
    _family(r"pythia-[^/]*-0\.5MtokBS$", 524_288, 572_000, "Pythia, smaller batch; evaluation logs"),
    _family(r"pythia-[^/]*-0\.25MtokBS$", 262_144, 1_144_000, "Pythia, smaller batch; evaluation logs"),
    _family(r"(^|/)(intervention-)?pythia-[^/]*$", 2_097_152, 143_000, "Pythia (Biderman et al. 2023)"),
    _family(
        r"p4p-mini-[a-z]+-step(?P<step>\d+)$", 1_536, 600, "the mini study: 32 x 48 (lib/evals/mini_study/plan.py)"
    ),
    _family(r"p4p-mini-[a-z]+-brief-step(?P<step>\d+)$", 1_536, 250, "the mini study, the smaller budget"),
    _family(r"(33B_torch|poro-34b)[^/]*?[_/-]step(?P<step>\d+)", 4_194_304, 238_418, "Poro 34B: 2,048 x 2,048"),
)
_STEP = re.compile(r"^(?:global_)?step[_-]?(\d{1,9})(?:\b|_|-|$)", re.IGNORECASE)
_TOKENS = re.compile(r"tokens?(\d{1,5})B$", re.IGNORECASE)


def read_checkpoint(names: Sequence[str], revision: str | None) -> Checkpoint:
    """The training state that a run is of.

    Args:
        names: Names or paths of the model as written.
        revision: Branch or commit as written, or None.

    Returns:
        Families of ``FAMILIES`` by their row. Others: a revision ``step<N>`` is a checkpoint, with tokens only if
        the revision says so (``step1000-tokens4B``). A model without a step is taken as finished.
    """
    step_in_revision = _STEP.match(revision) if revision else None
    for name in names:
        for family in FAMILIES:
            match = family.pattern.search(name.rstrip("/"))
            if match is None:
                continue
            written = step_in_revision[1] if step_in_revision else match.groupdict().get("step")
            if written is None:
                return Checkpoint(revision, None, False)
            step = int(written)
            return Checkpoint(revision or f"step{step}", step * family.tokens_per_step, step != family.final_step)
    if step_in_revision is None:
        return Checkpoint(revision, None, False)
    tokens = _TOKENS.search(revision or "")
    return Checkpoint(revision, int(tokens[1]) * 10**9 if tokens else None, True)
