"""Scores in a plain CSV: long (one row per score) or wide (one row per model, one column per benchmark).

The header is documented in docs/data-formats.md. A file that names no evaluator is a printed table: its numbers
are compared with each other and with nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from lib.errors import RefusedInput
from lib.schema.metrics import direction
from lib.schema.records import Parsed, Result, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.plain_csv_header import (
    is_long,
    missing_of_long,
    other_separator,
    plain,
    refuse_nearly_long,
    refuse_separator,
)
from lib.sources.tables import (
    Column,
    count,
    date,
    flag,
    number,
    positive,
    read_lines,
    read_number,
    read_positive,
    read_row,
    refused_cell,
    text,
)
from lib.stats.board_columns import fitting_counts, proportion_stderr, recover_count

DEFAULT_METRIC = "score"
MOST_SCORES = 200_000
_FRACTION = "a fraction from 0 to 1, or the column unit with 'percent'"
_OR_A_METRIC = ", or the column metric with what the number is"
PROPORTIONS = frozenset(
    ("acc", "accuracy", "acc_norm", "exact_match", "exact match", "em", "mc1", "multiple_choice_grade", "pass@1")
)
"""Metrics that lie between 0 and 1."""

COUNTED = PROPORTIONS - {"pass@1"}
"""Metrics that are a share of right answers; with the number of questions the count follows. (pass@1 may be a mean
over several tries.)"""

UNITS = {"fraction": "fraction", "percent": "percent", "%": "percent"}


def _read_unit(cell: str) -> str:
    """``fraction`` or ``percent``.

    Raises:
        ValueError: For anything else.
    """
    if cell.strip() not in UNITS:
        raise ValueError("one of " + ", ".join(UNITS))
    return UNITS[cell.strip()]


ABOUT_RUN = (
    text("model", required=True),
    text("evaluator"),
    text("evaluator_version"),
    text("document"),
    text("revision"),
    text("dtype"),
    text("quantisation"),
    text("limit"),
    date("evaluated_on"),
    positive("params_total"),
)
ABOUT_SCORE = (
    text("metric"),
    Column("unit", _read_unit, key="unit"),
    count("n_shot"),
    text("filter"),
    flag("higher_is_better"),
)
ONLY_LONG = (
    text("benchmark", required=True),
    number("score", required=True),
    number("stderr"),
    positive("n"),
    count("n_correct"),
    text("prompt"),
    text("task_version"),
)
LONG = {column.name: column for column in (*ABOUT_RUN, *ABOUT_SCORE, *ONLY_LONG)}
WIDE = {column.name: column for column in (*ABOUT_RUN, *ABOUT_SCORE)}
STDERR_ENDING, N_ENDING = "_stderr", "_n"


@dataclass(frozen=True, slots=True)
class _Cell:
    """A score with what belongs to it, and where it stands."""

    benchmark: str
    score: float
    written: str
    stderr: float | None
    n: int | None
    n_correct: int | None
    line: int
    column: str


_Reader = Callable[["_Book", dict[str, Any], list[str], int], None]


def recognise(candidate: Candidate) -> bool:
    header = candidate.csv_header
    if not header:
        return other_separator(candidate) is not None
    return is_long(header) or plain(header[0]) == "model" or missing_of_long(header, LONG) is not None


def parse(candidate: Candidate) -> Parsed:
    """One run per model and configuration, in file order.

    Raises:
        RefusedInput: Naming line and column: a cell that is no number, a fraction above 1 (percent must say so; so must
            a number that no metric explains), an unknown column in the long form, one that lacks there, one score twice in a run,
            a file without scores or with more than ``MOST_SCORES``, columns that are not parted by commas.
    """
    parted_by = None if candidate.csv_header else other_separator(candidate)
    if parted_by:
        raise refuse_separator(parted_by, candidate.name)
    lines = read_lines(candidate)
    header = next(lines)[1]
    refuse_nearly_long(header, LONG, candidate.name)
    book = _Book(candidate)
    columns = _columns(header, candidate.name)
    read = _long_reader(header) if is_long(header) else _wide_reader(header)
    for line, cells in lines:
        read(book, read_row(columns, cells, line, candidate.name), cells, line)
    if not book.runs:
        raise RefusedInput("no scores in the file", file=candidate.name, expected="at least one row with a score")
    return Parsed(runs=list(book.runs.values()))


def _columns(header: list[str], file: str) -> list[Column]:
    """The declared column of each name in the header; a benchmark's name (wide form) declares itself."""
    long = is_long(header)
    known = LONG if long else WIDE
    names = frozenset(header)
    columns = []
    for name in header:
        declared = known.get(plain(name))
        if declared is None and long:
            raise RefusedInput(
                "an unknown column", file=file, place=f"line 1, column {name!r}", expected=", ".join(sorted(LONG))
            )
        if declared is None and not name:
            raise RefusedInput("a column without a name", file=file, place="line 1", expected="a benchmark's name")
        columns.append(declared or _benchmark_column(name, names))
    keys = [column.key for column in columns]
    twice = [key for key, times in Counter(keys).items() if times > 1]
    if twice:
        raise RefusedInput("the header names a column twice", file=file, place="line 1", found=", ".join(twice))
    return columns


