"""Asking the Hugging Face Hub: what it answers, and in which words it is told that it does not.

Everything that comes back is outside text. The package's own session, address and token are used, so HF_ENDPOINT, HF_TOKEN,
HF_HUB_OFFLINE and proxies mean what they mean everywhere; its own patience is not (it waits for minutes and says nothing).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from lib.errors import RefusedInput, Unavailable

Kind = Literal["model", "dataset"]
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9_.\-]{0,95})?")
TIMEOUT_S = 10.0
PATIENCE_S = 60.0
"""The longest that the Hub may ask a command to wait, in all."""
PAUSES_S = (0.5, 2.0)
"""Before the second and the third try of a server that has trouble."""
LARGEST_JSON = 30_000_000
OFFLINE = "The Hugging Face Hub cannot be reached"
REMEDY = "Everything else works without it; try again later"
_RESETS = re.compile(r"\bt=(\d{1,6})\b")
_BUSY = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Hub:
    """The Hub as one asks it.

    Args:
        endpoint: Its address; empty: the one of HF_ENDPOINT, or the public one.
        is_known: Whether to say who asks (HF_TOKEN, or the account of this machine). Without it only what is public comes.
        patience_s: How long to wait, in all, when it asks to; a page has none.
        pause: Waits so many seconds.
    """

    endpoint: str = ""
    is_known: bool = True
    patience_s: float = PATIENCE_S
    pause: Callable[[float], None] = time.sleep

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end."""
        from huggingface_hub import constants

        return (self.endpoint or constants.ENDPOINT).rstrip("/")

    def page_of(self, kind: Kind, name: str, revision: str = "") -> str:
        """Address of the page about a repository, at a commit if one is named."""
        base = f"{self.address}/{'datasets/' if kind == 'dataset' else ''}{name}"
        return f"{base}/tree/{quote(revision, safe='')}" if revision else base

    def described(self, kind: Kind, name: str) -> dict[str, Any]:
        """What the Hub says of a repository, with its files.

        Raises:
            RefusedInput: If there is none that this account may see, or the name is none.
            Unavailable: If the Hub does not answer, or asks to wait too long.
        """
        check_name(name)
        told = self._json(f"/api/{kind}s/{name}?blobs=true", name)
        if not isinstance(told, dict):
            raise _not_understood()
        return told

    def small_file(self, kind: Kind, name: str, revision: str, path: str, limit: int) -> bytes:
        """A file of a repository in memory.

        Raises:
            As ``described``; RefusedInput also if there is no such file or it is larger than ``limit`` bytes.
        """
        content = bytearray()
        for piece in self._pieces(self._file_address(kind, name, revision, path), f"{name}/{path}", limit):
            content += piece
        return bytes(content)

    def download(self, kind: Kind, name: str, revision: str, path: str, to: Path, limit: int) -> int:
        """A file of a repository onto the disk, a piece at a time; returns its bytes.

        Raises:
            As ``small_file``.
        """
        to.parent.mkdir(parents=True, exist_ok=True)
        n = 0
        with to.open("wb") as file:
            for piece in self._pieces(self._file_address(kind, name, revision, path), f"{name}/{path}", limit):
                n += file.write(piece)
        return n

    def _file_address(self, kind: Kind, name: str, revision: str, path: str) -> str:
        base = f"{self.address}/{'datasets/' if kind == 'dataset' else ''}{name}"
        return f"{base}/resolve/{quote(revision, safe='')}/{quote(path)}"

    def _json(self, path: str, what: str) -> Any:
        content = b"".join(self._pieces(self.address + path, what, LARGEST_JSON))
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise _not_understood() from None

    def _pieces(self, address: str, what: str, limit: int) -> Iterator[bytes]:
        """The body of an answer; it is counted while it comes, whatever was announced."""
        from huggingface_hub.utils import build_hf_headers, get_session

        refuse_offline()
        # None: the account of this machine, if it has one.
        headers = build_hf_headers(token=None if self.is_known else False)
        waited, n_tries = 0.0, 0
        while True:
            with reached(), get_session().stream("GET", address, headers=headers, timeout=TIMEOUT_S) as answer:
                if answer.status_code == 200:
                    n = 0
                    for piece in answer.iter_bytes(1 << 20):
                        n += len(piece)
                        if n > limit:
                            raise RefusedInput(
                                "larger than this installation takes",
                                file=what,
                                expected=f"at most {limit / 1e6:.0f} MB",
                            )
                        yield piece
                    return
                wait_s = self._wait_s(answer.status_code, answer.headers, n_tries)
                if wait_s is None or waited + wait_s > self.patience_s:
                    raise refused_by(answer.status_code, answer.headers, what)
            self.pause(wait_s)
            waited, n_tries = waited + wait_s, n_tries + 1

    def _wait_s(self, status: int, headers: Mapping[str, str], n_tries: int) -> float | None:
        """Seconds after which to ask again; None where asking again is of no use."""
        if status not in _BUSY or n_tries >= len(PAUSES_S):
            return None
        asked = asked_to_wait(headers)
        return PAUSES_S[n_tries] if asked is None else asked


