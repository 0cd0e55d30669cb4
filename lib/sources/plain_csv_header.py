"""The header of a plain CSV: other names of its columns, and what to say of one that is nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from lib.errors import RefusedInput
from lib.sources.contract import Candidate

NEEDED = ("model", "benchmark", "score")
OTHER_NAMES = {"task": "benchmark", "n_samples": "n", "value": "score", "num_fewshot": "n_shot", "model_id": "model"}
NEAR = {
    "model": ("name", "model_name", "llm", "system", "checkpoint", "hf_id"),
    "benchmark": ("dataset", "bench", "benchmark_name", "task_name", "test", "eval", "evaluation", "suite"),
    "score": ("accuracy", "acc", "result", "mean", "average", "performance", "percent", "percentage", "points"),
}
"""Headings that people give to these columns; nothing is taken for another without being asked."""

SEPARATORS = {";": "semicolons", "\t": "tabs"}
_ALIKE = 0.8
_HEADER_BYTES = 4096


def plain(name: str) -> str:
    """The declared name of a column: small letters, and of two names for one thing the first."""
    folded = name.casefold()
    return OTHER_NAMES.get(folded, folded)


def is_long(header: Sequence[str]) -> bool:
    """Whether the header is that of the long form, one row per score."""
    return set(NEEDED) <= {plain(name) for name in header}


def missing_of_long(header: Sequence[str], known: Collection[str]) -> str | None:
    """The one needed column that a header of the long form lacks; None for another kind of header.

    Args:
        header: As written.
        known: Columns that the long form declares.
    """
    names = [plain(name) for name in header]
    missing = [name for name in NEEDED if name not in names]
    if len(missing) != 1:
        return None
    if missing == ["benchmark"] and "benchmark" not in near_headings(header, known).values():
        # One row per model, and an average among its benchmarks that happens to be called so.
        return "benchmark" if set(names) <= set(known) else None
    return missing[0]


def near_headings(header: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """Headings that no column has, to the needed column that each may mean."""
    found = {}
    for name in header:
        if plain(name) in known:
            continue
        for column, others in NEAR.items():
            if difflib.get_close_matches(plain(name), (column, *others), n=1, cutoff=_ALIKE):
                found[name] = column
                break
    return found


def refuse_nearly_long(header: Sequence[str], known: Collection[str], file: str) -> None:
    """
    Raises:
        RefusedInput: If the header is that of the long form but for one needed column; names what may be meant.
    """
    column = missing_of_long(header, known)
    if column is None:
        return
    meant = [name for name, of in near_headings(header, known).items() if of == column]
    question = f": is {meant[0]!r} meant? Rename it to {column}" if meant else ""
    raise RefusedInput(
        f"no column {column}{question}",
        file=file,
        place="line 1",
        expected=", ".join(NEEDED) + ", or a table with one column per benchmark",
        found=", ".join(header),
    )


def other_separator(candidate: Candidate) -> str | None:
    """What parts the columns of a table of scores whose header has no commas: semicolons or tabs, in words."""
    line = candidate.head[:_HEADER_BYTES].splitlines()[:1]
    if not line or b"," in line[0]:
        return None
    text = line[0].decode("utf-8", errors="replace")
    for mark, words in SEPARATORS.items():
        names = [plain(name.strip().strip('"')) for name in text.split(mark)]
        if len(names) > 1 and (names[0] == "model" or len({*NEEDED} & {*names}) > 1):
            return words
    return None


def refuse_separator(words: str, file: str) -> RefusedInput:
    """The refusal of a table that is parted by something else; it is not read, for decimal commas often come with it."""
    return RefusedInput(
        f"the columns are parted by {words}",
        file=file,
        place="line 1",
        expected="commas between columns, and points in numbers: 0.71",
    )
