"""Zips for tests: ordinary ones, and the kinds that hostile people send."""

from __future__ import annotations

import io
import zipfile


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of the members in the order given."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            # With a time of its own the same members are the same bytes, whenever they are packed.
            entry = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
            entry.compress_type = method
            archive.writestr(entry, content)
    return buffer.getvalue()


def renamed(content: bytes, before: bytes, after: bytes) -> bytes:
    """The zip with a name of the same length put in place of another, in both places where a zip keeps it."""
    assert len(before) == len(after) and content.count(before) >= 2
    return content.replace(before, after)


def encrypted(content: bytes) -> bytes:
    """The zip with the flag for encryption set on every member."""
    changed = bytearray(content)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = content.find(mark)
        while position >= 0:
            changed[position + at] |= 1
            position = content.find(mark, position + 4)
    return bytes(changed)


def with_link(name: str, target: str) -> bytes:
    """A zip whose one member is a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, target)
    return buffer.getvalue()


def results_file(model: str = "org/model", score: float = 0.75, task: str = "arc_easy", **config: object) -> bytes:
    """A small results file of lm-eval 0.3."""
    import json

    error = (score * (1 - score) / 2375) ** 0.5
    document = {
        "results": {task: {"acc": score, "acc_stderr": error}},
        "versions": {task: 0},
        "config": {
            "model": "hf-causal",
            "model_args": f"pretrained={model}",
            "num_fewshot": 0,
            "limit": None,
            **config,
        },
    }
    return json.dumps(document, indent=2).encode()
