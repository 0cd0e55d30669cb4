"""From the names that files and boards use to models. What is not known is never guessed.

A spelling is looked up, in this order, as a reader's alias, an alias that holds only in its source, a catalogue
id, a Hub id and an alias that holds everywhere; first exactly as written, then without regard to case. The
same is tried with what certainly lies in a spelling: ``org/name`` in a Hub address or in a path of the Hub's cache.
Any other valid ``org/name`` is a community model; everything else waits for somebody who knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_NAME = 96
LONGEST_SPELLING = 500

_HUB_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?", re.ASCII)
_HUB_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/)?([^/\s]+/[^/\s?#]+)")
_CACHED = re.compile(r"(?:^|/)models--([A-Za-z0-9_.\-]+?)--([A-Za-z0-9_.\-]+?)(?:/snapshots/[^/]+)?$")
_LIBRARY = re.compile(r"^/.*?/huggingface/([A-Za-z0-9_.\-]+/[A-Za-z0-9_.\-]+)$")
_FOLDER = re.compile(r"([A-Za-z0-9][A-Za-z0-9.\-]*)__([A-Za-z0-9][A-Za-z0-9.\-]*)")
_LOCAL_FOLDER = re.compile(
    r"adapters|artifacts|cache|checkpoints?|ckpts?|data|downloads|exp|experiments|home|local|logs?|mnt|models?|opt|out|"
    r"outputs?|pretrained|results?|root|runs?|saved?|saves|scratch|shared|storage|src|tmp|train|training|users?|usr|var|"
    r"weights|work|workspace",
    re.IGNORECASE,
)
_LOCAL_ENDINGS = (".bin", ".ckpt", ".ggml", ".gguf", ".git", ".ipynb", ".json", ".pt", ".pth", ".safetensors", ".zip")
_LOCAL_LEAF = re.compile(r"(?:checkpoint|global_?step|step|iter|epoch|snapshots?|final|hf|best)[-_]?\d*", re.IGNORECASE)
_QUANTISED = re.compile(
    r"(?:^|[-_/.])(awq|gptq|gguf|bnb|nf4|fp4|fp8|int4|int8|[2-8]-?bit|w[48]a(?:8|16)|q[2-8]_[k01][\w]*)(?=$|[-_/.])",
    re.IGNORECASE,
)
_SIZE_IN_NAME = re.compile(
    r"(?<![A-Za-z0-9.])(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?)([bm])(?![A-Za-z0-9])", re.IGNORECASE
)
_DECIMAL_UNDERSCORE = re.compile(r"(?<!\d)(\d)_(\d{1,2})b(?![A-Za-z0-9])", re.IGNORECASE)
"""``1_8b`` is written for 1.8B; ``llama-3_8B`` looks alike, so such a name states both sizes."""

_SMALLEST_IN_NAME = 5e6
"""Below this a number with an M is a context length (``-1M``) and no size."""

LARGEST_DISAGREEMENT = 0.25
"""Sizes that differ by more than this share of the expected one are disputed."""

ROUNDED_FAMILIES = {
    0.5: (0.494, 0.630),
    1.0: (1.236, 1.335, 1.498, 1.669),
    2.0: (2.506, 2.534, 2.614, 2.634, 2.683),
    3.0: (3.821,),
}
"""Family names that round far from a true count that is known, in billions: Qwen 0.5B (the larger with the output
matrix counted), Llama 3.2 1B, Granite 3 1B-A400M and 2B, Falcon3 1B, Gemma 2B, Gemma 2 2B, RecurrentGemma 2B,
Phi-3-mini called 3B (data/leaderboards/README.md)."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a run's spellings mean.

    Args:
        model_id: Id of a model that the catalogue or the store holds, or None.
        community_id: ``org/name`` of a model that nobody has described yet, or None. Never set with ``model_id``.
        how: Rule that decided: reader alias, scoped alias, id, Hub id, alias, community or unresolved; with
            ``, case ignored`` where only that made it fit.
        spelling: The spelling that decided; the first one when nothing did.
        kind: Kind of the alias (``served variant``, ``snapshot or mode``, ...), or None.
    """

    model_id: str | None
    how: str
    spelling: str
    community_id: str | None = None
    kind: str | None = None

    @property
    def is_resolved(self) -> bool:
        return self.model_id is not None or self.community_id is not None

    @property
    def quantisation(self) -> str | None:
        """How a served variant is quantised, as far as its name says: the run is of other weights than the model."""
        return quantisation_in(self.spelling) if self.kind is not None and "served variant" in self.kind else None


class _Names:
    """Spellings of one rule, exact and without regard to case; a folded spelling of two models means none."""

    def __init__(self, pairs: Iterable[tuple[str, str, str | None]]) -> None:
        self.exact: dict[str, tuple[str, str | None]] = {}
        self.folded: dict[str, tuple[str, str | None] | None] = {}
        for spelling, model, kind in pairs:
            self.exact[spelling] = (model, kind)
            folded = spelling.casefold()
            known = self.folded.setdefault(folded, (model, kind))
            if known is not None and known[0] != model:
                self.folded[folded] = None


class Resolver:
    """Resolves spellings against a fixed state of models and aliases.

    Args:
        aliases: Rows with ``alias``, ``model_id``, ``scope`` ('' for everywhere), ``kind`` and ``origin``
            (``shipped`` or ``reader``); a frame or dictionaries.
        models: Rows with ``id`` and ``hf_id``; a frame or dictionaries. Community models are found by their id.
    """

    def __init__(self, aliases: Any, models: Any) -> None:
        grouped: dict[tuple[bool, str], list[tuple[str, str, str | None]]] = {}
        for row in _records(aliases):
            key = (row.get("origin") == "reader", _text(row.get("scope")) or "")
            grouped.setdefault(key, []).append((_trim(row["alias"]), row["model_id"], _text(row.get("kind"))))
        known = list(_records(models))
        self._groups = {key: _Names(pairs) for key, pairs in grouped.items()}
        self._ids = _Names((row["id"], row["id"], None) for row in known)
        self._hub = _Names((row["hf_id"], row["id"], None) for row in known if _text(row.get("hf_id")))

    def resolve(self, spellings: Sequence[str], scope: str = "") -> Resolution:
        """The model that the spellings mean.

        Args:
            spellings: Best first; an earlier one wins over a later one by the same kind of match.
            scope: Base name of the zip, or name of the board: aliases of this scope are used too.

        Returns:
            A resolution; where nothing fits, both ids are None and ``how`` is ``unresolved``.
        """
        tables = self._tables(scope)
        tried = [(spelling, variant) for spelling in spellings for variant in variants(spelling)]
        for fold in (False, True):
            for spelling, variant in tried:
                found = _look_up(tables, variant, fold=fold)
                if found is not None:
                    model, how, kind = found
                    return Resolution(model, how + (", case ignored" if fold else ""), spelling, kind=kind)
        for spelling in spellings:
            community = community_name(spelling)
            if community is not None:
                return Resolution(None, "community", spelling, community_id=community)
        return Resolution(None, "unresolved", spellings[0] if spellings else "")

    def _tables(self, scope: str) -> list[tuple[str, _Names]]:
        order = [
            ("reader alias", self._groups.get((True, scope)) if scope else None),
            ("reader alias", self._groups.get((True, ""))),
            ("scoped alias", self._groups.get((False, scope)) if scope else None),
            ("id", self._ids),
            ("Hub id", self._hub),
            ("alias", self._groups.get((False, ""))),
        ]
        return [(how, table) for how, table in order if table is not None]


def _look_up(tables: list[tuple[str, _Names]], spelling: str, *, fold: bool) -> tuple[str, str, str | None] | None:
    folded = spelling.casefold()
    for how, table in tables:
        found = table.folded.get(folded) if fold else table.exact.get(spelling)
        if found is not None:
            return found[0], how, found[1]
    return None


def _records(rows: Any) -> Iterable[Mapping[str, Any]]:
    """Rows as dictionaries, also of a pandas frame."""
    records: Iterable[Mapping[str, Any]] = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
    return records


def _text(value: Any) -> str | None:
    """The value when it is a text, else None: frames write NaN where a row has none."""
    return value if isinstance(value, str) and value else None


def _trim(spelling: str) -> str:
    trimmed = spelling.strip()
    return trimmed.rstrip("/") or trimmed


def variants(spelling: str) -> list[str]:
    """The spelling without blanks and slashes at its end, then the ``org/name`` that lies in it.

    That is a Hub address, a path of the Hub's cache (``models--org--name/snapshots/<commit>``), a path that ends in
    ``/huggingface/<org>/<name>`` or a folder that lm-eval named ``org__name``. The last two are only looked up: a
    folder's name alone makes no community model.
    """
    name = _trim(spelling[:LONGEST_SPELLING])
    inside = hub_name(name)
    if inside is None:
        library, folder = _LIBRARY.match(name), _FOLDER.fullmatch(name)
        inside = library[1] if library else f"{folder[1]}/{folder[2]}" if folder else None
    return [name] if inside is None or inside == name else [name, inside]


def hub_name(spelling: str) -> str | None:
    """The ``org/name`` in a Hub address or in a path of the Hub's cache; None for others."""
    address = _HUB_ADDRESS.match(spelling)
    if address:
        return address[1]
    cached = _CACHED.search(spelling)
    return f"{cached[1]}/{cached[2]}" if cached else None


