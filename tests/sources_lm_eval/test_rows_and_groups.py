"""Scores, counts, groups: each oddity of the format on the smallest file that shows it."""

import json
import math

import pytest

from lib.errors import RefusedInput
from lib.sources import lm_eval_results
from lib.sources.contract import Candidate
from lib.sources.lm_eval_groups import MMLU


def parse(document):
    candidate = Candidate("r.json", json.dumps(document).encode())
    assert lm_eval_results.SOURCE.recognise(candidate)
    return lm_eval_results.SOURCE.parse(candidate)


def results(document):
    return {(r.task, r.metric, r.filter): r for r in parse(document).runs[0].results}


def leaf(k, n):
    p = k / n
    return {"acc,none": p, "acc_stderr,none": math.sqrt(p * (1 - p) / (n - 1))}


def test_filters_stay_apart_and_names_may_hold_signs():
    rows = results(
        {"results": {"g": {"exact_match,strict": 0.5, "exact_match,maj@3": 0.6, "pass@1,none": 0.7, "nDCG@10": 0.1}}}
    )
    assert set(rows) == {
        ("g", "exact_match", "strict"), ("g", "exact_match", "maj@3"), ("g", "pass@1", "none"), ("g", "nDCG@10", "none"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "flag", "published"),
    [
        ("N/A", "stderr-missing", None),
        (float("nan"), "not-a-number", None),
        (0, "stderr-zero", 0.0),
        (-1, "out-of-range", None),
    ],
)
def test_errors_that_say_nothing(error, flag, published):
    row = results({"results": {"t": {"f1,none": 0.3, "f1_stderr,none": error}}, "n-samples": {"t": {"effective": 50}}})
    result = row["t", "f1", "none"]
    assert (result.stderr, result.stderr_rule, result.stderr_published) == (None, "none", published)
    assert flag in result.flags


def test_values_that_are_no_scores_are_skipped_and_told():
    parsed = parse(
        {"results": {"t": {"acc": 0.5, "details": [{}], "swap": {"a": 1}, "note": "x", "ok": True, "none": None, "bypass": 999, " ": " "}}}
    )  # fmt: skip
    assert [r.metric for r in parsed.runs[0].results] == ["acc"]
    assert len(parsed.warnings) == 6
    assert any("results.t.details" in warning for warning in parsed.warnings)


def test_nan_is_missing_and_odd_scales_stay():
    rows = results({"results": {"t": {"mae": float("nan"), "acc": 71.2, "bleu": 34.0, "mcc": -0.2}}})
    nan = rows["t", "mae", "none"]
    assert (nan.score, nan.status, nan.flags) == (None, "missing", ("not-a-number",))
    assert rows["t", "acc", "none"].score == 71.2
    assert "out-of-range" in rows["t", "acc", "none"].flags
    assert rows["t", "acc", "none"].n_correct is None
    assert "out-of-range" not in rows["t", "bleu", "none"].flags + rows["t", "mcc", "none"].flags


def test_a_size_found_in_one_metric_serves_the_others_of_the_task():
    p = 21 / 40
    row = {
        "acc": p,
        "acc_stderr": math.sqrt(p * (1 - p) / 39),
        "acc_norm": 1.0,
        "acc_norm_stderr": 0.0,
        "f1": 0.4,
        "HasAns_f1": 0.1,
    }
    rows = results({"results": {"t": row}, "versions": {}})
    assert [(r.n_samples, r.n_correct) for r in rows.values()] == [(40, 21), (40, 40), (40, None), (None, None)]


def test_a_stated_size_that_does_not_fit_is_replaced_and_flagged():
    row = results({"results": {"t": leaf(30, 60)}, "n-samples": {"t": {"original": 600, "effective": 100}}})[
        "t", "acc", "none"
    ]
    assert (row.n_samples, row.n_correct) == (60, 30)
    assert "n-disagrees" in row.flags


def test_a_count_without_an_error_is_taken_only_for_zero_one_metrics():
    document = {"results": {"t": {"acc,none": 0.25, "f1,none": 0.25}}, "n-samples": {"t": {"effective": 40}}}
    rows = results(document)
    assert rows["t", "acc", "none"].n_correct == 10
    assert rows["t", "acc", "none"].stderr == pytest.approx(math.sqrt(0.25 * 0.75 / 39))
    assert rows["t", "f1", "none"].n_correct is None


