"""Hostile files made from real ones: every one is different, and the same seed makes the same files.

``python -m tests.hostile.mutations FOLDER SEED COUNT`` writes them, to look at one that did harm.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.ingest.archives import encrypted, renamed, with_link, zipped

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
LARGEST_SOURCE = 150_000
MARKUP = (
    "<script>alert(1)</script>",
    "</td><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    '=HYPERLINK("http://x","y")',
    "$$\\href{javascript:x}{y}$$",
    "\x1b]0;owned\x07\x1b[2J",
    "\u202egpj.exe",
    "a\u0000b",
    "\ud800",
    "'; drop table runs; --",
    "org/" + "x" * 10_000,
    "../../../etc/passwd",
    "{{7*7}}",
    "\r\nSet-Cookie: x",
)
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, -0.0, 1e308, -1e308, 5e-324, 10**18, 2**63, -(2**63), 2**64, 10**400, "", " ", "N/A",
    "x" * 100_000, [], {}, [[]], [None], {"": ""}, {"acc,none": 0.5}, {"acc": {"acc": {"acc": 1}}}, 1.5, "0.5",
    float("nan"), float("inf"), float("-inf"), "2024-99-99", "\u0000", "pretrained=,,==,", [1] * 1000,
)  # fmt: skip
Maker = Callable[[random.Random, bytes], tuple[str, bytes]]


def real_files() -> list[bytes]:
    """The golden files, and the members of none of them: what importers read in earnest."""
    found = sorted(path for path in GOLDEN.rglob("*") if path.is_file() and not path.name.startswith("expected"))
    return [path.read_bytes() for path in found if 0 < path.stat().st_size <= LARGEST_SOURCE]


def write_hostile(folder: Path, seed: int, count: int) -> None:
    """Write ``count`` hostile files; which mutation made each is in its name."""
    sources = real_files()
    names = sorted(MUTATIONS)
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")
        kind = names[number % len(names)]
        ending, content = MUTATIONS[kind](rng, rng.choice(sources))
        (folder / f"{number:05d}-{kind}{ending}").write_bytes(content)


def truncated(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    return ".json", source[: rng.randrange(len(source))]


def flipped_bytes(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    changed = bytearray(source)
    for _ in range(rng.randrange(1, 20)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return rng.choice((".json", ".jsonl", ".csv", "")), bytes(changed)


def wrong_type(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    return ".json", _with_changes(rng, source, lambda: deepcopy(rng.choice(NASTY)), rng.randrange(1, 6))


def wrong_number(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    numbers = [value for value in NASTY if isinstance(value, int | float)]
    return ".json", _with_changes(rng, source, lambda: rng.choice(numbers), rng.randrange(1, 40))


def markup_in_names(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    return ".json", _with_changes(rng, source, lambda: rng.choice(MARKUP), rng.randrange(1, 10), keys_too=True)


def deep_nesting(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    depth = rng.choice((90, 101, 1_000, 100_000, 1_000_000))
    opened, closed = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"results":', b"}")))
    nested = opened * depth + b"1" + (closed * depth if rng.random() < 0.7 else b"")
    return ".json", b'{"results": {"t": {"acc": 0.5}}, "config": ' + nested + b"}" if rng.random() < 0.5 else nested


def twice_a_key(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    key = rng.choice((b'"results"', b'"config"', b'"acc"', b'"versions"', b'"doc_id"'))
    return ".json", source.replace(key, key + b": {}, " + key, 1)


def wrong_encoding(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    text = source.decode("utf-8", "replace")
    encoding = rng.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1", "cp500"))
    return ".json", text.replace("a", "\u00e4", 3).encode(encoding, "replace")


def many_rows(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    line = source.replace(b"\n", b" ")[:2_000]
    return ".jsonl", b"\n".join([line] * rng.randrange(2, 500))


def wide(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    """Little text that makes very many objects."""
    piece = rng.choice((b"[],", b"{},", b'{"doc_id": 1},', b'"x",'))
    whole = b"[" + piece * (rng.choice((100_000, 4_000_000)) // len(piece)) + b"1]"
    return (
        ".json",
        whole if rng.random() < 0.5 else b'{"results": {"t": {"acc": 0.5}}, "config": {"x": ' + whole + b"}}",
    )


def many_keys(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    tasks = {
        f"task {i} {rng.random()}": {"acc": rng.random(), "acc_stderr": rng.choice(NASTY[:4])} for i in range(5_000)
    }
    return ".json", json.dumps({"results": tasks, "versions": {}, "config": {"model_args": "pretrained=a/b"}}).encode()


def bad_table(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    lines = source.splitlines()[: rng.randrange(1, 50)]
    spoiled = [rng.choice((line, line + b",x", b'"' + line, line.replace(b",", b";"), line[:-3])) for line in lines]
    cell = rng.choice((b"=1+1", b"nan", b"1e999", b"\x00", b"9" * 400, b'"' * 7, b"<b>"))
    header = rng.choice((lines[0] if lines else b"", b"model,task,metric,score", b"model,mmlu,gsm8k"))
    return ".csv", b"\n".join([header, *spoiled, b",".join([cell] * rng.randrange(1, 40))])


def zip_bomb(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    bomb = rng.choice((b"\0", b"[", b'{"results":', b"1,")) * rng.choice((3_000_000, 15_000_000))
    inner = zipped({"bomb.json": bomb[:40_000_000]})
    if rng.random() < 0.5:
        return ".zip", zipped({f"{i}.zip": inner for i in range(20)})
    return ".zip", zipped({"bomb.json": bomb[:40_000_000], "good.json": source})


def climbing_names(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    names = (
        "../up.json",
        "/root.json",
        "a/../../b.json",
        "C:\\x.json",
        "..\\x",
        "ok/" * 200 + "x.json",
        "\x1b[2J.json",
    )
    return ".zip", zipped(dict.fromkeys(rng.sample(names, 3), source) | {"good.json": source})


def broken_zip(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    whole = zipped({"aaaa.json": source, "bbbb.json": source[: len(source) // 2], "c/d.json": b"\x00"})
    kind = rng.randrange(5)
    if kind == 0:
        return ".zip", whole[: rng.randrange(4, len(whole))]
    if kind == 1:
        return ".zip", encrypted(whole)
    if kind == 2:
        return ".json", with_link("link", "/etc/passwd")
    if kind == 3:
        return ".zip", renamed(whole, b"bbbb.json", b"aaaa.json")
    return "", b"PK\x03\x04" + flipped_bytes(rng, whole)[1][4:]


def noise(rng: random.Random, source: bytes) -> tuple[str, bytes]:
    content = rng.choice(
        (b"", b"\n" * 1000, rng.randbytes(5_000), b"\x80\x04\x95" + source, b"{" * 5_000, b"null", b'"x"')
    )
    return rng.choice((".json", ".pkl", ".yaml", "")), content


MUTATIONS: dict[str, Maker] = {
    maker.__name__.replace("_", "-"): maker
    for maker in (
        truncated, flipped_bytes, wrong_type, wrong_number, markup_in_names, deep_nesting, twice_a_key, wrong_encoding,
        many_rows, many_keys, wide, bad_table, zip_bomb, climbing_names, broken_zip, noise,
    )
}  # fmt: skip


def _with_changes(
    rng: random.Random, source: bytes, value: Callable[[], Any], n_changes: int, *, keys_too: bool = False
) -> bytes:
    """The JSON document, or the first lines of JSON Lines, with values (and keys) replaced at random places."""
    lines = source.split(b"\n")
    try:
        documents = [json.loads(source)]
    except ValueError:
        try:
            documents = [json.loads(line) for line in lines[:20] if line.strip()]
        except ValueError:
            return source.replace(b",", str(value()).encode("utf-8", "replace"), n_changes)
    for _ in range(n_changes):
        _change(rng, rng.choice(documents), value, keys_too)
    return "\n".join(json.dumps(document) for document in documents).encode()


def _change(rng: random.Random, document: Any, value: Callable[[], Any], keys_too: bool) -> None:
    at = document
    for _ in range(rng.randrange(1, 8)):
        places = list(at) if isinstance(at, dict) else list(range(len(at))) if isinstance(at, list) else []
        if not places:
            return
        place = rng.choice(places)
        below = at[place]
        if not isinstance(below, dict | list) or not below or rng.random() < 0.2:
            if keys_too and isinstance(at, dict) and rng.random() < 0.4:
                at[str(value())] = at.pop(place)
            else:
                at[place] = value()
            return
        at = below


if __name__ == "__main__":
    write_hostile(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
