"""Who asks decides what is there: tokens, roles, scopes, strangers, other websites, and how often one may ask."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.access import OWN_MACHINE, SCOPES, Role, Sight, scopes_of
from lib.api.v1.app import make_app, routes_of
from lib.settings import read_settings
from lib.store import members, tokens
from lib.store.db import Store
from lib.store.prepared import Holder
from lib.store.write import Batch, write_batches
from tests.factories import make_result, make_run, prepared_file, prepared_run, raw_of

LOGIN = {
    "P4P_OIDC_METADATA": "https://login.example.org/.well-known/openid-configuration",
    "P4P_OIDC_CLIENT_ID": "p4p",
    "P4P_OIDC_CLIENT_SECRET": "secret",
    "P4P_COOKIE_SECRET": "x" * 40,
    "P4P_URL": "https://evals.example.org",
}
VISIBILITIES = ("public", "workspace", "private")
PEOPLE: dict[str, Role] = {"ada": "admin", "con": "contributor", "vic": "viewer", "owner": "contributor"}
SEEN = {
    "stranger": {"public"},
    "vic": {"public", "workspace"},
    "con": {"public", "workspace"},
    "ada": {"public", "workspace"},
    "owner": {"public", "workspace", "private"},
}
ADDRESSES = (
    "/models?community=true",
    "/models?words=private",
    "/models/org/model-{}",
    "/runs",
    "/runs?model=org/model-{}",
    "/runs/{run}",
    "/benchmarks",
    "/benchmarks?words=bench",
    "/protocols?benchmark=bench_{}",
    "/results?benchmark=bench_{}",
    "/results?benchmark=mmlu",
    "/comparisons?a=org/model-{}&b=org/model-public",
    "/comparisons?a=org/model-public&b=org/model-{}",
    "/costs?benchmark=mmlu&basis=memory",
    "/costs?benchmark=bench_{}",
    "/prices",
    "/prices?model=org/model-{}",
    "/uploads",
    "/uploads?waiting=true",
    "/tokens",
    "/me",
    "/store.zip?format=csv",
    "/health",
    "/openapi.json",
)


class Shared:
    """An installation with a login, three models of different visibility, and a token for each person."""

    def __init__(self, folder: Path, **more: str) -> None:
        given = {"P4P_DATA_DIR": str(folder), "P4P_STRANGERS": "read", "P4P_RATE_PER_MINUTE": "100000", **LOGIN, **more}
        self.app = make_app(read_settings(given))
        self.client = TestClient(
            Starlette(routes=routes_of(self.app)), base_url="http://localhost", raise_server_exceptions=False
        )
        self.store: Store = self.app.state.readings.store()
        self.runs = _fill(self.store)
        self.secrets = {}
        for person, role in PEOPLE.items():
            members.set_member(self.store, person, role, by=OWN_MACHINE)
            made = tokens.make(self.store, person, name="all", scopes=scopes_of(role), days=1, role=role)
            self.secrets[person] = made.secret

    def ask(self, who: str, address: str, method: str = "GET", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.secrets[who]}"} if who in self.secrets else {}
        return self.client.request(method, f"/api/v1{address}", headers=headers, **more)


def _fill(store: Store) -> dict[str, str]:
    """A model, a benchmark and a run of each visibility, all of the owner; returns the digests of the runs."""
    digests = {}
    for n, visibility in enumerate(VISIBILITIES):
        model = f"org/model-{visibility}"
        results = [make_result(f"bench_{visibility}", n_shot=5), make_result("mmlu", n_correct=60 + n, n_shot=5)]
        run = prepared_run(make_run(model, results=results), model)
        file = prepared_file(run, content=visibility, name=f"{visibility}.json")
        holder = Holder("owner", visibility)  # type: ignore[arg-type]
        write_batches(store, [Batch(raw_of(visibility, f"{visibility}.json"), [file], holder=holder)], [{"id": model}])
        digests[visibility] = run.digest
    return digests


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    made = Shared(tmp_path_factory.mktemp("shared"))
    yield made
    made.app.state.readings.close()


@pytest.mark.parametrize("who", SEEN)
@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_meets_what_is_not_theirs(shared: Shared, who: str, address: str) -> None:
    """Whatever is asked for by name, an answer holds nothing of a row that the reader may not see."""
    for visibility in VISIBILITIES:
        answer = shared.ask(who, address.format(visibility, run=shared.runs[visibility]))
        assert answer.status_code < 500
        asked = {visibility} if "{" in address and answer.status_code != 200 else set()
        for hidden in set(VISIBILITIES) - SEEN[who]:
            told = answer.text.replace("private, workspace or public", "")
            if address in ("/me", "/openapi.json"):
                continue
            # A refusal may repeat what was asked for; nothing else.
            for trace in (f"model-{hidden}", f"bench_{hidden}", f"{hidden}.json", shared.runs[hidden][:12]):
                assert trace not in told or hidden in asked, (visibility, trace)
        if "{" in address and visibility not in SEEN[who]:
            assert answer.status_code in (200, 404), answer.text
            assert answer.status_code == 404 or answer.json()["rows"] == []


@pytest.mark.parametrize("who", SEEN)
def test_lists_and_counts_are_of_what_one_sees(shared: Shared, who: str) -> None:
    seen = SEEN[who]
    runs = shared.ask(who, "/runs").json()
    assert {row["model"] for row in runs["rows"]} == {f"org/model-{one}" for one in seen}
    assert runs["n_rows"] == len(seen)
    benchmarks = {row["benchmark"]: row for row in shared.ask(who, "/benchmarks").json()["rows"]}
    assert benchmarks["mmlu"]["n_models"] == len(seen) and benchmarks["mmlu"]["n_results"] == len(seen)
    assert shared.ask(who, "/protocols?benchmark=mmlu&community=true").json()["rows"][0]["n_models"] == len(seen)


@pytest.mark.parametrize("who", SEEN)
def test_the_download_is_of_what_one_sees(shared: Shared, who: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(shared.ask(who, "/store.zip?format=csv").content))
    whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for visibility in VISIBILITIES:
        assert (shared.runs[visibility] in whole) is (visibility in SEEN[who])
        assert (f"org/model-{visibility}" in whole) is (visibility in SEEN[who])


def test_who_sees_the_same_shares_what_was_read(shared: Shared) -> None:
    readings = shared.app.state.readings
    same = {id(readings.frames(Sight(who, True))) for who in ("vic", "con", "ada")}
    assert len(same) == 1
    assert id(readings.frames(Sight("owner", True))) not in same and id(readings.frames(Sight())) not in same


def test_a_digest_is_of_what_one_sees(shared: Shared) -> None:
    digests = {who: shared.ask(who, "/models").json()["digest"] for who in SEEN}
    assert digests["vic"] == digests["con"] == digests["ada"]
    assert len(set(digests.values())) == 3


def test_what_is_not_there_and_what_is_hidden_look_alike(shared: Shared) -> None:
    for address in ("/models/{}", "/comparisons?a={}&b=org/model-public", "/results?benchmark={}"):
        hidden = "bench_private" if "benchmark" in address else "org/model-private"
        nothing = "bench_nothing" if "benchmark" in address else "org/model-nothing"
        told = [shared.ask("vic", address.format(name)).text.replace(name, "X") for name in (hidden, nothing)]
        assert told[0] == told[1]
    told = [shared.ask("vic", f"/runs/{digest}").text for digest in (shared.runs["private"], "0" * 64)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("who", "method", "address", "status"),
    [
        ("stranger", "POST", "/uploads", 401),
        ("vic", "POST", "/uploads", 403),
        ("con", "POST", "/uploads", 415),
        ("stranger", "GET", "/uploads", 401),
        ("vic", "GET", "/uploads", 403),
        ("con", "GET", "/uploads", 200),
        ("con", "GET", "/uploads?waiting=true", 403),
        ("ada", "GET", "/uploads?waiting=true", 200),
        ("stranger", "GET", "/tokens", 401),
        ("vic", "GET", "/tokens", 200),
        ("con", "DELETE", "/uploads/" + "0" * 12, 404),
        ("vic", "DELETE", "/uploads/" + "0" * 12, 403),
        ("stranger", "DELETE", "/uploads/" + "0" * 12, 401),
    ],
)
def test_roles_may_what_the_table_says(shared: Shared, who: str, method: str, address: str, status: int) -> None:
    assert shared.ask(who, address, method).status_code == status


def test_a_token_allows_what_its_owner_may_now(shared: Shared) -> None:
    members.set_member(shared.store, "zoe", "contributor", by=OWN_MACHINE)
    shared.secrets["zoe"] = tokens.make(
        shared.store, "zoe", name="x", scopes=SCOPES[:3], days=1, role="contributor"
    ).secret
    assert "upload" in shared.ask("zoe", "/me").json()["may"]
    members.set_member(shared.store, "zoe", "viewer", by=OWN_MACHINE)
    found = shared.ask("zoe", "/me").json()
    assert found["role"] == "viewer" and "upload" not in found["may"]
    members.remove_member(shared.store, "zoe", by=OWN_MACHINE)
    assert shared.ask("zoe", "/me").json()["role"] == "stranger"
    assert {row["model"] for row in shared.ask("zoe", "/runs").json()["rows"]} == {"org/model-public"}


def test_a_token_that_does_not_hold_is_no_stranger(shared: Shared) -> None:
    made = tokens.make(shared.store, "con", name="short", scopes=["read"], days=1, role="contributor")
    shared.secrets["short"] = made.secret
    assert shared.ask("short", "/me").status_code == 200
    tokens.revoke(shared.store, made.id, by="con")
    for given in (f"Bearer {made.secret}", "Bearer x", "Bearer", "Basic eDp5", "Bearer p4p_" + "é" * 40, ""):
        answer = shared.client.get("/api/v1/models", headers={"Authorization": given.encode("latin-1")})
        assert answer.status_code == 401, given
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_scopes_narrow_a_role(shared: Shared) -> None:
    made = tokens.make(shared.store, "ada", name="send", scopes=["write:results"], days=1, role="admin")
    shared.secrets["send"] = made.secret
    assert shared.ask("send", "/me").json()["may"] == ["upload", "map"]
    assert shared.ask("send", "/models").status_code == 403
    assert shared.ask("send", "/uploads").status_code == 200
    assert shared.ask("send", "/tokens", "POST", json={"name": "more", "scopes": ["write:results"]}).status_code == 403


def test_tokens_are_made_by_admins_and_never_for_more(shared: Shared) -> None:
    wanted = {"name": "new", "scopes": ["read"], "days": 3}
    assert shared.ask("con", "/tokens", "POST", json=wanted).status_code == 403
    made = shared.ask("ada", "/tokens", "POST", json=wanted)
    assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
    shared.secrets["new"] = made.json()["secret"]
    assert shared.ask("new", "/me").json()["scopes"] == ["read"]
    listed = shared.ask("ada", "/tokens")
    assert made.json()["id"] in {row["id"] for row in listed.json()["rows"]}
    assert made.json()["secret"] not in listed.text and "hash" not in listed.text
    assert shared.ask("new", f"/tokens/{made.json()['id']}", "DELETE").status_code == 204
    assert shared.ask("new", "/me").status_code == 401


def test_nobody_ends_the_tokens_of_others(shared: Shared) -> None:
    theirs = shared.ask("con", "/tokens").json()["rows"][0]["id"]
    assert shared.ask("vic", f"/tokens/{theirs}", "DELETE").status_code in (403, 404)
    assert shared.ask("con", "/me").status_code == 200


def test_strangers_may_be_kept_out(tmp_path: Path) -> None:
    closed = Shared(tmp_path, P4P_STRANGERS="none")
    for address in ADDRESSES:
        if address in ("/health", "/openapi.json"):
            continue
        answer = closed.ask("stranger", address.format("public", run=closed.runs["public"]))
        assert answer.status_code == 401, address
        assert "model-" not in answer.text
    assert closed.ask("vic", "/models").status_code == 200
    closed.app.state.readings.close()


def test_counts_are_for_admins_where_others_come(shared: Shared) -> None:
    assert shared.client.get("/metrics").status_code == 401
    for who, status in (("con", 401), ("ada", 200)):
        headers = {"Authorization": f"Bearer {shared.secrets[who]}"}
        assert shared.client.get("/metrics", headers=headers).status_code == status


def test_who_asks_too_often_waits(tmp_path: Path) -> None:
    busy = Shared(tmp_path, P4P_RATE_PER_MINUTE="5")
    stati = [busy.ask("stranger", "/me").status_code for _ in range(8)]
    assert stati == [200] * 5 + [429] * 3
    # Somebody else is not held up by it, and made-up tokens count for the address.
    assert busy.ask("vic", "/me").status_code == 200
    answer = busy.client.get("/api/v1/me", headers={"Authorization": "Bearer p4p_guess"})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
    busy.app.state.readings.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"Origin": "http://localhost:8501"}, 415),
        ({"Origin": "http://localhost:8501", "Sec-Fetch-Site": "same-origin"}, 415),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example:8501"}, 401),
        ({"Host": "evil.example:8501", "Origin": "http://evil.example:8501"}, 401),
    ],
)
def test_another_website_may_not_write_here(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/api/v1/uploads", headers=headers).status_code == status


def test_a_name_of_somebody_else_is_a_stranger_here(client: TestClient) -> None:
    assert client.get("/api/v1/me").json()["role"] == "admin"
    for host in ("127.0.0.1:8501", "[::1]:8501", "localhost"):
        assert client.get("/api/v1/me", headers={"Host": host}).json()["role"] == "admin"
    assert client.get("/api/v1/me", headers={"Host": "evil.example"}).json()["role"] == "stranger"


def test_answers_of_one_person_never_reach_another(shared: Shared) -> None:
    """Many at once, with the same questions: what is kept for one is not handed to another."""
    questions = ("/runs?limit=500", "/results?benchmark=mmlu", "/protocols?benchmark=mmlu&community=true")

    def ask(n: int) -> list[str]:
        who, question = list(SEEN)[n % len(SEEN)], questions[n % len(questions)]
        text = shared.ask(who, question).text
        return [
            f"{who} {one}"
            for one in set(VISIBILITIES) - SEEN[who]
            if f"model-{one}" in text or shared.runs[one][:12] in text
        ]

    with ThreadPoolExecutor(8) as pool:
        assert [one for found in pool.map(ask, range(120)) for one in found] == []
    counts = {
        who: shared.ask(who, "/protocols?benchmark=mmlu&community=true").json()["rows"][0]["n_models"] for who in SEEN
    }
    assert counts == {who: len(seen) for who, seen in SEEN.items()}
