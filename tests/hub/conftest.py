"""The stand-in for the Hub, and the package told to ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lib.sources.hub_client import Hub
from tests.hub.stand_in import StandIn


@pytest.fixture(scope="session")
def _server() -> Iterator[StandIn]:
    server = StandIn()
    yield server
    server.end()


@pytest.fixture
def stand_in(_server: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """An empty Hub that commands ask, too; nobody is logged in."""
    from huggingface_hub import constants

    _server.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", _server.address)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nonexistent/token")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return _server


@pytest.fixture
def pauses() -> list[float]:
    """How long the client waited, each time."""
    return []


@pytest.fixture
def hub(stand_in: StandIn, pauses: list[float]) -> Hub:
    """A client of it that does not really wait."""
    return Hub(stand_in.address, pause=pauses.append)
