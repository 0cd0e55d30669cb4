"""The table of roles, against the table of the documents, written out."""

from __future__ import annotations

from typing import get_args

import pytest

from lib.access import (
    OPERATOR,
    PUBLIC,
    ROLES,
    STRANGER,
    VISIBILITIES,
    Act,
    Reader,
    Role,
    Sight,
    may,
    may_change,
    may_show,
    reader_of,
    scopes_of,
)

MAY: dict[Role, set[str]] = {
    "stranger": set(),
    "viewer": {"read workspace", "share"},
    "contributor": {"read workspace", "share", "upload", "run", "map"},
    "admin": {"read workspace", "share", "upload", "run", "map", "make public", "withdraw any", "manage"},
}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_do_what(role: Role) -> None:
    somebody = Reader("somebody", "", role)
    assert {act for act in get_args(Act) if may(somebody, act)} == MAY[role]
    assert may_change(somebody, "somebody") == (role in ("contributor", "admin"))
    assert may_change(somebody, "another") == (role == "admin")
    shown = {visibility for visibility in VISIBILITIES if may_show(somebody, visibility)}
    assert shown == {"contributor": {"private", "workspace"}, "admin": {*VISIBILITIES}}.get(role, set())


def test_who_sees_what() -> None:
    assert STRANGER.sight == PUBLIC == Reader("somebody", "", "stranger").sight
    for role in ("viewer", "contributor", "admin"):
        assert Reader("somebody", "", role).sight == Sight("somebody", is_member=True)
    assert OPERATOR.role == "admin"


@pytest.mark.parametrize("role", ROLES)
def test_a_token_is_never_more_than_its_owner(role: Role) -> None:
    assert (
        scopes_of(role)
        == {
            "stranger": frozenset(),
            "viewer": {"read"},
            "contributor": {"read", "write:results", "write:jobs"},
            "admin": {"read", "write:results", "write:jobs", "admin"},
        }[role]
    )
    for scope in ("read", "write:results", "write:jobs", "admin"):
        with_it = Reader("somebody", "", role, frozenset([scope]))
        assert {act for act in get_args(Act) if may(with_it, act)} <= MAY[role]
    assert not any(may(Reader("somebody", "", role, frozenset()), act) for act in get_args(Act))
    assert Reader("somebody", "", "admin", frozenset(["write:results"])).sight == PUBLIC, "writing is not reading"


def who(claims: dict[str, object], member: Role | None = None, otherwise: Role = "stranger") -> Role:
    roles: dict[str, Role] = {"team": "contributor", "bosses": "admin", "alice": "viewer", "bob@example.org": "admin"}
    return reader_of(claims, member=member, roles=roles, role_claim="groups", otherwise=otherwise).role


def test_a_login_gets_its_role() -> None:
    assert who({"sub": "carol"}) == "stranger" and who({"sub": "carol"}, otherwise="viewer") == "viewer"
    assert who({"sub": "carol", "groups": ["team", "bosses", "other"]}) == "admin", "the highest of the groups"
    assert who({"sub": "alice", "groups": ["team"]}) == "viewer", "a person goes before groups"
    assert who({"sub": "alice"}, member="admin") == "admin", "the list of members before everything"
    assert who({"sub": "carol", "groups": ["bosses"]}, member="stranger") == "stranger", "also to shut somebody out"
    assert who({"sub": "b", "email": "bob@example.org", "email_verified": True}) == "admin"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email": "bob@example.org", "email_verified": True},
        {"sub": "", "groups": ["bosses"]},
        {"sub": "eve", "email": "bob@example.org"},
        {"sub": "eve", "email": "bob@example.org", "email_verified": "true"},
        {"sub": "eve", "groups": "bosses"},
        {"sub": "eve", "groups": {"bosses": 1}},
        {"sub": "eve", "name": "alice"},
    ],
)
def test_what_is_only_claimed_gives_no_role(claims: dict[str, object]) -> None:
    assert who(claims) == "stranger"
