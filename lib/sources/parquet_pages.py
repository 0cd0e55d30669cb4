"""Parquet from outside: how large its columns become is told from the headers of their pages before any is unpacked.

A few kilobytes can claim gigabytes: by packing zeros, and by repeating one long text a million times through a dictionary.
The first is bounded by the sizes in the page headers, which are what the reader allocates; the second by the number of
values times the longest text of their dictionary.

Source:
    The Parquet format: PageHeader in Thrift's compact protocol (apache/parquet-format, ``parquet.thrift``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lib.errors import RefusedInput

MAX_UNPACKED = 200_000_000
"""Bytes of all pages of the columns that are read."""
MAX_UNFOLDED = 400_000_000
"""Bytes that the texts of these columns could have if each were the longest of its dictionary."""
MAX_VALUES = 5_000_000
"""Values of all columns that are read, empty ones included."""
MAX_COLUMNS = 5_000
WRITER = "parquet-cpp-arrow"
_UNPACKED, _PACKED, _DATA, _DICTIONARY, _DATA_2 = 2, 3, 5, 7, 8
"""Fields of PageHeader; the first field of each kind of page is its number of values."""


def open_parquet(content: bytes) -> pq.ParquetFile:
    """The file with its footer read.

    Raises:
        RefusedInput: Damaged, encrypted, of another writer than Arrow, or with too many columns.
    """
    try:
        file = pq.ParquetFile(
            pa.BufferReader(content), thrift_string_size_limit=10_000_000, thrift_container_size_limit=200_000
        )
        metadata = file.metadata
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RefusedInput("a damaged Parquet file", found=str(error)) from None
    if not str(metadata.created_by or "").startswith(WRITER):
        raise RefusedInput("a Parquet file of another writer", expected=WRITER, found=str(metadata.created_by))
    if metadata.num_columns * max(metadata.num_row_groups, 1) > MAX_COLUMNS:
        raise RefusedInput("too many columns", expected=f"at most {MAX_COLUMNS:,} over all row groups")
    return file


def read_columns(content: bytes, wanted: Iterable[str]) -> pa.Table:
    """Some leaf columns (``doc.query``) of a file, texts as dictionaries.

    Args:
        content: The file.
        wanted: Paths of leaf columns that the file has.

    Raises:
        RefusedInput: As ``open_parquet``; pages that are damaged or unpack to more than the limits.
    """
    file = open_parquet(content)
    paths = set(wanted)
    pages, texts, n_values = MAX_UNPACKED, MAX_UNFOLDED, MAX_VALUES
    for group in range(file.metadata.num_row_groups):
        for number in range(file.metadata.num_columns):
            column = file.metadata.row_group(group).column(number)
            if column.path_in_schema not in paths:
                continue
            size = sizes_of(content, column)
            pages, texts, n_values = pages - size.pages, texts - size.texts, n_values - size.n_values
            if min(pages, texts, n_values) < 0:
                raise RefusedInput(
                    "a Parquet file that unpacks to too much", place=column.path_in_schema[:100],
                    expected=f"at most {MAX_UNPACKED / 1e6:.0f} MB and {MAX_VALUES:,} values",
                )  # fmt: skip
    try:
        return file.read(columns=sorted(paths), use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RefusedInput("a damaged Parquet file", found=str(error)) from None


class Sizes(NamedTuple):
    """What one column chunk becomes: bytes of its pages, number of values, bytes of its texts at the most."""

    pages: int
    n_values: int
    texts: int


def sizes_of(content: bytes, column: Any) -> Sizes:
    """The sizes of one column chunk, by its page headers and the dictionary.

    Raises:
        RefusedInput: Where the pages are not where the footer says, or their headers cannot be read.
    """
    place = column.path_in_schema[:100]
    dictionary = column.dictionary_page_offset
    start = column.data_page_offset
    if dictionary is not None and 0 < dictionary < start:
        start = dictionary
    position, end = start, start + column.total_compressed_size
    pages = values = longest = 0
    if not 0 < start <= end <= len(content):
        raise RefusedInput("a damaged Parquet file", place=place, found="pages outside of the file")
    while position < end:
        header = _Compact(content, position, end)
        fields = header.fields(0)
        kind = next((key for key in (_DATA, _DATA_2, _DICTIONARY) if isinstance(fields.get(key), dict)), None)
        size, packed, n = fields.get(_UNPACKED), fields.get(_PACKED), fields[kind].get(1) if kind else 0
        if not (isinstance(size, int) and isinstance(packed, int) and isinstance(n, int)) or min(size, packed, n) < 0:
            raise RefusedInput("a damaged Parquet file", place=place, found="a page without sizes")
        pages, position = pages + size, header.position + packed
        if pages > MAX_UNPACKED or position > end:
            break
        if kind == _DICTIONARY and column.physical_type == "BYTE_ARRAY":
            longest = max(longest, _longest(content[header.position : position], size, column.compression, place))
        elif kind != _DICTIONARY:
            values += n
    return Sizes(pages, values, values * longest)


def _longest(packed: bytes, size: int, compression: str, place: str) -> int:
    """Length of the longest text of a dictionary page: each is written as its length, in four bytes, and itself.

    Raises:
        RefusedInput: A page that cannot be unpacked.
    """
    try:
        if compression != "UNCOMPRESSED":
            packed = pa.Codec(compression.lower()).decompress(packed, decompressed_size=size, asbytes=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RefusedInput("a damaged Parquet file", place=place, found=str(error)) from None
    longest = position = 0
    while position + 4 <= len(packed):
        n = int.from_bytes(packed[position : position + 4], "little")
        longest, position = max(longest, n), position + 4 + n
    return longest


class _Compact:
    """Thrift's compact protocol, as far as page headers need it: structures of numbers, texts and lists."""

    MAX_LEVELS = 8

    def __init__(self, content: bytes, position: int, end: int) -> None:
        self._content = content
        self.position = position
        self._end = end

    def fields(self, level: int) -> dict[int, Any]:
        """One structure: field number to number or structure; other values are passed over."""
        if level > self.MAX_LEVELS:
            raise RefusedInput("a damaged Parquet file", found="a page header nested too deeply")
        found: dict[int, Any] = {}
        number = 0
        while True:
            head = self._byte()
            if head == 0:
                return found
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            found[number] = self._value(head & 15, level)

    def _value(self, kind: int, level: int) -> Any:
        if kind in (1, 2):  # true and false stand in the head
            return None
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind == 7:
            return self._skip(8)
        if kind == 8:
            return self._skip(self._varint())
        if kind in (9, 10):
            head = self._byte()
            n = head >> 4 if head >> 4 < 15 else self._varint()
            for _ in range(min(n, self._end - self.position + 1)):
                self._value(head & 15 if head & 15 > 2 else 3, level + 1)
            return None
        if kind == 12:
            return self.fields(level + 1)
        raise RefusedInput("a damaged Parquet file", found="a page header of another kind")

    def _skip(self, n: int) -> None:
        self.position += n
        if self.position > self._end:
            raise RefusedInput("a damaged Parquet file", found="a page header beyond its column")

    def _byte(self) -> int:
        self._skip(1)
        return self._content[self.position - 1]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise RefusedInput("a damaged Parquet file", found="a number without an end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def leaf_paths(content: bytes) -> list[str]:
    """Paths of all leaf columns, ``doc.choices.list.element``; errors as ``open_parquet``."""
    schema = open_parquet(content).metadata.schema
    return [schema.column(i).path for i in range(len(schema))]


def is_parquet(content: bytes) -> bool:
    """By its first and last bytes."""
    return content[:4] == b"PAR1" and content[-4:] == b"PAR1"
