"""What sources say of one model: facts, where they disagree, where from, and rumours apart from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.schema.columns import COLUMNS
from lib.store.frames import Frames
from lib.ui.traces import Trace, Traces

FACT_OF = {"released_on": "release_date"}
"""Columns of the models whose facts have another name."""
IDENTITY = (
    "developer", "family", "released_on", "kind", "params_total", "params_active", "params_weights", "model_bytes", "training_tokens",
    "tokens_per_parameter", "context_length", "licence", "open_weights", "hf_id",
)  # fmt: skip
BUILD = (
    "architecture", "n_layers", "d_model", "n_heads", "n_kv_heads", "head_dim", "vocab_size", "precision",
)  # fmt: skip
WORDS = {
    "params_weights": "Parameters in the weights",
    "n_layers": "Layers",
    "d_model": "Width",
    "n_heads": "Attention heads",
    "n_kv_heads": "Key and value heads",
    "head_dim": "Width of a head",
    "vocab_size": "Vocabulary",
    "precision": "Precision of the published weights",
    "n_experts": "Experts",
    "n_experts_active": "Experts active per token",
    "sliding_window": "Sliding window (tokens)",
    "kv_lora_rank": "Rank of compressed keys and values",
    "qk_rope_head_dim": "Width of rotated keys",
    "seed_claim": "As claimed in a post",
    "model_bytes": "Size in bytes",
    "release_date": "Released",
    "finetuned_from": "Tuned from",
    "variant_of": "Variant of",
}
OWN = "own"
"""Status of a size here that only a file of the reader states."""
SIZE_WORDS = {
    "reported": "reported by others, not by the developer",
    OWN: "not from the developer",
    "disputed": "disputed: sources differ by more than a quarter",
    "unknown": "",
}
TOKENS_WORDS = {"undisclosed": "not disclosed", "estimated": "an estimate by others"}
LABELS = {"field": "Fact", "value": "Value", "said_by": "Said by"}
NO_SOURCE = "the catalogue, without a source of its own"
_Row = tuple[str, str, str, str, str]
"""Words of the field, value in force, who says it, remarks, facts behind it parted by a blank."""


@dataclass(frozen=True)
class FactTraces(Traces):
    """Traces of a table with a fact in each row.

    Args:
        fields: The facts behind each row, parted by a blank; '' where none says it.
        run: The run that stands behind what no fact says; '' where the source of the row does.
    """

    fields: Sequence[str] = ()
    run: str = ""

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of a row, whatever the column."""
        found = super().at(row, column)
        if found is None:
            return None
        fields = tuple(self.fields[row].split())
        if fields:
            return found._replace(fields=fields, source="")
        return found._replace(runs=(self.run,)) if self.run else found


class FactsView(NamedTuple):
    """Tables with a fact in each row, and where they come from.

    Args:
        identity, build: Columns of ``LABELS``; who and how large, and how it is made inside.
        rumours: Columns of field, value, who, note, source_title, source_url; never part of the others.
    """

    identity: pd.DataFrame
    identity_traces: FactTraces
    build: pd.DataFrame
    build_traces: FactTraces
    rumours: pd.DataFrame


def facts_view(frames: Frames, *, model: str, source: str) -> FactsView:
    """Facts and rumours of one model.

    Args:
        source: Digest of the file that the model's own row came from; '' where none is known. It stands behind values
            that no fact of their own supports.
    """
    row = frames.models.loc[[model]].iloc[0]
    facts = frames.facts(model)
    listed, run = _board(frames, model) if row["origin"] == "community" else (NO_SOURCE, "")
    if row["origin"] == "community" and row["size_status"] == "reported" and _is_own(frames, model):
        row = row.copy()
        row["size_status"] = OWN
    known = {FACT_OF.get(one, one) for one in (*IDENTITY, *BUILD)}
    further = [one for one in dict.fromkeys(facts["field"]) if one not in known]
    identity = [_fact(one, row, facts, listed) for one in IDENTITY]
    build = [_fact(one, row, facts, listed) for one in (*BUILD, *further)]
    return FactsView(*_table(identity, model, source, run), *_table(build, model, source, run), _rumours(frames, model))


def _table(rows: Sequence[_Row | None], model: str, source: str, run: str) -> tuple[pd.DataFrame, FactTraces]:
    kept = [one for one in rows if one is not None]
    told = [
        (field, value, "; ".join(part for part in (said, remarks) if part)) for field, value, said, remarks, _ in kept
    ]
    table = pd.DataFrame(told, columns=list(LABELS))
    fields = [one[4] for one in kept]
    return table, FactTraces([model] * len(kept), sources=[source] * len(kept), fields=fields, run=run)


def field_words(name: str) -> str:
    """A field of a model in words, for headings of rows."""
    return WORDS.get(name) or (COLUMNS[name].label if name in COLUMNS else name.replace("_", " "))


