"""List prices of served models, dated and sourced: ``api_prices.csv``. Appended, never overwritten."""

from __future__ import annotations

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, date, flag, number, text

TABLE = Table(
    text("provider", required=True),
    text("model_id", required=True, key="api_name"),
    text("model_name", required=True, key="model_slug"),
    number("input_usd_per_mtok"),
    number("output_usd_per_mtok"),
    number("cached_input_usd_per_mtok"),
    number("batch_input_usd_per_mtok"),
    number("batch_output_usd_per_mtok"),
    date("valid_from"),
    text("valid_from_kind"),
    date("valid_to"),
    text("valid_to_kind"),
    date("last_seen"),
    text("source"),
    flag("stale_risk", required=True, key="is_stale_risk"),
)


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``prices`` in USD per million tokens."""
    rows = TABLE.rows(candidate)
    for row in rows:
        row["origin"] = "shipped"
    return Parsed(tables={"prices": rows})


SOURCE = Importer(
    name="api-prices",
    version=1,
    describes="list prices of served models (api_prices.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
