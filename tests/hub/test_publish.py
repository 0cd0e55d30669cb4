"""Results back to the Hub: the same bytes, a card, nothing that is not public in a public place; and they come back in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lib.access import OPERATOR
from lib.cli import main
from lib.errors import RefusedInput, Unavailable
from lib.sources.hub_client import Hub
from lib.sources.hub_import import import_results, look
from lib.sources.hub_publish import CARD, MARK, pack, publish
from lib.sources.ingest import ingest
from lib.store import tables
from lib.store.db import Store
from lib.store.frames import FrameCache
from tests.hub.stand_in import READER, TOKEN, Repository, StandIn, Trouble

GOLDEN = Path(__file__).parents[1] / "golden"
RESULTS = next((GOLDEN / "lm-eval-results" / "made-0.4.13").glob("results_*.json"))
SAMPLES = next((GOLDEN / "lm-eval-samples" / "made-0.4.13-p4p_sums").glob("samples_*.jsonl"))
OTHER = next((GOLDEN / "lm-eval-results" / "qwen2.5-1.5b-0.4.8").glob("results_*.json"))
TO = "lab/results"


@pytest.fixture
def filled(sqlite_store: Store, tmp_path: Path) -> Store:
    for path, folder in ((RESULTS, "m"), (SAMPLES, "m"), (OTHER, "q")):
        (tmp_path / "in" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / folder / path.name).write_bytes(path.read_bytes())
    ingest(sqlite_store, [tmp_path / "in"], settings=sqlite_store.settings)
    return sqlite_store


def runs_of(store: Store) -> dict[str, str]:
    runs = FrameCache(store).frames().runs
    return {str(row["source"]).split("/")[-2]: str(row["run"]) for row in runs.to_dict("records")}


def test_there_and_back(
    filled: Store, make_store: Any, hub: Hub, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    parcel = pack(filled, list(runs_of(filled).values()), filled.settings)
    assert sorted(parcel.files.values()) == sorted(p.read_bytes() for p in (RESULTS, SAMPLES, OTHER))
    address = publish(hub, parcel, TO, is_private=False)
    assert address == f"{stand_in.address}/datasets/{TO}/commit/{'c' * 40}"
    held = stand_in.repositories["dataset", TO]
    assert {**parcel.files, CARD: held.files[CARD]} == held.files and not held.is_private
    card = held.files[CARD].decode()
    assert card.startswith("---\n") and MARK in card and all(f"`{run}`" in card for run in runs_of(filled).values())
    other = make_store("sqlite")
    import_results(other, hub, look(hub, TO), settings=other.settings)
    frames = FrameCache(other).frames()
    assert runs_of(other).values() and set(frames.runs["run"]) == set(FrameCache(filled).frames().runs["run"])


def test_a_second_time_adds_and_keeps(
    filled: Store, hub: Hub, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    one, other = runs_of(filled).values()
    publish(hub, pack(filled, [one], filled.settings), TO, is_private=False)
    publish(hub, pack(filled, [other], filled.settings), TO, is_private=False)
    card = stand_in.repositories["dataset", TO].files[CARD].decode()
    assert card.count(one) == card.count(other) == 1
    stand_in.repositories["dataset", TO].files[CARD] = b"# Mine\n"
    publish(hub, pack(filled, [one], filled.settings), TO, is_private=False)
    assert stand_in.repositories["dataset", TO].files[CARD] == b"# Mine\n"


def test_what_is_not_public_does_not_become_so(
    filled: Store, hub: Hub, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    runs = list(runs_of(filled).values())
    filled.write(lambda w: w.connection.execute(update(tables.sources).values(visibility="private")) and None)
    with pytest.raises(RefusedInput, match="no such run"):
        pack(filled, runs, filled.settings)
    parcel = pack(filled.seen_by(OPERATOR.sight), runs, filled.settings)
    assert parcel.has_unseen
    stand_in.repositories["dataset", TO] = Repository()
    with pytest.raises(RefusedInput, match="not public here"):
        publish(hub, parcel, TO, is_private=True)
    assert stand_in.repositories["dataset", TO].files == {}
    publish(hub, parcel, "lab/hidden", is_private=True)
    assert stand_in.repositories["dataset", "lab/hidden"].is_private


def test_withdrawn_and_foreign_runs_are_refused(filled: Store) -> None:
    for name in ("0" * 12, "../x", ""):
        with pytest.raises(RefusedInput, match="no such run"):
            pack(filled, [name], filled.settings)
    run = runs_of(filled)["q"]
    filled.write(lambda w: w.connection.execute(update(tables.sources).values(importer="plain-csv")) and None)
    with pytest.raises(RefusedInput, match="only files that lm-eval wrote"):
        pack(filled, [run], filled.settings)
    filled.write(lambda w: w.connection.execute(update(tables.sources).values(withdrawn_at="2026-01-01")) and None)
    with pytest.raises(RefusedInput, match="no such run"):
        pack(filled, [run], filled.settings)


def test_hostile_names_stay_in_their_folder(filled: Store) -> None:
    run = runs_of(filled)["q"]
    spelled = ["../../x|<img src=1>\n# Heading"]
    filled.write(lambda w: w.connection.execute(update(tables.runs).values(spellings=spelled)) and None)
    parcel = pack(filled, [run], filled.settings)
    (path,) = parcel.files
    assert ".." not in path.split("/") and path.count("/") == 1 and "<" not in path
    (row,) = parcel.rows
    assert "\n" not in row and "<img" not in row.replace("\\<img", "") and row.replace("\\|", "").count("|") == 6


def test_without_leave(filled: Store, hub: Hub, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    parcel = pack(filled, list(runs_of(filled).values()), filled.settings)
    with pytest.raises(RefusedInput, match="needs an account"):
        publish(hub, parcel, TO, is_private=False)
    monkeypatch.setenv("HF_TOKEN", READER)
    with pytest.raises(RefusedInput, match="does not let this account"):
        publish(hub, parcel, TO, is_private=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for name in ("results", "a/b/c", "../x"):
        with pytest.raises(RefusedInput):
            publish(hub, parcel, name, is_private=False)
    stand_in.troubles = [Trouble(500)]
    with pytest.raises(Unavailable, match="has trouble"):
        publish(hub, parcel, TO, is_private=False)
    stand_in.troubles = [Trouble(200, body=b"<html>")]
    with pytest.raises(Unavailable, match="unknown way"):
        publish(hub, parcel, TO, is_private=False)
    stand_in.troubles = [Trouble(0)]
    with pytest.raises(Unavailable, match="cannot be reached"):
        publish(hub, parcel, TO, is_private=False)


def test_the_command(filled: Store, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(filled.settings.data_dir))
    monkeypatch.setenv("P4P_DATABASE_URL", "")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    run = runs_of(filled)["m"]
    assert main(["hub", "publish", run, "--to", TO, "--list"]) == 0
    assert stand_in.repositories == {} and RESULTS.name in capsys.readouterr().out
    assert main(["hub", "publish", run, "--to", TO, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["files"]) == 2 and told["commit"].endswith("c" * 40)
    assert stand_in.repositories["dataset", TO].is_private, "nothing is public unless one says so"
    assert TOKEN not in str(told)
