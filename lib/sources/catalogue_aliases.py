"""Other spellings of models: ``aliases.csv``, one row per spelling, kind and scope."""

from __future__ import annotations

from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, text

TABLE = Table(
    text("alias", required=True),
    text("id", required=True, key="model_id"),
    text("kind"),
    text("scope"),
)


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``model_aliases``, one per spelling and scope.

    A spelling that the file lists under several kinds becomes one row with the kinds joined by ``; ``. The
    scope is empty for a name that means the same model everywhere, else the zip in which alone it holds.

    Raises:
        RefusedInput: If one spelling means two models in one scope.
    """
    by_name: dict[tuple[str, str], dict[str, Any]] = {}
    for row in TABLE.rows(candidate):
        row["scope"] = row["scope"] or ""
        key = (row["alias"], row["scope"])
        first = by_name.setdefault(key, row)
        if first is row:
            row["origin"] = "shipped"
        elif first["model_id"] != row["model_id"]:
            raise RefusedInput(
                "one spelling means two models",
                file=candidate.name,
                place=f"alias {row['alias']!r}, scope {row['scope']!r}",
                expected=first["model_id"],
                found=row["model_id"],
            )
        elif row["kind"]:
            first["kind"] = "; ".join(filter(None, (first["kind"], row["kind"])))
    return Parsed(tables={"model_aliases": list(by_name.values())})


SOURCE = Importer(
    name="catalogue-aliases",
    version=1,
    describes="other spellings of models (aliases.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
