"""Every way in which the Hub may fail, and the words for it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lib.errors import RefusedInput, Unavailable
from lib.sources.hub_client import Hub, asked_to_wait, named_in
from tests.hub.stand_in import READER, Repository, StandIn, Trouble

NAME = "org/small-1b"


@pytest.fixture(autouse=True)
def repository(stand_in: StandIn) -> Repository:
    made = Repository(files={"config.json": b"{}"})
    stand_in.repositories["model", NAME] = made
    return made


def test_it_answers(hub: Hub, tmp_path: Path) -> None:
    assert hub.described("model", NAME)["sha"] == "a" * 40
    assert hub.small_file("model", NAME, "a" * 40, "config.json", 10) == b"{}"
    assert hub.download("model", NAME, "main", "config.json", tmp_path / "x" / "y.json", 10) == 2
    assert (tmp_path / "x" / "y.json").read_bytes() == b"{}"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_trouble_that_passes_is_waited_out(hub: Hub, stand_in: StandIn, pauses: list[float], status: int) -> None:
    stand_in.troubles = [Trouble(status), Trouble(status)]
    assert hub.described("model", NAME)["id"] == NAME
    assert pauses == [0.5, 2.0]


def test_trouble_that_stays_is_told(hub: Hub, stand_in: StandIn, pauses: list[float]) -> None:
    stand_in.troubles = [Trouble(503)] * 5
    with pytest.raises(Unavailable, match=r"has trouble \(status 503\)"):
        hub.described("model", NAME)
    assert len(stand_in.troubles) == 2 and len(pauses) == 2


def test_it_waits_as_long_as_it_is_asked_to_and_no_longer(hub: Hub, stand_in: StandIn, pauses: list[float]) -> None:
    stand_in.troubles = [Trouble(429, {"Retry-After": "7"})]
    assert hub.described("model", NAME)["id"] == NAME and pauses == [7.0]
    stand_in.troubles = [Trouble(429, {"RateLimit": '"api";r=0;t=9'})]
    assert hub.described("model", NAME)["id"] == NAME and pauses == [7.0, 9.0]
    stand_in.troubles = [Trouble(429, {"Retry-After": "40"}), Trouble(429, {"Retry-After": "40"})]
    with pytest.raises(Unavailable, match="asks to wait for 40 s"):
        hub.described("model", NAME)
    assert pauses == [7.0, 9.0, 40.0]
    stand_in.troubles = [Trouble(429, {"Retry-After": "1"})]
    with pytest.raises(Unavailable, match="asks to wait for 1 s"):
        Hub(stand_in.address, patience_s=0.0).described("model", NAME)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-1"}, None),
        ({"RateLimit": '"pages";r=0;t=55'}, 55.0),
        ({}, None),
    ],
)
def test_how_long_it_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(headers) == seconds


def test_what_one_may_not_see(hub: Hub, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in.repositories["model", "org/private"] = Repository(is_private=True)
    stand_in.repositories["model", "org/gated"] = Repository(is_gated=True, files={"config.json": b"{}"})
    for name in ("org/private", "org/none"):
        with pytest.raises(RefusedInput, match="no such repository, or not for this account"):
            hub.described("model", name)
    with pytest.raises(RefusedInput, match="only to accounts that were let in"):
        hub.small_file("model", "org/gated", "main", "config.json", 10)
    with pytest.raises(RefusedInput, match="no such file"):
        hub.small_file("model", NAME, "main", "none.json", 10)
    stand_in.troubles = [Trouble(403)]
    with pytest.raises(RefusedInput, match="does not let this account"):
        hub.described("model", NAME)
    monkeypatch.setenv("HF_TOKEN", READER)
    assert hub.described("model", "org/private")["private"] is True
    assert hub.small_file("model", "org/gated", "main", "config.json", 10) == b"{}"
    # Who is not to be named is not named.
    Hub(stand_in.address, is_known=False).described("model", NAME)
    assert stand_in.asked[-1][2] == ""


def test_a_redirect_to_another_host_does_not_carry_the_token(
    hub: Hub, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = StandIn()
    try:
        other.repositories["model", NAME] = Repository(files={"config.json": b"elsewhere"})
        monkeypatch.setenv("HF_TOKEN", READER)
        there = f"{other.address}/{NAME}/resolve/main/config.json"
        stand_in.troubles = [Trouble(302, {"Location": there})]
        assert hub.small_file("model", NAME, "main", "config.json", 99) == b"elsewhere"
        assert stand_in.asked[-1][2] == READER and other.asked[-1][2] == ""
    finally:
        other.end()


@pytest.mark.parametrize("body", [b"<html>", b"[1, 2]", b"", b'{"a": ' * 3000, b"\xff\xfe"])
def test_what_is_not_understood(hub: Hub, stand_in: StandIn, body: bytes) -> None:
    stand_in.troubles = [Trouble(200, body=body)]
    with pytest.raises(Unavailable, match="not understood"):
        hub.described("model", NAME)


def test_nobody_answers(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unavailable, match="cannot be reached"):
        Hub(address).described("model", NAME)
    stand_in.troubles = [Trouble(0)]
    with pytest.raises(Unavailable, match="cannot be reached"):
        Hub(stand_in.address).described("model", NAME)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    n = len(stand_in.asked)
    with pytest.raises(Unavailable, match="HF_HUB_OFFLINE"):
        Hub(stand_in.address).described("model", NAME)
    assert len(stand_in.asked) == n


def test_an_answer_that_breaks_off_or_never_ends(hub: Hub, stand_in: StandIn, repository: Repository) -> None:
    stand_in.troubles = [Trouble(200, {"Content-Length": "999", "Connection": "close"}, b"{}")]
    with pytest.raises(Unavailable, match="cannot be reached"):
        Hub(stand_in.address, patience_s=0.0).small_file("model", NAME, "main", "config.json", 9999)
    repository.files["config.json"] = b"x" * 5_000_000
    with pytest.raises(RefusedInput, match="larger than"):
        hub.small_file("model", NAME, "main", "config.json", 3_000_000)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("org/name", "dataset", "org/name"),
        ("datasets/org/name", "dataset", "org/name"),
        ("https://huggingface.co/datasets/org/name/tree/main/a", "dataset", "org/name"),
        ("https://huggingface.co/org/name?x=1", "model", "org/name"),
        ("models/org/name", "model", "org/name"),
    ],
)
def test_names(text: str, kind: str, name: str) -> None:
    assert named_in(text, "dataset") == (kind, name)


@pytest.mark.parametrize(
    "text", ["", "a/b/c", "../x", "org/..", "org/a--b", "a b/c", "org/<img>", "https://x", "org/a.git"]
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(RefusedInput, match="not the name"):
        named_in(text, "dataset")
