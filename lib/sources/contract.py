"""What an importer is, and what it gets to see of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lib.schema.records import Parsed
from lib.sources import readers


@dataclass
class Candidate:
    """One file, or one member of a zip, before anybody knows what it is.

    Args:
        name: As the reader knows it: ``folder/a.json`` or ``a.zip!/folder/b.json``. Hostile text.
        content: The bytes as received.
        neighbours: Contents of files in the same folder of the same batch, by base name; for importers that need
            the results file beside a samples file. Read-only.
    """

    name: str
    content: bytes
    neighbours: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path inside the zip, or the name itself."""
        return self.name.split("!/", 1)[1] if "!/" in self.name else self.name

    @property
    def basename(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def container(self) -> str:
        """Base name of the zip, or empty: the scope of aliases that hold only there."""
        return self.name.split("!/", 1)[0].rsplit("/", 1)[-1] if "!/" in self.name else ""

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def head(self) -> bytes:
        """First 4 KiB without a byte-order mark and leading white space."""
        return self.content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()

    @cached_property
    def json(self) -> Any:
        """The whole content as one JSON document, NaN and Infinity allowed.

        Raises:
            RefusedInput: If it is not JSON; names the position. Also: nested deeper than 100, or a key twice.
        """
        return readers.parse_json(self.content, file=self.name)

    @cached_property
    def is_json_document(self) -> bool:
        """True when the whole content parses as one JSON value (so not JSON Lines of several rows)."""
        return readers.is_json_document(self)

    @cached_property
    def first_row(self) -> Mapping[str, Any]:
        """The first row of JSON Lines or of a JSON array of objects; empty when there is none. Never raises."""
        return readers.first_row(self)

    @cached_property
    def csv_header(self) -> tuple[str, ...]:
        """Column names of the first line when the content looks like CSV, else empty."""
        return readers.csv_header(self.content)


@dataclass(frozen=True)
class Importer:
    """Recognises and reads one kind of file.

    Args:
        name: Unique, lower case with hyphens; kept with every source.
        version: Raised whenever the same bytes would give other rows: sources are then read again.
        describes: What it reads, for people: "lm-eval results, 0.2 to 0.5".
        recognise: Cheap and certain, by content, never by file name alone (except a fixed shipped table with its
            header). Must not raise.
        parse: The records.

    ``parse`` raises RefusedInput for what cannot be taken; anything else it raises is a bug.
    """

    name: str
    version: int
    describes: str
    recognise: Callable[[Candidate], bool]
    parse: Callable[[Candidate], Parsed]
    priority: int = 50
    """Lower is asked first; catch-alls that refuse with a reason come last."""
