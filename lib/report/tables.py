"""A table of a report: the formats and headings of the column table, numbers to the right, at most so many rows."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lib import formats
from lib.report.document import Table
from lib.report.markup import text
from lib.schema.columns import COLUMNS, Column

RIGHT = ("interval", "published")
SCORE = "score:"
LONGEST_CELL = 400
BROAD_FROM, WIDE_FROM = 22, 48
"""Letters of a cell from which its column is kept broad, or wide, enough to be read."""
BROAD_COLUMNS = 10
TALL_FROM = 30
"""Rows from which a table scrolls by itself."""


def table(part: Table, *, most: int, rest: str = "") -> str:
    """The table as HTML.

    Args:
        most: Rows shown; how many more there are is said below it.
        rest: Where the others can be seen, as HTML; '' for nowhere.
    """
    rows = part.rows.head(most)
    names = [str(name) for name in rows.columns]
    is_right = [_is_right(part.rows, name) for name in names]
    head = "".join(
        f'<th scope="col"{_class(right)}>{text(heading(name, part.labels))}</th>'
        for name, right in zip(names, is_right, strict=True)
    )
    columns = [_cells(rows, name, right) for name, right in zip(names, is_right, strict=True)]
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns, strict=True))
    n_more = len(part.rows) - len(rows)
    more = f'<p class="fine">The first {formats.count(len(rows))} of {formats.count(len(part.rows))} rows. {rest}</p>'
    return (
        f'<div class="rows{" tall" if len(rows) > TALL_FROM else ""}{" broad" if len(names) > BROAD_COLUMNS else ""}" tabindex="0" role="region" aria-label="{text(part.alt)}"><table><caption>{text(part.alt)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more if n_more else ''}"
    )


def heading(name: str, labels: Mapping[str, str]) -> str:
    """Heading of a column, with its unit."""
    entry = _entry(name)
    return labels.get(name, entry.heading if entry else name)


def shown(name: str, value: object) -> str:
    """One cell as plain text; a dash for a missing value, as on the page."""
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value) or value is pd.NA:
        return formats.UNKNOWN
    entry = _entry(name)
    if entry is not None and not isinstance(value, str):
        # Pages scale amounts of computing and say so in the heading.
        return formats.plain(value) if entry.format == "flop" else formats.shown(_named(name), value)
    if isinstance(value, list | tuple):
        return ", ".join(formats.one_line(one, LONGEST_CELL) for one in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return formats.plain(value)
    return formats.one_line(value, LONGEST_CELL) or formats.UNKNOWN


def _entry(name: str) -> Column | None:
    return COLUMNS.get(_named(name))


def _named(name: str) -> str:
    return "params_total" if name == "size" else name


def _is_right(rows: pd.DataFrame, name: str) -> bool:
    if name in RIGHT or name.startswith(SCORE):
        return True
    return pd.api.types.is_numeric_dtype(rows[name]) and not pd.api.types.is_bool_dtype(rows[name])


def _class(is_right: bool) -> str:
    return ' class="r"' if is_right else ""


def _cells(rows: pd.DataFrame, name: str, is_right: bool) -> list[str]:
    told = [shown(name, value) for value in rows[name].tolist()]
    longest = max(map(len, told), default=0)
    look = "w" if longest > WIDE_FROM else "m" if longest > BROAD_FROM else ""
    opening = f'<td class="{look}">' if look and not is_right else f"<td{_class(is_right)}>"
    return [f"{opening}{text(one)}</td>" for one in told]
