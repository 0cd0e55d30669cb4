"""Methods in words: every one has words, a source and code that exists, and constants have the values that are told."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from lib.schema.flags import FLAGS
from lib.schema.sizes import WEIGHT_CLASSES
from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.dump_dictionary import dictionary
from lib.store.frames import FrameCache
from lib.ui import data_downloads, data_methods
from tests.ui.conftest import Open

ROOT = Path(__file__).resolve().parents[2]
METHODS = data_methods.methods()


def _named(dotted: str) -> Any:
    """What a dotted name means: a module, or something in one."""
    module, _, name = dotted.rpartition(".")
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError:
        return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("key", METHODS)
def test_each_method_is_whole(key: str) -> None:
    method = METHODS[key]
    assert method.title and "\n" not in method.title
    assert method.text.count("$$") % 2 == 0
    source = method.text.rpartition("\n\nSource: ")[2]
    assert source != method.text and source.endswith(".")
    named = re.findall(r"`(lib\.[\w.]+)`(?: = (\([^)]*\)|[^`,]+))?(?:, |$)", method.code)
    assert named and len(named) == method.code.count("`") // 2
    for dotted, told in named:
        found = _named(dotted)
        if told:
            assert found == (told if isinstance(found, str) else ast.literal_eval(told)), dotted


def test_the_document_is_the_methods() -> None:
    document = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert document == data_methods.as_markdown(), "docs/methods.md is what as_markdown() gives"


def test_numbers_in_the_words_are_those_of_the_code() -> None:
    from lib.analysis import findings, fits, saturation
    from lib.stats import intervals, memory, noninferiority

    keeps_up = METHODS["non-inferiority"].text
    assert (
        f"{100 * noninferiority.MARGIN:.0f} points" in keeps_up and f"fewer than {intervals.SMALL_SAMPLE}" in keeps_up
    )
    assert findings.BEST_KNOWN == 5 and "of the five open, dense models above 35B" in keeps_up
    assert f"{100 * (1 - memory.FREE_SHARE - memory.RUNTIME_SHARE):.0f}%" in METHODS["memory"].text
    assert f"{fits.BITS_PER_WEIGHT[8]} and {fits.BITS_PER_WEIGHT[4]} bits" in METHODS["memory"].text
    assert f"below {saturation.ABOVE_CHANCE_Z}" in METHODS["saturation"].text
    assert all(one.label in METHODS["size"].text for one in WEIGHT_CLASSES)
    assert all(f"| {flag} | {meaning} |" in METHODS["marks"].text for flag, meaning in FLAGS.items())


def test_the_protocol_table_names_every_field() -> None:
    """What the table says of unknown and different is what ``compare`` does."""
    from lib.analysis.comparability import CAUTION, CAUTION_FIELDS, NOT_COMPARABLE, UNKNOWN_IS_CAUTION, compare

    row = {
        "evaluator": "lm-eval 0.4", "benchmark": "a", "task": "a", "metric": "acc", "filter": "none", "task_version": "1",
        "n_samples": 100, "n_shot": 0, "chat_template": "none", "system_instruction": "none",
    }  # fmt: skip
    assert compare(row, row).verdict == "comparable"
    for field in UNKNOWN_IS_CAUTION:
        assert compare(row, {**row, field: None}).verdict == CAUTION
        assert compare(row, {**row, field: "other"}).verdict == NOT_COMPARABLE
    for field in CAUTION_FIELDS:
        assert compare({**row, field: "x"}, row).verdict == "comparable"
        assert compare({**row, field: "x"}, {**row, field: "y"}).verdict == CAUTION
    for field in ("evaluator", "metric", "filter"):
        assert compare(row, {**row, field: None}).verdict == NOT_COMPARABLE
    assert compare(row, {**row, "task_version": None}).verdict == CAUTION
    assert compare(row, {**row, "task_version": "2"}).verdict == NOT_COMPARABLE


def test_methods_can_be_chosen_by_address(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/data.py", part="methods", method="intervals")
    assert not app.exception
    assert METHODS["intervals"].title in [s.value for s in app.subheader]
    assert any("Wilson" in m.value for m in app.markdown)
    app.selectbox(key="method").set_value("memory").run()
    assert not app.exception
    assert METHODS["memory"].title in [s.value for s in app.subheader]


def test_downloads_are_offered_with_their_dictionary(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/data.py", part="downloads")
    assert not app.exception
    addresses = [button.proto.url for button in app.get("link_button")]
    assert addresses == [data_downloads.ADDRESS + kind for kind in ("parquet", "csv")]
    shown = next(d.value for d in app.dataframe if "column" in d.value.columns)
    assert len(shown) == sum(len(table.columns) for table in dictionary().values())
    app.text_input(key="word").set_value("n_correct").run()
    found = next(d.value for d in app.dataframe if "column" in d.value.columns)
    assert 0 < len(found) < 10 and {"n_correct"} <= set(found["column"])
    app.text_input(key="word").set_value("no such thing <b>").run()
    assert not app.exception and app.info


def test_sizes_are_told_roughly(small_store: Path, tmp_path: Path) -> None:
    from lib.store.dump import FORMATS, megabytes, write_dump

    store = open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))
    n = FrameCache(store).frames().counts["n_results"]
    for format in FORMATS:
        with (tmp_path / format).open("wb") as file:
            write_dump(store, file, format)
        assert megabytes(format, n) == pytest.approx((tmp_path / format).stat().st_size / 1e6, rel=0.4)
    store.close()
