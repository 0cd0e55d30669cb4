"""What a model's own repository on the Hugging Face Hub says of its scores: numbers printed by whoever published it.

Two forms: ``model-index`` in the front matter of the card (``README.md``), and lists in ``.eval_results/*.yaml``. Neither
says how the model was asked; the numbers of one card and source are one document and are compared inside it alone.

The card does not hold the name of its repository, so that the file's folders must tell it (``org/name/README.md``); the
name in ``model-index`` is only a second spelling. Shares of right answers are written as fractions or as percentages. A
source that has one above 1 writes percentages; its numbers from 0 to 1 could then be either, and are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from lib.errors import RefusedInput
from lib.schema.metrics import direction
from lib.schema.records import Parsed, Result, Run
from lib.sources import other_tools as told
from lib.sources.card_yaml import front_matter, read_yaml
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_rows import MAX_SCORES, Warnings
from lib.sources.plain_csv import PROPORTIONS
from lib.sources.readers import finite, whole
from lib.sources.resolver import community_name

SHARES = frozenset(
    {*PROPORTIONS, "score", "mc2", "inst_level_strict_acc", "inst_level_strict_acc and prompt_level_strict_acc"}
)
DOCUMENT = "document"
_SHOTS = re.compile(r"\s*\((\d{1,3})[- ]?shots?\)", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(-?\d{1,12}(?:\.\d{1,15})?)\s*(%)?\s*(±.*)?", re.DOTALL)


@dataclass
class Printed:
    """One number of a card.

    Args:
        place: Where it stands.
        source: Who is said to have measured it; empty for the card itself.
        note: How, in the card's words.
        unit: ``percent`` where the number says so itself.
    """

    place: str
    task: str
    metric: str
    value: float
    source: str = ""
    url: str | None = None
    note: str = ""
    unit: str = ""
    n_shot: int | None = None
    day: str | None = None
    prompt: str = ""


@dataclass
class Card:
    """The numbers of one file, and the names that the model has in it."""

    printed: list[Printed] = field(default_factory=list)
    names: tuple[str, ...] = ()


def is_card(candidate: Candidate) -> bool:
    """Front matter with ``model-index``, or a YAML list whose entries have a data set with an id, and a value."""
    head = candidate.content[:3]
    if head == b"---":
        return re.search(rb"^model-index:", front_matter(candidate.content) or b"", re.MULTILINE) is not None
    return candidate.path.lower().endswith((".yaml", ".yml")) and _is_results_list(candidate.content)


def parse_card(candidate: Candidate) -> Parsed:
    """A run for each source that the file names.

    Raises:
        RefusedInput: YAML that is none, too large or too deep; no name of a model; no number.
    """
    warnings = Warnings()
    content = front_matter(candidate.content)
    if content is not None:
        card = _read_index(read_yaml(content), warnings)
    else:
        card = _read_results(read_yaml(candidate.content), warnings)
    names = told.spellings(repository_of(candidate.name), *card.names)
    if not names:
        raise RefusedInput(
            "nothing says which model this is of", expected="folders org/name above the file", found=candidate.path
        )
    by_source: dict[tuple[str, str], list[Printed]] = {}
    for one in card.printed:
        by_source.setdefault((one.source, one.note), []).append(one)
    runs = [_run(names, source, note, rows, warnings) for (source, note), rows in by_source.items()]
    runs = [run for run in runs if run.results]
    if not runs:
        raise RefusedInput("no scores in it", expected="at least one metric with a number")
    return Parsed(runs=runs, warnings=warnings.told())


def repository_of(path: str) -> str | None:
    """The ``org/name`` in a file's folders: of ``org/name/README.md`` or ``models--org--name/snapshots/x/README.md``."""
    folders = path.rpartition("!/")[2].split("/")[:-1] or path.partition("!/")[0].split("/")[:-1]
    folders = folders[:-1] if folders[-1:] == [".eval_results"] else folders
    joined = "/".join(folders[-3:])
    return community_name(joined) or community_name("/".join(folders[-2:]))


def _is_results_list(content: bytes) -> bool:
    head = content[:4000]
    if not re.search(rb"^- ", head, re.MULTILINE) or b"dataset:" not in head or b"value:" not in head:
        return False
    try:
        value = read_yaml(content)
    except RefusedInput:
        return False
    return bool(told.rows(value)) and "id" in told.part(told.rows(value)[0].get("dataset"))


def _read_index(document: Any, warnings: Warnings) -> Card:
    entries = told.rows(told.part(document).get("model-index"))
    card = Card(names=told.spellings(*(entry.get("name") for entry in entries)))
    for i, entry in enumerate(entries):
        for j, result in enumerate(told.rows(entry.get("results"))):
            dataset, source = told.part(result.get("dataset")), told.part(result.get("source"))
            for k, metric in enumerate(told.rows(result.get("metrics"))):
                place = f"model-index[{i}].results[{j}].metrics[{k}]"
                printed = _printed(place, dataset, metric, warnings)
                if printed is not None:
                    printed.source, printed.url = told.name(source.get("name")) or "", told.name(source.get("url"))
                    card.printed.append(printed)
                if len(card.printed) > MAX_SCORES:
                    raise RefusedInput("too many scores", place="model-index", expected=f"at most {MAX_SCORES:,}")
    return card


