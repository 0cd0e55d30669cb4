"""The shipped catalogue: every value has its source, every reference resolves, statements of its README hold."""

from collections import Counter

import pytest

from lib.errors import RefusedInput
from lib.schema.flags import FLAGS
from lib.schema.records import STDERR_RULES
from lib.sources import catalogue_aliases, catalogue_models
from lib.sources.contract import Candidate
from lib.store import tables

NUMBERS = (
    "params_total",
    "params_active",
    "params_weights",
    "training_tokens",
    "context_length",
    "n_layers",
    "d_model",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "vocab_size",
)


def test_every_number_has_a_fact_with_the_same_value(shipped, models):
    facts = shipped("catalogue/facts.csv").tables["model_facts"]
    stated = {(f["model_id"], f["field"], f["value"]) for f in facts}
    checked = 0
    for model in models:
        for field in NUMBERS:
            if model[field] is not None:
                assert (model["id"], field, str(model[field])) in stated
                checked += 1
        if model["release_date"] is not None:
            assert (model["id"], "release_date", model["release_date"]) in stated
    assert checked > 3000


@pytest.mark.parametrize("path", ["catalogue/facts.csv", "catalogue/rumours.csv", "catalogue/aliases.csv"])
def test_every_reference_to_a_model_resolves(shipped, models, path):
    known = {model["id"] for model in models}
    (rows,) = shipped(path).tables.values()
    assert {row["model_id"] for row in rows} <= known


def test_published_scores_are_of_catalogue_models(shipped, models):
    known = {model["id"] for model in models}
    runs = shipped("catalogue/published_scores.csv").runs
    assert {run.spellings[0] for run in runs} <= known


def test_facts_from_memory_are_marked(shipped):
    facts = shipped("catalogue/facts.csv").tables["model_facts"]
    assert sum(fact["is_from_memory"] for fact in facts) == 648
    runs = shipped("catalogue/published_scores.csv").runs
    assert sum("from-memory" in result.flags for run in runs for result in run.results) == 167


def test_rows_fit_the_tables_of_the_store(shipped):
    for path, name in (
        ("catalogue/models.csv", "models"),
        ("catalogue/facts.csv", "model_facts"),
        ("catalogue/aliases.csv", "model_aliases"),
        ("catalogue/rumours.csv", "rumours"),
        ("scaling/benchmark_baselines.csv", "tasks"),
        ("scaling/task_patterns.csv", "task_patterns"),
        ("cost/api_prices.csv", "prices"),
        ("cost/hardware.csv", "hardware"),
    ):
        columns = set(tables.metadata.tables[name].columns.keys())
        needed = {c.name for c in tables.metadata.tables[name].columns if not c.nullable and c.server_default is None}
        for row in shipped(path).tables[name]:
            assert set(row) <= columns
            assert all(row[column] is not None for column in needed & set(row))
        assert needed - {"id", "store_revision"} <= set(shipped(path).tables[name][0])


def test_no_catalogue_size_is_disputed(models):
    # pythia-160m has 33 percent more numbers in its files than parameters: stored buffers, as the README says.
    assert Counter(model["size_status"] for model in models)["disputed"] == 0
    assert all((model["size_status"] == "unknown") == (model["params_total"] is None) for model in models)


@pytest.mark.parametrize(
    ("model", "total", "weights", "status"),
    [
        ("x", None, None, "unknown"),
        ("x", 8_000_000_000, None, "stated"),
        ("x", 8_000_000_000, 9_900_000_000, "stated"),
        ("x", 8_000_000_000, 4_000_000_000, "disputed"),
        ("x", 8_000_000_000, 16_000_000_000, "disputed"),
        ("pythia-160m", 160_000_000, 213_000_000, "stated"),
        ("pythia-160m", 160_000_000, 80_000_000, "disputed"),
    ],
)
def test_size_status(model, total, weights, status):
    assert catalogue_models.size_status({"id": model, "params_total": total, "params_weights": weights}) == status


