"""Every importer is found and keeps the contract."""

from __future__ import annotations

import re

import pytest

from lib.errors import RefusedInput
from lib.sources import registry
from lib.sources.contract import Candidate, Importer

HARMLESS = (
    b"",
    b" ",
    b"\x00",
    b"{",
    b"{}",
    b"[]",
    b"[[[[",
    b'{"results": 1}',
    b'{"results": {"a": {"b": {"c": 1}}}}',
    b"a,b\n1,2\n",
    b"\xff\xfe{\x00}\x00",
    b"\x89PNG\r\n",
    b"<html>",
    b'"text"',
    b"null",
    b"[1, 2]",
    b'{"a": NaN}\n{"a": 1}',
)


def test_importers_are_asked_in_order_and_have_names_of_their_own() -> None:
    found = registry.importers()
    assert len(found) >= 10
    assert [i.priority for i in found] == sorted(i.priority for i in found)
    assert len({i.name for i in found}) == len(found)


@pytest.mark.parametrize("importer", registry.importers(), ids=lambda i: i.name)
def test_an_importer_says_who_it_is(importer: Importer) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", importer.name)
    assert importer.version >= 1 and importer.describes.strip() == importer.describes != ""


@pytest.mark.parametrize("content", HARMLESS, ids=repr)
def test_recognising_never_raises_and_parsing_only_refuses(content: bytes) -> None:
    for importer in registry.importers():
        candidate = Candidate("any name.json", content)
        if importer.recognise(candidate):
            try:
                importer.parse(candidate)
            except RefusedInput as refusal:
                assert refusal.reason


def test_what_nobody_reads_is_refused_with_a_reason() -> None:
    for content in (b"", b"\x89PNG\r\n", b"plain words"):
        with pytest.raises(RefusedInput) as caught:
            candidate = Candidate("a.bin", content)
            registry.importer_for(candidate).parse(candidate)
        assert caught.value.reason


def test_the_state_follows_the_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    before = registry.state()
    monkeypatch.setattr(registry, "versions", lambda: {"a": 1})
    registry.state.cache_clear()
    assert registry.state() != before
    registry.state.cache_clear()
