"""Every setting: its environment variable, its default and what it is for. Read once, at the edge."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from lib.errors import RefusedInput

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

    @property
    def is_shared(self) -> bool:
        """Whether others than the owner of this machine may reach the app."""
        return self.allow_public

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
    )


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
