"""The one place for the words of numbers, and for making text from outside inert.

Unknown (None, NaN, infinite) is never 0: every function shows it as ``unknown``, by default an en dash.
Numbers carry two significant digits below ten and whole units above (1.5B, 33B, 405B), because that is what
model names and size comparisons use; exact values are in the downloads.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
import urllib.parse
from collections.abc import Callable
from functools import lru_cache
from typing import Any, SupportsFloat

from lib.schema.columns import COLUMNS

UNKNOWN = "–"
NOT_PUBLISHED = "not published"
MINUS = "−"

_SHORT = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_LONG = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1e3, " thousand"))
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip


def known(value: object) -> bool:
    """Whether a value is a finite number (None, NaN, NaT, NA, infinities and text are not)."""
    return number(value) is not None


def number(value: object) -> float | None:
    """The value as a finite float, or None for everything that is not one."""
    # float and int first: asking for the protocol takes a hundred times as long, and tables ask for thousands of cells.
    if not isinstance(value, (float, int)) and (
        value is None or isinstance(value, (str, bytes)) or not isinstance(value, SupportsFloat)
    ):
        return None
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):  # pandas' NA and NaT answer float() in their own ways
        return None
    return result if math.isfinite(result) else None


# Counts


def parameters(value: object, unknown: str = UNKNOWN) -> str:
    """A parameter count in short: ``7B``, ``1.5B``, ``135M``, ``1.2T``."""
    return _scaled(value, _SHORT, unknown)


def parameters_in_words(value: object, unknown: str = UNKNOWN) -> str:
    """A parameter count in a sentence: ``33 billion``, ``1.5 billion``, ``135 million``."""
    return _scaled(value, _LONG, unknown)


def tokens(value: object, unknown: str = UNKNOWN) -> str:
    """A token count in short: ``15T``, ``300B``, ``1.4T``."""
    return _scaled(value, _SHORT, unknown)


def tokens_in_words(value: object, unknown: str = UNKNOWN) -> str:
    """A token count in a sentence: ``15 trillion``, ``300 billion``."""
    return _scaled(value, _LONG, unknown)


def count(value: object, unknown: str = UNKNOWN) -> str:
    """A whole number with thousands grouped: ``35,969``."""
    n = number(value)
    return unknown if n is None else _signed(f"{round(n):,}")


def counted(value: object, singular: str, plural: str = "") -> str:
    """A number with its noun: ``1 model``, ``291 models``, ``no models`` for 0."""
    n = number(value)
    noun = singular if n is not None and round(n) == 1 else (plural or singular + "s")
    return f"{'no' if n == 0 else count(n)} {noun}"


def flop(value: object, unknown: str = UNKNOWN) -> str:
    """An amount of computing in operations: ``10²⁴ FLOP``, ``3.1 × 10²³ FLOP``."""
    n = number(value)
    if n is None or n <= 0:
        return unknown if n is None or n < 0 else "0 FLOP"
    mantissa, exponent = f"{n:.1e}".split("e")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPT)
    mantissa = mantissa.removesuffix(".0")
    return f"{power} FLOP" if mantissa == "1" else f"{mantissa} × {power} FLOP"


# Scores, intervals, ratios, money


def score(value: object, digits: int = 1, unknown: str = UNKNOWN) -> str:
    """A fraction as a percentage: ``72.1%``; ``digits=0`` gives ``72%``."""
    n = number(value)
    return unknown if n is None else _signed(f"{100 * n:.{digits}f}") + "%"


def points(value: object, digits: int = 1, unknown: str = UNKNOWN) -> str:
    """A difference of two fractions in points, with its sign: ``+18.5 points``."""
    n = number(value)
    return unknown if n is None else _signed(f"{100 * n:+.{digits}f}") + " points"


def interval(value: object, low: object, high: object, unknown: str = UNKNOWN) -> str:
    """A score with its interval: ``72% ± 6``; ``1% (0 to 6)`` where the two sides differ visibly.

    Half widths below one point get a decimal (``72.1% ± 0.8``). Without an interval the score stands alone.
    """
    middle, lower, upper = number(value), number(low), number(high)
    if middle is None:
        return unknown
    if lower is None or upper is None:
        return score(middle)
    half = (upper - lower) / 2
    digits = 0 if half >= 0.00995 else 1
    unit = 10**-digits / 100
    if abs((upper - middle) - (middle - lower)) > 2 * max(unit, 0.1 * half):
        return f"{score(middle, digits)} ({100 * lower:.{digits}f} to {100 * upper:.{digits}f})"
    return f"{score(middle, digits)} ± {100 * half:.{digits}f}"


def between(low: object, high: object, digits: int = 0, unknown: str = UNKNOWN) -> str:
    """An interval in a sentence: ``between 66% and 78%``."""
    if not (known(low) and known(high)):
        return unknown
    return f"between {score(low, digits)} and {score(high, digits)}"


def times(value: object, unknown: str = UNKNOWN) -> str:
    """A ratio in a sentence: ``21 times``, ``2.7 times``, ``1,900 times``."""
    return _ratio(value, " times", unknown)


def ratio(value: object, unknown: str = UNKNOWN) -> str:
    """A ratio in a table or on an axis: ``5×``, ``2.7×``."""
    return _ratio(value, "×", unknown)


def plain(value: object, unknown: str = UNKNOWN) -> str:
    """A number without a unit, two significant digits below ten: ``1.7``, ``20``, ``1,868``, ``0.06``."""
    n = number(value)
    if n is None:
        return unknown
    size = abs(n)
    if size == 0:
        return "0"
    if size >= 9.95:
        return _signed(f"{n:,.0f}")
    digits = max(1, 1 - math.floor(math.log10(size)))
    return _signed(_trimmed(f"{n:.{digits}f}"))


def usd(value: object, unknown: str = UNKNOWN) -> str:
    """An amount in US dollars: ``$0.52``, ``$0.0032``, ``$1,234``."""
    n = number(value)
    if n is None:
        return unknown
    sign, size = (MINUS if n < 0 else ""), abs(n)
    if size == 0 or size >= 99.5:
        return f"{sign}${size:,.0f}"
    digits = max(2, 1 - math.floor(math.log10(size)))
    return f"{sign}${size:.{digits}f}"


# Dates


def date(value: object, precision: str = "day", unknown: str = UNKNOWN) -> str:
    """A date as precisely as it is known: ``14 Feb 2019`` (day), ``June 2024`` (month), ``2024`` (year)."""
    day = _day(value)
    if day is None:
        return unknown
    if precision == "year":
        return str(day.year)
    if precision == "month":
        return f"{_MONTHS[day.month - 1]} {day.year}"
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def month(value: object, unknown: str = UNKNOWN) -> str:
    """The month of a date: ``June 2024``."""
    return date(value, "month", unknown)


def months_between(earlier: object, later: object) -> int | None:
    """Elapsed months from one date to another, rounded: 24 Feb 2023 to 7 June 2024 is 15; None if either is unknown."""
    a, b = _day(earlier), _day(later)
    return None if a is None or b is None else round((b - a).days / (365.2425 / 12))


# By column


def shown(column: str, value: object, unknown: str = "") -> str:
    """A value in the format of its column in ``lib.schema.columns``.

    Args:
        column: Name of the column; a KeyError says that the table lacks it.
        value: The value as stored, in the unit of the column.
        unknown: Word for an unknown value; empty: the word that the column table names.
    """
    entry = COLUMNS[column]
    return _BY_NAME[entry.format](value, unknown or entry.unknown)


def _text(value: object, unknown: str) -> str:
    return unknown if value is None or value != value or str(value) == "" else str(value)


def _yes_no(value: object, unknown: str) -> str:
    n = number(value)
    return unknown if n is None else ("yes" if n else "no")


_BY_NAME: dict[str, Callable[[Any, str], str]] = {
    "parameters": parameters,
    "tokens": tokens,
    "count": count,
    "flop": flop,
    "score": lambda value, unknown: score(value, 1, unknown),
    "points": lambda value, unknown: points(value, 1, unknown),
    "ratio": ratio,
    "plain": plain,
    "usd": usd,
    "date": lambda value, unknown: date(value, "day", unknown),
    "text": _text,
    "yes_no": _yes_no,
}


# Text from outside


@lru_cache(maxsize=8192)
def _one_line(text: str, limit: int) -> str:
    kept = "".join(
        " " if c.isspace() else "" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") else c for c in text
    )
    kept = " ".join(kept.split())
    return kept if len(kept) <= limit else kept[: limit - 1].rstrip() + "…"


def one_line(text: object, limit: int = 120) -> str:
    """Text on one line: control and direction-changing characters gone, white space single, cut at ``limit``."""
    # A menu writes the same hundreds of names at every rerun.
    return _one_line(str(text), limit)


_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_JOINED = re.compile(r"\\:(?=[^\s])|\\@(?=\w)|\\[-<>~=](?=\\[-<>=])|www(?=\\\.)", re.IGNORECASE)
_IN_ADDRESSES = ":/?#@!$&'*+,;=%~-._"  # not brackets: they would end a Markdown link
_WORD_JOINER = "⁠"


def markdown(text: object, limit: int = 200) -> str:
    """Text that Streamlit's Markdown shows as it is: no emphasis, link, HTML, formula, colour, icon or arrow.

    Every ASCII punctuation mark gets a backslash (CommonMark 2.4 allows that for all of them). Streamlit replaces
    some things only after that reading (``:smile:``, ``:material/home:``, ``->``, addresses): there an invisible
    word joiner (U+2060) parts the characters.
    """
    escaped = _MARKDOWN.sub(r"\\\1", one_line(text, limit))
    return _JOINED.sub(lambda m: m.group(0) + _WORD_JOINER, escaped)


def web_link(address: object, words: object, limit: int = 120) -> str:
    """Words that lead to a web address, as Markdown; the words alone where the address is not http or https."""
    text = markdown(words, limit)
    written = "" if address is None or address != address else str(address).strip()
    if not re.fullmatch(r"https?://[^\s<>\"\\^`{|}]+", written, re.IGNORECASE):
        return text
    return f"[{text}]({urllib.parse.quote(written, safe=_IN_ADDRESSES)})"


def plotly(text: object, limit: int = 80) -> str:
    """Text that Plotly shows as it is: no tag, entity, formula or hover variable."""
    escaped = one_line(text, limit).replace("&", "&amp;")
    for character, entity in (("<", "&lt;"), (">", "&gt;"), ("$", "&#36;"), ("{", "&#123;"), ("}", "&#125;")):
        escaped = escaped.replace(character, entity)
    return escaped


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_cell(value: object) -> object:
    """A cell that a spreadsheet does not run: text starting with = + - @, tab or return gets a leading apostrophe.

    Numbers stay numbers, also negative ones.
    """
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return value


def _scaled(value: object, units: tuple[tuple[float, str], ...], unknown: str) -> str:
    n = number(value)
    if n is None:
        return unknown
    size = abs(n)
    for unit, suffix in units:
        if size >= unit * 0.9995:  # 999.6 million is 1B, not 1000M
            scaled = size / unit
            digits = f"{scaled:.1f}" if scaled < 9.95 else f"{scaled + 1e-9:,.0f}"  # 32.5 is 33, not the even 32
            return (MINUS if n < 0 else "") + _trimmed(digits) + suffix
    return _signed(_trimmed(f"{n:.1f}"))


def _ratio(value: object, suffix: str, unknown: str) -> str:
    n = number(value)
    if n is None:
        return unknown
    if n >= 99.5:
        step = 10 ** (math.floor(math.log10(n)) - 1)
        n = round(n / step) * step
    return plain(n) + suffix


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _signed(digits: str) -> str:
    if digits.startswith("-"):
        return (MINUS if digits.strip("-0.,%") else "") + digits[1:]
    return digits


def _day(value: object) -> dt.date | None:
    if value is None or value != value:
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = str(value)[:10]  # ISO text and numpy's datetime64
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
