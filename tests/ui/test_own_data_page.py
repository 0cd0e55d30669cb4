"""The page for own results: the guide says what the importer does, and its example imports as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.settings import read_settings
from lib.sources import plain_csv, plain_csv_header
from lib.sources.ingest import ingest
from lib.store import read
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.store.withdrawal import withdraw
from lib.ui.views import own_data
from tests.ingest.archives import results_file, zipped
from tests.ui.conftest import Open
from tests.ui.stores import fill_hostile

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/own_data.py"
GUIDE = own_data.sections()
CSV = GUIDE[own_data.READERS["csv"]]

REFUSED = {
    "`70.7` for `acc`": b"model,benchmark,metric,score\norg/m,mmlu,acc,70.7\n",
    "`70.7` and no metric": b"model,benchmark,score\nm,b,70.7\n",
    "`0,71` as a score": b'model,benchmark,score\norg/m,mmlu,"0,71"\n',
    "`n/a` as a score": b"model,benchmark,score\norg/m,mmlu,n/a\n",
    "a column `nshots`": b"model,benchmark,metric,score,nshots\norg/m,mmlu,acc,0.7,5\n",
    "one score on two lines": b"model,benchmark,metric,score\norg/m,mmlu,acc,0.71\norg/m,mmlu,acc,0.72\n",
    "171 right of 100": b"model,benchmark,metric,score,n,n_correct\norg/m,mmlu,acc,0.71,100,171\n",
    "no column `model`": b"name,benchmark,score\norg/m,mmlu,0.71\n",
    "a column `accuracy` for the score": b"model,benchmark,accuracy\norg/m,mmlu,0.71\n",
    "semicolons for commas": b"model;benchmark;score\norg/m;mmlu;0,71\n",
    "text that is not UTF-8": b"model,benchmark,score\norg/m\xe9,mmlu,0.5\n",
}


def test_the_example_imports_as_it_stands(tmp_path: Path) -> None:
    settings = read_settings({"P4P_DATA_DIR": str(tmp_path)})
    store = open_store(settings)
    summary = ingest(store, [own_data.EXAMPLE], settings=settings)
    assert (summary.imported, summary.results, summary.refused, summary.warnings) == (1, 6, [], [])
    frames = FrameCache(store).frames()
    assert frames.models.loc["my-org/my-base-3b", "params_total"] == 3.2e9
    scores = frames.scores(["arc_easy", "winogrande", "boolq", "lambada_openai"])
    tiny = scores[scores["model"] == "my-org/my-tiny-1b"].set_index("task")
    base = scores[scores["model"] == "my-org/my-base-3b"].set_index("task")
    assert (tiny.at["arc_easy", "n_correct"], tiny.at["arc_easy", "n_samples"]) == (1352, 2376)
    assert tiny.at["arc_easy", "score_published"] == 0.5690
    assert base.at["arc_easy", "score_published"] == 0.6132 and base.at["arc_easy", "n_correct"] == 1457
    assert tiny.loc["boolq", ["stderr", "n_samples"]].isna().all()  # unknown, not 0
    assert (tiny.at["lambada_openai", "score"], tiny.at["lambada_openai", "stderr"]) == (7.92, 0.18)
    assert tiny.at["lambada_openai", "higher_is_better"] == False  # noqa: E712 - a numpy or pandas truth
    assert set(scores["evaluator"]) == {"my-harness 1.2"}
    store.close()


def test_guide_document_and_example_are_one_text() -> None:
    page = (ROOT / "lib" / "ui" / "views" / "own_data.md").read_bytes()
    assert (ROOT / "docs" / "own-data.md").read_bytes() == page
    (block,) = re.findall(r"```csv\n(.*?)```", CSV, re.DOTALL)
    assert block.encode() == own_data.example()
    assert set(GUIDE) == {*own_data.READERS.values(), *own_data.FOR_ALL}


def test_every_column_of_the_importer_is_explained_and_no_other() -> None:
    table = CSV[CSV.index("| column |") :]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    before = CSV[: CSV.index("| column |")]
    assert all(f"`{name}` " in before or f"`{name}`." in before for name in plain_csv_header.OTHER_NAMES)
    assert {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)} == set(plain_csv.LONG)
    needed = set(re.findall(r"^\| `(\w+)` needed \|", table, re.MULTILINE))
    assert needed == {name for name, column in plain_csv.LONG.items() if column.is_required}


@pytest.mark.parametrize("written", REFUSED)
def test_refusals_read_as_the_guide_says(tmp_path: Path, written: str) -> None:
    (row,) = [line for line in GUIDE["When a file is refused"].splitlines() if line.startswith(f"| {written} |")]
    file = tmp_path / "broken.csv"
    file.write_bytes(REFUSED[written])
    settings = read_settings({"P4P_DATA_DIR": str(tmp_path / "local")})
    store = open_store(settings)
    (issue,) = ingest(store, [file], settings=settings).refused
    store.close()
    told = row.split("|")[2].strip().replace("`", "")
    assert issue.reason.startswith(told), issue.reason


def test_every_command_of_the_guide_exists() -> None:
    from lib.cli import build_parser

    known = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    commands = re.findall(r"python -m lib (\w+)", "\n".join(GUIDE.values()))
    assert set(commands) <= set(known) and "import" in commands


@pytest.mark.parametrize("kind", own_data.READERS)
def test_the_page_for_each_kind_of_reader(open_app: Open, small_store: Path, kind: str) -> None:
    app = open_app(small_store, PAGE, have=kind)
    assert not app.exception
    assert "my own results" in app.title[0].value
    told = "\n".join(m.value for m in app.markdown)
    pieces = {(one.value.strip("\n"), True) for one in app.code} | {(one.value, False) for one in app.markdown}
    assert set(own_data.blocks(GUIDE[own_data.READERS[kind]])) <= pieces
    assert all(one.proto.wrap_lines for one in app.code)
    assert GUIDE["What happens to your data"] in told
    assert "models" in app.header[0].value
    if kind == "csv":
        assert app.code[0].value + "\n" == own_data.example().decode()
        shown = app.dataframe[0].value
        assert shown["score"].tolist() == ["0.5690", "0.5343", "0.6318", "7.92", "61.32", "59.12"]
    assert "for a model" in told
    # Where names are mapped and files withdrawn.
    assert {"part=names", "part=sources"} <= {link.proto.query_string for link in app.get("page_link")}


def own_store(folder: Path) -> Path:
    """A store that a reader's own table and zip were imported into, beside a file of the project."""
    settings = read_settings({"P4P_DATA_DIR": str(folder)})
    store = open_store(settings)
    (folder / "mine.csv").write_text("model,benchmark,metric,score\norg/m,arc_easy,acc,0.5\n")
    (folder / "all.zip").write_bytes(zipped({"a.json": results_file("org/a"), "b.json": results_file("org/b")}))
    ingest(store, [own_data.EXAMPLE], settings=settings, shipped=True)
    ingest(store, [folder / "mine.csv", folder / "all.zip"], settings=settings)
    store.close()
    return folder


