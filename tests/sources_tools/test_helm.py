"""Runs of HELM: what is beside the statistics decides what can be said."""

import json

import pytest

from lib.errors import RefusedInput
from lib.settings import read_settings
from lib.sources.helm_run import SOURCE, task_of
from lib.sources.ingest import ingest
from lib.store.db import open_store
from tests.sources_tools.cases import GOLDEN, candidate_of

FOLDER = GOLDEN / "helm-run" / "mmlu"


def parse(**changed):
    """The golden run with some of its files changed or, for None, taken away."""
    candidate = candidate_of(FOLDER)
    neighbours = {
        k: v for k, v in dict(candidate.neighbours).items() if changed.get(k.partition(".")[0], v) is not None
    }
    for name, content in changed.items():
        if content is not None:
            neighbours[f"{name}.json"] = content if isinstance(content, bytes) else json.dumps(content).encode()
    candidate.neighbours = neighbours
    return SOURCE.parse(candidate).runs[0]


def test_without_its_specification_a_run_has_no_name():
    with pytest.raises(RefusedInput, match=r"run_spec\.json"):
        parse(run_spec=None)
    with pytest.raises(RefusedInput, match=r"run_spec\.json"):
        parse(run_spec=b"not json")


def test_questions_that_do_not_bear_the_score_out_are_not_counted():
    rows = json.loads((FOLDER / "beside" / "per_instance_stats.json").read_text())
    rows[1]["stats"][0]["mean"] = 1.0  # the mean would be 1, the score says 0.75
    rows[1]["stats"][1]["mean"] = 1.0
    by_metric = {result.metric: result for result in parse(per_instance_stats=rows).results}
    assert by_metric["exact_match"].n_correct == 3  # by score and number of questions alone
    assert by_metric["f1_score"].stderr is None


def test_trials_are_not_more_questions():
    spec = json.loads((FOLDER / "beside" / "run_spec.json").read_text())
    spec["adapter_spec"]["num_train_trials"] = 3
    run = parse(run_spec=spec, per_instance_stats=None)
    assert all(result.n_correct is None and result.stderr is None for result in run.results)
    assert run.seeds == "3 train trials"


@pytest.mark.parametrize("lost", ["scenario_state", "per_instance_stats"])
def test_without_its_questions_a_run_has_scores_and_no_log(lost):
    run = parse(**{lost: None})
    assert len(run.results) == 3
    assert run.samples == []


def test_two_wordings_are_two_prompts():
    spec = json.loads((FOLDER / "beside" / "run_spec.json").read_text())
    spec["adapter_spec"]["instructions"] = "Answer."
    assert parse().results[0].prompt != parse(run_spec=spec).results[0].prompt
    assert task_of({"name": "math:x", "scenario_spec": {"args": {"b": 1, "a": "x"}}}) == ("math:a=x,b=1", None)


def test_a_folder_of_a_run_goes_in_whole_and_refuses_nothing(tmp_path):
    folder = tmp_path / "runs" / "mmlu:subject=anatomy"
    folder.mkdir(parents=True)
    (folder / "stats.json").write_bytes((FOLDER / "stats.json").read_bytes())
    for path in (FOLDER / "beside").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    settings = read_settings({"P4P_DATA_DIR": str(tmp_path / "local"), "P4P_FILL": "0"})
    store = open_store(settings)
    try:
        summary = ingest(store, [tmp_path / "runs"], settings=settings)
    finally:
        store.close()
    assert (summary.imported, summary.results, summary.samples) == (1, 3, 4)
    assert summary.refused == []
