"""`import` and `fill`: files into the store, with progress and a summary of what came in, what did not, and why."""

from __future__ import annotations

import argparse

from lib.cli_afterwards import afterwards, put_afterwards
from lib.cli_output import ProgressLine, put, put_json, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.fill import FillState, fill, has_catalogue
from lib.sources.ingest import Step, Summary, ingest
from lib.sources.texts import for_terminal
from lib.store.db import Store

SHOWN_ISSUES = 20


def import_paths(options: argparse.Namespace, settings: Settings) -> int:
    """`import PATH...`: 0 when every file went in or was there, 1 when one was refused, 2 for a path that is none."""
    missing = [path for path in options.paths if not path.exists()]
    if missing:
        raise RefusedInput("no such file or folder", place="PATH", found=", ".join(str(path) for path in missing))
    store = operators_store(settings)
    try:
        if settings.fill and not has_catalogue(store):
            say("first the catalogue, so that model names mean something")
            _fill(store, settings, only="catalogue")
        line = ProgressLine()

        def show(step: Step) -> None:
            if options.verbose:
                for name in step.acknowledged:
                    say(f"in {name}")
            else:
                line.show(f"{step.n_files} files, {step.file}", is_milestone=bool(step.acknowledged))

        summary = ingest(store, options.paths, settings=settings, progress=show)
        line.end()
        told = afterwards(store, options.paths, summary)
    finally:
        store.close()
    if options.json:
        put_json(summary.as_json() | told)
    else:
        _report(summary, as_json=False)
        put_afterwards(told)
    return 1 if summary.refused else 0


def fill_store(options: argparse.Namespace, settings: Settings) -> int:
    """`fill`: the shipped data; files it holds that are no evaluations are listed but are no failure."""
    store = operators_store(settings)
    try:
        summary = _fill(store, settings, only="catalogue" if options.catalogue else None)
    finally:
        store.close()
    if summary is None:
        say("another process is filling this store already; it goes on")
        if options.json:
            put_json(Summary().as_json())
        return 0
    _report(summary, as_json=options.json, with_issues=bool(options.catalogue))
    return 1 if summary.refused and options.catalogue else 0


def _fill(store: Store, settings: Settings, only: str | None) -> Summary | None:
    line = ProgressLine()
    shown = ""

    def show(state: FillState) -> None:
        nonlocal shown
        line.show(
            f"{state.phase}: {state.done} of {state.total} files, {state.label}", is_milestone=state.label != shown
        )
        shown = state.label

    summary = fill(store, settings, progress=show, only=only)
    line.end()
    return summary


def _report(summary: Summary, *, as_json: bool, with_issues: bool = True) -> None:
    """The counts, and each file that was refused or has something to be said about it.

    Args:
        with_issues: Off for the shipped data as a whole: what its zips hold beside evaluations is known.
    """
    if as_json:
        put_json(summary.as_json())
        return
    put(
        f"{summary.imported} files imported, {summary.unchanged} unchanged, {len(summary.refused)} refused; "
        f"{summary.results} results, {summary.samples} samples"
    )
    if not with_issues:
        put("(files in the shipped zips that are no evaluations are named by: python -m lib fill --json)")
        return
    for title, issues in (("refused", summary.refused), ("warning", summary.warnings)):
        for issue in issues[:SHOWN_ISSUES]:
            put(f"{title}: {for_terminal(issue.file)}: {issue.reason}")
        if len(issues) > SHOWN_ISSUES:
            put(f"{title}: and {len(issues) - SHOWN_ISSUES} more (--json lists all)")
