"""Files of a request into a folder: streamed, so memory stays small, under names that lead nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from anyio.to_thread import run_sync
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lib.api.v1.problems import Problem
from lib.sources.staging import keep

MOST_FILES, MOST_FIELDS = 2000, 20
LARGEST_FIELD = 10_000
KIND = "multipart/form-data"


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
                    names.append(await run_sync(keep, folder, value.filename or "", value.file))
                else:
                    fields[key] = value
    except HTTPException as error:
        raise Problem(400, f"The form cannot be read: {error.detail}") from error
    if not names:
        raise Problem(422, "There is no file in it.", places=[("body.file", "at least one part with a file name")])
    return Received(names, fields)
