"""The list of shipped files: complete, counted, described, and every file is read by exactly one importer."""

import csv
import re
import zipfile
from pathlib import Path

import pytest

from lib.errors import RefusedInput, Unavailable
from lib.sources import reference_tables
from lib.sources import shipped as shipped_list
from lib.sources.contract import Candidate
from lib.sources.registry import importer_for, importers

DATA = Path(__file__).parents[2] / "data"
FILES = shipped_list.shipped_files(DATA)
README_ROW = re.compile(r"\| `([^`]+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| ([\d,]+) \|")
BY_PATH = {file.path: file for file in FILES}


def count_rows(path: Path) -> int:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return sum(not info.is_dir() for info in archive.infolist())
    if path.suffix == ".jsonl":
        return len(path.read_bytes().splitlines()) - 1
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def test_no_file_is_missing_in_the_list():
    found = {
        str(path.relative_to(DATA))
        for path in DATA.rglob("*")
        if path.is_file() and path.suffix in (".csv", ".zip", ".json", ".jsonl", ".yaml", ".parquet")
    }
    # Examples are for readers to try, tasks and presets are what to ask: none of them is data about models.
    found = {path for path in found if not path.startswith(("local/", "examples/", "presets/", "lm-eval-tasks/"))} - {
        shipped_list.MANIFEST
    }
    assert found == set(BY_PATH)


def test_counts_agree():
    assert {file.path: file.n_rows for file in FILES} == {file.path: count_rows(DATA / file.path) for file in FILES}


def test_the_readme_says_the_same_of_every_file():
    rows = README_ROW.findall((DATA / "README.md").read_text("utf-8"))
    said = {path: tuple(rest) for path, *rest in rows}
    assert said == {
        file.path: (
            file.title,
            f"<{file.url}>" if file.url else "compiled for this project",
            file.licence,
            file.attribution or "-",
            file.published_on or "unknown",
            f"{file.n_rows:,}",
        )
        for file in FILES
    }


def test_the_models_come_first_and_the_page_needs_little():
    assert FILES[0].path == "catalogue/models.csv"
    stages = [file.stage for file in FILES]
    assert stages == sorted(stages, key=shipped_list.STAGES.index)
    needed = [file for file in FILES if file.stage == "catalogue"]
    assert sum((DATA / file.path).stat().st_size for file in needed) < 2_000_000


def test_every_table_is_read_by_exactly_one_importer_that_knows_it(shipped):
    for file in FILES:
        if not file.path.endswith(".csv"):
            continue
        candidate = Candidate(file.path, (DATA / file.path).read_bytes())
        # The plain CSV importer comes after all others and takes whatever has a column of models.
        knowing = [i for i in importers() if i.priority <= 50 and i.recognise(candidate)]
        assert [i.name for i in knowing] == [importer_for(candidate).name], file.path
        parsed = shipped(file.path)
        assert parsed.runs or any(parsed.tables.values())


def test_reference_tables_keep_every_row_and_its_types(shipped):
    draws = shipped("scaling/refit_bootstrap_draws.csv").tables["reference:refit_bootstrap_draws"]
    assert len(draws) == 1000
    assert draws[0] == {
        "draw": 1,
        "E": 1.8484755,
        "A": 640.668379,
        "B": 2759.97136,
        "alpha": 0.364987257,
        "beta": 0.378771623,
    }
    points = shipped("scaling/chinchilla_fig4_points.csv").tables["reference:chinchilla_fig4_points"]
    assert sum(point["dropped_as_outlier"] for point in points) == 5
    architectures = shipped("cost/model_arch.csv").tables["reference:model_arch"]
    assert architectures[0]["params_active_published"] is None


def test_no_two_reference_tables_have_the_same_header():
    headers = [frozenset(table.columns) for table in reference_tables.TABLES.values()]
    assert len(set(headers)) == len(headers)


def test_zips_are_whole_and_carry_a_licence():
    for file in FILES:
        if file.path.endswith(".zip"):
            with zipfile.ZipFile(DATA / file.path) as archive:
                assert archive.testzip() is None
                assert any("licen" in name.lower() for name in archive.namelist()), file.path


def test_a_folder_without_a_list_is_said(tmp_path):
    with pytest.raises(Unavailable, match="No shipped data"):
        shipped_list.shipped_files(tmp_path)


def test_a_broken_list_names_line_and_column(tmp_path):
    header = ",".join(shipped_list.TABLE.columns)
    (tmp_path / shipped_list.MANIFEST).write_text(f"{header}\na.csv,A,,facts,,,ten,tables,true\n", "utf-8")
    with pytest.raises(RefusedInput, match="line 2, column 'n_rows'"):
        shipped_list.shipped_files(tmp_path)
