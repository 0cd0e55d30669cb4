"""Every page for every kind of reader: what somebody may not see is in nothing that the server sends them.

The rows of a person have names that occur nowhere else; every message of a page is searched for them, as bytes: texts,
tables, figures, choices of fields, what stands behind a hover. The same for the HTTP interface is in ``tests/api``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.access import STRANGER, Reader, Visibility
from lib.settings import read_settings
from lib.store import audit, uploads
from lib.store.db import Store, open_store
from lib.store.mapping import set_alias
from lib.store.prepared import Holder
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples
from lib.store.write import Refusal, write_files
from lib.ui import reader
from lib.ui.links import PAGES
from tests.conftest import Fill
from tests.factories import make_result, make_run, make_samples, prepared_file, prepared_run, raw_of, sha
from tests.ui.conftest import Open
from tests.ui.stores import fill_one_model

LOGIN = {
    "P4P_URL": "http://127.0.0.1:1",
    "P4P_OIDC_METADATA": "http://127.0.0.1:1/x",
    "P4P_OIDC_CLIENT_ID": "p4p",
    "P4P_OIDC_CLIENT_SECRET": "a secret of the tests",
    "P4P_COOKIE_SECRET": "0123456789abcdef" * 2,
    "P4P_STRANGERS": "read",
}
READERS = {
    "stranger": STRANGER,
    "outsider": Reader("eve", "Eve", "stranger"),
    "viewer": Reader("vera", "Vera", "viewer"),
    "contributor": Reader("bob", "Bob", "contributor"),
    "admin": Reader("boss", "Boss", "admin"),
    "owner": Reader("alice", "Alice", "contributor"),
}
KINDS = ("model", "task", "file")
MARKS: dict[Visibility, str] = {"private": "zqprivate", "workspace": "zqworkspace", "public": "zqpublic"}
"""Of a model, a task and a file: ``zqprivatemodel`` and so on. What the address names, the page may repeat."""
SEES = {
    "stranger": {"public"},
    "outsider": {"public"},
    "viewer": {"public", "workspace"},
    "contributor": {"public", "workspace"},
    "admin": {"public", "workspace"},
    "owner": {"public", "workspace", "private"},
}


def fill_by_alice(folder: Path) -> None:
    """One run of alice's for each visibility, on the benchmark of the one model, with a log, a refusal, an alias, an upload."""
    fill_one_model(folder)
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    for visibility, mark in MARKS.items():
        _bring(store, visibility, mark)
    store.close()


def run_of(mark: str) -> Any:
    results = [make_result("mmlu", n_shot=5), make_result(f"{mark}task")]
    return make_run(f"acme/{mark}model", results=results, samples=[make_samples("mmlu")])


def _bring(store: Store, visibility: Visibility, mark: str) -> None:
    holder = Holder("alice", visibility)
    keep_raw(store, mark.encode())
    upload = uploads.begin(store, "alice", name=f"{mark}file.json", visibility=visibility)
    run = run_of(mark)
    logs = {"mmlu": keep_samples(store, run.samples[0].table)}
    model = f"acme/{mark}model"
    file = prepared_file(prepared_run(run, model, sample_files=logs), content=mark, name=f"{mark}file.json")
    waiting = prepared_run(make_run(f"{mark}model weights"))
    other = prepared_file(waiting, content=mark, member="b", name=f"{mark}file.json!/b")
    refusals = [Refusal("c", f"{mark}file.json!/c", f"{mark}file refused")]
    community = [{"id": model, "params_total": 7_000_000_000}]
    write_files(store, raw_of(mark, f"{mark}file.json"), [file, other], refusals, community=community, holder=holder)
    if visibility == "workspace":
        set_alias(store, f"{mark}model alias", "", "alpha-7b", holder)
    said = {"runs": [prepared_run(run).digest[:12]]}
    uploads.finish(store, upload, "taken", raw_digests=[sha(mark)], n_files=2, n_results=4, said=said)
    audit.noted(store, "alice", "changed", f"{mark}file", owner="alice", visibility=visibility)


def addresses() -> Iterator[tuple[str, dict[str, str]]]:
    """Every page plain, and the pages about one thing at each of alice's things."""
    for page in PAGES:
        yield page.path, {}
    for mark in MARKS.values():
        digest = prepared_run(run_of(mark)).digest[:12]
        model = f"acme/{mark}model"
        yield "pages/model.py", {"model": model}
        yield "pages/run.py", {"run": digest, "part": "samples"}
        yield "pages/source.py", {"source": sha(mark)[:12]}
        yield "pages/benchmark.py", {"benchmark": f"{mark}task", "community": "true"}
    yield "pages/benchmark.py", {"benchmark": "mmlu", "community": "true"}
    yield "pages/models.py", {"community": "true"}
    yield "pages/search.py", {"words": "zq"}
    for part in ("sources", "names", "coverage", "downloads", "api", "audit"):
        yield "pages/data.py", {"part": part}
    yield "pages/upload.py", {"part": "mine"}


ADDRESSES = list(addresses())
WHERE = ("pages/models.py", "pages/search.py", "pages/benchmark.py", "pages/data.py", "pages/upload.py")
SOME = [(page, asked) for page, asked in ADDRESSES if asked and page in WHERE]
"""Enough for readers whose sight is that of another one who looks at everything."""
FULLY = ("stranger", "contributor")
SOAK = bool(os.environ.get("P4P_SOAK_ADDRESSES"))


@pytest.fixture(scope="module")
def folder(filled_copy: Callable[[Fill], Path]) -> Path:
    return filled_copy(fill_by_alice)


@pytest.fixture(autouse=True)
def with_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)


def sent(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, folder: Path, who: str, page: str, asked: dict[str, str]
) -> bytes:
    """Everything that a page sends this reader, as bytes."""
    monkeypatch.setattr(reader, "reader", lambda store=None: READERS[who])
    app = open_app(folder, page, **asked)
    assert not app.exception, (who, page, asked, app.exception)
    return b"".join(node.proto.SerializeToString() for node in app._tree if getattr(node, "proto", None) is not None)


@pytest.mark.parametrize("who", READERS)
def test_nothing_of_others_is_sent(who: str, open_app: Open, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    found: dict[str, set[str]] = {}
    for page, asked in ADDRESSES if who in FULLY or SOAK else SOME:
        whole = sent(open_app, monkeypatch, folder, who, page, asked)
        repeated = " ".join(asked.values())
        for visibility, mark in MARKS.items():
            marks = [f"{mark}{kind}" for kind in KINDS if f"{mark}{kind}" not in repeated]
            if any(one.encode() in whole for one in marks):
                found.setdefault(visibility, set()).add(f"{page} {asked}")
    assert set(found) == SEES[who], {v: sorted(pages)[:3] for v, pages in found.items() if v not in SEES[who]}
    for visibility in SEES[who]:
        # Seen among the models, on the benchmark and in the search at least: the test would see nothing otherwise.
        pages = {one.split(" ")[0] for one in found[visibility]}
        assert {"pages/benchmark.py", "pages/models.py", "pages/search.py"} <= pages, (visibility, pages)
