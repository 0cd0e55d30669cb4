"""Settings over an empty SQLite store."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.settings import Settings, read_settings


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """Settings over a store that is not there yet, on SQLite."""
    return read_settings({"P4P_DATA_DIR": str(tmp_path / "local"), "P4P_FILL": "0"})
