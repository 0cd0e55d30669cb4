"""`report VIEW... -o FILE.html`: views of the dashboard as one file; `report brief A B`: can A be replaced by B?"""

from __future__ import annotations

import argparse
import logging
import uuid
from pathlib import Path

from lib.access import OPERATOR
from lib.cli_output import put, put_json, say
from lib.errors import RefusedInput
from lib.settings import Settings


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


def report(options: argparse.Namespace, settings: Settings) -> int:
    """`report VIEW... -o FILE [--static] [--title T] [--text T] [--json]`. The file is there whole or not at all."""
    path: Path = options.output
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise RefusedInput(
            "cannot write there", place="--output", expected="a file in a folder that exists", found=path
        )
    say(f"drawing {len(options.views)} views ..." if len(options.views) > 1 else "drawing the view ...")
    # Streamlit has its own to say about running without a server.
    logging.disable(logging.WARNING)
    try:
        # Only here: it loads the pages, which takes a second of every other command.
        from lib.ui import reports

        made = reports.report(options.views, OPERATOR, title=options.title, note=options.text, is_static=options.static)
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


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
