"""`tokens` and `members`: who may do what through the HTTP API and the pages of a shared installation."""

from __future__ import annotations

import argparse
from typing import cast

from lib.access import OWN_MACHINE, ROLES, SCOPES, Role
from lib.analysis.json_rows import records
from lib.cli_output import put, put_json, put_table, say
from lib.cli_store import operators_store
from lib.settings import Settings
from lib.store import members as list_of_members
from lib.store import tokens as stored
from lib.store.db import Store
from lib.store.roles import role_now

USUAL_DAYS = 90


def add_token_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `tokens`."""
    what = command.add_subparsers(dest="what", required=True, metavar="WHAT")
    add = what.add_parser("add", help="make a token; it is shown once")
    add.add_argument("--name", required=True, metavar="TEXT", help="what it is for")
    add.add_argument(
        "--scope", action="append", choices=SCOPES, help="may be repeated; default: read and write:results"
    )
    add.add_argument("--days", type=int, default=USUAL_DAYS, metavar="N", help=f"how long it holds ({USUAL_DAYS})")
    shown = what.add_parser("list", help="tokens without their secrets")
    revoke = what.add_parser("revoke", help="end a token at once")
    revoke.add_argument("id", metavar="ID", help="as `tokens list` shows it")
    for one in (add, shown):
        one.add_argument("--subject", default=OWN_MACHINE, metavar="WHO", help="a member's; default: this machine's")
    for one in (add, shown, revoke):
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")


def add_member_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `members`."""
    what = command.add_subparsers(dest="what", required=True, metavar="WHAT")
    add = what.add_parser("add", help="put somebody on the list, or change their role")
    add.add_argument("subject", metavar="WHO", help="the subject that the login's issuer gives them")
    add.add_argument("--role", required=True, choices=ROLES, help="what they may do")
    add.add_argument("--name", default="", metavar="TEXT", help="what to call them")
    remove = what.add_parser("remove", help="take somebody off the list; what they brought stays theirs")
    remove.add_argument("subject", metavar="WHO")
    shown = what.add_parser("list", help="everybody on the list")
    for one in (add, remove, shown):
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")


def tokens(options: argparse.Namespace, settings: Settings) -> int:
    """`tokens add | list | revoke`."""
    store = operators_store(settings)
    try:
        {"add": _add_token, "list": _list_tokens, "revoke": _revoke_token}[options.what](store, options)
    finally:
        store.close()
    return 0


def members(options: argparse.Namespace, settings: Settings) -> int:
    """`members add | remove | list`."""
    store = operators_store(settings)
    try:
        {"add": _add_member, "remove": _remove_member, "list": _list_members}[options.what](store, options)
    finally:
        store.close()
    return 0


def _add_token(store: Store, options: argparse.Namespace) -> None:
    made = stored.make(
        store,
        options.subject,
        name=options.name,
        scopes=options.scope or ("read", "write:results"),
        days=options.days,
        role=role_now(store, options.subject),
    )
    if options.json:
        put_json(made._asdict())
    else:
        put(made.secret)
        say(f"token {made.id}, until {made.expires_at[:10]}; nobody can see it again")


def _list_tokens(store: Store, options: argparse.Namespace) -> None:
    rows = records(stored.tokens(store, options.subject))
    if options.json:
        put_json({"tokens": rows})
        return
    header = ("id", "name", "scopes", "made", "until", "last used", "")
    put_table(
        header,
        [
            (
                row["id"],
                row["name"],
                row["scopes"],
                row["made_at"][:10],
                row["expires_at"][:10],
                row["used_on"] or "never",
                "revoked" if row["revoked_at"] else "",
            )
            for row in rows
        ],
    )


def _revoke_token(store: Store, options: argparse.Namespace) -> None:
    stored.revoke(store, options.id, by=OWN_MACHINE)
    _done(options, f"token {options.id} is revoked")


def _add_member(store: Store, options: argparse.Namespace) -> None:
    list_of_members.set_member(store, options.subject, cast(Role, options.role), name=options.name, by=OWN_MACHINE)
    _done(options, f"{options.subject} is {options.role}")


def _remove_member(store: Store, options: argparse.Namespace) -> None:
    list_of_members.remove_member(store, options.subject, by=OWN_MACHINE)
    _done(options, f"{options.subject} is off the list")


def _list_members(store: Store, options: argparse.Namespace) -> None:
    rows = records(list_of_members.members(store))
    if options.json:
        put_json({"members": rows})
        return
    put_table(
        ("who", "name", "role", "since"),
        [(row["subject"], row["name"], row["role"], row["added_at"][:10]) for row in rows],
    )


def _done(options: argparse.Namespace, told: str) -> None:
    if options.json:
        put_json({"done": told})
    else:
        put(told)
