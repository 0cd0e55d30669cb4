"""Which model each run is of, and the community models that come into being on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lib.schema.records import Run
from lib.sources.resolver import LARGEST_DISAGREEMENT, Resolution, Resolver, quantisation_in, size_status_for
from lib.store import read
from lib.store.db import Store
from lib.store.extract import loosely_named_runs, names_of_models
from lib.store.write import assign_models


@dataclass(frozen=True)
class Named:
    """The model of a run: its id, or None while nobody knows; and the quantisation that only the name tells."""

    model_id: str | None
    quantisation: str | None = None


@dataclass
class _Community:
    """What is known of a community model's size: the first count that a source reports, and whether others agree."""

    params_total: int | None = None
    size_status: str = "unknown"
    is_new: bool = True


@dataclass
class Naming:
    """Resolves spellings against the store as it is when first asked, or again after ``refresh``."""

    store: Store
    _resolver: Resolver | None = None
    _community_names: Resolver = field(default_factory=lambda: Resolver((), ()))
    _communities: dict[str, _Community] = field(default_factory=dict)
    _disputed: frozenset[str] = frozenset()

    def refresh(self) -> None:
        """Look at models and aliases again: the catalogue has changed."""
        self._resolver = None

    def name(self, run: Run, scope: str) -> Named:
        """The model that the run's spellings mean; a valid ``org/name`` that nobody has described becomes one.

        Args:
            run: With its spellings, best first, and the size that its source reports.
            scope: Base name of the zip, or of the board, in which some aliases hold.
        """
        resolver = self._resolver or self._look()
        found = resolver.resolve(run.spellings, scope)
        if found.model_id is None:  # what the catalogue knows comes before what a file brought along earlier
            known = self._community_names.resolve(run.spellings, scope)
            found = known if known.model_id is not None else found
        community = found.community_id or (found.model_id if found.model_id in self._communities else None)
        if community is None:
            return Named(found.model_id, found.quantisation)
        self._count_in(community, run)
        return Named(community)

    def resolution(self, run: Run, scope: str) -> Resolution:
        """What the run's spellings mean by catalogue and aliases, and by which rule; as ``name``, without consequences."""
        found = (self._resolver or self._look()).resolve(run.spellings, scope)
        if found.model_id is None:
            known = self._community_names.resolve(run.spellings, scope)
            return known if known.model_id is not None else found
        return found

    def take_new(self) -> list[dict[str, Any]]:
        """Rows of ``models`` for community models that are new or whose size is newly known or in doubt."""
        rows = [
            {
                "id": name,
                "name": name.split("/", 1)[1],
                "origin": "community",
                "hf_id": name,
                "params_total": known.params_total,
                "size_status": known.size_status,
            }
            for name, known in self._communities.items()
            if known.is_new
        ]
        for known in self._communities.values():
            known.is_new = False
        return rows

    def put_back(self, rows: list[dict[str, Any]]) -> None:
        """These rows were not written after all."""
        for row in rows:
            self._communities[row["id"]].is_new = True

    def _look(self) -> Resolver:
        models = names_of_models(self.store).to_dict("records")
        communities = [row for row in models if row["origin"] == "community"]
        described = [row for row in models if row["origin"] != "community"]
        self._resolver = Resolver(read.aliases(self.store), described)
        self._community_names = Resolver((), communities)
        for row in communities:
            if row["id"] not in self._communities:
                size = row["params_total"]
                params = int(size) if size is not None and size == size else None
                self._communities[row["id"]] = _Community(params, row["size_status"], is_new=False)
        disputed = read.reference(self.store, "disputed_sizes")
        self._disputed = frozenset(disputed["model_id"]) if len(disputed) else frozenset()
        return self._resolver

    def _count_in(self, name: str, run: Run) -> None:
        """Compare the size that this source reports with what is known; a packed count says nothing about the weights."""
        known = self._communities.setdefault(name, _Community())
        reported = run.params_reported
        if reported is None:
            return
        if (
            run.quantisation
            or quantisation_in(name)
            or (known.params_total is not None and _differ(reported, known.params_total))
        ):
            status = "disputed"
        else:
            status = size_status_for(name, reported, disputed=self._disputed)
        worst = "disputed" if "disputed" in (status, known.size_status) else status
        if known.params_total is None or worst != known.size_status:
            known.params_total = known.params_total or reported
            known.size_status = worst
            known.is_new = True


def name_again(store: Store) -> int:
    """Give runs that waited, or had a community model, what the catalogue knows by now; returns how many changed."""
    models = names_of_models(store)
    resolver = Resolver(read.aliases(store), models[models["origin"] != "community"])
    found = {}
    for run_id, model_id, spellings, scope in loosely_named_runs(store):
        named = resolver.resolve(spellings, scope).model_id
        if named is not None and named != model_id:
            found[run_id] = named
    return assign_models(store, found) if found else 0


def _differ(one: int, other: int) -> bool:
    return abs(one - other) > LARGEST_DISAGREEMENT * max(one, other)