def _fact(name: str, row: pd.Series, facts: pd.DataFrame, listed: str) -> _Row | None:
    """One row; None where there is nothing to say."""
    behind = ("training_tokens", "params_total") if name == "tokens_per_parameter" else (FACT_OF.get(name, name),)
    own = facts[facts["field"].isin(behind)]
    value = _value(name, row, own)
    words = field_words(name)
    is_silent = not value and (own.empty or name == "tokens_per_parameter")
    if is_silent and name not in ("params_total", "training_tokens", "released_on", "licence"):
        return None
    remarks = _remarks(name, row, own)
    if name == "tokens_per_parameter":
        return words, value, "computed from the two above", "; ".join(remarks), " ".join(behind)
    if name == "params_active" and own.empty and value and not row["is_moe"]:
        return words, value, "dense: all of them", "", "params_total"
    said = _said_by(name, own) or (listed if value else "")
    shown = value or (COLUMNS[name].unknown if name in COLUMNS else formats.UNKNOWN)
    return words, shown, said, "; ".join(remarks), " ".join(dict.fromkeys(own["field"]))


def _value(name: str, row: pd.Series, own: pd.DataFrame) -> str:
    """The value in force in words, '' for unknown."""
    if name == "tokens_per_parameter":
        tokens, size = formats.number(row["training_tokens"]), formats.number(row["params_total"])
        return formats.plain(tokens / size) if tokens and size else ""
    if name not in row.index:
        return written(name, own["value"].iloc[0]) if len(own) else ""
    value = row[name]
    if value is None or pd.isna(value):
        return ""
    if name == "released_on":
        return formats.date(value, str(row["release_precision"]) or "day")
    if name in COLUMNS:
        return formats.shown(name, value, " ").strip()
    return written(name, value)


def written(name: str, value: Any) -> str:
    """A value of a field in words, numbers as the field is counted."""
    number = formats.number(value)
    if number is None:
        try:
            number = formats.number(float(str(value)))
        except ValueError:
            return formats.one_line(value)
    if number is None:
        return formats.one_line(value)
    if name in ("params_total", "params_active", "params_weights"):
        return formats.parameters(number)
    if name == "training_tokens":
        return formats.tokens(number)
    return formats.count(number)


def _said_by(name: str, own: pd.DataFrame) -> str:
    """Titles of the sources; each with its value where they do not all say the same."""
    told: dict[str, list[str]] = {}
    for fact in own.to_dict("records"):
        unnamed = "entered by a reader" if fact["origin"] == "reader" else "no source named"
        title = str(fact["source_title"] or unnamed)
        value = str(fact["value"]) if name in ("released_on", "licence") else written(str(fact["field"]), fact["value"])
        told.setdefault(value, []).append(formats.one_line(title, 90))
    if len(told) == 1:
        return "; ".join(dict.fromkeys(next(iter(told.values()))))
    return "; ".join(f"{value} ({', '.join(dict.fromkeys(titles))})" for value, titles in told.items())


def _remarks(name: str, row: pd.Series, own: pd.DataFrame) -> list[str]:
    """Doubts and notes in words."""
    remarks = []
    if len(own) and name != "tokens_per_parameter" and own["value"].nunique() > 1:
        remarks.append("sources disagree")
    if len(own) and own["is_from_memory"].astype(bool).all():
        remarks.append("from memory, waits for a second look")
    if name == "params_total":
        remarks.append(SIZE_WORDS.get(str(row["size_status"]), ""))
    if name == "training_tokens":
        remarks.append(TOKENS_WORDS.get(str(row["tokens_status"]), ""))
    if name == "tokens_per_parameter":
        return []
    remarks += [formats.one_line(note, 160) for note in dict.fromkeys(own["note"].dropna())]
    return [one for one in remarks if one]


def _board(frames: Frames, model: str) -> tuple[str, str]:
    """Where a community model is known from: title of the source of its first run, or the reader's file; and that run."""
    runs = frames.runs
    own = runs[(runs["model"] == model).to_numpy(bool)]
    if own.empty:
        return "the file that names it", ""
    title, run = own["source_title"].iloc[0], str(own["run"].iloc[0])
    if isinstance(title, str):
        return formats.one_line(title, 90), run
    return f"your file {formats.one_line(str(own['source'].iloc[0]).rsplit('/', 1)[-1], 80)}", run


def _is_own(frames: Frames, model: str) -> bool:
    """Whether every run of the model came in files that a reader imported: what ships with the project has a title."""
    runs = frames.runs
    own = runs[(runs["model"] == model).to_numpy(bool)]
    return len(own) > 0 and bool(own["source_title"].isna().all())


def _rumours(frames: Frames, model: str) -> pd.DataFrame:
    rows = []
    for one in frames.rumours(model).to_dict("records"):
        field = str(one["field"])
        words = field_words(field)
        source = str(one["source_title"] or "")
        rows.append(
            {
                "field": words,
                "value": written(field, one["value"]),
                "who": formats.one_line(one["who_says"]),
                "note": formats.one_line(one["note"]) if one["note"] else "",
                "source_title": source,
                "source_url": one["source_url"],
            }
        )
    return pd.DataFrame(rows, columns=["field", "value", "who", "note", "source_title", "source_url"])
