"""People log in at a real provider of OpenID Connect, one brings results, and nobody sees what is not theirs to see."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from lib.settings import ROOT, read_settings
from lib.store import uploads
from lib.store.db import open_store
from lib.store.members import set_member
from tests.browser.conftest import STILL
from tests.browser.stores import free_port, serve, wait_for
from tests.conftest import Fill
from tests.ui.stores import fill_one_model

pytestmark = pytest.mark.browser

SLOWLY = 60_000
RESULTS = ROOT / "tests" / "golden" / "lighteval" / "leaderboard-v1" / "results_2023-11-05T12-00-01.123456.json"
NAME, SHOWN = re.compile("pythia", re.IGNORECASE), "[role=gridcell], .js-plotly-plot, h1, h2"
PEOPLE = {"alice": ["evals"], "bob": ["evals"], "vera": ["readers"], "boss": [], "nobody": []}


class Place(NamedTuple):
    """An installation with a login over a store of one model."""

    address: str
    folder: Path


@contextmanager
def provider(seconds: int) -> Iterator[str]:
    """Address of a provider that knows the people; its tokens hold for so long."""
    port = free_port()
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--token-max-age",
        str(seconds),
    ]
    for subject, groups in PEOPLE.items():
        command += ["--user-claims", json.dumps({"sub": subject, "name": subject.capitalize(), "groups": groups})]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def place(filled_copy: Callable[[Fill], Path]) -> Iterator[Place]:
    folder = filled_copy(fill_one_model)
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    set_member(store, "boss", "admin", by="local")
    store.close()
    port = free_port()
    with provider(3600) as issuer:
        login = {
            "P4P_URL": f"http://127.0.0.1:{port}",
            "P4P_OIDC_METADATA": f"{issuer}/.well-known/openid-configuration",
            "P4P_OIDC_CLIENT_ID": "p4p",
            "P4P_OIDC_CLIENT_SECRET": "a secret of the tests",
            "P4P_COOKIE_SECRET": "0123456789abcdef" * 2,
            "P4P_ROLES": "evals=contributor;readers=viewer",
        }
        with serve(folder, port, **login) as address:
            yield Place(address, folder)


@contextmanager
def somebody(place: Place, browser: Browser, subject: str) -> Iterator[Page]:
    """A tab of somebody who has logged in."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, **STILL)
    page = context.new_page()
    page.goto(place.address)
    page.get_by_test_id("stMain").get_by_role("button", name="Log in").click()
    page.locator("input[name=sub]").fill(subject)
    page.get_by_role("button", name=re.compile("authorize", re.IGNORECASE)).click()
    page.wait_for_url(f"{place.address}/**", timeout=SLOWLY)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOWLY)
    yield page
    context.close()


def visit(page: Page, place: Place, path: str) -> None:
    page.goto(place.address + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOWLY)


def assert_nothing_of_it(page: Page) -> None:
    """The page is drawn to its foot, and the model of the upload is nowhere on it."""
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("Snapshot", timeout=SLOWLY)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached(timeout=SLOWLY)
    assert main.locator(SHOWN, has_text=NAME).count() == 0 and not NAME.search(main.inner_text())


def test_strangers_stay_outside(place: Place, browser: Browser) -> None:
    page = browser.new_page()
    for path in ("/", "/models", "/upload", "/data"):
        page.goto(place.address + path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Who are you?", timeout=SLOWLY)
    page.close()
    for path in ("/api/v1/models", "/api/v1/store.zip"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(place.address + path, timeout=20)
        assert refused.value.code in (401, 403), path
    with somebody(place, browser, "nobody") as page:
        expect(page.get_by_test_id("stMain")).to_contain_text("no role here is yours yet")


def test_what_one_brings_stands_beside_the_others_in_two_clicks_and_is_nobody_elses(
    place: Place, browser: Browser
) -> None:
    with somebody(place, browser, "alice") as alice, somebody(place, browser, "bob") as bob:
        expect(alice.get_by_test_id("stSidebar")).to_contain_text("Alice: contributor")
        visit(bob, place, "/benchmark?benchmark=hellaswag")
        visit(alice, place, "/upload")
        alice.locator("input[type=file]").set_input_files(RESULTS)
        main = alice.get_by_test_id("stMain")
        expect(main).to_contain_text("would stand beside", timeout=SLOWLY)
        main.get_by_role("button", name="Put them beside the others").click()
        main.get_by_role("link", name=re.compile("Beside all other models on")).first.click(timeout=SLOWLY)
        expect(alice.get_by_role("heading", level=1)).not_to_have_text("What would my results add?", timeout=SLOWLY)
        expect(main.locator(SHOWN, has_text=NAME).first).to_be_attached(timeout=SLOWLY)
        seen = alice.url.removeprefix(place.address)
        for other in ("bob", "vera", "boss"):
            with somebody(place, browser, other) as page:
                visit(page, place, seen)
                assert_nothing_of_it(page)
        visit(bob, place, seen)
        assert_nothing_of_it(bob)
    store = open_store(read_settings({"P4P_DATA_DIR": str(place.folder)}))
    (upload,) = uploads.uploads_of(store, "alice").to_dict("records")
    store.close()
    assert (upload["state"], upload["visibility"]) == ("taken", "private")


def test_a_viewer_reads_and_brings_nothing(place: Place, browser: Browser) -> None:
    with somebody(place, browser, "vera") as page:
        visit(page, place, "/upload")
        expect(page.get_by_test_id("stMain")).to_contain_text("Your role here is to read")
        assert page.locator("input[type=file]").count() == 0
        page.get_by_test_id("stSidebar").get_by_role("button", name="Log out").click()
        # The provider is asked to end its own login, too, and has a page for that.
        expect(page.get_by_role("heading", level=1)).to_have_text("End Session", timeout=SLOWLY)
        page.goto(place.address)
        expect(page.get_by_role("heading", level=1)).to_have_text("Who are you?", timeout=SLOWLY)
