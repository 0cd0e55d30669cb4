"""The lines that lm-eval 0.3 prints at the end of a run, as far as a log of per-question rows needs them.

A 0.3 ``--write_out`` file names neither model nor shots. The job's log beside it does, in a line like
``hf-causal (pretrained=x), limit: None, provide_description: False, num_fewshot: 5, batch_size: 16``, followed by a
table of scores with four decimals, which tells to which file the line belongs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

MAX_LOG_BYTES = 20_000_000
_HEADER = re.compile(
    r"^(?P<backend>[\w.-]{1,60}) \((?P<arguments>[^\n]{0,2000})\), limit: (?P<limit>[\w.]{1,20}), "
    r"provide_description: \w+, num_fewshot: (?P<shots>\d{1,3})\b"
)
_NAMES_LOG = re.compile(r"\.(txt|log|out|err)$", re.IGNORECASE)


class PrintedRun(NamedTuple):
    """What a log says about one run: backend, arguments, limit and shots as printed."""

    backend: str
    arguments: str
    limit: str | None
    n_shot: int


def find_run(neighbours: Mapping[str, bytes], task: str, scores: Mapping[str, float]) -> PrintedRun | None:
    """The run in the logs of the same folder whose table holds this task with these scores.

    Args:
        neighbours: Files of the folder, by base name.
        task: Name of the task.
        scores: Metric to mean over the rows. At least one must be in the table, and all that are must agree with
            the printed four decimals.

    Returns:
        The run, or None when no log fits or two that differ do.
    """
    found = set()
    for name in neighbours:
        content = neighbours.get(name, b"") if _NAMES_LOG.search(name) else b""
        if len(content) <= MAX_LOG_BYTES:
            found |= _fitting(content.decode("utf-8", errors="replace").splitlines(), task, scores)
    return found.pop() if len(found) == 1 else None


def _fitting(lines: list[str], task: str, scores: Mapping[str, float]) -> set[PrintedRun]:
    found = set()
    for number, line in enumerate(lines):
        header = _HEADER.match(line)
        if header and _agrees(_table(lines[number + 1 : number + 500]).get(task, {}), scores):
            limit = header["limit"]
            found.add(
                PrintedRun(
                    header["backend"], header["arguments"], None if limit == "None" else limit, int(header["shots"])
                )
            )
    return found


def _table(lines: list[str]) -> dict[str, dict[str, str]]:
    """Task to metric to printed value of the table that starts here; ends at the first line that is none of it."""
    table: dict[str, dict[str, str]] = {}
    task = ""
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 4:
            break
        task = cells[0] or task
        table.setdefault(task, {})[cells[2]] = cells[3]
    return table


def _agrees(printed: Mapping[str, str], scores: Mapping[str, float]) -> bool:
    common = [metric for metric in scores if metric in printed]
    return bool(common) and all(_rounds_to(scores[metric], printed[metric]) for metric in common)


def _rounds_to(score: float, printed: str) -> bool:
    try:
        return abs(score - float(printed)) <= 0.5001 * 10.0 ** -len(printed.partition(".")[2])
    except ValueError:
        return False
