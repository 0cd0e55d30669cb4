"""Stores for the pages: the shipped catalogue with its boards and tables, one model, and one with hostile names."""

from __future__ import annotations

from pathlib import Path

from lib.settings import ROOT, read_settings
from lib.sources.ingest import ingest
from lib.sources.shipped import shipped_files
from lib.store.db import Store, open_store
from lib.store.write import write_files
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of

STAGES = ("catalogue", "boards", "tables")
HOSTILE = "<img src=x onerror=alert(1)> **bold** [link](http://evil.example) :red[x] $x^2$ {=1+1}"


def _open(folder: Path) -> Store:
    return open_store(read_settings({"P4P_DATA_DIR": str(folder)}))


def fill_small(folder: Path) -> None:
    """Everything that ships but the run files."""
    settings = read_settings({"P4P_DATA_DIR": str(folder)})
    store = open_store(settings)
    for file in shipped_files(ROOT / "data"):
        if file.is_imported and file.stage in STAGES:
            ingest(store, [ROOT / "data" / file.path], settings=settings, shipped=True)
    store.close()


def fill_one_model(folder: Path) -> None:
    """One catalogue model with one score."""
    store = _open(folder)
    model = model_row(
        "alpha-7b",
        release_date="2024-05-01",
        kind="base",
        params_active=7_000_000_000,
        training_tokens=2_000_000_000_000,
        tokens_status="stated",
        architecture="dense",
    )
    tables = {"models": [model]}
    run = prepared_run(make_run("alpha-7b", results=[make_result("mmlu", n_shot=5)]), "alpha-7b")
    write_files(store, raw_of(), [prepared_file(run, tables=tables)])
    store.close()


def fill_hostile(folder: Path) -> None:
    """Three models whose names, families and licences are written to break a page."""
    store = _open(folder)
    models, runs = [], []
    for i, size in enumerate((1, 7, 70)):
        model_id = f"evil-{i}"
        facts = {
            "name": f"{HOSTILE} {i}",
            "family": HOSTILE,
            "developer": HOSTILE,
            "licence": HOSTILE,
            "release_date": f"202{i + 2}-05-01",
            "kind": "base",
            "params_total": size * 10**9,
            "params_active": size * 10**9,
            "training_tokens": 10**12,
            "tokens_status": "stated",
        }
        models.append(model_row(model_id, **facts))
        result = make_result("mmlu", score=0.5 + i / 10, n_correct=50 + 10 * i, n_shot=5)
        runs.append(prepared_run(make_run(model_id, results=[result]), model_id))
    write_files(store, raw_of(), [prepared_file(*runs, tables={"models": models})])
    store.close()
