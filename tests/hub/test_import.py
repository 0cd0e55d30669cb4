"""Results from repositories as lm-eval's hub logging lays them out, and what a hostile repository may not do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib.access import Sight
from lib.cli import main
from lib.errors import RefusedInput, Unavailable
from lib.settings import Settings
from lib.sources.hub_client import Hub
from lib.sources.hub_import import Found, RemoteFile, _safe, import_card, import_results, look
from lib.sources.ingest import ingest
from lib.store import files, read
from lib.store.db import Store
from lib.store.frames import FrameCache
from lib.store.prepared import Holder
from tests.hub.stand_in import READER, Repository, StandIn, Trouble

GOLDEN = Path(__file__).parents[1] / "golden"
RESULTS = next((GOLDEN / "lm-eval-results" / "made-0.4.13").glob("results_*.json"))
SAMPLES = next((GOLDEN / "lm-eval-samples" / "made-0.4.13-p4p_sums").glob("samples_*.jsonl"))
NAME = "lab/lm-eval-results"


@pytest.fixture
def repository(stand_in: StandIn) -> Repository:
    """The results under ``org/model`` and, with the samples, under ``org__model``: lm-eval puts them in both places."""
    held = {
        f"org/model/{RESULTS.name}": RESULTS.read_bytes(),
        f"org__model/{RESULTS.name}": RESULTS.read_bytes(),
        f"org__model/{SAMPLES.name}": SAMPLES.read_bytes(),
        "README.md": b"---\nlicense: mit\n---\n",
        ".gitattributes": b"*.jsonl",
    }
    made = Repository(
        files=held, told={"cardData": {"license": "cc-by-4.0"}, "lastModified": "2026-03-04T05:06:07.000Z"}
    )
    stand_in.repositories["dataset", NAME] = made
    return made


def taken(store: Store, hub: Hub, only: str = "*") -> Any:
    return import_results(store, hub, look(hub, NAME, only), settings=store.settings)


def test_the_same_comes_in_as_from_a_folder(
    sqlite_store: Store, make_store: Any, hub: Hub, repository: Repository, stand_in: StandIn, tmp_path: Path
) -> None:
    summary = taken(sqlite_store, hub)
    assert summary.refused == [] and (summary.imported, summary.unchanged) == (2, 1)
    plain = tmp_path / "plain"
    for path, content in repository.files.items():
        (plain / path).parent.mkdir(parents=True, exist_ok=True)
        (plain / path).write_bytes(content)
    other = make_store("sqlite")
    by_hand = ingest(other, [plain], settings=other.settings)
    assert (summary.results, summary.samples) == (by_hand.results, by_hand.samples) and summary.samples > 0
    assert sqlite_store.digest() == other.digest()
    rows = read.sources(sqlite_store)
    assert set(rows["url"]) == {f"{stand_in.address}/datasets/{NAME}/tree/{'a' * 40}"}
    assert set(rows["title"]) == {f"{NAME} on the Hugging Face Hub"}
    assert set(rows["licence"]) == {"cc-by-4.0"} and set(rows["published_on"]) == {"2026-03-04"}
    assert all(name.startswith("lab__lm-eval-results/org") for name in rows["name"])
    again = taken(sqlite_store, hub)
    assert (again.imported, again.unchanged) == (0, 3)


def test_what_is_held_is_not_fetched_again(
    sqlite_store: Store, hub: Hub, repository: Repository, stand_in: StandIn
) -> None:
    taken(sqlite_store, hub)
    path = f"org__model/{SAMPLES.name}"
    told = [
        {"rfilename": name, "size": len(c), **({"lfs": {"sha256": files.digest_of_bytes(c)}} if name == path else {})}
        for name, c in repository.files.items()
    ]
    repository.told["siblings"] = told
    stand_in.asked.clear()
    again = taken(sqlite_store, hub)
    assert (again.imported, again.unchanged) == (0, 3)
    assert not [asked for _, asked, _ in stand_in.asked if SAMPLES.name in asked]


def test_only_what_is_wanted(sqlite_store: Store, hub: Hub, repository: Repository) -> None:
    repository.files["other/model/results_x.json"] = b"{}"
    assert {file.path for file in look(hub, NAME, "other/*").files} == {"other/model/results_x.json"}
    with pytest.raises(RefusedInput, match="no such files"):
        look(hub, NAME, "none/*")
    repository.files = {"README.md": b""}
    with pytest.raises(RefusedInput, match="holds no files of results"):
        look(hub, NAME)


def test_one_bad_file_does_not_stop_the_others(sqlite_store: Store, hub: Hub, repository: Repository) -> None:
    repository.files["a/broken.json"] = b"{"
    repository.told["siblings"] = [{"rfilename": name} for name in (*repository.files, "gone.json")]
    summary = taken(sqlite_store, hub)
    assert summary.imported == 2
    assert {issue.file for issue in summary.refused} == {f"{NAME}/a/broken.json", f"{NAME}/gone.json"}


def test_a_hub_that_stops_leaves_nothing(
    sqlite_store: Store, hub: Hub, repository: Repository, stand_in: StandIn, pauses: list[float]
) -> None:
    before = sqlite_store.revision()
    found = look(hub, NAME)
    stand_in.troubles = [Trouble(429, {"Retry-After": "100"})]
    with pytest.raises(Unavailable, match="asks to wait"):
        import_results(sqlite_store, hub, found, settings=sqlite_store.settings)
    assert sqlite_store.revision() == before and pauses == []


def test_a_private_repository_needs_its_account(
    sqlite_store: Store, hub: Hub, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.is_private = True
    with pytest.raises(RefusedInput, match="not for this account"):
        look(hub, NAME)
    monkeypatch.setenv("HF_TOKEN", READER)
    assert taken(sqlite_store, hub).imported == 2


@pytest.mark.parametrize(
    "path", ["../x.json", "/etc/x.json", "a/../../x.json", "a\\..\\..\\x.json", "C:/x.json", "x" * 300]
)
def test_no_path_leads_out_of_the_folder(sqlite_store: Store, hub: Hub, path: str) -> None:
    with pytest.raises(RefusedInput, match="not a path"):
        _safe(path)
    meta = look_meta(hub)
    summary = import_results(
        sqlite_store, hub, Found(NAME, "main", [RemoteFile(path, 1, "")], meta), settings=sqlite_store.settings
    )
    assert len(summary.refused) == 1 and summary.imported == 0


def look_meta(hub: Hub) -> Any:
    from lib.sources.prepare import Meta

    return Meta(url=hub.address)


def test_a_file_too_large_is_refused_while_it_comes(
    sqlite_store: Store, hub: Hub, repository: Repository, settings_of_two_mb: Settings
) -> None:
    repository.files = {"a/large.json": b"[" + b" " * 2_500_000 + b"]"}
    summary = import_results(sqlite_store, hub, look(hub, NAME), settings=settings_of_two_mb)
    assert [issue.reason for issue in summary.refused] == ["larger than this installation takes; expected at most 2 MB"]


@pytest.fixture
def settings_of_two_mb(sqlite_store: Store) -> Settings:
    from dataclasses import replace

    return replace(sqlite_store.settings, max_upload_bytes=2_000_000)


CARD = b"""---
license: mit
model-index:
- name: m
  results:
  - task: {type: text-generation}
    dataset: {name: ARC, type: ai2_arc}
    metrics:
    - {type: acc, value: 0.613}
