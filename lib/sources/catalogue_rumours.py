"""Unconfirmed figures and who spreads them: ``rumours.csv``. They never enter a model's own row."""

from __future__ import annotations

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, text

TABLE = Table(
    text("model_id", required=True),
    text("field", required=True),
    text("value", required=True),
    text("who_says", required=True),
    text("source_title"),
    text("source_url"),
    text("note"),
)


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``rumours``; values stay text, as written."""
    return Parsed(tables={"rumours": TABLE.rows(candidate)})


SOURCE = Importer(
    name="catalogue-rumours",
    version=1,
    describes="unconfirmed figures and who says them (rumours.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
