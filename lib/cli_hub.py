"""`hub facts | import | publish`: what the Hugging Face Hub says of a model, results from it, and results back to it."""

from __future__ import annotations

import argparse
from typing import Any, TypeAlias

from lib import formats
from lib.access import OWN_MACHINE, VISIBILITIES
from lib.cli_cheapest import model_named
from lib.cli_output import ProgressLine, put, put_json, put_table
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources import hub_import, hub_publish
from lib.sources.hub_client import Hub, named_in
from lib.sources.hub_facts import describe
from lib.sources.hub_filling import ids_by_hub_name, propose, write
from lib.sources.ingest import Step
from lib.store.db import Store
from lib.store.frames import FrameCache
from lib.store.prepared import Holder

SHOWN = 20
Parsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_hub_arguments(command: argparse.ArgumentParser) -> None:
    """What `hub` can do."""
    doings = command.add_subparsers(dest="doing", required=True, metavar="WHAT")
    one = _doing(
        doings, "facts", "what it says of a model, beside what stands here; --write fills what is unknown", _facts
    )
    one.add_argument("model", metavar="MODEL", help="id or any known name")
    one.add_argument("--as", dest="hub_name", default="", metavar="ORG/NAME", help="its name on the Hub, if not known")
    one.add_argument("--write", action="store_true", help="write what is unknown here")
    one.add_argument("--replace", action="store_true", help="with --write: also what differs")

    one = _doing(doings, "import", "results from a data set repository, or from a model's card", _import)
    one.add_argument("repository", metavar="REPO", help="org/name, datasets/org/name or the address of its page")
    one.add_argument("--card", action="store_true", help="REPO is a model: the results on its card")
    one.add_argument("--only", default="*", metavar="PATTERN", help="only files whose path fits, as 'org/model/*'")
    one.add_argument("--visibility", choices=VISIBILITIES, default="public", help="who sees it on the pages (public)")
    one.add_argument("--list", action="store_true", help="only say what there is")

    one = _doing(doings, "publish", "files of lm-eval, as they were received, into a data set repository", _publish)
    one.add_argument("runs", nargs="+", metavar="RUN", help="digest of a run, or the beginning of it")
    one.add_argument("--to", required=True, metavar="ORG/NAME", help="the repository; made if there is none")
    one.add_argument("--public", action="store_true", help="a new repository is for everybody; without it private")
    one.add_argument("--list", action="store_true", help="only say what would be sent")


def hub_command(options: argparse.Namespace, settings: Settings) -> int:
    """`hub facts MODEL | import REPO | publish RUN... --to REPO`, each with --json."""
    store = operators_store(settings)
    try:
        return int(options.do(options, settings, store))
    finally:
        store.close()


def _doing(doings: Parsers, name: str, help_: str, do: object) -> argparse.ArgumentParser:
    parser = doings.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.set_defaults(do=do)
    return parser


def _facts(options: argparse.Namespace, settings: Settings, store: Store) -> int:
    frames = FrameCache(store).frames()
    model = model_named(store, frames, options.model, "MODEL")
    row = {str(field): value for field, value in frames.models.loc[model].items()}
    known = row["hf_id"] if isinstance(row["hf_id"], str) else ""
    if not (options.hub_name or known):
        raise RefusedInput("nobody has said what this model is called on the Hub", place="--as", expected="org/name")
    described = describe(Hub(), named_in(options.hub_name or known, "model")[1])
    proposals, notes = propose(described, row, ids_by_hub_name(frames.models).get)
    wanted = [one for one in proposals if one.state == "new" or (options.replace and one.state == "differs")]
    written = write(store, model, wanted, settings.today, described.revision) if options.write else []
    if options.json:
        rows = [one._asdict() for one in proposals]
        told: dict[str, Any] = {"model": model, "hub_name": described.name, "revision": described.revision}
        put_json({**told, "proposals": rows, "notes": notes, "written": written})
        return 0
    cells = [(p.field, p.before or formats.UNKNOWN, p.after, p.state, p.url) for p in proposals]
    put_table(("field", "here", "on the Hub", "", "where"), cells)
    for note in notes:
        put(f"note: {note}")
    put(f"written: {', '.join(written) or 'nothing'}" if options.write else _advice(len(wanted)))
    return 0


def _advice(n_new: int) -> str:
    return f"{formats.counted(n_new, 'field')} unknown here; --write fills them" if n_new else "nothing to fill"


def _import(options: argparse.Namespace, settings: Settings, store: Store) -> int:
    kind, name = named_in(options.repository, "model" if options.card else "dataset")
    line, holder = ProgressLine(), Holder(OWN_MACHINE, options.visibility)

    def show(step: Step) -> None:
        line.show(f"{step.n_files} files, {step.file}", is_milestone=bool(step.acknowledged))

    try:
        if kind == "model":
            summary = hub_import.import_card(store, Hub(), name, settings=settings, progress=show, holder=holder)
        else:
            found = hub_import.look(Hub(), name, options.only)
            if options.list:
                return _list_files(options, found)
            summary = hub_import.import_results(
                store,
                Hub(),
                found,
                settings=settings,
                fetched=lambda n, of, path: line.show(f"fetched {n} of {of} files, {path}"),
                progress=show,
                holder=holder,
            )
    finally:
        line.end()
    if options.json:
        put_json(summary.as_json())
    else:
        put(
            f"{summary.imported} files imported, {summary.unchanged} unchanged, {len(summary.refused)} refused; "
            f"{summary.results} results, {summary.samples} samples"
        )
        for title, issues in (("refused", summary.refused), ("warning", summary.warnings)):
            for issue in issues[:SHOWN]:
                put(f"{title}: {issue.file}: {issue.reason}")
            if len(issues) > SHOWN:
                put(f"{title}: and {len(issues) - SHOWN} more (--json lists all)")
    return 1 if summary.refused else 0


def _list_files(options: argparse.Namespace, found: hub_import.Found) -> int:
    if options.json:
        put_json({"name": found.name, "revision": found.revision, "files": [file._asdict() for file in found.files]})
        return 0
    put_table(("file", "MB"), [(f.path, "" if f.n_bytes is None else f"{f.n_bytes / 1e6:.1f}") for f in found.files])
    put(f"{formats.counted(len(found.files), 'file')} at commit {found.revision[:12]}")
    return 0


def _publish(options: argparse.Namespace, settings: Settings, store: Store) -> int:
    parcel = hub_publish.pack(store, options.runs, settings)
    commit = "" if options.list else hub_publish.publish(Hub(), parcel, options.to, is_private=not options.public)
    sizes = {path: len(content) for path, content in sorted(parcel.files.items())}
    if options.json:
        told = {"to": options.to, "commit": commit or None, "files": sizes}
        put_json({**told, "licences": parcel.licences, "has_unseen": parcel.has_unseen})
        return 0
    put_table(("file", "MB"), [(path, f"{n / 1e6:.1f}") for path, n in sizes.items()])
    put(f"licences as stated: {', '.join(parcel.licences)}")
    put(f"published: {commit}" if commit else "nothing was sent")
    return 0
