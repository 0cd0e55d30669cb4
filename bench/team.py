"""A team at work: many readers change filters while files are uploaded, against an empty Streamlit app under the same load.

The floor is a page without anything on it, served to as many readers with the same think time, while the same files are
sent to a server of the project beside it: both pay for what reading uploads takes of the machine.
"""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx

from bench.crowd import Crowd, Crowded, Place, send
from bench.floors import Floors, floors
from bench.report import Line
from bench.synthetic import Shape, made_up_store
from bench.viewer import Seen, server
from bench.viewers import PLACES, THINK, high, in_turn

UPLOADERS = 5
FILES = 40
DONE = ("taken", "refused", "failed")
WAIT_S = 120


class Uploads(NamedTuple):
    """What became of the uploads: how many were taken, and everything that went wrong."""

    taken: list[float]
    wrong: list[str]


def measure(n_runs: int, n_viewers: int, seconds: float) -> list[Line]:
    """``n_viewers`` over all pages of ``n_runs`` made-up runs and five uploaders, for so many seconds."""
    with made_up_store(Shape(n_runs=n_runs), with_catalogue=True) as (_, folder), floors() as bare:
        bare.add("empty", Seen(0.0), tables=False)
        crowd = Crowd(THINK, seconds=seconds, seed=1)
        with server("serve.py", {"P4P_DATA_DIR": str(folder), "P4P_RATE_PER_MINUTE": "100000"}) as running:
            with uploading(running.address) as done:
                seen = send(running.address, in_turn(PLACES, n_viewers), crowd)
            with uploading(running.address) as beside:
                of_floor = _floor(bare, n_viewers, crowd)
    if done.wrong or beside.wrong:
        raise RuntimeError(f"uploads went wrong: {[*done.wrong, *beside.wrong][:3]}")
    what = f"a change of {n_viewers} readers of all pages beside {UPLOADERS} uploaders, {n_runs * 100:,} results, 95th percentile of {len(seen.seconds)}"
    return [
        Line(f"{what}  [an empty Streamlit app under the same load]", high(seen.seconds), high(of_floor.seconds)),
        Line(f"an upload of {FILES} files until it is read, 95th percentile of {len(done.taken)}  [beside the empty app]", high(done.taken), high(beside.taken)),
    ]  # fmt: skip


def _floor(bare: Floors, n_viewers: int, crowd: Crowd) -> Crowded:
    return send(bare.address, [Place("", "floor=empty")] * n_viewers, crowd)


@contextmanager
def uploading(address: str) -> Iterator[Uploads]:
    """While it lasts five people send results, each the next when the last is read."""
    done, ending = Uploads([], []), threading.Event()
    threads = [threading.Thread(target=_send_on, args=(address, k, done, ending)) for k in range(UPLOADERS)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _send_on(address: str, number: int, done: Uploads, ending: threading.Event) -> None:
    with httpx.Client(base_url=f"http://{address}" if "://" not in address else address, timeout=WAIT_S) as client:
        n = 0
        while not ending.is_set():
            start = time.perf_counter()
            state = _sent(client, _zip(number, n))
            if state == "taken":
                done.taken.append(time.perf_counter() - start)
            else:
                done.wrong.append(state)
            n += 1


def _sent(client: httpx.Client, content: bytes) -> str:
    """Send one, wait until it is read; the state, or what the server said instead."""
    answer = client.post("/api/v1/uploads", files={"file": ("results.zip", content)}, data={"visibility": "private"})
    if answer.status_code == 503:  # its own word for: several are under way
        time.sleep(1)
        return _sent(client, content)
    if answer.status_code != 202:
        return f"HTTP {answer.status_code}: {answer.text[:200]}"
    told, end = answer.json(), time.perf_counter() + WAIT_S
    while told["state"] not in DONE and time.perf_counter() < end:
        time.sleep(0.5)
        told = client.get(f"/api/v1/uploads/{told['id']}").json()
    return str(told["state"])


def _zip(uploader: int, number: int) -> bytes:
    """Results of one made-up model on four tasks, in as many files as a sweep over seeds leaves."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(FILES):
            score = (1 + (uploader * 7 + number * 13 + k * 3) % 997) / 1000
            results = {task: {"acc,none": score, "acc_stderr,none": 0.01, "alias": task} for task in ("arc_easy", "piqa", "boolq", "winogrande")}  # fmt: skip
            document = {
                "results": results,
                "versions": dict.fromkeys(results, 1),
                "n-shot": dict.fromkeys(results, 0),
                "n-samples": {task: {"original": 1000, "effective": 1000} for task in results},
                "config": {
                    "model": "hf",
                    "model_args": f"pretrained=bench/uploaded-{uploader}",
                    "limit": None,
                    "random_seed": k,
                },
                "model_name": f"bench/uploaded-{uploader}",
                "git_hash": f"{number:08x}",
            }
            archive.writestr(
                f"bench__uploaded/results_2026-01-01T00-00-{k:02d}.{number:06d}.json", json.dumps(document)
            )
    return out.getvalue()
