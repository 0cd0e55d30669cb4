"""Archives as Inspect writes them: members packed with deflate or, as newer ones are, with Zstandard."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from typing import Any

import pyarrow as pa


def eval_archive(documents: dict[str, Any], *, zstandard: bool = False, claimed: dict[str, int] | None = None) -> bytes:
    """The bytes of a ``.eval`` log.

    Args:
        documents: Member to document, ``_journal/start.json`` first.
        zstandard: Pack with method 93, which Python's writer does not know: stored, then renamed.
        claimed: Member to the unpacked size that the directory is to state instead of the true one.
    """
    buffer, sizes = io.BytesIO(), {}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, document in documents.items():
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            sizes[name] = (len(content), zlib.crc32(content))
            entry = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6))
            if zstandard:
                content = pa.compress(content, codec="zstd", asbytes=True)
            archive.writestr(entry, content, zipfile.ZIP_STORED if zstandard else zipfile.ZIP_DEFLATED)
    made = bytearray(buffer.getvalue())
    if zstandard:
        for name, (size, crc) in sizes.items():
            _rename_method(made, name.encode(), (claimed or {}).get(name, size), crc)
    return bytes(made)


def _rename_method(made: bytearray, name: bytes, size: int, crc: int) -> None:
    """Put method 93, the true size and checksum into the directory's entry of a stored member and into its own header."""
    at = made.find(name)
    while at >= 0:
        for mark, length, method, sums in ((b"PK\x01\x02", 46, 10, 16), (b"PK\x03\x04", 30, 8, 14)):
            start = at - length
            if start >= 0 and made[start : start + 4] == mark:
                struct.pack_into("<H", made, start + method, 93)
                struct.pack_into("<I", made, start + sums, crc)
                struct.pack_into("<I", made, start + sums + 8, size)
        at = made.find(name, at + 1)
