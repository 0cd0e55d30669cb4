"""`report VIEW... -o FILE.html`: views of the dashboard as one file; `report brief A B`: can A be replaced by B?"""

from __future__ import annotations

import argparse
import logging
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from lib.access import OPERATOR
from lib.cli_compare import side_meant
from lib.cli_output import put, put_json, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.report.brief import Workload
from lib.settings import Settings
from lib.store.frames import FrameCache

if TYPE_CHECKING:
    from lib.ui import reports

BRIEF = "brief"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of `report`."""
    command.add_argument(
        "views",
        nargs="+",
        metavar="VIEW",
        help="a page (models), its address with parameters, or a link; or: brief A B",
    )
    command.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="the HTML file to write")
    command.add_argument("--static", action="store_true", help="pictures in place of scripts, under 1 MB")
    command.add_argument(
        "--title", default="", metavar="TEXT", help="of the report; without it the first view's question"
    )
    command.add_argument("--text", default="", metavar="TEXT", help="your own text, above the views")

    command.add_argument(
        "--margin", type=float, default=0.02, metavar="M", help="of a brief: what matters to you (0.02)"
    )
    command.add_argument("--requests", type=float, default=100_000, metavar="N", help="of a brief: requests a month")
    command.add_argument(
        "--tokens-in", type=float, default=1_500, metavar="N", help="of a brief: tokens read per request"
    )
    command.add_argument("--tokens-out", type=float, default=500, metavar="N", help="of a brief: tokens written")


def report(options: argparse.Namespace, settings: Settings) -> int:
    """`report VIEW... -o FILE [--static] [--title T] [--text T] [--json]`. The file is there whole or not at all."""
    path: Path = options.output
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise RefusedInput(
            "cannot write there", place="--output", expected="a file in a folder that exists", found=path
        )
    is_brief = options.views[0] == BRIEF
    if is_brief and len(options.views) != 3:
        raise RefusedInput("a brief is about two models", place="PATH", expected="report brief A B -o FILE")
    say("writing the brief ..." if is_brief else f"drawing {len(options.views)} views ...")
    # Streamlit has its own to say about running without a server.
    logging.disable(logging.WARNING)
    try:
        made = _brief(options, settings) if is_brief else _views(options)
    finally:
        logging.disable(logging.NOTSET)
    _write(path, made.content)
    document = made.document
    if options.json:
        told = [{"title": one.title, "address": one.address} for one in document.views]
        put_json({"file": str(path), "n_bytes": len(made.content), "digest": document.provenance.digest, "views": told})
    else:
        n = len(document.views)
        put(
            f"{path}: {n} view{'s' * (n > 1)}, {len(made.content) / 1e6:.1f} MB, digest {document.provenance.digest[:12]}"
        )
    return 0


def _views(options: argparse.Namespace) -> reports.Made:
    # Only here: it loads the pages, which would take a second of every other command.
    from lib.ui import reports

    return reports.report(options.views, OPERATOR, title=options.title, note=options.text, is_static=options.static)


def _brief(options: argparse.Namespace, settings: Settings) -> reports.Made:
    from lib.ui import reports
    from lib.ui.views.brief import brief_view

    store = operators_store(settings)
    try:
        seen = store.seen_by(OPERATOR.sight)
        frames = FrameCache(seen).frames()
        a, b = (side_meant(seen, frames, asked, place) for asked, place in zip(options.views[1:], "AB", strict=True))
        work = Workload(options.requests, options.tokens_in, options.tokens_out)
        view = brief_view(frames, seen, a=a.key, b=b.key, margin=options.margin, work=work, today=settings.today)
        of = reports.provenance(frames)
    finally:
        store.close()
    return reports.file([view], of, title=options.title, note=options.text, is_static=options.static)


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
