"""Pinned views: the same numbers for good, on every page; what has changed since; and the way back to now."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from lib.access import STRANGER, Reader
from lib.settings import read_settings
from lib.store import snapshots, tables
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache
from lib.store.prepared import Holder
from lib.store.read import sources
from lib.store.snapshot_diff import diff
from lib.store.snapshots import Snapshot
from lib.store.write import withdraw, write_files
from lib.ui import changes, pinned_view, reader
from lib.ui.links import PAGES
from lib.ui.pinned import ABOUT_NOW
from tests.conftest import Fill
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_one_model, fill_small

MODELS = "pages/models.py"
N_IMPORTS = 100


def opened(folder: Path) -> Store:
    return open_store(read_settings({"P4P_DATA_DIR": str(folder)}))


def put(store: Store, n: int, *, score: float = 0.99) -> None:
    """So many imports of one run each, of small models that would change the sentence of every page about MMLU."""
    for i in range(n):
        model = model_row(f"new-{i}", params_total=10**8 + i, params_active=10**8 + i, release_date="2026-01-01")
        run = prepared_run(make_run(f"new-{i}", results=[make_result("mmlu", score=score, n_shot=5)]), f"new-{i}")
        file = prepared_file(run, content=f"new-{i}", name=f"new-{i}.json", tables={"models": [model]})
        write_files(store, raw_of(f"new-{i}", f"new-{i}.json"), [file])


def shown(app: AppTest) -> str:
    """Everything below the banner that a reader reads: texts, tables, figures."""
    parts = [one.value for kind in ("title", "header", "subheader", "markdown") for one in app.get(kind)]
    parts = [
        part for part in parts if "Pinned view" not in part and " pinned" not in part
    ]  # the banner, the panel to share
    parts += [one.value.to_csv() for one in app.dataframe]
    parts += [json.dumps(json.loads(chart.proto.spec), sort_keys=True) for chart in app.get("plotly_chart")]
    return "\n".join(parts)


def banner(app: AppTest) -> str:
    (text,) = [one.value for one in app.markdown if "Pinned view" in one.value]
    return str(text)


@pytest.fixture(scope="module")
def pinned(
    filled_copy: Callable[[Fill], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Snapshot]:
    """A store as it was, the same store a hundred imports and a withdrawal later, and the snapshot taken between."""
    before = filled_copy(fill_small)
    store = opened(before)
    taken = snapshots.take(store, "Q4 decision")
    store.close()
    after = Path(shutil.copytree(before, tmp_path_factory.mktemp("after"), dirs_exist_ok=True))
    store = opened(after)
    put(store, N_IMPORTS)
    with store.reading() as connection:
        s = tables.sources.c
        withdraw(store, connection.execute(s.id.table.select().where(s.name.like("%open_llm_leaderboard_v2%"))).first().id)  # type: ignore[union-attr]  # fmt: skip
    store.close()
    return before, after, taken


@pytest.mark.parametrize("page", ["", MODELS, "pages/parameters_tokens.py"])
def test_the_same_numbers_after_a_hundred_imports(
    open_app: Open, pinned: tuple[Path, Path, Snapshot], page: str
) -> None:
    before, after, taken = pinned
    was = open_app(before, page)
    assert not was.exception
    app = open_app(after, page, snapshot=taken.short)
    assert not app.exception
    assert shown(app) == shown(was)
    assert "“Q4 decision”" in banner(app) and taken.short in banner(app)
    assert "Since then: 100 new runs" in banner(app) and "withdrawn source" in banner(app)
    now = app.button(key="see-it-now").click().run()
    assert not now.exception
    assert shown(now) != shown(was)
    assert not [one for one in now.markdown if "Pinned view" in one.value]


def test_what_has_changed_is_listed_behind_a_click(open_app: Open, pinned: tuple[Path, Path, Snapshot]) -> None:
    _, after, taken = pinned
    app = open_app(after, "pages/run.py", snapshot=taken.short)
    n_tables = len(app.dataframe)
    app.button(key="see-changes").click().run()
    assert not app.exception
    lists = [one.value for one in app.dataframe][: len(app.dataframe) - n_tables]
    (runs,) = [rows for rows in lists if "run" in rows]
    new, gone = (runs[runs["what"] == what]["run"] for what in ("new", "gone"))
    assert len(new) == N_IMPORTS and len(gone)
    # What is new is not in the snapshot, what is gone is not in the store: each leads to where it is.
    assert all("snapshot=" not in address for address in new)
    assert all(parse_qs(address.split("?")[1])["snapshot"] == [taken.short] for address in gone)


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.address)
def test_every_page_can_be_pinned(open_app: Open, one_model_store: Path, entry: object) -> None:
    store = opened(one_model_store)
    taken = snapshots.take(store)
    store.close()
    app = open_app(one_model_store, entry.path, snapshot=taken.short)  # type: ignore[attr-defined]
    assert not app.exception
    told = [one.value for one in app.markdown if "Pinned view" in one.value]
    assert bool(told) == (entry.address not in ABOUT_NOW)  # type: ignore[attr-defined]
    assert not told or "Nothing has changed since" in told[0]


@pytest.mark.parametrize("named", ["0" * 12, "zz", HOSTILE[:60], "%", "../../etc/passwd"])
def test_a_snapshot_that_is_not_there(open_app: Open, one_model_store: Path, named: str) -> None:
    app = open_app(one_model_store, MODELS, snapshot=named)
    assert not app.exception
    assert app.title[0].value.startswith("Where is this pinned view")
    assert not app.dataframe and not app.get("plotly_chart"), "the data of now would look as if they were pinned"
    text = "\n".join(one.value for one in app.markdown)
    assert "<img" not in text.replace("\\<img", "")
    app.button(key="see-it-now").click().run()
    assert "Which model" in app.title[0].value and app.dataframe


def test_sharing_gives_the_address_of_this_view(open_app: Open, one_model_store: Path) -> None:
    app = open_app(one_model_store, MODELS, small="3B", family=["a b", "c"])
    app.text_input(key="share-name").set_value("Q4 & more")
    app.button(key="share-make").click().run()
    assert not app.exception
    pinned_at, now_at = (parse_qs(one.value.split("?")[1]) for one in app.code[:2])
    store = opened(one_model_store)
    taken = snapshots.named(store, "Q4 & more")
    assert pinned_at == {"small": ["3B"], "family": ["a b", "c"], "snapshot": [taken.short]}
    assert now_at == {"small": ["3B"], "family": ["a b", "c"]}
    snapshots.set_name(store, taken.digest, "")
    store.close()
    again = open_app(one_model_store, MODELS, snapshot=taken.short)
    (only,) = [one.value for one in again.code if "snapshot=" in one.value]
    assert only.endswith(f"snapshot={taken.short}")
    assert not [one for one in again.button if one.key == "share-make"]


def test_the_panel_keeps_no_address_of_another_view(open_app: Open, one_model_store: Path) -> None:
    app = open_app(one_model_store, MODELS, small="3B")
    app.button(key="share-make").click().run()
    assert any("snapshot=" in one.value for one in app.code)
    app.query_params["small"] = "7B"
    app.run()
    assert not any("snapshot=" in one.value for one in app.code)


def test_links_of_a_pinned_view_are_pinned(open_app: Open, one_model_store: Path) -> None:
    store = opened(one_model_store)
    taken = snapshots.take(store)
    store.close()
    app = open_app(one_model_store, "", snapshot=taken.short)
    addresses = [one.proto.query_string for one in app.get("page_link")]
    assert addresses and all(parse_qs(one)["snapshot"] == [taken.short] for one in addresses)
    assert not any("snapshot" in one.proto.query_string for one in open_app(one_model_store).get("page_link"))


def test_what_a_list_of_changes_says(sqlite_store: Store) -> None:
    put(sqlite_store, 1, score=0.5)
    before = snapshots.take(sqlite_store)
    put_again = prepared_run(make_run("new-0", results=[make_result("mmlu", score=0.625, n_shot=5)]), "new-0")
    model = model_row("new-0", params_total=2 * 10**8, params_active=2 * 10**8, release_date="2026-01-01")
    file = prepared_file(put_again, content="new-0", name="new-0.json", tables={"models": [model]}, version=2)
    write_files(sqlite_store, raw_of("new-0", "new-0.json"), [file])
    changed = diff(sqlite_store, before.short)
    values = changes.rows_shown(changed, "values").iloc[0]
    assert (values["before"], values["after"]) == ("50.0%", "62.5%")
    assert values["run_before"].endswith(f"&snapshot={before.short}") and "snapshot" not in values["run_after"]
    facts = changes.rows_shown(changed, "facts")
    assert "100M" in facts["before"].tolist() and "200M" in facts["after"].tolist()
    assert pinned_view.in_words(changed).startswith("Since then: 1 new run, 1 run gone, 1 changed score")
    assert pinned_view.in_words(diff(sqlite_store, "now", "now")) == "Nothing has changed since."
    assert FrameCache(sqlite_store).frames().digest == changed.after


def as_reader(monkeypatch: pytest.MonkeyPatch, who: Reader) -> None:
    monkeypatch.setattr(reader, "reader", lambda store=None: who)


@pytest.fixture
def shared_store(tmp_path: Path) -> Path:
    """One public run, one of the workspace and a private one of Ada's."""
    store = opened(tmp_path)
    for name, holder in (("open", Holder("x")), ("ours", Holder("x", "workspace")), ("adas", Holder("ada", "private"))):
        run = prepared_run(make_run(f"org/{name}", results=[make_result("mmlu", n_shot=5)]), f"org/{name}")
        file = prepared_file(run, content=name, name=f"{name}.json")
        community = [{"id": f"org/{name}", "params_total": 10**9}]
        write_files(store, raw_of(name, f"{name}.json"), [file], community=community, holder=holder)
    store.close()
    return tmp_path


