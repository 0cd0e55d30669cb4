"""Names that look alike are asked about; names with other numbers, and paths, are not."""

from __future__ import annotations

import pytest

from lib.sources.similar import similar

KNOWN = {
    "llama-2-70b": "llama-2-70b",
    "meta-llama/Llama-2-7b-hf": "llama-2-7b",
    "HellaSwag": "hellaswag",
    "hellaswag": "hellaswag",
    "arc_easy": "arc_easy",
}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("llama2-70b", ["llama-2-70b"]),
        ("LLaMA 2 70B", ["llama-2-70b"]),
        ("helaswag", ["hellaswag"]),
        ("llama2-13b", []),
        ("llama-70b", []),
        ("Tiny Helper", []),
        ("/home/lena/hellaswag", []),
        ("./hellaswag", []),
        ("a/b/hellaswag", []),
        ("", []),
        ("x" * 10_000, []),
    ],
)
def test_what_is_asked(name: str, wanted: list[str]) -> None:
    assert similar(name, KNOWN) == wanted


def test_at_most_two() -> None:
    assert len(similar("model-x", {f"model-{letter}": letter for letter in "abcdef"})) == 2
