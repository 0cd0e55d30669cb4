"""Model cards: units, names and hostile YAML."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources.card_yaml import MAX_BYTES, front_matter, read_yaml
from lib.sources.contract import Candidate
from lib.sources.model_card import SOURCE, repository_of
from lib.sources.registry import importer_for

HEAD = "---\nmodel-index:\n- name: m\n  results:\n"


def card(*values, metric="acc", name="org/m/README.md"):
    rows = "".join(
        f"  - dataset: {{name: set {i}, type: x}}\n    metrics: [{{type: {metric}, value: {value}}}]\n"
        for i, value in enumerate(values)
    )
    return Candidate(name, f"{HEAD}{rows}---\n# A card\n".encode())


def scores(candidate):
    return [result.score for run in SOURCE.parse(candidate).runs for result in run.results]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.25, 0.5), [0.25, 0.5]),
        ((25, 50.5), [0.25, 0.505]),
        ((25, 0.5), [0.25]),  # half a percent, or a half?
        ((25, 0), [0.25, 0]),  # nothing is nothing in either
        (("'25 %'", 0.5), [0.25, 0.5]),
        ((0.25, "broken"), [0.25]),
    ],
)
def test_a_source_writes_fractions_or_percentages(values, expected):
    assert scores(card(*values)) == pytest.approx(expected)


def test_other_metrics_keep_their_unit():
    assert scores(card(7.5, 0.5, metric="perplexity")) == [7.5, 0.5]


def test_a_card_is_compared_with_itself_alone():
    runs = [SOURCE.parse(card(0.5, name=f"org/{name}/README.md")).runs[0] for name in ("a", "b")]
    assert {run.evaluator for run in runs} == {"document"}
    assert len({run.document for run in runs}) == 2


@pytest.mark.parametrize(
    ("path", "repository"),
    [
        ("org/name/README.md", "org/name"),
        ("cards.zip!/org/name/README.md", "org/name"),
        ("x/models--org--name/snapshots/abc/README.md", "org/name"),
        ("org/name/.eval_results/hle.yaml", "org/name"),
        ("README.md", None),
        ("data/README.md", None),
    ],
)
def test_folders_name_the_model(path, repository):
    assert repository_of(path) == repository


def test_a_card_without_results_is_a_document():
    plain = Candidate("org/m/README.md", b"---\nlicense: mit\n---\nmodel-index: in the text only\n")
    assert importer_for(plain).name == "not-evaluations"
    assert importer_for(card(0.5)).name == "model-card"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x [1]\nb: [*x, *x]", "a reference"),
        ("a: !!python/object/apply:os.system ['true']", "a tag"),
        ("a: !!bool zz", "a tag"),
        ("[" * 200, "nested"),
        ("a: 2024-99-99", "not YAML"),
        ("a: {b: 1", "not YAML"),
        ("? {a: b}\n: c", "not YAML"),
        ("a: '" + "x" * MAX_BYTES + "'", "too large"),
    ],
)
def test_hostile_yaml_gives_messages(text, reason):
    with pytest.raises(RefusedInput, match=reason):
        read_yaml(text.encode())


def test_texts_can_be_stored():
    (value,) = read_yaml(b'a: "x\\0y"').values()
    assert value.encode()
    assert "\0" not in value


@given(st.text(alphabet="-:{}[]&*!|>'\"#%@` \n\tab01.?", max_size=120))
def test_anything_gives_values_or_a_message(text):
    with contextlib.suppress(RefusedInput):
        read_yaml(text.encode())
    candidate = Candidate("org/m/README.md", f"{HEAD}{text}\n---\n".encode())
    if SOURCE.recognise(candidate):
        with contextlib.suppress(RefusedInput):
            SOURCE.parse(candidate)
    assert front_matter(candidate.content)
