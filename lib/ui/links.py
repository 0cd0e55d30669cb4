"""The pages that exist, in the order and groups of the menu, and links between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st


class PageEntry(NamedTuple):
    """A page.

    Args:
        name: Name of its file in ``pages``.
        address: Path after the host; the first page's is ``/``.
        title: In the menu and as the title of the browser's tab.
        group: Heading in the menu; empty for none.
        wish: How a reader says what it is for, after "I want to"; empty: not offered on the Overview.
    """

    name: str
    address: str
    title: str
    group: str
    wish: str = ""

    @property
    def path(self) -> str:
        return f"pages/{self.name}.py"


PAGES = (
    PageEntry("overview", "overview", "Overview", ""),
    PageEntry("models", "models", "Models", "Find", "choose a model that fits"),
    PageEntry(
        "parameters_tokens", "parameters-and-tokens", "Parameters and tokens", "Understand", "see who trained how much"
    ),
)
_BY_ADDRESS = {page.address: page for page in PAGES}


def link(address: str, label: str, choices: Mapping[str, str] | None = None) -> None:
    """A link to a page in this tab; ``choices`` go into its address. Nothing where the page does not exist yet."""
    if page := _BY_ADDRESS.get(address):
        st.page_link(page.path, label=label, query_params=dict(choices) if choices else None)


def title(address: str) -> str:
    """Title of a page; empty where it does not exist yet."""
    return _BY_ADDRESS[address].title if address in _BY_ADDRESS else ""
