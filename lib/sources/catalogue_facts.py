"""Where each value of the catalogue comes from: ``facts.csv``, one row per model, field and value."""

from __future__ import annotations

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, text

TABLE = Table(
    text("model_id", required=True),
    text("field", required=True),
    text("value", required=True),
    text("source_title"),
    text("source_url"),
    text("source_kind"),
    text("source_licence"),
    text("note"),
)


def is_from_memory(source_kind: str | None) -> bool:
    """Whether a value was typed without the source at hand and waits for a second look."""
    return source_kind is not None and source_kind.endswith("(from memory)")


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``model_facts``; values stay text, as written."""
    rows = TABLE.rows(candidate)
    for row in rows:
        row["is_from_memory"] = is_from_memory(row["source_kind"])
        row["origin"] = "shipped"
    return Parsed(tables={"model_facts": rows})


SOURCE = Importer(
    name="catalogue-facts",
    version=1,
    describes="sources of the values in the catalogue (facts.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
