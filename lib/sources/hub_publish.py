"""Results back to the Hub: the files of lm-eval as they were received, and a card that says whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml

from lib import formats
from lib.errors import RefusedInput, Unavailable
from lib.settings import Settings
from lib.sources.hub_client import REMEDY, Hub, check_name, reached, refuse_offline, refused_by
from lib.sources.received import file_name, received
from lib.store.db import Store
from lib.store.details import RunDetails, run_details

IMPORTERS = ("lm-eval-results", "lm-eval-samples")
CARD = "README.md"
MARK = "<!-- published by Pound for Pound -->"
HEADER = "| run | model | evaluated with | tasks | files |\n|---|---|---|---|---|"
SHOWN_TASKS = 12
_NOT_IN_NAMES = re.compile(r"[\"<>:/|\\?*\[\]\s\x00-\x1f]+")


class Parcel(NamedTuple):
    """What is to go to the Hub.

    Args:
        files: Content by path in the repository.
        rows: A line of the card for each run.
        licences: As the sources state them; ``not stated`` where one does not.
        has_unseen: Whether something in it is not public here.
    """

    files: dict[str, bytes]
    rows: list[str]
    licences: list[str]
    has_unseen: bool


def pack(store: Store, runs: Sequence[str], settings: Settings) -> Parcel:
    """Collect the files of these runs.

    Args:
        runs: Their digests, or the beginnings of them.

    Raises:
        RefusedInput: If one is not a run here, or was not read from files of lm-eval.
        Unavailable: If a kept file is gone.
    """
    files: dict[str, bytes] = {}
    rows, licences, has_unseen = [], set(), False
    for digest in dict.fromkeys(runs):
        details = run_details(store, digest)
        sources = [] if details is None else [one for one in details.sources if one["withdrawn_at"] is None]
        kept = [one for one in sources if one["importer"] in IMPORTERS]
        if details is None or not sources:
            raise RefusedInput("there is no such run", place="RUN", found=digest)
        if not kept:
            raise RefusedInput("only files that lm-eval wrote are published", place="RUN", found=digest)
        folder = _NOT_IN_NAMES.sub("__", str(details.run["spellings"][0])).strip("._") or "model"
        paths = []
        for source in kept:
            paths.append(_put(files, folder, source, received(store, source, settings)))
            licences.add(str(source["licence"] or "not stated"))
            has_unseen = has_unseen or source["visibility"] != "public"
        rows.append(_row(details, paths))
    return Parcel(files, rows, sorted(licences), has_unseen)


def publish(hub: Hub, parcel: Parcel, to: str, *, is_private: bool) -> str:
    """Put the files into a data set repository, made if there is none, in one commit; returns the commit's address.

    Raises:
        RefusedInput: If there is no token, the account may not write there, or what is not public would become so.
        Unavailable: If the Hub does not answer.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    check_name(to)
    if "/" not in to:
        raise RefusedInput("a repository needs its owner", place="--to", expected="org/name", found=to)
    refuse_offline()
    token = get_token()
    if not token:
        raise RefusedInput("publishing needs an account", expected="a token that may write, in HF_TOKEN")
    api = HfApi(endpoint=hub.address, token=token)
    with _explained(to):
        api.create_repo(to, repo_type="dataset", private=is_private, exist_ok=True)
    told = hub.described("dataset", to)
    if parcel.has_unseen and told.get("private") is not True:
        raise RefusedInput(
            "some of these results are not public here, and the repository is", place="--to", expected="a private one"
        )
    card = _card(_present_card(hub, told, to), parcel)
    contents = {**parcel.files, **({} if card is None else {CARD: card.encode()})}
    additions = [CommitOperationAdd(path, content) for path, content in sorted(contents.items())]
    words = f"Add {formats.counted(len(parcel.rows), 'run')}"
    with _explained(to):
        made = api.create_commit(to, additions, commit_message=words, repo_type="dataset")
    return str(made.commit_url)


@contextmanager
def _explained(to: str) -> Iterator[None]:
    """What the package raises, in words."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        with reached():
            try:
                yield
            except HfHubHTTPError as trouble:  # which the network's own errors are the family of
                raise refused_by(trouble.response.status_code, trouble.response.headers, to) from None
    except (ValueError, KeyError, TypeError, OSError) as trouble:
        # What it makes of an answer that it does not understand.
        raise Unavailable(
            f"The Hugging Face Hub answers in an unknown way ({type(trouble).__name__})", remedy=REMEDY
        ) from None


def _put(files: dict[str, bytes], folder: str, source: dict[str, Any], content: bytes) -> str:
    name = _NOT_IN_NAMES.sub("_", file_name(source)).lstrip(".") or "file"
    path = f"{folder}/{name}"
    if files.get(path, content) != content:
        stem, dot, ending = name.rpartition(".")
        path = f"{folder}/{stem or ending}_{source['digest'][:12]}{dot}{ending if stem else ''}"
    files[path] = content
    return path


def _row(details: RunDetails, paths: Sequence[str]) -> str:
    tasks = sorted(set(details.results["task"]))
    more = f" and {len(tasks) - SHOWN_TASKS} more" if len(tasks) > SHOWN_TASKS else ""
    run = details.run
    cells = (
        f"`{run['digest'][:12]}`",
        formats.markdown(str(run["spellings"][0]), 120),
        formats.markdown(f"{run['evaluator']} {run['evaluator_version'] or ''}".strip(), 80),
        formats.markdown(", ".join(tasks[:SHOWN_TASKS]), 600) + more,
        str(len(paths)),
    )
    return "| " + " | ".join(cells) + " |"


def _present_card(hub: Hub, told: dict[str, Any], to: str) -> str:
    listed = told.get("siblings") if isinstance(told.get("siblings"), list) else []
    if not any(isinstance(one, dict) and one.get("rfilename") == CARD for one in listed or []):
        return ""
    sha = told.get("sha")
    content = hub.small_file("dataset", to, sha if isinstance(sha, str) else "main", CARD, 5_000_000)
    return content.decode("utf-8", "replace")


def _card(present: str, parcel: Parcel) -> str | None:
    """The card with these runs added; None where somebody else's card stands, which is left alone."""
    if present.strip() and MARK not in present and not _is_bare(present):
        return None
    before = [line for line in present.splitlines() if re.match(r"\| `[0-9a-f]{12}` \|", line)]
    rows = [*before, *(row for row in parcel.rows if row not in before)]
    head = yaml.safe_dump({"pretty_name": "Evaluation results", "tags": ["lm-eval", "evaluation-results"]})
    licences = ", ".join(formats.markdown(one, 80) for one in parcel.licences)
    return "\n".join(
        (
            f"---\n{head}---\n{MARK}\n",
            "# Evaluation results\n",
            "Files of the Language Model Evaluation Harness as they were written: `results_*.json` hold the configuration and the scores,",
            "`samples_*.jsonl` each question with its answer. A folder is a model.\n",
            f"Licences of the files added last, as stated: {licences}.\n",
            HEADER,
            *rows,
            "",
        )
    )


def _is_bare(card: str) -> bool:
    """Whether a card holds nothing but its head, as the Hub makes it with the repository."""
    parts = card.split("---", 2)
    return card.lstrip().startswith("---") and len(parts) == 3 and not parts[2].strip()
