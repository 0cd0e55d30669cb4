"""The Markdown of the pages as HTML: the few constructs that pages use, everything else as text.

Every character of the result that comes from the input has passed ``html.escape``; only the tags written in this module
are tags, and only ``http`` and ``https`` addresses become links. So a name that ``lib.formats.markdown`` has made inert on
the page is inert here, and one that nobody escaped can at most become bold.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from lib.schema.text import Sentence

_WORD_JOINER = "⁠"  # lib.formats parts characters with it that Streamlit would replace
_COLOURS = {"blue": "small", "orange": "large", "green": "good", "violet": "level", "gray": "muted", "small": "fine"}
_ROLES = {"strong": "", "small": "small", "large": "large"}
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_ADDRESS = re.compile(r"https?://[^\s<>\"\\^`{|}]+", re.IGNORECASE)
_DIRECTIVE = re.compile(r":([a-z]+)\[")
_ICON = re.compile(r":material/[a-z0-9_]+:")
_ITEM = re.compile(r"(?:- |\d{1,2}\. )")
_SPECIAL = frozenset("\\`&*[:")
_DEEPEST = 12


class _Read(NamedTuple):
    """HTML of some text, and where reading stopped."""

    html: str
    end: int


def text(plain: object) -> str:
    """Plain text as HTML."""
    return html.escape(str(plain).replace(_WORD_JOINER, ""))


def sentence(spans: Sentence) -> str:
    """A sentence with its key numbers bold, small in blue, large in orange."""
    return "".join(_span(span.text, span.role) for span in spans)


def paragraphs(plain: str) -> str:
    """An author's own plain text: blank lines part paragraphs, single line ends stay."""
    parts = [one.strip() for one in re.split(r"\n\s*\n", plain.replace("\r\n", "\n")) if one.strip()]
    return "".join(f"<p>{text(one).replace(chr(10), '<br>')}</p>" for one in parts)


def inline(markdown: str) -> str:
    """Running Markdown in one line."""
    return _Reader(markdown.replace(_WORD_JOINER, "")).until("", 0, 0).html


def block(markdown: str) -> str:
    """Markdown of several paragraphs, with lists, tables, small headings and fenced code."""
    lines = markdown.replace(_WORD_JOINER, "").replace("\r\n", "\n").split("\n")
    done: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif line.startswith("```"):
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("```")), len(lines))
            done.append(f"<pre>{html.escape(chr(10).join(lines[at + 1 : end]))}</pre>")
            at = end + 1
        elif line.startswith("#"):
            done.append(f"<h4>{inline(line.lstrip('#').strip())}</h4>")
            at += 1
        else:
            end = _end_of_part(lines, at)
            done.append(_part(lines[at:end]))
            at = end
    return "".join(done)


def _end_of_part(lines: list[str], at: int) -> int:
    kind = _kind(lines[at])
    end = at + 1
    while end < len(lines) and lines[end].strip() and not lines[end].startswith(("```", "#")):
        if _kind(lines[end]) != kind and not (kind == "list" and lines[end].startswith(" ")):
            break
        end += 1
    return end


def _kind(line: str) -> str:
    if line.startswith("|"):
        return "table"
    return "list" if _ITEM.match(line) else "text"


def _part(lines: list[str]) -> str:
    kind = _kind(lines[0])
    if kind == "table":
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        told = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
        head = "".join(f"<th>{inline(cell)}</th>" for cell in told[0]) if told else ""
        body = "".join("<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in row) + "</tr>" for row in told[1:])
        return f'<div class="rows"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    if kind == "list":
        items: list[str] = []
        for line in lines:
            begins = _ITEM.match(line)
            if begins:
                items.append(line[begins.end() :])
            else:
                items[-1] += " " + line.strip()
        tag = "ul" if lines[0].startswith("-") else "ol"
        return f"<{tag}>{''.join(f'<li>{inline(item)}</li>' for item in items)}</{tag}>"
    return f"<p>{inline(' '.join(line.strip() for line in lines))}</p>"


def _span(plain: str, role: str | None) -> str:
    if role is None:
        return text(plain)
    look = _ROLES.get(role, "")
    return f'<b class="{look}">{text(plain)}</b>' if look else f"<b>{text(plain)}</b>"


class _Reader:
    """Reads one text. What begins at a place is read once, so that nesting without an end costs no more than its length squared."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._read: dict[int, _Read | None] = {}

    def until(self, ending: str, at: int, depth: int) -> _Read:
        """HTML from ``at`` up to ``ending`` (not in it), or to the end where ``ending`` is empty; end -1: it never comes."""
        source = self._source
        done: list[str] = []
        while at < len(source):
            if ending and source.startswith(ending, at):
                return _Read("".join(done), at + len(ending))
            told = self._special(at, depth) if source[at] in _SPECIAL and depth < _DEEPEST else None
            if told is None:
                done.append(html.escape(source[at]))
                at += 1
            else:
                done.append(told.html)
                at = told.end
        return _Read("".join(done), -1 if ending else at)

    def _special(self, at: int, depth: int) -> _Read | None:
        """What begins here and is more than a character; None where nothing does."""
        if at not in self._read:
            self._read[at] = None
            self._read[at] = self._begun(at, depth)
        return self._read[at]

    def _begun(self, at: int, depth: int) -> _Read | None:
        source, one = self._source, self._source[at]
        if one == "\\":
            following = source[at + 1 : at + 2]
            return _Read(html.escape(following), at + 2) if _PUNCTUATION.fullmatch(following) else None
        if one == "`":
            end = source.find("`", at + 1)
            return None if end < 0 else _Read(f"<code>{html.escape(source[at + 1 : end])}</code>", end + 1)
        if one == "&":
            return _Read("&ensp;", at + 6) if source.startswith("&ensp;", at) else None
        if one == "*":
            mark, tag = ("**", "b") if source.startswith("**", at) else ("*", "i")
            return self._enclosed(at + len(mark), mark, f"<{tag}>", f"</{tag}>", depth)
        if one == "[":
            return self._link(at, depth)
        icon = _ICON.match(source, at)
        if icon:
            return _Read("", icon.end())
        directive = _DIRECTIVE.match(source, at)
        if directive and directive[1] in _COLOURS:
            return self._enclosed(directive.end(), "]", f'<span class="{_COLOURS[directive[1]]}">', "</span>", depth)
        return None

    def _enclosed(self, at: int, mark: str, before: str, after: str, depth: int) -> _Read | None:
        if self._source.find(mark, at) < 0 or (mark != "]" and self._source[at : at + 1].isspace()):
            return None
        inner = self.until(mark, at, depth + 1)
        return None if inner.end < 0 or not inner.html else _Read(f"{before}{inner.html}{after}", inner.end)

    def _link(self, at: int, depth: int) -> _Read | None:
        source = self._source
        if source.find("](", at) < 0:
            return None
        words = self.until("]", at + 1, depth + 1)
        if words.end < 0 or not source.startswith("(", words.end):
            return None
        end = source.find(")", words.end)
        address = source[words.end + 1 : end] if end > 0 else ""
        if not _ADDRESS.fullmatch(address):
            return None
        return _Read(f'<a href="{html.escape(address)}" rel="noopener noreferrer">{words.html}</a>', end + 1)
