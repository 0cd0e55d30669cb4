"""`push`, `tokens` and `members`: results to another installation, and who may do what there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from lib import cli_push
from lib.api.v1.app import make_app, routes_of
from lib.cli import main
from lib.cli_form import File, Form, files_of
from lib.settings import read_settings
from tests.api.test_asking import LOGIN
from tests.api.test_uploads import GOLDEN, results


class Live(NamedTuple):
    """A server that answers, and the folder of its store."""

    url: str
    folder: Path


def _served(app: Starlette) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    api = make_app(read_settings({"P4P_DATA_DIR": str(folder), "P4P_STRANGERS": "read", **LOGIN}))
    for url in _served(Starlette(routes=routes_of(api))):
        yield Live(url, folder)
    api.state.readings.close()


@pytest.fixture
def token(live: Live, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A token of this machine's, in the environment."""
    monkeypatch.setenv("P4P_DATA_DIR", str(live.folder))
    assert main(["tokens", "add", "--name", "ci"]) == 0
    secret = capsys.readouterr().out.strip()
    monkeypatch.setenv("P4P_TOKEN", secret)
    return secret


def pushed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    capsys.readouterr()
    code = main(["push", *arguments, "--json"])
    out = capsys.readouterr()
    return code, json.loads(out.out) if out.out else {}, out.err


