"""What is said about deploying can be done: settings and commands exist, nothing is open that should be closed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.cli import build_parser
from lib.settings import SETTINGS, read_settings

ROOT = Path(__file__).resolve().parent.parent
KNOWN = {setting.variable for setting in SETTINGS}
OF_COMPOSE = {"P4P_SITE", "P4P_DB_PASSWORD"}
"""Read by the compose files alone."""


class _Loader(yaml.SafeLoader):
    """With compose's own mark for what an override takes away."""


_Loader.add_constructor("!reset", lambda loader, node: [])


def _compose(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / name).read_text(encoding="utf-8"), _Loader)
    return found


def _environment(*services: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """Of the services laid over each other, with variables put in."""
    merged = {key: value for service in services for key, value in service.get("environment", {}).items()}
    return {key: _put_in(str(value), given) for key, value in merged.items()}


def _put_in(text: str, given: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda m: given.get(m.group(1)) or _default(m), text)


def _default(match: re.Match[str]) -> str:
    if ":?" in match.group(0):
        raise KeyError(match.group(1))
    return match.group(2) or ""


def test_the_compose_files_name_settings_that_exist() -> None:
    for name in ("compose.yaml", "compose.public.yaml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert set(re.findall(r"\bP4P_\w+", text)) <= KNOWN | OF_COMPOSE, name


def test_one_machine_is_open_to_itself_only() -> None:
    services = _compose("compose.yaml")["services"]
    assert {name for name, service in services.items() if service.get("ports")} == {"app"}
    assert services["app"]["ports"] == ["127.0.0.1:8501:8501"]
    settings = read_settings(_environment(services["app"], given={}))
    assert settings.is_shared and not settings.has_login and settings.worker == "0"
    command = services["worker"]["command"]
    assert command[:3] == ["python", "-m", "lib"]
    build_parser().parse_args(command[3:])
    assert not {key for key in services["app"]["environment"] if key.endswith("_API_KEY")}, "keys are the worker's"


GIVEN = {
    "P4P_SITE": "evals.example.org",
    "P4P_DB_PASSWORD": "p",
    "P4P_OIDC_METADATA": "https://id.example.org/.well-known/openid-configuration",
    "P4P_OIDC_CLIENT_ID": "p4p",
    "P4P_OIDC_CLIENT_SECRET": "s",
    "P4P_COOKIE_SECRET": "x" * 64,
    "P4P_ROLES": "you@example.org=admin",
}


def test_the_public_one_has_a_login_and_no_port_of_its_own() -> None:
    services, over = _compose("compose.yaml")["services"], _compose("compose.public.yaml")["services"]
    assert over["app"]["ports"] == [] and "ports" not in over["db"]
    # Anybody's word about where a request is from is taken, so nobody but the proxy may reach the app.
    assert over["app"]["environment"]["FORWARDED_ALLOW_IPS"] == "*"
    assert "FORWARDED_ALLOW_IPS" not in services["app"]["environment"]
    settings = read_settings(_environment(services["app"], over["app"], given=GIVEN))
    assert settings.has_login and not settings.allow_public and not settings.strangers_read
    assert settings.url == "https://evals.example.org" and settings.login_role == "stranger"
    assert settings.roles == {"you@example.org": "admin"}


@pytest.mark.parametrize("missing", sorted(GIVEN))
def test_it_does_not_start_without(missing: str) -> None:
    given = {key: value for key, value in GIVEN.items() if key != missing}
    services = _compose("compose.public.yaml")["services"]
    with pytest.raises(KeyError, match=missing):
        for service in services.values():
            _environment(service, given=given)


def test_the_image_holds_what_the_app_imports() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (.*) \./?\S*$", text, re.MULTILINE))
    names = {name for line in copied for name in line.split()}
    assert {"app.py", "serve.py", "lib", "pages", "data", ".streamlit", "requirements.txt"} <= names
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert not names & set(ignored)


@pytest.mark.parametrize("document", ["deploy.md", "hub.md"])
def test_every_command_of_the_document_is_one(document: str) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    commands = re.findall(r"python -m lib ([^`\n]*)", text)
    assert commands
    for command in commands:
        words = shlex.split(re.split(r"\s{3,}", command)[0])
        if words[-1] == "...":
            words[-1] = "list"
        build_parser().parse_args(words)


def test_settings_named_in_the_document_exist() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\bP4P_[A-Z_]+", text)) <= KNOWN | OF_COMPOSE