---
# A model
"""
LISTED = b"""- dataset: {id: cais/mmlu, task_id: mmlu}
  value: 0.5
"""


def test_the_results_of_a_model_card(sqlite_store: Store, hub: Hub, stand_in: StandIn) -> None:
    stand_in.repositories["model", "org/none"] = Repository(files={"config.json": b"{}"})
    with pytest.raises(RefusedInput, match="holds no card"):
        import_card(sqlite_store, hub, "org/none", settings=sqlite_store.settings)
    plain = {"README.md": b"# A model without results\n"}
    stand_in.repositories["model", "org/m"] = Repository(files=plain)
    summary = import_card(sqlite_store, hub, "org/m", settings=sqlite_store.settings)
    assert (summary.imported, len(summary.refused)) == (0, 1) and summary.refused[0].file == "org/m/README.md"
    stand_in.repositories["model", "org/m"].files = {"README.md": CARD}
    summary = import_card(sqlite_store, hub, "org/m", settings=sqlite_store.settings)
    assert (summary.imported, summary.results, summary.refused) == (1, 1, [])
    (source,) = read.sources(sqlite_store).to_dict("records")
    assert source["url"] == f"{stand_in.address}/org/m/tree/{'a' * 40}" and source["name"] == "org/m/README.md"
    assert list(FrameCache(sqlite_store).frames().runs["model"]) == ["org/m"]


def test_lists_of_results_beside_a_card(sqlite_store: Store, hub: Hub, stand_in: StandIn) -> None:
    files = {"README.md": b"# Nothing\n", ".eval_results/a.yaml": LISTED, ".eval_results/../b.yaml": LISTED}
    stand_in.repositories["model", "org/m"] = Repository(files=files)
    summary = import_card(sqlite_store, hub, "org/m", settings=sqlite_store.settings)
    assert (summary.imported, summary.results, summary.refused) == (1, 1, [])
    assert list(read.sources(sqlite_store)["name"]) == ["org/m/.eval_results/a.yaml"]


def test_it_may_be_for_oneself(sqlite_store: Store, hub: Hub, repository: Repository) -> None:
    holder = Holder("alice", "private")
    import_results(sqlite_store, hub, look(hub, NAME), settings=sqlite_store.settings, holder=holder)
    assert FrameCache(sqlite_store).frames().counts["n_runs"] == 0
    assert FrameCache(sqlite_store.seen_by(Sight("alice"))).frames().counts["n_runs"] == 1


def test_the_command(
    sqlite_store: Store, repository: Repository, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(sqlite_store.settings.data_dir))
    monkeypatch.setenv("P4P_DATABASE_URL", "")
    assert main(["hub", "import", f"{stand_in.address}/datasets/{NAME}", "--list", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 3
    assert FrameCache(sqlite_store).frames().counts["n_runs"] == 0
    assert main(["hub", "import", NAME, "--visibility", "public"]) == 0
    told = capsys.readouterr()
    assert "2 files imported, 1 unchanged, 0 refused" in told.out and "fetched" not in told.out
    assert FrameCache(sqlite_store).frames().counts["n_runs"] == 1
    assert main(["hub", "import", "org/none"]) == 1
    assert "no such repository" in capsys.readouterr().err
