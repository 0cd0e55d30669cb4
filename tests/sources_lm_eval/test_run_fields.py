"""Names, configuration and generation: each rule on the smallest file that shows it."""

import json

import pytest

from lib.sources import lm_eval_results
from lib.sources.checkpoints import read_checkpoint
from lib.sources.contract import Candidate
from lib.sources.lm_eval_generations import generation_of
from lib.sources.lm_eval_model_args import name_in_folder, names_in, split_model_args
from lib.sources.lm_eval_run import date_in_path, read_limit, stamp_of

ROW = {"acc,none": 0.5, "acc_stderr,none": 0.05}


def run_of(document, name="results.json"):
    candidate = Candidate(name, json.dumps({"results": {"piqa": ROW}, "versions": {}, **document}).encode())
    assert lm_eval_results.SOURCE.recognise(candidate)
    return lm_eval_results.SOURCE.parse(candidate).runs[0]


@pytest.mark.parametrize(
    ("document", "name", "family"),
    [
        ({"results": {"piqa": {"acc": 0.5}}}, "0.3", "lm-eval 0.3"),
        ({"results": {"piqa": {"acc": 0.5}}, "versions": {}, "config": {}}, "0.3", "lm-eval 0.3"),
        ({"results": {"piqa": ROW}, "versions": {}, "configs": {}}, "0.4 development", "lm-eval 0.4"),
        ({"results": {"piqa": ROW}, "configs": {}, "n-shot": {}}, "0.4.0-0.4.2", "lm-eval 0.4"),
        ({"results": {"piqa": ROW}, "n-shot": {}, "n-samples": {}}, "0.4.3 development", "lm-eval 0.4"),
        ({"results": {"piqa": ROW}, "n-samples": {}, "chat_template": None}, "0.4.3-0.4.8", "lm-eval 0.4"),
        ({"results": {"piqa": ROW}, "chat_template": None, "lm_eval_version": "0.4.9.2"}, "0.4.9+", "lm-eval 0.4"),
        ({"results": {"piqa": ROW}, "lm_eval_version": "0.4.8"}, "0.4.3-0.4.8", "lm-eval 0.4"),
        ({"results": {"piqa": ROW}, "lm_eval_version": "No package metadata was found"}, "0.4.9+", "lm-eval 0.4"),
        ({"results": {"piqa": {**ROW, "sample_len": 9}}, "lm_eval_version": "?"}, "0.4.12+", "lm-eval 0.4"),
        ({"results": {"piqa": ROW}, "lm_eval_version": "0.4.13"}, "0.4.12+", "lm-eval 0.4"),
        ({"results": {"a::b": ROW}, "lm_eval_version": "0.5.0.dev1"}, "0.5 development", "lm-eval 0.4"),
    ],
)
def test_generations_are_told_by_content(document, name, family):
    generation = generation_of(document)
    assert (generation.name, generation.family) == (name, family)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("pretrained=a/b,dtype=float16", {"pretrained": "a/b", "dtype": "float16"}),
        ("trust_remote_code=True,pretrained=a/b,dtype=,", {"trust_remote_code": "True", "pretrained": "a/b", "dtype": ""}),
        ("pretrained=a,pretrained=b", {"pretrained": "b"}),
        ('pretrained=x,additional_special_tokens=["<s>","</s>"],y=1',
         {"pretrained": "x", "additional_special_tokens": '["<s>","</s>"]', "y": "1"}),
        ("model=gpt-4,base_url=http://me:pw@host:1/v1,api_key=sk-1,hf_token=x", {"model": "gpt-4"}),
        ("model=gpt-4,host=gpu-box-17,port=80,server=ssh://u:p@box", {"model": "gpt-4"}),
        ("pretrained=/a=b/c", {"pretrained": "/a=b/c"}),
        ({"pretrained": "a/b", "n": 2, "deep": {"x": 1}, "api_key": "sk", "inf": float("inf")}, {"pretrained": "a/b", "n": 2}),
        (None, {}),
        ("", {}),
        ([1], {}),
    ],
)  # fmt: skip
def test_model_args_are_split_without_secrets(written, read):
    assert split_model_args(written) == read


