"""`export`: one model's facts with sources and its results with protocol, as published and as recomputed."""

from __future__ import annotations

import argparse
from typing import Any

from lib.cli_output import put, put_json, put_table
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.resolver import Resolver
from lib.store import read
from lib.store.db import Store
from lib.store.extract import extract_model, names_of_models


def export(options: argparse.Namespace, settings: Settings) -> int:
    """`export --model ID [--json]`."""
    store = operators_store(settings)
    try:
        model_id = _model_id(store, options.model)
        extract = extract_model(store, model_id)
        digest = store.digest()
    finally:
        store.close()
    if extract is None:
        raise _unknown(options.model)
    if options.json:
        put_json({**extract, "store": {"digest": digest}})
    else:
        _put_text(extract)
    return 0


def _model_id(store: Store, name: str) -> str:
    found = Resolver(read.aliases(store), names_of_models(store)).resolve((name,))
    if found.model_id is None:
        raise _unknown(name)
    return found.model_id


def _unknown(name: str) -> RefusedInput:
    return RefusedInput(
        "no such model in the store", place="--model", expected="a name that `models` lists", found=name
    )


def _put_text(extract: dict[str, Any]) -> None:
    model = extract["model"]
    put(f"{model['name']} ({model['id']})")
    facts = [
        (fact["field"], fact["value"], fact["source_title"] or "", "from memory" if fact["is_from_memory"] else "")
        for fact in extract["facts"]
    ]
    put_table(("fact", "value", "source", ""), facts)
    put()
    rows = [
        (
            result["task"],
            f"{result['metric']},{result['filter']}",
            _number(result["score"]),
            _number(result["score_published"]),
            _number(result["stderr"]),
            str(result["n_samples"] or ""),
            run["evaluator"],
            run["digest"][:12],
        )
        for run in extract["runs"]
        for result in run["results"]
    ]
    put_table(("task", "metric", "score", "published", "stderr", "n", "evaluator", "run"), rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
