"""The whole store as a zip: every table, only what is in force, exact, and as it was at one moment."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lib.errors import RefusedInput
from lib.schema.records import Measured
from lib.sources.reference_tables import TABLES
from lib.store import dump, dump_dictionary, job_tables, tables
from lib.store.db import Store
from lib.store.dump import FORMATS, Dumped, Format, known_format, write_dump
from lib.store.frames import FrameCache
from lib.store.mapping import set_alias, set_fact
from lib.store.write import withdraw, write_files
from tests.factories import make_result, make_run, make_samples, model_row, prepared_file, prepared_run, raw_of

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = '=HYPERLINK("http://evil.example")'
INTERNAL = {"store_revision", "owner", "visibility", "withdrawn_at", "pending"}


class Forwards:
    """Takes bytes and offers nothing else, as a connection does."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, content: bytes) -> None:
        self.content += content


def dumped(store: Store, format: Format) -> tuple[Dumped, zipfile.ZipFile]:
    out = Forwards()
    written = write_dump(store, out, format)
    return written, zipfile.ZipFile(io.BytesIO(bytes(out.content)))


def rows_of(archive: zipfile.ZipFile, table: str, format: Format) -> list[dict[str, Any]]:
    content = archive.read(f"{table}.{format}")
    if format == "parquet":
        rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(content)).to_pylist()
        return rows
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def fill(store: Store) -> None:
    """A live file with a catalogue, a file that is withdrawn, and hostile texts."""
    price = {"provider": HOSTILE, "api_name": "a", "model_slug": "a", "input_usd_per_mtok": 0.1}
    catalogue = {
        "models": [model_row("alpha-7b"), model_row("beta-1b", params_total=None, size_status="unknown")],
        "prices": [price],
        "hardware": [{"id": "h", "name": "H", "memory_gb": 80.0}],
        "tasks": [{"task": "arc_easy", "published_names": ["ARC, Easy"], "lm_eval_names": []}],
        "reference:training_runs": [{"run": "LLaMA 7B", "tokens": 10**12, "implied_mfu": 0.4, "arch": None}],
        "reference:own_table": [{"name": HOSTILE, "value": 3}],
    }
    results = [
        make_result("arc_easy", score=0.1 + 0.2, score_published=0.3, n_shot=0, flags=("limited", "derived")),
        make_result("ppl", "perplexity", score=7.92, stderr=None, n_samples=None, n_correct=None, stderr_rule="none"),
    ]
    took = {"arc_easy": Measured(tokens_in=2**53, seconds=1.25, device=HOSTILE)}
    run = make_run(
        "alpha-7b",
        measured=took,
        results=results,
        samples=[make_samples("arc_easy")],
        is_multiturn=False,
        dtype=HOSTILE,
    )
    live = prepared_file(
        prepared_run(run, "alpha-7b"), content="live", name="live.json", tables=catalogue, licence="MIT"
    )
    gone = prepared_file(
        prepared_run(make_run("gone", [f"task_{i}" for i in range(3)], measured=took)), content="gone", name="gone.json"
    )
    write_files(store, raw_of("live", "live.json"), [live])
    write_files(store, raw_of("gone", "gone.json"), [gone])
    frames = FrameCache(store).frames()
    assert frames.counts["n_runs"] == 2
    # The same run in a further file, which is withdrawn with what it says that answering took.
    again = prepared_file(prepared_run(run, "alpha-7b"), content="again", name="gone too.json")
    write_files(store, raw_of("again", "gone too.json"), [again])
    frames = FrameCache(store).frames()
    for source in [key for key, s in frames.state.sources.items() if s.name.startswith("gone")]:
        withdraw(store, source)
    set_fact(store, "beta-1b", "params_total", "1000000000", "by hand")
    set_alias(store, "my-run", "", "beta-1b")


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_in_force_comes_back_exactly(store: Store, format: Format) -> None:
    fill(store)
    frames = FrameCache(store).frames()
    written, archive = dumped(store, format)
    assert archive.testzip() is None
    assert (written.revision, written.digest) == (frames.revision, frames.digest)
    counts = {table: len(rows_of(archive, table, format)) for table in written.n_rows}
    assert counts == written.n_rows
    told = frames.counts
    assert (counts["models"], counts["runs"], counts["results"]) == (
        told["n_models"],
        told["n_runs"],
        told["n_results"],
    )
    assert (counts["sources"], counts["sample_files"]) == (told["n_sources"], told["n_samples_files"])
    assert "gone" not in archive.read(f"runs.{format}").decode("utf-8", "replace")

    # One number, followed to the file that it came from.
    (result,) = [r for r in rows_of(archive, "results", format) if r["task"] == "arc_easy"]
    assert float(result["score"]) == 0.1 + 0.2 and float(result["score_published"]) == 0.3
    assert (int(result["n_shot"]), result["flags"]) == (0, "derived limited")
    (run,) = [r for r in rows_of(archive, "runs", format) if str(r["run_id"]) == str(result["run_id"])]
    assert run["model"] == "alpha-7b" and run["run"] == result["run"] == run["digest"][:12]
    assert frames.runs.loc[int(run["run_id"]), "run"] == run["run"]
    (link,) = rows_of(archive, "run_sources", format)
    (source,) = [s for s in rows_of(archive, "sources", format) if str(s["source_id"]) == str(link["source_id"])]
    assert (source["name"], source["raw_name"], source["licence"]) == ("live.json", "live.json", "MIT")

    (took,) = rows_of(archive, "run_measurements", format)
    assert (took["run"], took["task"], str(took["source_id"])) == (run["run"], "arc_easy", str(link["source_id"]))
    assert (int(took["tokens_in"]), float(took["seconds"])) == (2**53, 1.25)

    # Unknown is not zero, and no is not unknown.
    missing: Any = None if format == "parquet" else ""
    other = next(r for r in rows_of(archive, "results", format) if r["task"] == "ppl")
    assert other["stderr"] == other["n_samples"] == missing
    assert run["is_multiturn"] == (False if format == "parquet" else "false")
    assert [m["params_total"] for m in rows_of(archive, "models", format) if m["model"] == "beta-1b"] == [missing]
    (task,) = rows_of(archive, "tasks", format)
    assert json.loads(task["published_names"]) == ["ARC, Easy"]
    (own,) = [f for f in rows_of(archive, "model_facts", format) if f["origin"] == "reader"]
    assert (own["model"], own["value"], own["source_id"]) == ("beta-1b", "1000000000", missing)

    # A reader's table without an entry in the dictionary is text; formulas are defused where they would run.
    (own_row,) = rows_of(archive, "reference/own_table", format)
    apostrophe = "'" if format == "csv" else ""
    assert own_row == {"name": apostrophe + HOSTILE, "value": "3"}
    assert run["dtype"] == apostrophe + HOSTILE
    (training,) = rows_of(archive, "reference/training_runs", format)
    assert float(training["implied_mfu"]) == 0.4 and training["arch"] == missing