def test_a_dangling_reference_and_a_repeated_id_are_refused():
    header = ",".join(catalogue_models.TABLE.columns)
    row = "a,A" + "," * 14 + "{}" + "," * 10
    dangling = f"{header}\n{row.format('nobody')}\n".encode()
    twice = f"{header}\n{row.format('')}\n{row.format('')}\n".encode()
    with pytest.raises(RefusedInput, match="unknown model"):
        catalogue_models.parse(Candidate("m.csv", dangling))
    with pytest.raises(RefusedInput, match="occurs twice"):
        catalogue_models.parse(Candidate("m.csv", twice))


def test_an_alias_of_two_models_is_refused_and_kinds_are_joined():
    two = b"alias,id,kind,scope\nx,a,common name,\nx,b,common name,\n"
    with pytest.raises(RefusedInput, match="two models"):
        catalogue_aliases.parse(Candidate("a.csv", two))
    joined = b"alias,id,kind,scope\nx,a,Hugging Face id,\nx,a,HELM entry,\nx,b,lm-eval path,some.zip\n"
    rows = catalogue_aliases.parse(Candidate("a.csv", joined)).tables["model_aliases"]
    assert [(r["model_id"], r["scope"], r["kind"]) for r in rows] == [
        ("a", "", "Hugging Face id; HELM entry"),
        ("b", "some.zip", "lm-eval path"),
    ]


def test_leaderboard_v1_scores_form_one_document(shipped):
    harness = "Open LLM Leaderboard v1 protocol (lm-evaluation-harness b281b09), compiled by ObsScaling"
    per_document = Counter()
    for run in shipped("catalogue/published_scores.csv").runs:
        if run.evaluator_version == harness:
            per_document[run.document] += sum(r.task == "MMLU" and r.n_shot == 5 for r in run.results)
    assert per_document.most_common(1)[0][1] >= 130
    assert sum(per_document.values()) == 136


@pytest.mark.parametrize(
    "path",
    [
        "catalogue/published_scores.csv",
        "leaderboards/open_llm_leaderboard_v2.csv",
        "leaderboards/helm_and_global_mmlu.csv",
    ],
)
def test_results_hold_to_the_records(shipped, path):
    for run in shipped(path).runs:
        identities = [(r.task, r.prompt, r.filter, r.metric) for r in run.results]
        assert len(set(identities)) == len(identities)
        for r in run.results:
            assert set(r.flags) <= set(FLAGS)
            assert r.stderr_rule in STDERR_RULES
            assert (r.stderr is None) == (r.stderr_rule == "none")
            assert r.n_correct is None or (r.n_samples is not None and r.score == r.n_correct / r.n_samples)
            if path.startswith("leaderboards"):
                # What we use may be the exact fraction; it must print like the board's number.
                assert round(r.score, 4) == pytest.approx(r.score_published, abs=5.1e-4)


def test_board_counts(shipped):
    board = shipped("leaderboards/open_llm_leaderboard_v2.csv").runs
    assert len(board) == 4574
    assert len({run.spellings for run in board}) == 4496
    assert sum(run.params_reported is None for run in board) == 10
    assert sorted(run.spellings[0] for run in board if run.limit) == [
        "databricks/dbrx-base",
        "internlm/internlm2-7b",
        "mistral-community/Mixtral-8x22B-v0.1",
    ]
    undetermined = [run for run in board if any("n-disagrees" in r.flags for r in run.results)]
    assert len(undetermined) == 2
    assert all("Phi-3-small" in run.spellings[0] for run in undetermined)


def test_helm_counts(shipped):
    parsed = shipped("leaderboards/helm_and_global_mmlu.csv")
    results = [(run.evaluator, r) for run in parsed.runs for r in run.results]
    assert len(results) == 5421 - 237 - 61
    assert {e for e, _ in results} == {
        "board:helm-classic",
        "board:helm-lite",
        "board:helm-mmlu",
        "board:helm-capabilities",
        "board:global-mmlu-lite",
    }
    subjects = [r for e, r in results if e == "board:helm-mmlu" and r.task != "MMLU"]
    assert len(subjects) == 2686
    assert all(r.n_correct is not None for r in subjects)
    languages = [r for e, r in results if e == "board:global-mmlu-lite" and r.group]
    assert len(languages) == 384
    assert sum(r.n_correct is not None for r in languages) == 339
    others = [r for e, r in results if e in ("board:helm-classic", "board:helm-lite", "board:helm-capabilities")]
    assert all(r.stderr is None and r.n_samples is None for r in others)