def _is_companion(name: str, names: Collection[str]) -> bool:
    """Whether a column belongs to the benchmark named before its ending."""
    return any(name.endswith(end) and name.removesuffix(end) in names for end in (STDERR_ENDING, N_ENDING))


def _benchmark_column(name: str, names: Collection[str]) -> Column:
    """A score, or the standard error or number of questions of a benchmark."""
    read = read_positive if _is_companion(name, names) and name.endswith(N_ENDING) else read_number
    return Column(name, read, key=f"column {name}")


def _long_reader(header: list[str]) -> _Reader:
    """Reads the one score of a row."""
    place = next(i for i, name in enumerate(header) if plain(name) == "score")

    def read(book: _Book, row: dict[str, Any], cells: list[str], line: int) -> None:
        stated = (row.get("stderr"), row.get("n"), row.get("n_correct"))
        book.add(row, _Cell(row["benchmark"], row["score"], cells[place], *stated, line, header[place]))

    return read


def _wide_reader(header: list[str]) -> _Reader:
    """Reads the scores of a row, one per benchmark that has one."""
    places = {name: i for i, name in enumerate(header) if plain(name) not in WIDE}
    scores = {name: i for name, i in places.items() if not _is_companion(name, places)}

    def read(book: _Book, row: dict[str, Any], cells: list[str], line: int) -> None:
        for name, place in scores.items():
            score = row[f"column {name}"]
            if score is not None:
                stderr = row.get(f"column {name}{STDERR_ENDING}")
                n = row.get(f"column {name}{N_ENDING}")
                book.add(row, _Cell(name, score, cells[place], stderr, n, None, line, name))

    return read


class _Book:
    """The runs read so far, by model and configuration."""

    def __init__(self, candidate: Candidate) -> None:
        self.file = candidate.name
        # Two people's results.csv are two tables: the digest keeps them apart.
        self.document = f"{candidate.basename} ({candidate.digest[:12]})"
        self.runs: dict[tuple[Any, ...], Run] = {}
        self._lines: dict[tuple[Any, ...], dict[int | None, int]] = {}

    def add(self, row: dict[str, Any], cell: _Cell) -> None:
        """Put one score into the run it belongs to."""
        configuration = tuple(row.get(column.key) for column in ABOUT_RUN)
        result = _result(row, cell, self.file)
        lines = self._lines.setdefault((configuration, result.task, result.prompt, result.filter, result.metric), {})
        if result.n_shot in lines:
            raise RefusedInput(
                "one score twice for the same model and configuration",
                file=self.file,
                place=f"line {cell.line}, column {cell.column!r}",
                expected=f"another metric, filter, prompt, number of shots or configuration than in line {lines[result.n_shot]}",
                found=result.task,
            )
        # A table with 0-shot beside 5-shot scores of a benchmark gives one run for each.
        key = (*configuration, len(lines))
        if len(self._lines) > MOST_SCORES:
            raise RefusedInput("too many scores for one file", file=self.file, expected=f"at most {MOST_SCORES:,}")
        lines[result.n_shot] = cell.line
        if key not in self.runs:
            self.runs[key] = self._run(row)
        self.runs[key].results.append(result)

    def _run(self, row: dict[str, Any]) -> Run:
        evaluator = row.get("evaluator")
        return Run(
            spellings=(row["model"],),
            evaluator=evaluator or "document",
            kind="transcription",
            document=row.get("document") or (None if evaluator else self.document),
            evaluator_version=row.get("evaluator_version"),
            revision=row.get("revision"),
            dtype=row.get("dtype"),
            quantisation=row.get("quantisation"),
            limit=row.get("limit"),
            evaluated_on=row.get("evaluated_on"),
            params_reported=row.get("params_total"),
        )


