"""The Source page through ``app.py``: what a file is and brought, its bytes, and withdrawing it with a confirmation."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.store import read
from lib.store.frames import FrameCache
from lib.ui.views import source as source_view
from tests.ui.conftest import Open
from tests.ui.run_stores import fill_evil, fill_real, opened

PAGE = "pages/source.py"


@pytest.fixture(scope="module")
def real_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources") / "store"
    fill_real(folder)
    return folder


def digest_of(folder: Path, part: str) -> str:
    store = opened(folder)
    sources = read.sources(store)
    store.close()
    return str(sources.loc[sources["name"].str.contains(part, regex=False), "digest"].iloc[0])


def text(app: AppTest) -> str:
    told = [element.value for kind in ("title", "header", "subheader", "markdown") for element in getattr(app, kind)]
    return "\n".join([*told, *(one.label for one in app.expander)])


def test_a_member_of_a_zip(open_app: Open, real_store: Path) -> None:
    app = open_app(real_store, PAGE, source=digest_of(real_store, "step143000")[:12])
    assert not app.exception
    assert app.title[0].value == r"What is 70m\_step143000\.json\?"
    assert "1 run with" in app.header[0].value
    facts = app.dataframe[0].value.set_index("what")["value"]
    assert facts["Came in"].endswith("pythia.zip") and facts["Read by"].startswith("lm-eval-results, version")
    assert re.fullmatch("[0-9a-f]{64}", facts["Digest of its bytes (SHA-256)"])
    assert facts["Licence"] == "not stated"
    links = [one.proto.label for one in app.get("page_link")]
    assert any("Open the run" in one for one in links)
    assert any(one.label == "Raw file, untouched" for one in app.get("download_button"))
    assert "What else came in" in text(app)
    runs = next(one.value for one in app.dataframe if "run" in one.value)
    assert len(runs) == 1 and runs["n_results"].iloc[0] > 100


def test_what_was_refused_beside_it_is_said(open_app: Open, real_store: Path) -> None:
    store = opened(real_store)
    sources = read.sources(store)
    store.close()
    (number,) = sources.loc[sources["name"].str.contains("broken.zip"), "id"]
    app = open_app(real_store, PAGE, source=digest_of(real_store, "broken.zip"), copy=str(number))
    assert "What could not be taken" in text(app)
    # The same bytes came in pythia.zip, too.
    assert "The same bytes came more than once" in text(app)
    assert any("pythia" in one.proto.label for one in app.get("page_link"))


@pytest.mark.parametrize("asked", ["", "0123456789ab", "<img src=x>"])
def test_an_address_that_names_nothing_is_answered(
    open_app: Open, real_store: Path, tmp_path: Path, asked: str
) -> None:
    app = open_app(real_store if asked else tmp_path, PAGE, **({"source": asked} if asked else {}))
    assert not app.exception
    assert app.title[0].value == r"What is this file\?"
    assert app.info and not app.dataframe and "<img" not in text(app)


def test_withdrawing_and_restoring_ask_first_and_take_effect(open_app: Open, real_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.copytree(real_store, folder)
    digest = digest_of(folder, "grouped.zip")
    store = opened(folder)
    cache = FrameCache(store)

    def n_live() -> int:
        return int(cache.frames().runs["source"].str.contains("grouped.zip", regex=False).sum())

    before = cache.frames().counts["n_results"]
    assert n_live() == 1
    app = open_app(folder, PAGE, source=digest[:12])
    app.button(key="withdraw-source").click().run()
    assert not app.exception
    assert "grouped.zip" in text(app) and "1 file will be withdrawn: **1 run** with" in text(app)
    assert n_live() == 1, "nothing is withdrawn before it is confirmed"
    app.button(key="confirm").click().run()
    assert not app.exception
    assert n_live() == 0 and cache.frames().counts["n_results"] < before
    assert "It was withdrawn on" in app.header[0].value
    assert "1 file withdrawn: 1 run with" in app.success[0].value
    app.run()
    assert not app.success
    app.button(key="restore-source").click().run()
    app.button(key="confirm").click().run()
    assert not app.exception
    assert n_live() == 1 and cache.frames().counts["n_results"] == before
    store.close()


def test_leaving_it_as_it_is_changes_nothing(open_app: Open, real_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.copytree(real_store, folder)
    store = opened(folder)
    before = store.revision()
    app = open_app(folder, PAGE, source=digest_of(folder, "helm.csv"))
    app.button(key="withdraw-source").click().run()
    app.button(key="keep").click().run()
    assert not app.exception
    assert store.revision() == before
    store.close()


def test_a_public_installation_offers_no_withdrawal(
    open_app: Open, real_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    app = open_app(real_store, PAGE, source=digest_of(real_store, "helm.csv"))
    assert not app.exception
    assert not [one for one in app.button if str(one.key).startswith(("withdraw", "restore"))]
    assert "Only on a local installation" in text(app)


def test_hostile_text_is_text(open_app: Open, tmp_path: Path) -> None:
    fill_evil(tmp_path)
    app = open_app(tmp_path, PAGE, source=digest_of(tmp_path, "a.json"))
    assert not app.exception
    told = text(app) + "\n".join(one.proto.label for one in app.get("page_link"))
    for active in (r"<img", r"<script", r"\]\(http:", r"\]\(javascript", r"\*\*bold", r":red\[x"):
        assert not re.search(rf"(?<!\\){active}", told), active


def test_a_source_of_thousands_of_runs_is_quick(small_store: Path, open_app: Open) -> None:
    digest = digest_of(small_store, "open_llm_leaderboard_v2.csv")
    app = open_app(small_store, PAGE, source=digest[:12])
    assert not app.exception
    runs = next(one.value for one in app.dataframe if "run" in one.value)
    assert len(runs) > 4000 and runs["name"].notna().mean() > 0.99
    start = time.process_time()
    app.run()
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("n", "words"), [(None, "–"), (812, "812 bytes"), (4600, "4.6 kB"), (1_234_567, "1.2 MB"), (1, "1 byte")]
)
def test_sizes_in_words(n: int | None, words: str) -> None:
    assert source_view.size(n) == words
