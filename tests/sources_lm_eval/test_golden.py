"""Real files of every generation, byte for byte, with what must come out of them."""

import json
import math

import pytest

from lib.errors import RefusedInput
from lib.schema.flags import FLAGS
from lib.schema.records import STDERR_RULES
from tests.sources_lm_eval.golden_cases import (
    KINDS,
    candidate_of,
    case_folders,
    slow_scores,
    source_for,
    summary,
)

CASES = [pytest.param(folder, id=f"{kind}/{folder.name}") for kind in KINDS for folder in case_folders(kind)]
RESULT_CASES = [pytest.param(folder, id=folder.name) for folder in case_folders("lm-eval-results")]


@pytest.mark.parametrize("folder", CASES)
def test_a_file_gives_what_was_checked(folder):
    expected = json.loads((folder / "expected.json").read_text())
    assert json.loads(json.dumps(summary(candidate_of(folder)))) == expected


@pytest.mark.parametrize("folder", CASES)
def test_records_are_what_the_store_takes(folder):
    candidate = candidate_of(folder)
    try:
        parsed = source_for(candidate).parse(candidate)
    except RefusedInput:
        return
    for run in parsed.runs:
        assert run.spellings
        assert all(isinstance(name, str) and name for name in run.spellings)
        json.dumps([run.model_args, run.config], allow_nan=False)
        identities = [(r.task, r.prompt, r.filter, r.metric) for r in run.results]
        assert len(set(identities)) == len(identities)
        for result in run.results:
            check_result(result)


def check_result(result):
    assert set(result.flags) <= FLAGS.keys()
    assert result.stderr_rule in STDERR_RULES
    assert (result.stderr is None) == (result.stderr_rule == "none")
    assert (result.score is None) == (result.status != "scored")
    if result.stderr is not None:
        assert result.stderr > 0
    if result.n_correct is not None:
        assert 0 <= result.n_correct <= result.n_samples
        assert result.n_correct / result.n_samples == pytest.approx(result.score, abs=1e-9)
        if not result.is_group and 0 < result.n_correct < result.n_samples:
            p, n = result.score, result.n_samples
            assert result.stderr == pytest.approx(math.sqrt(p * (1 - p) / (n - 1)), rel=1e-9)


@pytest.mark.parametrize("folder", RESULT_CASES)
def test_every_number_of_the_raw_file_is_there_and_no_other(folder):
    candidate = candidate_of(folder)
    try:
        document = json.loads(candidate.content)
    except ValueError:
        with pytest.raises(RefusedInput, match="not JSON"):
            source_for(candidate).parse(candidate)
        return
    (run,) = source_for(candidate).parse(candidate).runs
    read = {
        (r.task, r.metric, r.filter): (r.score_published, r.stderr_published)
        for r in run.results
        if "derived" not in r.flags
    }
    assert read == slow_scores(document)


@pytest.mark.parametrize("folder", RESULT_CASES)
def test_sizes_and_group_errors_follow_from_the_raw_file(folder):
    candidate = candidate_of(folder)
    if not candidate.is_json_document:
        return
    document = json.loads(candidate.content)
    (run,) = source_for(candidate).parse(candidate).runs
    stated = document.get("n-samples", {})
    by_task = {}
    for result in run.results:
        by_task.setdefault((result.metric, result.filter), {})[result.task] = result
        if result.task in stated and "n-disagrees" not in result.flags:
            assert result.n_samples == stated[result.task]["effective"]
        p, se = result.score_published, result.stderr_published
        if "n-recovered" in result.flags and result.n_correct and se:
            assert result.n_samples == pytest.approx(1 + p * (1 - p) / se**2, abs=0.01)
    children = {g: c for g, c in document.get("group_subtasks", {}).items() if c}

    def leaves(task):
        return [leaf for child in children[task] for leaf in leaves(child)] if task in children else [task]

    for scores in by_task.values():
        for group in children:
            if group not in scores or scores[group].stderr_rule != "leaves":
                continue
            parts = [scores[leaf] for leaf in leaves(group) if leaf in scores]
            n = [part.n_samples for part in parts]
            if "unweighted" in scores[group].flags:
                mean = sum(part.score for part in parts) / len(parts)
                error = math.sqrt(sum((part.stderr or 0) ** 2 for part in parts)) / len(parts)
            else:
                mean = sum(m * part.score for m, part in zip(n, parts, strict=True)) / sum(n)
                error = math.sqrt(sum((m / sum(n) * (part.stderr or 0)) ** 2 for m, part in zip(n, parts, strict=True)))
            assert scores[group].score == pytest.approx(mean, abs=1e-9)
            assert scores[group].stderr == pytest.approx(error, rel=1e-9)
            assert scores[group].is_group
