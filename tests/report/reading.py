"""Reads a report as a browser would: elements, attributes and text, nothing run."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reading(HTMLParser):
    """A report taken apart.

    ``tags`` are (name, attributes) in order; ``scripts`` the contents of script elements with their attributes; ``text`` is
    what a reader sees; ``faults`` are elements that were closed in the wrong order.
    """

    def __init__(self, document: bytes | str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.text = ""
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(document.decode() if isinstance(document, bytes) else document)
        self.close()
        self.faults += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.tags.append((tag, told))
        if tag == "script":
            self.scripts.append((told, ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            told, before = self.scripts.pop()
            self.scripts.append((told, before + data))
        elif not self._open or self._open[-1] != "style":
            self.text += data
