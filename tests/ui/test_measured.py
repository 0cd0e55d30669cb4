"""What own runs took, on their page and as a cost beside their scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.schema.records import Measured
from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache
from lib.store.write import write_files
from lib.ui.views import run_took
from lib.ui.views.performance_traces import COST
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of
from tests.ui.conftest import Open

PERFORMANCE, RUN = "pages/performance_per_dollar.py", "pages/run.py"


def fill(store: Store) -> None:
    """Three models measured at mmlu: one with all amounts, one resumed with a hostile device, one with nothing."""
    took = [
        {"mmlu": Measured(400, 5_000, 300, 13.0, 4.0, 512 * 10**6, None, None, 0.02, 26_000, None, "cpu")},
        {"mmlu": Measured(seconds=90.0, device="<b>**x**", is_resumed=True)},
        {},
    ]
    models, runs = [], []
    for i, measured in enumerate(took):
        name = f"own-{i}"
        models.append(model_row(name, kind="base", params_total=10 ** (6 + i), params_active=10 ** (6 + i)))
        result = make_result("mmlu", score=0.4 + i / 10, n_correct=40 + 10 * i, n_shot=5)
        runs.append(prepared_run(make_run(name, results=[result], measured=measured), name))
    write_files(store, raw_of(), [prepared_file(*runs, tables={"models": models})])


@pytest.fixture(scope="module")
def measured_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    fill(store)
    store.close()
    return folder


def run_of(folder: Path, model: str) -> str:
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    runs = FrameCache(store).frames().runs
    store.close()
    return str(runs.loc[runs["model"] == model, "run"].iloc[0])


def test_the_page_of_a_run_says_what_it_took(open_app: Open, measured_store: Path) -> None:
    app = open_app(measured_store, RUN, run=run_of(measured_store, "own-0"))
    assert not app.exception and "What did it take?" in [one.value for one in app.subheader]
    table = next(one.value for one in app.dataframe if run_took.VALUE in one.value)
    assert dict(zip(table["what"], table[run_took.VALUE], strict=True)) == {
        "Requests": "400",
        "Time of answering": "13 s",
        "Requests per second": "31 per s",
        "Tokens read": "5,000",
        "Tokens written": "300",
        "Dollars": "$0.020",
        "Time of loading": "4 s",
        "Most memory of the process": "0.51 GB",
        "Weights": "26 kB",
    }
    said = next(one.value for one in app.markdown if "of answering" in one.value).replace("\\", "")
    assert said.startswith("**13 s** of answering, **$0.020**, 5.3K tokens read and written, on cpu")


def test_a_broken_run_and_hostile_words(open_app: Open, measured_store: Path) -> None:
    app = open_app(measured_store, RUN, run=run_of(measured_store, "own-1"))
    assert not app.exception
    said = " ".join(one.value for one in app.markdown)
    assert "1 task went on from kept answers" in said and "<b>**x**" not in said
    bare = open_app(measured_store, RUN, run=run_of(measured_store, "own-2"))
    assert not bare.exception and "What did it take?" not in [one.value for one in bare.subheader]


def test_measured_time_and_dollars_stand_beside_the_score(open_app: Open, measured_store: Path) -> None:
    app = open_app(measured_store, PERFORMANCE, cost="time", target="0.3")
    assert not app.exception and "the fastest" in app.header[0].value, app.header[0].value
    table = app.dataframe[0].value
    assert table[COST].tolist() == ["0.13 s", "0.9 s"]
    assert "400 requests, 5,000 tokens in, 300 out, 13 s on cpu" in table["told"].iloc[0]
    assert any(
        "not measured: no run of your own has this score (1)" in one.value.replace("\\", "") for one in app.markdown
    )
    paid = open_app(measured_store, PERFORMANCE, cost="correct", target="0.3")
    assert not paid.exception and paid.dataframe[0].value[COST].tolist() == ["$0.00050 (measured)"]
    assert not any("nobody has published" in one.value for one in paid.markdown)


def test_time_is_offered_only_where_it_was_measured(
    open_app: Open, measured_store: Path, one_model_store: Path
) -> None:
    one = open_app(one_model_store, PERFORMANCE, cost="time")
    assert not one.exception and one.selectbox(key="cost").value != "time"
    assert open_app(measured_store, PERFORMANCE, cost="time").selectbox(key="cost").value == "time"


def test_a_measured_cost_leads_to_its_run(measured_store: Path) -> None:
    from tests.ui.test_performance_page import _view

    store = open_store(read_settings({"P4P_DATA_DIR": str(measured_store)}))
    frames = FrameCache(store).frames()
    view = _view(store, frames, basis="time", chosen_set="mmlu", target=0.3)
    trace = view.traces.at(0, COST)
    assert trace is not None and trace.runs == (run_of(measured_store, "own-0"),) and not trace.source
    run_id = int(frames.runs.index[frames.runs["model"] == "own-0"][0])
    took = run_took.took_view(frames, run_id=run_id)
    assert took is not None and took.traces.at(0, run_took.VALUE).runs == trace.runs  # type: ignore[union-attr]
    store.close()


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [(1_800, "1.8 kB"), (80_000, "80 kB"), (1.1e8, "0.11 GB"), (5e6, "5 MB"), (None, None), (1.4e9, "1.4 GB")],
)
def test_sizes_in_words(n_bytes: float | None, words: str | None) -> None:
    assert run_took.memory(n_bytes) == words