def test_an_empty_store_has_every_table(sqlite_store: Store) -> None:
    for format in FORMATS:
        written, archive = dumped(sqlite_store, format)
        assert set(written.n_rows.values()) == {0}
        assert rows_of(archive, "results", format) == []
        assert "DICTIONARY.csv" in archive.namelist()


def test_the_zip_says_what_it_is(sqlite_store: Store) -> None:
    fill(sqlite_store)
    written, archive = dumped(sqlite_store, "csv")
    told = archive.read("README.md").decode()
    assert written.digest in told and f"Revision {written.revision} " in told
    assert "| MIT | 1 |" in told and f"| results.csv | {written.n_rows['results']} |" in told
    words = list(csv.DictReader(io.StringIO(archive.read("DICTIONARY.csv").decode("utf-8-sig"))))
    assert {w["table"] for w in words} >= {f"{name}.csv" for name in written.n_rows if name != "reference/own_table"}
    for name in written.n_rows:
        if name != "reference/own_table":
            header = archive.read(f"{name}.csv").decode("utf-8-sig").splitlines()[0]
            assert header.split(",") == [w["column"] for w in words if w["table"] == f"{name}.csv" and w["column"]]


def test_one_moment_however_long_it_takes(sqlite_store: Store) -> None:
    fill(sqlite_store)

    class Meddling(Forwards):
        """Somebody imports while the download is under way."""

        is_done = False

        def write(self, content: bytes) -> None:
            if not self.is_done:
                self.is_done = True
                write_files(
                    sqlite_store, raw_of("new", "new.json"), [prepared_file(make_run("org/new"), content="new")]
                )
            super().write(content)

    out = Meddling()
    before = FrameCache(sqlite_store).frames().counts["n_results"]
    written = write_dump(sqlite_store, out, "csv")
    assert out.is_done and written.n_rows["results"] == before
    assert FrameCache(sqlite_store).frames().counts["n_results"] > before


