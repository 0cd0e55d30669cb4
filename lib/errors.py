"""The three kinds of trouble: refused input, something unavailable, and bugs (which are left to show)."""

from __future__ import annotations


class PoundForPoundError(Exception):
    """Trouble that is explained to a person; its text is shown as it is."""


class RefusedInput(PoundForPoundError):
    """Input from outside that cannot be taken, with the place and what would have been right.

    Args:
        reason: What is wrong, in plain words, one sentence without a full stop.
        file: Name of the file as the reader knows it; a member of a zip is ``a.zip!/member``.
        place: Where in the file: a key path (``results.arc_easy.acc``), a row, a byte position.
        expected: What would have been accepted.
        found: What was there. Cut to 200 characters, so that a hostile file cannot flood a log.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: str = "",
        place: str = "",
        expected: str = "",
        found: object = None,
    ) -> None:
        self.reason = reason
        self.file = file
        self.place = place
        self.expected = expected
        self.found = "" if found is None else _short(found)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The reason with place, expectation and finding; without the file, which a list shows beside it."""
        text = self.reason
        if self.place:
            text += f" at {self.place}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.found:
            text += f"; found {self.found}"
        return text

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" if self.file else self.message

    def in_file(self, file: str) -> RefusedInput:
        """The same refusal, naming the file (importers do not always know the whole name)."""
        return RefusedInput(
            self.reason, file=self.file or file, place=self.place, expected=self.expected, found=self.found or None
        )


class Unavailable(PoundForPoundError):
    """A package, setting or service that is not there, and how to get it."""

    def __init__(self, what: str, *, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}. {remedy}")


def _short(value: object, limit: int = 200) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else "�" for c in text[: limit + 1])
    return text if len(text) <= limit else text[:limit] + "…"
