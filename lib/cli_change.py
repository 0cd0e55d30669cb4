"""`alias`, `withdraw`, `restore`: what a reader may change in the store; each can be undone."""

from __future__ import annotations

import argparse
import shlex

import pandas as pd

from lib import formats
from lib.cli_output import put, put_json
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.archives import Limits
from lib.sources.meant import DIGEST_SHOWN, name_that_works, sources_meant
from lib.store import mapping, read, withdrawal

NAMES_SHOWN = 5


def change_alias(options: argparse.Namespace, settings: Settings) -> int:
    """`alias`: say which model a spelling means, or take that back. Runs that waited get their model at once."""
    store = operators_store(settings)
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
    return _change_sources(options, settings, is_back=False)


def restore_sources(options: argparse.Namespace, settings: Settings) -> int:
    """`restore`: undo `withdraw`."""
    return _change_sources(options, settings, is_back=True)


def _change_sources(options: argparse.Namespace, settings: Settings, *, is_back: bool) -> int:
    """All sources that the name means, or none of them: one transaction."""
    limits = Limits.for_uploads(settings.max_upload_bytes)
    foresee = withdrawal.effect_of_restoring if is_back else withdrawal.effect_of_withdrawing
    change = withdrawal.restore_all if is_back else withdrawal.withdraw_all
    store = operators_store(settings)
    try:
        known = read.sources(store)
        meant = sources_meant(known, options.name, limits, is_withdrawn=is_back)
        ids = [int(key) for key in meant["id"][meant["withdrawn_at"].notna() == is_back]]
        effect = foresee(store, ids)
        change(store, ids)
        now = read.sources(store)
    finally:
        store.close()
    if options.json:
        names = meant["name"][meant["id"].isin(ids)].tolist()
        put_json({"name": options.name, "sources_changed": len(ids), "sources": names, **effect._asdict()})
        return 0
    word = "restored" if is_back else "withdrawn"
    if not ids:
        at = "" if is_back else f" since {str(meant['withdrawn_at'].max())[:10]}"
        put(f"nothing to do: {'in use' if is_back else 'withdrawn'}{at} already ({_named(meant)})")
        return 0
    runs, results = formats.counted(effect.n_runs, "run"), formats.counted(effect.n_results, "result")
    put(f"{formats.counted(len(ids), 'source')} {word}: {_named(meant[meant['id'].isin(ids)])}")
    put(f"{runs} with {results} {'came back to' if is_back else 'left'} the pages")
    _put_way_back(now, ids, options.name, is_back=is_back)
    _put_others_of_the_name(now, ids, is_back=is_back)
    return 0


def _named(rows: pd.DataFrame) -> str:
    """The files, or the zip around them, by name; at most a few."""
    names = list(dict.fromkeys(str(name).split("!/", 1)[0] for name in rows["name"]))
    if len(rows) == 1:
        names = [str(rows["name"].iloc[0])]
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _put_way_back(known: pd.DataFrame, ids: list[int], given: str, *, is_back: bool) -> None:
    name = name_that_works(known, ids, given, is_withdrawn=not is_back)
    word = "withdraw" if is_back else "restore"
    put(f"to undo it: python -m lib {word} {shlex.quote(given if name is None else name)}")


def _put_others_of_the_name(known: pd.DataFrame, ids: list[int], *, is_back: bool) -> None:
    """Another edition of the file that is still in use: it was imported under the same name with other bytes."""
    if is_back:
        return
    names = set(known["name"][known["id"].isin(ids)])
    others = known[known["name"].isin(names) & known["withdrawn_at"].isna()]
    for row in others.head(NAMES_SHOWN).to_dict("records"):
        digest = str(row["raw_digest"])[:DIGEST_SHOWN]
        put(
            f"still in use: another file of this name, read on {row['imported_at'][:10]}: python -m lib withdraw {digest}"
        )
