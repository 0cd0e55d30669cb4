"""What is sent in: taken under its owner, told about, taken back, never half there, and nothing else of the machine touched."""

from __future__ import annotations

import json
import tempfile
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.api.v1 import uploads as resource
from lib.api.v1.receiving import MOST_FILES
from lib.errors import Unavailable
from lib.sources import bring
from lib.sources.ingest import ingest_raw
from lib.sources.staging import DEEPEST, LONGEST_PART, safe_name
from lib.store import uploads
from tests.api.test_asking import Shared

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "lm-eval-samples" / "gemma3-gsm8k"
RESULTS = next(GOLDEN.glob("results_*.json"))


def results(model: str = "org/sent", score: float | None = None) -> bytes:
    """A results file of lm-eval with a score of its own: a run is what was measured, whoever sends it."""
    if score is None:
        score = zlib.crc32(model.encode()) / 2**32
    document = json.loads(RESULTS.read_bytes())
    document["model_name"] = model
    for row in document["results"].values():
        row.update({name: score for name in row if name.startswith("exact_match,")})
    return json.dumps(document).encode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    made = Shared(tmp_path_factory.mktemp("uploads"))
    yield made
    made.app.state.readings.close()


def send(shared: Shared, who: str, *files: tuple[str, bytes], **fields: str) -> Any:
    return shared.ask(who, "/uploads", "POST", files=[("file", file) for file in files], data=fields)


def taken(shared: Shared, who: str, *files: tuple[str, bytes], **fields: str) -> dict[str, Any]:
    """The upload once it has been read."""
    answer = send(shared, who, *files, **fields)
    assert answer.status_code == 202, answer.text
    return read(shared, who, answer.json()["id"])


def read(shared: Shared, who: str, upload: str) -> dict[str, Any]:
    until = time.monotonic() + 20
    while (told := shared.ask(who, f"/uploads/{upload}").json())["state"] in ("received", "reading"):
        assert time.monotonic() < until
        time.sleep(0.02)
    found: dict[str, Any] = told
    return found


def runs_seen(shared: Shared, who: str) -> set[str]:
    return {row["run"] for row in shared.ask(who, "/runs?limit=500").json()["rows"]}


def test_what_is_sent_is_its_owners(shared: Shared) -> None:
    before = {who: shared.ask(who, "/models").json()["digest"] for who in ("stranger", "vic", "owner", "con")}
    told = taken(shared, "con", ("results.json", results("org/private-1")))
    assert told["state"] == "taken" and told["visibility"] == "private" and told["n_results"] == 2
    run = told["report"]["runs"][0]
    assert run in runs_seen(shared, "con")
    for who in ("stranger", "vic", "owner", "ada"):
        assert run not in runs_seen(shared, who)
        assert shared.ask(who, f"/runs/{run}").status_code == 404
    after = {who: shared.ask(who, "/models").json()["digest"] for who in before}
    assert {who for who in before if after[who] != before[who]} == {"con"}


def test_nobody_else_reads_the_report(shared: Shared) -> None:
    told = taken(shared, "con", ("secret-name.json", results("org/private-2")))
    for who, status in (("stranger", 401), ("vic", 403), ("owner", 404), ("ada", 404)):
        answer = shared.ask(who, f"/uploads/{told['id']}")
        assert answer.status_code == status and "secret-name" not in answer.text
        assert "secret-name" not in shared.ask(who, "/uploads").text


def test_an_admin_agrees_to_what_is_to_be_public(shared: Shared) -> None:
    told = taken(shared, "con", ("results.json", results("org/public-wish")), visibility="public")
    assert (told["visibility"], told["wants_public"]) == ("workspace", True)
    run = told["report"]["runs"][0]
    assert run in runs_seen(shared, "vic") and run not in runs_seen(shared, "stranger")
    assert told["id"] in {row["id"] for row in shared.ask("ada", "/uploads?waiting=true").json()["rows"]}
    at_once = taken(shared, "ada", ("results.json", results("org/public-now")), visibility="public")
    assert (at_once["visibility"], at_once["wants_public"]) == ("public", False)
    assert at_once["report"]["runs"][0] in runs_seen(shared, "stranger")


