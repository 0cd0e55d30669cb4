"""YAML from outside as plain values: no tags that make objects, no references, limits on size and depth.

References are refused because a few lines of them unfold into any number of values.
"""

from __future__ import annotations

from typing import Any

import yaml

from lib.errors import RefusedInput
from lib.sources.readers import MAX_DEPTH, storable_tree

MAX_BYTES = 1_000_000
"""Of front matter or of a list of results; cards with hundreds of results have a tenth of it."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def front_matter(content: bytes) -> bytes | None:
    """What stands between the first two lines of ``---``; None where a text does not begin with one."""
    first, _, rest = content.partition(b"\n")
    if first.strip() != b"---":
        return None
    end = rest.find(b"\n---")
    return rest[: end + 1] if end >= 0 else None


def read_yaml(content: bytes) -> Any:
    """One YAML document as dictionaries, lists, texts, numbers, booleans, dates and None.

    Raises:
        RefusedInput: Not UTF-8 or not YAML (names the line), too large, too deep, with references or tags of objects.
    """
    if len(content) > MAX_BYTES:
        raise RefusedInput("too large for YAML", expected=f"at most {MAX_BYTES:,} bytes", found=f"{len(content):,}")
    try:
        text = content.decode("utf-8")
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise RefusedInput(
                    "a reference in YAML", place=_place(event.start_mark), expected="every value written out"
                )
            if getattr(event, "tag", None) is not None:
                raise RefusedInput(
                    "a tag in YAML", place=_place(event.start_mark), expected="plain values", found=event.tag
                )
            depth += isinstance(event, _STARTS) - isinstance(event, _ENDS)
            if depth > MAX_DEPTH:
                raise RefusedInput(
                    "nested too deeply", place=_place(event.start_mark), expected=f"at most {MAX_DEPTH} levels"
                )
        return storable_tree(yaml.load(text, Loader=_LOADER))
    except UnicodeDecodeError as error:
        raise RefusedInput("not UTF-8 text", place=f"byte {error.start}", expected="YAML in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        raise RefusedInput(
            "not YAML that can be read", place=_place(error.problem_mark), found=error.problem or None
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # ValueError: dates that are none
        raise RefusedInput("not YAML that can be read", found=str(error)) from None


def _place(mark: Any) -> str:
    return "" if mark is None else f"line {mark.line + 1}"
