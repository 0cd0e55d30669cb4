"""What is too large to be held as objects is refused before it is read, with what would have been taken."""

from __future__ import annotations

import orjson
import pytest

from lib.errors import RefusedInput
from lib.schema.records import Parsed
from lib.sources import lm_eval_rows, lm_eval_sample_rows, plain_csv, readers, tables
from lib.sources.contract import Candidate
from lib.sources.registry import importer_for


def read(content: bytes, name: str = "a.json") -> Parsed:
    candidate = Candidate(name, content)
    return importer_for(candidate).parse(candidate)


RESULTS = orjson.dumps({"results": {"piqa": {"acc": 0.5}}, "versions": {"piqa": 0}, "config": {"note": "x" * 500}})
ROW = b'{"doc_id":%d,"doc":"q","target":"a","arguments":[["q","a"]],"resps":[[1]],"acc":1}\n'
LOG = b"".join(ROW % number for number in range(20))


def test_a_document_beyond_the_limit_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(RESULTS).runs
    monkeypatch.setattr(readers, "MAX_DOCUMENT_BYTES", len(RESULTS) - 1)
    monkeypatch.setattr(orjson, "loads", lambda _: pytest.fail("parsed"))
    with pytest.raises(RefusedInput, match=r"too large to be read in one piece; expected at most .* for one JSON"):
        read(RESULTS)


def test_many_lines_may_be_larger_than_a_document_but_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_DOCUMENT_BYTES", 200)
    assert read(LOG, "samples_a.jsonl").runs[0].samples[0].table.num_rows == 20
    long = LOG + ROW.replace(b'"q"', b'"' + b"q" * 200 + b'"') % 20
    with pytest.raises(RefusedInput, match=r"at line 21; expected at most .* for a line"):
        read(long, "samples_a.jsonl")


def test_tiny_values_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_VALUES", 1000)
    content = RESULTS[:-1] + b',"x":[' + b",".join([b"[]"] * 600) + b"]}"
    with pytest.raises(RefusedInput, match="too many values in one piece of JSON; expected at most 1,000; found 1,2"):
        read(content)
    assert read(RESULTS[:-1] + b',"x":"' + b"," * 900 + b'"}').runs


def test_rows_scores_and_tables_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lm_eval_sample_rows, "MAX_ROWS", 19)
    with pytest.raises(RefusedInput, match="too many rows for one log at row 20; expected at most 19"):
        read(LOG, "samples_a.jsonl")
    monkeypatch.setattr(lm_eval_sample_rows, "MAX_NUMBERS", 9)
    with pytest.raises(RefusedInput, match="too many rows for so many metrics at row 10; expected at most 9 numbers"):
        read(LOG, "samples_a.jsonl")
    monkeypatch.setattr(lm_eval_rows, "MAX_SCORES", 1)
    with pytest.raises(RefusedInput, match="too many scores at results; expected at most 1; found 2"):
        read(RESULTS.replace(b'"acc":0.5', b'"acc":0.5,"acc_norm":0.5'))
    table = b"model,benchmark,score\n" + b"".join(b"m,b%d,0.5\n" % number for number in range(10))
    assert read(table, "a.csv").runs
    monkeypatch.setattr(plain_csv, "MOST_SCORES", 9)
    with pytest.raises(RefusedInput, match="too many scores for one file; expected at most 9"):
        read(table, "a.csv")
    monkeypatch.setattr(tables, "MOST_BYTES", 100)
    with pytest.raises(RefusedInput, match="too large for one table"):
        read(table, "a.csv")


def test_a_log_in_many_chunks_is_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    late = LOG + b'{"doc_id":20,"doc":null,"target":"a","arguments":[["q","a"]],"resps":[[1]],"f1":0.5}\n'
    late += ROW % 3  # a question again: the filters are told apart over all chunks
    whole = read(late, "samples_a.jsonl").runs[0]
    monkeypatch.setattr(lm_eval_sample_rows, "ROWS_PER_CHUNK", 3)
    by_rows = read(late, "samples_a.jsonl").runs[0]
    monkeypatch.setattr(lm_eval_sample_rows, "CHARACTERS_PER_CHUNK", 1)
    by_size = read(late, "samples_a.jsonl").runs[0]
    for run in (by_rows, by_size):
        assert run.samples[0].table.equals(whole.samples[0].table)
        assert run.results == whole.results
        assert all(column.num_chunks == 1 for column in run.samples[0].table.columns)
    table = whole.samples[0].table
    assert table.column("metric:f1").to_pylist() == [None] * 20 + [0.5, None]
    assert table.column("metric:acc").null_count == 1
    assert table.column("filter").to_pylist()[-2:] == ["unnamed-1", "unnamed-2"]