def test_what_was_sent_can_be_taken_back_and_brought_back(shared: Shared) -> None:
    told = taken(shared, "con", ("results.json", results("org/back")), visibility="workspace")
    run, address = told["report"]["runs"][0], f"/uploads/{told['id']}"
    assert shared.ask("owner", address, "DELETE").status_code == 404
    assert run in runs_seen(shared, "vic")
    for _ in range(2):
        assert shared.ask("con", address, "DELETE").json()["undone_at"]
        assert run not in runs_seen(shared, "vic") and run not in runs_seen(shared, "con")
    for _ in range(2):
        assert shared.ask("con", f"{address}/restore", "POST").json()["undone_at"] is None
        assert run in runs_seen(shared, "vic")
    # An admin may withdraw what others brought, and learns nothing of what was in it.
    withdrawn = shared.ask("ada", address, "DELETE").json()
    assert withdrawn["undone_at"] and withdrawn["report"]["runs"] == []
    assert run not in runs_seen(shared, "vic")


def test_one_takes_the_place_of_another(shared: Shared) -> None:
    first = taken(shared, "con", ("results.json", results("org/again", 0.4)), visibility="workspace")
    second = taken(
        shared, "con", ("results.json", results("org/again", 0.6)), visibility="workspace", replaces=first["id"]
    )
    assert second["replaces"] == first["id"]
    seen = runs_seen(shared, "vic")
    assert second["report"]["runs"][0] in seen and first["report"]["runs"][0] not in seen
    others = send(shared, "owner", ("results.json", results("org/again", 0.7)), replaces=first["id"])
    assert others.status_code == 422 and others.json()["places"][0]["place"] == "body.replaces"


def test_the_doctor_says_what_is_wrong(shared: Shared) -> None:
    good, bad = ("good.json", results("org/good")), ("bad.json", b"{")
    told = taken(shared, "con", good, bad, ("notes.txt", b"hello"))
    assert told["state"] == "taken" and told["report"]["imported"] == 1
    assert {issue["file"] for issue in told["report"]["refused"]} == {"bad.json", "notes.txt"}
    assert all(issue["reason"] for issue in told["report"]["refused"])
    nothing = taken(shared, "con", bad)
    assert nothing["state"] == "refused" and nothing["n_results"] == 0


