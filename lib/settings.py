"""Every setting: its environment variable, its default and what it is for. Read once, at the edge."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

from lib.access import ROLES, Role
from lib.errors import RefusedInput

FEWEST_SECRET = 32
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ROOT = Path(__file__).resolve().parent.parent
CODE_VERSION = "0.1.0"
"""Version of the project, as pyproject.toml says it; recorded with what is kept for later."""


class Setting(NamedTuple):
    variable: str
    default: str
    help: str


SETTINGS = (
    Setting("P4P_DATA_DIR", "data/local", "Folder for everything that this installation writes."),
    Setting("P4P_DATABASE_URL", "", "SQLAlchemy address of a PostgreSQL database; empty: SQLite in P4P_DATA_DIR."),
    Setting("P4P_SHIPPED_DIR", "data", "Folder with the data that ships with the project."),
    Setting("P4P_ALLOW_PUBLIC", "", "1: listen on a public address although no login is configured."),
    Setting("P4P_URL", "", "Address under which others reach this installation, https://...; login and links need it."),
    Setting(
        "P4P_OIDC_METADATA", "", "Address of the login provider's .well-known/openid-configuration; empty: no login."
    ),
    Setting("P4P_OIDC_CLIENT_ID", "", "What the login provider calls this installation."),
    Setting("P4P_OIDC_CLIENT_SECRET", "", "The secret that goes with it."),
    Setting(
        "P4P_COOKIE_SECRET", "", "At least 32 random characters, the same on all replicas; signs who is logged in."
    ),
    Setting("P4P_ROLE_CLAIM", "groups", "Claim of a login that names its groups."),
    Setting("P4P_ROLES", "", "Role of a group or person: evals-team=contributor;alice@example.org=admin."),
    Setting("P4P_LOGIN_ROLE", "stranger", "Role of whoever logs in and is not named: stranger, viewer or contributor."),
    Setting("P4P_STRANGERS", "none", "What who is not logged in sees of an installation with a login: none or read."),
    Setting("P4P_RATE_PER_MINUTE", "120", "Requests of the HTTP interface a minute, for each token or address."),
    Setting("P4P_UPLOAD_QUOTA_MB", "2000", "MB that one person may have in uploads, where there is a login."),
    Setting("P4P_MAX_UPLOAD_MB", "200", "Largest single file or zip that an import takes, in MB."),
    Setting("P4P_FILL", "1", "0: do not fill the store from the shipped data at start."),
    Setting("P4P_EVAL_PYTHON", "", "Interpreter that runs lm-eval; empty: the one that runs the dashboard."),
    Setting(
        "P4P_KEY_HOSTS", "", "Which key may go where, besides the known providers: VARIABLE=host,host;VARIABLE=host."
    ),
    Setting("P4P_ALLOW_REMOTE_CODE", "", "1: models may bring code and weights that are pickles."),
    Setting("P4P_WORKER", "1", "Worker beside the app: 1 on this machine's device; cpu, cuda or mps; 0 for none."),
    Setting("P4P_TODAY", "", "Day (2026-11-21) that prices are looked at from; empty: the clock's."),
)


@dataclass(frozen=True, slots=True)
class Login:
    """The provider that says who somebody is (OpenID Connect), and the secret that this installation signs with."""

    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)
    cookie_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force; paths are absolute."""

    data_dir: Path
    database_url: str
    shipped_dir: Path
    allow_public: bool
    max_upload_bytes: int
    fill: bool
    fixed_day: str = ""
    eval_python: str = sys.executable
    key_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_remote_code: bool = False
    worker: str = "1"
    url: str = ""
    login: Login | None = None
    role_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    login_role: Role = "stranger"
    strangers_read: bool = False
    rate_per_minute: int = 120
    upload_quota_bytes: int = 2_000_000_000

    @property
    def has_login(self) -> bool:
        """Whether people log in, and so may be told apart."""
        return self.login is not None

    @property
    def is_shared(self) -> bool:
        """Whether others than the owner of this machine may reach the app."""
        return self.allow_public or self.has_login

    @property
    def today(self) -> str:
        """The day that prices are looked at from, ISO: the one that was set, else the clock's in UTC."""
        return self.fixed_day or datetime.now(UTC).date().isoformat()


