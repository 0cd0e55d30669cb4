"""Names to models: the order of rules, what is never guessed, and the shares of the shipped data that resolve."""

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.sources.resolver import (
    Resolver,
    community_name,
    quantisation_in,
    size_status_for,
    sizes_in,
)

MODELS = [
    {"id": "llama-7b", "hf_id": "huggyllama/llama-7b"},
    {"id": "llama-13b", "hf_id": None},
    {"id": "qwen-7b", "hf_id": "Qwen/Qwen-7B"},
    {"id": "someone/tuned-7b", "hf_id": None},
]
ALIASES = [
    {"alias": "/data/LLaMA/7B", "model_id": "llama-7b", "scope": "a.zip", "kind": "lm-eval path", "origin": "shipped"},
    {"alias": "LLaMA", "model_id": "llama-7b", "scope": "", "kind": "common name", "origin": "shipped"},
    {"alias": "LLaMA", "model_id": "llama-13b", "scope": "b.zip", "kind": "lm-eval name", "origin": "shipped"},
    {"alias": "qwen-7b-awq", "model_id": "qwen-7b", "scope": "", "kind": "served variant", "origin": "shipped"},
    {"alias": "Mine", "model_id": "llama-7b", "scope": "", "kind": None, "origin": "shipped"},
    {"alias": "Mine", "model_id": "qwen-7b", "scope": "", "kind": None, "origin": "reader"},
]


@pytest.fixture(scope="module")
def small() -> Resolver:
    return Resolver(ALIASES, MODELS)


@pytest.mark.parametrize(
    ("spelling", "scope", "model", "how"),
    [
        ("llama-7b", "", "llama-7b", "id"),
        ("huggyllama/llama-7b", "", "llama-7b", "Hub id"),
        ("HuggyLlama/LLaMA-7B", "", "llama-7b", "Hub id, case ignored"),
        ("Qwen/Qwen-7B/", "", "qwen-7b", "Hub id"),
        ("https://huggingface.co/Qwen/Qwen-7B", "", "qwen-7b", "Hub id"),
        ("/home/me/.cache/huggingface/hub/models--Qwen--Qwen-7B/snapshots/0123abcd", "", "qwen-7b", "Hub id"),
        ("/data/public_models/huggingface/Qwen/Qwen-7B", "", "qwen-7b", "Hub id"),
        ("Qwen__Qwen-7B", "", "qwen-7b", "Hub id"),
        ("/data/LLaMA/7B", "a.zip", "llama-7b", "scoped alias"),
        ("/data/LLaMA/7B/", "a.zip", "llama-7b", "scoped alias"),
        ("/data/LLaMA/7B", "", None, "unresolved"),
        ("/data/LLaMA/7B", "b.zip", None, "unresolved"),
        ("LLaMA", "", "llama-7b", "alias"),
        ("LLaMA", "b.zip", "llama-13b", "scoped alias"),
        ("Mine", "", "qwen-7b", "reader alias"),
        ("someone/Tuned-7b", "", "someone/tuned-7b", "id, case ignored"),
        ("qwen-7b ", "", "qwen-7b", "id"),
        ("qwen", "", None, "unresolved"),
        ("", "", None, "unresolved"),
    ],
)
def test_order_of_rules(small, spelling, scope, model, how):
    found = small.resolve((spelling,), scope)
    assert (found.model_id, found.how, found.community_id) == (model, how, None)


def test_exact_spellings_win_over_folded_ones_and_catalogue_over_community(small):
    assert small.resolve(("QWEN-7B", "llama-13b")).model_id == "llama-13b"
    assert small.resolve(("new/model", "llama-13b")).model_id == "llama-13b"
    found = small.resolve(("./out/run-1", "new/model"))
    assert (found.model_id, found.community_id, found.spelling) == (None, "new/model", "new/model")


def test_a_folded_spelling_of_two_models_means_none():
    models = [{"id": "Model-A", "hf_id": None}, {"id": "model-a", "hf_id": None}]
    resolver = Resolver([], models)
    assert resolver.resolve(("MODEL-A",)).model_id is None
    assert resolver.resolve(("model-a",)).model_id == "model-a"


def test_a_served_variant_says_how_it_is_quantised(small):
    found = small.resolve(("qwen-7b-awq",))
    assert (found.model_id, found.kind, found.quantisation) == ("qwen-7b", "served variant", "awq")
    assert small.resolve(("LLaMA",)).quantisation is None


def test_frames_do_as_well_as_dictionaries():
    resolver = Resolver(pd.DataFrame(ALIASES), pd.DataFrame(MODELS))
    mine = resolver.resolve(("Mine",))
    assert (mine.model_id, mine.kind, mine.quantisation) == ("qwen-7b", None, None)
    assert resolver.resolve(("Qwen/Qwen-7B",)).model_id == "qwen-7b"
    assert resolver.resolve(("nan",)).model_id is None


