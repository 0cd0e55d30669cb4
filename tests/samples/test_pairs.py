"""The real pairs of the shipped data, through import and store; and what reading a pair costs in a large store."""

import csv
import os
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from lib.access import PUBLIC
from lib.analysis import paired
from lib.analysis.question_text import content_keys
from lib.analysis.sample_rows import METRIC
from lib.errors import RefusedInput, Unavailable
from lib.settings import read_settings
from lib.sources.ingest import ingest
from lib.store import read, tables
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.store.samples import folder, logs_of, read_pair, read_samples, which_file
from lib.store.write import withdraw

DATA = Path(__file__).parents[2] / "data"
WAIT = ("arc-easy-qwen2.5-0.5b-sonnet4", "xquad-t5-small-gpt2")
"""Pairs of formats that no importer reads yet."""
PAIRS = {
    row["pair_id"]: row
    for row in csv.DictReader((DATA / "lm-eval-samples/pairs.csv").read_text("utf-8").splitlines())
    if row["pair_id"] not in WAIT
}
ACROSS = {"tqagen-bleu-neo125m-llama2-13b"}
"""Pairs across generations of an evaluator."""
NOT_COMPARABLE = {"mmluproplus-chemistry-gemma3-12b", "mmluproplus-health-gemma3-12b"}
"""Pairs of runs with different chat templates."""
METRICS = {"tqagen-bleu": "bleu_acc", "tqagen-rouge1": "rouge1_acc", "rerun-negotiationtom-intention": "exact_match",
           "gsm8k-gemma3": "exact_match", "mmluproplus": "exact_match"}  # fmt: skip
FILTERS = {"gsm8k-gemma3": "strict-match", "mmluproplus": "custom-extract"}
MODELS = {
    "wino-llama2-7b-13b": ("llama-2-7b", "llama-2-13b"),
    "gsm8k-tora-34b-70b": ("tora-code-34b", "tora-70b"),
    "gsm-gemma-2-2b-it-gemma-2-27b-it": ("gemma-2-2b-it", "gemma-2-27b-it"),
    "crux-qwen2.5-7b-instruct-qwen2.5-72b-instruct": ("qwen2.5-7b-instruct", "qwen2.5-72b-instruct"),
    "mmlupro-yi-6b-llama-2-70b-hf": ("yi-6b", "llama-2-70b"),
    "mmlupro-llama-2-7b-hf-llama-2-70b-hf": ("llama-2-7b", "llama-2-70b"),
    "gsm8k-mixtral-gpt4": ("mixtral-8x7b-instruct", "gpt-4-turbo"),
}


class Filled(NamedTuple):
    """A store with every log of the pairs, its frames, and which source brought which log."""

    store: object
    frames: object
    brought: pd.DataFrame


TUNED_BY_HAND = ("gsm8k-gemma3-12b", "mmluproplus-")
"""Pairs with somebody's own tuned weights, which have no row in the catalogue."""


class Side(NamedTuple):
    """One log of a pair and the result that it explains."""

    log: tuple[int, str]
    about: dict
    model: object


def fill_pairs(folder):
    settings = read_settings({"P4P_DATA_DIR": str(folder), "P4P_FILL": "0"})
    store = open_store(settings)
    zips = sorted({row[side] for row in PAIRS.values() for side in ("zip_a", "zip_b")})
    names = ["catalogue/models.csv", "catalogue/aliases.csv", *(f"lm-eval-samples/{name}" for name in zips)]
    ingest(store, [DATA / name for name in names], settings=settings, shipped=True)
    store.close()


@pytest.fixture(scope="module")
def filled(filled_copy):
    store = open_store(read_settings({"P4P_DATA_DIR": str(filled_copy(fill_pairs)), "P4P_FILL": "0"}))
    s = tables.sample_files.c
    with store.reading() as connection:
        rows = connection.execute(select(s.run_id, s.task, s.source_id)).all()
    brought = pd.DataFrame([tuple(row) for row in rows], columns=["run_id", "task", "source_id"])
    sources = read.sources(store)[["id", "name"]].rename(columns={"id": "source_id"})
    yield Filled(store, FrameCache(store).frames(), brought.merge(sources))
    store.close()


def by_beginning(table, pair_id, usual):
    return next((value for beginning, value in table.items() if pair_id.startswith(beginning)), usual)