def test_directions():
    rows = results(
        {
            "results": {"t": {"ppl": 3.0, "acc": 0.5, "pct_stereotype": 0.5, "odd": 1.0, "mine": 1.0}},
            "higher_is_better": {"t": {"mine": False, "pct_stereotype": True, "acc": None}},
        }
    )
    found = {metric: r.higher_is_better for (_, metric, _), r in rows.items()}
    assert found == {"ppl": False, "acc": True, "pct_stereotype": None, "odd": None, "mine": False}
    defined = {"t": {"metric_list": [{"metric": "odd", "higher_is_better": True}]}}
    assert results({"results": {"t": {"odd,none": 1.0}}, "configs": defined})["t", "odd", "none"].higher_is_better


def test_versions_are_equal_across_generations():
    versions = [1, 1.0, "1.0", "1", "0.0.1", "Yaml", "N/A", None, True, {"v": 1}]
    rows = {f"t{i}": {"acc": 0.5} for i in range(len(versions))}
    found = results({"results": rows, "versions": {f"t{i}": v for i, v in enumerate(versions)}})
    assert [r.task_version for r in found.values()] == ["1", "1", "1", "1", "0.0.1", "Yaml", None, None, None, None]


PARTS = {"a": (30, 100), "b": (300, 400)}
WEIGHTED = 330 / 500
PLAIN = (0.3 + 0.75) / 2


def group_file(value, error, **more):
    rows = {"g": {"acc,none": value, "acc_stderr,none": error}, **{t: leaf(*counts) for t, counts in PARTS.items()}}
    return {"results": rows, "group_subtasks": {"g": ["a", "b"], "a": [], "b": []}, "n-shot": {"g": 0, "a": 5, "b": 5},
            "n-samples": {t: {"effective": n} for t, (_, n) in PARTS.items()}, "chat_template": None, **more}  # fmt: skip


def stratified():
    return math.sqrt(sum((n / 500) ** 2 * (k / n) * (1 - k / n) / (n - 1) for k, n in PARTS.values()))


def plain_error():
    return math.sqrt(sum((k / n) * (1 - k / n) / (n - 1) for k, n in PARTS.values())) / 2


def test_a_weighted_group():
    group = results(group_file(WEIGHTED, stratified()))["g", "acc", "none"]
    assert (group.is_group, group.n_samples, group.n_correct, group.n_shot) == (True, 500, 330, 5)
    assert group.stderr == pytest.approx(stratified())
    assert (group.stderr_rule, group.flags) == ("leaves", ())


def test_an_unweighted_group_with_the_error_of_the_weighted_mean():
    group = results(group_file(PLAIN, stratified()))["g", "acc", "none"]
    assert group.stderr == pytest.approx(plain_error())
    assert set(group.flags) == {"unweighted", "stderr-wrong"}
    assert group.n_correct is None


def test_a_wrong_error_of_an_old_release_is_put_right():
    old = group_file(WEIGHTED, 0.127)
    for key in ("n-samples", "chat_template"):
        del old[key]
    group = results(old)["g", "acc", "none"]
    assert group.stderr == pytest.approx(stratified())
    assert "stderr-wrong" in group.flags
    assert group.stderr_published == 0.127


@pytest.mark.parametrize(("more", "stderr"), [({}, 0.02), ({"chat_template": "drop"}, None)])
def test_a_group_that_is_no_mean_of_its_leaves_keeps_its_value(more, stderr):
    document = group_file(0.9, 0.02)
    if more:
        del document["chat_template"], document["n-samples"]
    parsed = parse(document)
    group = next(r for r in parsed.runs[0].results if r.task == "g")
    assert (group.score, group.stderr) == (0.9, stderr)
    assert parsed.warnings


def test_nested_groups_count_every_leaf_once():
    document = group_file(WEIGHTED, stratified())
    document["results"]["top"] = dict(document["results"]["g"])
    document["group_subtasks"] = {"top": ["g", "a"], "g": ["a", "b", "g", "top"]}
    rows = results(document)
    assert rows["top", "acc", "none"].n_samples == 500
    assert rows["a", "acc", "none"].group == "top"
    assert rows["g", "acc", "none"].group == "top"
    assert not rows["a", "acc", "none"].is_group


