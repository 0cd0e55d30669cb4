"""Parts of a page, top to bottom: question, takeaway, figure with its legend, how to read it, table, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from lib import figures, formats
from lib.analysis.findings import Finding
from lib.figures.legend import Legend
from lib.report import document as report
from lib.schema.columns import COLUMNS
from lib.schema.text import Sentence
from lib.ui import empty_cells, links, origin
from lib.ui.finished import arrow
from lib.ui.recorded import note, unnoted
from lib.ui.traces import Traces
from lib.ui.widths import width

INTERVAL, PUBLISHED, SCORE = "interval", "published", "score:"
COMMANDS = "python -m lib import PATH"
_WORD_COLOURS = {"small": "blue", "large": "orange", "good": "green"}
_MARK_COLOURS = {**_WORD_COLOURS, "level-2": "violet", "level-4": "green"}
_NOTES = Path(figures.__file__).parent


def markdown(sentence: Sentence) -> str:
    """A sentence as Markdown: its text escaped, key numbers bold, small in blue, large in orange."""
    return "".join(_span(span.text, span.role) for span in sentence)


def heading(question: str) -> None:
    """The question that the page answers; it may name models, so it is escaped."""
    note(report.Heading(formats.markdown(question), 1))
    st.title(formats.markdown(question), anchor=False)


def part(title: str) -> None:
    """The heading of a part of the page. ``title`` is Markdown, escaped."""
    note(report.Heading(title))
    st.subheader(title, anchor=False)


def say(text: str) -> None:
    """A paragraph of the page. ``text`` is Markdown, escaped."""
    note(report.Text(text))
    st.markdown(text)


def code(text: str) -> None:
    """Text shown letter by letter: a command, a prompt, an answer."""
    note(report.Code(text))
    st.code(text, language=None, wrap_lines=True)


def takeaway(sentences: Sequence[Sentence]) -> None:
    """One to three sentences computed from the data shown."""
    if sentences:
        note(report.Takeaway(tuple(sentences)))
        st.header(" ".join(markdown(one).strip() for one in sentences), anchor=False)


def small_text(text: str) -> None:
    """Muted small print, which Streamlit's own caption makes too pale to read. ``text`` is Markdown, escaped."""
    note(report.Text(text, is_small=True))
    st.markdown(f":small[:gray[{text}]]")


def figure(drawn: go.Figure, *, key: str, alt: str, traces: Traces | None = None, column: str = "interval") -> None:
    """The main figure with its bar: zoom, and the picture as SVG.

    Args:
        traces: Where the marks come from, a row per model; a mark carries the id of its model. With them a reader who
            chooses a mark gets the card of that model's number. Not on a phone: there a figure that can be chosen from
            would hold the finger that scrolls the page.
        column: The column of the traces that the marks show.
    """
    note(report.Figure(drawn, formats.one_line(alt, 400), key), traces)
    shown: dict[str, Any] = {
        "key": key,
        "alt": formats.one_line(alt, 400),
        "config": {
            "displaylogo": False,
            "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
            "toImageButtonOptions": {"format": "svg", "filename": f"pound-for-pound-{key}"},
        },
    }
    if traces is None or _is_touched():
        st.plotly_chart(drawn, **shown)
        return
    st.plotly_chart(drawn, on_select=origin.on_choice(key, traces), selection_mode="points", **shown)
    trace = origin.chosen_mark(key, traces, column)
    if trace is not None:
        with unnoted():
            origin.card(key, trace, _heading(column, {INTERVAL: "Score"}))


def _is_touched() -> bool:
    """Whether the reader's browser says that it is a phone's or a tablet's."""
    agent = (st.context.headers.get("User-Agent") or "") if st.context.headers else ""
    return "Mobi" in agent or "Android" in agent


def legend(entries: Legend, coverage: str) -> None:
    """The marks and their words in one line, and in the next who is shown. ``coverage`` is plain text."""
    note(report.LegendLine(entries, coverage))
    words = [f"{_coloured(mark.glyph, mark.role)} :gray[{formats.markdown(text)}]" for mark, text in entries]
    with st.container(gap="xxsmall"):
        if words:
            st.markdown(f":small[{' &ensp; '.join(words)}]")
        with unnoted():
            small_text(formats.markdown(coverage, 600))


