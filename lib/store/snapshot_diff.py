"""What changed between two states of the store: sources, runs, scores, facts, names, prices; frames of few rows each.

Each state is a store (a snapshot, or the live one) as its sight sees it. What one may not see in either is in no list.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import or_, select

from lib.store import snapshots, tables
from lib.store.db import Store
from lib.store.frames import FrameCache, Frames
from lib.store.in_force import is_live, is_seen

NOW = "now"
"""In place of a snapshot: the store as it is."""
NEW, GONE, WITHDRAWN, READ_AGAIN = "new", "gone", "withdrawn", "read again"
SOURCE_COLUMNS = ("what", "name", "title", "source", "n_results", "imported_at")
RUN_COLUMNS = ("what", "run", "model", "model_name", "evaluator", "source")
VALUE_COLUMNS = ("model_name", "task", "metric", "n_shot", "before", "after", "run_before", "run_after", "source")
FACT_COLUMNS = ("model", "name", "field", "before", "after")
NAME_COLUMNS = ("alias", "scope", "before", "after")
PRICE_COLUMNS = ("what", "provider", "api_name", "field", "before", "after", "valid_from")
FACTS = (
    "name", "family", "developer", "released_on", "kind", "architecture", "params_total", "params_active", "size_status",
    "training_tokens", "tokens_status", "context_length", "licence", "open_weights", "hf_id", "finetuned_from",
    "variant_of",
)  # fmt: skip
PRICES = (
    "input_usd_per_mtok", "output_usd_per_mtok", "cached_input_usd_per_mtok", "batch_input_usd_per_mtok",
    "batch_output_usd_per_mtok", "valid_to",
)  # fmt: skip
_RESULT_KEY = ("of", "evaluator", "source", "task", "prompt", "filter", "metric", "n_shot")
_PRICE_KEY = ("provider", "api_name", "origin", "valid_from")
_VALUES = ("score", "stderr", "n_samples")


class Diff(NamedTuple):
    """What is different in the later state.

    Args:
        before, after: Digests of the two states.
        sources: ``SOURCE_COLUMNS``; ``what`` is new, withdrawn, gone (no longer there to see) or read again (by a newer
            importer); ``source`` is the beginning of the digest of its bytes.
        runs: ``RUN_COLUMNS``; new or gone.
        values: ``VALUE_COLUMNS``; scores whose place is the same (model, evaluator, file, task, metric, shots) and whose
            number is not: score, standard error or number of items. ``before`` and ``after`` are the scores.
        facts: ``FACT_COLUMNS``; of models in both. None for unknown.
        names: ``NAME_COLUMNS``; spellings and the model that they mean; None where there was or is none.
        prices: ``PRICE_COLUMNS``; listed prices and own ones, new, gone, or with another number.
        models: ``what``, ``model``, ``name``; new or gone.
    """

    before: str
    after: str
    sources: pd.DataFrame
    runs: pd.DataFrame
    values: pd.DataFrame
    facts: pd.DataFrame
    names: pd.DataFrame
    prices: pd.DataFrame
    models: pd.DataFrame

    @property
    def is_empty(self) -> bool:
        """Nothing that a page could show differently."""
        return not any(len(part) for part in self[2:])

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, in words that stand before the noun: ``new runs``, ``withdrawn sources``, and so on."""
        runs, sources = self.runs["what"], self.sources["what"]
        return {
            "new runs": int((runs == NEW).sum()),
            "runs that are gone": int((runs == GONE).sum()),
            "changed scores": len(self.values),
            "new sources": int((sources == NEW).sum()),
            "withdrawn sources": int((sources == WITHDRAWN).sum()),
            "sources that are gone": int((sources == GONE).sum()),
            "sources read again": int((sources == READ_AGAIN).sum()),
            "changed facts of models": len(self.facts),
            "changed names": len(self.names),
            "changed prices": len(self.prices),
        }


def diff(store: Store, before: str, after: str = NOW) -> Diff:
    """What changed between two snapshots (names or digests, or ``NOW``), as this store's sight sees them.

    Raises:
        RefusedInput: If there is no such snapshot that may be seen.
        Unavailable: If the file of one is gone.
    """
    opened = [None if name == NOW else snapshots.open_snapshot(store, name) for name in (before, after)]
    try:
        old, new = (store if one is None else one for one in opened)
        return between((old, FrameCache(old).frames()), (new, FrameCache(new).frames()))
    finally:
        for one in opened:
            if one is not None:
                one.close()


