"""The two forms of a log of Inspect: one JSON document, and an archive (``.eval``) with a document per question.

An archive is read one member at a time. Its members are packed with deflate or, since Inspect 0.3.206, with Zstandard,
which Python's own zip reader does not know; the size that the archive states for such a member is the room that it gets.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lib.errors import RefusedInput
from lib.sources import readers
from lib.sources.archives import Limits, content_of, is_inspect_archive, opened
from lib.sources.contract import Candidate
from lib.sources.other_tools import rows

ZSTANDARD = 93
HEADER = "header.json"
LIMITS = Limits(member_bytes=readers.MAX_DOCUMENT_BYTES)
_SAMPLE = re.compile(r"samples/.+\.json")
_LOCAL_HEADER = struct.Struct("<26xHH")


@dataclass
class InspectLog:
    """A log: what it says as a whole, and the questions.

    Args:
        header: version, status, eval, plan, results, stats.
        candidate: Where the questions are.
    """

    header: dict[str, Any]
    candidate: Candidate

    def samples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Place and question, one at a time.

        Raises:
            RefusedInput: A question that is no object, or an archive beyond its limits.
        """
        if not is_inspect_archive(self.candidate.content):
            for number, row in enumerate(rows(self.header.get("samples"))):
                yield f"samples[{number}]", row
            return
        with opened(self.candidate.content, LIMITS) as archive:
            left = LIMITS.unpacked_bytes
            names = sorted((entry for entry in archive.infolist() if _SAMPLE.fullmatch(entry.filename)), key=_in_order)
            if len(names) > LIMITS.entries:
                raise RefusedInput("too many questions for one log", expected=f"at most {LIMITS.entries:,}")
            for entry in names:
                content = _unpacked(archive, entry, self.candidate.content)
                left -= len(content)
                if left < 0:
                    raise RefusedInput("the log unpacks to too much", place=entry.filename[:100])
                yield entry.filename[:100], _document(content, entry.filename[:100])


def is_log(candidate: Candidate) -> bool:
    """An archive of Inspect, or a JSON object with ``eval`` and what a log has beside it."""
    if is_inspect_archive(candidate.content):
        return True
    if candidate.head[:1] != b"{" or b'"eval"' not in candidate.content or not candidate.is_json_document:
        return False
    document = candidate.json
    return isinstance(document, dict) and isinstance(document.get("eval"), dict) and "status" in document


def read_log(candidate: Candidate) -> InspectLog:
    """The log as a whole.

    Raises:
        RefusedInput: A damaged archive, or one without a header: the run never came to its end.
    """
    if not is_inspect_archive(candidate.content):
        return InspectLog(candidate.json, candidate)
    with opened(candidate.content, LIMITS) as archive:
        headers = [entry for entry in archive.infolist() if entry.filename == HEADER]
        if not headers:
            raise RefusedInput("a log of a run that did not end", expected=HEADER, found="a journal only")
        return InspectLog(_document(_unpacked(archive, headers[-1], candidate.content), HEADER), candidate)


def _document(content: bytes, place: str) -> dict[str, Any]:
    try:
        value = readers.parse_json(content)
    except RefusedInput as refusal:
        raise RefusedInput(
            refusal.reason, place=f"{place} {refusal.place}".strip(), found=refusal.found or None
        ) from None
    if not isinstance(value, dict):
        raise RefusedInput("not a part of a log", place=place, expected="an object")
    return value


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> bytes:
    """One member, within the limits.

    Raises:
        RefusedInput: As ``content_of``; encrypted, or packed in a third way.
    """
    if entry.flag_bits & 0x1:
        raise RefusedInput("an encrypted member", place=entry.filename[:100])
    if entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return content_of(archive, entry, LIMITS)
    if entry.compress_type != ZSTANDARD:
        raise RefusedInput(
            "packed in a way that is not read", place=entry.filename[:100], expected="deflate or Zstandard"
        )
    most = min(LIMITS.member_bytes, max(LIMITS.ratio_from_bytes, LIMITS.ratio * entry.compress_size))
    if entry.file_size > most:
        raise RefusedInput(
            "a member larger than a log's", place=entry.filename[:100], expected=f"at most {most:,} bytes"
        )
    if entry.header_offset + _LOCAL_HEADER.size > len(content):
        raise RefusedInput("a damaged zip", place=entry.filename[:100])
    n_name, n_extra = _LOCAL_HEADER.unpack_from(content, entry.header_offset)
    start = entry.header_offset + _LOCAL_HEADER.size + n_name + n_extra
    packed = content[start : start + entry.compress_size]
    try:
        unpacked: bytes = pa.decompress(packed, decompressed_size=entry.file_size, codec="zstd", asbytes=True)
    except (OSError, pa.ArrowInvalid) as error:
        raise RefusedInput("a damaged member", place=entry.filename[:100], found=str(error)) from None
    return unpacked


def _in_order(entry: zipfile.ZipInfo) -> tuple[int, int, str]:
    """By number and epoch where the name tells them: ``samples/12_epoch_1.json``."""
    found = re.fullmatch(r"samples/(\d{1,9})_epoch_(\d{1,6})\.json", entry.filename)
    return (int(found[1]), int(found[2]), "") if found else (2**31, 0, entry.filename)
