"""What no other importer takes: says what it is, where that can be told, and why it is not read.

Asked last, recognises everything, and always refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_results import is_evalchemy, is_nested
from lib.sources.readers import first_line_object

_KNOWN_OTHERS = (
    (re.compile(r"(^|/)(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE), "a licence"),
    (re.compile(r"(^|/)(readme|changelog)[^/]*$|\.(md|rst|html?)$", re.IGNORECASE), "a document"),
    (re.compile(r"\.(log|out|err|txt|metrics)$", re.IGNORECASE), "text that a program or a person wrote down"),
    (re.compile(r"\.(ya?ml|toml|ini|cfg|sh|slurm|sbatch|py|ipynb)$", re.IGNORECASE), "a configuration or a program"),
    (re.compile(r"\.(png|jpe?g|gif|svg|pdf|docx?|xlsx?)$", re.IGNORECASE), "a picture or a document"),
    (re.compile(r"\.(pkl|pickle|pt|pth|bin|safetensors|npz|npy|gguf|h5)$", re.IGNORECASE), "weights or a pickle"),
    (re.compile(r"\.(gz|tar|tgz|bz2|xz|7z|zst|rar)$", re.IGNORECASE), "an archive that is not a zip"),
)
_EXPECTED = "results or logs of an evaluation tool, or a table of scores (see the page “Your own results”)"


def refuse(candidate: Candidate) -> Parsed:
    """Never returns.

    Raises:
        RefusedInput: Always, with the most specific reason there is.
    """
    if not candidate.content or candidate.content.isspace():
        raise RefusedInput("the file is empty", expected=_EXPECTED)
    if candidate.head[:1] in (b"{", b"["):
        _refuse_json(candidate)
    for pattern, what in _KNOWN_OTHERS:
        if pattern.search(candidate.path):
            raise RefusedInput(f"not an evaluation file but {what}", expected=_EXPECTED)
    if candidate.csv_header:
        raise RefusedInput(
            "a table whose columns no importer knows",
            place="line 1",
            expected="the header of a known table",
            found=", ".join(candidate.csv_header[:20]),
        )
    raise RefusedInput("not an evaluation file", expected=_EXPECTED)


def _refuse_json(candidate: Candidate) -> None:
    first = None if candidate.is_json_document else first_line_object(candidate.content)
    if first is not None:
        _refuse_rows(first)
    document = candidate.json
    if isinstance(document, list):
        rows = [row for row in document[:1] if isinstance(row, dict)]
        _refuse_rows(rows[0] if rows else {})
    if isinstance(document, dict):
        for describes, reason, place in _NEIGHBOURS:
            if describes(document):
                raise RefusedInput(reason, place=place, expected=_EXPECTED)
        raise RefusedInput("JSON, but not of a known evaluation tool", expected=_EXPECTED, found=list(document)[:12])
    raise RefusedInput("JSON, but not an evaluation", expected=_EXPECTED)


_KNOWN_ROWS = (
    ({"chat_history", "session_id"}, "answers of ZeroEval, without the references that its logs hold"),
    ({"gt", "pred", "code"}, "answers of ToRA, without number and question"),
    ({"instance_id", "stats"}, "statistics per question of a HELM run, which are read with the stats.json beside them"),
    ({"question_id", "answer_index", "pred"}, "answers of MMLU-Pro's own script, without options or category"),
)


def _refuse_rows(row: dict[str, Any]) -> None:
    for keys, what in _KNOWN_ROWS:
        if keys <= row.keys():
            raise RefusedInput(what, place="row 1", expected=_EXPECTED)
    if "doc_id" in row and "ctx" in row and "pred" in row:
        raise RefusedInput(
            "a log of the 2022 multi-prompt branch of lm-eval: predictions without a score per question",
            place="row 1",
            expected="a metric per row",
        )
    if "doc_id" in row:
        raise RefusedInput(
            "a log with question numbers but neither lm-eval's arguments and answers nor 0.3 prompts", place="row 1",
            expected="arguments and resps, or prompt_0 and logit_0", found=list(row)[:12],
        )  # fmt: skip
    raise RefusedInput(
        "a list of rows, but not of a known evaluation tool", place="row 1", expected=_EXPECTED, found=list(row)[:12]
    )


def _results(document: dict[str, Any]) -> Any:
    return document.get("results")


def _is_nested(document: dict[str, Any]) -> bool:
    results = _results(document)
    return isinstance(results, dict) and is_nested(results)


_NEIGHBOURS: tuple[tuple[Callable[[dict[str, Any]], bool], str, str], ...] = (
    (lambda d: "config_general" in d, "written in the form of lighteval, without results by task", "results"),
    (
        lambda d: isinstance(_results(d), list),
        "results of the 2022 multi-prompt branch of lm-eval (bigscience): a list of rows, not tasks",
        "results",
    ),
    (_is_nested, "a list of expected values by group, task and metric (or merged runs), not the result of a run", "results"),
    (
        lambda d: isinstance(_results(d), dict) and is_evalchemy(d),
        "written by Evalchemy: its own benchmarks behind lm-eval's writer, without task versions or sizes",
        "results",
    ),
    (lambda d: "results" in d, "results that are not an object of tasks with lm-eval's versions or config", "results"),
    (lambda d: bool({"adapter_spec", "request_states"} & d.keys()), "part of a HELM run, which is read with the stats.json beside it", ""),
)  # fmt: skip

SOURCE = Importer(
    name="not-evaluations",
    version=1,
    describes="everything else: named where it can be told, and refused",
    recognise=lambda candidate: True,
    parse=refuse,
    priority=99,
)
