"""What a run took: time, tokens, memory, money, a row per task. No Streamlit inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.schema.text import Sentence, Span, sentence
from lib.stats.memory import GB
from lib.store.frames import Frames
from lib.ui.traces import Traces
from lib.ui.views.run_words import duration

VALUE = "took:value"


class TookView(NamedTuple):
    """What answering took.

    Args:
        said: The whole in a sentence.
        table: A row per task, or per quantity where it is one task; only what is known of any. Texts, for the eye.
        rows: The same as numbers with their units in the names, for the download.
        notes: What has to be known of the numbers, plain text; '' for nothing.
        seconds: Of answering, all tasks together; NaN where one is not known.
    """

    said: Sentence
    table: pd.DataFrame
    labels: dict[str, str]
    rows: pd.DataFrame
    traces: Traces
    notes: str
    seconds: float


def took_view(frames: Frames, *, run_id: int) -> TookView | None:
    """What was measured of one live run; None where nothing was."""
    known = frames.measurements
    own = known[(known["run_id"] == run_id).to_numpy(bool)].reset_index(drop=True)
    if own.empty:
        return None
    records = own.to_dict("records")
    shown = {name: [words(row) for row in records] for name, (_, words) in _COLUMNS.items()}
    shown = {name: texts for name, texts in shown.items() if any(text is not None for text in texts)}
    run, model = str(own["run"].iloc[0]), own["model"].iloc[0]
    labels = {name: label for name, (label, _) in _COLUMNS.items()}
    if len(own) == 1:
        # Most runs are of one task: then it reads better downwards.
        labels |= {"what": "What", VALUE: formats.one_line(own["task"].iloc[0], 60)}
        table = pd.DataFrame({"what": [labels[name] for name in shown], VALUE: [texts[0] for texts in shown.values()]})
    else:
        labels["name"] = "Task"
        table = pd.DataFrame({"name": [formats.one_line(row["task"], 90) for row in records], **shown})
    traced = [name for name in table if name not in ("what", "name")]
    models = ["" if pd.isna(model) else str(model)] * len(table)
    traces = Traces(models, {str(name): [run] * len(table) for name in traced})
    return TookView(
        _said(own),
        table,
        labels,
        own.drop(columns=["run_id"]),
        traces,
        _notes(own),
        float(own["seconds"].sum(skipna=False)),
    )


def expected(estimate: Mapping[str, Any], task: str, took: object) -> Sentence | None:
    """What was told of a task before it started against what it took: the time of answering.

    Args:
        estimate: ``lib.evals.estimate.Estimate.as_json`` of its job.
        task: As the job names it.
        took: Seconds of answering; None or NaN: not measured.

    Returns:
        None where either is unknown.
    """
    tasks = estimate.get("tasks")
    own = next((one for one in tasks if isinstance(one, dict) and one.get("name") == task), {}) if tasks else {}
    band = own.get("seconds")
    if not isinstance(band, list) or len(band) != 3 or not formats.known(took):
        return None
    low, middle, high = (duration(one) for one in band)
    return sentence("Told before the start: about ", Span(middle, "strong"), f" of answering, {low} to {high}; it took ", Span(duration(took), "strong"), ".")  # fmt: skip


def memory(n_bytes: object) -> str | None:
    """``1.4 GB``, ``51 MB``, ``1.8 kB``, decimal; None for unknown."""
    n = formats.number(n_bytes)
    if n is None:
        return None
    if n >= 0.1 * GB:
        return f"{formats.plain(n / GB)} GB"
    return f"{formats.plain(n / 1e6)} MB" if n >= 1e5 else f"{formats.plain(n / 1e3)} kB"


def _said(own: pd.DataFrame) -> Sentence:
    """``12 s of answering, 16,993 tokens, $0.0021, on cpu.``; sums only where every task knows them."""
    parts: list[str | Span] = []
    for name, words in (("seconds", duration), ("cost_usd", formats.usd)):
        total = own[name].sum(skipna=False)
        if formats.known(total):
            behind = " of answering" if name == "seconds" else ""
            parts += [", " if parts else "", Span(words(total), "strong"), behind]
    tokens = (own["tokens_in"] + own["tokens_out"]).sum(skipna=False)
    if formats.known(tokens):
        parts += [", " if parts else "", f"{formats.tokens(tokens)} tokens read and written"]
    devices = sorted(set(own["device"].dropna().astype(str)))
    if devices:
        parts += [", " if parts else "", "on ", formats.one_line(", ".join(devices), 120)]
    return sentence(*parts, ".") if parts else sentence("Measured in part.")


def _notes(own: pd.DataFrame) -> str:
    notes = ["Measured by the program that ran it: time is of answering, without loading; tokens are the model's own."]
    if own["is_resumed"].any():
        n = int(own["is_resumed"].sum())
        notes.append(
            f"{formats.counted(n, 'task')} went on from kept answers after a break: the last digits of scores may differ "
            "from those of an unbroken run, and the time is of all parts together."
        )
    return " ".join(notes)


def _count(name: str) -> Callable[[Mapping[Any, Any]], str | None]:
    return lambda row: formats.count(row[name]) if formats.known(row[name]) else None


def _time(name: str) -> Callable[[Mapping[Any, Any]], str | None]:
    return lambda row: duration(row[name]) if formats.known(row[name]) else None


def _rate(row: Mapping[Any, Any]) -> str | None:
    n, seconds = row["n_requests"], row["seconds"]
    if not (formats.known(n) and formats.known(seconds) and seconds > 0):
        return None
    return f"{formats.plain(np.divide(n, seconds))} per s"


_COLUMNS: Mapping[str, tuple[str, Callable[[Mapping[Any, Any]], str | None]]] = {
    "took:requests": ("Requests", _count("n_requests")),
    "took:seconds": ("Time of answering", _time("seconds")),
    "took:rate": ("Requests per second", _rate),
    "took:in": ("Tokens read", _count("tokens_in")),
    "took:out": ("Tokens written", _count("tokens_out")),
    "took:usd": ("Dollars", lambda row: formats.usd(row["cost_usd"]) if formats.known(row["cost_usd"]) else None),
    "took:energy": ("Energy", lambda row: f"{formats.plain(row['energy_wh'])} Wh" if formats.known(row["energy_wh"]) else None),
    "took:load": ("Time of loading", _time("load_seconds")),
    "took:fit": ("Time of training", _time("fit_seconds")),
    "took:memory": ("Most memory of the process", lambda row: memory(row["peak_memory_bytes"])),
    "took:device": ("Most memory of the device", lambda row: memory(row["device_memory_bytes"])),
    "took:weights": ("Weights", lambda row: memory(row["model_bytes"])),
}  # fmt: skip
