"""Damaged and hostile files: a refusal or warnings, never another exception, never a record that the store refuses."""

import copy
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources import readers
from lib.sources.contract import Candidate
from tests.sources_lm_eval.golden_cases import KINDS, SOURCES, candidate_of, case_folders
from tests.sources_lm_eval.test_golden import check_result

SMALL = [
    candidate
    for kind in KINDS
    for folder in case_folders(kind)
    if len((candidate := candidate_of(folder)).content) < 25_000
]
NASTY = [
    None, True, False, 0, -1, 1e308, -1e308, 1e-320, 10**30, 2**63, 2**31, "", " ", "N/A", "x" * 5000, "\x00", "\ud800",
    "<script>alert(1)</script>", "](javascript:x)", [], {}, [[]], [None], {"": ""}, {"a": {"b": []}}, {"acc": 0.5},
    {"acc,none": 1e999}, "=1+1", "../../etc/passwd", "pretrained=", "1e999", "2", ["5", 5], {"effective": -3}, 0.5,
]  # fmt: skip


def read(candidate):
    """What the importers make of it; also that whoever recognises it does not raise anything else."""
    source = next(source for source in SOURCES if source.recognise(candidate))
    try:
        parsed = source.parse(candidate)
    except RefusedInput as refused:
        assert 0 < len(refused.message) < 3000
        return
    for run in parsed.runs:
        texts = [*run.spellings, *(value for value in (run.revision, run.dtype, run.backend, run.limit) if value)]
        for text in texts:
            assert text
            assert len(text) <= 300
            text.encode()
            assert "\x00" not in text
        json.dumps([run.model_args, run.config], allow_nan=False).encode()
        assert run.params_reported is None or 0 < run.params_reported < 2**63
        assert run.training_tokens is None or 0 <= run.training_tokens < 2**63
        assert run.total_seconds is None or math.isfinite(run.total_seconds)
        identities = [(r.task, r.prompt, r.filter, r.metric) for r in run.results]
        assert len(set(identities)) == len(identities)
        for result in run.results:
            assert all(0 < len(name) <= 300 for name in (result.task, result.filter, result.metric))
            assert result.n_samples is None or 0 < result.n_samples < 2**31
            assert result.n_shot is None or 0 <= result.n_shot < 2**31
            for number in (result.score, result.stderr, result.score_published, result.stderr_published):
                assert number is None or math.isfinite(number)
            check_result(result)


def paths(value, path=()):
    """Every place in a tree."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


def replaced(tree, path, value):
    if not path:
        return value
    tree = copy.deepcopy(tree)
    at = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return tree


@st.composite
def mutated(draw):
    candidate = draw(st.sampled_from(SMALL))
    content = candidate.content
    kind = draw(st.sampled_from(["cut", "bytes", "value", "value", "value", "key", "double"]))
    try:
        lines = [json.loads(content)]
    except ValueError:
        try:
            lines = [json.loads(line) for line in content.splitlines() if line.strip()]
        except ValueError:
            kind = "cut"
    if kind == "cut":
        content = content[: draw(st.integers(0, len(content)))]
    elif kind == "bytes":
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(st.binary(min_size=1, max_size=6)) + content[at + draw(st.integers(0, 6)) :]
    elif kind == "double":
        at = content.find(b"{") + 1
        content = content[:at] + b'"results": 1, ' + content[at:]
    else:
        number = draw(st.integers(0, len(lines) - 1))
        # Short paths first: most harm is done near the top.
        places = sorted(paths(lines[number]), key=len)
        index = min(draw(st.integers(0, len(places) - 1)), draw(st.integers(0, len(places) - 1)))
        path = places[index]
        if kind == "key" and path and isinstance(path[-1], str):
            new = draw(
                st.sampled_from(["", " ", ",", "_stderr", "acc,", "x" * 4000, "\x00", "  - a", "acc_stderr,none"])
            )
            lines[number] = replaced(lines[number], (*path[:-1], new), draw(st.sampled_from(NASTY)))
        else:
            lines[number] = replaced(lines[number], path, draw(st.sampled_from(NASTY)))
        content = b"\n".join(json.dumps(line).encode() for line in lines)
    return Candidate(candidate.name, content, candidate.neighbours)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_a_mutated_file_is_read_or_refused(candidate):
    read(candidate)


@pytest.mark.soak
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_many_mutated_files_are_read_or_refused(candidate):
    read(candidate)


@pytest.mark.parametrize(
    "key", sorted({key for c in SMALL if c.is_json_document and isinstance(c.json, dict) for key in c.json})
)
def test_every_nasty_value_under_every_top_key(key):
    base = next(c for c in SMALL if c.is_json_document and isinstance(c.json, dict) and key in c.json)
    for value in NASTY:
        read(Candidate(base.name, json.dumps({**base.json, key: value}).encode()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n\t",
        b"{",
        b"[" * 100_000,
        b'{"results":' * 5000,
        b'{"results": {"a": {"acc": ' + b"9" * 400 + b"}}}",
        b'{"results": {"a": {"acc": ' + b"9" * 6000 + b"}}}",
        b'{"results": {"a": {"acc": 1e999, "acc_stderr": -1e999}}}',
        b'{"results": {"a": {"acc": NaN, "acc_stderr": Infinity}}, "versions": {}}',
        b'{"results": {"a": {"acc": 0.5}, "a": {"acc": 0.6}}}',
        '{"results": {"a": {"acc": 0.5}}}'.encode("utf-16"),
        b'\xff\xfe{"results"',
        b'{"results": {"a": {"acc": 0.5}}, "config": {"model_args": "pretrained=\\ud800\\u0000x"}}',
        b"\x89PNG\r\n\x1a\n\x00",
        b"PK\x03\x04",
        b"\x80\x04\x95cos\nsystem\n",
    ],
)
def test_hand_made_nastiness(content):
    read(Candidate("a/b.json", content))


def deep(levels):
    return b"[" * levels + b"]" * levels


def test_depth_is_limited():
    readers.parse_json(deep(100))
    with pytest.raises(RefusedInput, match="nested too deeply"):
        readers.parse_json(deep(102))
    with pytest.raises(RefusedInput, match="nested too deeply"):
        readers.parse_json(b"[NaN, " + deep(200) + b"]")


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '{"a" : 1, "a": 2}', '{"b":[{"a":NaN,"a":2}]}', '{"a\\"":1,"a\\"":1}']
)
def test_a_key_twice_is_refused(text):
    with pytest.raises(RefusedInput, match="same key twice"):
        readers.parse_json(text.encode())


def test_colons_inside_texts_are_no_keys():
    assert readers.parse_json(b'{"a":"\\"b\\":\\"b\\":"}') == {"a": '"b":"b":'}


def test_a_cut_file_names_the_position():
    with pytest.raises(RefusedInput) as caught:
        readers.parse_json(b'{"results": {\n "a": {"acc": 0.5')
    assert caught.value.place.startswith("line 2 column ")
    with pytest.raises(RefusedInput, match="line 2"):
        list(readers.json_lines(b'{"doc_id": 0}\n{"doc_id": '))
