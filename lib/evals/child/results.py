"""Results and samples in the folder of the task, by lm-eval's own writer, without what tells about this machine."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .failures import Failure
from .network import is_public

DONE = "DONE"
OF_THE_MACHINE = ("pretty_env_info", "git_hash", "upper_git_hash")
ABSOLUTE = re.compile(r"(?:[A-Za-z]:[\\/]|/)[^\n{}<>|]*[\\/][^\n{}<>|]*")
"""A path of at least two parts; not a template, nor a text of several lines."""
ELSEWHERE = "private"
"""Stands for the name of a host in a private network."""


def save(
    tracker: Any,
    results: dict[str, Any],
    backend: str,
    measured: Mapping[str, Any],
    *,
    model_name: str | None = None,
) -> None:
    """Write ``results_*.json`` and ``samples_*.jsonl`` below the tracker's folder, and ``DONE`` last.

    Args:
        tracker: lm-eval's ``EvaluationTracker``.
        results: As ``simple_evaluate`` returns them.
        backend: What lm-eval's command calls ``--model``.
        measured: By task.
        model_name: Where the arguments do not tell it.

    Raises:
        Failure: If something could not be written; lm-eval only warns of it.
    """
    samples = results.pop("samples")
    for name in OF_THE_MACHINE:
        results.pop(name, None)
    results["config"]["model"] = backend
    tracker.general_config_tracker.model_source = backend
    name = model_name or _model_name(results["config"]["model_args"], backend)
    tracker.general_config_tracker.model_name = name
    tracker.general_config_tracker.model_name_sanitized = _as_folder(name)
    told = {key: without_places(value) for key, value in results.items()}
    told["measured"] = {task: {k: v for k, v in one.items() if v is not None} for task, one in measured.items()}
    tracker.save_results_aggregated(results=told, samples=samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)
    folder = Path(tracker.output_path)
    if len(list(folder.rglob("*.json"))) != 1 or len(list(folder.rglob("*.jsonl"))) != len(samples):
        raise Failure("disk", "The results could not be written; the log says why.", is_retryable=True)
    _finish(folder, told["measured"])


def without_places(value: Any) -> Any:
    """A copy without absolute paths, user names in addresses, and names of private hosts."""
    if isinstance(value, Mapping):
        return {key: without_places(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_places(one) for one in value]
    if isinstance(value, str):
        return without_host(value) if "://" in value[:16] else without_path(value)
    return value


def without_path(text: Any) -> str:
    """The last part of an absolute path; of a file of lm-eval's, the path inside the package. Other texts as they are."""
    text = str(text)
    if len(text) > 4_096 or not ABSOLUTE.fullmatch(text):
        return text
    path = text.replace("\\", "/").rstrip("/")
    _, inside, below = path.rpartition("/lm_eval/tasks/")
    return f"lm_eval/tasks/{below}" if inside else path.rpartition("/")[2]


def without_host(address: str) -> str:
    """An address without user, password and query; a host that is not of the open internet is not named."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ELSEWHERE
    if parts.scheme not in ("http", "https"):
        return without_path(parts.path) if parts.scheme == "file" else address
    place = host if _may_be_named(host) else ELSEWHERE
    return urlunsplit((parts.scheme, f"{place}:{port}" if port else place, parts.path, "", ""))


def _may_be_named(host: str) -> bool:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or ("." in host and not host.endswith((".local", ".lan", ".internal", ".home.arpa")))
    return found.is_loopback or is_public(host)


def _model_name(model_args: Mapping[str, Any], backend: str) -> str:
    """As lm-eval finds it in the arguments; where there is none it would draw a random one."""
    from lm_eval.loggers.evaluation_tracker import GeneralConfigTracker

    return without_path(GeneralConfigTracker._get_model_name(dict(model_args)) or backend)


def _as_folder(name: str) -> str:
    from lm_eval.utils import sanitize_model_name

    return sanitize_model_name(name).lstrip(".") or "model"


def _finish(folder: Path, measured: Mapping[str, Any]) -> None:
    made = folder / f"{DONE}.new"
    made.write_text(json.dumps({"measured": measured}), encoding="utf-8")
    made.replace(folder / DONE)
