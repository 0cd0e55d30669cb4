"""Above a pinned view: what it is pinned to, what has changed since, and the way to the same view as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib import formats
from lib.store.snapshot_diff import Diff
from lib.store.snapshots import Snapshot
from lib.ui import cached, changes, links, page, pinned

TOLD = (
    ("new runs", "new run", ""),
    ("runs that are gone", "run", " gone"),
    ("changed scores", "changed score", ""),
    ("new sources", "new source", ""),
    ("withdrawn sources", "withdrawn source", ""),
    ("sources that are gone", "source", " gone"),
    ("sources read again", "source", " read again by a newer importer"),
    ("changed facts of models", "changed fact of a model", ""),
    ("changed names", "changed name", ""),
    ("changed prices", "changed price", ""),
)
_PLURALS = {"changed fact of a model": "changed facts of models"}


def draw() -> bool:
    """The banner of a pinned view; False where the page cannot be shown, because its snapshot cannot."""
    why = cached.lost()
    if why:
        _lost(why)
        return False
    snapshot, changed = cached.snapshot(), cached.changed()
    if snapshot is not None and changed is not None:
        _banner(snapshot, changed)
    return True


def _banner(snapshot: Snapshot, changed: Diff) -> None:
    name = f"“{formats.markdown(snapshot.name, 100)}”, " if snapshot.name else ""
    with st.container(border=True, key="pinned-banner", gap="xxsmall"):
        st.markdown(
            f":material/push_pin: **Pinned view.** {name}the data of {moment(snapshot.made_at)} "
            f"(snapshot {snapshot.short}). {in_words(changed)}"
        )
        for stone in snapshot.tombstones:
            page.small_text(_tombstone(stone))
        with st.container(horizontal=True):
            st.button("See it now", key="see-it-now", icon=":material/update:", type="tertiary", on_click=pinned.leave)
            if not changed.is_empty and st.button(
                "What has changed", key="see-changes", icon=":material/difference:", type="tertiary"
            ):
                _changes()


@st.dialog("What has changed since", width="large")
def _changes() -> None:
    """The lists in a panel of their own; they are made when somebody asks for them."""
    changed = cached.changed()
    if changed is not None:
        changes.draw(changed)


def in_words(changed: Diff) -> str:
    """What has changed, counted: ``Since then: 3 new runs and 1 withdrawn source.``"""
    counts = changed.counts
    told = [
        formats.counted(counts[key], noun, _PLURALS.get(noun, "")) + tail for key, noun, tail in TOLD if counts[key]
    ]
    if not told:
        return "Nothing has changed since." if changed.is_empty else "Since then: new or other models without results."
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"Since then: {listed}."


def moment(at: str) -> str:
    """A time of the store in words: ``22 Nov 2026, 05:24 UTC``."""
    return f"{formats.date(at)}, {at[11:16]} UTC"


def _tombstone(stone: Mapping[str, Any]) -> str:
    what = formats.counted(stone["n_results"], "result")
    reason = formats.markdown(stone["reason"], 300)
    return f"Taken out of this snapshot on {formats.date(stone['at'])}: one source with {what}. {reason}"


def _lost(why: str) -> None:
    """For an address whose snapshot is not there, or not for this reader: the two look alike."""
    page.heading("Where is this pinned view?")
    st.markdown(
        f"{formats.markdown(why, 200)} It may have been made on another installation, its address may have been cut off, "
        "or it holds results that are shown only to those who may see them."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("See this view with the data of now", key="see-it-now", type="primary", on_click=pinned.leave)
        links.link("overview", ":blue[To the Overview →]")
