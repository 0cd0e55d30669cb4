"""The relational tables, the same on SQLite and PostgreSQL. Unknown is NULL; what may exist, constraints say.

Times are UTC ISO-8601 text with seconds, dates ISO text that may stop at the month; both sort as text and
are equal on both engines. Digests are lower-case hexadecimal SHA-256.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
BigId = BigInteger().with_variant(Integer, "sqlite")

store = Table(
    "store",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", BigId, nullable=False, server_default=text("0")),
    # Next number for a source or run. Never given twice, so a run that is gone cannot be taken for a new one.
    Column("next_id", BigId, nullable=False, server_default=text("1")),
    Column("created_at", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

raw_files = Table(
    "raw_files",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    Column("stored_at", Text, nullable=False),
    CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
    CheckConstraint("n_bytes >= 0", name="size_not_negative"),
)

raw_holders = Table(
    "raw_holders",
    metadata,
    Column("raw_digest", Text, ForeignKey("raw_files.digest"), primary_key=True),
    Column("owner", Text, primary_key=True),
    # State of the importers that have dealt with every member for this owner: an unfinished or outdated file is walked
    # again, a finished one is skipped unread.
    Column("finished_with", Text, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("raw_digest", Text, ForeignKey("raw_files.digest"), nullable=False),
    Column("member", Text, nullable=False, server_default=""),  # path inside a zip; '' for a file of its own
    Column("name", Text, nullable=False),  # as the reader knows it: a.json or a.zip!/b.json
    Column("digest", Text, nullable=False),  # of the member's own bytes
    Column("n_bytes", BigInteger, nullable=False),
    Column("importer", Text, nullable=False),
    Column("importer_version", Integer, nullable=False),
    Column("title", Text),
    Column("url", Text),
    Column("licence", Text),
    Column("published_on", Text),
    Column("is_shipped", Boolean, nullable=False, server_default=text("false")),
    Column("owner", Text, nullable=False, server_default="local"),
    Column("visibility", Text, nullable=False, server_default="public"),
    Column("imported_at", Text, nullable=False),
    Column("withdrawn_at", Text),
    Column("pending", Text),  # the upload that is still being read: nothing of it is seen before it is whole
    Column("warnings", JSON, nullable=False),
    Column("n_results", Integer, nullable=False, server_default=text("0")),
    Column("store_revision", BigId, nullable=False, index=True),
    # The same bytes brought by two people are two sources of the same runs: neither learns of the other.
    UniqueConstraint("raw_digest", "member", "owner"),
    CheckConstraint("visibility in ('private', 'workspace', 'public')", name="visibility"),
    CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("raw_digest", Text, primary_key=True),
    Column("member", Text, primary_key=True, server_default=""),
    Column("owner", Text, primary_key=True, server_default="local"),
    Column("visibility", Text, nullable=False, server_default="public"),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("refused_at", Text, nullable=False),
    CheckConstraint("visibility in ('private', 'workspace', 'public')", name="visibility"),
)

models = Table(
    "models",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("origin", Text, nullable=False),  # catalogue, community, reader
    Column("family", Text),
    Column("developer", Text),
    Column("release_date", Text),
    Column("kind", Text),
    Column("architecture", Text),
    Column("params_total", BigInteger),
    Column("params_active", BigInteger),
    Column("params_weights", BigInteger),
    Column("size_status", Text, nullable=False, server_default="unknown"),
    Column("training_tokens", BigInteger),
    Column("tokens_status", Text),
    Column("tokens_inherited_from", Text),
    Column("context_length", BigInteger),
    Column("licence", Text),
    Column("open_weights", Boolean),
    Column("hf_id", Text),
    Column("finetuned_from", Text),
    Column("variant_of", Text),
    Column("n_layers", Integer),
    Column("d_model", Integer),
    Column("n_heads", Integer),
    Column("n_kv_heads", Integer),
    Column("head_dim", Integer),
    Column("vocab_size", Integer),
    Column("precision", Text),
    Column("source_id", BigId, ForeignKey("sources.id")),
    Column("store_revision", BigId, nullable=False, index=True),
    CheckConstraint("origin in ('catalogue', 'community', 'reader')", name="origin"),
    CheckConstraint("size_status in ('stated', 'reported', 'disputed', 'unknown')", name="size_status"),
    CheckConstraint("params_total is null or params_total > 0", name="size_positive"),
    CheckConstraint("params_active is null or params_active > 0", name="active_positive"),
    CheckConstraint("training_tokens is null or training_tokens > 0", name="tokens_positive"),
)

# A reader's own facts and aliases (origin 'reader') win over shipped ones and survive updates.
model_facts = Table(
    "model_facts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("model_id", Text, ForeignKey("models.id"), nullable=False, index=True),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("source_title", Text),
    Column("source_url", Text),
    Column("source_kind", Text),
    Column("source_licence", Text),
    Column("note", Text),
    Column("is_from_memory", Boolean, nullable=False, server_default=text("false")),
    Column("origin", Text, nullable=False, server_default="shipped"),
    Column("source_id", BigId, ForeignKey("sources.id")),
    Column("owner", Text, nullable=False, server_default="local"),
    Column("visibility", Text, nullable=False, server_default="public"),
    CheckConstraint("origin in ('shipped', 'imported', 'reader')", name="origin"),
)

rumours = Table(
    "rumours",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("model_id", Text, ForeignKey("models.id"), nullable=False, index=True),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("who_says", Text, nullable=False),
    Column("source_title", Text),
    Column("source_url", Text),
    Column("note", Text),
    Column("source_id", BigId, ForeignKey("sources.id")),
)

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("alias", Text, primary_key=True),
    Column("scope", Text, primary_key=True, server_default=""),  # '' everywhere, else a zip's or board's name
    Column("origin", Text, primary_key=True, server_default="shipped"),
    Column("model_id", Text, ForeignKey("models.id"), nullable=False, index=True),
    Column("kind", Text),
    Column("source_id", BigId, ForeignKey("sources.id")),
    Column("owner", Text, nullable=False, server_default="local"),
    Column("visibility", Text, nullable=False, server_default="public"),
    CheckConstraint("origin in ('shipped', 'reader')", name="origin"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("task", Text, primary_key=True),
    Column("default_metric", Text),
    Column("n_items", Integer),
    Column("n_items_status", Text),
    Column("n_choices", Text),
    Column("random_baseline", Double),
    Column("majority_baseline", Double),
    Column("category", Text),
    Column("direction", Text),
    Column("published_names", JSON, nullable=False),
    Column("lm_eval_names", JSON, nullable=False),
    Column("untrained_mean", Text),
    Column("note", Text),
    Column("source_id", BigId, ForeignKey("sources.id")),
)

task_patterns = Table(
    "task_patterns",
    metadata,
    Column("pattern", Text, primary_key=True),
    Column("base_task", Text, nullable=False),
    Column("field_meanings", Text),
    Column("note", Text),
    Column("example", Text),
    Column("source_id", BigId, ForeignKey("sources.id")),
)

runs = Table(
    "runs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),  # canonical content, without times and host
    Column("model_id", Text, ForeignKey("models.id"), index=True),  # NULL: waits in the list of unresolved names
    Column("spellings", JSON, nullable=False),
    Column("scope", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False),
    Column("evaluator", Text, nullable=False),
    Column("document", Text),
    Column("evaluator_version", Text),
    Column("harness_commit", Text),
    Column("backend", Text),
    Column("revision", Text),
    Column("training_tokens", BigInteger),
    Column("is_checkpoint", Boolean, nullable=False, server_default=text("false")),
    Column("dtype", Text),
    Column("quantisation", Text),
    Column("limit", Text),
    Column("seeds", Text),
    Column("chat_template", Text),
    Column("system_instruction", Text),
    Column("is_multiturn", Boolean),
    Column("start_token", Text),
    Column("evaluated_on", Text),
    Column("total_seconds", Double),
    Column("params_reported", BigInteger),
    Column("model_args", JSON, nullable=False),
    Column("config", JSON, nullable=False),
    Column("store_revision", BigId, nullable=False, index=True),
    CheckConstraint("kind in ('raw', 'board', 'transcription')", name="kind"),
    CheckConstraint("training_tokens is null or training_tokens >= 0", name="tokens_not_negative"),
    CheckConstraint("params_reported is null or params_reported > 0", name="size_positive"),
)

run_sources = Table(
    "run_sources",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("source_id", BigId, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_run_sources_source_id", "source_id"),
    sqlite_with_rowid=False,
)

results = Table(
    "results",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("task", Text, primary_key=True),
    Column("prompt", Text, primary_key=True, server_default=""),
    Column("filter", Text, primary_key=True, server_default="none"),
    Column("metric", Text, primary_key=True),
    Column("score", Double),
    Column("stderr", Double),
    Column("n_samples", Integer),
    Column("n_correct", Integer),
    Column("score_published", Double),
    Column("stderr_published", Double),
    Column("n_shot", Integer),
    Column("task_version", Text),
    Column("task_hash", Text),
    Column("higher_is_better", Boolean),
    Column("is_group", Boolean, nullable=False, server_default=text("false")),
    Column("parent", Text),
    Column("stderr_rule", Text, nullable=False, server_default="none"),
    Column("is_approximate", Boolean, nullable=False, server_default=text("false")),
    Column("flags", Text, nullable=False, server_default=""),  # sorted, joined by a space
    Column("status", Text, nullable=False, server_default="scored"),
    CheckConstraint("status in ('scored', 'failed', 'refused', 'unparsed', 'missing')", name="status"),
    CheckConstraint("stderr is null or stderr >= 0", name="stderr_not_negative"),
    CheckConstraint("n_samples is null or n_samples > 0", name="n_positive"),
    CheckConstraint(
        "n_correct is null or (n_samples is not null and n_correct between 0 and n_samples)", name="counts_fit"
    ),
    CheckConstraint("status <> 'scored' or score is not null", name="scored_has_score"),
    sqlite_with_rowid=False,
)

sample_files = Table(
    "sample_files",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("task", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    # Part of the key: who may see a log is its source's affair, and a run may be seen by more people than a log of it.
    Column("source_id", BigId, ForeignKey("sources.id"), primary_key=True),
    CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
)

prices = Table(
    "prices",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("provider", Text, nullable=False),
    Column("api_name", Text, nullable=False),  # the provider's name for the model
    Column("model_slug", Text, nullable=False),  # normalised; resolves through model_aliases of kind 'API name'
    Column("input_usd_per_mtok", Double),
    Column("output_usd_per_mtok", Double),
    Column("cached_input_usd_per_mtok", Double),
    Column("batch_input_usd_per_mtok", Double),
    Column("batch_output_usd_per_mtok", Double),
    Column("valid_from", Text),
    Column("valid_from_kind", Text),
    Column("valid_to", Text),
    Column("valid_to_kind", Text),
    Column("last_seen", Text),
    Column("source", Text),
    Column("is_stale_risk", Boolean, nullable=False, server_default=text("false")),
    Column("origin", Text, nullable=False, server_default="shipped"),
    Column("source_id", BigId, ForeignKey("sources.id")),
    Column("owner", Text, nullable=False, server_default="local"),
    Column("visibility", Text, nullable=False, server_default="public"),
    CheckConstraint("input_usd_per_mtok is null or input_usd_per_mtok >= 0", name="input_not_negative"),
    CheckConstraint("output_usd_per_mtok is null or output_usd_per_mtok >= 0", name="output_not_negative"),
)

hardware = Table(
    "hardware",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("memory_gb", Double),
    Column("bandwidth_gb_s", Double),
    Column("bf16_tflops_dense", Double),
    Column("fp16_tflops_dense", Double),
    Column("fp8_tflops_dense", Double),
    Column("int8_tops_dense", Double),
    Column("fp4_tflops_dense", Double),
    Column("tdp_w", Double),
    Column("link_gb_s_bidirectional", Double),
    Column("usd_per_hour", Double),
    Column("price_kind", Text),
    Column("price_source", Text),
    Column("price_date", Text),
    Column("spec_source", Text),
    Column("spec_checked", Text),
    Column("notes", Text),
    Column("source_id", BigId, ForeignKey("sources.id")),
)

# Small sourced tables that one page or calculation reads whole (scaling points, laws, bootstrap draws,
# claims, board columns, measurements): one row each, columns as the file declares them.
reference_rows = Table(
    "reference_rows",
    metadata,
    Column("name", Text, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("data", JSON, nullable=False),
    Column("source_id", BigId, ForeignKey("sources.id"), nullable=False, index=True),
)
