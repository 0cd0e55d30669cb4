"""From the command line to the pages: tiny models trained, queued, evaluated by real lm-eval, imported, and shown.

The cut of `make mini-study`: a queue, a worker and its child as processes of their own, the importer, and the pages' frames.
Only orders are asserted: digits of training differ between machines.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib import cli
from lib.analysis import checkpoint_scores
from lib.errors import Unavailable
from lib.evals import own_tasks, queue
from lib.evals.interpreter import versions
from lib.evals.jobs import Needs
from lib.evals.mini_study import study, training
from lib.evals.spec import JobSpec
from lib.settings import Settings, read_settings
from lib.store.check import check
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames
from lib.ui.views import plane, run_took
from tests.ui.conftest import Open
from tests.ui.test_performance_page import _view

MICRO, NANO = "p4p-mini-micro-brief", "p4p-mini-nano-brief"


def has_torch() -> bool:
    return all(versions(read_settings({}).eval_python).get(name) for name in training.NEEDED)


needs_torch = pytest.mark.skipif(not has_torch(), reason="PyTorch is not installed: make local-models")


class Ended:
    """What the command left."""

    def __init__(self, folder: Path, told: dict[str, Any]) -> None:
        self.settings: Settings = read_settings({"P4P_DATA_DIR": str(folder / "mini-study")})
        self.told = told
        self.scores = {
            (state["model"], state["training_tokens"]): [state["scores"][task]["score"] for task in told["tasks"]]
            for state in told["states"]
        }

    def frames(self) -> Frames:
        store = open_store(self.settings)
        frames = FrameCache(store).frames()
        assert len(frames.runs)
        store.close()
        return frames


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("study")
    patched = pytest.MonkeyPatch()
    patched.setenv("P4P_DATA_DIR", str(folder))
    patched.setattr(study, "how_many_workers", lambda: 1)
    out: list[Any] = []
    patched.setattr("lib.cli_mini_study.put_json", out.append)
    try:
        assert cli.main(["mini-study", "--small", "--json"]) == 0
    finally:
        patched.undo()
    assert [path.name for path in folder.iterdir()] == ["mini-study"], "it writes into no other store"
    return Ended(folder, json.loads(json.dumps(out[0])))


@needs_torch
def test_more_training_and_more_parameters_know_more(ended: Ended) -> None:
    facts = {state: scores[0] for state, scores in ended.scores.items()}
    states = sorted(tokens for model, tokens in facts if model == MICRO)
    assert states == [115_200, 230_400, 384_000] and (NANO, states[-1]) in facts
    assert facts[MICRO, states[-1]] > facts[MICRO, states[0]] + 0.05
    assert facts[MICRO, states[-1]] > facts[NANO, states[-1]] + 0.05


@needs_torch
def test_all_of_it_is_in_the_store_and_sound(ended: Ended) -> None:
    store = open_store(ended.settings)
    try:
        assert check(store) == []
        assert queue.counts(store) == {"queued": 0, "running": 0, "succeeded": 4, "failed": 0, "cancelled": 0}
        assert [one.name for one in own_tasks.tasks(store)][::-1] == ended.told["tasks"]
        for job in queue.jobs(store):
            assert [task.state for task in job.tasks] == ["succeeded"] * 3 and all(task.run for task in job.tasks)
    finally:
        store.close()
    frames = ended.frames()
    assert len(frames.runs) == 12 and frames.runs["model"].notna().all()
    for state in ended.told["states"]:
        for task, digest in state["runs"].items():
            run = frames.runs[(frames.runs["run"] == digest[:12]).to_numpy(bool)]
            assert run["training_tokens"].tolist() == [state["training_tokens"]]
            assert run["is_checkpoint"].tolist() == [not state["is_finished"]]
            assert frames.scores_of(run.index)["task"].unique().tolist() == [task]


@needs_torch
def test_what_it_took_was_measured(ended: Ended) -> None:
    took = ended.frames().measurements
    assert len(took) == 12 and (took["seconds"] > 0).all() and (took["device"] == "cpu").all()
    requests = took.groupby("task")["n_requests"].unique().to_dict()
    facts, agreement, copying = ended.told["tasks"]
    assert {name: n.tolist() for name, n in requests.items()} == {facts: [1200], agreement: [400], copying: [100]}
    assert (took["tokens_in"] > took["n_requests"]).all() and (
        took.loc[took["task"] == copying, "tokens_out"] > 0
    ).all()
    assert (took["peak_memory_bytes"] > 5e7).all() and took["cost_usd"].isna().all() and not took["is_resumed"].any()
    sizes = took[took["model"] == NANO]["model_bytes"].unique().tolist()
    assert sizes == [4 * ended.frames().models.at[NANO, "params_total"]]


@needs_torch
def test_three_pages_show_it(ended: Ended, open_app: Open) -> None:
    frames, facts = ended.frames(), ended.told["tasks"][0]
    points = plane.plane_view(frames, benchmark=facts, protocol="", by="total", years=None, laws=(), weights="all")
    assert set(points.rows["model"]) == {NANO, MICRO} and points.rows["score"].notna().all()
    scores = frames.scores_of(frames.runs.index[(frames.runs["model"] == MICRO).to_numpy(bool)])
    assert checkpoint_scores.benchmarks_of(scores)[facts] == 3
    view = _view(None, frames, basis="time", chosen_set=facts, target=0.3)  # type: ignore[arg-type]
    assert set(view.rows()["model"]) == {NANO, MICRO}
    run = frames.runs.index[0]
    assert run_took.took_view(frames, run_id=int(run)) is not None
    page = open_app(ended.settings.data_dir, "pages/run.py", run=str(frames.runs.at[run, "run"]))
    assert not page.exception and any("Told before the start" in one.value for one in page.markdown)
    app = open_app(ended.settings.data_dir, "pages/model.py", model=MICRO)
    assert not app.exception and "On its way through training" in [one.value for one in app.subheader]


@needs_torch
def test_again_trains_and_evaluates_nothing(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ended.frames()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained or worked again")

    monkeypatch.setenv("P4P_DATA_DIR", str(ended.settings.data_dir.parent))
    monkeypatch.setattr(training, "_run", never)
    monkeypatch.setattr(study, "_worker", never)
    lines: list[str] = []
    monkeypatch.setattr("lib.cli_mini_study.put", lines.append)
    assert cli.main(["mini-study", "--small", "--port", "8777"]) == 0
    after = ended.frames()
    assert (after.counts, after.digest) == (before.counts, before.digest)
    addresses = [line.strip() for line in lines if "http" in line]
    assert len(addresses) == 5 and all(line.startswith("http://localhost:8777/") for line in addresses)


def test_without_pytorch_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "versions", lambda _: {"lm_eval": "0.4.13", "torch": None})
    assert cli.main(["mini-study"]) == 1
    assert "needs torch, transformers, accelerate. `make local-models`" in capsys.readouterr().err


def test_a_job_that_fails_is_named(tmp_path: Path) -> None:
    store = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))
    spec = JobSpec(backend="hf", tasks=("arc_easy",), model_args={"pretrained": str(tmp_path)})
    job = queue.enqueue(store, spec, needs=Needs("hf", "cpu", 0.7)).job
    queue.cancel(store, job.id, "for the test")
    with pytest.raises(Unavailable, match="after step 250 cancelled: for the test"):
        study.found(store, {(NANO, 250): job}, ["arc_easy"])
    store.close()
