"""Pinned states through the API: the same numbers later, what changed since, and nobody opens what they may not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from lib.access import Reader
from lib.errors import RefusedInput
from tests.api.test_asking import SEEN, Shared
from tests.api.test_uploads import results, taken

QUESTIONS = ("/models?community=true", "/runs?limit=500", "/results?benchmark=mmlu&limit=500", "/benchmarks?limit=500")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    made = Shared(tmp_path_factory.mktemp("snapshots"))
    yield made
    made.app.state.readings.close()


def pinned(shared: Shared, who: str, name: str = "") -> dict[str, Any]:
    answer = shared.ask(who, "/snapshots", "POST", json={"name": name})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/snapshots/{found['digest']}"
    return found


def test_a_pinned_state_shows_the_same_later(shared: Shared) -> None:
    made = pinned(shared, "vic", "before")
    assert made["visibility"] == "workspace"
    before = {address: shared.ask("vic", address).json() for address in QUESTIONS}
    told = taken(shared, "con", ("new.json", results("org/later")), visibility="workspace")
    for address in QUESTIONS:
        assert shared.ask("vic", f"{address}&snapshot={made['digest'][:12]}").json() == before[address]
        assert shared.ask("vic", f"{address}&snapshot=before").json() == before[address]
    assert shared.ask("vic", "/runs?limit=500").json()["n_rows"] == before["/runs?limit=500"]["n_rows"] + 1
    run = told["report"]["runs"][0]
    assert shared.ask("vic", f"/runs/{run}").status_code == 200
    assert shared.ask("vic", f"/runs/{run}?snapshot=before").status_code == 404
    changes = shared.ask("vic", "/snapshots/before/changes").json()
    assert changes["counts"]["new runs"] == 1 and changes["runs"][0]["run"] == run
    assert shared.ask("vic", "/snapshots/before/changes?until=before").json()["counts"]["new runs"] == 0


def test_nobody_opens_what_they_may_not_see(shared: Shared) -> None:
    own = pinned(shared, "owner")
    assert own["visibility"] == "private"
    for who in SEEN:
        for address in (f"/snapshots/{own['digest']}", f"/snapshots/{own['digest']}/changes", f"/runs?snapshot={own['digest']}", f"/store.zip?snapshot={own['digest']}"):  # fmt: skip
            assert shared.ask(who, address).status_code == (200 if who == "owner" else 404), (who, address)
        listed = {row["digest"] for row in shared.ask(who, "/snapshots").json()["rows"]}
        assert (own["digest"] in listed) is (who == "owner")
    # Of a state that others cannot name they learn no more than of one that is not there.
    told = [shared.ask("vic", f"/runs?snapshot={digest}").text for digest in (own["digest"], "0" * 64)]
    assert told[0] == told[1]


def test_strangers_pin_nothing(shared: Shared) -> None:
    assert shared.ask("stranger", "/snapshots", "POST", json={}).status_code == 401
    assert shared.ask("vic", "/snapshots", "POST", json={"name": "x" * 81}).status_code == 422


def test_a_report_is_drawn_for_whoever_asks(shared: Shared) -> None:
    drawn: list[tuple[Any, ...]] = []

    def draw(addresses: Sequence[str], somebody: Reader, *, title: str, note: str, is_static: bool) -> bytes:
        if "/nothing" in addresses:
            raise RefusedInput("no such page", place="VIEW")
        drawn.append((tuple(addresses), somebody.subject, title, note, is_static))
        return b"<!doctype html>"

    wanted = {"views": ["/models"], "title": "T", "text": "N", "static": True}
    assert shared.ask("vic", "/report", "POST", json=wanted).status_code == 503
    shared.app.state.draw = draw
    answer = shared.ask("vic", "/report", "POST", json=wanted)
    assert answer.status_code == 200 and answer.content == b"<!doctype html>"
    assert answer.headers["content-type"].startswith("text/html")
    assert (
        "attachment" in answer.headers["content-disposition"] and answer.headers["x-content-type-options"] == "nosniff"
    )
    assert drawn == [(("/models",), "vic", "T", "N", True)]
    assert shared.ask("vic", "/report", "POST", json={"views": ["/nothing"]}).status_code == 422
    assert shared.ask("vic", "/report", "POST", json={"views": ["/models"] * 11}).status_code == 422
    assert shared.ask("stranger", "/report", "POST", json=wanted).status_code == 401
