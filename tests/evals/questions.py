"""Small tasks of our own as lm-eval takes them, and jobs that ask them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lib.evals.jobs import Job, Needs, TaskProgress
from lib.evals.spec import JobSpec

NAMES = ("own_choices", "own_answers", "own_text")
"""Multiple choice, a written answer, and the likelihood of a text."""


def configs(folder: Path, *, n: int = 24, prompt: str = "Question: {{question}}\nAnswer:") -> dict[str, dict[str, Any]]:
    """Settings of the three tasks over ``n`` rows each, their data written into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "question": f"{'so ' * (i % 7)}what is {i} and {i + 1}?",
            "choices": [str(2 * i), f"{2 * i + 1}", "none"],
            "answer": i % 3,
        }
        for i in range(n)
    ]
    written = [{"question": row["question"], "answer": row["choices"][1]} for row in rows]
    texts = [{"text": f"{row['question']} {row['choices'][0]}. " * (1 + i % 4)} for i, row in enumerate(rows)]
    shared = {"dataset_path": "json", "test_split": "test", "fewshot_split": "fewshot", "metadata": {"version": 1.0}}
    accuracy = {"metric": "acc", "aggregation": "mean", "higher_is_better": True}
    matching = {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}
    return {
        "own_choices": {
            "task": "own_choices",
            **shared,
            "dataset_kwargs": _data(folder / "choices.jsonl", rows),
            "output_type": "multiple_choice",
            "doc_to_text": prompt,
            "doc_to_choice": "choices",
            "doc_to_target": "answer",
            "metric_list": [accuracy],
        },
        "own_answers": {
            "task": "own_answers",
            **shared,
            "dataset_kwargs": _data(folder / "answers.jsonl", written),
            "output_type": "generate_until",
            "doc_to_text": prompt,
            "doc_to_target": "answer",
            "generation_kwargs": {"until": ["\n"], "max_gen_toks": 8, "do_sample": False},
            "metric_list": [matching],
        },
        "own_text": {
            "task": "own_text",
            **shared,
            "dataset_kwargs": _data(folder / "texts.jsonl", texts),
            "output_type": "loglikelihood_rolling",
            "doc_to_text": "",
            "doc_to_target": "text",
            "metric_list": [{"metric": "bits_per_byte", "aggregation": "bits_per_byte", "higher_is_better": False}],
        },
    }


def job_of(spec: JobSpec, *, estimate: dict[str, Any] | None = None, device: str = "cpu") -> Job:
    """A queued job as the queue hands it to a worker."""
    named = [(task, repeat) for repeat in range(spec.repeats) for task in spec.tasks]
    return Job(
        id=spec.digest[:12],
        spec=spec,
        digest=spec.digest,
        state="running",
        needs=Needs(backend=spec.backend, device="cpu"),
        estimate=estimate or {},
        tasks=tuple(TaskProgress(position=i, task=task, repeat=repeat) for i, (task, repeat) in enumerate(named)),
    )


def _data(path: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"data_files": {"test": str(path), "fewshot": str(path)}}
