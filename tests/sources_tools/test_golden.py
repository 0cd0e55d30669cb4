"""What each importer of another tool's files makes of a small file, word by word, and what holds for all of them."""

import json
import math

import pytest

from lib.schema.flags import FLAGS
from lib.schema.records import STDERR_RULES
from lib.sources.registry import importer_for
from tests.sources_tools.cases import TOOLS, candidate_of, cases, summary

CASES = [pytest.param(folder, id=f"{folder.parent.name}/{folder.name}") for folder in cases()]


def test_every_importer_has_a_case():
    assert {folder.parent.name for folder in cases()} == set(TOOLS)


@pytest.mark.parametrize("folder", CASES)
def test_a_file_gives_what_was_checked(folder):
    candidate = candidate_of(folder)
    importer = importer_for(candidate)
    assert importer.name == folder.parent.name
    assert summary(importer.parse(candidate)) == json.loads((folder / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("folder", CASES)
def test_records_are_what_the_store_takes(folder):
    candidate = candidate_of(folder)
    for run in importer_for(candidate).parse(candidate).runs:
        assert run.spellings
        assert all(isinstance(name, str) and name for name in run.spellings)
        json.dumps([run.model_args, run.config], allow_nan=False)
        identities = [(r.task, r.prompt, r.filter, r.metric) for r in run.results]
        assert len(set(identities)) == len(identities)
        for result in run.results:
            check(result)


def check(result):
    assert set(result.flags) <= FLAGS.keys()
    assert result.stderr_rule in STDERR_RULES
    assert (result.stderr is None) == (result.stderr_rule == "none")
    assert (result.score is None) == (result.status != "scored")
    assert result.stderr is None or result.stderr > 0
    if result.n_correct is not None:
        assert 0 <= result.n_correct <= result.n_samples
        assert result.n_correct / result.n_samples == pytest.approx(result.score, abs=1e-9)
        if not result.is_group and 0 < result.n_correct < result.n_samples:
            p, n = result.score, result.n_samples
            assert result.stderr == pytest.approx(math.sqrt(p * (1 - p) / (n - 1)), rel=1e-9)