def test_groups_without_aggregate_leave_no_row():
    document = group_file(WEIGHTED, stratified())
    document["results"]["g"] = {" ": " ", "alias": "g"}
    rows = results(document)
    assert set(rows) == {("a", "acc", "none"), ("b", "acc", "none")}
    assert rows["a", "acc", "none"].group == "g"


@pytest.mark.parametrize("indent_in", ["alias", "key"])
def test_the_tree_from_indents(indent_in):
    names = ["g", " - s", "  - a", "  - b", "c"]
    counts = {"a": (30, 100), "b": (300, 400), "c": (5, 10)}
    rows = {}
    for name in names:
        task = name.strip(" -")
        row = leaf(*counts[task]) if task in counts else {"acc,none": WEIGHTED, "acc_stderr,none": 0.127}
        rows[name if indent_in == "key" else task] = {**row, "alias": name}
    found = results({"results": rows, "configs": {}})
    parents = {task: r.group for (task, _, _), r in found.items()}
    assert parents == {"g": None, "s": "g", "a": "s", "b": "s", "c": None}
    assert found["g", "acc", "none"].stderr == found["s", "acc", "none"].stderr == pytest.approx(stratified())


def test_a_label_in_the_definition_is_no_parent():
    rows = results({"results": {"a": leaf(3, 10)}, "configs": {"a": {"group": ["multiple_choice"]}}})
    assert rows["a", "acc", "none"].group is None


def mmlu_rows(prefix, leave_out=()):
    sizes = {part: 100 + i for i, part in enumerate(sorted(MMLU.parts)) if part not in leave_out}
    rows = {}
    for part, n in sizes.items():
        p = (n // 3) / n
        rows[prefix + part] = {"acc": p, "acc_stderr": math.sqrt(p * (1 - p) / (n - 1))}
    return sizes, rows


@pytest.mark.parametrize("prefix", ["hendrycksTest-", "mmlu_"])
def test_mmlu_is_derived_when_all_of_it_is_there(prefix):
    sizes, rows = mmlu_rows(prefix)
    found = results({"results": rows, "versions": dict.fromkeys(rows, 1), "config": {"num_fewshot": 5}})
    whole = found["mmlu", "acc", "none"]
    total = sum(sizes.values())
    assert (whole.n_samples, whole.n_correct) == (total, sum(n // 3 for n in sizes.values()))
    assert whole.score == pytest.approx(whole.n_correct / total)
    variance = sum((n / total) ** 2 * rows[prefix + part]["acc_stderr"] ** 2 for part, n in sizes.items())
    assert whole.stderr == pytest.approx(math.sqrt(variance))
    assert (whole.is_group, whole.score_published, whole.stderr_published) == (True, None, None)
    assert (whole.n_shot, whole.task_version, whole.stderr_rule) == (5, "1", "leaves")
    assert "derived" in whole.flags
    assert {r.group for (task, _, _), r in found.items() if task != "mmlu"} == {"mmlu"}


def test_mmlu_is_not_derived_from_56_subjects():
    _, rows = mmlu_rows("hendrycksTest-", leave_out=("virology",))
    assert ("mmlu", "acc", "none") not in results({"results": rows, "versions": {}})


@pytest.mark.parametrize(
    ("rows", "place"),
    [({}, "results"), ({"piqa": 0.5}, "results.piqa"), ({"piqa": [1]}, "results.piqa"), ({"piqa": None}, "results.piqa"),
     ({"piqa": {"alias": "x"}}, "results"), ({"piqa": {"acc": "0.5"}}, "results")],
)  # fmt: skip
def test_what_is_no_row_is_refused_with_its_place(rows, place):
    with pytest.raises(RefusedInput) as refused:
        parse({"results": rows, "versions": {}})
    assert refused.value.place == place


def test_a_task_that_comes_twice_after_trimming_is_kept_once():
    parsed = parse({"results": {"a": {"acc,none": 0.5}, "  - a": {"acc,none": 0.6}}, "configs": {}})
    assert [r.score for r in parsed.runs[0].results] == [0.5]
    assert "twice" in parsed.warnings[0]