def test_a_whole_training_configuration_keeps_the_name_and_stays_small():
    arguments = split_model_args({**{f"k{i}": i for i in range(300)}, "load": "/ckpt/neox"})
    assert len(arguments) == 60
    assert names_in(arguments) == ["/ckpt/neox"]


def test_an_adapter_is_not_its_base():
    assert names_in(split_model_args("pretrained=base/model,peft=me/adapter")) == ["me/adapter"]


@pytest.mark.parametrize(
    ("folder", "name"),
    [("org__name", "org/name"), ("__data__x", None), ("a__b__c", None), ("results", None), ("..__a__b", None)],
)
def test_folders_give_names_only_where_it_is_certain(folder, name):
    assert name_in_folder(folder) == name


@pytest.mark.parametrize(
    ("document", "path", "spellings"),
    [
        ({"config": {"model": "hf", "model_args": "pretrained=a/b"}, "model_name": "a/b"}, "x/a__b/r.json", ("a/b",)),
        ({"config": {"model": "hf", "model_args": "pretrained=/m/models--a--b/snapshots/1f"}}, "r.json",
         ("/m/models--a--b/snapshots/1f", "a/b")),
        ({"config": {"model": "org/name", "model_args": None}}, "r.json", ("org/name",)),
        ({"config": {"model": "hf", "model_args": ""}}, "out/org__name/r.json", ("org/name",)),
        ({}, "results/opt/r.json", ("results/opt/r.json",)),
        ({"model_name": "x7Gh2kQ9", "config": {"model": "hf", "model_args": {}}}, "m/r.json", ("x7Gh2kQ9", "m/r.json")),
    ],
)  # fmt: skip
def test_spellings_come_best_first(document, path, spellings):
    assert run_of(document, path).spellings == spellings


def test_a_fork_that_puts_the_model_in_place_of_the_backend():
    assert run_of({"config": {"model": "org/name"}}).backend is None
    assert run_of({"config": {"model": "vllm", "model_args": "pretrained=a/b"}}).backend == "vllm"


@pytest.mark.parametrize(
    ("name", "revision", "tokens", "unfinished"),
    [
        ("EleutherAI/pythia-v1.1-70m", "step143000", 299_892_736_000, False),
        ("EleutherAI/pythia-v1.1-70m", "step93000", 195_035_136_000, True),
        ("EleutherAI/pythia-70m-deduped", "step0", 0, True),
        ("EleutherAI/pythia-v1.1-1.4b-1MtokBS", "step106000", 111_149_056_000, True),
        ("EleutherAI/pythia-v1.1-1.4b-1MtokBS", "step286000", 299_892_736_000, False),
        ("EleutherAI/pythia-v1.1-160m-0.5MtokBS", "step572000", 299_892_736_000, False),
        ("EleutherAI/pythia-v1.1-70m-0.25MtokBS", "step1144000", 299_892_736_000, False),
        ("EleutherAI/pythia-70m", None, None, False),
        ("EleutherAI/pythia-70m", "main", None, False),
        ("/ckpt/33B_torch_step110880_bfloat16/", None, 465_064_427_520, True),
        ("/ckpt/33B_torch_step238418_bfloat16", None, 999_997_571_072, False),
        ("org/other", "step1000-tokens4B", 4_000_000_000, True),
        ("org/other", "step7", None, True),
        ("org/other", "stepwise", None, False),
    ],
)
def test_checkpoints(name, revision, tokens, unfinished):
    state = read_checkpoint([name], revision)
    assert (state.training_tokens, state.is_checkpoint) == (tokens, unfinished)


