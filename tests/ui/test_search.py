"""Search over models, benchmarks and runs, beside every page and on its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.ui.views import search
from tests.ui.conftest import Open
from tests.ui.stores import fill_hostile

NAMES = st.text("abc 12-_.", min_size=1, max_size=12)


@pytest.fixture(scope="module")
def where(small_store: Path) -> search.Index:
    return search.index(FrameCache(open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))).frames())


def test_people_write_names_in_several_ways(where: search.Index) -> None:
    for words in ("llama 2 70b", "Llama-2-70B", "llama_2 70b", "meta-llama/Llama-2-70b-hf"):
        assert search.find(where, words, 5).models["id"].iloc[0] == "llama-2-70b", words


def test_the_whole_name_goes_before_longer_ones_and_the_catalogue_before_the_community(where: search.Index) -> None:
    assert search.find(where, "MMLU", 5).benchmarks["id"].iloc[0] == "mmlu"
    assert search.find(where, "qwen2.5 7b", 5).models["id"].tolist()[:2] == ["qwen2.5-7b", "qwen2.5-7b-instruct"]


def test_a_run_is_found_by_its_digest_and_by_its_file(where: search.Index) -> None:
    row = where.runs.iloc[100]
    assert row["id"] in search.find(where, str(row["id"]), 5).runs["id"].tolist()
    assert search.find(where, "open_llm_leaderboard_v2.csv", 5).n[2] > 4000


def test_runs_of_one_file_are_told_apart(where: search.Index) -> None:
    labels = search.find(where, "llama 2 70b", 5).runs["label"].tolist()
    assert len(labels) == len(set(labels)) == 5
    assert all("Llama 2 70B" in label and " · " in label for label in labels)
    board = search.find(where, "open_llm_leaderboard_v2.csv", 1).runs.iloc[0]
    assert " · Open LLM Leaderboard v2" in board["label"]
    assert board["note"] == "open_llm_leaderboard_v2.csv"


def test_the_counts_are_of_everything_and_the_rows_of_the_first(where: search.Index) -> None:
    hits = search.find(where, "llama", 3)
    assert len(hits.models) == 3 < hits.n[0]
    assert hits.n_all == sum(hits.n)
    assert search.find(where, "   ", 3).n_all == 0
    assert search.find(where, "no such thing at all", 3).n_all == 0


@given(st.lists(NAMES, min_size=1, max_size=8), NAMES)
def test_what_is_found_holds_every_word(names: list[str], words: str) -> None:
    plain = [" ".join(search._PARTING.sub(" ", name.casefold()).split()) for name in names]
    frame = pd.DataFrame(
        {"id": names, "label": names, "weight": [float(i) for i in range(len(names))], "note": "", "text": plain}
    )
    wanted = search._PARTING.sub(" ", words.casefold()).split()
    hits = search.find(search.Index(frame, frame[:0], frame[:0]), words, 99)
    slow = [name for name, text in zip(names, plain, strict=True) if wanted and all(word in text for word in wanted)]
    assert sorted(hits.models["id"]) == sorted(slow)


def test_the_box_leads_to_what_it_found(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py")
    app.text_input(key="find").set_value("llama 2 70b").run()
    assert not app.exception
    links = [(one.proto.label, one.proto.query_string) for one in app.get("page_link")]
    assert (r":blue[Llama 2 70B]", "model=llama-2-70b") in links
    assert any(label.startswith("All ") for label, _ in links)
    app.text_input(key="find").set_value("no such thing at all").run()
    assert any("Nothing is called" in one.value for one in app.sidebar.markdown)


def test_the_search_page(open_app: Open, small_store: Path, tmp_path: Path) -> None:
    app = open_app(small_store, "pages/search.py", words="gsm8k")
    assert not app.exception
    assert "gsm8k" in app.title[0].value
    assert any("Benchmarks" in one.value for one in app.subheader)
    for words in ("", "no such thing at all"):
        assert open_app(small_store, "pages/search.py", words=words).info
    empty, hostile_store = tmp_path / "empty", tmp_path / "hostile"
    for words in ("", "llama"):
        nothing = open_app(empty, "pages/search.py", words=words)
        assert not nothing.exception
        assert nothing.info
    fill_hostile(hostile_store)
    hostile = open_app(hostile_store, "pages/search.py", words="<img src=x")
    assert not hostile.exception
    assert all("<img" not in one.proto.label.replace("\\<", "") for one in hostile.get("page_link"))
