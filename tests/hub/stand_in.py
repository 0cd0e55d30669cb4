"""A small Hub on this machine: repositories in memory, tokens, and any trouble that a test asks for."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_good"
READER = "hf_reader"
"""A token that may read everything and write nothing."""


@dataclass
class Repository:
    """A repository at one commit."""

    told: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    is_private: bool = False
    is_gated: bool = False
    sha: str = "a" * 40


@dataclass
class Trouble:
    """An answer given in place of the right one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class StandIn:
    """The server. ``troubles`` are given first, one a request; ``asked`` is what was asked for, with the token."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.troubles: list[Trouble] = []
        self.asked: list[tuple[str, str, str]] = []
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def clear(self) -> None:
        self.repositories.clear()
        self.troubles.clear()
        self.asked.clear()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that goes away in the middle is what some tests do."""


class _Handler(BaseHTTPRequestHandler):
    hub: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/api/agent-harnesses"):  # the package asks it once a process, for its own name
            self._send(404, {})
            return
        if self._is_troubled():
            return
        parts = [unquote(part) for part in urlsplit(self.path).path.split("/") if part]
        if parts[0] == "api":
            self._describe(parts[1].removesuffix("s"), "/".join(parts[2:]))
            return
        kind = "dataset" if parts[0] == "datasets" else "model"
        parts = parts[1:] if kind == "dataset" else parts
        self._file(kind, "/".join(parts[:2]), "/".join(parts[4:]))

    def do_POST(self) -> None:
        body = self._body()
        if self._is_troubled():
            return
        parts = urlsplit(self.path).path.strip("/").split("/")
        if self._token() != TOKEN:
            self._send(403 if self._token() else 401, {"error": "Forbidden"})
        elif parts[1:] == ["repos", "create"]:
            self._create(json.loads(body))
        elif parts[1:] == ["validate-yaml"]:
            self._send(200, {"warnings": [], "errors": []})
        elif parts[4] == "preupload":
            files = [{**f, "uploadMode": "regular", "shouldIgnore": False} for f in json.loads(body)["files"]]
            self._send(200, {"files": files})
        else:
            self._commit("/".join(parts[2:4]), body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _is_troubled(self) -> bool:
        self.hub.asked.append((self.command, self.path, self._token()))
        if not self.hub.troubles:
            return False
        trouble = self.hub.troubles.pop(0)
        if trouble.status == 0:  # the connection breaks
            self.close_connection = True
            return True
        self._send_bytes(trouble.status, trouble.body, trouble.headers)
        return True

    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _seen(self, kind: str, name: str) -> Repository | None:
        repository = self.hub.repositories.get((kind, name))
        if repository is None or (repository.is_private and self._token() not in (TOKEN, READER)):
            self._send(401 if not self._token() else 404, {"error": "Not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        return repository

    def _describe(self, kind: str, name: str) -> None:
        repository = self._seen(kind, name)
        if repository is None:
            return
        files = [{"rfilename": path, "size": len(content)} for path, content in repository.files.items()]
        told = {"id": name, "sha": repository.sha, "private": repository.is_private, "siblings": files}
        self._send(200, told | {"gated": "manual" if repository.is_gated else False} | repository.told)

    def _file(self, kind: str, name: str, path: str) -> None:
        repository = self._seen(kind, name)
        if repository is None:
            return
        if repository.is_gated and self._token() not in (TOKEN, READER):
            self._send(401 if not self._token() else 403, {"error": "gated"}, {"X-Error-Code": "GatedRepo"})
        elif path not in repository.files:
            self._send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        else:
            self._send_bytes(200, repository.files[path], {})

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
        key = (asked.get("type", "model"), name)
        is_there = key in self.hub.repositories
        is_private = bool(asked.get("private")) or asked.get("visibility") == "private"
        self.hub.repositories.setdefault(key, Repository(is_private=is_private))
        self._send(409 if is_there else 200, {"url": f"{self.hub.address}/datasets/{name}", "name": name})

    def _commit(self, name: str, body: bytes) -> None:
        repository = self.hub.repositories["dataset", name]
        for line in body.splitlines():
            told = json.loads(line)
            if told["key"] == "file":
                repository.files[told["value"]["path"]] = base64.b64decode(told["value"]["content"])
        sha = "c" * 40
        self._send(
            200, {"success": True, "commitOid": sha, "commitUrl": f"{self.hub.address}/datasets/{name}/commit/{sha}"}
        )

    def _send(self, status: int, told: object, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(told).encode(), headers or {})

    def _send_bytes(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length", str(len(content))))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""
