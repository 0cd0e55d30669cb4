"""The pages that exist, in the order and groups of the menu, and links between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from lib import formats
from lib.ui import pinned


class PageEntry(NamedTuple):
    """A page.

    Args:
        name: Name of its file in ``pages``.
        address: Path after the host; the first page's is ``/``.
        title: In the menu and as the title of the browser's tab.
        group: Heading in the menu; empty for none.
        wish: How a reader says what it is for, after "I want to"; empty: not offered on the Overview.
        is_hidden: Not in the menu: it is about one thing, which its address names, and is reached by links.
    """

    name: str
    address: str
    title: str
    group: str
    wish: str = ""
    is_hidden: bool = False

    @property
    def path(self) -> str:
        return f"pages/{self.name}.py"


PAGES = (
    PageEntry("overview", "overview", "Overview", ""),
    PageEntry("models", "models", "Models", "Find", "choose a model that fits"),
    PageEntry("cheapest", "cheapest", "Cheapest that will do", "Find", "find the smallest that will do"),
    PageEntry(
        "performance_per_dollar", "performance-per-dollar", "Performance per dollar", "Find", "see what quality costs"
    ),
    PageEntry("head_to_head", "head-to-head", "Head to head", "Compare", "know if A is really better than B"),
    PageEntry("side_by_side", "side-by-side", "Side by side", "Compare", "compare a few"),
    PageEntry("upsets", "upsets", "Upsets", "Compare", "see where small beats large"),
    PageEntry(
        "parameters_tokens", "parameters-and-tokens", "Parameters and tokens", "Understand", "see who trained how much"
    ),
    PageEntry("planner", "planner", "Planner", "Understand", "plan training, tuning or serving"),
    PageEntry("variants", "variants", "Variants", "Understand", "see what quantising and tuning change"),
    PageEntry("evaluate", "evaluate", "Evaluate", "Bring your own", "run lm-eval on my model"),
    PageEntry("upload", "upload", "Upload", "Bring your own", "put my results beside these"),
    PageEntry("own_data", "own-data", "Your own results", "Bring your own"),
    PageEntry("report", "report", "Report", "Bring your own"),
    PageEntry("data", "data", "Data and methods", "About", "know where the numbers come from"),
    PageEntry("model", "model", "Model", "", is_hidden=True),
    PageEntry("benchmark", "benchmark", "Benchmark", "", is_hidden=True),
    PageEntry("run", "run", "Run", "", is_hidden=True),
    PageEntry("source", "source", "Source", "", is_hidden=True),
    PageEntry("job", "job", "Job", "", is_hidden=True),
    PageEntry("search", "search", "Search", "", is_hidden=True),
)
_BY_ADDRESS = {page.address: page for page in PAGES}
Choices = Mapping[str, str | list[str]]


def link(address: str, label: str, choices: Choices | None = None, *, help: str = "") -> None:
    """A link to a page in this tab.

    Args:
        label: Markdown; what comes from outside is escaped by the caller.
        choices: What goes into the address.
    """
    st.page_link(_BY_ADDRESS[address].path, label=label, query_params=_written(choices), help=help or None)


def to_model(model: str, name: object, *, more: Choices | None = None) -> None:
    """A link to the page of a model; ``name`` is plain text."""
    link("model", f":blue[{formats.markdown(name, 80)}]", {"model": model, **(more or {})})


def to_run(run: str, words: str = "") -> None:
    """A link to the page of a run (its digest or the beginning of it); ``words`` is plain text."""
    link("run", f":blue[{formats.markdown(words or f'Run {run[:12]}', 80)}]", {"run": run[:12]})


def to_benchmark(benchmark: str, label: object, *, more: Choices | None = None) -> None:
    """A link to the page of a benchmark; ``label`` is plain text."""
    link("benchmark", f":blue[{formats.markdown(label, 80)}]", {"benchmark": benchmark, **(more or {})})


def to_source(digest: str, words: str) -> None:
    """A link to the page of a source (the digest of its bytes or the beginning of it); ``words`` is plain text."""
    link("source", f":blue[{formats.markdown(words, 100)}]", {"source": digest[:12]})


def _written(choices: Choices | None) -> dict[str, str | list[str]] | None:
    """What goes into the address; in a pinned view the snapshot, too, also for whoever opens the link beside it."""
    pin: dict[str, str | list[str]] = {pinned.KEY: pinned.wanted()} if pinned.wanted() else {}
    return {**(choices or {}), **pin} or None


def title(address: str) -> str:
    """Title of a page; empty where it does not exist yet."""
    return _BY_ADDRESS[address].title if address in _BY_ADDRESS else ""
