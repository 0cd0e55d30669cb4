"""How wide a column of text must be, so that no number in it is cut.

The browser measures the rows in sight when a table opens and keeps that width: further down a longer text loses its
beginning where it is set to the right, and "3.2% (2.4 to 4.3)" reads "2% (2.4 to 4.3)".
"""

from __future__ import annotations

from typing import cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.ui.finished import arrow

_NARROW, _BROAD = frozenset(" .,:;()|'-iltI"), frozenset("%@mwMW▲▼–—")
_NARROW_PX, _USUAL_PX, _BROAD_PX = 4.2, 7.4, 12.0
"""Widths of letters at 14 px of the font of the pages, rounded up."""
EDGES_PX = 20
"""Both edges of a cell, and the rule between two."""
MOST_PX = 300


def width(rows: pd.DataFrame, column: str, heading: str) -> int:
    """Pixels for the longest text of a column and for its heading; at most 300.

    Args:
        rows: The table; ``column`` holds texts, None for missing.
    """
    return min(MOST_PX, EDGES_PX + max(_pixels(longest(rows, column)), _pixels(heading)))


def longest(rows: pd.DataFrame, column: str) -> str:
    """The first of the texts with most letters; '' where there is none."""
    sent = arrow(rows)
    if not isinstance(sent, pa.Table) or sent.schema.field(column).type not in (pa.string(), pa.large_string()):
        return max((one for one in rows[column] if isinstance(one, str)), key=len, default="")
    texts = sent.column(column)
    lengths = pc.utf8_length(texts)
    most = pc.max(lengths)
    return cast(str, texts[pc.index(lengths, most).as_py()].as_py()) if most.is_valid else ""


def _pixels(text: str) -> int:
    return round(sum(_NARROW_PX if one in _NARROW else _BROAD_PX if one in _BROAD else _USUAL_PX for one in text))
