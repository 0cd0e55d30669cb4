"""Tables of evaluations asked for: jobs, their tasks and events, the workers, and what a run took.

They follow the rules of ``lib.store.tables``. What DBOS keeps of its queue (its own tables, made by itself) is the truth
about *who runs a job now*; these rows are the truth about what was asked for and what became of it.
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
    Table,
    Text,
    text,
)

from lib.store.tables import BigId, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),  # 12 hexadecimal digits, random
    Column("digest", Text, nullable=False, index=True),  # of the specification: the same digest is the same job
    Column("spec", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),  # why it failed, was cancelled or waits, for a person
    Column("is_retryable", Boolean, nullable=False, server_default=text("false")),
    Column("workflow", Text, nullable=False),  # the one in force in DBOS's queue; a new one each time it is asked again
    Column("priority", Integer, nullable=False, server_default=text("0")),  # larger goes first
    Column("turn", BigId, nullable=False),  # then the smaller; given anew when it is asked again
    Column("needs", JSON, nullable=False),
    Column("estimate", JSON, nullable=False),
    Column("worker", Text, index=True),  # whose it is: claimed while queued, at work while running
    Column("attempt", Integer, nullable=False, server_default=text("0")),  # times that a worker took it up
    Column("takeovers", Integer, nullable=False, server_default=text("0")),  # of them: because the worker before died
    Column("lm_eval_version", Text),
    Column("log_tail", Text, nullable=False, server_default=""),  # last 64 kB of the child's output
    Column("owner", Text, nullable=False, server_default="local"),
    Column("visibility", Text, nullable=False, server_default="public"),
    Column("created_at", Text, nullable=False),
    Column("started_at", Text),
    Column("ended_at", Text),
    CheckConstraint("state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
    CheckConstraint("visibility in ('private', 'workspace', 'public')", name="visibility"),
    Index("ix_jobs_state_created_at", "state", "created_at"),
)

job_tasks = Table(
    "job_tasks",
    metadata,
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("task", Text, nullable=False),
    Column("repeat", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("request_type", Text),  # loglikelihood, loglikelihood_rolling, generate_until
    Column("n_done", Integer, nullable=False, server_default=text("0")),
    Column("n_requests", Integer),
    Column("tokens_in", BigInteger),
    Column("tokens_out", BigInteger),
    Column("n_empty", Integer, nullable=False, server_default=text("0")),  # answers without any text
    Column("cost_usd", Double),
    Column("seconds", Double),
    Column("peak_memory_bytes", BigInteger),
    Column("device_memory_bytes", BigInteger),
    Column("energy_wh", Double),
    Column("run", Text),  # digest of the run that it became
    Column("is_resumed", Boolean, nullable=False, server_default=text("false")),  # in the middle, from kept answers
    Column("started_at", Text),
    Column("ended_at", Text),
    Column("seen_at", Text),  # when n_done was last told
    CheckConstraint("state in ('waiting', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", JSON, nullable=False),
)

# A row is a process with one device slot. It raises seen_at every second; silent for a minute means dead.
workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("has", JSON, nullable=False),  # device, memory_gib, ram_gib, backends, lm_eval_version, process
    Column("job", Text),
    Column("started_at", Text, nullable=False),
    Column("seen_at", Double, nullable=False),  # seconds since 1970 by the database's clock
)

# What answering took, per run and task, as measured by whoever ran it; not part of the run's identity. The same run may
# have been measured twice, in two sources.
run_measurements = Table(
    "run_measurements",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("task", Text, primary_key=True),
    Column("source_id", BigId, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("n_requests", Integer),
    Column("tokens_in", BigInteger),
    Column("tokens_out", BigInteger),
    Column("seconds", Double),  # answering only, without loading
    Column("load_seconds", Double),
    Column("peak_memory_bytes", BigInteger),
    Column("device_memory_bytes", BigInteger),
    Column("energy_wh", Double),
    Column("cost_usd", Double),
    Column("model_bytes", BigInteger),
    Column("fit_seconds", Double),
    Column("device", Text),
    Column("is_resumed", Boolean, nullable=False, server_default=text("false")),
    Index("ix_run_measurements_source_id", "source_id"),
    sqlite_with_rowid=False,
)