def between(before: tuple[Store, Frames], after: tuple[Store, Frames]) -> Diff:
    """The same of two stores with their frames."""
    (_, old), (_, new) = before, after
    old_sources, new_sources = _sources(before[0]), _sources(after[0])
    runs = _runs(old, new)
    return Diff(
        before=old.digest,
        after=new.digest,
        sources=_changed_sources(old_sources, new_sources),
        runs=runs,
        values=_values(old, new, runs, _read_again(old_sources, new_sources)),
        facts=_facts(old.models, new.models),
        names=_names(old.aliases, new.aliases),
        prices=_prices(_price_rows(before[0]), _price_rows(after[0])),
        models=_models(old.models, new.models),
    )


def _sources(store: Store) -> pd.DataFrame:
    """Sources that may be seen, withdrawn ones too, by raw file, member and owner."""
    s = tables.sources.c
    columns = {
        "raw_digest": s.raw_digest, "member": s.member, "owner": s.owner, "name": s.name, "title": s.title, "source": s.digest,
        "n_results": s.n_results, "imported_at": s.imported_at, "version": s.importer_version,
        "is_live": is_live(store.sight),
    }  # fmt: skip
    query = select(*(column.label(name) for name, column in columns.items())).where(is_seen(store.sight))
    with store.reading() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    frame = pd.DataFrame(rows, columns=list(columns), dtype=object)
    frame["source"] = frame["source"].str[:12]
    return frame.sort_values(["name", "raw_digest"]).set_index(["raw_digest", "member", "owner"])


