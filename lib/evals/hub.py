"""The Hugging Face Hub, asked before a job starts: which models there are, how large, under which licence, gated, which files.

Nothing is downloaded but descriptions; no account is used, so a token of this machine is never sent for a mere search.
Everything that comes back is outside text.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from lib.errors import RefusedInput, Unavailable
from lib.evals.model_facts import BITS_OF, ModelFacts

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9_.\-]{0,95})?")
TIMEOUT_S = 5.0
PAUSE_S = 60.0
"""How long the Hub is not asked again after it could not be reached: a form must not wait at every key."""
MOST = 50
LONGEST = 200
OFFLINE = "The Hugging Face Hub cannot be reached"
REMEDY = "Type the model's full name or give a folder; it must lie on the worker's machine already."
_silent_until = 0.0


class HubModel(NamedTuple):
    """A model as the Hub describes it. Unknown is None.

    Args:
        name: ``org/name``.
        params: Parameters by the heads of its safetensors files.
        licence: As its author states it.
        is_gated: Given only to accounts that were let in.
        downloads: Of the last 30 days.
        updated_on: ISO day.
        files: Names and bytes (None unknown); empty in a search.
        facts: For estimates and validation.
    """

    name: str
    params: float | None
    licence: str | None
    is_gated: bool | None
    downloads: int | None
    updated_on: str | None
    files: tuple[tuple[str, int | None], ...]
    facts: ModelFacts


def search(words: str, *, limit: int = 20, endpoint: str | None = None) -> list[HubModel]:
    """Language models whose names have these words, the most downloaded first.

    Raises:
        Unavailable: If the Hub cannot be reached, or is switched off by HF_HUB_OFFLINE.
    """
    if not words.strip():
        return []
    asked = {
        "search": words.strip()[:LONGEST],
        "filter": "text-generation",
        "sort": "downloads",
        "limit": str(min(limit, MOST)),
        "expand": ["downloads", "gated", "safetensors", "lastModified", "tags"],
    }
    found = _get("/api/models", asked, endpoint)
    rows = found if isinstance(found, list) else []
    return [_model(row) for row in rows if isinstance(row, dict) and _is_name(row.get("id"))][:limit]


def model(name: str, *, endpoint: str | None = None) -> HubModel:
    """One model with its files.

    Raises:
        RefusedInput: If the Hub has no model of this name that everybody may see.
        Unavailable: If the Hub cannot be reached, or is switched off by HF_HUB_OFFLINE.
    """
    if not _is_name(name):
        raise RefusedInput("not the name of a model on the Hub", place="model", expected="org/name", found=name)
    found = _get(f"/api/models/{name}", {"blobs": "true"}, endpoint)
    if not isinstance(found, dict):
        raise RefusedInput("the Hub has no such model", place="model", expected="org/name as on the Hub", found=name)
    return _model({"id": name, **found})


def is_reachable(*, endpoint: str | None = None) -> bool:
    """Whether the Hub answers at all; up to five seconds where it does not, then a minute without asking."""
    try:
        _get("/api/models", {"limit": "1"}, endpoint)
    except Unavailable:
        return False
    return True


def _get(path: str, asked: Mapping[str, Any], endpoint: str | None) -> Any:
    """The answer as JSON; None where there is no such thing. One try: the package's own search tries for 23 seconds."""
    global _silent_until
    if time.monotonic() < _silent_until and endpoint is None:
        raise Unavailable(OFFLINE, remedy=REMEDY)
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers, get_session

    with _reached(is_remembered=endpoint is None):
        if constants.is_offline_mode():
            raise Unavailable(f"{OFFLINE}: HF_HUB_OFFLINE is set", remedy=REMEDY)
        address = (endpoint or constants.ENDPOINT) + path
        answer = get_session().get(address, params=asked, headers=build_hf_headers(token=False), timeout=TIMEOUT_S)
        if answer.status_code in (400, 401, 403, 404):
            # A private model answers like one that is not there.
            return None
        answer.raise_for_status()
        return answer.json()


@contextmanager
def _reached(*, is_remembered: bool) -> Iterator[None]:
    global _silent_until
    import httpx2

    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as trouble:
        if is_remembered:
            _silent_until = time.monotonic() + PAUSE_S
        raise Unavailable(f"{OFFLINE} ({type(trouble).__name__})", remedy=REMEDY) from None


def _model(told: Mapping[str, Any]) -> HubModel:
    name = str(told["id"])
    params, dtype = _safetensors(told.get("safetensors"))
    files = tuple(_files(told.get("siblings")))
    gated = told.get("gated")
    is_gated = None if gated is None else gated is not False
    licence = _licence(told)
    sizes = [size for file, size in files if file.endswith(".safetensors")]
    config = told.get("config") if isinstance(told.get("config"), Mapping) else {}
    facts = ModelFacts(
        name,
        params=params,
        bits_per_weight=BITS_OF.get(dtype or ""),
        weight_bytes=float(sum(size or 0 for size in sizes)) if sizes and None not in sizes else None,
        licence=licence,
        is_gated=is_gated,
        has_safetensors=bool(sizes) if files else (True if params else None),
        needs_code=isinstance(config, Mapping) and "auto_map" in config,
        basis="the size that the Hub counts in its files" if params else "the Hub does not say how large it is",
    )
    updated = told.get("lastModified")
    downloads = told.get("downloads")
    return HubModel(
        name,
        params,
        licence,
        is_gated,
        downloads if isinstance(downloads, int) else None,
        updated[:10] if isinstance(updated, str) else None,
        files,
        facts,
    )


def _safetensors(told: object) -> tuple[float | None, str | None]:
    """Parameters, and the type that most of them have."""
    if not isinstance(told, Mapping):
        return None, None
    each = told.get("parameters")
    counts = {
        str(name): float(count)
        for name, count in (each.items() if isinstance(each, Mapping) else ())
        if isinstance(count, (int, float)) and not isinstance(count, bool) and math.isfinite(count) and count > 0
    }
    total = told.get("total")
    is_count = isinstance(total, (int, float)) and not isinstance(total, bool) and 0 < total < 1e15
    params = float(total) if is_count and total is not None else sum(counts.values()) or None
    return params, max(counts, key=lambda name: counts[name]) if counts else None


def _files(told: object) -> Iterator[tuple[str, int | None]]:
    for one in told[:2_000] if isinstance(told, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("rfilename"), str):
            size = one.get("size")
            yield one["rfilename"][:LONGEST], size if isinstance(size, int) and size >= 0 else None


def _licence(told: Mapping[str, Any]) -> str | None:
    card = told.get("cardData")
    stated = card.get("license") if isinstance(card, Mapping) else None
    if isinstance(stated, str):
        return stated[:LONGEST]
    tags = told.get("tags")
    named = (
        [tag for tag in tags if isinstance(tag, str) and tag.startswith("license:")] if isinstance(tags, list) else []
    )
    return named[0].removeprefix("license:")[:LONGEST] if named else None


def _is_name(name: object) -> bool:
    return isinstance(name, str) and bool(NAME.fullmatch(name)) and ".." not in name and "--" not in name
