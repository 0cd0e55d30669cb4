"""Processes of the app that share a database and a folder, and may be killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from lib.settings import ROOT, Settings

SECONDS_TO_START = 180
"""Two seconds on an idle machine."""


class Replica:
    """One process of the app. ``wait`` returns when it answers."""

    def __init__(self, settings: Settings, log: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "streamlit", "run", "serve.py", "--server.port", str(self.port)]
        given = {
            "P4P_DATA_DIR": str(settings.data_dir),
            "P4P_DATABASE_URL": settings.database_url.replace("postgresql+psycopg://", "postgresql://"),
            "P4P_FILL": "0",
            "P4P_WORKER": "0",
        }
        self._log, self._command, self._environment = log, command, {**os.environ, **given, **environment}
        self._process = self._started()

    def start(self) -> None:
        """Again, after a kill, at the same address."""
        self._process = self._started()
        self.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as file:
            return subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=file, stderr=file)

    def wait(self) -> None:
        end = time.monotonic() + SECONDS_TO_START
        while True:
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=10):
                return
            assert self._process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait(20)

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