def links_of(app: AppTest) -> dict[str, str]:
    """Words of the links of the page to what their addresses carry."""
    return {link.proto.label: link.proto.query_string for link in app.get("page_link")}


def test_own_files_are_listed_and_lead_to_their_pages(open_app: Open, tmp_path: Path) -> None:
    folder = own_store(tmp_path / "own")
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    known = read.sources(store)
    app = open_app(folder, PAGE)
    assert not app.exception
    links = {words: address for words, address in links_of(app).items() if "imported" in words}
    (table,) = [address for words, address in links.items() if "mine.csv · 1 result" in words.replace("\\", "")]
    (zipped_,) = [address for words, address in links.items() if "all.zip · 2 results" in words.replace("\\", "")]
    by_name = known.set_index(known["name"].str.split("/").str[-1])
    assert table == f"source={by_name['digest']['mine.csv'][:12]}"
    assert zipped_ == f"part=sources&file={by_name['raw_digest']['a.json'][:12]}"
    assert len(links) == 2  # not that of the project
    withdraw(store, int(by_name["id"]["mine.csv"]))
    store.close()
    app = open_app(folder, PAGE)
    assert any("mine.csv" in words.replace("\\", "") and "withdrawn" in words for words in links_of(app))


def test_an_address_that_names_nothing_and_other_stores(open_app: Open, tmp_path: Path, one_model_store: Path) -> None:
    app = open_app(one_model_store, PAGE, have="<b>nonsense</b>")
    assert not app.exception and "lm-evaluation-harness" in "\n".join(m.value for m in app.markdown)
    app = open_app(tmp_path / "empty", PAGE, have="names")
    assert not app.exception and "stays on this machine" in app.header[0].value
    fill_hostile(tmp_path / "hostile")
    assert not open_app(tmp_path / "hostile", PAGE).exception
