"""What makes two runs the same run: configuration and results, without times and host (docs/decisions.md).

The digest is SHA-256 over canonical JSON: keys sorted, no white space, results in order of their identity.
"""

from __future__ import annotations

import hashlib
from operator import itemgetter
from typing import Any

import orjson
import pyarrow as pa

from lib.schema.records import Result, Run

CONFIGURATION = (
    "evaluator",
    "kind",
    "document",
    "evaluator_version",
    "harness_commit",
    "backend",
    "revision",
    "training_tokens",
    "is_checkpoint",
    "dtype",
    "quantisation",
    "limit",
    "seeds",
    "chat_template",
    "system_instruction",
    "is_multiturn",
    "start_token",
    "params_reported",
    "model_args",
)
"""Fields of a run that are part of its identity. Left out: when and where it ran, how long it took, and every spelling
but the first, since the others come from folders and the same run may lie in two."""

TIMES_AND_HOST = {
    "attach_to",
    "date",
    "duration",
    "start_time",
    "end_time",
    "evaluation_time",
    "total_evaluation_time_seconds",
    "pretty_env_info",
    "hostname",
    "host",
    "time",
}


def run_digest(run: Run) -> str:
    """The run's identity, 64 hexadecimal digits. A run that has only samples is identified by these."""
    own = {name: getattr(run, name) for name in CONFIGURATION}
    own["name"] = run.spellings[0]
    own["config"] = {key: value for key, value in run.config.items() if key not in TIMES_AND_HOST}
    own["results"] = sorted(map(_result, run.results), key=itemgetter(0, 1, 2, 3))
    if not run.results:
        own["samples"] = sorted((samples.task, table_digest(samples.table)) for samples in run.samples)
    return hashlib.sha256(canonical(own)).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with sorted keys; NaN and infinities, which JSON lacks, as null; other objects by their text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)


def table_digest(table: pa.Table) -> str:
    """Digest of a table's rows, the same whatever its chunks and whichever pyarrow wrote it."""
    digest = hashlib.sha256(canonical(table.column_names))
    for batch in table.to_batches(max_chunksize=1000):
        for row in batch.to_pylist():
            digest.update(canonical(list(row.values())))
    return digest.hexdigest()


def _result(result: Result) -> tuple[Any, ...]:
    """Identity and value as the file has them: what we recompute may improve without making another run."""
    score = result.score if result.score_published is None else result.score_published
    error = result.stderr_published
    # + 0.0: -0.0 and 0.0 are one number, and so are 1 and 1.0.
    return (
        result.task,
        result.prompt,
        result.filter,
        result.metric,
        None if score is None else score + 0.0,
        None if error is None else error + 0.0,
        result.n_shot,
        result.task_version,
        result.task_hash,
        result.status,
    )
