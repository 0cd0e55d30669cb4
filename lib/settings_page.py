"""The table of ``docs/settings.md``, made from the settings themselves: ``python -m lib.settings_page`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from lib.settings import ROOT, SETTINGS

PAGE = ROOT / "docs" / "settings.md"
BEGINS, ENDS = "<!-- made by `python -m lib.settings_page` -->", "<!-- end of what is made -->"


def table() -> str:
    """A row per setting, in the order in which they are declared: variable, default, what it does."""
    rows = (f"| `{s.variable}` | {f'`{s.default}`' if s.default else 'empty'} | {_cell(s.help)} |" for s in SETTINGS)
    return "\n".join(("| variable | default | what it does |", "|---|---|---|", *rows))


def page(text: str) -> str:
    """The text of the page with the table in it made anew.

    Raises:
        ValueError: If the two marks are not there once each.
    """
    before, rest = text.split(BEGINS)
    _, after = rest.split(ENDS)
    return f"{before}{BEGINS}\n{table()}\n{ENDS}{after}"


def write(path: Path = PAGE) -> None:
    """Write the page anew; nothing changes where it is right."""
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    write()
