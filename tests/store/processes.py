"""What the tests of several processes run: ``work(("import", ...))`` or ``work(("migrate", ...))`` in a process of its own.

import SEED SECONDS [COUNT]: imports made-up files until time or count is over and prints ``raw digest, run digest`` of each when it
has been acknowledged. migrate PAUSE: opens the store, waiting so many seconds after each statement that makes a table.
The store is the one of the environment.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lib  # noqa: F401  (puts the right SQLite in place)
from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples
from lib.store.write import write_files
from tests.factories import make_run, make_samples, prepared_file, prepared_run, raw_of

TASKS = 20


def import_one(store: Store, content: str) -> str:
    """Import a made-up file of two runs, one of them with samples; returns the first run's digest."""
    samples = make_samples(rows=5)
    first = prepared_run(make_run(f"org/{content}", tasks=TASKS))
    first.sample_files[samples.task] = keep_samples(store, samples.table)
    keep_raw(store, content.encode())
    second = make_run(f"org/{content}-second", tasks=TASKS)
    write_files(store, raw_of(content), [prepared_file(first, second, content=content, name=content)])
    return first.digest


def _import(seed: str, seconds: str, count: str = "1000000000") -> None:
    store = open_store(read_settings())
    _say("ready")
    until = time.monotonic() + float(seconds)
    for number in range(int(count)):
        if time.monotonic() > until:
            break
        content = f"{seed}-{number}"
        digest = import_one(store, content)
        _say(f"{raw_of(content).digest} {digest}")


def _migrate(pause: str) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "after_cursor_execute")
    def wait(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip().upper().startswith("CREATE"):
            _say("making")
            time.sleep(float(pause))

    open_store(read_settings())
    _say("migrated")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def work(arguments: Sequence[str], environment: dict[str, str], said: Path, errors: Path) -> None:
    """Does what the arguments say; what it says and its errors go to the files, each line at once."""
    for stream, path in ((sys.stdout, said), (sys.stderr, errors)):
        with path.open("wb", buffering=0) as file:
            os.dup2(file.fileno(), stream.fileno())
    os.environ.update(environment)
    {"import": _import, "migrate": _migrate}[arguments[0]](*arguments[1:])