def read_settings(environment: dict[str, str] | None = None) -> Settings:
    """Settings from the environment.

    Raises:
        RefusedInput: If a number is not one, or a database address is of an engine that is not supported.
    """
    given = os.environ if environment is None else environment
    value = {s.variable: given.get(s.variable) or s.default for s in SETTINGS}
    data_dir = _absolute(value["P4P_DATA_DIR"])
    url = value["P4P_DATABASE_URL"] or f"sqlite:///{data_dir / 'p4p.sqlite'}"
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise RefusedInput(
            "unsupported database address", place="P4P_DATABASE_URL", expected="sqlite:///... or postgresql://..."
        )
    megabytes = value["P4P_MAX_UPLOAD_MB"]
    if not megabytes.isdigit() or int(megabytes) == 0:
        raise RefusedInput("not a size", place="P4P_MAX_UPLOAD_MB", expected="a whole number of MB", found=megabytes)
    fixed_day = value["P4P_TODAY"]
    if fixed_day and not _is_day(fixed_day):
        raise RefusedInput("not a day", place="P4P_TODAY", expected="a date as 2026-11-21", found=fixed_day)
    worker = value["P4P_WORKER"]
    if worker not in ("0", "1", "cpu", "cuda", "mps"):
        raise RefusedInput("no such device", place="P4P_WORKER", expected="0, 1, cpu, cuda or mps", found=worker)
    return Settings(
        data_dir=data_dir,
        database_url=url,
        shipped_dir=_absolute(value["P4P_SHIPPED_DIR"]),
        allow_public=value["P4P_ALLOW_PUBLIC"] == "1",
        max_upload_bytes=int(megabytes) * 1_000_000,
        fill=value["P4P_FILL"] != "0",
        fixed_day=fixed_day,
        eval_python=str(Path(value["P4P_EVAL_PYTHON"]).expanduser()) if value["P4P_EVAL_PYTHON"] else sys.executable,
        key_hosts=_key_hosts(value["P4P_KEY_HOSTS"]),
        allow_remote_code=value["P4P_ALLOW_REMOTE_CODE"] == "1",
        worker=worker,
        url=_address(value["P4P_URL"]),
        login=_login(value),
        role_claim=value["P4P_ROLE_CLAIM"],
        roles=_roles(value["P4P_ROLES"]),
        login_role=_one_of(value, "P4P_LOGIN_ROLE", ("stranger", "viewer", "contributor")),
        strangers_read=_one_of(value, "P4P_STRANGERS", ("none", "read")) == "read",
        rate_per_minute=_whole(value, "P4P_RATE_PER_MINUTE", "a whole number of requests"),
        upload_quota_bytes=_whole(value, "P4P_UPLOAD_QUOTA_MB", "a whole number of MB") * 1_000_000,
    )


def _login(value: Mapping[str, str]) -> Login | None:
    """The login provider; None where nothing is said of one. Half a login is refused: it would leave the doors open."""
    names = ("P4P_OIDC_METADATA", "P4P_OIDC_CLIENT_ID", "P4P_OIDC_CLIENT_SECRET", "P4P_COOKIE_SECRET")
    given = [value[name] for name in names]
    if not any(given[:3]):
        return None
    missing = [name for name in (*names, "P4P_URL") if not value[name]]
    if missing:
        raise RefusedInput("the login is not complete", place=", ".join(missing), expected="all of them, or none")
    if len(value["P4P_COOKIE_SECRET"]) < FEWEST_SECRET:
        raise RefusedInput("too short", place="P4P_COOKIE_SECRET", expected=f"at least {FEWEST_SECRET} characters")
    if value["P4P_ALLOW_PUBLIC"] == "1":
        raise RefusedInput(
            "with a login nobody may be let past it", place="P4P_ALLOW_PUBLIC", expected="P4P_STRANGERS=read"
        )
    return Login(_address(given[0], "P4P_OIDC_METADATA"), *given[1:])


def _address(text: str, place: str = "P4P_URL") -> str:
    """A web address without what follows its path; plain http only for this machine."""
    if not text:
        return ""
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not is_safe or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise RefusedInput("not an address to be trusted", place=place, expected="https://host/...", found=text)
    return text.rstrip("/")


def _roles(text: str) -> dict[str, Role]:
    """``group=role;person=role`` as a table."""
    found: dict[str, Role] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        who, _, role = part.rpartition("=")
        if not who.strip() or role.strip() not in ROLES:
            expected = f"who=role with a role of {', '.join(ROLES)}"
            raise RefusedInput("not a role", place="P4P_ROLES", expected=expected, found=part)
        found[who.strip()] = cast(Role, role.strip())
    return found


Choice = TypeVar("Choice", bound=str)


def _one_of(value: Mapping[str, str], variable: str, choices: tuple[Choice, ...]) -> Choice:
    for choice in choices:
        if value[variable] == choice:
            return choice
    raise RefusedInput("not a choice", place=variable, expected=" or ".join(choices), found=value[variable])


def _whole(value: Mapping[str, str], variable: str, expected: str) -> int:
    text = value[variable]
    if not text.isdigit() or int(text) == 0:
        raise RefusedInput("not a number above 0", place=variable, expected=expected, found=text)
    return int(text)


def _key_hosts(text: str) -> dict[str, tuple[str, ...]]:
    """``VARIABLE=host,host:port;VARIABLE=host`` as a table; hosts in small letters, without scheme or path."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        variable, _, hosts = part.partition("=")
        names = tuple(host.strip().lower() for host in hosts.split(",") if host.strip())
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", variable.strip()) or not names or any("/" in host for host in names):
            raise RefusedInput(
                "not a key and its hosts", place="P4P_KEY_HOSTS", expected="MY_API_KEY=api.example.org", found=part
            )
        found[variable.strip()] = names
    return found


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _absolute(path: str) -> Path:
    return (ROOT / Path(path).expanduser()).resolve()
