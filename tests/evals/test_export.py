"""Jobs as command lines and YAML: what lm-eval's own parser makes of them is what was asked for."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.evals.arguments import read_pairs, write_pairs
from lib.evals.export import as_yaml, command_lines, from_yaml, seeds_of
from lib.evals.spec import JobSpec, from_json
from lib.evals.task_list import task_list

TASKS = task_list()
CASES: list[dict[str, Any]] = [
    {"backend": "dummy", "tasks": ["arc_easy"]},
    {
        "backend": "hf",
        "tasks": ["arc_easy", "mmlu"],
        "model_args": {"pretrained": "/models/a b/it's", "dtype": "float32", "revision": "1e5", "n": 3, "x": 0.1},
        "num_fewshot": 0,
        "limit": 10,
        "batch_size": 8,
        "device": "cuda:1",
        "seeds": [1, 2, 3, 4],
        "repeats": 2,
    },
    {
        "backend": "local-chat-completions",
        "tasks": ["humaneval"],
        "model_args": {
            "model": "a,b=c",
            "base_url": "http://127.0.0.1:9/v1/chat/completions",
            "flag": True,
            "t": "true",
        },
        "limit": 0.25,
        "apply_chat_template": True,
        "system_instruction": "-be 'brief'\nand $HOME `true` \"so\"",
        "gen_kwargs": {"until": ["\n\n", ","], "temperature": 0, "do_sample": False, "max_gen_toks": 64},
    },
    {
        "backend": "hf",
        "tasks": ["gsm8k"],
        "model_args": {"pretrained": "o/m", "none": None, "text": "None", "braces": "{x}", "comma": "a,b", "q": "'x'"},
        "apply_chat_template": "tool_use",
        "fewshot_as_multiturn": True,
        "num_fewshot": 5,
    },
]
THEIRS = """
import json, sys, logging
logging.disable(logging.CRITICAL)
from lm_eval._cli.harness import HarnessCLI
from lm_eval.config.evaluate_config import EvaluatorConfig
from lm_eval._cli.utils import MergeDictAction
import argparse
out = []
for line in sys.stdin:
    asked = json.loads(line)
    if "pairs" in asked:
        p = argparse.ArgumentParser(exit_on_error=False)
        p.add_argument("--a", nargs="+", action=MergeDictAction)
        out.append(p.parse_args(["--a", asked["pairs"]]).a)
        continue
    sys.argv = asked["argv"]
    c = EvaluatorConfig.from_cli(HarnessCLI().parse_args())
    names = "model model_args tasks num_fewshot batch_size device limit seed system_instruction apply_chat_template fewshot_as_multiturn gen_kwargs log_samples output_path confirm_run_unsafe_code".split()
    out.append({n: getattr(c, n) for n in names})
json.dump(out, sys.stdout)
"""


def ask_lm_eval(asked: list[dict[str, Any]]) -> list[Any]:
    """lm-eval's own parser in a process of its own: tests that follow must not find it loaded."""
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    done = subprocess.run([sys.executable, "-c", THEIRS], input=lines, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[Any] = json.loads(done.stdout)
    return found


def test_lm_eval_reads_the_exported_commands_as_the_job() -> None:
    specs = [from_json(case) for case in CASES]
    commands = [(spec, i, line) for spec in specs for i, line in enumerate(command_lines(spec, TASKS).commands)]
    assert len(commands) == sum(len(spec.tasks) * spec.repeats for spec in specs)
    parsed = ask_lm_eval([{"argv": shlex.split(line)} for _, _, line in commands])
    for (spec, i, line), theirs in zip(commands, parsed, strict=True):
        repeat, position = divmod(i, len(spec.tasks))
        assert theirs["model"] == spec.backend
        assert theirs["tasks"] == [spec.tasks[position]], line
        assert _typed(theirs["model_args"]) == _typed(dict(spec.model_args)), line
        assert _typed(theirs["gen_kwargs"]) == _typed(dict(spec.gen_kwargs)), line
        assert theirs["num_fewshot"] == spec.num_fewshot and theirs["limit"] == spec.limit
        assert int(theirs["batch_size"]) == spec.batch_size
        # lm-eval's own default, which falls back to the processor where there is no card.
        assert theirs["device"] == (spec.device or "cuda:0")
        assert tuple(theirs["seed"]) == tuple(seed + repeat for seed in spec.seeds) == seeds_of(spec, repeat)
        assert theirs["system_instruction"] == spec.system_instruction
        assert theirs["apply_chat_template"] == spec.apply_chat_template
        assert bool(theirs["fewshot_as_multiturn"]) == spec.fewshot_as_multiturn, line
        assert theirs["log_samples"] is True and theirs["output_path"] == "results"
        assert theirs["confirm_run_unsafe_code"] == (spec.tasks == ("humaneval",))


def _typed(values: dict[str, Any]) -> str:
    """1, 1.0 and True are three things."""
    return json.dumps(values, sort_keys=True)


def test_pairs_are_read_as_lm_eval_reads_them() -> None:
    texts = [
        "a=1,b=x",
        "a=true,b=False,c=TRUE",
        "a=1.0,b=-1,c=1e3,d=007",
        "a=None,b=none,c='x,y',d=\"q\"",
        "a=[1,2],b=(1,2),c=x(1,2)",
        "a=b=c,d=,e= x",
        '{"a": [1, "x"], "b": {"c": null}}',
        "a=1,,b=2,",
        "u=http://h:1/v1?x=1",
    ]
    theirs = ask_lm_eval([{"pairs": text} for text in texts])
    for text, found in zip(texts, theirs, strict=True):
        assert json.loads(json.dumps(read_pairs([text], "--a"))) == found, text


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), VALUES, max_size=4))
def test_written_pairs_are_read_back(values: dict[str, Any]) -> None:
    assert _typed(read_pairs([write_pairs(values)], "x") if values else {}) == _typed(values)


