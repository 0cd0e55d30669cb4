"""A Chromium for the browser tests: one that is installed, else the system's package. ``python -m tests.browser.chromium``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
COMMANDS = (["apt-get", "update", "-q"], ["apt-get", "install", "-yq", "--no-install-recommends", "chromium"])
REMEDY = "The browser tests need Chromium or Chrome: as root, apt-get install chromium; or set CHROMIUM to its path."


def installed() -> str | None:
    """Path of an installed browser; ``CHROMIUM`` goes first."""
    given = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ((given,) if given else ()) + NAMES)
    return next((path for path in found if path), None)


def chromium() -> str:
    """Path of a browser, installed from the system's packages if need be and allowed.

    Raises:
        RuntimeError: If there is none and it cannot be installed; names the command.
    """
    if path := installed():
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in COMMANDS:
            subprocess.run(command, check=True)
        if path := installed():
            return path
    raise RuntimeError(REMEDY)


if __name__ == "__main__":
    try:
        print(f"browser: {chromium()}")
    except (RuntimeError, subprocess.CalledProcessError) as trouble:
        sys.exit(f"{trouble}\n{REMEDY}" if not isinstance(trouble, RuntimeError) else str(trouble))
