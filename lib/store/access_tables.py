"""Tables of people and what they share: members, tokens, what was done, uploads, snapshots.

They follow the rules of ``lib.store.tables``. A *subject* is who somebody is in the words of the login's issuer.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    text,
)

from lib.store.tables import BigId, metadata

members = Table(
    "members",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    CheckConstraint("role in ('stranger', 'viewer', 'contributor', 'admin')", name="role"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),  # 12 hexadecimal digits, the beginning of the token: no secret
    Column("hash", Text, nullable=False, unique=True),  # SHA-256 of the whole token, which is 256 random bits
    Column("subject", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # sorted, joined by a space
    Column("made_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("revoked_at", Text),
    Column("used_on", Text),  # day of the last use
    CheckConstraint("length(hash) = 64", name="hash_is_sha256"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False, index=True),
    Column("who", Text, nullable=False, index=True),  # a subject
    Column("what", Text, nullable=False),  # added, changed, withdrew, ...
    Column("of", Text, nullable=False),  # what it was done to, for a person
    Column("owner", Text, nullable=False),  # whose that is
    Column("visibility", Text, nullable=False),
    Column("data", JSON, nullable=False),
    CheckConstraint("visibility in ('private', 'workspace', 'public')", name="visibility"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),  # 12 hexadecimal digits, random
    Column("owner", Text, nullable=False, index=True),
    Column("visibility", Text, nullable=False),
    Column("wants_public", Boolean, nullable=False, server_default=text("false")),  # waits for an admin
    Column("name", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("replaces", Text, ForeignKey("uploads.id")),
    Column("undone_at", Text),
    Column("n_files", Integer, nullable=False, server_default=text("0")),
    Column("n_results", Integer, nullable=False, server_default=text("0")),
    Column("report", JSON, nullable=False),  # what the doctor said
    CheckConstraint("state in ('received', 'reading', 'taken', 'refused', 'failed')", name="state"),
    CheckConstraint("visibility in ('private', 'workspace', 'public')", name="visibility"),
)

upload_sources = Table(
    "upload_sources",
    metadata,
    Column("upload", Text, ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("source_id", BigId, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True, index=True),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("owner", Text, nullable=False),
    Column("visibility", Text, nullable=False),  # that of the most hidden row in it
    Column("made_at", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("revision", BigId, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    Column("file_digest", Text, nullable=False),
    Column("tombstones", JSON, nullable=False),  # sources taken out of it afterwards, each with reason and time
    CheckConstraint("visibility in ('private', 'workspace', 'public')", name="visibility"),
    CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
)