@pytest.mark.parametrize("name", ["org/name", "01-ai/Yi-9B", "a/b", "org_1/Name.v2-x", "org/" + "n" * 96])
def test_valid_hub_names_are_community_models(name):
    assert community_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "/org/name",
        "./name",
        "../x/y",
        "a/b/c",
        "org/name/",
        "org/",
        "/name",
        "org/na..me",
        "org/na--me",
        "org/-name",
        "org/name.",
        "org/name.git",
        "org/model.gguf",
        "org/" + "n" * 97,
        "models/llama",
        "outputs/run1",
        "checkpoints/best",
        "org/checkpoint-500",
        "org/<script>",
        "org/na me",
        "örg/name",
        "org/name\n",
        "C:\\models\\x",
        "/data/public_models/huggingface/new/model",
        "org__name",
        "",
    ],
)
def test_others_are_not(name):
    expected = "org/name" if name == "org/name\n" else None
    assert community_name(name) == expected


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_spelling_breaks_it_and_nothing_unknown_becomes_a_catalogue_model(spelling, scope):
    found = Resolver([], MODELS).resolve((spelling,), scope)
    known = {m["id"].casefold() for m in MODELS} | {(m["hf_id"] or "").casefold() for m in MODELS}
    if found.model_id is not None:
        assert spelling.strip().rstrip("/").casefold() in known or "/" in spelling or "__" in spelling
    assert not (found.model_id and found.community_id)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("mistralai/Mixtral-8x7B-v0.1", [56e9]),
        ("Qwen/Qwen2.5-0.5B-Instruct", [0.5e9]),
        ("EleutherAI/pythia-160m", [160e6]),
        ("a/Qwen2.5-14B-Instruct-1M", [14e9]),
        ("Qwen/Qwen3-30B-A3B", [30e9]),
        ("internlm/internlm2-1_8b", [8e9, 1.8e9]),
        ("x/llama-3_8B_y", [8e9, 3.8e9]),
        ("x/phi-4", []),
    ],
)
def test_sizes_in_names(name, sizes):
    assert sizes_in(name) == pytest.approx(sizes)


@pytest.mark.parametrize(
    ("name", "reported", "catalogue", "status"),
    [
        ("x/a-8B", None, None, "unknown"),
        ("x/a-8B", 8_030_000_000, None, "reported"),
        ("x/a-8B", 4_000_000_000, None, "disputed"),
        ("x/a-8B", 16_000_000_000, None, "disputed"),
        ("x/a", 123, None, "reported"),
        ("x/a-8B", 8_030_000_000, 14e9, "disputed"),
        ("x/qwen-0.5B", 630_000_000, None, "reported"),
        ("x/listed", 8_000_000_000, None, "disputed"),
    ],
)
def test_size_status(name, reported, catalogue, status):
    assert size_status_for(name, reported, catalogue, disputed={"x/listed"}) == status


def test_quantisation_in_names():
    assert quantisation_in("TheBloke/Llama-2-7B-GPTQ") == "gptq"
    assert quantisation_in("unsloth/phi-4-bnb-4bit") == "bnb"
    assert quantisation_in("x/model-Q4_K_M") == "q4_k_m"
    assert quantisation_in("Qwen/Qwen2.5-7B") is None


@pytest.fixture(scope="module")
def resolver(aliases, models) -> Resolver:
    return Resolver(aliases, models)


def test_every_shipped_lm_eval_file_resolves_and_fast(shipped, resolver):
    rows = shipped("lm-eval-runs/manifest.csv").tables["reference:lm_eval_runs_manifest"]
    begun = time.perf_counter()
    found = [resolver.resolve((row["model"] or row["member"],), row["zip"]) for row in rows]
    seconds = time.perf_counter() - begun
    assert len(found) == 2103
    assert all(resolution.model_id for resolution in found)
    assert seconds < 0.2  # measured: 0.01


def test_every_helm_row_resolves(shipped, resolver):
    runs = shipped("leaderboards/helm_and_global_mmlu.csv").runs
    assert all(resolver.resolve(run.spellings, run.evaluator).model_id for run in runs)


def test_board_rows_are_catalogue_or_community_models(shipped, resolver):
    runs = shipped("leaderboards/open_llm_leaderboard_v2.csv").runs
    found = [resolver.resolve(run.spellings, run.evaluator) for run in runs]
    assert all(resolution.is_resolved for resolution in found)
    assert sum(resolution.model_id is not None for resolution in found) == 242


def test_price_names_resolve_as_often_as_the_readme_says(shipped, resolver):
    prices = shipped("cost/api_prices.csv").tables["prices"]
    names = {price["api_name"] for price in prices}
    known = {name for name in names if resolver.resolve((name,)).model_id is not None}
    assert (len(known), len(names)) == (811, 2285)
    assert (sum(price["api_name"] in known for price in prices), len(prices)) == (1399, 3438)


def test_the_rule_for_sizes_meets_the_list_made_by_hand(shipped, resolver):
    listed = {row["model_id"] for row in shipped("leaderboards/disputed_sizes.csv").tables["reference:disputed_sizes"]}
    by_rule = set()
    for run in shipped("leaderboards/open_llm_leaderboard_v2.csv").runs:
        name = run.spellings[0]
        is_community = resolver.resolve(run.spellings).community_id is not None
        if is_community and size_status_for(name, run.params_reported) == "disputed":
            by_rule.add(name)
    assert len(listed) == 113
    assert len(listed - by_rule) <= 4  # sizes that only a base model, a catalogue entry or a person tells
    assert len(by_rule - listed) <= 6  # "1B" in the name of models with 1.54B
