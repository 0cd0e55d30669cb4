"""Details of lighteval: what a Parquet file may unpack to is known before it is, and damaged ones are messages."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources import lighteval_details, parquet_child
from lib.sources.contract import Candidate
from lib.sources.lighteval_details import SOURCE, model_in

NAME = "details/org/m/2025-11-05T14-43-47.148527/details_x:a|3_2025-11-05T14-43-47.148527.parquet"


def row(query, value, choices=("a", "b"), gold=1):
    return {
        "doc": {"query": query, "choices": list(choices), "gold_index": gold, "task_name": "x:a|3"},
        "metric": {"acc": value},
        "model_response": {"text": ["b"]},
    }


def written(rows, **options):
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer, **options)
    return buffer.getvalue()


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.text(max_size=20), st.sampled_from([0.0, 1.0, None])), min_size=1, max_size=30),
    st.sampled_from(["none", "zstd", "gzip", "snappy"]),
    st.sampled_from(["1.0", "2.0"]),
    st.booleans(),
    st.sampled_from([3, 1000]),
)
def test_what_was_written_is_read(asked, compression, page, dictionary, group):
    rows = [row(query.replace("\0", ""), value) for query, value in asked] + [row("last", 1.0)]
    content = written(
        rows, compression=compression, data_page_version=page, use_dictionary=dictionary, row_group_size=group,
        data_page_size=64,
    )  # fmt: skip
    # Read here: a child for each example would take half a minute.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lighteval_details, "read_details", parquet_child.read_table)
        (run,) = SOURCE.parse(Candidate(NAME, content)).runs
    table = run.samples[0].table
    assert table.column("metric:acc").to_pylist() == [one["metric"]["acc"] for one in rows]
    assert table.column("prompt").to_pylist() == [one["doc"]["query"] for one in rows]
    assert set(table.column("target").to_pylist()) == {"b"}
    (result,) = run.results
    known = [one["metric"]["acc"] for one in rows if one["metric"]["acc"] is not None]
    assert (result.task, result.n_shot, result.n_samples, result.n_correct) == ("x_a", 3, len(known), int(sum(known)))
    assert run.spellings == ("org/m",)


def test_pages_are_measured_as_they_are():
    """The sum of sizes in the headers is the reader's own."""
    content = written([row("q" * n, 1.0) for n in range(500)], compression="zstd", data_page_size=512)
    metadata = pq.ParquetFile(io.BytesIO(content)).metadata
    for number in range(metadata.num_columns):
        column = metadata.row_group(0).column(number)
        pages, n_values, texts = parquet_child.sizes_of(content, column)
        assert pages <= column.total_uncompressed_size <= pages + 100 * 500
        assert n_values == column.num_values
        if column.path_in_schema == "doc.query":
            assert texts == 500 * 499


@pytest.mark.parametrize("is_list", [False, True])
def test_one_long_text_many_times_is_refused(is_list, monkeypatch):
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("it was unpacked"))
    monkeypatch.setattr(parquet_child, "MAX_UNFOLDED", 10_000_000)
    long = "x" * 100_000
    rows = [row("q", 1.0, [long] * 120)] if is_list else [row(long, 1.0)] * 120
    content = written(rows, compression="zstd")
    assert len(content) < 200_000
    with pytest.raises(parquet_child._RefusedError, match="unpacks to too much"):
        parquet_child.read_table(content)


def test_zeros_are_refused_before_they_are_unpacked(monkeypatch):
    content = written([row("x" * 2_000_000, 1.0)], compression="zstd")
    monkeypatch.setattr(parquet_child, "MAX_UNPACKED", 1_000_000)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(parquet_child._RefusedError, match="unpacks to too much"):
        parquet_child.read_table(content)


def test_a_file_that_kills_its_reader_is_a_message():
    """A footer whose statistics have one level too many: Arrow 26 ends the process that asks for them."""
    deadly = (Path(__file__).with_name("deadly.parquet")).read_bytes()
    with pytest.raises(RefusedInput, match="a damaged Parquet file"):
        SOURCE.parse(Candidate(NAME, deadly))


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (NAME, "org/m"),
        ("details_org__m_private/2025-11-05T14-43-47.148527/details_x.parquet", "org/m"),
        ("org/m/details_x.parquet", "org/m"),
        ("m/details_x.parquet", "m"),
        ("details_x.parquet", None),
    ],
)
def test_folders_name_the_model(path, model):
    assert model_in(path) == model


@pytest.mark.parametrize(
    "rows", [[{"a": 1}], [{"doc": {"query": "q"}}], [{"doc": {"query": "q"}, "metric": {"acc": "x"}}]]
)
def test_other_tables_are_refused(rows):
    with pytest.raises(RefusedInput):
        SOURCE.parse(Candidate(NAME, written(rows)))


@pytest.mark.parametrize("place", [3, 300, -300, -60])
def test_damaged_files_give_messages(place):
    content = bytearray(written([row("q", 1.0), row("r", 0.0)] * 3, compression="none"))
    content[place : place + 4] = b"\xff\x00\x7f\x80"
    with contextlib.suppress(RefusedInput):
        SOURCE.parse(Candidate(NAME, bytes(content)))
