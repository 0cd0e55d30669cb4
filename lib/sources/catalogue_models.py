"""The catalogue of models: ``models.csv``, one row per model or comparison system."""

from __future__ import annotations

from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, count, date, flag, positive, text

LARGEST_DISAGREEMENT = 0.25
"""A stated size and a count over the weights that differ by more than this share are disputed (both ways)."""

HAS_STORED_BUFFERS = ("gpt-2-", "pythia-")
"""Small models of these families store attention buffers beside the weights: their files hold 5 to 30 percent
more numbers than the model has parameters, which is no dispute about its size (data/catalogue/README.md)."""

TABLE = Table(
    text("id", required=True),
    text("name", required=True),
    text("family"),
    text("developer"),
    date("release_date"),
    text("kind"),
    text("architecture"),
    positive("params_total"),
    positive("params_active"),
    positive("training_tokens"),
    text("tokens_status"),
    positive("context_length"),
    text("licence"),
    flag("open_weights"),
    text("hf_id"),
    text("finetuned_from"),
    count("n_layers"),
    count("d_model"),
    count("n_heads"),
    count("n_kv_heads"),
    count("head_dim"),
    count("vocab_size"),
    text("precision"),
    positive("params_weights"),
    text("tokens_inherited_from"),
    text("variant_of"),
)
REFERENCES = ("finetuned_from", "tokens_inherited_from", "variant_of")


def size_status(row: dict[str, Any]) -> str:
    """Whether the total size of a catalogue row is stated, disputed or unknown.

    Args:
        row: One row with ``id``, ``params_total`` and ``params_weights`` (None when unknown).

    Source:
        The 25 percent rule: sizes that disagree by more than that are not used for records or upsets.
    """
    total, weights = row["params_total"], row["params_weights"]
    if total is None:
        return "unknown"
    is_padded = weights is not None and weights > total and row["id"].startswith(HAS_STORED_BUFFERS)
    if weights is not None and not is_padded and sizes_disagree(total, weights):
        return "disputed"
    return "stated"


def sizes_disagree(one: float, other: float) -> bool:
    """Whether ``one`` lies more than 25 percent above or below ``other``."""
    return abs(one - other) > LARGEST_DISAGREEMENT * other


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``models``, each with its size status.

    Raises:
        RefusedInput: If an id occurs twice or a row refers to a model that the file does not hold.
    """
    rows = TABLE.rows(candidate)
    known: set[str] = set()
    for row in rows:
        if row["id"] in known:
            raise RefusedInput("a model id occurs twice", file=candidate.name, place="column 'id'", found=row["id"])
        known.add(row["id"])
    for row in rows:
        for field in REFERENCES:
            if row[field] is not None and row[field] not in known:
                raise RefusedInput(
                    f"{row['id']} refers to an unknown model",
                    file=candidate.name,
                    place=f"column {field!r}",
                    found=row[field],
                )
        row["origin"] = "catalogue"
        row["size_status"] = size_status(row)
    return Parsed(tables={"models": rows})


SOURCE = Importer(
    name="catalogue-models",
    version=1,
    describes="the catalogue of models (models.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
