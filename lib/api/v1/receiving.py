"""Files of a request into a folder: streamed, so memory stays small, under names that lead nowhere else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from anyio.to_thread import run_sync
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lib.api.v1.problems import Problem

MOST_FILES, MOST_FIELDS = 2000, 20
LARGEST_FIELD = 10_000
DEEPEST, LONGEST_PART = 12, 150
KIND = "multipart/form-data"
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\ud800-\udfff]")


class Received(NamedTuple):
    """What came with a request: names of its files, as they lie in the folder, and its fields."""

    names: list[str]
    fields: dict[str, str]


async def receive(request: Request, folder: Path) -> Received:
    """Write the files of a form into a folder, as they come.

    Raises:
        Problem: 415 for what is no form, 400 for a broken one, 422 for one without files.
    """
    if not request.headers.get("content-type", "").casefold().startswith(KIND):
        raise Problem(415, f"Files are sent as {KIND}, each in a part named file.")
    names: list[str] = []
    fields: dict[str, str] = {}
    try:
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD) as form:
            for key, value in form.multi_items():
                if isinstance(value, UploadFile):
                    names.append(await run_sync(_keep, value, folder))
                else:
                    fields[key] = value
    except HTTPException as error:
        raise Problem(400, f"The form cannot be read: {error.detail}") from error
    if not names:
        raise Problem(422, "There is no file in it.", places=[("body.file", "at least one part with a file name")])
    return Received(names, fields)


def safe_name(name: str) -> PurePosixPath:
    """A file's name as a path that leads only down: folders are kept, for results and samples are joined by them."""
    parts = [_UNUSABLE.sub("_", part).strip().rstrip(".") for part in name.replace("\\", "/").split("/")]
    kept = [_shortened(part) for part in parts if part]
    return PurePosixPath(*(kept[-DEEPEST:] or ["unnamed"]))


def _shortened(part: str) -> str:
    """A name short enough for every file system; its end is kept, which says what kind of file it is."""
    return part if len(part.encode()) <= LONGEST_PART else part.encode()[-LONGEST_PART:].decode(errors="ignore")


def _keep(file: UploadFile, folder: Path) -> str:
    name = safe_name(file.filename or "")
    target = folder / name
    # Two files of one name, or a file where another has its folder: each gets a folder of its own.
    n = 1
    while target.exists() or any((folder / parent).is_file() for parent in name.parents):
        n += 1
        name = PurePosixPath(f"{n}") / safe_name(file.filename or "")
        target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        shutil.copyfileobj(file.file, out)
    return name.as_posix()
