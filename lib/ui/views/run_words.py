"""What a run is, in words: the question of its page, the sentence below it, its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import run_tree
from lib.analysis.comparability import DOCUMENT
from lib.analysis.labels import evaluator_label
from lib.schema.boards import BOARDS
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames

HEADING_NAME = 48
ARGUMENT = 300

# Column of ``runs``, or key of its configuration, to the words on the page; what a run of lm-eval may say, in this order.
_OF_RUN = {
    "backend": "Back-end",
    "revision": "Revision of the weights",
    "dtype": "Number type of the weights",
    "quantisation": "Quantisation",
    "limit": "Limit on the questions",
    "chat_template": "Chat template",
    "system_instruction": "System instruction",
    "is_multiturn": "Worked examples as a conversation",
    "start_token": "Start token added",
    "seeds": "Seeds",
    "harness_commit": "Commit of the harness",
    "evaluated_on": "Day of the evaluation",
    "total_seconds": "Total time, loading included",
}
_OF_CONFIG = {
    "batch_size": "Batch size",
    "max_length": "Longest input (tokens)",
    "gen_kwargs": "Generation arguments",
    "bootstrap_iters": "Bootstrap draws for standard errors",
    "transformers_version": "Version of transformers",
    "model_sha": "Commit of the weights",
    "peft_sha": "Commit of the adapter",
    "delta_sha": "Commit of the delta weights",
}
_NOT_MISSED = {
    "quantisation",
    "limit",
    "peft_sha",
    "delta_sha",
    "gen_kwargs",
    "start_token",
    "is_multiturn",
    "model_sha",
}
"""Absent when they were not used, so their absence is not told."""
_SHOWN_ELSEWHERE = {"generation", "layout", "scores"}


class Configuration(NamedTuple):
    """How a run was made.

    Args:
        table: Columns what and value, both text; one row each.
        silent: Words of what the file does not say.
        rest: What else is kept of the configuration.
    """

    table: pd.DataFrame
    silent: tuple[str, ...]
    rest: dict[str, Any]


def model_words(frames: Frames, run: Mapping[str, Any] | pd.Series) -> str:
    """The model's name; of a run that waits for its model the last part of the name as written."""
    model = run.get("model", run.get("model_id"))
    if isinstance(model, str) and model in frames.models.index:
        return str(frames.models.at[model, "name"])
    spelled = str(run.get("model_name") or next(iter(run.get("spellings") or ()), "") or "an unnamed model")
    return spelled.rstrip("/").rsplit("/", 1)[-1] or spelled


def question(frames: Frames, run: Mapping[str, Any] | pd.Series) -> str:
    """The heading: it names the model and who evaluated it."""
    name = formats.one_line(model_words(frames, run), HEADING_NAME)
    kind, evaluator = str(run["kind"]), str(run["evaluator"])
    if kind == "board":
        return f"What does {BOARDS.get(evaluator.removeprefix('board:'), evaluator)} say about {name}?"
    if kind == "transcription":
        return f"What does this document say about {name}?"
    return f"What is in this {formats.one_line(evaluator, 30)} run of {name}?"


def takeaway(run: pd.Series, scores: pd.DataFrame, tree: pd.DataFrame) -> Sentence:
    """What was measured, by whom and when; of which training state, on a part only, and what was repaired."""
    n_leaves = int(((tree["n_below"] == 0) & tree["score"].notna()).sum())
    n_groups = int(((tree["n_below"] > 0) & tree["score"].notna()).sum())
    parts: list[str | Span] = [Span(formats.counted(n_leaves, "task").capitalize(), "strong")]
    parts.append(f" and {formats.counted(n_groups, 'group')} of them" if n_groups else "")
    who = formats.one_line(evaluator_label({str(k): v for k, v in run.items()}), 200)
    version = run["evaluator_version"]
    if run["kind"] == "raw" and pd.notna(version) and str(version) not in who:
        who += f" (version {formats.one_line(version, 40)})"
    parts.append(f", {who}" if who.startswith("as printed") or " as printed in " in who else f", scored by {who}")
    parts.append(f", on {formats.date(run['evaluated_on'])}" if pd.notna(run["evaluated_on"]) else "")
    if pd.notna(run["training_tokens"]):
        seen = run["training_tokens"]
        state = "before any training" if seen == 0 else f"after {formats.tokens_in_words(seen)} tokens of training"
        parts += [", ", Span(state, "strong"), " (a checkpoint)" if run["is_checkpoint"] and seen else ""]
    parts.append(".")
    parts += _doubts(run, scores)
    return sentence(*parts)