def test_what_a_run_records():
    run = run_of(
        {
            "config": {
                "model": "hf",
                "model_args": "pretrained=a/b,load_in_4bit=True,bnb_4bit_quant_type=nf4,add_bos_token=True,revision=r1",
                "model_num_parameters": -1,
                "model_dtype": "torch.bfloat16",
                "limit": 100.0,
                "random_seed": 0,
                "fewshot_seed": 1234,
                "device": "cuda:3",
            },
            "chat_template": "{{ x }}",
            "chat_template_sha": "ab" * 32,
            "system_instruction": None,
            "fewshot_as_multiturn": True,
            "git_hash": "4a1e48ce",
            "date": 1712191475.13,
            "pretty_env_info": "GPU 0: NVIDIA; host gpu-box-17",
            "total_evaluation_time_seconds": "11.5",
            "lm_eval_version": "0.4.8",
        },
        "out/results_2025-03-06T21-57-53.230631.json",
    )
    assert (run.revision, run.dtype, run.quantisation, run.limit) == ("r1", "bfloat16", "4bit nf4", "100")
    assert (run.seeds, run.start_token, run.is_multiturn) == ("random 0, fewshot 1234", "yes", True)
    assert (run.chat_template, run.system_instruction) == ("abababababab", "none")
    assert (run.harness_commit, run.evaluated_on, run.total_seconds) == ("4a1e48ce", "2024-04-04", 11.5)
    assert run.params_reported is None
    assert run.stamp == "2025-03-06T21-57-53.230631"
    assert all(result.flags[0] == "limited" for result in run.results)
    assert "gpu-box" not in json.dumps([run.config, run.model_args])
    assert "cuda" not in json.dumps(run.config)


def test_silence_about_the_chat_template_is_unknown_not_none():
    assert run_of({}).chat_template is None
    assert run_of({"chat_template": None}).chat_template == "none"
    hidden, other = run_of({"chat_template": ""}).chat_template, run_of({"chat_template": "x"}).chat_template
    assert len({hidden, other, "none"}) == 3


@pytest.mark.parametrize(
    ("arguments", "model", "path", "quantisation"),
    [
        ("pretrained=a/b", "hf", "r.json", None),
        ("pretrained=a/b,load_in_8bit=True", "hf", "r.json", "8bit"),
        ("pretrained=a/b,load_in_8bit=False", "hf", "r.json", None),
        ("pretrained=a/b,autogptq=True", "hf", "r.json", "gptq"),
        ("pretrained=a/b,quantization=fp8", "vllm", "r.json", "fp8"),
        ("pretrained=TheBloke/x-7B-AWQ", "hf", "r.json", "awq"),
        ("base_url=http://localhost:8000", "gguf", "q4/r.json", "gguf"),
        ("pretrained=a/b", "hf", "wikitext/nf4_loftq_r256/results.json", "nf4_loftq_r256"),
    ],
)
def test_quantisation_is_seen(arguments, model, path, quantisation):
    assert run_of({"config": {"model": model, "model_args": arguments}}, path).quantisation == quantisation


def test_stamps_dates_and_limits():
    assert stamp_of("x/samples_a_b_2025-03-06T21-57-53.230631.jsonl") == "2025-03-06T21-57-53.230631"
    assert stamp_of("results_2025-03-06T21:57:53.json") == "2025-03-06T21-57-53"
    assert stamp_of("results.json") is None
    assert date_in_path("a/p_eval_results_07-22-2022-10-11-12.json") == "2022-07-22"
    assert date_in_path("results_2022-13-40-10-11-12.json") is None
    assert [read_limit(v) for v in (None, 100.0, 10, 0.5, "5")] == [None, "100", "10", "0.5", "5"]


def test_few_shot_numbers():
    def shots(document):
        return {r.task: r.n_shot for r in run_of(document).results}

    two = {"b": ROW, "a": ROW}
    assert shots({"results": two, "config": {"num_fewshot": 3}}) == {"a": 3, "b": 3}
    assert shots({"results": two, "versions": {"a": 1, "b": 1}, "config": {"num_fewshot": [5, 25]}}) == {
        "a": 5,
        "b": 25,
    }
    assert shots({"results": two, "versions": {"a": 1}, "config": {"num_fewshot": [5, 25]}}) == {"a": None, "b": None}
    assert shots({"results": two, "n-shot": {"a": 5}, "configs": {"b": {"num_fewshot": 2}}}) == {"a": 5, "b": 2}
    assert shots({"results": two}) == {"a": None, "b": None}
