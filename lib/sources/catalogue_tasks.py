"""The catalogue of benchmarks and tasks: ``benchmark_baselines.csv``."""

from __future__ import annotations

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, choice, names, number, positive, text

TABLE = Table(
    text("task", required=True),
    text("default_metric"),
    positive("n_items"),
    text("n_items_status"),
    text("n_choices"),
    number("random_baseline"),
    number("majority_baseline"),
    text("untrained_mean_16_pythia_models", key="untrained_mean"),
    text("note"),
    text("category"),
    names("published_names"),
    choice("direction", ("higher", "lower")),
    names("lm_eval_names"),
)


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``tasks``; the two lists of names are lists, empty when the cell is."""
    rows = TABLE.rows(candidate)
    for row in rows:
        row["published_names"] = row["published_names"] or []
        row["lm_eval_names"] = row["lm_eval_names"] or []
    return Parsed(tables={"tasks": rows})


SOURCE = Importer(
    name="catalogue-tasks",
    version=1,
    describes="the catalogue of benchmarks and tasks (benchmark_baselines.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