@pytest.mark.parametrize("case", CASES)
def test_yaml_comes_back_as_the_same_job(case: dict[str, Any]) -> None:
    spec = from_json(case)
    assert from_yaml(as_yaml(spec)).digest == spec.digest


def test_yaml_of_lm_eval_is_taken_too() -> None:
    text = "model: hf\nmodel_args: pretrained=o/m,dtype=float32\ntasks: arc_easy,piqa\nseed: 7\nbatch_size: '4'\noutput_path: /x\nlog_samples: true\n"
    spec = from_yaml(text)
    assert spec == JobSpec(
        "hf", ("arc_easy", "piqa"), {"pretrained": "o/m", "dtype": "float32"}, batch_size=4, seeds=(7,) * 4
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: &a [1]\nb: *a\n", "YAML"),
        ("!!python/object/apply:os.system ['true']", "YAML"),
        ("model: !function utils.x\n", "YAML"),
        ("- 1\n", "YAML"),
        ("x" * 300_000, "YAML"),
        ("model: hf\ntasks: [arc_easy]\nsamples: {a: [1]}\n", "samples"),
        ("model: hf\ntasks: [arc_easy]\nmetadata: {a: 1}\n", "metadata"),
        ("model: hf\ntasks: [arc_easy]\nbatch_size: auto\n", "batch_size"),
        ("model: hf\ntasks: ['../x']\n", "tasks"),
        ("[" * 5_000, "YAML"),
    ],
)
def test_yaml_that_is_refused(text: str, place: str) -> None:
    with pytest.raises(RefusedInput) as refusal:
        from_yaml(text)
    assert refusal.value.place == place
    # Told at the twentieth level: read to its end, this takes twenty seconds.
    assert text[0] != "[" or "too deep" in refusal.value.reason


def test_notes_say_what_the_commands_do_not() -> None:
    spec = from_json(
        {
            "backend": "dummy",
            "tasks": ["arc_easy", "humaneval", "own_mine_0123abcd"],
            "repeats": 2,
            "system_instruction": "",
        }
    )
    notes = " ".join(command_lines(spec, TASKS, output="my results").notes)
    for words in (
        "one command per task",
        "2 repeats",
        "own_mine_0123abcd is not",
        "humaneval runs",
        "empty system",
        "'my results'",
    ):
        assert words in notes


def test_the_digest_is_the_same_in_another_process() -> None:
    digests = [from_json(case).digest for case in CASES]
    code = "import json,sys; from lib.evals.spec import from_json; print([from_json(c).digest for c in json.load(sys.stdin)])"
    for seed in ("0", "77"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(CASES),
            capture_output=True,
            text=True,
            timeout=60,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        )
        assert done.stdout.strip() == str(digests), done.stderr[-500:]
    assert len(set(digests)) == len(digests)
    # Two spellings of one job are one job; any field that changes numbers makes another.
    base = {"backend": "hf", "tasks": ["arc_easy"], "model_args": {"a": 1, "b": "x"}, "limit": 10}
    assert from_json({**base, "model_args": {"b": "x", "a": 1}, "limit": 10.0}).digest == from_json(base).digest
    changed = [
        {"limit": 11},
        {"batch_size": 2},
        {"seeds": [0, 1, 1, 1]},
        {"num_fewshot": 0},
        {"repeats": 2},
        {"device": "cpu"},
    ]
    assert len({from_json({**base, **one}).digest for one in changed} | {from_json(base).digest}) == len(changed) + 1
