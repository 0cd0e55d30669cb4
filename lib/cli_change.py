"""`alias`, `withdraw`, `restore`: what a reader may change in the store; each can be undone."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lib.cli_output import put, put_json
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.texts import for_terminal
from lib.store import mapping, read, write
from lib.store.db import Store, open_store


def change_alias(options: argparse.Namespace, settings: Settings) -> int:
    """`alias`: say which model a spelling means, or take that back. Runs that waited get their model at once."""
    store = open_store(settings)
    try:
        if options.remove:
            n = mapping.remove_alias(store, options.spelling, options.scope)
        elif options.model:
            n = mapping.set_alias(store, options.spelling, options.scope, options.model)
        else:
            raise RefusedInput("no model given", place="--remove or MODEL", expected="the id of a model")
    finally:
        store.close()
    if options.json:
        put_json({"alias": options.spelling, "scope": options.scope, "model": options.model, "runs_changed": n})
    else:
        put(f"{n} runs changed their model")
    return 0


def withdraw_sources(options: argparse.Namespace, settings: Settings) -> int:
    """`withdraw`: take sources out of every view; their files are kept, and `restore` brings them back."""
    return _change_sources(options, settings, write.withdraw, is_withdrawn=False)


def restore_sources(options: argparse.Namespace, settings: Settings) -> int:
    """`restore`: undo `withdraw`."""
    return _change_sources(options, settings, write.restore, is_withdrawn=True)


def _change_sources(
    options: argparse.Namespace, settings: Settings, change: Callable[[Store, int], None], *, is_withdrawn: bool
) -> int:
    store = open_store(settings)
    try:
        known = read.sources(store)
        named = known[(known["name"] == options.name) | known["name"].str.startswith(f"{options.name}!/")]
        if named.empty:
            raise RefusedInput(
                "there is no such source", file=options.name, expected="a name that `doctor` or a page shows"
            )
        chosen = named[named["withdrawn_at"].notna() == is_withdrawn]
        for source_id in chosen["id"]:
            change(store, int(source_id))
    finally:
        store.close()
    if options.json:
        put_json({"name": options.name, "sources_changed": len(chosen)})
    else:
        put(f"{len(chosen)} sources of {for_terminal(options.name)} {'restored' if is_withdrawn else 'withdrawn'}")
    return 0
