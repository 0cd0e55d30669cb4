"""The table of snapshots: a row is a state of the store that somebody pinned, its rows in a file of their own."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, MetaData, Table, Text

from lib.store.tables import BigId

metadata = MetaData()

snapshots = Table(
    "snapshots",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("visibility", Text, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
    Column("made_at", Text, nullable=False),
    Column("made_by", Text, nullable=False, server_default=""),
    Column("code_version", Text, nullable=False),
    Column("revision", BigId, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    Column("tombstones", JSON, nullable=False),
    CheckConstraint("visibility in ('private', 'workspace', 'public')", name="ck_snapshots_visibility"),
)
