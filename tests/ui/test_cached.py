"""What is kept is made once, by everything that it depends on, and never outlives a change of the store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lib.errors import RefusedInput
from lib.settings import read_settings
from lib.store import mapping
from lib.store.db import Store, open_store
from lib.store.details import run_details, source_named, sources_of_run
from lib.store.frames import Frames
from lib.store.model_prices import aliases_of, prices_of
from lib.store.withdrawn import only_withdrawn
from lib.store.write import restore, withdraw, write_files
from lib.ui import cached
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of

PRICE = {"provider": "p", "api_name": "alpha", "model_slug": "alpha", "input_usd_per_mtok": 1.0}
ALIAS = {"alias": "alpha", "scope": "", "model_id": "alpha-7b", "kind": "API name"}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """One model with a price and a run, as the pages open it."""
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path))
    store = open_store(read_settings())
    tables = {"models": [model_row("alpha-7b")], "model_aliases": [ALIAS], "prices": [PRICE]}
    write_files(store, raw_of("c", "c.csv"), [prepared_file(content="c", name="c.csv", tables=tables)])
    run = prepared_run(make_run("alpha-7b", results=[make_result("mmlu")]), "alpha-7b")
    write_files(store, raw_of("r", "r.json"), [prepared_file(run, content="r", name="r.json")])
    return store


def _reads(run: str) -> dict[Callable[..., Any], dict[str, str]]:
    return {
        run_details: {"digest": run},
        sources_of_run: {"run": run},
        source_named: {"name": "r.json"},
        prices_of: {"model": "alpha-7b"},
        aliases_of: {"model": "alpha-7b"},
        only_withdrawn: {},
    }


def _plain(read: Any) -> Any:
    """Frames as something that can be compared."""
    if isinstance(read, pd.DataFrame):
        return read.astype(object).where(read.notna(), None).to_dict("list")
    return tuple(_plain(one) for one in read) if isinstance(read, tuple) else read


def test_no_write_leaves_a_kept_read_behind(store: Store) -> None:
    run = str(cached.frames().runs["run"].iloc[0])
    (source,) = (source_named(store, "r.json"),)
    assert source is not None
    again = prepared_run(make_run("alpha-7b", results=[make_result("gsm8k")]), "alpha-7b")
    writes: list[Callable[[], Any]] = [
        lambda: mapping.set_alias(store, "mine", "", "alpha-7b"),
        lambda: withdraw(store, source["id"]),
        lambda: restore(store, source["id"]),
        lambda: mapping.remove_alias(store, "mine", ""),
        lambda: mapping.set_fact(store, "alpha-7b", "licence", "MIT"),
        lambda: write_files(store, raw_of("n", "r.json"), [prepared_file(again, content="n", name="r.json")]),
    ]
    before = cached.frames().revision
    for write in (lambda: None, *writes):
        write()
        for read, choices in _reads(run).items():
            assert _plain(cached.stored(read, **choices)) == _plain(read(store, **choices))
            assert cached.stored(read, **choices) is cached.stored(read, **choices)
    assert cached.frames().revision == before + len(writes)


def test_a_view_is_made_once_per_choice(store: Store) -> None:
    made: list[int] = []

    def view(frames: Frames, *, n: int) -> list[int]:
        made.append(n)
        return [n]

    assert cached.made(view, n=1) is cached.made(view, n=1)
    assert cached.made(view, n=2) == [2]
    assert made == [1, 2]


def test_what_was_not_asked_for_longest_leaves() -> None:
    kept, made = cached.Kept(2), []

    def ask(key: str) -> None:
        kept.get(key, lambda: made.append(key))

    for key in "abacab":
        ask(key)
    assert "".join(made) == "abcb"


def test_a_refusal_is_not_kept() -> None:
    kept, asked = cached.Kept(2), []

    def refuse_twice() -> int:
        asked.append(1)
        if len(asked) < 3:
            raise RefusedInput("no")
        return len(asked)

    for _ in range(2):
        with pytest.raises(RefusedInput):
            kept.get("a", refuse_twice)
    assert (kept.get("a", refuse_twice), kept.get("a", refuse_twice)) == (3, 3)


def test_others_wait_for_the_first() -> None:
    kept, begun, go, made, got = cached.Kept(2), threading.Event(), threading.Event(), [], []

    def make() -> int:
        begun.set()
        go.wait(10)
        made.append(1)
        return len(made)

    threads = [threading.Thread(target=lambda: got.append(kept.get("a", make))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    # Whoever asks for something else does not.
    assert kept.get("b", lambda: 7) == 7
    go.set()
    for thread in threads:
        thread.join(10)
    assert (made, got) == ([1], [1, 1, 1])
