"""The states of a job, and which may follow which: one pure function, asked before every change."""

from __future__ import annotations

from typing import Literal

from lib.errors import RefusedInput

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Happening = Literal["taken up", "worker lost", "succeeded", "failed", "cancelled", "asked again"]

_AFTER: dict[tuple[State, Happening], State] = {
    ("queued", "taken up"): "running",
    ("queued", "cancelled"): "cancelled",
    ("queued", "failed"): "failed",
    ("running", "taken up"): "running",
    ("running", "worker lost"): "queued",
    ("running", "succeeded"): "succeeded",
    ("running", "failed"): "failed",
    ("running", "cancelled"): "cancelled",
    ("failed", "asked again"): "queued",
    ("cancelled", "asked again"): "queued",
}
ENDED: frozenset[State] = frozenset(("succeeded", "failed", "cancelled"))
MAX_TAKEOVERS = 3
"""A job that has taken so many workers with it is not tried again."""


def after(state: State, happening: Happening) -> State:
    """The state that follows.

    Raises:
        RefusedInput: If this cannot happen in this state; the change must then not be written.
    """
    try:
        return _AFTER[state, happening]
    except KeyError:
        raise RefusedInput(f"a job that is {state} cannot be {happening}", place="state") from None


def may_follow(state: State, happening: Happening) -> bool:
    """Whether ``after`` would answer."""
    return (state, happening) in _AFTER
