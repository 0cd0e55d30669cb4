"""Stores for the Run and Source pages: real files with samples and checkpoints, and hostile text in every place."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from lib.schema.records import Samples
from lib.settings import read_settings
from lib.sources.ingest import ingest
from lib.store.db import Store, open_store
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples
from lib.store.write import write_files
from tests.factories import make_result, make_run, prepared_file, prepared_run, raw_of
from tests.ingest.archives import zipped
from tests.ui.stores import HOSTILE

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RESULTS, LOGS = GOLDEN / "lm-eval-results", GOLDEN / "lm-eval-samples"
EVIL = f"{HOSTILE} </code><script>alert(1)</script>"


def opened(folder: Path) -> Store:
    return open_store(read_settings({"P4P_DATA_DIR": str(folder)}))


def fill_real(folder: Path) -> None:
    """Two training states, a run with groups, one with its log, merged prompts, a board and printed numbers."""
    pythia = {
        f"evals/pythia-v1/pythia-70m/zero-shot/{path.name}": path.read_bytes()
        for case in ("pythia-70m-zero-shot-final", "pythia-70m-zero-shot-untrained")
        for path in (RESULTS / case).glob("70m_*.json")
    }
    log = {
        f"gemma/{path.name}": path.read_bytes()
        for path in (LOGS / "gemma3-gsm8k").iterdir()
        if path.name not in ("case.json", "expected.json")
    }
    files = {
        "pythia.zip": zipped(pythia),
        "gemma.zip": zipped(log),
        "grouped.zip": zipped({f"q/{path.name}": path.read_bytes() for path in (RESULTS / "qwen2.5-1.5b-0.4.8").glob("results_*")}),
        "merged.zip": zipped({"bloom/merged.json": (RESULTS / "bigscience-workshop" / "Tr1-13B-harness-eval.json").read_bytes()}),
        "helm.csv": (GOLDEN / "helm-table" / "boards" / "helm.csv").read_bytes(),
        "scores.csv": (GOLDEN / "published-scores" / "papers" / "scores.csv").read_bytes(),
        "broken.zip": zipped({"a/results.json": next(iter(pythia.values())), "a/bad.json": b'{"results": {"x": '}),
    }  # fmt: skip
    inbox = folder.parent / f"{folder.name}-inbox"
    inbox.mkdir()
    for name, content in files.items():
        (inbox / name).write_bytes(content)
    settings = read_settings({"P4P_DATA_DIR": str(folder)})
    store = open_store(settings)
    for name in files:
        ingest(store, [inbox / name], settings=settings)
    store.close()


def fill_evil(folder: Path) -> str:
    """One run with hostile text in names, tasks, configuration and samples; its digest."""
    store = opened(folder)
    table = pa.table(
        {
            "sample_id": pa.array([0, 1], pa.int64()),
            "filter": ["none", "none"],
            **{name: [EVIL, EVIL] for name in ("doc_hash", "prompt_hash", "target_hash", "prompt", "target", "responses", "filtered")},
            "doc": [json.dumps({"q": EVIL}), None],
            f"metric:{EVIL}": [1.0, 0.0],
        }
    )  # fmt: skip
    task = f"task {EVIL}"
    results = [
        make_result(task, EVIL, score=0.5, n_samples=2, n_correct=1, stderr=0.5, group=f"group {EVIL}", flags=("limited",)),
        make_result(f"other {EVIL}", group=f"group {EVIL}", task_version=EVIL),
        make_result(f"failed {EVIL}", score=None, stderr=None, n_samples=None, n_correct=None, status="failed", stderr_rule="none"),
    ]  # fmt: skip
    run = make_run(
        EVIL, results=results, backend="hf", model_args={EVIL: EVIL}, config={"gen_kwargs": EVIL, EVIL: EVIL}, limit=EVIL[:20],
        revision=EVIL, seeds=EVIL, dtype=EVIL, samples=[Samples(task, table)],
    )  # fmt: skip
    kept = keep_samples(store, table)
    prepared = prepared_run(run, sample_files={task: kept})
    keep_raw(store, b"content")
    write_files(store, raw_of(), [prepared_file(prepared, title=EVIL, url="javascript:alert(1)", licence=EVIL)])
    store.close()
    return prepared.digest
