"""What the Hub would change in a model: shown before anything is written, written only where nothing stood unless one asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import pandas as pd

from lib import formats
from lib.sources.hub_facts import Described
from lib.store import audit
from lib.store.db import Store
from lib.store.mapping import remove_fact, set_fact
from lib.store.prepared import OPEN, Holder

ROUNDED = 0.05
"""Sizes that differ by less are one size, rounded by one of the two."""
SIZES = ("params_total",)
IF_UNKNOWN = ("architecture", "precision", "open_weights", "hf_id")
"""Fields that the Hub words differently, or less well, than the catalogue: only ever filled."""
TITLE = "Hugging Face Hub"


class Proposal(NamedTuple):
    """A value that the Hub states.

    Args:
        field: Of a model.
        before: The value in force as text, '' for unknown.
        after: The value that the Hub states, as text.
        state: new (nothing is known), agrees, or differs.
        url: Of the page or file that states it.
    """

    field: str
    before: str
    after: str
    state: Literal["new", "agrees", "differs"]
    url: str


def propose(
    described: Described, model: Mapping[str, Any], id_of: Callable[[str], str | None]
) -> tuple[list[Proposal], list[str]]:
    """What the Hub says beside what is in force.

    Args:
        described: What it says.
        model: The model's row of ``Frames.models``; unknown is None or NaN.
        id_of: The model that a name on the Hub means here, None if none.

    Returns:
        A proposal for each field, in the order in which they were read; and what must be known beside them.
    """
    stated = {field: (value.value, value.url) for field, value in described.stated.items()}
    notes = list(described.notes)
    how, bases = described.base
    page = described.stated["hf_id"].url
    field = {"finetune": "finetuned_from", "adapter": "finetuned_from", "quantized": "variant_of"}.get(how)
    if len(bases) == 1 and field:
        base = id_of(bases[0])
        if base:
            stated[field] = (base, page)
        else:
            notes.append(f"It was made from {bases[0]}, which is not in this store.")
    elif bases:
        notes.append(
            f"Its card names {', '.join(bases[:4])} as what it was made from, and not one way in which it was."
        )
    proposals = []
    for name, (after, url) in stated.items():
        before = _written(model.get(name))
        if before and name in IF_UNKNOWN:
            continue
        proposals.append(Proposal(name, before, after, _state(name, before, after), url))
    return proposals, notes


def write(
    store: Store, model: str, proposals: Iterable[Proposal], day: str, revision: str, holder: Holder = OPEN
) -> list[str]:
    """Write what was chosen as facts of a reader, with page, commit and day; returns the fields.

    Args:
        holder: Who does it, and who may see it.

    Raises:
        RefusedInput: If there is no such model, or a value will not do.
    """
    written = []
    for one in proposals:
        note = f"looked up on {day}, commit {revision[:12]}"
        set_fact(store, model, one.field, one.after, note, holder, source_title=TITLE, source_url=one.url)
        written.append(one.field)
    if written:
        _note(store, holder, "filled from the Hub", model, written)
    return written


def take_back(store: Store, model: str, fields: Iterable[str], holder: Holder = OPEN) -> None:
    """Undo ``write``: what the sources say of these fields holds again.

    Raises:
        RefusedInput: If one of them was taken back already.
    """
    taken = list(fields)
    for field in taken:
        remove_fact(store, model, field)
    _note(store, holder, "took back what came from the Hub", model, taken)


def _note(store: Store, holder: Holder, what: str, model: str, fields: list[str]) -> None:
    audit.noted(
        store, holder.owner, what, model, owner=holder.owner, visibility=holder.visibility, data={"fields": fields}
    )


def filled_fields(facts: pd.DataFrame) -> list[str]:
    """Fields of a model whose value somebody took from the Hub, of ``Frames.facts``: what can be taken back."""
    own = facts[(facts["origin"] == "reader") & (facts["source_title"] == TITLE)]
    return [str(field) for field in dict.fromkeys(own["field"])]


def ids_by_hub_name(models: pd.DataFrame) -> dict[str, str]:
    """The model that a name on the Hub means, of ``Frames.models``; one of the catalogue before others."""
    ordered = models.sort_values("origin", key=lambda origin: origin != "catalogue", kind="stable", ascending=False)
    return {str(name): str(model) for model, name in ordered["hf_id"].dropna().items()}


def _written(value: Any) -> str:
    """A value of a row as text; '' for unknown."""
    if isinstance(value, bool):
        return "true" if value else "false"
    number = formats.number(value)
    if number is not None:
        return str(int(number)) if number == int(number) else str(number)
    return value if isinstance(value, str) else ""


def _state(field: str, before: str, after: str) -> Literal["new", "agrees", "differs"]:
    if not before:
        return "new"
    if field in SIZES:
        return "agrees" if abs(float(after) / float(before) - 1) < ROUNDED else "differs"
    return "agrees" if _bare(before) == _bare(after) else "differs"


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