def check_name(name: str) -> str:
    """The name of a repository, if it can be one.

    Raises:
        RefusedInput: If not.
    """
    if not NAME.fullmatch(name) or ".." in name or "--" in name or name.endswith((".git", ".ipynb")):
        raise RefusedInput("not the name of a repository on the Hub", expected="org/name", found=name)
    return name


def named_in(text: str, kind: Kind) -> tuple[Kind, str]:
    """The repository that a reader means: a name, ``datasets/org/name`` or the address of its page.

    Raises:
        RefusedInput: If it cannot be one.
    """
    parts = [part for part in (urlsplit(text).path if "://" in text else text).strip().split("/") if part]
    if parts and parts[0] in ("datasets", "models"):
        kind = "dataset" if parts[0] == "datasets" else "model"
        parts = parts[1:]
    elif "://" in text:
        kind = "model"
    for place, word in enumerate(parts):
        if word in ("tree", "blob", "resolve", "viewer") and place:
            parts = parts[:place]
            break
    return kind, check_name("/".join(parts))


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: ``Retry-After``, else the reset of ``RateLimit``; None where it does not say."""
    written = headers.get("Retry-After", "").strip()
    if written.isascii() and written.isdigit():
        return float(written[:9])
    found = _RESETS.search(headers.get("RateLimit", ""))
    return float(found.group(1)) if found else None


def refused_by(status: int, headers: Mapping[str, str], what: str) -> RefusedInput | Unavailable:
    """An answer that is none, in words."""
    code = headers.get("X-Error-Code", "")
    if code == "GatedRepo":
        return RefusedInput(
            "the repository is given only to accounts that were let in",
            file=what,
            expected="access granted on its page, and the account's token in HF_TOKEN",
        )
    if code == "EntryNotFound":
        return RefusedInput("the repository has no such file", file=what)
    if status in (401, 404):
        # A private repository answers like one that is not there, and so does a token that is not right.
        return RefusedInput("the Hub has no such repository, or not for this account (HF_TOKEN)", file=what)
    if status == 403:
        return RefusedInput("the Hub does not let this account do that (HF_TOKEN)", file=what)
    if status == 429:
        seconds = asked_to_wait(headers)
        told = f" for {seconds:.0f} s" if seconds is not None else ""
        return Unavailable(
            f"The Hugging Face Hub asks to wait{told}", remedy="Try again then; with HF_TOKEN it allows more"
        )
    if status >= 500:
        return Unavailable(f"The Hugging Face Hub has trouble (status {status})", remedy=REMEDY)
    return RefusedInput(f"the Hub refuses this (status {status})", file=what)


def refuse_offline() -> None:
    """Say so where this machine is told to stay off the Hub.

    Raises:
        Unavailable: With HF_HUB_OFFLINE.
    """
    from huggingface_hub import constants

    if constants.is_offline_mode():
        raise Unavailable(f"{OFFLINE}: HF_HUB_OFFLINE is set", remedy="Everything else works without it")


@contextmanager
def reached() -> Iterator[None]:
    """Turns what the network does into words.

    Raises:
        Unavailable: If the Hub could not be reached, or the answer broke off.
    """
    import httpx2

    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as trouble:
        raise Unavailable(f"{OFFLINE} ({type(trouble).__name__})", remedy=REMEDY) from None


def _not_understood() -> Unavailable:
    return Unavailable("The Hugging Face Hub answers something that is not understood", remedy=REMEDY)