def _changed_sources(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    is_old, is_new = old["is_live"].astype(bool), new["is_live"].astype(bool)
    live_old, live_new = old[is_old], new[is_new]
    missing = live_old[~live_old.index.isin(live_new.index)]
    parts = [
        live_new[~live_new.index.isin(live_old.index)].assign(what=NEW),
        missing[missing.index.isin(new[~is_new].index)].assign(what=WITHDRAWN),
        missing[~missing.index.isin(new.index)].assign(what=GONE),
        live_new[live_new.index.isin(_read_again(old, new))].assign(what=READ_AGAIN),
    ]
    return pd.concat([part.reset_index()[list(SOURCE_COLUMNS)] for part in parts], ignore_index=True)


def _read_again(old: pd.DataFrame, new: pd.DataFrame) -> pd.Index:
    """Live sources in both states that another version of their importer has read."""
    before, after = (one.loc[one["is_live"].astype(bool), "version"] for one in (old, new))
    both = before.index.intersection(after.index)
    return both[before.loc[both].to_numpy() != after.loc[both].to_numpy()]


def _runs(old: Frames, new: Frames) -> pd.DataFrame:
    before, after = old.runs, new.runs
    parts = [
        after[~after["run"].isin(before["run"])].assign(what=NEW),
        before[~before["run"].isin(after["run"])].assign(what=GONE),
    ]
    return pd.concat([part[list(RUN_COLUMNS)] for part in parts], ignore_index=True)


def _values(old: Frames, new: Frames, runs: pd.DataFrame, read_again: pd.Index) -> pd.DataFrame:
    """Results of runs that were replaced, in their old and new places."""
    gone, came = set(runs.loc[runs["what"] == GONE, "run"]), set(runs.loc[runs["what"] == NEW, "run"])
    is_kept = len(read_again) > 0  # recomputed by a newer importer, under the identity of before
    before, after = (_results(one, some, is_kept) for one, some in ((old, gone), (new, came)))
    if before.empty or after.empty:
        return pd.DataFrame(columns=list(VALUE_COLUMNS))
    both = before.merge(after, on=list(_RESULT_KEY), suffixes=("_before", "_after"))
    is_changed = ~_agree(both["score_before"], both["score_after"])
    for name in _VALUES[1:]:
        is_changed |= ~_agree(both[f"{name}_before"], both[f"{name}_after"])
    changed = both[is_changed].rename(
        columns={"model_name_after": "model_name", "score_before": "before", "score_after": "after"}
    )
    return changed[list(VALUE_COLUMNS)].reset_index(drop=True)


def _results(frames: Frames, runs: set[str], is_whole: bool) -> pd.DataFrame:
    """Results with the place that they stand in; places that hold several are left out, because none is the other's past."""
    held = frames.runs
    ids = held.index if is_whole else held.index[held["run"].isin(runs)]
    scores = frames.scores_of(ids)
    scores["source"] = held["source"].reindex(scores["run_id"]).to_numpy()
    scores["of"] = scores["model"].where(scores["model"].notna(), scores["model_name"])
    chosen = scores[[*_RESULT_KEY, *_VALUES, "run", "model_name"]]
    return chosen[~chosen.duplicated(list(_RESULT_KEY), keep=False)]


def _facts(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    both = old.index.intersection(new.index)
    before, after = old.loc[both], new.loc[both]
    found = []
    for field in FACTS:
        changed = ~_agree(before[field], after[field])
        found += [
            (model, after.at[model, "name"], field, _plain(before.at[model, field]), _plain(after.at[model, field]))
            for model in both[changed.to_numpy()]
        ]
    return pd.DataFrame(found, columns=list(FACT_COLUMNS), dtype=object)


def _models(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    found = [(NEW, one, new.at[one, "name"]) for one in new.index.difference(old.index)]
    found += [(GONE, one, old.at[one, "name"]) for one in old.index.difference(new.index)]
    return pd.DataFrame(found, columns=["what", "model", "name"], dtype=object)


def _names(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    before, after = (_meant(one) for one in (old, new))
    found = [
        (*key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
    return pd.DataFrame(found, columns=list(NAME_COLUMNS), dtype=object)


def _meant(aliases: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The model of each spelling and scope; readers' come first in ``Frames.aliases`` and win."""
    meant: dict[tuple[str, str], str] = {}
    for row in aliases.itertuples():
        meant.setdefault((str(row.alias), str(row.scope)), str(row.model_id))
    return meant


def _price_rows(store: Store) -> pd.DataFrame:
    p, s = tables.prices, tables.sources.c
    query = select(*(p.c[name] for name in (*_PRICE_KEY, *PRICES))).select_from(
        p.join(tables.sources, s.id == p.c.source_id, isouter=True)
    )
    with store.reading() as connection:
        rows = [
            tuple(row)
            for row in connection.execute(
                query.where(or_(p.c.source_id.is_(None), is_live(store.sight)), is_seen(store.sight, p))
            )
        ]
    frame = pd.DataFrame(rows, columns=[*_PRICE_KEY, *PRICES], dtype=object)
    return frame.drop_duplicates(list(_PRICE_KEY), keep="last")


def _prices(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    both = old.merge(new, on=list(_PRICE_KEY), how="outer", suffixes=("_before", "_after"), indicator=True)
    found: list[Any] = []
    for what, side, field in ((NEW, "right_only", "after"), (GONE, "left_only", "before")):
        for row in both[both["_merge"] == side].to_dict("records"):
            value = {"before": None, "after": None, field: _plain(row[f"{PRICES[0]}_{field}"])}
            found.append(
                (what, row["provider"], row["api_name"], PRICES[0], *value.values(), _plain(row["valid_from"]))
            )
    kept = both[both["_merge"] == "both"]
    for field in PRICES:
        changed = kept[~_agree(kept[f"{field}_before"], kept[f"{field}_after"])]
        found += [
            ("changed", row["provider"], row["api_name"], field, _plain(row[f"{field}_before"]),
             _plain(row[f"{field}_after"]), _plain(row["valid_from"]))
            for row in changed.to_dict("records")
        ]  # fmt: skip
    return pd.DataFrame(found, columns=list(PRICE_COLUMNS), dtype=object)


def _agree(one: pd.Series, other: pd.Series) -> pd.Series:
    """Whether two values say the same; unknown agrees with unknown only."""
    is_known = one.notna() & other.notna()
    same = (one == other).fillna(False).astype(bool)
    return (is_known & same) | (one.isna() & other.isna())


def _plain(value: Any) -> Any:
    """A value that JSON knows: None for unknown, dates as text, whole numbers without a point."""
    if value is None or value is pd.NA or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.item() if hasattr(value, "item") else value
