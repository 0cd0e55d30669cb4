"""The process around the pages: what it imports, where it answers, what it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.api.guard import LoopbackOnly, is_loopback

ROOT = Path(__file__).resolve().parents[2]


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_app_imports_no_evaluation_packages(tmp_path: Path) -> None:
    code = "import serve, sys, lib.ui.frame, lib.ui.views.plane; print(sorted({'lm_eval', 'torch', 'transformers'} & set(sys.modules)))"
    done = _python(code, P4P_DATA_DIR=str(tmp_path), P4P_FILL="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("by_flag", [True, False])
def test_a_public_address_is_refused(tmp_path: Path, by_flag: bool) -> None:
    command = [sys.executable, "-m", "streamlit", "run", "serve.py", "--server.port", "0"]
    environment = {**os.environ, "P4P_DATA_DIR": str(tmp_path), "P4P_FILL": "0"}
    if by_flag:
        command += ["--server.address", "0.0.0.0"]
    else:
        environment["STREAMLIT_SERVER_ADDRESS"] = "0.0.0.0"
    refused = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "P4P_ALLOW_PUBLIC=1" in refused.stderr


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True), ("", False), (None, False), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("localhost.example", False)],
)  # fmt: skip
def test_is_loopback(address: str | None, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize(("host", "allow", "status"), [("127.0.0.1", False, 200), ("192.0.2.7", False, 403), ("192.0.2.7", True, 200)])  # fmt: skip
def test_connections_from_outside_are_refused(host: str, allow: bool, status: int) -> None:
    inner = Starlette(routes=[Route("/", lambda request: PlainTextResponse("in"))])
    with TestClient(LoopbackOnly(inner, allow_public=allow), base_url=f"http://{host}") as client:
        assert client.get("/").status_code == status