def explain(name: str, *, method: str = "") -> None:
    """How to read the figure, from its note; the rest of the note and the method one click away.

    Args:
        name: Name of the figure's module.
        method: Further Markdown for the method, our own text.
    """
    first, rest = _note(name)
    note(report.Explain(first, "\n\n".join(part for part in (rest, method) if part)))
    st.markdown(f":small[**How to read this.** {first}]")
    with st.popover("Method and limits", icon=":material/info:", type="tertiary"):
        st.markdown("\n\n".join(part for part in (rest, method) if part))


def finding(found: Finding) -> None:
    """A card: title, sentence, and where there is more."""
    note(report.Heading(formats.markdown(found.title), 3))
    with unnoted():
        small_text(formats.markdown(found.title))
    say(markdown(found.sentence))
    if title := links.title(found.page):
        links.link(found.page, f":blue[{title} →]", found.query)


def left_out(counts: Mapping[str, int], rows: pd.DataFrame | None = None, *, noun: str = "model") -> None:
    """What is not shown and why, counted; the list behind a click.

    Args:
        counts: Reason to number.
        rows: The list, one row each; columns of the column table, ``reason`` last.
    """
    told = {reason: n for reason, n in counts.items() if n}
    if not told:
        return
    note(report.LeftOut(told, rows))
    parts = [f"{formats.markdown(reason)} ({formats.count(n)})" for reason, n in told.items()]
    st.markdown(f":small[**Left out.** {'; '.join(parts)}.]")
    if rows is not None and len(rows):
        with st.expander(f"The {formats.counted(len(rows), noun)} left out"), unnoted():
            table(rows, key="left-out", alt="What was left out, and why")


def table(
    rows: pd.DataFrame,
    *,
    key: str,
    alt: str,
    labels: Mapping[str, str] | None = None,
    traces: Traces | None = None,
    can_compare: bool = False,
    height: int | Literal["auto"] = "auto",
) -> None:
    """Rows under the headings, units and formats of the column table.

    Args:
        rows: Columns are names of the column table, or others with text in them and their headings in ``labels``:
            ``interval``, ``published`` and those that begin with ``score:`` hold intervals and are set to the right.
        traces: Where the cells come from. With them a reader who chooses a cell gets a card that leads to its source.
        can_compare: Rows are models that the reader may tick, to put them side by side.
    """
    note(report.Table(rows, labels or {}, alt), traces)
    names = columns(rows, labels or {})
    sent = arrow(rows)
    if traces is None:
        st.dataframe(sent, key=key, alt=alt, hide_index=True, placeholder="–", column_config=names, height=height)
        return
    st.dataframe(
        sent,
        key=key,
        alt=alt,
        hide_index=True,
        placeholder="–",
        column_config=names,
        height=height,
        on_select=origin.on_choice(key, traces),
        selection_mode=["single-cell", "multi-row"] if can_compare else "single-cell",
    )
    with unnoted():
        if can_compare:
            origin.compare(origin.ticked(key, traces))
        chosen = origin.chosen_cell(key, traces, rows)
        if chosen is None:
            small_text(f"{origin.HINT} {origin.TICK}" if can_compare else origin.HINT)
        else:
            origin.card(key, chosen.trace, _heading(chosen.column, labels or {}), _shown(rows, chosen))
    empty_cells.show(rows, traces)


def columns(rows: pd.DataFrame, labels: Mapping[str, str]) -> dict[str, ColumnConfig]:
    """Heading, unit and format of each column, for tables that do more than ``table``; arguments as there."""
    return {str(name): _column(rows, str(name), labels) for name in rows.columns}


def padded(scores: Iterable[str]) -> list[str]:
    """Scores as text that sorts like the numbers: ``9% ± 1`` before ``72% ± 6``."""
    return [" " * (3 - len(s.split("%")[0].split(".")[0])) + s if "%" in s else s for s in scores]