def community_name(spelling: str) -> str | None:
    """The valid Hub id ``org/name`` that a spelling is, or that certainly lies in it; None for local paths and others.

    Source:
        Rules of the Hub for repository names: letters, digits, ``_``, ``-`` and ``.``, at most 96 characters, no
        ``--`` and no ``..``, neither ``-`` nor ``.`` at the ends, not ending in ``.git`` or ``.ipynb``.
    """
    trimmed = spelling.strip()
    inside = hub_name(_trim(trimmed))
    if inside is None and trimmed.endswith("/"):
        return None
    name = inside or trimmed
    organisation, slash, leaf = name.partition("/")
    if not slash or "/" in leaf or ".." in name or "--" in name:
        return None
    if max(len(organisation), len(leaf)) > LONGEST_NAME:
        return None
    if not (_HUB_PART.fullmatch(organisation) and _HUB_PART.fullmatch(leaf)):
        return None
    if _LOCAL_FOLDER.fullmatch(organisation) or leaf.lower().endswith(_LOCAL_ENDINGS) or _LOCAL_LEAF.fullmatch(leaf):
        return None
    return name


def quantisation_in(name: str) -> str | None:
    """The quantisation that a name states (``fp8``, ``awq``, ``4bit``, ...), lower case; None if it states none."""
    found = _QUANTISED.search(name)
    return found[1].lower().replace("-", "") if found else None