def _doubts(run: pd.Series, scores: pd.DataFrame) -> list[str | Span]:
    parts: list[str | Span] = []
    if pd.notna(run["limit"]):
        parts += [
            " Only a ",
            Span("part of the questions", "strong"),
            f" was asked (--limit {formats.one_line(run['limit'], 20)}).",
        ]
    unscored = int((scores["status"] != "scored").sum())
    if unscored:
        parts += [" ", Span(formats.counted(unscored, "task"), "strong"), " without a score."]
    repairs = run_tree.repaired(scores)
    if repairs:
        told = "; ".join(f"{words} ({formats.counted(n, 'score')})" for words, n in repairs.items())
        parts.append(f" Repaired on import: {told}.")
    return parts


def configuration(run: Mapping[str, Any]) -> Configuration:
    """How a run was made, a row per thing that the file says.

    Args:
        run: A row of ``runs`` as stored.
    """
    config, arguments = dict(run["config"] or {}), dict(run["model_args"] or {})
    rows: list[tuple[str, str]] = [("Model as written", " · ".join(map(str, run["spellings"])))]
    rows += [(f"Model argument {formats.one_line(key, 60)}", _plain(value)) for key, value in arguments.items()]
    rows.append(_evaluator(run))
    if run["document"]:
        rows += zip(("Document", "Table", "Note"), str(run["document"]).split(" | ", 2), strict=False)
    if run["training_tokens"] is not None:
        rows.append(
            (
                "Tokens seen in training",
                "none" if not run["training_tokens"] else formats.tokens(run["training_tokens"]),
            )
        )
    if run["params_reported"]:
        rows.append(("Parameters, as the file counts them", formats.count(run["params_reported"])))
    silent = []
    for fields, given in ((_OF_RUN, run), (_OF_CONFIG, config)):
        for name, words in fields.items():
            value = given.get(name)
            if value is not None and value != "":
                rows.append((words, _value(name, value)))
            elif name not in _NOT_MISSED:
                silent.append(words[0].lower() + words[1:])
    shown = {*_OF_CONFIG, *_SHOWN_ELSEWHERE}
    rest = {key: value for key, value in config.items() if key not in shown}
    cut = [(what, formats.one_line(value, ARGUMENT)) for what, value in rows if value]
    is_raw = run["kind"] == "raw"
    return Configuration(pd.DataFrame(cut, columns=["what", "value"]), tuple(silent) if is_raw else (), rest)


def duration(seconds: object) -> str:
    """A time in two units: ``3 h 12 min``, ``45 s``, ``2 d 5 h``."""
    n = formats.number(seconds)
    if n is None:
        return formats.UNKNOWN
    whole = round(n)
    for unit, size, smaller, smaller_size in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return f"{whole} s" if n >= 1 else f"{n:.2g} s"


def _value(name: str, value: Any) -> str:
    if name in ("chat_template", "system_instruction"):
        return "not used" if value == "none" else f"used; digest of its text {value}"
    if name == "evaluated_on":
        return formats.date(value)
    if name == "total_seconds":
        return duration(value)
    if name == "limit":
        return f"{value} (--limit); a part of the questions"
    if name in ("max_length", "bootstrap_iters") and str(value).isdigit():
        return formats.count(int(value))
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if not isinstance(value, float) else f"{value:g}"


def _evaluator(run: Mapping[str, Any]) -> tuple[str, str]:
    name, version = str(run["evaluator"]), run["evaluator_version"]
    if name == DOCUMENT:
        return "Evaluator, as the document says", version or "not stated"
    name = BOARDS.get(name.removeprefix("board:"), name)
    return "Evaluator", f"{name}, version {version}" if version and str(version) not in name else name
