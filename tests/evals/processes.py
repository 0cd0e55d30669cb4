"""What the tests of the queue run: ``python -m tests.evals.processes worker|app ...``; the store is the environment's.

worker [once|beside] [SILENCE_S] [DEVICE:GIB]: takes jobs with the fake child. server: an app with a worker beside it. app SEED COUNT: puts jobs in as the app does, and says
``ID`` of each once it has been acknowledged.
"""

from __future__ import annotations

import logging
import os
import sys

import lib  # noqa: F401  (puts the right SQLite in place)
from lib.evals import queue
from lib.evals.beside import WorkerBeside, nobody_listens
from lib.evals.jobs import Needs
from lib.evals.spec import from_json
from lib.settings import read_settings
from lib.store.db import open_store

QUICK = {"beat_s": 0.1, "look_s": 0.05, "log_s": 0.2, "end_s": 10.0}
HAS = {"backends": ["hf", "dummy"], "lm_eval_version": "0.0.test"}


def worker(once: str = "", silence_s: str = "60", slot: str = "cpu:64") -> int:
    from lib.evals.worker import Timing, run_worker  # half of what a process costs at its start; apps need none of it
    from tests.evals.fake_attempt import FakeAttempt

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    device, _, memory = slot.partition(":")
    return run_worker(
        read_settings(),
        once=once == "once",
        device=device,
        memory_gib=float(memory),
        attempt=FakeAttempt,
        has=HAS,
        timing=Timing(silence_s=float(silence_s), **QUICK),
        is_over=nobody_listens if once == "beside" else lambda: False,
    )


def server() -> int:
    beside = WorkerBeside(
        read_settings(), look_s=0.1, command=[sys.executable, "-m", __spec__.name, "worker", "beside"]
    )
    beside.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    beside.end()
    return 0


def app(seed: str, count: str) -> int:
    store = open_store(read_settings())
    for number in range(int(count)):
        asked = {"pretrained": f"{seed}-{number}", "seconds": 0.2}
        spec = from_json({"backend": "hf", "model_args": asked, "tasks": ["arc_easy", "piqa"]})
        sys.stdout.write(queue.enqueue(store, spec, needs=Needs("hf")).job.id + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    status = {"worker": worker, "app": app, "server": server}[sys.argv[1]](*sys.argv[2:])
    sys.stdout.flush()
    os._exit(status)
