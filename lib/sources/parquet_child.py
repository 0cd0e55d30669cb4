"""Reads some columns of a Parquet file: bytes on standard input, an Arrow stream on standard output. A program of its own.

Arrow's reader ends the whole process, not the call, at some damaged footers; here that is a child's end and a message. The
child holds itself to limits of memory and time. It imports nothing of the product: its folder is not its path.

What a file unpacks to is told beforehand all the same: by the sizes in the page headers, which are what the reader
allocates, and by the number of values times the longest text of their dictionary.

Source:
    The Parquet format: PageHeader in Thrift's compact protocol (apache/parquet-format, ``parquet.thrift``).
"""

from __future__ import annotations

import resource
import sys
from typing import Any

MAX_UNPACKED = 200_000_000
"""Bytes of all pages of the columns that are read."""
MAX_UNFOLDED = 400_000_000
"""Bytes that the texts of these columns could have if each were the longest of its dictionary."""
MAX_VALUES = 5_000_000
"""Values of all columns that are read, empty ones included."""
MAX_COLUMNS = 5_000
MEMORY = 3_000_000_000
SECONDS = 60
WANTED = ("doc.query", "doc.choices", "doc.gold_index", "doc.task_name", "model_response.text", "metric.")
NUMBERS = ("DOUBLE", "FLOAT", "INT32", "INT64", "BOOLEAN")
REFUSED = 3
"""Exit code of a refusal, whose reason stands on standard error."""
_UNPACKED, _PACKED, _DATA, _DICTIONARY, _DATA_2 = 2, 3, 5, 7, 8
"""Fields of PageHeader; the first field of each kind of page is its number of values."""


class _RefusedError(Exception):
    pass


def read_table(content: bytes) -> Any:
    """The wanted columns as an Arrow table, after a look at what they unpack to."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(
        pa.BufferReader(content), thrift_string_size_limit=10_000_000, thrift_container_size_limit=200_000
    )
    metadata = file.metadata
    if metadata.num_columns * max(metadata.num_row_groups, 1) > MAX_COLUMNS:
        raise _RefusedError(f"more than {MAX_COLUMNS:,} columns over all row groups")
    schema = metadata.schema
    leaves = [schema.column(i) for i in range(len(schema))]
    wanted = {leaf.path for leaf in leaves if leaf.path.startswith(WANTED[:-1])}
    wanted |= {
        leaf.path
        for leaf in leaves
        if leaf.path.startswith(WANTED[-1]) and leaf.path.count(".") == 1 and leaf.physical_type in NUMBERS
    }
    if WANTED[0] not in wanted or not any(path.startswith(WANTED[-1]) for path in wanted):
        found = ", ".join(leaf.path for leaf in leaves[:12])
        raise _RefusedError(f"no log of lighteval: columns doc.query and metric.<name> are needed, found {found}")
    _hold_to_limits(content, metadata, wanted)
    return file.read(columns=sorted(wanted), use_threads=False)


def _hold_to_limits(content: bytes, metadata: Any, wanted: set[str]) -> None:
    pages, texts, values = MAX_UNPACKED, MAX_UNFOLDED, MAX_VALUES
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            if column.path_in_schema not in wanted:
                continue
            size, n, text = sizes_of(content, column)
            pages, texts, values = pages - size, texts - text, values - n
            if min(pages, texts, values) < 0:
                raise _RefusedError(
                    f"it unpacks to too much: at most {MAX_UNPACKED / 1e6:.0f} MB and {MAX_VALUES:,} values are read"
                )


def sizes_of(content: bytes, column: Any) -> tuple[int, int, int]:
    """What one column chunk becomes: bytes of its pages, number of values, bytes of its texts at the most."""
    start, dictionary = column.data_page_offset, column.dictionary_page_offset
    if dictionary is not None and 0 < dictionary < start:
        start = dictionary
    position, end = start, start + column.total_compressed_size
    pages = values = longest = 0
    if not 0 < start <= end <= len(content):
        raise _RefusedError("pages outside of the file")
    while position < end:
        header = _Compact(content, position, end)
        fields = header.fields(0)
        kind = next((key for key in (_DATA, _DATA_2, _DICTIONARY) if isinstance(fields.get(key), dict)), None)
        size, packed, n = fields.get(_UNPACKED), fields.get(_PACKED), fields[kind].get(1) if kind else 0
        if not (isinstance(size, int) and isinstance(packed, int) and isinstance(n, int)) or min(size, packed, n) < 0:
            raise _RefusedError("a page without sizes")
        pages, position = pages + size, header.position + packed
        if pages > MAX_UNPACKED or position > end:
            break
        if kind == _DICTIONARY and column.physical_type == "BYTE_ARRAY":
            longest = max(longest, _longest(content[header.position : position], size, column.compression))
        elif kind != _DICTIONARY:
            values += n
    return pages, values, values * longest


def _longest(packed: bytes, size: int, compression: str) -> int:
    """Length of the longest text of a dictionary page: each is written as its length, in four bytes, and itself."""
    import pyarrow as pa

    if compression != "UNCOMPRESSED":
        packed = pa.Codec(compression.lower()).decompress(packed, decompressed_size=size, asbytes=True)
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
            raise _RefusedError("a page header nested too deeply")
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
        raise _RefusedError("a page header of another kind")

    def _skip(self, n: int) -> None:
        self.position += n
        if self.position > self._end:
            raise _RefusedError("a page header beyond its column")

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
        raise _RefusedError("a number without an end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def main() -> int:
    """Read standard input, write the table; 3 with a reason on standard error for what is refused."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pyarrow as pa

    try:
        table = read_table(sys.stdin.buffer.read())
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table, max_chunksize=1_000)
    except (_RefusedError, pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        sys.stderr.write(str(error).splitlines()[0][:300] if str(error) else type(error).__name__)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
