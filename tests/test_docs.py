"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lib import settings_page
from lib.schema.flags import FLAGS
from lib.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "data" / "README.md"]


def test_the_page_of_settings_is_made_from_them() -> None:
    """`python -m lib.settings_page` writes it."""
    text = settings_page.PAGE.read_text(encoding="utf-8")
    assert settings_page.page(text) == text
    documented = re.findall(r"^\| `(P4P_\w+)` \|", text, re.MULTILINE)
    assert documented == [s.variable for s in SETTINGS]


def test_every_make_target_in_a_document_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"(?:^    |`)make ([a-z-]+)", text, re.MULTILINE):
            assert target in targets, f"{document.name} names `make {target}`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if not link.startswith(("http://", "https://", "mailto:")):
            assert (document.parent / link).exists(), f"{document.name} links to {link}"


def test_flags_read_as_sentences() -> None:
    for flag, text in FLAGS.items():
        assert re.fullmatch(r"[a-z-]+", flag) and text.endswith(".") and text[0].isupper(), flag


def test_every_command_is_in_the_readme_or_docs() -> None:
    from lib.cli import build_parser

    text = "\n".join(d.read_text(encoding="utf-8") for d in DOCUMENTS)
    actions = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    for command in actions:
        assert f"python -m lib {command}" in text, command