def test_many_rows_come_in_portions(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "ROWS_AT_ONCE", 7)
    runs = [prepared_run(make_run(f"org/m{i}", 3)) for i in range(10)]
    write_files(sqlite_store, raw_of(), [prepared_file(*runs)])
    for format in FORMATS:
        _, archive = dumped(sqlite_store, format)
        rows = rows_of(archive, "results", format)
        assert len(rows) == 30
        assert len({(r["run"], r["task"]) for r in rows}) == 30
        if format == "parquet":
            file = pq.ParquetFile(io.BytesIO(archive.read("results.parquet")))
            assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [7, 7, 7, 7, 2]


def test_the_dictionary_names_every_column() -> None:
    known = dump_dictionary.dictionary()
    assert len(known) == len({*known})
    for name, table in known.items():
        assert table.meaning.endswith(".") and table.columns
        for column in table.columns:
            assert column.type in {"text", "integer", "number", "yes/no", "json"}, (name, column)
            assert column.meaning and column.missing, (name, column)
        if name.startswith(dump_dictionary.REFERENCE):
            continue
        stored = {"model" if c.name == "model_id" else c.name for c in tables.metadata.tables[name].c} - INTERNAL
        told = {column.name for column in table.columns}
        # Numbers of rows are not content; those of runs and sources join the files and have telling names.
        unnamed = {"models": {"id"}, "runs": {"id"}, "sources": {"id"}}.get(name, set())
        unnamed |= {"id"} if name in ("model_facts", "rumours", "prices") else set()
        assert stored - unnamed <= told, name
    left_out = set(job_tables.metadata.tables) - set(known)
    # Evaluations asked for are this installation's own business; what came of them is in the runs.
    asked = {"jobs", "job_tasks", "job_events", "workers"}
    # People, what they did and what they share are nobody else's.
    people = {"raw_holders", "members", "tokens", "audit", "uploads", "upload_sources", "snapshots"}
    assert left_out == {"store", "raw_files", "reference_rows"} | asked | people


def test_the_dictionary_has_the_reference_tables_as_declared() -> None:
    types = {None: "text", "read_count": "integer", "read_number": "number"}
    declared = {
        f"reference/{name}": {c.name: types[c.read.__name__ if c.read else None] for c in table.columns.values()}
        for name, table in TABLES.items()
    }
    told = {
        name: {c.name: c.type for c in table.columns}
        for name, table in dump_dictionary.dictionary().items()
        if name.startswith(dump_dictionary.REFERENCE)
    }
    assert told == declared


def test_the_document_is_the_dictionary() -> None:
    document = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert document == dump_dictionary.as_markdown(), "docs/data-dictionary.md is what as_markdown() gives"
    assert "|  |  |  |" not in document
    assert re.search(r"^## results$", document, re.MULTILINE)


def test_only_known_formats() -> None:
    assert [known_format(name) for name in FORMATS] == list(FORMATS)
    with pytest.raises(RefusedInput, match="parquet or csv"):
        known_format("xls")
