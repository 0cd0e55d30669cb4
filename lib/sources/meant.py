"""Which stored sources somebody means by a path, a name or a digest; never a guess: what fits two files names none."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import RefusedInput
from lib.sources.archives import Limits
from lib.sources.texts import storable
from lib.sources.walk import Raw, stored_name, walk

DIGEST_SHOWN = 12
CANDIDATES_SHOWN = 8
_DIGEST = re.compile(r"[0-9a-f]{6,64}")
_EXPECTED = "a file, folder or zip as given to the import, its name in the store, or the beginning of its digest"


def sources_meant(known: pd.DataFrame, given: str, limits: Limits, *, is_withdrawn: bool = False) -> pd.DataFrame:
    """The rows of ``known`` that ``given`` means: one file, or all files of one zip or folder.

    In this order: a file or folder of this machine, by its bytes; a name in the store, also without its first folders;
    the name that the import made of such a path; the beginning of a digest.

    Args:
        known: ``read.sources``: id, raw_digest, member, name, digest, imported_at, withdrawn_at.
        given: As typed.
        limits: Sizes of files to read.
        is_withdrawn: State of those wanted. Where a name fits several files, those in the other state do not count.

    Raises:
        RefusedInput: If nothing fits, or several files do; they are then listed.
    """
    meant = _of_disk(known, given, limits)
    return sources_named(known, given, is_withdrawn=is_withdrawn) if meant.empty else meant


def sources_named(known: pd.DataFrame, given: str, *, is_withdrawn: bool = False) -> pd.DataFrame:
    """``sources_meant`` by names and digests alone, without a look at this machine's files."""
    path = Path(given)
    name = storable(given).rstrip("/")
    for fitting in (
        _entities(known, name, is_whole=True),
        _entities(known, stored_name(path, path), is_whole=True),
        _entities(known, name, is_whole=False),
        _of_digest(known, given),
        _entities_within(known, name),
        _entities(known, path.name, is_whole=True),  # a folder is kept by its last name
    ):
        if len(fitting):
            return _only_one(fitting, given, is_withdrawn).drop(columns="entity")
    raise RefusedInput("there is no such source", file=given, expected=_EXPECTED)


def name_that_works(
    known: pd.DataFrame, wanted: Collection[int], first: str, *, is_withdrawn: bool = False
) -> str | None:
    """A name by which ``sources_named`` finds exactly these sources.

    Args:
        known: As above.
        wanted: Ids of sources, all in one state.
        first: The name to try first.
        is_withdrawn: Whether the name is for ``restore``.

    Returns:
        ``first``, the name of the one file that holds them all, or the beginning of its digest; None where none works.
    """
    own = known[known["id"].isin(wanted)]
    tried = [first]
    if own["raw_digest"].nunique() == 1:
        tried += [str(own["name"].iloc[0]).split("!/", 1)[0], str(own["raw_digest"].iloc[0])[:DIGEST_SHOWN]]
    for name in tried:
        if name.isprintable() and not name.startswith("-") and _finds(known, name, own, is_withdrawn):
            return name
    return None


def _finds(known: pd.DataFrame, name: str, own: pd.DataFrame, is_withdrawn: bool) -> bool:
    try:
        found = sources_named(known, name, is_withdrawn=is_withdrawn)
    except RefusedInput:
        return False
    in_state = found["withdrawn_at"].notna() == is_withdrawn
    return set(found["id"][in_state]) == set(own["id"])


def _of_disk(known: pd.DataFrame, given: str, limits: Limits) -> pd.DataFrame:
    """Sources with the bytes of this file, or of a file in this folder; none where nothing lies there."""
    path = Path(given)
    if not path.exists():
        return known[:0]
    digests = {raw.digest for raw in walk([path], limits) if isinstance(raw, Raw)}
    return known[known["raw_digest"].isin(digests)]


def _entities(known: pd.DataFrame, name: str, *, is_whole: bool) -> pd.DataFrame:
    """Sources that are called so, or lie in a zip or folder called so.

    Args:
        known: All sources.
        name: Parts of a path.
        is_whole: Whether the stored name must begin with it, or may have folders before it.

    Returns:
        These rows with ``entity``: what the name stands for in each, as something that names it alone. Files with one
        name and different bytes are two.
    """
    pattern = re.compile(f"{'^' if is_whole else '(?:^|/)'}{re.escape(name)}(?=$|/|!/)")
    found = [pattern.search(stored) if name else None for stored in known["name"].astype(str)]
    rows = known[np.array([match is not None for match in found], dtype=bool)]
    ends = [match.end() for match in found if match is not None]
    entities = []
    for stored, raw, end in zip(rows["name"].astype(str), rows["raw_digest"].astype(str), ends, strict=True):
        is_raw_file = end == len(stored) or stored.startswith("!/", end)
        entities.append(raw if is_raw_file and "!/" not in stored[:end] else stored[:end])
    return rows.assign(entity=pd.Series(entities, index=rows.index, dtype=object))


def _entities_within(known: pd.DataFrame, name: str) -> pd.DataFrame:
    """Sources whose whole stored name ends the path: ``a.csv`` for ``/somewhere/a.csv``."""
    raw_names = known["name"].astype(str).str.split("!/", n=1).str[0]
    rows = known[np.array([f"/{name}".endswith(f"/{stored}") for stored in raw_names], dtype=bool)]
    return rows.assign(entity=rows["raw_digest"])


def _of_digest(known: pd.DataFrame, given: str) -> pd.DataFrame:
    """Sources of the raw file whose digest begins so, or the one source whose own does."""
    if not _DIGEST.fullmatch(given):
        return known[:0]
    raw = known[known["raw_digest"].str.startswith(given)]
    if len(raw):
        return raw.assign(entity=raw["raw_digest"])
    own = known[known["digest"].str.startswith(given)]
    return own.assign(entity=own["name"])


def _only_one(fitting: pd.DataFrame, given: str, is_withdrawn: bool) -> pd.DataFrame:
    """The rows of the one entity in the wanted state; all of them where none is, so that nothing will change."""
    wanted = fitting[fitting["withdrawn_at"].notna() == is_withdrawn]
    entities = wanted["entity"].unique()
    if not len(entities):
        return fitting
    if len(entities) > 1:
        raise RefusedInput("the name fits several files", file=given, expected=f"one of: {_listed(wanted)}")
    return fitting[fitting["entity"] == entities[0]]


def _listed(rows: pd.DataFrame) -> str:
    """Each file once, by what tells it from the others and works as a name."""
    first = rows.drop_duplicates("entity")
    told = [
        f"{entity[:DIGEST_SHOWN]} ({name}, read on {at[:10]})" if entity == raw else entity
        for entity, raw, name, at in zip(
            first["entity"],
            first["raw_digest"],
            first["name"].str.split("!/", n=1).str[0],
            first["imported_at"],
            strict=True,
        )
    ]
    more = len(told) - CANDIDATES_SHOWN
    return ", ".join(told[:CANDIDATES_SHOWN]) + (f" and {more} more" if more > 0 else "")
