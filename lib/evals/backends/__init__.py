"""The ways of running a model, one file each."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from lib.errors import RefusedInput
from lib.evals.backends.contract import Backend
from lib.evals.spec import JobSpec


@lru_cache(maxsize=1)
def backends() -> dict[str, Backend]:
    """Name -> backend, for every module of this folder that has one, in the order of their labels."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    found = [module.BACKEND for module in modules if hasattr(module, "BACKEND")]
    return {backend.name: backend for backend in sorted(found, key=lambda one: one.label.casefold())}


def backend_of(spec: JobSpec) -> Backend:
    """The backend that a job names.

    Raises:
        RefusedInput: If there is none of that name.
    """
    known = backends()
    if spec.backend not in known:
        raise RefusedInput("no such backend", place="backend", expected=", ".join(known), found=spec.backend)
    return known[spec.backend]
