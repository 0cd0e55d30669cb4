"""Time as the store writes it."""

from datetime import UTC, datetime


def now() -> str:
    """The present in UTC as ISO-8601 text with seconds; sorts as text."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
