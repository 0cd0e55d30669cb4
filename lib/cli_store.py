"""The store as whoever works at the machine sees it: everything of the workspace, and what was brought on the machine itself."""

from __future__ import annotations

from lib.access import OPERATOR
from lib.settings import Settings
from lib.store.db import Store, open_store


def operators_store(settings: Settings) -> Store:
    """The store of these settings for a command; errors as ``open_store``."""
    return open_store(settings).seen_by(OPERATOR.sight)
