"""`cost`: what serving, training and tuning cost, from the command line.

Each subcommand is a module ``lib/cli_cost_*.py`` with a ``COMMAND``; adding one is adding a file.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

import lib
from lib.settings import Settings


class CostCommand(NamedTuple):
    """One subcommand of `cost`.

    Args:
        name: As it is typed.
        words: What it does, for the help; small first letter, no full stop.
        add_arguments: Adds its arguments; ``--json`` is there already.
        run: Runs it; returns the exit code. Input out of range raises RefusedInput whose place is the option, ``--batch``.
    """

    name: str
    words: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Settings], int]


def cost_commands() -> tuple[CostCommand, ...]:
    """Every ``COMMAND`` of the modules ``lib.cli_cost_*``, by name."""
    names = [m.name for m in pkgutil.iter_modules(lib.__path__) if m.name.startswith("cli_cost_")]
    modules = (importlib.import_module(f"lib.{name}") for name in names)
    found = [module.COMMAND for module in modules if isinstance(getattr(module, "COMMAND", None), CostCommand)]
    return tuple(sorted(found))


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The subcommands, each with arguments of its own."""
    below = command.add_subparsers(dest="cost_command", required=True, metavar="WHAT")
    for one in cost_commands():
        text = one.words[0].upper() + one.words[1:] + "."
        parser = below.add_parser(one.name, help=one.words, description=text)
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        one.add_arguments(parser)
        parser.set_defaults(run_cost=one.run)


def cost(options: argparse.Namespace, settings: Settings) -> int:
    """Run the subcommand that was asked for."""
    code: int = options.run_cost(options, settings)
    return code
