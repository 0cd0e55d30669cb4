"""How an own task is asked: its configuration for lm-eval, its rows as files, and the very prompts, for a preview.

The templates are constants of ours that only name fields. What a reader wrote lives in rows: text put into a template
would be run. Rows go to lm-eval as Parquet, for its reader of JSON guesses types and takes ``2024-01-01`` for a date.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lib.evals.spec import DEFAULT_SEEDS
from lib.sources.own_task_files import Kind, OwnTask
from lib.sources.own_task_rows import AROUND, LETTERS, Row

TEMPLATE_VERSION = 1.0
"""Raised when a prompt or its scoring changes: scores of two versions are not compared."""
MOST_SHOTS = 5
"""Worked examples of its own that a task shows unless somebody says otherwise."""
MASE = "series_score:process_results"
"""The child program's function for forecasts (``lib.evals.child.tasks`` puts it in place of its name)."""

_QUESTION = "Question: {{question}}\nAnswer:"
_TABLE = "Question: {{question}}\nFeatures: {{features}}\nAnswer:"
_LETTERS = "Question: {{question}}\n{{options}}\nAnswer with the letter only.\nAnswer:"
_SERIES = "{{question}}\nSeries: {{series}}\nNext value:"
_LETTER = r"(?i:\banswer(?:\s+is)?\b\s*:?)[\s(*\"']*([A-Z])\b|^[\s(*\"']*([A-Z])\b(?!\s+[a-z])"
_NEEDS: Mapping[Kind, str] = {
    "choices": "loglikelihood",
    "letters": "generate_until",
    "answer": "generate_until",
    "forecast": "generate_until",
}


class Prompt(NamedTuple):
    """What a model is given for one question.

    Args:
        text: The prompt to the last character.
        continuations: What it is continued with, one after the other; empty where the model writes itself.
        answer: Place of the right continuation, or None.
        expected: What counts as right, for people.
    """

    text: str
    continuations: tuple[str, ...]
    answer: int | None
    expected: str


def request_type(kind: Kind) -> str:
    """What is asked of the model: lm-eval's word."""
    return _NEEDS[kind]


def default_shots(task: OwnTask) -> int:
    """Worked examples in a prompt unless somebody says otherwise: its own, at most ``MOST_SHOTS``."""
    return min(len(task.examples), MOST_SHOTS)


def most_shots(task: OwnTask) -> int:
    """Worked examples that there are for a prompt: its own, or else the other questions."""
    return len(task.examples) or len(task.rows) - 1


def configuration(task: OwnTask, folder: Path) -> dict[str, Any]:
    """The task as lm-eval takes it, its rows written below the folder.

    Returns:
        JSON-able; ``functions`` names those of the program that runs lm-eval.
    """
    folder = folder.resolve()
    files = {"test": str(_write(folder / f"{task.name}.parquet", task, task.rows))}
    if task.examples:
        files["fewshot"] = str(_write(folder / f"{task.name}.fewshot.parquet", task, task.examples))
    return {
        "task": task.name,
        "task_alias": task.name,
        "dataset_path": "parquet",
        "dataset_kwargs": {"data_files": files},
        "test_split": "test",
        # Written out even where there are no examples: only then is the question asked kept out of its own prompt.
        "fewshot_split": "fewshot" if task.examples else "test",
        "fewshot_config": {"sampler": "first_n" if task.examples else "default"},
        # A 0 here would hold against what somebody asks for: lm-eval then ignores ``--num_fewshot``.
        "num_fewshot": default_shots(task) or None,
        "metadata": {"version": TEMPLATE_VERSION, "sha256": task.digest},
        **_asking(task),
    }


def prompts(task: OwnTask, *, n: int, n_shots: int | None = None, seed: int = DEFAULT_SEEDS[3]) -> tuple[Prompt, ...]:
    """The first prompts as lm-eval builds them, without a chat template.

    Args:
        task: The task.
        n: Of how many questions.
        n_shots: Worked examples; None: as the task says.
        seed: lm-eval's few-shot seed, which draws examples where the task has none of its own.

    Raises:
        ValueError: For more examples than there are.
    """
    shots = default_shots(task) if n_shots is None else n_shots
    if not 0 <= shots <= most_shots(task):
        raise ValueError(f"{shots} worked examples of {most_shots(task)}")
    draws = random.Random(seed)
    shown = []
    for row in task.rows[:n]:
        examples = _examples(task, row, shots, draws)
        text = "".join(f"{_prompt(task, one)} {_target(task, one)}\n\n" for one in examples) + _prompt(task, row)
        continuations = tuple(f" {choice}" for choice in row["choices"]) if task.kind == "choices" else ()
        answer = row["answer"] if task.kind == "choices" else None
        shown.append(Prompt(text, continuations, answer, _target(task, row)))
    return tuple(shown)


