"""The look says what an import would do, and does nothing: against the import itself, file by file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lib.access import Sight
from lib.settings import read_settings
from lib.sources.ingest import ingest
from lib.sources.looking import look_at_paths
from lib.store import read
from lib.store.db import Store, open_store
from lib.store.extract import loosely_named_runs
from lib.store.frames import FrameCache
from lib.store.prepared import Holder
from lib.store.withdrawal import withdraw
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of
from tests.ingest.archives import zipped
from tests.sources_tools.cases import GOLDEN

CASES = (
    "lighteval/groups-and-limit", "lighteval/leaderboard-v1", "inspect-log/archive", "inspect-log/two-scorers",
    "evalscope-report/subsets", "lm-eval-results/bloom-1b1-squad2", "lm-eval-samples/made-0.4.13-p4p_rivers",
    "plain-csv/long", "every-eval-ever/lm-eval",
)  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one catalogue model and one score."""
    from lib.store.write import write_files

    folder = tmp_path_factory.mktemp("looked")
    store = open_store(settings_of(folder))
    models = [
        model_row("smollm2-1.7b-instruct", hf_id="HuggingFaceTB/SmolLM2-1.7B-Instruct", params_total=1_700_000_000)
    ]
    run = make_run("HuggingFaceTB/SmolLM2-1.7B-Instruct", results=[make_result("gsm8k", "exact_match", n_shot=5)])
    prepared = prepared_file(prepared_run(run, "smollm2-1.7b-instruct"), tables={"models": models})
    write_files(store, raw_of(), [prepared])
    store.close()
    return folder


@pytest.fixture
def store(template: Path, tmp_path: Path):
    shutil.copytree(template, tmp_path / "local")
    opened = open_store(settings_of(tmp_path / "local"))
    yield opened
    opened.close()


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """Files of many tools, one that is broken, a licence, and some in a zip."""
    folder = tmp_path / "drop"
    for case in CASES:
        (folder / case.replace("/", "-")).mkdir(parents=True)
        for path in (GOLDEN / case).iterdir():
            if path.is_file() and path.name not in ("expected.json", "case.json"):
                shutil.copy(path, folder / case.replace("/", "-") / path.name)
    (folder / "broken.json").write_bytes(b'{"results": {"a": {"acc,none": 0.')
    (folder / "LICENSE").write_text("Permission is hereby granted")
    inside = {f"x/{path.name}": path.read_bytes() for path in (GOLDEN / "model-card" / "eval-results").glob("*.yaml")}
    (folder / "some.zip").write_bytes(zipped(inside | {"y/notes.txt": b"nothing"}))
    return folder


def settings_of(folder: Path):
    return read_settings({"P4P_DATA_DIR": str(folder), "P4P_FILL": "0"})


def looked(store: Store, *paths: Path, **options):
    return look_at_paths(store, paths, settings=store.settings, frames=FrameCache(store).frames(), **options)