def test_folders_join_results_and_their_samples(shared: Shared) -> None:
    files = [(f"run/{path.name}", path.read_bytes()) for path in sorted(GOLDEN.iterdir()) if "results_" in path.name or path.suffix == ".jsonl"]  # fmt: skip
    told = taken(shared, "con", *files)
    assert told["report"]["samples"] > 0 and len(told["report"]["runs"]) == 1
    names = {row["source"] for row in shared.ask("con", "/runs?limit=500").json()["rows"]}
    assert f"run/{RESULTS.name}" in names
    # Where the server keeps files meanwhile is nobody's business.
    assert "p4p-upload" not in shared.ask("con", "/runs?limit=500").text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "multipart/form-data", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 422),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno name\r\n--x--\r\n', "multipart/form-data; boundary=x", 422),
        (b"{}", "application/json", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(shared: Shared, content: bytes, kind: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {shared.secrets['con']}", "Content-Type": kind}
    answer = shared.client.post("/api/v1/uploads", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_too_much_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    small = Shared(tmp_path, P4P_MAX_UPLOAD_MB="1", P4P_UPLOAD_QUOTA_MB="1")
    headers = {"Authorization": f"Bearer {small.secrets['con']}", "Content-Type": "multipart/form-data; boundary=x"}

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n'
        for _ in range(200):
            yield b"0" * 50_000

    assert small.client.post("/api/v1/uploads", content=endless(), headers=headers).status_code == 413
    many = [("file", (f"{n}.json", b"{}")) for n in range(MOST_FILES + 1)]
    assert small.ask("con", "/uploads", "POST", files=many).status_code == 400
    monkeypatch.setattr(uploads, "bytes_of", lambda store, owner: 999_990)
    over = send(small, "con", ("results.json", results()))
    assert over.status_code == 413 and "1 MB" in over.json()["detail"]
    assert list((tmp_path / "temporary").iterdir()) == []
    assert resource._PLACES._value == resource.MOST_AT_ONCE
    small.app.state.readings.close()


def test_an_upload_that_breaks_off_is_not_half_there(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [(f"{n}.json", results(f"org/broken-{n}", n / 10)) for n in range(3)]
    digests = {who: shared.ask(who, "/models").json()["digest"] for who in ("con", "vic")}

    def broken(store: Any, raws: Any, **more: Any) -> Any:
        ingest_raw(store, [next(iter(raws))], **more)
        raise Unavailable("the disk is full", remedy="")

    with monkeypatch.context() as patched:
        patched.setattr(bring, "ingest_raw", broken)
        failed = taken(shared, "con", *files, visibility="workspace")
    assert failed["state"] == "failed" and failed["report"]["error"] == bring.UNREADABLE
    assert "disk" not in json.dumps(failed)
    assert {who: shared.ask(who, "/models").json()["digest"] for who in digests} == digests
    again = taken(shared, "con", *files, visibility="workspace")
    assert again["state"] == "taken" and set(again["report"]["runs"]) <= runs_seen(shared, "vic")
    assert len(again["report"]["runs"]) == 3


def test_an_upload_that_nobody_reads_any_more_is_ended(shared: Shared) -> None:
    made = uploads.begin(shared.store, "con", name="a.json", visibility="private")
    said = {"heard_at": (datetime.now(UTC) - timedelta(seconds=bring.SECONDS_OF_SILENCE["reading"] + 5)).isoformat()}
    uploads.report(shared.store, made, "reading", {**said, "n_files": 3, "n_files_read": 1})
    told = shared.ask("con", f"/uploads/{made}").json()
    assert told["state"] == "failed" and told["report"]["error"] == bring.GONE
    assert shared.ask("con", f"/uploads/{made}", "DELETE").status_code == 409


def test_an_upload_that_is_being_read_is_left_alone(shared: Shared) -> None:
    made = uploads.begin(shared.store, "con", name="a.json", visibility="private")
    uploads.report(shared.store, made, "reading", {"heard_at": datetime.now(UTC).isoformat(), "n_files_read": 1})
    told = shared.ask("con", f"/uploads/{made}").json()
    assert told["state"] == "reading" and told["report"]["n_files_read"] == 1


@pytest.mark.parametrize(("state", "seconds", "is_over"), [("received", 700, False), ("received", 3700, True), ("reading", 500, False), ("reading", 700, True), ("taken", 9999, False)])  # fmt: skip
def test_how_long_nobody_need_say_anything(shared: Shared, state: Any, seconds: int, is_over: bool) -> None:
    made = uploads.upload_of(shared.store, uploads.begin(shared.store, "con", name="a.json", visibility="private"))
    assert made is not None
    at = datetime.fromisoformat(made.made_at.replace("Z", "+00:00")) + timedelta(seconds=seconds)
    assert bring.is_abandoned(made._replace(state=state), at) is is_over


@given(st.text(max_size=60) | st.lists(st.sampled_from(["..", ".", "", "a", "C:", "\\", "~", " ", "b.json"]), max_size=30).map("/".join))  # fmt: skip
@example("../../../etc/passwd")
@example("/etc/passwd")
@example("..\\..\\windows")
@example("a/" * 50 + "results.json")
@example("x" * 500 + "/" + "é" * 400 + ".json")
@example("\ud800")
def test_names_lead_only_down(name: str) -> None:
    path = safe_name(name)
    assert not path.is_absolute() and 1 <= len(path.parts) <= DEEPEST
    for part in path.parts:
        assert part.strip(".") and "/" not in part and "\\" not in part and "\0" not in part
        assert (len(part.encode()) <= LONGEST_PART and part.isprintable()) or "�" in part or part


def test_names_that_meet_are_kept_apart(shared: Shared) -> None:
    told = taken(
        shared,
        "con",
        ("a.json", results("org/one", 0.1)),
        ("a.json", results("org/two", 0.2)),
        ("a.json/b.json", results("org/three", 0.3)),
        ("../a.json", results("org/four", 0.4)),
    )
    assert told["report"]["imported"] == 4 and told["report"]["n_refused"] == 0