def _printed(place: str, dataset: dict[str, Any], metric: dict[str, Any], warnings: Warnings) -> Printed | None:
    named = told.name(dataset.get("name")) or told.name(dataset.get("type"))
    kind = told.name(metric.get("type")) or told.name(metric.get("name"))
    value, unit = _value(metric.get("value"), place, warnings)
    if named is None or kind is None or value is None:
        if value is not None:
            warnings.add(f"{place}: a number without data set or metric; skipped.")
        return None
    shots = _SHOTS.search(named)
    stated = whole(told.part(dataset.get("args")).get("num_few_shot"), at_most=999)
    n_shot = stated if stated is not None else int(shots[1]) if shots else None
    split, config = told.name(dataset.get("split")), told.name(dataset.get("config"))
    said = [word for word in (config, split) if word and word.lower() not in ("default", "test")]
    return Printed(
        place, _SHOTS.sub("", named).strip() or named, kind, value, unit=unit, n_shot=n_shot, prompt=" ".join(said)
    )


def _read_results(document: Any, warnings: Warnings) -> Card:
    card = Card()
    for number, entry in enumerate(told.rows(document)):
        dataset, source, place = told.part(entry.get("dataset")), told.part(entry.get("source")), f"[{number}]"
        value, unit = _value(entry.get("value"), place, warnings)
        named, task = told.name(dataset.get("id")), told.name(dataset.get("task_id"))
        if value is None or named is None:
            continue
        leaf = named.rpartition("/")[2]
        name = leaf if task in (None, "default") else task if task.startswith(leaf) else f"{leaf}: {task}"
        note, by = (
            told.name(entry.get("notes")) or "",
            told.name(source.get("name")) or told.name(source.get("url")) or "",
        )
        day = told.day(str(entry.get("date") or ""))
        card.printed.append(
            Printed(place, name, "score", value, by, told.name(source.get("url")), note, unit, None, day)
        )
    return card


def _value(written: Any, place: str, warnings: Warnings) -> tuple[float | None, str]:
    """A number, also one written as text with a percent sign; what stands behind ``±`` is left out: nobody says what it is."""
    number = finite(written)
    if number is not None:
        return number, ""
    found = _NUMBER.fullmatch(written) if isinstance(written, str) and len(written) < 200 else None
    if found is None:
        warnings.add(f"{place}: not one number; skipped.")
        return None, ""
    if found[3]:
        warnings.add(
            f"{place}: what stands behind ± is left out: the card does not say whether it is an error or an interval."
        )
    return float(found[1]), "percent" if found[2] else ""


def _run(names: tuple[str, ...], source: str, note: str, rows: list[Printed], warnings: Warnings) -> Run:
    document = " | ".join(part for part in (f"model card of {names[0]}", source, note) if part)
    run = Run(spellings=names, evaluator=DOCUMENT, kind="transcription", document=document[:300])
    run.evaluated_on = max((row.day for row in rows if row.day), default=None)
    url = next((row.url for row in rows if row.url and row.url.startswith("https://")), None)
    run.config = {"measured_by": source, **({"url": url} if url else {})} if source else {}
    is_percent = any(row.metric.casefold() in SHARES and not row.unit and 1 < row.value <= 100 for row in rows)
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        result = _result(row, is_percent, warnings)
        if result is None:
            continue
        if (result.task, result.prompt, result.metric) in seen:
            warnings.add(f"{row.place}: {result.task[:100]} with {result.metric[:100]} came before; skipped.")
            continue
        seen.add((result.task, result.prompt, result.metric))
        run.results.append(result)
    return run


def _result(row: Printed, is_percent: bool, warnings: Warnings) -> Result | None:
    value = row.value
    if row.unit == "percent":
        value = round(value / 100, 15)
    elif row.metric.casefold() in SHARES and is_percent:
        if 0 < value <= 1:
            warnings.add(f"{row.place}: {value:g} among percentages may be a fraction or a percentage; left out.")
            return None
        value = round(value / 100, 15)
    result = Result(
        row.task, row.metric, prompt=row.prompt, score=value, score_published=row.value, n_shot=row.n_shot,
        higher_is_better=direction(row.metric, None), flags=("stderr-missing",),
    )  # fmt: skip
    if row.metric.casefold() in SHARES and not 0 <= value <= 1:
        result.flags = ("out-of-range", "stderr-missing")
    return result


SOURCE = Importer(
    name="model-card",
    version=1,
    describes="evaluation results of model cards (model-index, .eval_results)",
    recognise=is_card,
    parse=parse_card,
    priority=40,
)
