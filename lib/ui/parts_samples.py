"""The samples of a run: what was asked, what came back, what was right. Text from files is shown as code, never read as markup."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
import pyarrow as pa
import streamlit as st

from lib import formats
from lib.analysis import sample_rows
from lib.analysis.sample_rows import METRIC, Counts, Verdict
from lib.errors import Unavailable
from lib.store.db import Store
from lib.store.details import RunDetails
from lib.store.samples import read_samples, sample_columns
from lib.ui import cached, controls, links, page

PAGE = 20
MOST_PAGES = 500
TITLE = 100
CUT, WHOLE = 1_200, 100_000
"""Characters of one text in the list, and on the page of one question."""
AGREES = 5e-4
CONTROLS = ("log", "measure", "taken", "went", "text", "at")
"""What the address says about the list; a question of its own needs the first three."""


def samples(details: RunDetails) -> None:
    """One log of the run: its counts, a filter, a search, a page of questions; or the one question of the address."""
    page.part("What was asked, and what was answered?")
    store, run_id = cached.store(), int(details.run["id"])
    places = st.columns([4, 3, 3, 3, 4], vertical_alignment="bottom")
    tasks = {str(one.task): f"{one.task} ({formats.count(one.n_rows)})" for one in details.samples.itertuples()}
    with places[0]:
        log = controls.choice("log", "Task", tasks)
    try:
        names = sample_columns(store, run_id, log)
        numbers = read_samples(
            store, run_id, log, [n for n in names if n in ("sample_id", "filter") or n.startswith(METRIC)]
        )
    except Unavailable as trouble:
        page.nothing_left(str(trouble))
        return
    measures, kinds = sample_rows.metrics(names), sample_rows.filters(numbers)
    with places[1]:
        measure = controls.choice("measure", "Judged by", {m: m for m in measures}, default=_usual(details, log, numbers)) if measures else ""  # fmt: skip
    with places[2]:
        # With one way of taking the answer there is nothing to choose.
        kind = controls.choice("taken", "Answer taken by", {k: f"{k} ({n})" for k, n in kinds.items()}) if len(kinds) > 1 else next(iter(kinds))  # fmt: skip
    counts = sample_rows.counts(numbers, measure, kind) if measure else Counts(0, None, float("nan"), numbers.num_rows)
    asked = str(st.query_params.get("doc", ""))
    page.small_text(formats.markdown(_counted(details, log, measure, kind, counts), 400))
    if asked.isdigit():
        _one(store, run_id, details, log, names, numbers, int(asked))
        return
    with places[3]:
        verdict = _verdict(counts)
    with places[4]:
        words = (st.text_input("Search in them", key="text", bind="query-params", max_chars=80, placeholder="words of a question or answer") or "").strip()  # fmt: skip
    searched = numbers if not words else _with_texts(store, run_id, log, numbers)
    positions = sample_rows.chosen(searched, filter=kind, metric=measure, verdict=verdict, words=words)
    if not len(positions):
        page.nothing_left("No question of this log fits. Take a filter away, or search for something shorter.")
        return
    n_pages = min(MOST_PAGES, -(-len(positions) // PAGE))
    at = 1
    if n_pages > 1:
        at = int(controls.choice("at", "Page", {str(n): f"{n} of {n_pages}" for n in range(1, n_pages + 1)}))
    shown, _, _ = sample_rows.page_of(positions, at, PAGE)
    if len(positions) > MOST_PAGES * PAGE:
        page.small_text(f"The first {formats.count(MOST_PAGES * PAGE)} can be leafed through; a search narrows it.")
    wanted = [n for n in names if n in sample_rows.SHOWN or n == METRIC + measure]
    table = read_samples(store, run_id, log, wanted).take(pa.array(shown))
    for n, row in enumerate(table.to_pylist()):
        _listed(details, log, row, measure, counts.n_right is not None, is_open=n == 0)


def _one(store: Store, run_id: int, details: RunDetails, log: str, names: list[str], numbers: pa.Table, sample_id: int) -> None:  # fmt: skip
    """One question whole, under every filter."""
    back = {"run": str(details.run["digest"])[:12], "log": log}
    at = [i for i, one in enumerate(numbers["sample_id"].to_pylist()) if one == sample_id]
    if not at:
        page.nothing_left(f"This log has no question {sample_id}.")
    else:
        rows = (
            read_samples(store, run_id, log, [n for n in names if not n.endswith("_hash")])
            .take(pa.array(at))
            .to_pylist()
        )
        page.say(f"**Question {sample_id}**")
        show_prompt(rows[0], WHOLE)
        for row in rows:
            measured = {n.removeprefix(METRIC): row[n] for n in names if n.startswith(METRIC) and row[n] is not None}
            if len(rows) > 1:
                page.say(f"**Answer taken by {formats.markdown(row['filter'])}**")
            show_answer(row, WHOLE)
            if end := sample_rows.ENDS.get(row.get("status") or ""):
                page.small_text(f"In this question {end}.")
            if measured:
                values = "\n".join(f"{formats.one_line(name, 60)}: {value:.6g}" for name, value in measured.items())
                _block("Metrics", values, WHOLE)
        if rows[0]["doc"]:
            with st.expander("The row of the data set"):
                _block("", sample_rows.readable(rows[0]["doc"]), WHOLE)
    links.link("run", ":blue[← All questions of this task]", back)


def _listed(
    details: RunDetails, log: str, row: dict[str, Any], measure: str, is_binary: bool, *, is_open: bool
) -> None:
    """One question in the list, to be opened."""
    value = row.get(METRIC + measure)
    went = _went(value, measure, is_binary, row.get("status"))
    asked = formats.markdown(sample_rows.question(row["prompt"], row["doc"]), TITLE)
    with st.expander(f"**Question {row['sample_id']}** · {went} · {asked}", expanded=is_open):
        show_prompt(row, CUT)
        show_answer(row, CUT)
        links.link(
            "run",
            ":blue[This question alone, whole →]",
            {"run": str(details.run["digest"])[:12], "log": log, "doc": str(row["sample_id"])},
        )


def show_prompt(row: dict[str, Any], most: int) -> None:
    # The question is at the end, behind the worked examples.
    words = "Prompt" if row["prompt"] is not None else "Question (the log does not hold the prompt)"
    _block(words, sample_rows.asked(row["prompt"], row["doc"]), most, keep_end=True)


def show_answer(row: dict[str, Any], most: int) -> None:
    answers = sample_rows.answers(row["responses"], row["doc"])
    weighed = [one for one in answers if one.log_likelihood is not None]
    if weighed:
        lines = [
            f"{'→' if one.is_highest else ' '} {one.log_likelihood:>10.3f}  {one.text or f'choice {n}'}"
            for n, one in enumerate(weighed)
        ]
        _block("Log-likelihood of each choice (→ the highest)", "\n".join(lines), most)
    else:
        _block("Answer", "\n\n".join(one.text for one in answers), most)
        if row["filtered"] and row["filtered"] != row["responses"]:
            taken = sample_rows.answers(row["filtered"], None)
            _block("What was taken of it", "\n\n".join(one.text for one in taken), most)
    _block("Target", sample_rows.target(row["target"], row["doc"]), most)


def _block(words: str, text: str, most: int, *, keep_end: bool = False) -> None:
    shown = text if len(text) <= most else (f"… {text[-most:]}" if keep_end else f"{text[:most]} …")
    cut = f" · {formats.count(most)} of {formats.count(len(text))} characters" if len(text) > most else ""
    if words:
        page.small_text(words + cut)
    page.code(shown if shown.strip() else "(nothing)")


def _went(value: Any, measure: str, is_binary: bool, status: str | None) -> str:
    end = sample_rows.ENDS.get(status or "", "")
    if value is None:
        return end or "no number"
    if is_binary:
        told = "✓ right" if value == 1 else "✗ wrong"
        return f"{told} ({end})" if end else told
    return f"{formats.markdown(measure, 40)} {value:.4g}"


def _verdict(counts: Counts) -> Verdict:
    if counts.n_right is None:
        return "all"
    options = {
        "all": f"All ({formats.count(counts.n + counts.n_missing)})",
        "right": f"Right ({formats.count(counts.n_right)})",
        "wrong": f"Wrong ({formats.count(counts.n - counts.n_right)})",
    }
    return cast(Verdict, controls.choice("went", "Show", options))


def _usual(details: RunDetails, log: str, numbers: pa.Table) -> str | None:
    """The metric to judge by: the first that is 0 or 1 for each question, else the first of the log."""
    found = sample_rows.metrics(numbers.column_names)
    kinds = sample_rows.filters(numbers)
    first = next(iter(kinds), "none")
    return next(
        (m for m in found if sample_rows.counts(numbers, m, first).n_right is not None), found[0] if found else None
    )


def _counted(details: RunDetails, log: str, measure: str, kind: str, counts: Counts) -> str:
    """What the log adds up to, and whether the stored score says the same."""
    if not counts.n:
        return "The log holds no single number per question for this metric, so right and wrong cannot be told."
    if counts.n_right is None:
        told = f"{formats.counted(counts.n, 'question')}, mean {measure} {formats.plain(counts.mean)}"
    else:
        told = f"{formats.count(counts.n_right)} of {formats.counted(counts.n, 'question')} right: {formats.score(counts.mean)}"
    missing = f"; {formats.count(counts.n_missing)} more without a number" if counts.n_missing else ""
    return told + missing + agreement(details.results, log, measure, kind, counts)


def agreement(results: pd.DataFrame, log: str, measure: str, kind: str, counts: Counts) -> str:
    """Whether the stored score of a task is that of its log, as the rest of a sentence."""
    fits = (results["task"] == log) & (results["metric"] == measure) & (results["filter"] == kind)
    if not fits.any():
        return "; the results file has no score of this kind to hold it against."
    row = results[fits].iloc[0]
    n, score = formats.number(row["n_samples"]), formats.number(row["score"])
    if score is not None and abs(score - counts.mean) <= AGREES * max(1.0, abs(score)):
        return (
            ", as the stored score says."
            if n in (None, counts.n)
            else f", as the stored score says, of {formats.count(n)} questions there."
        )
    stored = formats.score(score) if score is not None and counts.n_right is not None else formats.plain(score)
    of = f" of {formats.counted(n, 'question')}" if n is not None else ""
    return f". The stored score is {stored}{of}, so this log is not all of it." if n is not None and n > counts.n else f". The stored score is {stored}{of}: the two do not agree."  # fmt: skip


def _with_texts(store: Store, run_id: int, log: str, numbers: pa.Table) -> pa.Table:
    texts = read_samples(store, run_id, log, list(sample_rows.SEARCHED))
    for name in sample_rows.SEARCHED:
        numbers = numbers.append_column(name, texts[name])
    return numbers
