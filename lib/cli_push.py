"""`push`: results and samples to a server's HTTP API, from a laptop, CI or a cluster."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from lib import formats
from lib.access import VISIBILITIES
from lib.cli_form import Form, files_of
from lib.cli_output import ProgressLine, put, put_json, say
from lib.errors import PoundForPoundError, RefusedInput, Unavailable
from lib.settings import LOOPBACK, Settings
from lib.sources.texts import for_terminal

TOKEN = "P4P_TOKEN"
API = "/api/v1"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0
CONNECT_S, ANSWER_S = 10, 120
TRIES = 4
SHOWN_ISSUES = 20
DONE = ("taken", "refused", "failed")


def add_push_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `push`."""
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, a zip or a folder")
    command.add_argument("--server", required=True, metavar="URL", help="address of the installation")
    command.add_argument(
        "--visibility", choices=VISIBILITIES, default="private", help="who may see it (default: private)"
    )
    command.add_argument(
        "--replaces", default="", metavar="ID", help="an earlier upload that this one takes the place of"
    )
    command.add_argument("--wait", type=int, default=600, metavar="S", help="seconds to wait for the report (600)")


def push(options: argparse.Namespace, settings: Settings) -> int:
    """`push PATH... --server URL`: 0 when everything was taken, 1 when something was refused, 2 for wrong use."""
    missing = [path for path in options.paths if not path.exists()]
    if missing:
        raise RefusedInput("no such file or folder", place="PATH", found=", ".join(str(path) for path in missing))
    files = files_of(options.paths)
    if not files:
        raise RefusedInput("there is no file in it", place="PATH", found=", ".join(str(one) for one in options.paths))
    server = _Server(options.server, os.environ.get(TOKEN, ""))
    line = ProgressLine()
    form = Form(
        {"visibility": options.visibility, "replaces": options.replaces},
        files,
        lambda sent, whole: line.show(f"sent {formats.count(100 * sent // max(whole, 1))}% of {whole / 1e6:.1f} MB"),
    )
    told = server.send(form)
    say(f"upload {told['id']}: {len(files)} files, {len(form) / 1e6:.1f} MB")
    told = _wait(server, told, options.wait, line)
    line.end()
    if options.json:
        put_json(told)
    else:
        _put_text(told)
    return 0 if told["state"] == "taken" and not told["report"]["n_refused"] else 1


def _wait(server: _Server, told: dict[str, Any], most_s: int, line: ProgressLine) -> dict[str, Any]:
    """The upload when it has been read; asked for ever more slowly."""
    until, wait_s = time.monotonic() + most_s, FIRST_WAIT_S
    while told["state"] not in DONE:
        if time.monotonic() > until:
            raise Unavailable(
                f"upload {told['id']} is still {told['state']} after {most_s} s",
                remedy=f"It goes on without us: GET {API}/uploads/{told['id']} says how far it is.",
            )
        time.sleep(wait_s)
        wait_s = min(1.5 * wait_s, LONGEST_WAIT_S)
        told = server.ask(f"/uploads/{told['id']}")
        report = told["report"]
        if report.get("n_files_read") is not None:
            line.show(f"read {report['n_files_read']} files, {report.get('n_files') or '?'} sent")
    return told


class _Server:
    """The server's API, with the token where there is one.

    Raises:
        RefusedInput: For an address that is none, or where a token would go over an open line.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise RefusedInput("not the address of a server", place="--server", expected="https://host", found=url)
        if token and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            expected = "https://, for the token must not go over an open line"
            raise RefusedInput("not a safe address", place="--server", expected=expected, found=url)
        self._api = url.rstrip("/").removesuffix(API) + API
        self._session = requests.Session()
        # Netrc files and the like must not take the place of the token.
        self._session.auth = _as_it_is
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def send(self, form: Form) -> dict[str, Any]:
        """The files; not tried again, for whether they arrived is not known."""
        headers = {"Content-Type": form.kind}
        answer = self._request("POST", "/uploads", data=form, headers=headers)
        return self._read(answer)

    def ask(self, path: str) -> dict[str, Any]:
        """What an address says; tried again while the server is away or busy."""
        for n in range(1, TRIES + 1):
            try:
                answer = self._request("GET", path)
            except Unavailable:
                if n == TRIES:
                    raise
            else:
                if answer.status_code not in (429, 502, 503, 504) or n == TRIES:
                    return self._read(answer)
            time.sleep(2.0**n)
        raise AssertionError("the last try returns or raises")

    def _request(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            return self._session.request(
                method, self._api + path, timeout=(CONNECT_S, ANSWER_S), allow_redirects=False, **more
            )
        except requests.RequestException as error:
            why = for_terminal(str(error), limit=200)
            raise Unavailable(
                f"the server cannot be reached: {why}", remedy="Is --server right, and does it run?"
            ) from error

    def _read(self, answer: requests.Response) -> dict[str, Any]:
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Unavailable(
                f"the server answered {answer.status_code} without JSON",
                remedy="Is --server the address of a Pound for Pound?",
            )
        if answer.status_code >= 300:
            places = "; ".join(f"{one.get('place')}: {one.get('reason')}" for one in found.get("places") or [])
            detail = for_terminal(
                f"{found.get('detail') or answer.reason}{f' ({places})' if places else ''}", limit=500
            )
            remedy = (
                f" Set {TOKEN}." if answer.status_code == 401 and "Authorization" not in self._session.headers else ""
            )
            raise PoundForPoundError(f"the server answered {answer.status_code}: {detail}{remedy}")
        return found


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _put_text(told: dict[str, Any]) -> None:
    report = told["report"]
    if told["state"] == "failed":
        put(f"failed: {report.get('error') or 'the server does not say why'}")
        return
    counts = ("imported", "imported"), ("unchanged", "unchanged"), ("n_refused", "refused")
    files = ", ".join(f"{report[name] or 0} {word}" for name, word in counts)
    put(f"{told['state']}: {files}; {report['results'] or 0} results, {report['samples'] or 0} samples")
    put(f"visible to: {told['visibility']}" + (", until an admin makes it public" if told["wants_public"] else ""))
    for title in ("refused", "warnings"):
        for issue in report[title][:SHOWN_ISSUES]:
            put(f"{title.removesuffix('s')}: {for_terminal(issue['file'])}: {issue['reason']}")
    if report["runs"]:
        put(f"runs: {' '.join(report['runs'][:SHOWN_ISSUES])}")
