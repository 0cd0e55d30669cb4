"""The first version of the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _files()
    _models()
    _sayings()
    _catalogue()
    _runs()
    _results()


def _files() -> None:
    """What was received: raw files, sources in them, refusals; and the store's own row."""
    op.create_table(
        "raw_files",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.Text(), nullable=False),
        sa.Column("finished_with", sa.Text(), nullable=True),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_raw_files_digest_is_sha256")),
        sa.CheckConstraint("n_bytes >= 0", name=op.f("ck_raw_files_size_not_negative")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_raw_files")),
    )
    op.create_table(
        "refusals",
        sa.Column("raw_digest", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("raw_digest", "member", name=op.f("pk_refusals")),
    )
    op.create_table(
        "store",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "next_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default=sa.text("1"), nullable=False
        ),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("raw_digest", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False),
        sa.Column("importer", sa.Text(), nullable=False),
        sa.Column("importer_version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("published_on", sa.Text(), nullable=True),
        sa.Column("is_shipped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("owner", sa.Text(), server_default="local", nullable=False),
        sa.Column("visibility", sa.Text(), server_default="public", nullable=False),
        sa.Column("imported_at", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.Text(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("n_results", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("store_revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("visibility in ('private', 'workspace', 'public')", name=op.f("ck_sources_visibility")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_sources_digest_is_sha256")),
        sa.ForeignKeyConstraint(["raw_digest"], ["raw_files.digest"], name=op.f("fk_sources_raw_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("raw_digest", "member", name=op.f("uq_sources_raw_digest")),
    )
    op.create_index(op.f("ix_sources_store_revision"), "sources", ["store_revision"], unique=False)


def _models() -> None:
    """One set of weights or one served system each."""
    op.create_table(
        "models",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=True),
        sa.Column("developer", sa.Text(), nullable=True),
        sa.Column("release_date", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("architecture", sa.Text(), nullable=True),
        sa.Column("params_total", sa.BigInteger(), nullable=True),
        sa.Column("params_active", sa.BigInteger(), nullable=True),
        sa.Column("params_weights", sa.BigInteger(), nullable=True),
        sa.Column("size_status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("training_tokens", sa.BigInteger(), nullable=True),
        sa.Column("tokens_status", sa.Text(), nullable=True),
        sa.Column("tokens_inherited_from", sa.Text(), nullable=True),
        sa.Column("context_length", sa.BigInteger(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("open_weights", sa.Boolean(), nullable=True),
        sa.Column("hf_id", sa.Text(), nullable=True),
        sa.Column("finetuned_from", sa.Text(), nullable=True),
        sa.Column("variant_of", sa.Text(), nullable=True),
        sa.Column("n_layers", sa.Integer(), nullable=True),
        sa.Column("d_model", sa.Integer(), nullable=True),
        sa.Column("n_heads", sa.Integer(), nullable=True),
        sa.Column("n_kv_heads", sa.Integer(), nullable=True),
        sa.Column("head_dim", sa.Integer(), nullable=True),
        sa.Column("vocab_size", sa.Integer(), nullable=True),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("store_revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("origin in ('catalogue', 'community', 'reader')", name=op.f("ck_models_origin")),
        sa.CheckConstraint(
            "size_status in ('stated', 'reported', 'disputed', 'unknown')", name=op.f("ck_models_size_status")
        ),
        sa.CheckConstraint("params_active is null or params_active > 0", name=op.f("ck_models_active_positive")),
        sa.CheckConstraint("params_total is null or params_total > 0", name=op.f("ck_models_size_positive")),
        sa.CheckConstraint("training_tokens is null or training_tokens > 0", name=op.f("ck_models_tokens_positive")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_models_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
    )
    op.create_index(op.f("ix_models_store_revision"), "models", ["store_revision"], unique=False)


def _sayings() -> None:
    """Names, facts and rumours of models."""
    op.create_table(
        "model_aliases",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("origin", sa.Text(), server_default="shipped", nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("origin in ('shipped', 'reader')", name=op.f("ck_model_aliases_origin")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_model_aliases_model_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_model_aliases_source_id")),
        sa.PrimaryKeyConstraint("alias", "scope", "origin", name=op.f("pk_model_aliases")),
    )
    op.create_index(op.f("ix_model_aliases_model_id"), "model_aliases", ["model_id"], unique=False)
    op.create_table(
        "model_facts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source_title", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("source_kind", sa.Text(), nullable=True),
        sa.Column("source_licence", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("is_from_memory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("origin", sa.Text(), server_default="shipped", nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("origin in ('shipped', 'imported', 'reader')", name=op.f("ck_model_facts_origin")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_model_facts_model_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_model_facts_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_facts")),
    )
    op.create_index(op.f("ix_model_facts_model_id"), "model_facts", ["model_id"], unique=False)
    op.create_table(
        "rumours",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("who_says", sa.Text(), nullable=False),
        sa.Column("source_title", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_rumours_model_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_rumours_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rumours")),
    )
    op.create_index(op.f("ix_rumours_model_id"), "rumours", ["model_id"], unique=False)


def _catalogue() -> None:
    """Tasks, prices, hardware, reference tables."""
    op.create_table(
        "hardware",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("memory_gb", sa.Double(), nullable=True),
        sa.Column("bandwidth_gb_s", sa.Double(), nullable=True),
        sa.Column("bf16_tflops_dense", sa.Double(), nullable=True),
        sa.Column("fp16_tflops_dense", sa.Double(), nullable=True),
        sa.Column("fp8_tflops_dense", sa.Double(), nullable=True),
        sa.Column("int8_tops_dense", sa.Double(), nullable=True),
        sa.Column("fp4_tflops_dense", sa.Double(), nullable=True),
        sa.Column("tdp_w", sa.Double(), nullable=True),
        sa.Column("link_gb_s_bidirectional", sa.Double(), nullable=True),
        sa.Column("usd_per_hour", sa.Double(), nullable=True),
        sa.Column("price_kind", sa.Text(), nullable=True),
        sa.Column("price_source", sa.Text(), nullable=True),
        sa.Column("price_date", sa.Text(), nullable=True),
        sa.Column("spec_source", sa.Text(), nullable=True),
        sa.Column("spec_checked", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_hardware_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hardware")),
    )
    op.create_table(
        "prices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("api_name", sa.Text(), nullable=False),
        sa.Column("model_slug", sa.Text(), nullable=False),
        sa.Column("input_usd_per_mtok", sa.Double(), nullable=True),
        sa.Column("output_usd_per_mtok", sa.Double(), nullable=True),
        sa.Column("cached_input_usd_per_mtok", sa.Double(), nullable=True),
        sa.Column("batch_input_usd_per_mtok", sa.Double(), nullable=True),
        sa.Column("batch_output_usd_per_mtok", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_from_kind", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("valid_to_kind", sa.Text(), nullable=True),
        sa.Column("last_seen", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("is_stale_risk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("origin", sa.Text(), server_default="shipped", nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "input_usd_per_mtok is null or input_usd_per_mtok >= 0", name=op.f("ck_prices_input_not_negative")
        ),
        sa.CheckConstraint(
            "output_usd_per_mtok is null or output_usd_per_mtok >= 0", name=op.f("ck_prices_output_not_negative")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_prices_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
    )
    op.create_table(
        "reference_rows",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_reference_rows_source_id")),
        sa.PrimaryKeyConstraint("name", "row", name=op.f("pk_reference_rows")),
    )
    op.create_index(op.f("ix_reference_rows_source_id"), "reference_rows", ["source_id"], unique=False)
    op.create_table(
        "task_patterns",
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("base_task", sa.Text(), nullable=False),
        sa.Column("field_meanings", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("example", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_task_patterns_source_id")),
        sa.PrimaryKeyConstraint("pattern", name=op.f("pk_task_patterns")),
    )
    op.create_table(
        "tasks",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("default_metric", sa.Text(), nullable=True),
        sa.Column("n_items", sa.Integer(), nullable=True),
        sa.Column("n_items_status", sa.Text(), nullable=True),
        sa.Column("n_choices", sa.Text(), nullable=True),
        sa.Column("random_baseline", sa.Double(), nullable=True),
        sa.Column("majority_baseline", sa.Double(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("published_names", sa.JSON(), nullable=False),
        sa.Column("lm_eval_names", sa.JSON(), nullable=False),
        sa.Column("untrained_mean", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_tasks_source_id")),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_tasks")),
    )


def _runs() -> None:
    """One model under one configuration each."""
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=True),
        sa.Column("spellings", sa.JSON(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("evaluator", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("evaluator_version", sa.Text(), nullable=True),
        sa.Column("harness_commit", sa.Text(), nullable=True),
        sa.Column("backend", sa.Text(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("training_tokens", sa.BigInteger(), nullable=True),
        sa.Column("is_checkpoint", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("dtype", sa.Text(), nullable=True),
        sa.Column("quantisation", sa.Text(), nullable=True),
        sa.Column("limit", sa.Text(), nullable=True),
        sa.Column("seeds", sa.Text(), nullable=True),
        sa.Column("chat_template", sa.Text(), nullable=True),
        sa.Column("system_instruction", sa.Text(), nullable=True),
        sa.Column("is_multiturn", sa.Boolean(), nullable=True),
        sa.Column("start_token", sa.Text(), nullable=True),
        sa.Column("evaluated_on", sa.Text(), nullable=True),
        sa.Column("total_seconds", sa.Double(), nullable=True),
        sa.Column("params_reported", sa.BigInteger(), nullable=True),
        sa.Column("model_args", sa.JSON(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("store_revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind in ('raw', 'board', 'transcription')", name=op.f("ck_runs_kind")),
        sa.CheckConstraint("params_reported is null or params_reported > 0", name=op.f("ck_runs_size_positive")),
        sa.CheckConstraint("training_tokens is null or training_tokens >= 0", name=op.f("ck_runs_tokens_not_negative")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=op.f("fk_runs_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("digest", name=op.f("uq_runs_digest")),
    )
    op.create_index(op.f("ix_runs_model_id"), "runs", ["model_id"], unique=False)
    op.create_index(op.f("ix_runs_store_revision"), "runs", ["store_revision"], unique=False)


def _results() -> None:
    """What runs hold, and where they came from."""
    op.create_table(
        "results",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), server_default="", nullable=False),
        sa.Column("filter", sa.Text(), server_default="none", nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("stderr", sa.Double(), nullable=True),
        sa.Column("n_samples", sa.Integer(), nullable=True),
        sa.Column("n_correct", sa.Integer(), nullable=True),
        sa.Column("score_published", sa.Double(), nullable=True),
        sa.Column("stderr_published", sa.Double(), nullable=True),
        sa.Column("n_shot", sa.Integer(), nullable=True),
        sa.Column("task_version", sa.Text(), nullable=True),
        sa.Column("task_hash", sa.Text(), nullable=True),
        sa.Column("higher_is_better", sa.Boolean(), nullable=True),
        sa.Column("is_group", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("stderr_rule", sa.Text(), server_default="none", nullable=False),
        sa.Column("is_approximate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("flags", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="scored", nullable=False),
        sa.CheckConstraint("status <> 'scored' or score is not null", name=op.f("ck_results_scored_has_score")),
        sa.CheckConstraint(
            "status in ('scored', 'failed', 'refused', 'unparsed', 'missing')", name=op.f("ck_results_status")
        ),
        sa.CheckConstraint(
            "n_correct is null or (n_samples is not null and n_correct between 0 and n_samples)",
            name=op.f("ck_results_counts_fit"),
        ),
        sa.CheckConstraint("n_samples is null or n_samples > 0", name=op.f("ck_results_n_positive")),
        sa.CheckConstraint("stderr is null or stderr >= 0", name=op.f("ck_results_stderr_not_negative")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_results_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "task", "prompt", "filter", "metric", name=op.f("pk_results")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_sources",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_sources_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_run_sources_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "source_id", name=op.f("pk_run_sources")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_sources_source_id", "run_sources", ["source_id"], unique=False)
    op.create_table(
        "sample_files",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_sample_files_digest_is_sha256")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_sample_files_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_sample_files_source_id")),
        sa.PrimaryKeyConstraint("run_id", "task", name=op.f("pk_sample_files")),
    )
