"""Details of lighteval: what a Parquet file may unpack to is known before it is, and damaged ones are messages."""

from __future__ import annotations

import contextlib
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources import parquet_pages
from lib.sources.contract import Candidate
from lib.sources.lighteval_details import SOURCE, model_in
from lib.sources.parquet_pages import read_columns

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
        sizes = parquet_pages.sizes_of(content, column)
        assert sizes.pages <= column.total_uncompressed_size <= sizes.pages + 100 * 500
        assert sizes.n_values == column.num_values
        if column.path_in_schema == "doc.query":
            assert sizes.texts == 500 * 499


@pytest.mark.parametrize("is_list", [False, True])
def test_one_long_text_many_times_is_refused(is_list, monkeypatch):
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("it was unpacked"))
    long = "x" * 1_000_000
    rows = [row("q", 1.0, [long] * 500)] if is_list else [row(long, 1.0)] * 500
    content = written(rows, compression="zstd")
    assert len(content) < 1_000_000
    with pytest.raises(RefusedInput, match="unpacks to too much"):
        SOURCE.parse(Candidate(NAME, content))


def test_zeros_are_refused_before_they_are_unpacked(monkeypatch):
    content = written([row("x" * 2_000_000, 1.0)], compression="zstd")
    monkeypatch.setattr(parquet_pages, "MAX_UNPACKED", 1_000_000)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(RefusedInput, match="unpacks to too much"):
        read_columns(content, ["doc.query"])


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


@given(st.data())
def test_damaged_files_give_messages(data):
    content = bytearray(written([row("q", 1.0), row("r", 0.0)] * 3, compression="none"))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RefusedInput):
        SOURCE.parse(Candidate(NAME, bytes(content)))
