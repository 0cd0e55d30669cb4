"""What the importers of other tools' files share: who ran it, how questions were put, when, and which parts are groups.

Facts only as the files state them: what they do not say stays unknown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from lib.schema.records import Result
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.readers import text, whole
from lib.sources.resolver import quantisation_in
from lib.stats.board_columns import fitting_counts
from lib.stats.recovered import binomial_stderr

APPLIED = "applied"
"""A chat template was used; which one the file does not say."""
NONE = "none"
_DTYPES = {"half": "float16", "fp16": "float16", "bf16": "bfloat16", "fp32": "float32", "float": "float32"}
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_DAY = re.compile(r"(20\d\d-[01]\d-[0-3]\d)(?:$|[T ])")


def part(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; of anything else none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def name(value: Any) -> str | None:
    """A name that can be stored: trimmed, neither empty nor too long; else None."""
    return text(value, at_most=MAX_NAME)


def spellings(*values: Any) -> tuple[str, ...]:
    """The names among the values, each once, in this order."""
    return tuple(dict.fromkeys(found for value in values if (found := name(value)) is not None))


def short_digest(written: str) -> str:
    """Twelve hexadecimal digits of a text: enough to tell whether two prompts are alike."""
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def instruction(value: Any, *, is_stated: bool = True) -> str | None:
    """A system instruction as the protocol has it: ``none``, a short digest of its text, or None for unknown.

    Args:
        value: The text; None and an empty one mean that none was given.
        is_stated: False where the file has no such field.
    """
    if not is_stated or not (value is None or isinstance(value, str)):
        return None
    return short_digest(value) if value else NONE


def commit(value: Any) -> str | None:
    """A commit's digits, else None: files write ``?`` where they do not know."""
    found = text(value, at_most=64)
    return found if found is not None and _COMMIT.fullmatch(found) else None


def day(value: Any) -> str | None:
    """The day at the head of an ISO time, else None."""
    found = _DAY.match(value.strip()) if isinstance(value, str) else None
    return found[1] if found else None


def precision(value: Any) -> tuple[str | None, str | None]:
    """Number type and quantisation that one field names: ``torch.bfloat16`` is a type, ``4bit`` a quantisation."""
    written = (text(value, at_most=40) or "").removeprefix("torch.").lower()
    if not written or written in ("auto", "none", "n/a"):
        return None, None
    packed = quantisation_in(written)
    return (None, packed) if packed else (_DTYPES.get(written, written), None)


def limit_of(asked: Any, n_all: Any = None) -> str | None:
    """A limit on the questions as the protocol has it: the number that was asked for; None for all of them."""
    n, n_whole = whole(asked), whole(n_all)
    if not n or (n_whole is not None and n >= n_whole):
        return None
    return str(n)


def mark_limited(results: Iterable[Result]) -> None:
    """Put the flag of a run on a part of the questions before the others of each result."""
    for result in results:
        if "limited" not in result.flags:
            result.flags = ("limited", *result.flags)


def count_printed(result: Result, decimals: int) -> None:
    """Counts and error of a share of right answers that is printed to some decimals and whose number of questions is known.

    Where one count alone prints like the score, the score becomes that share; where several do, the error that score and
    number imply is taken and marked approximate; where none does, the number is not that of the questions, and nothing is.
    """
    n, score = result.n_samples, result.score
    if not n or score is None:
        return
    fitting = fitting_counts(score, n, decimals)
    if not len(fitting):
        result.flags = (*result.flags, "n-disagrees")
    elif len(fitting) == 1:
        result.n_correct, result.score = fitting[0], fitting[0] / n
        result.stderr = binomial_stderr(fitting[0], n) or None
        result.stderr_rule = "counts" if result.stderr else "none"
    else:
        result.stderr = (score * (1 - score) / n) ** 0.5 or None
        result.stderr_rule, result.is_approximate = ("counts" if result.stderr else "none"), True
