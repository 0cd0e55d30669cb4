"""`tasks`: questions of one's own as benchmarks; add a file of them, list, look at the prompts, withdraw."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lib import formats
from lib.cli_output import put, put_json, put_table, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.evals import own_tasks
from lib.evals.question_files import Reading, problems_of, read_questions
from lib.evals.task_prompts import default_shots, most_shots, prompts, request_type
from lib.settings import Settings
from lib.sources.own_task_files import OwnTask, read_task
from lib.sources.readers import first_line_object
from lib.store.db import Store

SHOWN = 3
KIND_WORDS = {
    "choices": "choices, by likelihood",
    "letters": "choices, by letter",
    "answer": "written answer",
    "forecast": "next number",
}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its own commands and their options; each takes ``--json`` too."""
    command.set_defaults(do=_list)
    actions = command.add_subparsers(metavar="ACTION")
    add = _action(actions, "add", "a CSV or JSONL of questions becomes a benchmark; says what is wrong by line", _add)
    add.add_argument("file", type=Path, metavar="FILE", help="CSV or JSON lines, or the file of a task")
    add.add_argument("--title", default="", metavar="TEXT", help="what it is called")
    add.add_argument("--question-column", default="", metavar="NAME", help="where it is not called question")
    add.add_argument("--answer-column", default="", metavar="NAME", help="where it is not called answer")
    add.add_argument("--choice-columns", default="", metavar="A,B,..", help="columns that hold a choice each")
    add.add_argument(
        "--ask",
        choices=("likelihood", "letters"),
        default="likelihood",
        help="choices: by how likely each is (default), or by the letter that the model writes (chat endpoints)",
    )
    add.add_argument("--examples", type=int, default=0, metavar="N", help="the first N rows are worked examples")
    add.add_argument("--note", default="", metavar="TEXT", help="where they are from, under which licence")
    add.add_argument("--dry-run", action="store_true", help="read it and show the prompts, keep nothing")
    _action(actions, "list", "own tasks in use", _list)
    for name, text, do in (
        ("show", "the first prompts, to the last character", _show),
        ("withdraw", "offer it no longer; its results stay", _withdraw),
    ):
        _action(actions, name, text, do).add_argument("name", metavar="NAME", help="as `tasks list` shows it")


def own_tasks_command(options: argparse.Namespace, settings: Settings) -> int:
    """`tasks [add FILE --title TEXT | list | show NAME | withdraw NAME]`."""
    code: int = options.do(options, settings)
    return code


def _action(actions: Any, name: str, help_: str, do: object) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = actions.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
    # Its own default would hide a --json before the action's name.
    made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")
    made.set_defaults(do=do)
    return made


def _add(options: argparse.Namespace, settings: Settings) -> int:
    task = _read(options, settings)
    if options.dry_run:
        _put(options, _described(task), _lines(task))
        return 0
    store = operators_store(settings)
    try:
        added = own_tasks.add(store, task)
    finally:
        store.close()
    said = f"{'added' if added.is_new else 'there already'}: {added.name}"
    _put(options, _described(task) | {"is_new": added.is_new}, [said, *_lines(task)])
    return 0


def _read(options: argparse.Namespace, settings: Settings) -> OwnTask:
    content = _content(options.file, settings)
    if "own_task" in (first_line_object(content) or {}):
        return read_task(content, file=str(options.file))
    reading = Reading(
        title=options.title,
        question=options.question_column,
        answer=options.answer_column,
        choices=tuple(name.strip() for name in options.choice_columns.split(",") if name.strip()),
        asked=options.ask,
        n_examples=max(options.examples, 0),
        note=options.note,
    )
    try:
        found = read_questions(content, reading, file=str(options.file))
    except RefusedInput as refusal:
        for one in problems_of(refusal)[1:]:
            say(f"refused: {one.refusal}")
        raise
    if found.unused:
        say(f"columns that are not used: {', '.join(found.unused)}")
    return found.task


def _content(path: Path, settings: Settings) -> bytes:
    try:
        if path.stat().st_size > settings.max_upload_bytes:
            raise RefusedInput(
                "too large", file=str(path), place="PATH", expected=f"at most {settings.max_upload_bytes / 1e6:.0f} MB"
            )
        return path.read_bytes()
    except OSError as error:
        raise RefusedInput("cannot be read", file=str(path), place="PATH", found=error.strerror) from None


def _list(options: argparse.Namespace, settings: Settings) -> int:
    store = operators_store(settings)
    try:
        listed = own_tasks.tasks(store)
    finally:
        store.close()
    if options.json:
        put_json({"tasks": [one._asdict() for one in listed]})
        return 0
    if not listed:
        put("no task of your own yet: python -m lib tasks add FILE --title TEXT")
        return 0
    rows = [
        (one.name, one.title, KIND_WORDS[one.kind], str(one.n_items), _chance(one.chance), one.added_at[:10])
        for one in listed
    ]
    put_table(("name", "title", "asked", "questions", "chance", "added"), rows)
    return 0


def _show(options: argparse.Namespace, settings: Settings) -> int:
    store = operators_store(settings)
    try:
        task = _named(store, settings, options.name)
    finally:
        store.close()
    _put(options, _described(task), _lines(task))
    return 0


def _withdraw(options: argparse.Namespace, settings: Settings) -> int:
    store = operators_store(settings)
    try:
        own_tasks.withdraw(store, options.name)
    finally:
        store.close()
    _put(options, {"name": options.name}, [f"withdrawn: {options.name}; add the same file again to bring it back"])
    return 0


def _named(store: Store, settings: Settings, name: str) -> OwnTask:
    task = own_tasks.task(store, settings, name)
    if task is None:
        in_use = ", ".join(one.name for one in own_tasks.tasks(store)) or "none yet"
        raise RefusedInput("no such task in use", place="NAME", expected=f"one of: {in_use}"[:300], found=name)
    return task


def _described(task: OwnTask) -> dict[str, Any]:
    return {
        "name": task.name,
        "title": task.title,
        "kind": task.kind,
        "request_type": request_type(task.kind),
        "n_items": len(task.rows),
        "n_examples": len(task.examples),
        "n_shots": default_shots(task),
        "most_shots": most_shots(task),
        "chance": task.chance,
        "digest": task.digest,
        "note": task.note,
        "prompts": [one._asdict() for one in prompts(task, n=SHOWN)],
    }


def _lines(task: OwnTask) -> list[str]:
    counted = [formats.counted(len(task.rows), "question"), KIND_WORDS[task.kind], f"chance {_chance(task.chance)}"]
    if task.examples:
        counted.append(formats.counted(len(task.examples), "worked example"))
    shown = [f"{task.title}: {', '.join(counted)}"]
    for n, prompt in enumerate(prompts(task, n=SHOWN), start=1):
        shown += ["", f"--- prompt {n}", *prompt.text.split("\n")]
        shown += [f"    {'>' if i == prompt.answer else ' '}{one!r}" for i, one in enumerate(prompt.continuations)]
        shown += [] if prompt.continuations else [f"    right: {prompt.expected!r}"]
    return shown


def _chance(chance: float | None) -> str:
    return formats.score(chance, 1, "not known")


def _put(options: argparse.Namespace, value: dict[str, Any], lines: list[str]) -> None:
    if options.json:
        put_json(value)
        return
    for line in lines:
        put(line)
