"""Name patterns of variant tasks and the base task of each: ``task_patterns.csv``."""

from __future__ import annotations

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, count, text

TABLE = Table(
    text("pattern", required=True),
    text("base_task", required=True),
    text("field_meanings"),
    text("note"),
    count("tasks_in_zips"),
    text("example"),
)


def parse(candidate: Candidate) -> Parsed:
    """Rows of the table ``task_patterns``; how many tasks follow a pattern is counted in the store, not kept."""
    rows = TABLE.rows(candidate)
    for row in rows:
        del row["tasks_in_zips"]
    return Parsed(tables={"task_patterns": rows})


SOURCE = Importer(
    name="task-patterns",
    version=1,
    describes="name patterns of variant tasks (task_patterns.csv)",
    recognise=TABLE.matches,
    parse=parse,
)
