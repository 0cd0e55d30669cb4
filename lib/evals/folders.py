"""Where a job works on disk, until it ends well."""

from __future__ import annotations

import shutil
from pathlib import Path

from lib.settings import Settings

LOG_NAME = "log.txt"
DONE = "DONE"
"""Written last: a task's folder without it holds nothing that is finished."""


def job_folder(settings: Settings, job: str) -> Path:
    """Where a job's child works: its log, kept answers and results."""
    return settings.data_dir / "jobs" / job


def task_folder(folder: Path, position: int) -> Path:
    """Where the results of a task go, within the job's folder; the name becomes part of the source's name in the store."""
    return folder / f"job-{folder.name}-{position}"


def is_finished(folder: Path) -> bool:
    """Whether the child has written everything that belongs to the task."""
    return (folder / DONE).is_file()


def tidy(folder: Path) -> None:
    """Delete what a job left that is in the store by now; the log stays."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOG_NAME:
            path.unlink(missing_ok=True)