def sizes_in(name: str) -> list[float]:
    """Parameter counts that a model's name states: ``Mixtral-8x7B`` 56e9, ``Qwen2.5-0.5B`` 0.5e9."""
    leaf = name.rsplit("/", 1)[-1]
    sizes = [
        float(m[2]) * int(m[1] or 1) * (1e9 if m[3] in "bB" else 1e6)
        for m in _SIZE_IN_NAME.finditer(leaf.replace("_", "-"))
    ]
    sizes += [float(f"{m[1]}.{m[2]}") * 1e9 for m in _DECIMAL_UNDERSCORE.finditer(leaf)]
    return [size for size in sizes if size >= _SMALLEST_IN_NAME]


def size_status_for(
    name: str, params_reported: int | None, catalogue: float | None = None, disputed: Iterable[str] = ()
) -> str:
    """Status of a size that only a board or a file reports.

    Args:
        name: The community model's name.
        params_reported: The reported count; None when unknown.
        catalogue: Size in the catalogue of the same weights, if there are such.
        disputed: Names known to be disputed (``model_id`` of ``disputed_sizes``); looked up, so give a set.

    Returns:
        ``unknown``, ``disputed`` or ``reported``. Disputed is a count more than 25 percent away from the catalogue's
        or, without one, from every size in the name; rounded family names whose true count is known are not.
    """
    if params_reported is None or params_reported <= 0:
        return "unknown"
    if name in disputed:
        return "disputed"
    if catalogue is not None:
        is_far = _is_far(params_reported, catalogue)
    else:
        sizes = sizes_in(name)
        is_far = bool(sizes) and not any(_fits_name(params_reported, size) for size in sizes)
    return "disputed" if is_far else "reported"


def _is_far(reported: float, expected: float) -> bool:
    return abs(reported - expected) > LARGEST_DISAGREEMENT * expected


def _fits_name(reported: float, size: float) -> bool:
    known = ROUNDED_FAMILIES.get(size / 1e9, ())
    return not _is_far(reported, size) or any(abs(reported / 1e9 - true) <= 0.005 for true in known)
