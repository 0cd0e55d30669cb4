"""A reader's aliases and facts: they win, they survive every import, and they can be undone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from lib.errors import RefusedInput
from lib.store import read, tables
from lib.store.db import Store
from lib.store.frames import FrameCache
from lib.store.raw import keep_raw
from lib.store.write import assign_models, remove_alias, remove_fact, set_alias, set_fact, write_files
from tests.factories import make_run, model_row, prepared_file, prepared_run, raw_of


@pytest.fixture
def filled(store: Store) -> Store:
    """Models alpha and beta; waiting runs spelled Alpha-7B in a.zip and in b.zip, and one called other."""
    for content in ("models", "runs"):
        keep_raw(store, content.encode())
    models = {"models": [model_row("alpha"), model_row("beta", hf_id="org/beta")]}
    write_files(store, raw_of("models"), [prepared_file(content="models", name="models.csv", tables=models)])
    runs = [
        prepared_run(make_run("Alpha-7B"), scope="a.zip"),
        prepared_run(make_run("Alpha-7B", tasks=3), scope="b.zip"),
        prepared_run(make_run("other", tasks=4), scope="a.zip"),
    ]
    write_files(store, raw_of("runs"), [prepared_file(*runs, content="runs")])
    return store


def models_of_runs(store: Store) -> dict[tuple[str, str], str | None]:
    r = tables.runs.c
    with store.reading() as connection:
        rows = connection.execute(select(r.spellings, r.scope, r.model_id)).all()
    return {(spellings[0], scope): model for spellings, scope, model in rows}


def facts_of(store: Store) -> list[tuple[Any, ...]]:
    f = tables.model_facts.c
    with store.reading() as connection:
        return [tuple(r) for r in connection.execute(select(f.model_id, f.field, f.value).where(f.origin == "reader"))]


def test_waiting_names_most_results_first(filled: Store) -> None:
    waiting = read.unresolved(filled)
    assert list(waiting["spelling"]) == ["other", "Alpha-7B", "Alpha-7B"]
    assert list(waiting["scope"]) == ["a.zip", "b.zip", "a.zip"]
    assert list(waiting["n_results"]) == [4, 3, 2]


def test_an_alias_resolves_what_waits_whatever_its_case(filled: Store) -> None:
    assert set_alias(filled, "alpha-7b", "", "alpha") == 2
    assert models_of_runs(filled) == {
        ("Alpha-7B", "a.zip"): "alpha",
        ("Alpha-7B", "b.zip"): "alpha",
        ("other", "a.zip"): None,
    }
    revision = filled.revision()
    assert set_alias(filled, "alpha-7b", "", "alpha") == 0
    assert filled.revision() == revision


def test_a_scoped_alias_holds_only_there(filled: Store) -> None:
    set_alias(filled, "Alpha-7B", "b.zip", "beta")
    assert models_of_runs(filled)["Alpha-7B", "a.zip"] is None
    assert models_of_runs(filled)["Alpha-7B", "b.zip"] == "beta"


def test_an_alias_can_be_changed_and_removed(filled: Store) -> None:
    digest = filled.digest()
    set_alias(filled, "other", "", "alpha")
    set_alias(filled, "other", "", "beta")
    assert models_of_runs(filled)["other", "a.zip"] == "beta"
    assert filled.digest() != digest
    assert remove_alias(filled, "other", "") == 1
    assert models_of_runs(filled)["other", "a.zip"] is None
    assert filled.digest() == digest


def test_removing_an_alias_falls_back_to_what_the_store_knows(filled: Store) -> None:
    keep_raw(filled, b"more")
    run = prepared_run(make_run("org/beta", tasks=5), model_id="beta")
    write_files(filled, raw_of("more"), [prepared_file(run, content="more", name="m")])
    set_alias(filled, "org/beta", "", "alpha")
    assert models_of_runs(filled)["org/beta", ""] == "alpha", "a reader's alias wins over what was resolved"
    remove_alias(filled, "org/beta", "")
    assert models_of_runs(filled)["org/beta", ""] == "beta"


def test_runs_that_come_later_meet_the_alias(filled: Store) -> None:
    set_alias(filled, "new", "", "alpha")
    keep_raw(filled, b"later")
    write_files(filled, raw_of("later"), [prepared_file(make_run("NEW"), content="later", name="l")])
    assert models_of_runs(filled)["NEW", ""] == "alpha"


def test_found_models_are_assigned_but_the_reader_wins(filled: Store) -> None:
    set_alias(filled, "other", "", "alpha")
    with filled.reading() as connection:
        ids = list(connection.execute(select(tables.runs.c.id)).scalars())
    assert assign_models(filled, dict.fromkeys(ids, "beta")) == 2
    assert models_of_runs(filled)["other", "a.zip"] == "alpha"
    with pytest.raises(RefusedInput, match="no such run"):
        assign_models(filled, {10**6: "beta"})


@pytest.mark.parametrize("alias", ["", "  ", "x" * 3000, "a\x00"])
def test_impossible_aliases_are_refused(filled: Store, alias: str) -> None:
    with pytest.raises(RefusedInput):
        set_alias(filled, alias, "", "alpha")


def test_an_alias_needs_a_model(filled: Store) -> None:
    with pytest.raises(RefusedInput, match="unknown model"):
        set_alias(filled, "other", "", "nobody")


def test_facts_and_aliases_survive_a_new_catalogue(filled: Store) -> None:
    set_fact(filled, "alpha", "params_total", "8e9", "the paper")
    set_alias(filled, "other", "", "alpha")
    tables_ = {
        "models": [model_row("alpha", params_total=9_000_000_000), model_row("beta")],
        "model_aliases": [{"alias": "other", "model_id": "beta"}],
        "model_facts": [{"model_id": "alpha", "field": "params_total", "value": "9000000000"}],
    }
    new = prepared_file(content="models", name="models.csv", tables=tables_, version=2)
    assert write_files(filled, raw_of("models"), [new])[0].state == "replaced"
    assert facts_of(filled) == [("alpha", "params_total", "8000000000")]
    assert FrameCache(filled).frames().models.loc["alpha", "params_total"] == 8e9
    assert list(read.aliases(filled)["origin"]) == ["reader", "shipped"]
    remove_fact(filled, "alpha", "params_total")
    assert FrameCache(filled).frames().models.loc["alpha", "params_total"] == 9e9, "the shipped value was not lost"


def test_a_model_with_a_readers_fact_stays(filled: Store) -> None:
    set_fact(filled, "beta", "licence", "MIT")
    new = prepared_file(content="models", name="models.csv", tables={"models": [model_row("alpha")]}, version=2)
    write_files(filled, raw_of("models"), [new])
    assert facts_of(filled) == [("beta", "licence", "MIT")]


@pytest.mark.parametrize(
    ("field", "value"),
    [("params_total", "many"), ("params_total", "0"), ("params_total", "-5"), ("params_total", "1e30"),
     ("params_total", "1.5"), ("origin", "reader"), ("open_weights", "perhaps"), ("licence", " "), ("nothing", "1")],
)  # fmt: skip
def test_impossible_facts_are_refused(filled: Store, field: str, value: str) -> None:
    revision = filled.revision()
    with pytest.raises(RefusedInput):
        set_fact(filled, "alpha", field, value)
    assert filled.revision() == revision


def test_the_same_fact_again_changes_nothing(filled: Store) -> None:
    set_fact(filled, "alpha", "params_total", "8e9", "why")
    revision = filled.revision()
    set_fact(filled, "alpha", "params_total", "8_000_000_000", "why")
    assert filled.revision() == revision
