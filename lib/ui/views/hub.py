"""What the Hugging Face Hub says of one model, beside what is known here, as a table and in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.sources.hub_client import Hub
from lib.sources.hub_facts import Described, describe
from lib.sources.hub_filling import Proposal, ids_by_hub_name, propose
from lib.store.frames import Frames
from lib.ui.views.model_facts import field_words, written

LABELS = {"field": "Fact", "here": "Here", "there": "On the Hub", "state": "Compared"}
STATES = {"new": "unknown here", "differs": "differs", "agrees": "agrees"}
"""In the order in which they are shown."""


class Looked(NamedTuple):
    """The Hub's answer about one model.

    Args:
        described: What it says.
        proposals: Its values beside those in force.
        notes: What must be known beside them.
    """

    described: Described
    proposals: list[Proposal]
    notes: list[str]

    def of(self, *states: str) -> list[Proposal]:
        """The proposals in one of these states."""
        return [one for one in self.proposals if one.state in states]


def look(frames: Frames, hub: Hub, *, model: str, name: str) -> Looked:
    """Ask the Hub about a model of the store by its name there.

    Raises:
        RefusedInput: If it has no such model for this account.
        Unavailable: If it does not answer.
    """
    described = describe(hub, name)
    row = {str(field): value for field, value in frames.models.loc[model].items()}
    return Looked(described, *propose(described, row, ids_by_hub_name(frames.models).get))


def table(looked: Looked) -> pd.DataFrame:
    """Columns of ``LABELS``: what is unknown here first, then what differs, then what agrees."""
    order = list(STATES)
    rows = sorted(looked.proposals, key=lambda one: order.index(one.state))
    told = [
        (field_words(p.field), written(p.field, p.before) if p.before else formats.UNKNOWN, written(p.field, p.after), STATES[p.state])
        for p in rows
    ]  # fmt: skip
    return pd.DataFrame(told, columns=list(LABELS))


def said(proposals: Sequence[Proposal]) -> str:
    """How much the Hub knows that is unknown here, in a sentence."""
    n = {state: sum(one.state == state for one in proposals) for state in STATES}
    parts = [f"**{formats.counted(n['new'], 'fact')}** that {'is' if n['new'] == 1 else 'are'} unknown here"]
    if n["differs"]:
        parts.append(f"{formats.count(n['differs'])} that {'differs' if n['differs'] == 1 else 'differ'}")
    if n["agrees"]:
        parts.append(f"{formats.count(n['agrees'])} that {'agrees' if n['agrees'] == 1 else 'agree'}")
    return f"The Hub states {', '.join(parts)}."
