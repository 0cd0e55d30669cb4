"""The trained models as entries of the catalogue: three tables in the very form of the shipped ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from lib.evals.mini_study.plan import LENGTH, Course
from lib.sources import catalogue_aliases, catalogue_facts, catalogue_models

TITLE = "Mini study: trained on this machine"
DEVELOPER, FAMILY = "this machine", "Mini study"


def tables(courses: Sequence[Course], n_parameters: Mapping[str, int], n_words: int, day: str) -> dict[str, bytes]:
    """Name of the file to its bytes: models, where their sizes and tokens are from, and the names of their states.

    Args:
        courses: What was trained.
        n_parameters: Of each model, by id, counted over its weights.
        n_words: Size of the vocabulary.
        day: Of the training, ISO.
    """
    models, facts, aliases = [], [], []
    for course in courses:
        n = n_parameters[course.id]
        models.append(_model(course, n, n_words, day))
        facts += [
            _fact(course, "params_total", n, "counted over the weights, the shared embedding once"),
            _fact(course, "training_tokens", course.tokens, "steps times tokens in a step; an end counts as a token"),
            _fact(course, "release_date", day, "day of the training"),
        ]
        aliases += [{"alias": course.folder(step), "id": course.id, "kind": "folder"} for step in course.kept]
    return {
        "mini-study-models.csv": _written(catalogue_models.TABLE.columns, models),
        "mini-study-facts.csv": _written(catalogue_facts.TABLE.columns, facts),
        "mini-study-aliases.csv": _written(catalogue_aliases.TABLE.columns, aliases),
    }


def _model(course: Course, n: int, n_words: int, day: str) -> dict[str, object]:
    shape = course.shape
    return {
        "id": course.id,
        "name": course.title,
        "family": FAMILY,
        "developer": DEVELOPER,
        "release_date": day,
        "kind": "base",
        "architecture": "dense",
        "params_total": n,
        "params_active": n,
        "training_tokens": course.tokens,
        "tokens_status": "published",
        "context_length": 2 * LENGTH,
        "licence": "none needed",
        "open_weights": "true",
        "n_layers": shape.layers,
        "d_model": shape.width,
        "n_heads": shape.heads,
        "n_kv_heads": shape.heads,
        "head_dim": shape.width // shape.heads,
        "vocab_size": n_words,
        "precision": "fp32",
    }


def _fact(course: Course, field: str, value: object, note: str) -> dict[str, object]:
    return {
        "model_id": course.id,
        "field": field,
        "value": value,
        "source_title": TITLE,
        "source_kind": "measured",
        "note": note,
    }


def _written(columns: Iterable[str], rows: Sequence[Mapping[str, object]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