def _result(row: dict[str, Any], cell: _Cell, file: str) -> Result:
    metric = row.get("metric") or DEFAULT_METRIC
    scale = 100.0 if row.get("unit") == "percent" else 1.0
    score = _scaled(cell.score, scale)
    is_unnamed = metric.casefold() == DEFAULT_METRIC
    if (is_unnamed or metric.casefold() in PROPORTIONS or row.get("unit")) and not 0 <= score <= 1:
        wanted = "a percentage from 0 to 100" if scale > 1 else _FRACTION + _OR_A_METRIC * is_unnamed
        raise refused_cell(file, cell.line, cell.column, expected=wanted, found=cell.written)
    if cell.stderr is not None and cell.stderr < 0:
        raise refused_cell(file, cell.line, "stderr", expected="0 or more", found=cell.stderr)
    if (row.get("n_shot") or 0) < 0:
        raise refused_cell(file, cell.line, "n_shot", expected="0 or more", found=row["n_shot"])
    stderr = None if cell.stderr is None else _scaled(cell.stderr, scale)
    result = Result(
        task=cell.benchmark,
        metric=metric,
        filter=row.get("filter") or "none",
        prompt=row.get("prompt") or "",
        score=score,
        stderr=stderr,
        n_samples=cell.n,
        score_published=score,
        stderr_published=stderr,
        n_shot=row.get("n_shot"),
        task_version=row.get("task_version"),
        higher_is_better=direction(metric, row.get("higher_is_better")),
        stderr_rule="none" if cell.stderr is None else "published",
        flags=("limited",) if row.get("limit") else (),
    )
    _count(result, cell, scale, file)
    return result


def _count(result: Result, cell: _Cell, scale: float, file: str) -> None:
    """Counts of right answers, stated or following from a proportion and its number of questions."""
    if cell.n_correct is not None and (cell.n is None or not 0 <= cell.n_correct <= cell.n):
        raise refused_cell(file, cell.line, "n_correct", expected="a count from 0 to n", found=cell.n_correct)
    if cell.n is None or result.score is None or result.metric.casefold() not in COUNTED:
        return
    decimals = _decimals(cell.written) + (2 if scale > 1 else 0)
    counted = recover_count(result.score, cell.n, min(decimals, 12))
    if cell.n_correct is not None and abs(cell.n_correct / cell.n - result.score) <= 0.5 * 10.0**-decimals + 1e-9:
        result.n_correct = cell.n_correct
    elif cell.n_correct is None and counted is not None:
        result.n_correct = counted.n_correct
    else:
        # Either n is not the number of questions, or the score is not a plain share: no count, and no interval of it.
        result.flags = (*result.flags, "n-disagrees") if cell.n_correct is not None else result.flags
    several = len(fitting_counts(result.score, cell.n, min(decimals, 12))) > 1
    if cell.n_correct is None and several and result.stderr is None and 0 < result.score < 1:
        # Which count it was the printing hides, but not how large the error is.
        result.stderr = proportion_stderr(result.score, cell.n)
        result.stderr_rule, result.is_approximate = "counts", True
    if result.n_correct is not None and result.stderr is None:
        result.score = result.n_correct / cell.n
        result.stderr = proportion_stderr(result.score, cell.n)
        result.stderr_rule = "counts"
        result.flags = (*result.flags, "stderr-zero") if result.stderr == 0 else result.flags


def _scaled(value: float, scale: float) -> float:
    """The value as a fraction; dividing a percentage leaves no digits that nobody wrote (70.7 is 0.707)."""
    return value if scale == 1 else round(value / scale, 15)


def _decimals(written: str) -> int:
    """Decimals of a number as written; 12 with an exponent, which is as exact as it gets."""
    return 12 if "e" in written.casefold() else len(written.strip().partition(".")[2])


SOURCE = Importer(
    name="plain-csv",
    version=3,
    describes="scores in a plain CSV, long or wide (docs/data-formats.md)",
    recognise=recognise,
    parse=parse,
    priority=80,
)
