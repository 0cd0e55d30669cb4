"""Words for jobs: how a model is called, what was asked, how long, in which state. Plain text from outside, not escaped."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from lib import formats
from lib.evals.jobs import Job
from lib.evals.spec import JobSpec
from lib.evals.states import State

STATES: dict[State, str] = {
    "queued": "waiting",
    "running": "running",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}
TASK_STATES: dict[str, str] = {str(state): words for state, words in STATES.items()} | {"waiting": "waiting"}
NAME = 60
_OWN = re.compile(r"own_([a-z0-9_]+)_[0-9a-f]{8}")
_FOLDER = re.compile(r"^(/|\./|\.\./|~|[A-Za-z]:[\\/])")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~]?)|\x9b[0-?]*[ -/]*[@-~]")  # fmt: skip
_LINES, _COLUMNS = 400, 400


def model_name(spec: JobSpec) -> str:
    """What the model is called: its Hub name, the last part of its folder, or its name at an endpoint."""
    written = spec.model.rstrip("/\\")
    is_folder = _FOLDER.match(written) or written.count("/") > 1 or "\\" in written
    name = re.split(r"[/\\]", written)[-1] if is_folder else written
    return formats.one_line(name or spec.model or spec.backend, NAME)


def endpoint(spec: JobSpec) -> str:
    """Host of the address that answers; '' where the model runs here. User and password, were there any, are not in it."""
    try:
        parts = urlsplit(str(spec.model_args.get("base_url") or ""))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return formats.one_line(f"{host}:{port}" if port else host, NAME)


def asked(spec: JobSpec) -> str:
    """Tasks in a few words: ``arc_easy``, ``arc_easy and piqa``, ``12 tasks: arc_easy, piqa, boolq …``."""
    names = [task_name(task, 40) for task in spec.tasks]
    if len(names) <= 2:
        told = " and ".join(names)
    else:
        told = f"{len(names)} tasks: {', '.join(names[:3])}" + (" …" if len(names) > 3 else "")
    if spec.limit is not None:
        part = f"{formats.score(spec.limit, 0)}" if spec.limit < 1 else f"the first {formats.count(spec.limit)}"
        told += f", {part} of the questions"
    return told + (f", {formats.count(spec.repeats)} times over" if spec.repeats > 1 else "")


def task_name(name: str, limit: int = 80) -> str:
    """A task as people call it: the name of an own one is made of its title and a digest of its questions."""
    own = _OWN.fullmatch(name)
    return formats.one_line(f"{own[1].replace('_', ' ')} (own)" if own else name, limit)


def reason(job: Job, limit: int = 400) -> str:
    """Why it failed, was cancelled or waits, on one line, without a full stop at its end."""
    return formats.one_line(without_escapes(job.reason), limit).rstrip(". ")


def about(seconds: float | None) -> str:
    """A time left as one says it: ``less than a minute``, ``about 6 minutes``, ``about 2 h 10 min``; '' if unknown."""
    if seconds is None:
        return ""
    if seconds < 50:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {formats.counted(minutes, 'minute')}"
    # Nobody plans an evening by the minute.
    hours, rest = divmod(round(minutes / 10) * 10, 60)
    if hours < 48:
        return f"about {hours} h {rest} min" if rest else f"about {formats.counted(hours, 'hour')}"
    return f"about {formats.counted(round(hours / 24), 'day')}"


def took(seconds: float | None) -> str:
    """A time that something took: ``8 s``, ``3 min 20 s``, ``2 h 5 min``; a dash if unknown."""
    if seconds is None:
        return formats.UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if seconds >= 1 or not seconds else "less than 1 s"
    for unit, size, smaller, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return formats.UNKNOWN


def ago(seconds: float | None) -> str:
    """How long something is past: ``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``; '' if unknown."""
    if seconds is None:
        return ""
    if seconds < 60:
        return "just now"
    if seconds < 3_600:
        return f"{round(seconds / 60)} min ago"
    return f"{round(seconds / 3_600)} h ago" if seconds < 2 * 86_400 else f"{round(seconds / 86_400)} days ago"


def per_second(rate: float | None) -> str:
    """A speed: ``12 a second``, ``40 a minute`` below one a second, ``6 an hour`` below one a minute; '' if unknown."""
    if rate is None or rate <= 0:
        return ""
    for unit, scale in (("a second", 1), ("a minute", 60), ("an hour", 3_600)):
        if rate * scale >= 1:
            return f"{formats.plain(rate * scale)} {unit}"
    return "less than 1 an hour"


def gib(n_bytes: float | None) -> str:
    """An amount of memory: ``1.2 GiB``, ``430 MiB``; a dash if unknown."""
    if n_bytes is None:
        return formats.UNKNOWN
    return f"{formats.plain(n_bytes / 2**30)} GiB" if n_bytes >= 2**30 else f"{formats.plain(n_bytes / 2**20)} MiB"


def without_escapes(text: str) -> str:
    """Text without terminal escape sequences: colours, moved cursors, titles of windows, links."""
    return _ESCAPES.sub("", text)


def log_lines(text: str) -> str:
    """The end of a program's output as plain lines.

    Of a line that the program wrote over (bars of progress do) the last state stands. Control and direction-changing
    characters are gone, long lines are cut, and of many lines the last remain.
    """
    lines = []
    for line in without_escapes(text).replace("\r\n", "\n").split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        lines.append(_printable(states[-1]) if states else "")
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines[-_LINES:])


def _printable(line: str) -> str:
    """A line with its blanks, for tables in a log line up by them."""
    shown = "".join(c for c in line.expandtabs(4) if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")).rstrip()
    return shown if len(shown) <= _COLUMNS else shown[: _COLUMNS - 1] + "…"
