"""Choices of tasks that are often asked together: a YAML file each in ``data/presets``, with shots, limit, source and date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lib.errors import RefusedInput
from lib.evals.estimate import Estimate
from lib.evals.spec import JobSpec, from_json
from lib.settings import ROOT

FOLDER = ROOT / "data" / "presets"
KEYS = ("label", "what", "tasks", "num_fewshot", "limit", "minutes", "source_title", "source_url", "source_date")
STEPS = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Questions of each task that a preset with a time may ask for."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of tasks.

    Args:
        name: Of its file, and in addresses.
        label, what: For people.
        tasks: Names of lm-eval.
        num_fewshot: None: as each task says.
        limit: None: all questions. With ``minutes``, where the time cannot be estimated.
        minutes: The limit is chosen to fit this; None: it is not.
        source_title, source_url, source_date: Who chose them.
    """

    name: str
    label: str
    what: str
    tasks: tuple[str, ...]
    num_fewshot: int | None
    limit: float | None
    minutes: float | None
    source_title: str
    source_url: str
    source_date: str

    def over(self, spec: JobSpec) -> JobSpec:
        """The job with the preset's tasks, shots and limit."""
        return replace(spec, tasks=self.tasks, num_fewshot=self.num_fewshot, limit=self.limit)


@lru_cache(maxsize=2)
def presets(folder: Path = FOLDER) -> dict[str, Preset]:
    """By name, in the order of their files' names with those that fit a time first.

    Raises:
        RefusedInput: If a file is not as it must be.
    """
    found = [_preset(path) for path in sorted(folder.glob("*.yaml"))]
    found.sort(key=lambda one: one.minutes is None)
    return {one.name: one for one in found}


def fitted(preset: Preset, spec: JobSpec, estimate: Callable[[JobSpec], Estimate]) -> JobSpec:
    """The job with the preset, its limit the largest of ``STEPS`` that our estimate fits into the preset's time.

    Where the time is not known the preset's own limit stays; where even the least is too long, the least.

    Args:
        estimate: Of a job like this one.
    """
    asked = preset.over(spec)
    if preset.minutes is None:
        return asked
    fits = None
    for step in STEPS:
        trial = replace(asked, limit=float(step))
        seconds = estimate(trial).seconds
        if seconds is None:
            return asked
        if fits is not None and seconds.mid > preset.minutes * 60:
            break
        fits = trial
    return fits or asked


def _preset(path: Path) -> Preset:
    told: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(told, dict) or set(told) != set(KEYS):
        raise RefusedInput("not a preset", file=path.name, expected=", ".join(KEYS), found=told)
    spec = from_json({"backend": "dummy", **{key: told[key] for key in ("tasks", "num_fewshot", "limit")}})
    texts = {
        key: " ".join(str(told[key]).split()) for key in ("label", "what", "source_title", "source_url", "source_date")
    }
    minutes = None if told["minutes"] is None else float(told["minutes"])
    return Preset(path.stem, tasks=spec.tasks, num_fewshot=spec.num_fewshot, limit=spec.limit, minutes=minutes, **texts)
