"""The whole store over HTTP: sent while it is written, refused in words, never a broken file that looks whole."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from lib.access import Sight
from lib.api import download
from lib.settings import read_settings
from lib.store import snapshots
from lib.store.db import open_store
from lib.store.dump import Sink
from lib.store.prepared import Holder
from lib.store.write import write_files
from tests.factories import make_run, prepared_file, raw_of
from tests.ui.stores import fill_one_model

ADDRESS = "/api/v1/store.zip"


@pytest.fixture
def client(one_model_store: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The route as ``serve.py`` mounts it."""
    monkeypatch.setenv("P4P_DATA_DIR", str(one_model_store))
    monkeypatch.delenv("P4P_DATABASE_URL", raising=False)
    api = Starlette(routes=[Route("/store.zip", download.whole_store)])
    app = Starlette(routes=[Mount("/api/v1", app=api)], middleware=[Middleware(GZipMiddleware, minimum_size=1000)])
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_the_store_comes_as_a_file(client: TestClient, format: str) -> None:
    answer = client.get(ADDRESS, params={"format": format})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="pound-for-pound-{format}.zip"'
    assert "content-encoding" not in answer.headers
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None and f"results.{format}" in archive.namelist()
    if format == "parquet":
        models = pq.read_table(io.BytesIO(archive.read("models.parquet")))
        assert models["model"].to_pylist() == ["alpha-7b"]
        assert models.schema.field("params_total").metadata[b"unit"] == b"parameters"


def test_parquet_unless_said_otherwise_and_a_sentence_for_the_rest(client: TestClient) -> None:
    assert "parquet" in client.get(ADDRESS).headers["content-disposition"]
    refused = client.get(ADDRESS, params={"format": "<b>xls"})
    assert refused.status_code == 400
    assert "expected parquet or csv" in refused.text and refused.headers["content-type"].startswith("text/plain")
    head = client.head(ADDRESS)
    assert head.status_code == 200 and head.content == b""
    assert client.post(ADDRESS).status_code == 405


def test_a_snapshot_comes_as_it_was(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path))
    fill_one_model(tmp_path)
    store = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))
    taken = snapshots.take(store)
    answer = client.get(ADDRESS, params={"snapshot": taken.short})
    assert answer.status_code == 200
    assert taken.digest in zipfile.ZipFile(io.BytesIO(answer.content)).read("README.md").decode()
    hidden = prepared_file(make_run("secret"), content="secret", name="secret.json")
    write_files(store, raw_of("secret"), [hidden], holder=Holder("ada", "private"))
    private = snapshots.take(store.seen_by(Sight("ada", True)))
    store.close()
    for named in (private.digest, "0" * 12, "<b>x"):
        refused = client.get(ADDRESS, params={"snapshot": named})
        assert refused.status_code == 404 and "no such snapshot" in refused.text


def test_it_is_sent_while_it_is_written() -> None:
    may_go_on = threading.Event()

    def work(out: Sink) -> None:
        out.write(b"first")
        assert may_go_on.wait(20)
        out.write(b"second")

    parts = download.while_written(work)
    assert next(parts) == b"first"
    may_go_on.set()
    assert b"".join(parts) == b"second"


def test_an_error_is_not_a_short_file() -> None:
    def work(out: Sink) -> None:
        out.write(b"half")
        raise OSError("gone")

    parts = download.while_written(work)
    assert next(parts) == b"half"
    with pytest.raises(OSError, match="gone"):
        next(parts)


def test_the_work_ends_when_nobody_reads() -> None:
    ended = threading.Event()
    is_read = threading.Event()

    def work(out: Sink) -> None:
        try:
            out.write(b"x")
            assert is_read.wait(20)
            while True:
                out.write(b"x")
        finally:
            ended.set()

    parts = download.while_written(work)
    assert next(parts) == b"x"
    parts.close()  # type: ignore[attr-defined]
    is_read.set()
    assert ended.wait(20)


def test_too_many_at_once_are_asked_to_wait(client: TestClient) -> None:
    for _ in range(download.MOST_AT_ONCE):
        assert download._PLACES.acquire(blocking=False)
    try:
        busy = client.get(ADDRESS)
        assert busy.status_code == 503 and busy.headers["retry-after"] and "Try again" in busy.text
    finally:
        for _ in range(download.MOST_AT_ONCE):
            download._PLACES.release()
    assert client.get(ADDRESS).status_code == 200


def test_serve_has_the_route() -> None:
    """The address on the page is one that the server answers."""
    from lib.ui import data_downloads

    text = (Path(__file__).resolve().parents[2] / "serve.py").read_text(encoding="utf-8")
    assert "*routes_of(api)" in text
    assert data_downloads.ADDRESS == "api/v1/store.zip?format="
