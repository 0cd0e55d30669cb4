"""A document as one HTML file: everything inside, nothing asked of any host, safe to mail and to open from a disk.

The file carries a content security policy that allows exactly the two scripts in it, by their digests, and no connection
at all: whatever a name in the data says, nothing else can run or be fetched.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from lib import formats
from lib.errors import RefusedInput
from lib.figures import theme
from lib.report import parts
from lib.report.document import Document, Provenance, SourceLine
from lib.report.markup import paragraphs, text

ASSETS = Path(__file__).parent / "assets"
LIBRARY = "plotly-cartesian.min.js"
LIBRARY_SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"
"""Of plotly.js-cartesian-dist-min 4.1.1 as published, the version that the installed plotly draws for."""
MOST_BYTES, MOST_STATIC_BYTES = 6_000_000, 1_000_000
ROWS, STATIC_ROWS = 500, 100
"""Rows of each table, halved until the file is small enough."""
FEWEST_ROWS = 5
FILES_NAMED = 6


def render(document: Document, *, static: bool = False) -> bytes:
    """The report as one file, UTF-8.

    Args:
        static: Pictures in place of figures that answer to the pointer: no script at all, under 1 MB; otherwise under 6 MB.

    Raises:
        RefusedInput: Even with short tables it is too large: too many views for one file.
    """
    most = STATIC_ROWS if static else ROWS
    limit = MOST_STATIC_BYTES if static else MOST_BYTES
    while True:
        made = _file(document, static=static, most=most).encode()
        if len(made) < limit:
            return made
        if most <= FEWEST_ROWS:
            raise RefusedInput(
                "too many views for one file", place="report", expected=f"at most {limit // 1_000_000} MB", found=""
            )
        most = max(FEWEST_ROWS, most // 2)


def _file(document: Document, *, static: bool, most: int) -> str:
    is_single = len(document.views) == 1
    page = parts.Page(document.provenance.origin, most, is_static=static, top=1 if is_single else 2)
    body = "".join(parts.view(one, page, n) for n, one in enumerate(document.views))
    scripts = [] if static or not page.n_figures else [_asset(LIBRARY), _asset("report.js")]
    # Data of the figures come first: the script reads them as soon as it is there.
    data = f'<script type="application/json" id="colours">{parts.script_json(_colours())}</script>' if scripts else ""
    head = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{text(document.title)} · Pound for Pound</title><style>{_font()}{_asset('report.css')}{_roles()}</style></head>"
    )
    return (
        f"{head}<body>{_header(document.provenance)}<main>{_opening(document, is_single)}{body}"
        f"{_sources(document.sources)}</main>{_footer(document.provenance)}{data}{''.join(page.specs)}"
        f"{''.join(f'<script>{one}</script>' for one in scripts)}</body></html>"
    )


def _opening(document: Document, is_single: bool) -> str:
    """Title, the author's own text, and the way to each view; a single view brings its own title."""
    note = f'<div class="note">{paragraphs(document.note)}</div>' if document.note.strip() else ""
    if is_single:
        return note
    entries = "".join(f'<li><a href="#view-{n}">{text(one.title)}</a></li>' for n, one in enumerate(document.views))
    return f"<h1>{text(document.title)}</h1>{note}<ul class='toc'>{entries}</ul>"


def _header(of: Provenance) -> str:
    made = f"Report of {formats.date(of.made_at)}" if of.made_at else "Report"
    return f'<header><span class="name">Pound <i>for</i> Pound</span><span>{text(made)}</span></header>'


def _sources(lines: tuple[SourceLine, ...]) -> str:
    if not lines:
        return ""
    return f'<h2>Sources</h2><ul class="sources">{"".join(_source(one) for one in lines)}</ul>'


def _source(line: SourceLine) -> str:
    title = text(formats.one_line(line.title, 200))
    linked = parts.link(line.url, title)
    told = [formats.counted(len(line.runs), "run") + " used"] if line.runs else []
    told += (
        [f"published {formats.date(line.published_on)}"] if formats.date(line.published_on) != formats.UNKNOWN else []
    )
    told += [f"imported {formats.date(line.imported_at)}"] if line.imported_at else []
    told += [formats.one_line(line.licence, 80)] if line.licence else []
    files = [formats.one_line(one, 120) for one in line.files[:FILES_NAMED] if one != line.title]
    more = len(line.files) - FILES_NAMED
    named = f"<br><code>{text(' · '.join(files))}</code>{f' and {more} more' if more > 0 else ''}" if files else ""
    return f'<li>{linked} <span class="muted">{text(" · ".join(told))}</span>{named}</li>'


def _footer(of: Provenance) -> str:
    told = [f"Data digest <code>{text(of.digest)}</code>"] if of.digest else []
    counts = [formats.counted(of.n_results, "result"), formats.counted(of.n_sources, "source")]
    counts += [f"data of {formats.date(of.updated_at)}"] if of.updated_at else []
    counts += [f"made {of.made_at.replace('T', ' ')[:16]} UTC"] if of.made_at else []
    counts += [f"Pound for Pound {of.code_version}"] if of.code_version else []
    told.append(text(" · ".join(counts)))
    told.append("This file asks nothing of any host: the figures and their library are inside.")
    return f"<footer><div>{''.join(f'<p>{one}</p>' for one in told)}</div></footer>"


def _policy(scripts: list[str]) -> str:
    allowed = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts
    )
    return (
        f"default-src 'none'; script-src {allowed or chr(39) + 'none' + chr(39)}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _colours() -> dict[str, dict[str, str]]:
    return {mode: theme.placeholders(mode) for mode in theme.MODES}


def _roles() -> str:
    """Fill and stroke of every placeholder in light and dark, for the pictures."""

    def rules(mode: theme.Mode) -> str:
        own = theme.placeholders(mode).items()
        return "".join(f".f{one[-2:]}{{fill:{c}}}.s{one[-2:]}{{stroke:{c}}}" for one, c in own)

    return f"{rules('light')}@media screen and (prefers-color-scheme:dark){{{rules('dark')}}}"


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _font() -> str:
    coded = base64.b64encode((ASSETS / "source-sans-3.woff2").read_bytes()).decode()
    return f'@font-face{{font-family:"Source Sans";font-weight:200 900;src:url(data:font/woff2;base64,{coded}) format("woff2")}}'
