"""Large files of known shape, for what an import may take of memory."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson

METRICS = [f"metric_{number}" for number in range(20)]


def results_document(n_bytes: int, model: str = "a") -> bytes:
    """A results file of nearly this size: scores, and definitions of its tasks that nobody needs."""
    tasks = [f"task_{number}" for number in range(n_bytes // 20_000)]
    scores = {f"{metric},none": 0.25 for metric in METRICS}
    document = {
        "results": dict.fromkeys(tasks, scores),
        "config": {"model": "hf", "model_args": f"pretrained=org/{model}"},
        "versions": dict.fromkeys(tasks, 1),
    }
    each = (n_bytes - len(orjson.dumps(document))) // len(tasks) - 60
    return orjson.dumps(document | {"configs": {task: {"description": "words " * (each // 6)} for task in tasks}})


def samples_log(n_bytes: int) -> bytes:
    """A log of nearly this size with many small rows: as Python objects it would take ten times its text."""
    row = b'{"doc_id":%d,"doc":{"q":"?","a":[1,2]},"target":1,"arguments":[["q","a"]],"resps":[[1.5]],"acc":1}\n'
    first = 1_000_000
    return b"".join(row % (first + number) for number in range(n_bytes // len(row % first)))


def write_document(folder: Path, n_bytes: int) -> Path:
    path = folder / "results.json"
    path.write_bytes(results_document(n_bytes))
    return path


def write_log(folder: Path, n_bytes: int) -> Path:
    path = folder / "samples_task_2024-01-01T00-00-00.000.jsonl"
    path.write_bytes(samples_log(n_bytes))
    return path


def write_zip(folder: Path, n_bytes: int) -> Path:
    """Three documents and a log, each of nearly this size."""
    path = folder / "several.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for model in "abc":
            archive.writestr(f"{model}/results.json", results_document(n_bytes, model))
        archive.writestr("d/samples_task_2024-01-01T00-00-00.000.jsonl", samples_log(n_bytes))
    return path


def write_inspect(folder: Path, n_bytes: int) -> Path:
    """A log of Inspect of nearly this size: 500 questions, each with the long traces that agents leave behind."""
    path = folder / "log.eval"
    n = 500
    spec = {"task": "t", "model": "hf/org/m", "config": {}, "dataset": {}}
    scored = {"name": "match", "scorer": "match", "metrics": {"accuracy": {"value": 1.0}, "stderr": {"value": 0.0}}}
    source = random.Random(1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("_journal/start.json", b"{}")
        for number in range(n):
            said = source.randbytes(200).hex()
            sample = {
                "id": number, "input": said, "target": "a", "messages": [{"role": "user", "content": said}],
                "events": [{"event": "model", "trace": source.randbytes(int(n_bytes / n / 1.3)).hex()}],
                "scores": {"match": {"value": "C"}},
            }  # fmt: skip
            archive.writestr(f"samples/{number}_epoch_1.json", orjson.dumps(sample))
        results = {"completed_samples": n, "scores": [scored]}
        archive.writestr("header.json", orjson.dumps({"status": "success", "eval": spec, "results": results}))
    return path


SHAPES: dict[str, tuple[Callable[[Path, int], Path], float]] = {
    "document": (write_document, 1.0),
    "log": (write_log, 1.0),
    "zip": (write_zip, 0.25),
}
"""How each is written, and the share of the largest upload that each of its files takes."""
