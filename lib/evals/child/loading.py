"""The model: lm-eval's own, or one of ours, with the guard and the counters that its kind needs around it."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import endpoint, llama_cpp, network, tokens, weights
from .events import Masked
from .meter import Meter
from .resources import Device

SLICES = {"slices": 32, "llama.cpp": 1}
"""Set-ups whose models do not report their answers, and how many requests they are handed at a time."""


class Loaded(NamedTuple):
    """A model in memory, or the way to one."""

    lm: Any
    meter: Meter
    device: Device
    seconds: float
    info: dict[str, Any]
    model_bytes: int | None


def load(job: Mapping[str, Any], send: Callable[..., None], masked: Masked) -> Loaded:
    """Load the model of a job.

    Args:
        job: ``backend``, ``model_args``, ``batch_size``, ``device``; ``model_class`` (``module:Class`` of this package) for
            models of ours; ``set_up``: ``torch``, ``vllm``, ``endpoint``, ``llama.cpp``, ``slices``, or ``reports`` (nothing
            around it: it reports each answer to ``cache_hook`` itself).
    """
    if job.get("public_only"):
        network.public_only()
    if job["set_up"] in ("torch", "vllm") and not job.get("allows_remote_code"):
        weights.no_pickles()
    start = time.monotonic()
    settings = {"batch_size": job["batch_size"], "max_batch_size": None, "device": job["device"]}
    lm = _class(job).create_from_arg_obj(dict(job["model_args"]), settings)
    seconds = time.monotonic() - start
    device = Device(job["device"], is_shared_with_engine=job["set_up"] == "vllm")
    price = job.get("usd_per_million")
    meter = Meter(
        lm,
        send,
        slice_size=SLICES.get(job["set_up"]),
        usd_per_million=tuple(price) if price else None,
        device_memory=device.memory_bytes,
    )
    _surround(job["set_up"], lm, meter, send, masked)
    info = _once(lm)
    size = info.get("model_bytes") or (tokens.model_bytes(lm) if job["set_up"] == "torch" else None)
    return Loaded(lm, meter, device, seconds, info, size)


def _class(job: Mapping[str, Any]) -> Any:
    # First, also for ours: a model registered before lm-eval has listed its own would hide them all.
    import lm_eval.models  # noqa: F401

    if job.get("model_class"):
        module, _, name = job["model_class"].partition(":")
        return getattr(importlib.import_module(f".{module}", __package__), name)
    from lm_eval.api.registry import get_model

    return get_model(job["backend"])


def _surround(set_up: str, lm: Any, meter: Meter, send: Callable[..., None], masked: Masked) -> None:
    if set_up == "torch":
        tokens.count_torch(lm, meter)
    elif set_up == "vllm":
        tokens.count_vllm(lm, meter)
    elif set_up == "endpoint":
        endpoint.guard(lm, meter, send, masked)
    elif set_up == "llama.cpp":
        llama_cpp.guard(lm, meter, send, masked)


def _once(lm: Any) -> dict[str, Any]:
    """What the model says about itself. lm-eval asks for every task, and transformers asks the Hub each time."""
    if not hasattr(lm, "get_model_info"):
        return {}
    if hasattr(lm, "take_task"):  # learns anew for each task
        return {}
    info = dict(lm.get_model_info())
    lm.get_model_info = lambda: dict(info)
    return info


def versions() -> dict[str, str]:
    """Of what runs here; packages that are missing are left out."""
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    found = {"python": python_version(), "threads": os.environ.get("OMP_NUM_THREADS", "")}
    for name in ("lm_eval", "torch", "transformers", "vllm"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
