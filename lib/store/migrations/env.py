"""What Alembic runs: the steps on the connection and inside the transaction that ``lib.store.migrate`` opened."""

from alembic import context

from lib.store import access_tables, job_tables  # noqa: F401 - both add their tables to the one list
from lib.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