def side(filled, row, which):
    """The one log that the pair names, and its result under the pair's metric and filter."""
    member, _, system = row[f"member_{which}"].partition("#")
    found = filled.brought[filled.brought["name"].str.contains(f"{row[f'zip_{which}']}!/{member}", regex=False)]
    if system:
        found = found[found["run_id"].map(filled.frames.runs["model_name"]) == system]
    (log,) = found.itertuples()
    scores = filled.frames.scores_of([log.run_id])
    metric, filter_ = chosen(row["pair_id"])
    of_log = (scores["task"] == log.task) & (scores["metric"] == metric) & (scores["filter"] == filter_)
    (about,) = scores[of_log].to_dict("records")
    return Side((int(log.run_id), log.task), about, filled.frames.runs.loc[log.run_id, "model"])


def chosen(pair_id):
    return by_beginning(METRICS, pair_id, "acc"), by_beginning(FILTERS, pair_id, "none")


def joined(filled, pair_id):
    row = PAIRS[pair_id]
    a, b = side(filled, row, "a"), side(filled, row, "b")
    metric, filter_ = chosen(pair_id)
    columns = paired.columns_needed(metric, a.about, b.about)
    logs = read_pair(filled.store, a.log, b.log, columns)
    assert all(set(log.column_names) <= set(columns) for log in logs)
    return paired.pair(*logs, metric, filter_, about_a=a.about, about_b=b.about), a, b


def test_no_pair_is_forgotten():
    assert len(PAIRS) == 35


@pytest.mark.parametrize("pair_id", PAIRS)
def test_the_counts_that_are_stated_come_out(filled, pair_id):
    row = PAIRS[pair_id]
    found, a, b = joined(filled, pair_id)
    assert {
        "n_a": found.n_a,
        "n_b": found.n_b,
        "n_common": found.n,
        "acc_a": f"{found.a.mean():.6f}",
        "acc_b": f"{found.b.mean():.6f}",
        "only_a_right": found.n10,
        "only_b_right": found.n01,
    } == {
        name: row[name] if name.startswith("acc") else int(row[name])
        for name in ("n_a", "n_b", "n_common", "acc_a", "acc_b", "only_a_right", "only_b_right")
    }
    assert found.n11 + found.n10 + found.n01 + found.n00 == found.n
    assert (found.key == "words") is (pair_id in ACROSS)
    assert found.has_verdict is (pair_id not in ACROSS | NOT_COMPARABLE)
    # The score of each run is that of its log.
    if int(row["n_a"]) > 3:
        assert (a.about["n_correct"], b.about["n_correct"]) == (found.a.sum(), found.b.sum())
    if pair_id in MODELS:
        assert (a.model, b.model) == MODELS[pair_id]
    for one, params in ((a, row["params_a"]), (b, row["params_b"])):
        if one.model is None or pd.isna(one.model):
            assert pair_id.startswith(TUNED_BY_HAND)
        elif params:
            # Some are counted, some are stated: 13,015,864,320 and 13 B.
            assert filled.frames.models.at[one.model, "params_total"] == pytest.approx(float(params), rel=0.07)


def test_numbers_would_join_817_questions_falsely_and_words_join_all_truly(filled):
    row = PAIRS["tqagen-bleu-neo125m-llama2-13b"]
    a, b = side(filled, row, "a"), side(filled, row, "b")
    logs = read_pair(filled.store, a.log, b.log, ["sample_id", "doc", "prompt"])
    asked = [dict(zip(t["sample_id"].to_pylist(), content_keys(t), strict=True)) for t in logs]
    assert asked[0].keys() == asked[1].keys()
    assert sum(asked[0][number] != asked[1][number] for number in asked[0]) == 817
    found, _, _ = joined(filled, row["pair_id"])
    keys = [content_keys(t) for t in logs]
    assert [keys[0][i] for i in found.rows_a] == [keys[1][i] for i in found.rows_b]
    assert found.n == 817
    assert found.no_verdict == (
        "the runs come from different evaluators: the same questions, asked and judged differently",
    )


def test_the_same_questions_asked_with_other_examples_are_not_judged(filled):
    of = filled.brought[filled.brought["task"] == "masakhaner_luo_prompt_2"].sort_values("source_id")
    # No score per question can be read from these logs, so a made-up one stands in.
    logs = [read_samples(filled.store, int(run), "masakhaner_luo_prompt_2", paired.BASIC) for run in of["run_id"]]
    marked = [log.append_column(METRIC + "x", pa.array([1.0] * log.num_rows)) for log in logs]
    about = {"evaluator": "lm-eval 0.4", "task": "t", "metric": "x", "filter": "flexible-extract"}
    found = paired.pair(*marked, "x", "flexible-extract", about_a=about, about_b=about)
    assert (found.n, found.key) == (185, "document")
    assert found.cautions[-1] == "the prompts differ on 185 questions"
    assert found.no_verdict == ("the prompts differ, and the number of examples in them is not stated",)