def _examples(task: OwnTask, row: Row, n: int, draws: random.Random) -> Sequence[Row]:
    """lm-eval's own choice: the first of those meant for it, else a draw from the other questions."""
    if n == 0:
        return ()
    if task.examples:
        return task.examples[:n]
    return [one for one in draws.sample(task.rows, n + 1) if one is not row][:n]


def _asking(task: OwnTask) -> dict[str, Any]:
    """Template, target, and how the answer is read and scored."""
    template, target = _template(task), {"letters": "letter", "answer": "answers", "forecast": "target"}
    if task.kind == "choices":
        return {
            "output_type": "multiple_choice",
            "doc_to_text": template,
            "doc_to_choice": "choices",
            "doc_to_target": "answer",
            "metric_list": [_metric("acc"), _metric("acc_norm")],
        }
    written: dict[str, Any] = {
        "output_type": "generate_until",
        "doc_to_text": template,
        "doc_to_target": target[task.kind],
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": 32, "do_sample": False},
        "filter_list": [_filter("none", {"function": "remove_whitespace"})],
        "metric_list": [_metric("exact_match", ignore_case=True, regexes_to_ignore=list(AROUND))],
    }
    if task.kind == "letters":
        written["generation_kwargs"]["until"] = ["\n\n"]
        written["filter_list"] = [_filter("letter", {"function": "regex", "regex_pattern": _LETTER})]
        written["metric_list"] = [_metric("exact_match")]
    elif task.kind == "forecast":
        written["functions"] = {"process_results": MASE}
        written["metric_list"] = [{**_metric("mase"), "higher_is_better": False}, _metric("parsed")]
    return written


def _metric(name: str, **settings: Any) -> dict[str, Any]:
    return {"metric": name, "aggregation": "mean", "higher_is_better": True, **settings}


def _filter(name: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "filter": [*steps, {"function": "take_first"}]}


def _template(task: OwnTask) -> str:
    if task.kind == "letters":
        return _LETTERS
    if task.kind == "forecast":
        return _SERIES
    return _TABLE if "features" in task.rows[0] else _QUESTION


def _prompt(task: OwnTask, row: Row) -> str:
    text = _template(task)
    # One pass over the template: a question that holds {{options}} stays as it is.
    pieces = text.split("{{")
    document = _document(task, row)
    return pieces[0] + "".join(
        str(document[name]) + rest for name, _, rest in (piece.partition("}}") for piece in pieces[1:])
    )


def _target(task: OwnTask, row: Row) -> str:
    if task.kind == "choices":
        return str(row["choices"][row["answer"]])
    if task.kind == "letters":
        return LETTERS[row["answer"]]
    return str(row["answers"][0]) if task.kind == "answer" else _plain(row["answer"])


def _document(task: OwnTask, row: Row) -> dict[str, Any]:
    """The row in the columns of its file: the same in all rows."""
    document: dict[str, Any] = {"question": row["question"]}
    if "features" in row:
        document["features"] = json.dumps(row["features"], sort_keys=True)
    if task.kind == "choices":
        document |= {"choices": row["choices"], "answer": row["answer"]}
    elif task.kind == "letters":
        lines = (f"{LETTERS[i]}. {choice}" for i, choice in enumerate(row["choices"]))
        document |= {"options": "\n".join(lines), "letter": LETTERS[row["answer"]]}
        if "features" in row:
            document["question"] += f"\nFeatures: {document.pop('features')}"
    elif task.kind == "answer":
        document |= {"answers": row["answers"]}
    else:
        document |= {
            "series": ", ".join(map(_plain, row["series"])),
            "period": row["period"],
            "target": _plain(row["answer"]),
        }
    return document


def _plain(number: float) -> str:
    """A number with all its digits and no needless ones: 112, 0.1."""
    return repr(number).removesuffix(".0")


def _write(path: Path, task: OwnTask, rows: Iterable[Row]) -> Path:
    documents = [_document(task, row) for row in rows]
    schema = pa.schema([(name, _TYPES[type(value)]) for name, value in documents[0].items()])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(documents, schema), path)
    return path


_TYPES = {str: pa.string(), int: pa.int64(), list: pa.list_(pa.string())}
