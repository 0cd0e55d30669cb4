"""Evaluations from the page: real lm-eval through the real queue and the worker beside the app, without network.

A model of a folder is asked, its points found on three pages; a server is asked, with tokens and dollars; a job is called
off; and each way in which a server can fail ends in words that say what to do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from lib.evals import own_tasks, queue
from lib.evals.question_files import Reading, read_questions
from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.mapping import set_alias
from tests.browser.stores import serve
from tests.evals.stub_server import StubServer
from tests.evals.tiny_model import make_tiny_model
from tests.ui.stores import fill_one_model

pytestmark = pytest.mark.browser

SLOWLY = 60_000
CHOICES = "question,A,B,answer\n" + "".join(f"Is {n} even?,yes,no,{'AB'[n % 2]}\n" for n in range(150))
WRITTEN = "question,answer\n" + "".join(f"What is {n} plus one?,{n + 1}\n" for n in range(40))
FAILURES = {
    "key": ("401", False),
    "429": ("429", True),
    "broken": ("not JSON", False),
    "refused": ("refused", True),
}
"""How the server behaves: words of the message, and whether it is worth trying again."""


class Place(NamedTuple):
    """A server over a store with one model and two own tasks, and endpoints that answer at once and slowly."""

    store: Store
    address: str
    choices: str
    written: str
    model: Path
    quick: StubServer
    slow: StubServer


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("evaluate")
    fill_one_model(folder)
    model = make_tiny_model(folder / "tiny")
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    choices, written = (
        own_tasks.add(store, read_questions(text.encode(), Reading(title)).task).name
        for title, text in (("Even numbers", CHOICES), ("Sums", WRITTEN))
    )
    # The reader has said before which model the folder is.
    set_alias(store, model.name, "", "alpha-7b")
    with StubServer() as quick, StubServer(delay_s=0.4) as slow:
        keys = {"HF_HUB_OFFLINE": "1", "P4P_WORKER": "1", "STUB_KEY": "not-the-right-key", "P4P_KEY_HOSTS": f"STUB_KEY=127.0.0.1:{quick.port}"}  # fmt: skip
        with serve(folder, **keys) as address:
            yield Place(store, address, choices, written, model, quick, slow)
    store.close()


@pytest.fixture
def page(place: Place, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context.new_page()
    context.close()


ENDINGS = {
    ForwardMsg.FINISHED_SUCCESSFULLY: "page",
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY: "part",
    ForwardMsg.FINISHED_EARLY_FOR_RERUN: "asks for the page",
}
"""What Streamlit says at the end of a run: of the whole page, of a part of it, of a part that wants the page anew."""


def _runs(page: Page) -> Counter[str]:
    """Counts what the server has finished for this tab: whole pages, and parts that refresh by themselves (``ENDINGS``)."""
    counted: Counter[str] = Counter()

    def count(frame: str | bytes) -> None:
        told = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else None
        if told is not None and told.WhichOneof("type") == "script_finished":
            counted[ENDINGS.get(told.script_finished, "broken off")] += 1

    page.on("websocket", lambda socket: socket.on("framereceived", count))
    return counted


def _pages_of_the_visit(page: Page, runs: Counter[str]) -> Counter[str]:
    """Whole pages that were counted until the runs of the visit itself are over: no further one for a second."""
    while True:
        n_pages = runs["page"]
        page.wait_for_timeout(1_000)
        if runs["page"] == n_pages:
            return Counter(page=n_pages)


def _said(page: Page) -> object:
    return page.get_by_test_id("stMain").get_by_role("heading", level=2)


def _start(page: Page) -> None:
    """Presses Start, and waits until the queue is shown."""
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What is being evaluated", timeout=SLOWLY)


def _endpoint(place: Place, url: str, task: str, **more: str) -> str:
    """Address of the form, filled in for a server."""
    asked = {"backend": "local-completions", "with-base_url": url, "with-model": "stub", "task": task, **more}
    return f"{place.address}/evaluate?" + "&".join(f"{key}={quote(value)}" for key, value in asked.items())


def test_a_model_is_asked_and_its_points_found_on_three_pages(place: Place, page: Page) -> None:
    runs = _runs(page)
    page.goto(f"{place.address}/evaluate?task={place.choices}")
    field = page.get_by_label("Model", exact=True)
    field.fill(str(place.model))
    field.press("Enter")
    expect(_said(page)).to_contain_text("1 task, 150 questions: less than a minute", timeout=SLOWLY)
    _start(page)
    expect(_said(page)).to_contain_text("1 job runs", timeout=SLOWLY)
    before = Counter(part=runs["part"])
    page.get_by_test_id("stMain").get_by_test_id("stPageLink-NavLink").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("How far is the evaluation of tiny?", timeout=SLOWLY)
    before += _pages_of_the_visit(page, runs)
    expect(page.get_by_test_id("stProgress")).to_contain_text("even numbers (own): ", timeout=SLOWLY)
    # The page changes by itself when the job is done: its live part again and again, the whole page once.
    expect(page.get_by_role("heading", level=1)).to_contain_text("What came of", timeout=SLOWLY)
    expect(_said(page)).to_contain_text(re.compile(r"The task is done in \d+ s, with [\d,]+ tokens in"))
    seen = runs - before
    assert seen["part"] >= 3 and seen["page"] == 1, seen
    (job,) = queue.jobs(place.store)
    run = str(job.tasks[0].run)[:12]
    assert job.state == "succeeded" and job.tasks[0].n_done == job.tasks[0].n_requests == 300
    still = Counter(runs)
    page.wait_for_timeout(2_500)
    assert runs == still, "nothing is asked any more once it is done"
    main = page.get_by_test_id("stMain")
    against = main.get_by_role("link", name=re.compile("Hold Alpha-7B against any other"))
    expect(against).to_have_attribute("href", re.compile("head-to-head.*a=alpha-7b"))
    for link, seen in (
        ("Beside all other models on Even numbers", "Alpha-7B"),
        ("Everything about Alpha-7B", "Even numbers"),
    ):
        main.get_by_role("link", name=re.compile(link)).click()
        expect(page.get_by_role("heading", level=1)).not_to_contain_text("What came of", timeout=SLOWLY)
        expect(main.locator("[role=gridcell], .js-plotly-plot, h1, h2", has_text=seen).first).to_be_attached(timeout=SLOWLY)  # fmt: skip
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_contain_text("What came of", timeout=SLOWLY)
    page.goto(f"{place.address}/run?run={run}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("What is in this", timeout=SLOWLY)
    expect(page.locator(".js-plotly-plot .point").first).to_be_visible(timeout=SLOWLY)


def test_a_server_is_asked_with_tokens_and_dollars_and_another_job_called_off(place: Place, page: Page) -> None:
    page.goto(_endpoint(place, place.slow.url("ok"), place.written, limit="39"))
    expect(_said(page)).to_contain_text("1 task, 39 questions", timeout=SLOWLY)
    _start(page)
    page.goto(_endpoint(place, place.quick.url("ok").replace("127.0.0.1", "localhost"), place.written, payin="$1", payout="$2"))  # fmt: skip
    expect(_said(page)).to_contain_text(re.compile(r"40 questions: .*\$0\.\d+"), timeout=SLOWLY)
    _start(page)
    expect(_said(page)).to_contain_text("1 job runs, 1 waits", timeout=SLOWLY)
    running = page.locator("[class*=st-key-job-]").first
    expect(running.get_by_test_id("stProgress")).to_contain_text(re.compile(r"[1-9]\d* of 39 requests"), timeout=SLOWLY)
    running.get_by_role("button", name="Cancel").click()
    expect(page.get_by_test_id("stMain")).to_contain_text("is being cancelled", timeout=SLOWLY)
    expect(_said(page)).to_contain_text("Nothing runs and nothing waits", timeout=SLOWLY)
    done, called_off = queue.jobs(place.store)[:2]
    assert (called_off.state, called_off.tasks[0].n_done < 39) == ("cancelled", True)
    told = page.get_by_test_id("stMain").get_by_text(re.compile(r"done · .* tokens in · .* tokens out · \$0\.\d+"))
    expect(told.first).to_be_visible()
    (task,) = done.tasks
    assert done.state == "succeeded" and task.tokens_in and task.tokens_out
    assert task.cost_usd == pytest.approx((task.tokens_in + 2 * task.tokens_out) / 1e6)


def test_each_failure_of_a_server_ends_in_words(place: Place, page: Page) -> None:
    asked = {mode: place.quick.url(mode) for mode in FAILURES if mode != "refused"} | {"refused": "http://localhost:9/v1/completions"}  # fmt: skip
    for url in asked.values():
        # Once, for the test's sake: nothing here gets better within the half minute that is usual.
        page.goto(_endpoint(place, url, place.written, limit="2", more="max_retries=1"))
        expect(_said(page)).to_contain_text("1 task, 2 questions", timeout=SLOWLY)
        _start(page)
    expect(_said(page)).to_contain_text("The last job was failed", timeout=2 * SLOWLY)
    jobs = {str(job.spec.model_args["base_url"]): job for job in queue.jobs(place.store) if job.state == "failed"}
    for mode, (words, is_retryable) in FAILURES.items():
        job = jobs[asked[mode]]
        page.goto(f"{place.address}/job?job={job.id}&log=true")
        expect(_said(page)).to_contain_text("It failed: ", timeout=SLOWLY)
        expect(_said(page)).to_contain_text(words)
        expect(_said(page)).to_contain_text("This may pass" if is_retryable else "would end the same way")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        assert "not-the-right-key" not in page.content()
