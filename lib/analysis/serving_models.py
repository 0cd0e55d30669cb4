"""Which catalogue model each shape belongs to, and the shape of a model that was tuned from another."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from lib.sources.resolver import Resolver
from lib.stats.architecture import Architecture


class Shapes(NamedTuple):
    """Shapes that estimates can be made for.

    Args:
        table: The reference table ``model_arch``, index ``model_id``, as it is.
        of_model: Catalogue id -> ``model_id`` of its own shape, or of that of the model it was tuned from.
        inherited: Those of ``of_model`` whose shape is that of the model they were tuned from.
        unresolved: ``model_id`` that no catalogue model is known to have, in file order.
    """

    table: pd.DataFrame
    of_model: dict[str, str]
    inherited: frozenset[str]
    unresolved: tuple[str, ...]

    def shape(self, model: str) -> Architecture | None:
        """By catalogue id, or by ``model_id``; None where no shape is known."""
        name = self.of_model.get(model, model)
        return Architecture.of(self.table.loc[name]) if name in self.table.index else None


def shapes_of_models(models: pd.DataFrame, aliases: pd.DataFrame, shapes: pd.DataFrame) -> Shapes:
    """The store's resolver asked for each shape.

    Args:
        models: ``Frames.models``.
        aliases: ``Frames.aliases``.
        shapes: Reference table ``model_arch``; may be empty.
    """
    if shapes.empty:
        return Shapes(pd.DataFrame(), {}, frozenset(), ())
    table = shapes.drop_duplicates("model_id").set_index("model_id")
    names = models.reset_index(names="id")[["id", "hf_id", "origin", "params_total", "size_status"]]
    resolver = Resolver(aliases, names)
    of_model: dict[str, str] = {}
    unresolved = []
    for name in table.index.astype(str):
        found = resolver.resolve((name,)).model_id
        if found is None or found not in models.index:
            unresolved.append(name)
        else:
            of_model.setdefault(found, name)
    bases = models["finetuned_from"].dropna().astype(str)
    tuned = {str(model): of_model[base] for model, base in bases.items() if model not in of_model and base in of_model}
    return Shapes(table, {**of_model, **tuned}, frozenset(tuned), tuple(unresolved))