def rounded(numbers: pd.Series) -> pd.Series:
    """Whole numbers from ten on, two significant digits below: as ``formats.plain`` shows them, still numbers."""
    values = numbers.to_numpy(float, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = np.where(values >= 9.95, 0.0, np.maximum(1.0, 1 - np.floor(np.log10(np.abs(values)))))
    scale = 10.0 ** np.where(np.isfinite(digits), digits, 0.0)
    return pd.Series(np.round(values * scale) / scale, numbers.index)


def nothing_yet(what: str) -> None:
    """For an empty store: what the page will show, and how to get there."""
    say(f"{what} The store is empty, so there is nothing to show yet.")
    st.markdown("Fill it with the data that ships with the project, or with your own lm-eval results:")
    st.code(f"python -m lib fill\n{COMMANDS}", language=None, wrap_lines=True)


def nothing_left(hint: str) -> None:
    """For choices that leave no rows. ``hint`` says what to change; plain text."""
    note(report.Text(formats.markdown(hint, 300)))
    st.info(formats.markdown(hint, 300), icon=":material/filter_alt_off:")


def _span(text: str, role: str | None) -> str:
    escaped = formats.markdown(text, 400)
    # Marks must touch the words they emphasise, so the blanks go outside.
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    if role is None or not escaped:
        return f"{before}{escaped}{after}"
    bold = f"**{escaped}**"
    colour = _WORD_COLOURS.get(role)
    return f"{before}:{colour}[{bold}]{after}" if colour else f"{before}{bold}{after}"


def _coloured(glyph: str, role: str) -> str:
    # Ink is the colour of text; what Streamlit has no word for is told apart by its symbol alone.
    colour = _MARK_COLOURS.get(role, "gray")
    return glyph if role == "ink" else f":{colour}[{glyph}]"


@cache
def _note(name: str) -> tuple[str, str]:
    first, _, rest = (_NOTES / f"{name}.md").read_text(encoding="utf-8").strip().partition("\n\n")
    return first, rest


def _shown(rows: pd.DataFrame, chosen: origin.Cell) -> str:
    """What the chosen cell says; '' where it says nothing, or names what the card names anyway."""
    value = rows[chosen.column].iloc[chosen.row]
    if chosen.column == "name" or pd.isna(value):
        return ""
    column = "params_total" if chosen.column == "size" else chosen.column
    return str(value).strip() if column not in COLUMNS or isinstance(value, str) else formats.shown(column, value)


def _heading(name: str, labels: Mapping[str, str]) -> str:
    entry = COLUMNS.get("params_total" if name == "size" else name)
    return labels.get(name, entry.label if entry else name)


def _column(rows: pd.DataFrame, name: str, labels: Mapping[str, str]) -> ColumnConfig:
    entry = COLUMNS.get("params_total" if name == "size" else name)
    if entry is None:
        heading = labels.get(name, name)
        if name in (INTERVAL, PUBLISHED) or name.startswith(SCORE):
            return st.column_config.TextColumn(heading, alignment="right", width=width(rows, name, heading))
        return st.column_config.TextColumn(heading, alignment="left")
    heading, help = labels.get(name, entry.heading), entry.help
    match entry.format:
        case "parameters" | "tokens":
            return st.column_config.NumberColumn(heading, format="compact", help=help)
        case "score" | "points":
            return st.column_config.NumberColumn(heading, format="percent", help=help)
        case "count" | "plain" | "flop":
            return st.column_config.NumberColumn(heading, format="localized", help=help)
        case "ratio":
            return st.column_config.NumberColumn(heading, format="%.3g×", help=help)
        case "date":
            return st.column_config.DateColumn(heading, format="D MMM YYYY", help=help)
        case _:
            # Not pinned: the browser draws pinned cells pale, and names would look as if nothing led anywhere from them.
            return st.column_config.TextColumn(heading, help=help, width="medium" if name == "name" else None)
