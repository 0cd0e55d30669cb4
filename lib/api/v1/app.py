"""The API as one application, made from its resources; ``serve.py`` mounts it at ``/api/v1``."""

from __future__ import annotations

import re
from functools import partial

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount

from lib.api.health import health_of
from lib.api.v1 import (
    benchmarks,
    comparisons,
    costs,
    me,
    models,
    prices,
    problems,
    report,
    results,
    runs,
    snapshots,
    store,
    tokens,
    uploads,
)
from lib.api.v1.asking import may_watch
from lib.api.v1.limits import BodyLimit, Buckets
from lib.api.v1.problems import ProblemShape
from lib.api.v1.readings import Readings
from lib.api.v1.report import Draw
from lib.api.watching import Counted, Counts, watching
from lib.settings import Settings

PATH = "/api/v1"
RESOURCES = (
    models,
    benchmarks,
    runs,
    results,
    comparisons,
    costs,
    prices,
    snapshots,
    store,
    report,
    uploads,
    me,
    tokens,
)
DESCRIPTION = (
    "How small a language model can one get away with, and what does it cost? Scores are fractions, unknown is null and "
    "never 0, and two scores may be compared only inside one protocol. Every answer holds only what the reader may see."
)


def make_app(settings: Settings, draw: Draw | None = None) -> FastAPI:
    """The API over the store of these settings. Opens the store when somebody asks first.

    Args:
        settings: Those in force.
        draw: Draws pages for reports; None where there are none.
    """
    app = FastAPI(
        title="Pound for Pound",
        version="1",
        description=DESCRIPTION,
        servers=[{"url": PATH}],
        root_path_in_servers=False,
        # The pages that FastAPI offers load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.readings = readings = Readings(settings)
    app.state.counts = Counts()
    app.state.draw = draw
    app.state.buckets = Buckets(settings.rate_per_minute)
    problems.add_to(app)
    app.add_middleware(BodyLimit, most={"/uploads": settings.max_upload_bytes + uploads.MORE_THAN_FILES})
    app.add_middleware(Counted, counts=app.state.counts)
    health = health_of(lambda: readings.store().revision(), is_shared=settings.is_shared)
    app.add_route("/health", health, include_in_schema=False)
    for one in RESOURCES:
        app.include_router(one.router)
    _describe(app)
    return app


def routes_of(api: FastAPI) -> list[BaseRoute]:
    """The API at its place, and beside it what those who run the server ask for."""
    readings: Readings = api.state.readings
    mount = Mount(PATH, app=api)
    # Starlette's own pattern ends at a line break, and what comes after is no longer ours.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return [
        mount,
        *watching(lambda: readings.store().revision(), api.state.counts, partial(may_watch, readings)),
    ]


def _describe(app: FastAPI) -> None:
    """The description with the shape of errors in it; made when it is asked for first."""
    made = app.openapi

    def described() -> dict[str, object]:
        document = made()
        template = "#/components/schemas/{model}"
        shape = ProblemShape.model_json_schema(ref_template=template)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(shape.pop("$defs", {}))
        schemas["ProblemShape"] = shape
        return document

    app.openapi = described  # type: ignore[method-assign]
