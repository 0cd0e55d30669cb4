"""From files to the store: what comes in, what is skipped, what is refused, and that nothing is half there."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from lib.errors import RefusedInput
from lib.schema.records import Parsed
from lib.sources import ingest as ingest_module
from lib.sources import registry
from lib.sources.contract import Candidate, Importer
from lib.sources.ingest import Step, Summary, ingest
from lib.store import job_tables, read, tables
from lib.store.check import check
from lib.store.db import Store
from lib.store.samples import read_samples
from lib.store.write import set_alias, withdraw
from tests.ingest.archives import results_file, zipped

STAMP = "2025-03-06T21-57-53.230631"


def count(store: Store, table: Any) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def take(store: Store, *paths: Path, **more: Any) -> Summary:
    summary = ingest(store, list(paths), settings=store.settings, **more)
    assert check(store) == []
    return summary


def new_results(task: str = "truthfulqa_gen", model: str = "org/model") -> bytes:
    """A small results file of lm-eval 0.4.9."""
    return json.dumps(
        {
            "results": {task: {"alias": task, "acc,none": 0.5, "acc_stderr,none": 0.2}},
            "configs": {task: {"task": task, "num_fewshot": 0}},
            "versions": {task: 1.0},
            "n-shot": {task: 0},
            "n-samples": {task: {"original": 4, "effective": 4}},
            "config": {"model": "hf", "model_args": f"pretrained={model}", "limit": None},
            "model_name": model,
            "lm_eval_version": "0.4.9",
        }
    ).encode()


def samples_file(marks: tuple[int, ...] = (1, 0, 1, 0)) -> bytes:
    rows = [
        {"doc_id": i, "doc": {"q": i}, "target": "a", "arguments": {"gen_args_0": {"arg_0": "q"}}, "resps": [["a"]],
         "filtered_resps": ["a"], "filter": "none", "metrics": ["acc"], "doc_hash": "0" * 64, "acc": mark}
        for i, mark in enumerate(marks)
    ]  # fmt: skip
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "given"
    place.mkdir()
    return place


def test_good_and_bad_files_together(store: Store, folder: Path) -> None:
    (folder / "good.json").write_bytes(results_file("org/one"))
    (folder / "also.txt").write_bytes(results_file("org/two"))
    (folder / "bad.json").write_bytes(results_file()[:-20])
    (folder / "README.md").write_text("what this is")
    (folder / "a.zip").write_bytes(
        zipped({"x/r.json": results_file("org/three"), "x/bad.bin": b"\x00", "LICENSE": b"MIT"})
    )
    summary = take(store, folder)
    assert (summary.imported, summary.unchanged, summary.results) == (3, 0, 3)
    assert [Path(issue.file).name for issue in summary.refused] == ["bad.bin", "bad.json"]
    assert summary.refused[0].file.endswith("a.zip!/x/bad.bin")
    assert {Path(issue.file).name for issue in summary.warnings} == {"LICENSE", "README.md"}
    assert count(store, tables.runs) == 3
    assert set(read.refusals(store)["member"]) == {"x/bad.bin"}


def test_again_nothing_changes_and_nothing_is_read(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.zip").write_bytes(zipped({"r.json": results_file(), "bad": b"\x00"}))
    (folder / "b.json").write_bytes(results_file("org/b"))
    first = take(store, folder)
    revision = store.revision()
    monkeypatch.setattr(registry, "importer_for", lambda _: pytest.fail("read again"))
    second = take(store, folder)
    assert (first.imported, second.imported, second.unchanged) == (2, 0, 2)
    assert second.refused == first.refused  # still said, although not read again
    assert store.revision() == revision


def test_the_same_run_in_two_zips_is_one_run_with_two_sources(store: Store, folder: Path) -> None:
    (folder / "a.zip").write_bytes(zipped({"one/r.json": results_file()}))
    other = json.dumps(json.loads(results_file()))  # other bytes, same content
    (folder / "b.zip").write_bytes(zipped({"two/r.json": other.encode()}))
    assert take(store, folder).imported == 2
    assert (count(store, tables.runs), count(store, tables.run_sources)) == (1, 2)


@pytest.mark.parametrize("order", ["together", "results first", "samples first", "zip"])
def test_results_and_samples_are_one_run(store: Store, folder: Path, order: str) -> None:
    results, samples = f"results_{STAMP}.json", f"samples_truthfulqa_gen_{STAMP}.jsonl"
    (folder / results).write_bytes(new_results())
    (folder / samples).write_bytes(samples_file())
    if order == "together":
        summary = take(store, folder)
    elif order == "zip":
        (folder / "a.zip").write_bytes(zipped({f"m/{samples}": samples_file(), f"m/{results}": new_results()}))
        summary = take(store, folder / "a.zip")
    else:
        names = [results, samples] if order == "results first" else [samples, results]
        for name in names:
            summary = take(store, folder / name)
    assert not summary.refused
    with store.reading() as connection:
        (run,) = connection.execute(select(tables.runs.c.id)).scalars()
    assert (count(store, tables.results), count(store, tables.run_sources)) == (1, 2)
    assert read_samples(store, run, "truthfulqa_gen").column("metric:acc").to_pylist() == [1.0, 0.0, 1.0, 0.0]
    if order in ("together", "zip"):
        assert (summary.imported, summary.results, summary.samples) == (2, 1, 4)


def test_samples_of_refused_results_are_a_run_of_their_own(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / f"samples_truthfulqa_gen_{STAMP}.jsonl").write_bytes(samples_file())
    (folder / f"results_{STAMP}.json").write_bytes(new_results())

    def refuse(candidate: Candidate) -> Parsed:
        raise RefusedInput("not today")

    changed = tuple(replace(i, parse=refuse) if i.name == "lm-eval-results" else i for i in registry.importers())
    monkeypatch.setattr(registry, "importers", lambda: changed)
    summary = take(store, folder)
    assert (summary.imported, [i.reason for i in summary.refused]) == (1, ["not today"])
    with store.reading() as connection:
        assert connection.execute(select(tables.results.c.n_correct, tables.results.c.flags)).all() == [
            (2, "from-samples")
        ]


def test_a_newer_importer_reads_again(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.zip").write_bytes(zipped({"r.json": results_file()}))
    take(store, folder)
    changed = with_version("lm-eval-results", 99)
    monkeypatch.setattr(registry, "importers", lambda: changed)
    for function in (registry.versions, registry.state):
        function.cache_clear()
    try:
        again = take(store, folder)
        assert (again.imported, again.unchanged) == (1, 0)
        assert set(read.known_sources(store).values()) == {("lm-eval-results", 99)}
        assert take(store, folder).unchanged == 1
    finally:
        monkeypatch.undo()
        for function in (registry.versions, registry.state):
            function.cache_clear()


def with_version(name: str, version: int) -> tuple[Importer, ...]:
    return tuple(replace(i, version=version) if i.name == name else i for i in registry.importers())


def test_what_is_withdrawn_stays_withdrawn(store: Store, folder: Path) -> None:
    (folder / "r.json").write_bytes(results_file())
    take(store, folder)
    withdraw(store, int(read.sources(store)["id"][0]))
    assert take(store, folder).unchanged == 1
    assert read.sources(store)["withdrawn_at"].notna().all()


def test_many_files_share_transactions_and_are_acknowledged(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "FILES_PER_TRANSACTION", 3)
    (folder / "a.zip").write_bytes(zipped({f"{i}.json": results_file(f"org/m{i}") for i in range(8)}))
    steps: list[Step] = []
    before = store.revision()
    take(store, folder, progress=steps.append)
    told = [name for step in steps for name in step.acknowledged]
    assert sorted(told) == sorted(f"{folder}/a.zip!/{i}.json" for i in range(8))
    assert [len(step.acknowledged) for step in steps if step.acknowledged] == [3, 3, 2]
    assert store.revision() == before + 3
    assert steps[-1].n_files == 8


def test_a_file_that_the_store_refuses_does_not_stop_the_others(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.zip").write_bytes(zipped({f"{i}.json": results_file(f"org/m{i}") for i in range(4)}))
    real = registry.importer_for

    def spoil(candidate: Candidate) -> Importer:
        importer = real(candidate)

        def parse(given: Candidate) -> Parsed:
            parsed = importer.parse(given)
            if given.basename == "2.json":
                parsed.runs[0].results[0].n_samples = 2**40
            return parsed

        return replace(importer, parse=parse)

    monkeypatch.setattr(registry, "importer_for", spoil)
    summary = take(store, folder)
    assert summary.imported == 3 and [i.file[-6:] for i in summary.refused] == ["2.json"]
    assert set(read.refusals(store)["member"]) == {"2.json"}
    monkeypatch.setattr(registry, "importer_for", real)
    assert take(store, folder).unchanged == 3  # these importers have dealt with it


def test_a_refusal_that_no_file_is_to_blame_for_ends_the_import(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.zip").write_bytes(zipped({f"{i}.json": results_file(f"org/m{i}") for i in range(2)}))

    def full(*_: Any) -> Any:
        raise RefusedInput("nothing can be written")

    monkeypatch.setattr(ingest_module, "write_batches", full)
    with pytest.raises(RefusedInput, match="nothing can be written"):
        take(store, folder)
    assert check(store) == []


def test_unresolved_and_community_models(store: Store, folder: Path) -> None:
    (folder / "a.json").write_bytes(results_file("org/somebody"))
    (folder / "b.json").write_bytes(results_file("/home/me/weights", score=0.25))
    take(store, folder)
    waiting = read.unresolved(store)
    assert list(waiting["spelling"]) == ["/home/me/weights"]
    with store.reading() as connection:
        assert connection.execute(select(tables.models.c.id, tables.models.c.origin)).all() == [
            ("org/somebody", "community")
        ]
    set_alias(store, "/home/me/weights", "", "org/somebody")
    assert read.unresolved(store).empty


def test_the_catalogue_names_runs_that_came_before_it(store: Store, folder: Path) -> None:
    (folder / "r.json").write_bytes(results_file("EleutherAI/pythia-70m"))
    take(store, folder)
    shutil.copy(store.settings.shipped_dir / "catalogue" / "models.csv", folder)
    shutil.copy(store.settings.shipped_dir / "catalogue" / "aliases.csv", folder)
    assert take(store, folder).imported == 2
    with store.reading() as connection:
        rows = connection.execute(
            select(tables.models.c.origin).join(tables.runs, tables.runs.c.model_id == tables.models.c.id)
        ).all()
    assert rows == [("catalogue",)]


def test_a_path_that_is_none_is_refused(store: Store, tmp_path: Path) -> None:
    assert [i.reason[:25] for i in take(store, tmp_path / "none").refused] == ["the file cannot be read; "[:25]]


def test_what_it_took_comes_once_with_the_results_and_not_again_with_the_samples(store: Store, tmp_path: Path) -> None:
    measured = json.loads(new_results()) | {"measured": {"truthfulqa_gen": {"seconds": 1.5}}}
    (tmp_path / f"results_{STAMP}.json").write_text(json.dumps(measured))
    (tmp_path / f"samples_truthfulqa_gen_{STAMP}.jsonl").write_bytes(samples_file())
    take(store, tmp_path)
    assert (count(store, tables.runs), count(store, tables.run_sources)) == (1, 2)
    assert count(store, job_tables.run_measurements) == 1
