"""The process: the pages, the HTTP API beside them, the filling of the store and a worker. ``streamlit run serve.py``."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence

import anyio
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.secrets import SecretsValue

from lib.access import Reader
from lib.api import preview
from lib.api.compression import Compression
from lib.api.guard import REFUSAL, LoopbackOnly, is_loopback
from lib.api.head import Head
from lib.api.sockets import send_without_delay
from lib.api.v1.app import make_app, routes_of
from lib.evals.beside import WorkerBeside
from lib.settings import ROOT, Login, read_settings
from lib.ui import frame, headless, links, previews

SECONDS_TO_END = 10
settings = read_settings()

# Streamlit takes a folder named "pages" for its older kind of app until app.py has run once: a first visit by a deep link
# would get the page without app.py, and so without menu and size choice.
PagesManager.uses_pages_directory = False

if not settings.is_shared and not is_loopback(st.get_option("server.address")):
    sys.exit(REFUSAL)


def robots(request: Request) -> PlainTextResponse:
    """Pages may be indexed, their many states and the API not."""
    return PlainTextResponse("User-agent: *\nDisallow: /api/\nDisallow: /*?\n")


def to_first_page(request: Request) -> RedirectResponse:
    """The first page lives at ``/``; under its own name Streamlit would say that there is no such page."""
    return RedirectResponse("/" + (f"?{request.url.query}" if request.url.query else ""))


@contextlib.asynccontextmanager
async def process(app: st.App) -> AsyncIterator[None]:
    """While the server runs, a child process fills the store from the shipped data, and another one serves the queue of
    evaluations as soon as one is asked for; both end with the server."""
    send_without_delay()
    worker = None if settings.worker == "0" else WorkerBeside(settings)
    if worker is not None:
        worker.start()
    filling = subprocess.Popen([sys.executable, "-m", "lib", "fill"], cwd=ROOT) if settings.fill else None
    try:
        yield
    finally:
        if worker is not None:
            await anyio.to_thread.run_sync(worker.end)
        if filling is not None:
            await anyio.to_thread.run_sync(_end, filling)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends the child; a file that it had not finished is not in the store and comes in at the next start."""
    child.terminate()
    try:
        child.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _secrets(login: Login | None, url: str) -> dict[str, SecretsValue] | None:
    """What Streamlit's login wants to know; nothing of it is in a file."""
    if login is None:
        return None
    return {
        "auth": {
            "redirect_uri": f"{url}/oauth2callback",
            "cookie_secret": login.cookie_secret,
            "client_id": login.client_id,
            "client_secret": login.client_secret,
            "server_metadata_url": login.metadata_url,
        }
    }


def draw(addresses: Sequence[str], somebody: Reader, *, title: str, note: str, is_static: bool) -> bytes:
    """Views as one file, for the API, which does not know the pages."""
    # Only here: it loads the machinery that runs pages without a browser.
    from lib.ui import reports

    return reports.report(addresses, somebody, title=title, note=note, is_static=is_static).content


def _words(address: str) -> tuple[str, str]:
    return previews.words(headless.parsed(address))


api = make_app(settings, draw)
app = st.App(
    "app.py",
    routes=[
        Route(preview.PICTURE, preview.picture_of(lambda address: previews.picture(headless.parsed(address)))),
        *routes_of(api),
        Route("/robots.txt", robots),
        Route(f"/{links.PAGES[0].address}", to_first_page),
    ],
    middleware=[
        Middleware(LoopbackOnly, allow_public=settings.is_shared),
        Middleware(Compression),
        Middleware(
            Head,
            markup=frame.HEAD,
            about=lambda scope: preview.markup_of(scope, _words, public_address=settings.url),
            paths={"/", *(f"/{one.address}" for one in links.PAGES)},
        ),
    ],
    lifespan=process,
    secrets=_secrets(settings.login, settings.url),
)
