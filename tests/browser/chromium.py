"""What the browser tests need of the system: a Chromium, and a library that the driver's Node links to.

``python -m tests.browser.chromium`` gets what is missing (as root, from the system's packages) or names the command.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from playwright._impl._driver import compute_driver_executable

# The shell first: the same engine without windows and their own pages, which take a fifth of the time of a visit.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_PACKAGE, DRIVER_PACKAGE = "chromium", "libatomic1"  # a bare Debian has neither
SHELL_PACKAGE = "chromium-headless-shell"  # Debian has it since 12; it also brings less along
REMEDY = (
    f"The browser tests need Chromium or Chrome and, for their driver, {DRIVER_PACKAGE}: as root, "
    f"apt-get install {BROWSER_PACKAGE} {DRIVER_PACKAGE}; a browser elsewhere is named by CHROMIUM=/path/to/it."
)


def installed() -> str | None:
    """Path of an installed browser; ``CHROMIUM`` goes first."""
    given = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ((given,) if given else ()) + NAMES)
    return next((path for path in found if path), None)


def driver_runs() -> bool:
    """Whether the driver that came with the Python package starts on this system."""
    node, _ = compute_driver_executable()
    return subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0


def missing() -> list[str]:
    """Packages to install."""
    wanted = ((installed() is not None, BROWSER_PACKAGE), (driver_runs(), DRIVER_PACKAGE))
    return [package for is_there, package in wanted if not is_there]


def chromium() -> str:
    """Path of a browser, installed from the system's packages if need be and allowed.

    Raises:
        RuntimeError: If something is missing and cannot be installed; names the command.
    """
    packages = missing()
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=True)
        has_shell = (
            subprocess.run(["apt-cache", "show", SHELL_PACKAGE], capture_output=True, check=False).returncode == 0
        )
        chosen = [SHELL_PACKAGE if one == BROWSER_PACKAGE and has_shell else one for one in packages]
        subprocess.run(["apt-get", "install", "-yq", "--no-install-recommends", *chosen], check=True)
    path = installed()
    if path is None or missing():
        raise RuntimeError(REMEDY)
    return path


if __name__ == "__main__":
    try:
        print(f"browser: {chromium()}")
    except RuntimeError as trouble:
        sys.exit(str(trouble))
    except subprocess.CalledProcessError as trouble:
        sys.exit(f"{trouble}\n{REMEDY}")
