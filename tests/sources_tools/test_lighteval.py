"""Results of lighteval: names of rows in all their forms, and groups whose printed error means nothing."""

import json

import pytest

from lib.errors import RefusedInput
from lib.sources.contract import Candidate
from lib.sources.lighteval import SOURCE, Key, read_key

GENERAL = {"model_config": {"model_name": "org/m"}}


def parse(results, **general):
    document = {"config_general": GENERAL | general, "results": results}
    return SOURCE.parse(Candidate("results.json", json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("gsm8k|5", ("", "gsm8k", 5, False)),
        ("lighteval|mmlu:anatomy|0", ("lighteval", "mmlu_anatomy", 0, False)),
        ("lighteval|mmlu:anatomy|0|1", ("lighteval", "mmlu_anatomy", 0, False)),
        ("harness|arc:challenge|25", ("harness", "arc_challenge", 25, False)),
        ("mmlu:_average|5", ("", "mmlu", 5, True)),
        ("lighteval|gsm8k", ("lighteval", "gsm8k", None, False)),
        ("gsm8k", ("", "gsm8k", None, False)),
        ("a|b|c|d|e", ("a|b|c|d", "e", None, False)),
    ],
)
def test_names_of_rows(key, parts):
    assert read_key(key) == Key(*parts)


@pytest.mark.parametrize(("printed", "flag"), [(0.5, "unweighted"), (0.6, "stderr-wrong")])
def test_a_mean_of_errors_is_no_error(printed, flag):
    rows = {"x:a|0": {"em": 0.25}, "x:b|0": {"em": 0.75}, "x:_average|0": {"em": printed, "em_stderr": 0.1}}
    group = next(result for result in parse(rows).runs[0].results if result.is_group)
    assert (group.task, group.score, group.stderr, group.stderr_published) == ("x", printed, None, 0.1)
    assert flag in group.flags


def test_suites_are_never_compared():
    row = {"acc": 0.5}
    (run,) = parse({"helm|mmlu|5": row, "original|mmlu|5": row, "lighteval|mmlu|5": row, "lighteval|mmlu|0": row}).runs
    assert [(r.prompt, r.n_shot) for r in run.results] == [("helm", 5), ("original", 5), ("", 5), ("0 shots", 0)]


@pytest.mark.parametrize(
    ("results", "general", "reason"),
    [
        ({}, {}, "no scores"),
        ({"all": {"acc": 0.5}}, {}, "no scores"),
        ({"a|0": {"acc": "high"}}, {}, "no scores"),
        ({"a|0": 0.5}, {}, "not the scores"),
        ({"a|0": {"acc": 0.5}}, {"model_config": None}, "names no model"),
    ],
)
def test_what_is_no_result_is_refused(results, general, reason):
    with pytest.raises(RefusedInput, match=reason):
        parse(results, **general)


@pytest.mark.parametrize(("template", "told"), [(True, "applied"), (False, "none"), (None, None), ("yes", None)])
def test_a_chat_template_is_told_only_where_the_file_says_it(template, told):
    general = {"model_config": {"model_name": "org/m", "override_chat_template": template, "system_prompt": None}}
    (run,) = parse({"a|0": {"acc": 0.5}}, **general).runs
    assert (run.chat_template, run.system_instruction) == (told, "none")
