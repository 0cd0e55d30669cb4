"""All importers: every module of ``lib.sources`` that has a ``SOURCE``, in the order in which they are asked."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from functools import cache

import lib.sources
from lib.errors import RefusedInput
from lib.sources.contract import Candidate, Importer


@cache
def importers() -> tuple[Importer, ...]:
    """Sorted by priority, then by name."""
    modules = (importlib.import_module(f"lib.sources.{m.name}") for m in pkgutil.iter_modules(lib.sources.__path__))
    found = [module.SOURCE for module in modules if isinstance(getattr(module, "SOURCE", None), Importer)]
    return tuple(sorted(found, key=lambda importer: (importer.priority, importer.name)))


@cache
def versions() -> dict[str, int]:
    """Version of each importer by its name."""
    return {importer.name: importer.version for importer in importers()}


@cache
def state() -> str:
    """Short digest of the importers and their versions: when it changes, files are worth another look."""
    listed = " ".join(f"{name}={version}" for name, version in sorted(versions().items()))
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def importer_for(candidate: Candidate) -> Importer:
    """The first importer that recognises the content.

    Raises:
        RefusedInput: If none does; lists what can be read.
    """
    for importer in importers():
        if importer.recognise(candidate):
            return importer
    if not candidate.content.strip():
        raise RefusedInput("an empty file", file=candidate.name)
    readable = "; ".join(dict.fromkeys(i.describes for i in importers()))
    raise RefusedInput("not a kind of file that can be read", file=candidate.name, expected=f"one of: {readable}")
