"""The command line: every command with its arguments; what each does is a file of its own.

Results go to standard output (with ``--json`` one JSON object), progress and messages to standard error. Exit codes:
0 all in, 1 something was refused or is wrong, 2 wrong use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from lib.cli_backup import add_backup_arguments, add_recover_arguments, backup, recover_backup
from lib.cli_change import change_alias, restore_sources, withdraw_sources
from lib.cli_cheapest import add_arguments, find_cheapest
from lib.cli_compare import compare
from lib.cli_cost import add_arguments as add_cost_arguments
from lib.cli_cost import cost
from lib.cli_doctor import doctor
from lib.cli_dump import dump
from lib.cli_eval import add_arguments as add_eval_arguments
from lib.cli_eval import evaluate
from lib.cli_export import export
from lib.cli_hub import add_hub_arguments, hub_command
from lib.cli_import import fill_store, import_paths
from lib.cli_jobs import add_job_arguments, add_worker_arguments, jobs, worker
from lib.cli_lists import list_models, list_runs
from lib.cli_look import look_command
from lib.cli_mini_study import add_arguments as add_study_arguments
from lib.cli_mini_study import mini_study
from lib.cli_output import say
from lib.cli_own_tasks import add_arguments as add_task_arguments
from lib.cli_own_tasks import own_tasks_command
from lib.cli_price import add_arguments as add_price_arguments
from lib.cli_price import change_price
from lib.cli_push import add_push_arguments, push
from lib.cli_report import add_arguments as add_report_arguments
from lib.cli_report import report
from lib.cli_snapshot import add_arguments as add_snapshot_arguments
from lib.cli_snapshot import snapshot_command
from lib.cli_tokens import add_member_arguments, add_token_arguments, members, tokens
from lib.cli_upsets import add_options, upsets_command
from lib.errors import PoundForPoundError, RefusedInput
from lib.settings import SETTINGS, read_settings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

WRONG_USE = 2
REFUSED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    try:
        return options.run(options, read_settings())
    except RefusedInput as refusal:
        say(f"refused: {refusal}")
        return WRONG_USE if refusal.place.startswith(("P4P_", "--", "PATH")) else REFUSED
    except PoundForPoundError as trouble:
        say(f"cannot go on: {trouble}")
        return REFUSED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`). Pointing it elsewhere keeps the interpreter quiet at exit.
        sys.stdout = None
        return REFUSED
    except KeyboardInterrupt:
        say("stopped; what was reported as taken in is in the store")
        return 130


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    settings = "\n".join(f"  {s.variable:<18} {s.help}" for s in SETTINGS)
    parser = argparse.ArgumentParser(
        prog="python -m lib",
        description="Pound for Pound from the command line.",
        epilog=f"settings (environment variables):\n{settings}\n\nexit codes: 0 all in, 1 something refused, 2 wrong use",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    for add in (_in_and_out, _lists, _comparisons, _changes, _evaluations, _upkeep):
        add(commands)
    return parser


def _in_and_out(commands: Commands) -> None:
    """Into the store and out of it."""
    command = _command(commands, "import", "import files, folders and zips of evaluation results", import_paths)
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, a zip or a folder")
    command.add_argument("-v", "--verbose", action="store_true", help="name each file on standard error once it is in")

    text = "what files are, what they lack and what they could be compared with; nothing is stored"
    command = _command(commands, "look", text, look_command)
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, a zip or a folder")

    text = "send results and samples to another installation's HTTP API, and wait for its report"
    add_push_arguments(_command(commands, "push", text, push))

    command = _command(commands, "export", "one model's facts with sources and results with protocol", export)
    command.add_argument("--model", required=True, metavar="ID", help="id, Hub id or another known name")

    command = _command(commands, "dump", "the whole store as a zip of tables with a data dictionary", dump)
    command.add_argument("file", type=Path, metavar="PATH", help="the zip to write")
    command.add_argument("--format", default="parquet", metavar="FORMAT", help="parquet (default) or csv")

    text = "the Hugging Face Hub: facts of a model, results from it, results back to it"
    command = commands.add_parser("hub", help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(run=hub_command)
    add_hub_arguments(command)
    text = "views of the dashboard as one HTML file that opens offline; a brief: can A be replaced by B"
    add_report_arguments(_command(commands, "report", text, report))


def _lists(commands: Commands) -> None:
    """What there is."""
    command = _command(commands, "models", "list the models in the store", list_models)
    command.add_argument("--all", action="store_true", help="models from outside the catalogue too")

    command = _command(commands, "runs", "list the runs in the store, those imported last first", list_runs)
    command.add_argument("--model", metavar="ID", help="only runs of this model")
    command.add_argument("--waiting", action="store_true", help="only runs whose name waits for a model")
    command.add_argument("--file", metavar="TEXT", help="only runs of files with this in their name")
    command.add_argument("--limit", type=_count, default=None, metavar="N", help="at most N runs (as text: 50)")


def _comparisons(commands: Commands) -> None:
    """What the pages answer: what is cheapest, what it costs, who is better."""
    text = "the smallest or cheapest model shown to be within a margin of another"
    add_arguments(_command(commands, "cheapest", text, find_cheapest))

    command = commands.add_parser(
        "cost", help="what serving, training and tuning cost", description="Estimates of cost."
    )
    command.set_defaults(run=cost)
    add_cost_arguments(command)

    command = _command(commands, "compare", "is A really better than B, task by task", compare)
    for name in ("a", "b"):
        command.add_argument(name, metavar=name.upper(), help="id or any known name of a model, or the digest of a run")
    command.add_argument("--task", action="append", metavar="TASK", help="only this benchmark or task; may be repeated")
    command.add_argument(
        "--margin", type=_margin, default=0.02, metavar="M", help="what matters to you, as a fraction (0.02)"
    )
    command.add_argument("--measured-by", default="", metavar="KEY", help="one of the ways in which both were measured")

    command = _command(
        commands, "upsets", "where a smaller model beats a larger one, false discoveries controlled", upsets_command
    )
    add_options(command, _count)


def _changes(commands: Commands) -> None:
    """A reader's own names, and what he takes out of the views."""
    command = _command(commands, "alias", "say which model a spelling means; runs that waited get it", change_alias)
    command.add_argument("spelling", metavar="SPELLING", help="as `runs` and `doctor` show it")
    command.add_argument("model", nargs="?", metavar="MODEL", help="id of the model that it means")
    command.add_argument("--scope", default="", metavar="ZIP", help="only in this zip or board; without it everywhere")
    command.add_argument("--remove", action="store_true", help="take your alias back")

    text = "what a model costs you, in place of the listed prices"
    add_price_arguments(_command(commands, "price", text, change_price))

    text = "questions of your own as benchmarks: add a file of them, list, show, withdraw"
    add_task_arguments(_command(commands, "tasks", text, own_tasks_command))

    for name, text, run in (
        ("withdraw", "take a source out of every view; nothing is deleted", withdraw_sources),
        ("restore", "bring a withdrawn source back (a backup comes back by: recover)", restore_sources),
    ):
        command = _command(commands, name, text, run)
        command.add_argument(
            "name",
            metavar="NAME",
            help="a path, a name or the beginning of a digest; of a zip or folder: all that is in it",
        )


