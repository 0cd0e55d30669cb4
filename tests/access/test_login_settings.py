"""Settings of a login: whole or not at all, and never beside what would open the doors."""

from __future__ import annotations

import pytest

from lib.errors import RefusedInput
from lib.settings import read_settings

LOGIN = {
    "P4P_URL": "https://evals.example.org/",
    "P4P_OIDC_METADATA": "https://id.example.org/.well-known/openid-configuration",
    "P4P_OIDC_CLIENT_ID": "p4p",
    "P4P_OIDC_CLIENT_SECRET": "hush",
    "P4P_COOKIE_SECRET": "x" * 32,
}


def test_a_whole_login() -> None:
    found = read_settings(LOGIN | {"P4P_ROLES": "team=contributor; a=b@example.org=admin"})
    assert found.has_login and found.is_shared and not found.strangers_read and found.url == "https://evals.example.org"
    assert found.roles == {"team": "contributor", "a=b@example.org": "admin"}
    assert "hush" not in repr(found) and "xxxx" not in repr(found)
    assert not read_settings({}).has_login and not read_settings({"P4P_COOKIE_SECRET": "x" * 32}).has_login


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        *(({name: ""}, name) for name in LOGIN),
        ({"P4P_COOKIE_SECRET": "x" * 31}, "P4P_COOKIE_SECRET"),
        ({"P4P_ALLOW_PUBLIC": "1"}, "P4P_ALLOW_PUBLIC"),
        ({"P4P_URL": "http://evals.example.org"}, "P4P_URL"),
        ({"P4P_URL": "https://user@evals.example.org"}, "P4P_URL"),
        ({"P4P_OIDC_METADATA": "http://id.example.org/x"}, "P4P_OIDC_METADATA"),
        ({"P4P_ROLES": "team=boss"}, "P4P_ROLES"),
        ({"P4P_ROLES": "=admin"}, "P4P_ROLES"),
        ({"P4P_LOGIN_ROLE": "admin"}, "P4P_LOGIN_ROLE"),
        ({"P4P_STRANGERS": "write"}, "P4P_STRANGERS"),
        ({"P4P_RATE_PER_MINUTE": "0"}, "P4P_RATE_PER_MINUTE"),
    ],
)
def test_what_would_not_be_safe_is_refused(changed: dict[str, str], place: str) -> None:
    with pytest.raises(RefusedInput) as refused:
        read_settings(LOGIN | changed)
    assert place in str(refused.value) and "hush" not in str(refused.value)


def test_this_machine_may_do_without_https() -> None:
    assert read_settings(LOGIN | {"P4P_URL": "http://127.0.0.1:8501"}).url == "http://127.0.0.1:8501"
