"""Who may see what: owners of sources, refusals and logs, what readers say, members, tokens, uploads, snapshots."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OWNER = ("owner", "local")
VISIBILITY = ("visibility", "public")
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _sources_have_owners()
    _logs_have_sources()
    _what_readers_say_has_owners()
    _people()
    _uploads()
    _snapshots()


def _text(name: str, default: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _visibility(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("visibility in ('private', 'workspace', 'public')", name=op.f(f"ck_{table}_visibility"))


def _sources_have_owners() -> None:
    """The same bytes may be brought by several people, each for themselves."""
    op.create_table(
        "raw_holders",
        sa.Column("raw_digest", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("finished_with", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["raw_digest"], ["raw_files.digest"], name=op.f("fk_raw_holders_raw_digest")),
        sa.PrimaryKeyConstraint("raw_digest", "owner", name=op.f("pk_raw_holders")),
    )
    op.execute(
        "insert into raw_holders (raw_digest, owner, finished_with) "
        "select digest, 'local', finished_with from raw_files where finished_with is not null"
    )
    op.drop_column("raw_files", "finished_with")
    with op.batch_alter_table("sources") as sources:
        sources.add_column(sa.Column("pending", sa.Text(), nullable=True))
        sources.drop_constraint("uq_sources_raw_digest", type_="unique")
        sources.create_unique_constraint("uq_sources_raw_digest", ["raw_digest", "member", "owner"])
    with op.batch_alter_table("refusals") as refusals:
        refusals.add_column(_text(*OWNER))
        refusals.add_column(_text(*VISIBILITY))
        refusals.drop_constraint("pk_refusals", type_="primary")
        refusals.create_primary_key("pk_refusals", ["raw_digest", "member", "owner"])
        refusals.create_check_constraint("visibility", "visibility in ('private', 'workspace', 'public')")


def _logs_have_sources() -> None:
    """A log is seen with the source that brought it."""
    with op.batch_alter_table("sample_files") as logs:
        logs.drop_constraint("pk_sample_files", type_="primary")
        logs.create_primary_key("pk_sample_files", ["run_id", "task", "source_id"])


def _what_readers_say_has_owners() -> None:
    for name in ("model_facts", "model_aliases", "prices"):
        op.add_column(name, _text(*OWNER))
        op.add_column(name, _text(*VISIBILITY))


def _people() -> None:
    op.create_table(
        "members",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.CheckConstraint("role in ('stranger', 'viewer', 'contributor', 'admin')", name=op.f("ck_members_role")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_members")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.Column("used_on", sa.Text(), nullable=True),
        sa.CheckConstraint("length(hash) = 64", name=op.f("ck_tokens_hash_is_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_index(op.f("ix_tokens_subject"), "tokens", ["subject"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        _visibility("audit"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_who"), "audit", ["who"], unique=False)


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("wants_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.Text(), nullable=True),
        sa.Column("n_files", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("n_results", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "state in ('received', 'reading', 'taken', 'refused', 'failed')", name=op.f("ck_uploads_state")
        ),
        _visibility("uploads"),
        sa.ForeignKeyConstraint(["replaces"], ["uploads.id"], name=op.f("fk_uploads_replaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_owner"), "uploads", ["owner"], unique=False)
    op.create_table(
        "upload_sources",
        sa.Column("upload", sa.Text(), nullable=False),
        sa.Column("source_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["uploads.id"], name=op.f("fk_upload_sources_upload"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_upload_sources_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload", "source_id", name=op.f("pk_upload_sources")),
    )
    op.create_index(op.f("ix_upload_sources_source_id"), "upload_sources", ["source_id"], unique=False)


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("revision", BigId, nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_digest", sa.Text(), nullable=False),
        sa.Column("tombstones", sa.JSON(), nullable=False),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_snapshots_digest_is_sha256")),
        _visibility("snapshots"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_snapshots")),
    )