def names(app: AppTest) -> set[str]:
    return {one for rows in app.dataframe if "name" in rows.value for one in rows.value["name"]}


def test_who_may_open_a_pinned_view(open_app: Open, shared_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = Reader("ada", "Ada", "contributor"), Reader("bob", "Bob", "viewer")
    seen = {"me": {"org/open", "org/ours", "org/adas"}, "members": {"org/open", "org/ours"}, "everybody": {"org/open"}}
    address = {}
    as_reader(monkeypatch, ada)
    for audience, expected in seen.items():
        app = open_app(shared_store, MODELS, community="true")
        assert names(app) == seen["me"]
        app.radio(key="share-for").set_value(audience)
        app.button(key="share-make").click().run()
        assert not app.exception
        address[audience] = parse_qs(app.code[0].value.split("?")[1])["snapshot"][0]
        pinned_view_of_ada = open_app(shared_store, MODELS, community="true", snapshot=address[audience])
        assert names(pinned_view_of_ada) == expected
    for who, may in ((bob, {"members", "everybody"}), (STRANGER, {"everybody"})):
        as_reader(monkeypatch, who)
        for audience, snapshot in address.items():
            app = open_app(shared_store, MODELS, community="true", snapshot=snapshot)
            assert not app.exception
            if audience in may:
                assert names(app) == seen[audience]
            else:
                assert app.title[0].value.startswith("Where is this pinned view")
                assert "adas" not in str(app.main)


def test_strangers_copy_the_address_and_pin_nothing(
    open_app: Open, one_model_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_reader(monkeypatch, STRANGER)
    app = open_app(one_model_store, MODELS, small="3B")
    assert not [one for one in app.button if one.key == "share-make"]
    assert any(one.value.endswith("small=3B") for one in app.code)


@pytest.mark.parametrize(("page", "address"), [("pages/data.py", {"part": "names"}), ("pages/source.py", {}), ("pages/model.py", {"model": "alpha-7b"})])  # fmt: skip
def test_nothing_can_be_changed_in_a_pinned_view(
    open_app: Open, tmp_path: Path, page: str, address: dict[str, str]
) -> None:
    fill_one_model(tmp_path)
    store = opened(tmp_path)
    waiting = prepared_file(prepared_run(make_run("nobody-knows")), content="waits", name="waits.json")
    write_files(store, raw_of("waits", "waits.json"), [waiting])
    taken, source = snapshots.take(store), str(sources(store)["digest"].iloc[0])
    store.close()
    address = address or {"source": source}
    live = open_app(tmp_path, page, **address)
    assert changing(live)
    app = open_app(tmp_path, page, **address, snapshot=taken.short)
    assert not app.exception
    assert not changing(app)
    app.button(key="see-it-now").click().run()
    assert changing(app) == changing(live)


def changing(app: AppTest) -> set[str]:
    """Keys of the fields and buttons that change the store."""
    there = {str(one.key) for kind in ("button", "selectbox", "text_input", "number_input") for one in app.get(kind)}
    return {key for key in there if key.startswith(("waiting", "wanted", "map", "price-", "withdraw-", "restore-"))}