def _evaluations(commands: Commands) -> None:
    """What is evaluated here: asking for it, the queue, and those who work through it."""
    text = "queue an evaluation by lm-eval; its flags have their own names"
    add_eval_arguments(_command(commands, "eval", text, evaluate))
    text = "the queue of evaluations: list it, show one, call it off, ask for it again, read its log"
    add_job_arguments(_command(commands, "jobs", text, jobs))
    text = "run evaluations from the queue until stopped; several may run, on several machines"
    add_worker_arguments(_command(commands, "worker", text, worker))
    text = (
        "train tiny models here, evaluate them through the queue, and see where they stand: the whole loop in minutes"
    )
    add_study_arguments(_command(commands, "mini-study", text, mini_study))


def _upkeep(commands: Commands) -> None:
    """The store itself, and who may do what with it."""
    text = "personal tokens for the HTTP API: make one, list, revoke"
    add_token_arguments(_command(commands, "tokens", text, tokens))
    text = "who may do what where people log in: put on the list, take off, list"
    add_member_arguments(_command(commands, "members", text, members))
    text = "pin the data as they are; list what was pinned, what changed since, take it home"
    add_snapshot_arguments(_command(commands, "snapshot", text, snapshot_command))

    command = _command(commands, "doctor", "is the store sound, what is missing, and how to get it", doctor)
    command.add_argument("--quick", action="store_true", help="without reading every kept file")

    command = _command(commands, "fill", "import the data that ships with the project; only what is new", fill_store)
    command.add_argument("--catalogue", action="store_true", help="only the part that pages need to open")

    text = "everything that this installation holds as one file, also while it runs"
    add_backup_arguments(_command(commands, "backup", text, backup))
    text = "a backup back into an empty store, on SQLite or PostgreSQL"
    add_recover_arguments(_command(commands, "recover", text, recover_backup))


def _command(commands: Commands, name: str, help_: str, run: object) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.set_defaults(run=run)
    return parser


def _margin(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a fraction above 0 and below 1, found {text!r}")
    return value


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text!r}")
    return int(text)
