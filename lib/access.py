"""Who may see and do what: readers, their roles, and the scopes of their tokens. Pure; pages, API and commands ask the same.

The rules are the table of roles in ``docs/access.md``. Whoever is not named by a rule may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Role = Literal["stranger", "viewer", "contributor", "admin"]
Visibility = Literal["private", "workspace", "public"]
Scope = Literal["read", "write:results", "write:jobs", "admin"]
Act = Literal["read workspace", "share", "upload", "run", "map", "make public", "withdraw any", "manage"]

ROLES: Final[tuple[Role, ...]] = ("stranger", "viewer", "contributor", "admin")
"""From the least to the most."""
VISIBILITIES: Final[tuple[Visibility, ...]] = ("private", "workspace", "public")
"""From the fewest readers to all."""
SCOPES: Final[tuple[Scope, ...]] = ("read", "write:results", "write:jobs", "admin")

_LEAST: Final[dict[Act, Role]] = {
    "read workspace": "viewer",
    "share": "viewer",
    "upload": "contributor",
    "run": "contributor",
    "map": "contributor",
    "make public": "admin",
    "withdraw any": "admin",
    "manage": "admin",
}
_SCOPE_OF: Final[dict[Act, Scope]] = {
    "read workspace": "read",
    "share": "read",
    "upload": "write:results",
    "map": "write:results",
    "run": "write:jobs",
    "make public": "admin",
    "withdraw any": "admin",
    "manage": "admin",
}
OWN_MACHINE: Final = "local"
"""Owner of everything that was brought without a login, and by commands on the machine itself."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees: public rows, and more of them for members and owners.

    Args:
        owner: Whose private rows are seen; '' for nobody's.
        is_member: Whether the workspace's rows are seen.
    """

    owner: str = ""
    is_member: bool = False


PUBLIC: Final = Sight()
"""What a stranger sees. Whoever says nothing else gets this."""
WORKSPACE: Final = Sight(is_member=True)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads or writes.

    Args:
        subject: Who it is, as the login's issuer says; '' for a stranger.
        name: What to call them; may be empty.
        role: What they may do.
        scopes: Of the token that they came with; None: they came in person.
    """

    subject: str = ""
    name: str = ""
    role: Role = "stranger"
    scopes: frozenset[Scope] | None = None

    @property
    def sight(self) -> Sight:
        """Theirs, the workspace's and the public rows; strangers have none of their own."""
        return Sight(self.subject, True) if may(self, "read workspace") else PUBLIC


STRANGER: Final = Reader()
OPERATOR: Final = Reader(OWN_MACHINE, "", "admin")
"""Whoever sits at the machine: every command, and every page while no login is configured."""


def reader_of(
    claims: Mapping[str, Any], *, member: Role | None, roles: Mapping[str, Role], role_claim: str, otherwise: Role
) -> Reader:
    """Who a login is.

    Args:
        claims: Of the identity token: ``sub``, perhaps ``email``, ``name`` and groups.
        member: Role on the list of members; None: not on it.
        roles: Roles of persons (by subject, or by an e-mail address that the provider has verified) and of groups.
        role_claim: Claim that names the groups.
        otherwise: Role of whoever is named nowhere.

    Returns:
        A reader with the role of the list of members, else of the person, else the highest of the groups, else ``otherwise``.
    """
    subject = str(claims.get("sub") or "")
    if not subject:
        return STRANGER
    # An address that nobody verified is what somebody typed.
    email = str(claims.get("email") or "") if claims.get("email_verified") is True else ""
    named = [roles[who] for who in (subject, email) if who and who in roles]
    groups = claims.get(role_claim)
    in_groups = [roles[group] for group in groups if group in roles] if isinstance(groups, list | tuple) else []
    role: Role = max(in_groups, key=ROLES.index, default=otherwise)
    if member is not None or named:
        role = member or named[0]
    return Reader(subject, str(claims.get("name") or email or subject), role)


def may(reader: Reader, act: Act) -> bool:
    """Whether the reader's role, and the token where they came with one, allow it."""
    is_in_scope = reader.scopes is None or _SCOPE_OF[act] in reader.scopes
    return is_in_scope and ROLES.index(reader.role) >= ROLES.index(_LEAST[act])


def may_change(reader: Reader, owner: str) -> bool:
    """Whether the reader may withdraw, restore or replace what belongs to ``owner``: their own, or anything for an admin."""
    return may(reader, "withdraw any") or (may(reader, "upload") and reader.subject == owner)


def may_show(reader: Reader, visibility: Visibility) -> bool:
    """Whether what the reader brings may have this visibility at once; a contributor's public waits for an admin."""
    return may(reader, "upload") and (visibility != "public" or may(reader, "make public"))


def scopes_of(role: Role) -> frozenset[Scope]:
    """The scopes that a token of somebody with this role can have at most."""
    someone = Reader("somebody", "", role)
    return frozenset(scope for act, scope in _SCOPE_OF.items() if may(someone, act))
