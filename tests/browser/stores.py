"""Servers over the stores of the browser tests, each started when first asked for, and the addresses worth a visit."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from lib.settings import ROOT, read_settings
from lib.sources.ingest import ingest
from lib.store.db import Store, open_store
from lib.store.details import run_details, sources_of_run
from lib.store.frames import FrameCache
from lib.store.samples import logs_of
from lib.ui import links
from tests.ui import made_jobs
from tests.ui.stores import fill_one_model, fill_small

RUN_FILES = (
    "lm-eval-runs/eleutherai-opt-bloom.zip",
    "lm-eval-runs/stability-ai-2023-2024.zip",
    "lm-eval-samples/lm-eval-2025-gemma3-12b-tuned.zip",
    "lm-eval-samples/lm-eval-2024-2026-hashed.zip",
    "lm-eval-samples/stablelm2-1.6b-nf4-wikitext.zip",
)
"""Shipped run files, with and without per-question logs, that are imported within a second."""
JOBS = (
    *made_jobs.waiting(2),
    made_jobs.ended(estimate=made_jobs.ESTIMATE),
    made_jobs.ended("failed", id="f" * 12, reason="HTTP 401: wrong key"),
)
"""Evaluations on the full store; nothing runs there that could take them up."""
NOWHERE = "nothing-is-called-this"


SECONDS_TO_START = 180
"""Half a second on an idle machine; the tests of others may run beside these."""


class Served(NamedTuple):
    """A running server and its store's folder."""

    address: str
    folder: Path


def fill_full(folder: Path) -> None:
    """Catalogue, boards and tables, and some lm-eval runs, a few of them with per-question logs."""
    fill_small(folder)
    settings = read_settings({"P4P_DATA_DIR": str(folder)})
    store = open_store(settings)
    for name in RUN_FILES:
        ingest(store, [ROOT / "data" / name], settings=settings, shipped=True)
    made_jobs.keep(store, *JOBS, log="Running loglikelihood requests: 100%")
    store.close()


def fill_nothing(folder: Path) -> None:
    """An empty store is made by who opens it."""


FILLS: dict[str, Callable[[Path], None]] = {"full": fill_full, "empty": fill_nothing, "one": fill_one_model}


class Servers:
    """``servers["full"]``, ``["empty"]`` and ``["one"]`` (a single model), each started once and when first asked for."""

    def __init__(self, filled: Callable[[Callable[[Path], None]], Path], stack: ExitStack) -> None:
        self._filled = filled
        self._stack = stack
        self._started: dict[str, Served] = {}

    def __getitem__(self, name: str) -> Served:
        if name not in self._started:
            folder = self._filled(FILLS[name])
            self._started[name] = Served(self._stack.enter_context(serve(folder)), folder)
        return self._started[name]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(folder: Path, port: int | None = None, **environment: str) -> Iterator[str]:
    """Address of a server over the store in ``folder``, with these variables too; it ends with the context."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "serve.py", "--server.port", str(port)]
    environment = {**os.environ, "P4P_DATA_DIR": str(folder), "P4P_FILL": "0", "P4P_WORKER": "0", **environment}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def addresses(folder: Path, page: links.PageEntry) -> list[str]:
    """Where to look at a page over this store: its plain address, and for the pages about one thing also such things."""
    plain = "/" if page is links.PAGES[0] else f"/{page.address}"
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    try:
        return [plain, *(f"{plain}?{query}" for query in _queries(store, page.address))]
    finally:
        store.close()


def _queries(store: Store, page: str) -> list[str]:
    """Values for the address of a page that needs some; the last names nothing."""
    frames = FrameCache(store).frames()
    models, runs, benchmarks = frames.models, frames.runs, frames.benchmarks
    known = runs["model"].dropna().value_counts()
    famous = str(known.index[0]) if len(known) else ""
    found: list[str]
    if page == "search":
        words = str(models["name"][famous]).split()[0] if famous else "llama"
        return [f"words={words}", f"words={NOWHERE}"]
    if page == "own-data":
        return ["have=csv"]
    if page == "head-to-head" and len(known) > 1:
        # Two models, one that is not there, and the two runs with most logs of single questions.
        two = logs_of(store, runs.index).groupby("run_id", sort=False).size().sort_values().index[-2:]
        pair = [str(runs.at[int(run), "run"]) for run in two]
        found = [f"a={known.index[0]}&b={known.index[1]}", f"a={famous}&b={NOWHERE}"]
        return [*found, f"a={pair[0]}&b={pair[1]}"] if len(pair) > 1 else found
    if page == "evaluate":
        filled = "with-pretrained=EleutherAI/pythia-70m&seek=mmlu"
        return [*(f"part={part}" for part in _parts_of("evaluate")), filled]
    if page == "job":
        return [*(f"job={job.id}&log=true" for job in JOBS[1:] if len(runs) > 1), f"job={NOWHERE}"]
    if page == "data":
        return [f"part={part}" for part in _parts_of("data")]
    if page == "planner":
        # The last one has a field that cannot be meant.
        return [*(f"part={part}" for part in _parts_of("planner")), "part=train&goal=size&size=8GB"]
    found = []
    if page == "model" and famous:
        # One with many runs, and one with few facts and no run at all.
        bare = models.index.difference(runs["model"].dropna().unique())
        found = [famous, *bare[:1]]
    if page == "benchmark" and len(benchmarks):
        found = [str(benchmarks["n_models"].idxmax())]
    if page == "run" and len(runs):
        found = [str(run) for run in (runs["run"].iloc[0], _with_samples(store, frames.runs["run"].tolist())) if run]
    if page == "source" and len(runs):
        found = [str(sources_of_run(store, str(runs["run"].iloc[n]))[0]["digest"])[:12] for n in (0, -1)]
    if page not in ("model", "benchmark", "run", "source"):
        return []
    return [f"{page}={value}" for value in dict.fromkeys([*found, NOWHERE])]


def _parts_of(page: str) -> list[str]:
    """Parts of a page, as its own list names them; the page is a script that only Streamlit can run."""
    script = ast.parse((ROOT / "pages" / f"{page}.py").read_text(encoding="utf-8"))
    (listed,) = [
        node.value
        for node in script.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Dict)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "PARTS"
    ]
    return list(ast.literal_eval(ast.List([key for key in listed.keys if key is not None], ast.Load())))


def _with_samples(store: Store, runs: list[str]) -> str:
    """The first run with per-question logs; '' without one."""
    for run in reversed(runs):
        details = run_details(store, run)
        if details is not None and len(details.samples):
            return run
    return ""


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        with suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.2)
    raise AssertionError("the server did not answer in time")