def test_a_folder_arrives_with_its_samples(
    live: Live, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results"
    (folder / "model").mkdir(parents=True)
    for path in GOLDEN.iterdir():
        if path.name.startswith(("results_", "samples_")):
            (folder / "model" / path.name).write_bytes(path.read_bytes())
    (folder / ".DS_Store").write_bytes(b"clutter")
    code, told, _ = pushed(capsys, str(folder), "--server", live.url, "--visibility", "workspace")
    assert code == 0 and told["state"] == "taken" and told["visibility"] == "workspace"
    assert told["report"]["imported"] == 2 and told["report"]["samples"] > 0
    assert told["name"].startswith("results/model/")
    code, again, _ = pushed(capsys, str(folder), "--server", f"{live.url}/api/v1/", "--visibility", "workspace")
    assert code == 0 and again["report"]["unchanged"] == 2 and again["report"]["runs"] == told["report"]["runs"]


def test_what_is_refused_is_said_and_fails(
    live: Live, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"{")
    good = tmp_path / "good.json"
    good.write_bytes(results("org/pushed"))
    code, told, _ = pushed(capsys, str(bad), str(good), "--server", live.url)
    assert code == 1 and told["report"]["imported"] == 1 and told["report"]["refused"][0]["file"] == "bad.json"
    assert main(["push", str(bad), "--server", live.url]) == 1
    assert "refused: bad.json: " in capsys.readouterr().out


def test_a_token_that_does_not_hold_is_said(live: Live, token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    file = tmp_path / "a.json"
    file.write_bytes(results())
    listed = json.loads(_out(capsys, "tokens", "list", "--json"))["tokens"]
    assert [row["used_on"] is None for row in listed][:1] == [True] and token not in json.dumps(listed)
    for row in listed:
        assert main(["tokens", "revoke", row["id"]]) == 0
    code, _, said = pushed(capsys, str(file), "--server", live.url)
    assert code == 1 and "401" in said and token not in said
    monkeypatch.delenv("P4P_TOKEN")
    code, _, said = pushed(capsys, str(file), "--server", live.url)
    assert code == 1 and "Set P4P_TOKEN" in said


def _out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "server", ["ftp://host", "host", "http://", "https://host/?a=b", "http://evals.example.org", "http://127.0.0.1.example.org"]
)  # fmt: skip
def test_an_address_that_is_not_safe_is_refused(server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("P4P_TOKEN", "p4p_secret")
    code, _, said = pushed(capsys, __file__, "--server", server)
    assert code == 2 and "--server" in said and "p4p_secret" not in said


def test_there_must_be_something_to_send(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pushed(capsys, str(tmp_path / "nothing"), "--server", "http://localhost")[0] == 2
    assert pushed(capsys, str(tmp_path), "--server", "http://localhost")[0] == 2


def test_servers_that_are_something_else(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Another program, a redirect (never followed: it would take the token along), one that is away and comes back."""
    monkeypatch.setattr(cli_push.time, "sleep", lambda seconds: None)
    seen: list[str] = []

    async def uploads(request: Request) -> Response:
        await request.body()
        kind = request.query_params.get("kind") or request.url.path.split("/")[1]
        seen.append(f"{request.method} {kind}")
        upload = {"id": "0" * 12, "state": "received", "report": {}}
        if kind == "page":
            return PlainTextResponse("<html>", 404)
        if kind == "moved":
            return RedirectResponse("https://elsewhere.example/", 307)
        if kind == "list":
            return JSONResponse([])
        if request.method == "POST" or seen.count("GET busy") < 3:
            return JSONResponse(
                {"detail": "busy"} if request.method == "GET" else upload, 503 if request.method == "GET" else 202
            )
        report = {
            "n_refused": 0,
            "imported": 1,
            "unchanged": 0,
            "results": 1,
            "samples": 0,
            "refused": [],
            "warnings": [],
            "runs": [],
        }
        return JSONResponse(
            {**upload, "state": "taken", "visibility": "private", "wants_public": False, "report": report}
        )

    routes = [Route("/{kind}/api/v1/uploads{rest:path}", uploads, methods=["GET", "POST"])]
    for url in _served(Starlette(routes=routes)):
        for kind in ("page", "moved", "list"):
            code, _, said = pushed(capsys, __file__, "--server", f"{url}/{kind}")
            assert code == 1 and "cannot go on" in said
        assert seen == ["POST page", "POST moved", "POST list"]
        code, told, _ = pushed(capsys, __file__, "--server", f"{url}/busy")
        assert code == 0 and told["state"] == "taken"
    code, _, said = pushed(capsys, __file__, "--server", url)
    assert code == 1 and "cannot be reached" in said


@given(
    st.dictionaries(st.sampled_from(["visibility", "replaces"]), st.text(st.characters(codec="utf-8"), max_size=20)),
    st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12), st.binary(max_size=300)), min_size=1, max_size=3),
)  # fmt: skip
def test_what_is_sent_is_what_arrives(tmp_path_factory: pytest.TempPathFactory, fields: dict[str, str], files: list[tuple[str, bytes]]) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("form")
    sent = []
    for n, (name, content) in enumerate(files):
        (folder / str(n)).write_bytes(content)
        sent.append(File(folder / str(n), f"folder/{name}", len(content)))
    form = Form(fields, sent, lambda done, whole: None)
    content = b"".join(form)
    assert len(content) == len(form)
    arrived: list[bytes] = []
    told: dict[str, str] = {}

    async def taken(request: Request) -> Response:
        async with request.form() as got:
            for key, value in got.multi_items():
                if isinstance(value, UploadFile):
                    arrived.append(await value.read())
                else:
                    told[key] = value
        return Response()

    app = Starlette(routes=[Route("/", taken, methods=["POST"])])
    assert TestClient(app).post("/", content=content, headers={"Content-Type": form.kind}).status_code == 200
    assert arrived == [content for _, content in files]
    assert told == {name: value for name, value in fields.items() if value}


def test_files_of_a_folder_keep_their_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x.json").write_bytes(b"1")
    (tmp_path / "a" / "link.json").symlink_to(tmp_path / "outside.json")
    (tmp_path / "outside.json").write_bytes(b"22")
    found = files_of([tmp_path / "a", tmp_path / "outside.json"])
    assert [(one.name, one.n_bytes) for one in found] == [("a/b/x.json", 1), ("outside.json", 2)]


def test_members_are_put_on_the_list_and_taken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path))
    assert main(["members", "add", "alice", "--role", "viewer", "--name", "Alice"]) == 0
    assert json.loads(_out(capsys, "members", "list", "--json"))["members"][0]["role"] == "viewer"
    assert main(["tokens", "add", "--name", "x", "--subject", "alice", "--scope", "write:results"]) == 1
    assert main(["members", "add", "alice", "--role", "contributor"]) == 0
    assert main(["tokens", "add", "--name", "x", "--subject", "alice", "--scope", "write:results"]) == 0
    assert main(["members", "remove", "alice", "--json"]) == 0
    assert main(["members", "remove", "alice"]) == 1
    assert "alice" not in _out(capsys, "members", "list")