def test_reading_a_pair_opens_two_files_and_asks_by_key(filled, monkeypatch):
    opened = []
    real = pq.ParquetFile

    def spy(path, *args, **kwargs):
        opened.append(Path(path))
        return real(path, *args, **kwargs)

    row = PAIRS["mmlupro-yi-6b-yi-34b"]
    a, b = side(filled, row, "a"), side(filled, row, "b")
    monkeypatch.setattr(pq, "ParquetFile", spy)
    monkeypatch.setattr(pq, "read_table", None)
    monkeypatch.setattr(os, "scandir", None)
    first, second = read_pair(filled.store, a.log, b.log, ["sample_id", "metric:acc"])
    assert (first.num_rows, second.num_rows) == (12032, 12032)
    assert len(opened) == 2
    assert {path.parent.parent for path in opened} == {folder(filled.store)}


@pytest.mark.parametrize("n_logs", [0, 10_000])
def test_a_log_is_found_by_key_however_many_are_stored(sqlite_store, n_logs):
    """100,000 logs of 1,000 questions are 100 million samples; the plan stays a search in two indexes."""
    connection = sqlite_store.engine.raw_connection().driver_connection
    if n_logs:
        connection.execute("pragma foreign_keys=off")  # logs of runs that need not be there
        rows = ((n // 50 + 1, f"task {n % 50}", f"{n:064x}", 1000, 1, 1) for n in range(n_logs))
        columns = "run_id, task, digest, n_rows, n_bytes, source_id"
        connection.executemany(f"insert into sample_files ({columns}) values (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("analyze")
        connection.commit()
    query = str(which_file(PUBLIC, 7, "task 3").compile(sqlite_store.engine, compile_kwargs={"literal_binds": True}))
    plan = [row[-1] for row in connection.execute(f"explain query plan {query}")]
    steps = [step for step in plan if "sample_files" in step]
    assert len(steps) == 1
    assert "SEARCH" in steps[0]
    assert "(run_id=? AND task=?)" in steps[0]
    assert not any(step.startswith("SCAN") for step in plan)


def test_which_logs_there_are_is_told_without_opening_any(filled, monkeypatch):
    row = PAIRS["wino-llama2-7b-13b"]
    a, b = side(filled, row, "a"), side(filled, row, "b")
    monkeypatch.setattr(pq, "ParquetFile", None)
    logs = logs_of(filled.store, [a.log[0], b.log[0]])
    assert set(zip(logs["run_id"], logs["task"], logs["n_rows"], strict=True)) >= {(*a.log, 1267), (*b.log, 1267)}
    assert logs_of(filled.store, []).empty


def test_what_is_not_there_is_said(filled):
    a = side(filled, PAIRS["wino-llama2-7b-13b"], "a")
    with pytest.raises(RefusedInput, match="no samples are stored"):
        read_pair(filled.store, a.log, (a.log[0], "another task"))


def test_logs_that_hold_different_questions_are_refused(filled):
    a, _ = side(filled, PAIRS["gsm8k-mixtral-gpt4"], "a"), None
    b = side(filled, PAIRS["mmlu-anatomy-mixtral-gpt4"], "b")
    logs = read_pair(filled.store, a.log, b.log, [*paired.BASIC, "metric:acc"])
    with pytest.raises(RefusedInput, match="different questions"):
        paired.pair(*logs, "acc", "none", about_a=a.about, about_b=b.about)


def test_a_withdrawn_log_is_not_read(filled):
    """Last: it changes the store."""
    b = side(filled, PAIRS["gsm8k-tora-34b-70b"], "b")
    (source,) = filled.brought.loc[filled.brought["run_id"] == b.log[0], "source_id"]
    withdraw(filled.store, int(source))
    with pytest.raises(RefusedInput, match="no samples are stored"):
        read_samples(filled.store, *b.log)
    assert logs_of(filled.store, [b.log[0]]).empty


def test_a_lost_file_is_said(filled):
    """Last: it changes the store."""
    a = side(filled, PAIRS["mmlu-anatomy-mixtral-gpt4"], "a")
    with filled.store.reading() as connection:
        digest = connection.execute(which_file(PUBLIC, *a.log)).scalar_one()
    next(folder(filled.store).glob(f"*/{digest}.parquet")).unlink()
    with pytest.raises(Unavailable, match="is missing"):
        read_samples(filled.store, *a.log)
