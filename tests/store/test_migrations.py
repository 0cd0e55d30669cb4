"""A store of an older version keeps everything when its tables are brought up to date."""

from __future__ import annotations

from alembic import command
from sqlalchemy import Connection, text

from lib.settings import Settings
from lib.store import files, read
from lib.store.check import check
from lib.store.db import Store, begin_writing, open_engine, open_store
from lib.store.frames import FrameCache
from lib.store.migrate import configuration
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples, logs_of
from tests.factories import make_samples, sha

RUN = {"spellings": '["org/a"]', "model_args": "{}", "config": "{}"}


def at_0002(settings: Settings) -> None:
    """Two files, a run that both hold, its results and a log, and a refusal, as the version before wrote them."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.database_url)
    store = Store(settings, engine)
    with begin_writing(engine) as connection:
        alembic = configuration()
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "0002")
        _fill(connection, store)
    engine.dispose()


def _fill(connection: Connection, store: Store) -> None:
    def insert(table: str, **values: object) -> None:
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        connection.execute(text(f"insert into {table} ({names}) values ({places})"), values)

    log = keep_samples(store, make_samples().table)
    insert("store", id=1, revision=7, next_id=9, created_at="2026-01-01T00:00:00Z")
    for number, content in enumerate(("one", "two"), start=1):
        keep_raw(store, content.encode())
        state = None if number == 1 else "state"
        raw = {"digest": sha(content), "name": content, "n_bytes": 3, "stored_at": "x", "finished_with": state}
        insert("raw_files", **raw)
        source = {"id": number, "raw_digest": sha(content), "member": "", "name": content, "digest": sha(content)}
        rest = {"n_bytes": 3, "importer": "i", "importer_version": 1, "imported_at": "x", "warnings": "[]"}
        insert("sources", **source, **rest, n_results=1, store_revision=7, visibility="public" if number == 1 else "private")  # fmt: skip
    insert("refusals", raw_digest=sha("one"), member="b", name="one!/b", reason="no", refused_at="x")
    insert("models", id="alpha", name="Alpha", origin="catalogue", source_id=1, store_revision=7)
    insert("model_facts", model_id="alpha", field="licence", value="mit", origin="reader")
    insert("model_aliases", alias="mine", origin="reader", model_id="alpha")
    run = {"id": 3, "digest": sha("run"), "kind": "raw", "evaluator": "lm-eval 0.4", "store_revision": 7}
    insert("runs", **run, **RUN)
    insert("run_sources", run_id=3, source_id=1)
    insert("run_sources", run_id=3, source_id=2)
    insert("results", run_id=3, task="t", metric="acc", score=0.5)
    sizes = {"n_rows": log.n_rows, "n_bytes": log.n_bytes}
    insert("sample_files", run_id=3, task="task_0", digest=log.digest, source_id=1, **sizes)
    insert("run_measurements", run_id=3, task="t", source_id=1, seconds=1.5)


def test_owners_come_in_without_loss(empty_settings: Settings) -> None:
    at_0002(empty_settings)
    store = open_store(empty_settings)
    try:
        frames = FrameCache(store).frames()
        assert (len(frames.runs), frames.counts["n_results"], frames.counts["n_sources"]) == (1, 1, 1)
        assert frames.facts("alpha")["value"].tolist() == ["mit"] and frames.aliases["alias"].tolist() == ["mine"]
        assert frames.measurements["seconds"].tolist() == [1.5]
        assert len(logs_of(store, [3])) == 1 and len(read.refusals(store)) == 1
        assert read.finished_raw(store) == {sha("two"): "state"} and len(read.known_sources(store)) == 2
        assert store.revision() == 7 and check(store) == []
        assert files.digest_of_bytes(b"one") == sha("one")
        with store.reading() as connection:
            assert len(connection.execute(text("select * from run_sources")).all()) == 2
    finally:
        store.close()