def files_of(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def test_a_look_says_what_an_import_does_and_does_nothing(store, drop):
    revision, digest = store.revision(), store.digest()
    files = {name for name in files_of(store.settings.data_dir) if not name.startswith("p4p.sqlite")}
    found = looked(store, drop)
    assert (store.revision(), store.digest()) == (revision, digest)
    assert {name for name in files_of(store.settings.data_dir) if not name.startswith("p4p.sqlite")} == files

    summary = ingest(store, [drop], settings=store.settings)
    assert {(file.name, file.reason) for file in found.of("refused")} == {(i.file, i.reason) for i in summary.refused}
    assert {file.name for file in found.of("passed over")} == {
        issue.file for issue in summary.warnings if issue.reason.startswith("passed over")
    }
    counts = found.counts()
    assert counts["new"] == summary.imported
    assert counts["samples"] == summary.samples
    frames = FrameCache(store).frames()
    stored = {str(run): model for run, model in zip(frames.runs["run"], frames.runs["model"], strict=True)}
    for run in found.runs:
        told, model = run.model, stored[run.digest[:12]]
        assert (model if isinstance(model, str) else None) == told.model_id
    assert {r.model.spelling for r in found.runs if r.model.state == "waits"} == {
        spellings[0] for _, model, spellings, _ in loosely_named_runs(store) if model is None
    }
    # Results of one run that came twice are counted with each file here, and stored once.
    distinct = {run.digest: run.n_results for run in reversed(found.runs) if not run.is_log}
    assert sum(distinct.values()) == summary.results


def test_what_is_there_already_is_known(store, drop):
    case = drop / "lighteval-groups-and-limit"
    ingest(store, [case], settings=store.settings)
    (file,) = looked(store, case).files
    assert (file.state, file.before.rsplit("/", 1)[-1]) == ("known", Path(file.name).name)
    withdraw(store, int(read.sources(store)["id"].max()))
    assert looked(store, case).files[0].state == "withdrawn"


def test_the_same_run_in_another_file_is_a_double(store, drop, tmp_path):
    original = next((drop / "lighteval-groups-and-limit").iterdir())
    other = tmp_path / "again.json"
    other.write_bytes(original.read_bytes() + b"\n")
    stamped = tmp_path / original.name
    stamped.write_bytes(original.read_bytes() + b" ")
    found = looked(store, original, other, stamped)
    assert [Path(run.also_in).name for run in found.runs] == ["", original.name, original.name]


def test_private_files_of_others_are_neither_found_nor_named(store, drop):
    case = drop / "inspect-log-two-scorers"
    ingest(store, [case], settings=store.settings, holder=Holder("ann", "private"))
    ann, bob = store.seen_by(Sight("ann", True)), store.seen_by(Sight("bob", True))
    own = looked(ann, case, owner="ann").files[0]
    assert (own.state, own.runs[0].also_in != "") == ("known", True)
    assert own.runs[0].model.state == "community"
    for reader, owner in ((bob, "bob"), (store, "local")):
        other = looked(reader, case, owner=owner).files[0]
        assert (other.state, other.before, other.runs[0].also_in) == ("new", "", "")
        assert other.runs[0].model.state == "new"


def test_public_files_of_others_are_doubles_and_not_ones_own(store, drop):
    case = drop / "inspect-log-two-scorers"
    ingest(store, [case], settings=store.settings, holder=Holder("ann", "public"))
    file = looked(store.seen_by(Sight("bob", True)), case, owner="bob").files[0]
    assert file.state == "new"
    assert Path(file.runs[0].also_in).name == Path(file.name).name


def test_a_log_belongs_to_the_results_beside_it(store, drop):
    found = looked(store, drop / "lm-eval-samples-made-0.4.13-p4p_rivers")
    results, log = found.runs
    assert (results.is_log, log.is_log) == (False, True)
    assert log.digest == results.digest
    assert Path(log.also_in).name.startswith("results_")
    assert (log.n_results, log.n_samples) == (0, 7)


def test_what_is_missing_and_what_was_put_right_is_said(store, drop):
    (run,) = looked(store, drop / "lighteval-groups-and-limit").runs
    assert run.model.state == "catalogue"
    by_field = {missing.field for missing in run.missing}
    assert {"training_tokens", "licence"} <= by_field
    assert "params_total" not in by_field
    assert any("recomputed from the sub-tasks" in sentence for sentence in run.repaired)
    assert any("--limit" in sentence for sentence in run.noted)
    (run,) = looked(store, drop / "lighteval-leaderboard-v1").runs
    words = {missing.what: missing.share for missing in run.missing}
    assert words["chat template"] == 1
    assert words["number of questions"] == pytest.approx(1 / 6)


def test_a_name_like_a_known_one_is_asked_about(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("model,benchmark,score,n\nSmolLM2-1.7B-Instrct,gsm8k,0.5,100\n")
    (run,) = looked(store, path).runs
    assert (run.model.state, run.model.similar) == ("waits", ["smollm2-1.7b-instruct"])
