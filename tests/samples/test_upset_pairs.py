"""A real upset on stored answers: Yi 34B over Llama 2 70B on MMLU-Pro, by import and store, and by hand from the files."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control, norm

from lib.analysis import upset_answers, upsets
from lib.cli import main
from lib.settings import read_settings
from lib.sources.ingest import ingest
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.ui.views import upsets as views

DATA = Path(__file__).parents[2] / "data"
ZIP = "lm-eval-samples/mmlu-pro-2024-llama2-yi.zip"
BOARD = {"chosen_set": "mmlu_pro", "protocol": "", "by": "total", "community": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    at = tmp_path_factory.mktemp("upsets")
    settings = read_settings({"P4P_DATA_DIR": str(at), "P4P_FILL": "0"})
    store = open_store(settings)
    names = ("catalogue/models.csv", "catalogue/aliases.csv", ZIP)
    ingest(store, [DATA / name for name in names], settings=settings, shipped=True)
    store.close()
    return at


@pytest.fixture(scope="module")
def opened(folder):
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    yield store, FrameCache(store).frames()
    store.close()


@pytest.fixture(scope="module")
def by_hand():
    """Model as written to its right answers by number of the question, straight from the files."""
    right = {}
    with zipfile.ZipFile(DATA / ZIP) as outer:
        for name in outer.namelist():
            if not name.endswith("shots.zip"):
                continue
            with zipfile.ZipFile(io.BytesIO(outer.read(name))) as inner:
                rows = json.loads(inner.read(inner.namelist()[0]))
            right[Path(name).name.removeprefix("model_outputs_").removesuffix("_5shots.zip")] = {
                row["question_id"]: row["pred"] == row["answer"] for row in rows
            }
    return right


def test_the_paired_upset_of_the_shipped_logs(opened, by_hand):
    store, frames = opened
    found = views.families(frames, store, *BOARD.values())[0][2.0]
    assert (found.n_tests, found.n_wins, found.n_holds, found.n_paired, found.n_too_few) == (5, 1, 1, 1, 0)
    (row,) = upsets.rows(found, np.arange(1)).to_dict("records")
    assert (row["small"], row["large"]) == ("yi-34b", "llama-2-70b")
    small, large = by_hand["Yi-34B"], by_hand["Llama-2-70b-hf"]
    assert small.keys() == large.keys() and len(small) == 12_032
    b, c = (sum(x[k] and not y[k] for k in x) for x, y in ((small, large), (large, small)))
    assert (b, c) == (1965, 1268)
    assert (row["only_small"], row["only_large"], row["n_paired"]) == (b, c, 12_032)
    assert row["is_paired"] and row["method"] == upset_answers.MCNEMAR
    mid = binom.sf(b, b + c, 0.5) + binom.pmf(b, b + c, 0.5) / 2
    assert row["p"] == pytest.approx(mid, rel=1e-6)
    assert row["stderr"] == pytest.approx(np.std([small[k] * 1.0 - large[k] for k in small], ddof=1) / math.sqrt(12_032), rel=1e-9)  # fmt: skip
    # The other four of the family are unpaired: the larger leads, p is above a half either way.
    size, score = {"Llama-2-7b-hf": 7e9, "Llama-2-70b-hf": 7e10, "Yi-34B": 3.4e10, "Yi-6B": 6e9}, {}
    for name, own in by_hand.items():
        score[name] = (sum(own.values()) / len(own), len(own))
    p = []
    for s in size:
        for g in size:
            if size[g] >= 2 * size[s]:
                (x, n), (y, m) = score[s], score[g]
                se = math.sqrt(x * (1 - x) / (n - 1) + y * (1 - y) / (m - 1))
                p.append(mid if x > y else norm.sf((x - y) / se))
    assert len(p) == 5 and row["q"] == pytest.approx(false_discovery_control(p).min(), rel=1e-6)
    # Unpaired, the same lead has a larger error.
    alone = upsets.rows(views.families(frames, None, *BOARD.values())[0][2.0], np.arange(1)).iloc[0]
    assert not alone["is_paired"] and alone["stderr"] > row["stderr"] and alone["z"] < row["z"]


def test_the_page_and_the_command_say_which_comparisons_are_paired(opened, folder, monkeypatch, capsys):
    store, frames = opened
    view = views.upsets_view(frames, store=store, **BOARD, ratio=2.0, filters=views.Filters(), order="lead")
    assert "1 of 1 lead tested on answers to the same questions" in view.coverage
    assert view.holds.table["tested"].tolist() == ["paired"]
    assert "1 of the 1 tested on answers to the same questions" in view.counts
    unpaired = views.upsets_view(frames, store=None, **BOARD, ratio=2.0, filters=views.Filters(), order="lead")
    assert "pairing is ignored" in unpaired.coverage and "tested" not in unpaired.holds.table
    monkeypatch.setenv("P4P_DATA_DIR", str(folder))
    assert main(["upsets", "--benchmark", "mmlu_pro", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = told["holds"]
    assert (told["n_paired"], row["is_paired"], row["only_small"], row["only_large"]) == (1, True, 1965, 1268)
    assert row["method"] == "McNemar mid-p" and row["n_paired"] == 12_032
