"""Commands of real files of several generations, held against the files themselves."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lib.analysis.command_line import Command, asked_for, command_line
from lib.sources import lm_eval_results
from lib.sources.contract import Candidate

GOLDEN = Path(__file__).parents[1] / "golden" / "lm-eval-results"


def of_one_run() -> list[str]:
    """Folders of files that an importer takes; the others are there for what is refused."""
    return [
        path.parent.name
        for path in sorted(GOLDEN.glob("*/case.json"))
        if "refused" not in json.loads((path.parent / "expected.json").read_text())
    ]


def read(folder: str) -> tuple[dict[str, Any], dict[str, Any], pd.DataFrame]:
    """The document, its run and its results."""
    case = json.loads((GOLDEN / folder / "case.json").read_text())
    content = (GOLDEN / folder / case["file"]).read_bytes()
    (run,) = lm_eval_results.SOURCE.parse(Candidate(case["name"], content, {})).runs
    rows = [{**asdict(result), "parent": result.group, "flags": " ".join(result.flags)} for result in run.results]
    fields = {name: getattr(run, name) for name in run.__dataclass_fields__ if name not in ("results", "samples")}
    return json.loads(content), fields, pd.DataFrame(rows)


def options(command: Command) -> dict[str, str]:
    """Option to value, as a shell would hand them over."""
    words = shlex.split(command.text.replace("\\\n", " "))
    found: dict[str, str] = {}
    for i, word in enumerate(words):
        if word.startswith("--"):
            found[word] = words[i + 1] if i + 1 < len(words) and not words[i + 1].startswith("--") else ""
    return found


def test_a_run_of_0_3() -> None:
    document, run, results = read("pythia-70m-zero-shot-final")
    command = command_line(run, results)
    assert command.text.startswith("python main.py \\\n    --model hf-causal")
    given = options(command)
    assert given["--model_args"] == document["config"]["model_args"]
    # MMLU as a whole is our row: the 57 tasks were asked for.
    assert set(given["--tasks"].split(",")) == set(document["results"])
    assert given["--num_fewshot"] == str(document["config"]["num_fewshot"])
    assert given["--batch_size"] == str(document["config"]["batch_size"])
    assert "--seed" not in given and "--limit" not in given


def test_a_run_of_0_4_with_groups() -> None:
    document, run, results = read("qwen2.5-1.5b-0.4.8")
    command = command_line(run, results)
    given = options(command)
    assert command.text.startswith("lm_eval \\\n    --model hf")
    assert given["--model_args"] == document["config"]["model_args"]
    below = {child for children in document["group_subtasks"].values() for child in children}
    assert set(given["--tasks"].split(",")) == set(document["results"]) - below
    seeds = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")
    assert given["--seed"] == ",".join(str(document["config"][name]) for name in seeds)
    assert "--apply_chat_template" not in given


@pytest.mark.parametrize("folder", of_one_run())
def test_every_command_says_what_its_file_says_or_why_there_is_none(folder: str) -> None:
    document, run, results = read(folder)
    command = command_line(run, results)
    if not command.text:
        assert len(command.unknown) == 1
        return
    given, config = options(command), document.get("config", {})
    assert given["--model"] == config["model"]
    assert given.get("--limit") == run["limit"]
    assert ("--apply_chat_template" in given) == (document.get("chat_template") is not None)
    shots = set(results.loc[~results["is_group"], "n_shot"].dropna())
    assert given.get("--num_fewshot") == (str(int(shots.pop())) if len(shots) == 1 else None)
    tasks = set(given["--tasks"].split(","))
    assert tasks <= {str(task) for task in results["task"]} | set(results["parent"].dropna())
    if isinstance(config.get("model_args"), str) and "base_url" not in config["model_args"]:
        assert given.get("--model_args", "") == config["model_args"].strip(",")


def test_a_name_that_would_run_in_a_shell_is_quoted() -> None:
    _, run, results = read("pythia-70m-zero-shot-final")
    evil = "x; rm -rf ~ $(id) `id` 'q' \"\n"
    run |= {"model_args": {"pretrained": evil}, "limit": "1; id"}
    results["task"] = [f"$(id) {i}" for i in range(len(results))]
    given = options(command_line(run, results))
    assert given["--model_args"] == f"pretrained={evil}"
    assert given["--limit"] == "1; id"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"kind": "board"}, "copied"),
        ({"evaluator": "fork:x"}, "fork:x"),
        ({"backend": None}, "back-end"),
        ({"backend": "my_model"}, "my_model"),
        ({"config": {"scores": "from samples"}}, "log"),
        ({"config": {"layout": "bigscience merged"}}, "several calls"),
    ],
)
def test_runs_without_a_command_say_why(changed: dict[str, Any], word: str) -> None:
    _, run, results = read("pythia-70m-zero-shot-final")
    command = command_line({**run, **changed}, results)
    assert not command.text
    assert word in command.unknown[0]


def test_different_numbers_of_examples_are_told_and_not_guessed() -> None:
    _, run, results = read("pythia-70m-zero-shot-final")
    results["n_shot"] = [i % 3 for i in range(len(results))]
    command = command_line(run, results)
    assert "--num_fewshot" not in options(command)
    assert any("(0, 1 and 2)" in one for one in command.unknown)


def test_a_ring_of_parents_ends() -> None:
    results = pd.DataFrame({"task": ["a", "b"], "parent": ["b", "a"], "flags": ["", ""], "is_group": [True, True]})
    assert asked_for(results)


@pytest.mark.parametrize(
    ("arguments", "is_told"), [({"pretrained": "gpt2", "device": "cpu"}, False), ({"pretrained": "gpt2"}, True)]
)
def test_a_device_in_the_command_is_not_said_to_be_missing(arguments: dict[str, str], is_told: bool) -> None:
    _, run, results = read(of_one_run()[0])
    command = command_line(
        run | {"backend": "hf", "kind": "raw", "evaluator": "lm-eval 0.4", "model_args": arguments}, results
    )
    assert ("device=cpu" in command.text) != is_told
    assert any("Device" in one for one in command.unknown) == is_told
    assert any("utput path" in one for one in command.unknown)
