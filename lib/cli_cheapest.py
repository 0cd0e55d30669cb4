"""`cheapest`: the smallest or cheapest model shown to be within a margin of another, as on the page."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any, NamedTuple

from lib import formats
from lib.analysis import cheapest, cheapest_choice, cheapest_pairs, cheapest_words, listed_prices, protocols
from lib.analysis.cheapest import FAIL, NO_VERDICT, PASS, TOO_FEW_DATA, Answer, Pair
from lib.analysis.cheapest_choice import ABILITY, MONEY, SIZE, Limits, Standing
from lib.analysis.comparability import task_name
from lib.analysis.json_rows import plain, records
from lib.cli_output import put, put_json, put_table
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.schema.text import plain as words
from lib.settings import Settings
from lib.sources.resolver import Resolver
from lib.sources.similar import similar
from lib.store import read
from lib.store.db import Store
from lib.store.extract import names_of_models
from lib.store.frames import FrameCache, Frames
from lib.store.model_prices import listed_prices as listed
from lib.store.samples import logs_of, read_samples

SHOWN = 30
BY = (SIZE, MONEY)
HOSTS = (listed_prices.MEDIAN, listed_prices.CHEAPEST)


class _Found(NamedTuple):
    answer: Answer
    standing: Standing
    cost: float
    prices: dict[str, listed_prices.Price]


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of the command."""
    command.add_argument(
        "--like", required=True, metavar="MODEL", help="the reference: id, Hub id or another known name"
    )
    command.add_argument("--margin", type=float, default=cheapest.MARGIN, metavar="M", help="in score (default 0.02)")
    command.add_argument("--tasks", nargs="+", default=[], metavar="TASK", help="benchmarks, or ability:NAME; default: as on the page")  # fmt: skip
    command.add_argument("--by", choices=BY, default=SIZE, help="parameters (default), or list price")
    command.add_argument(
        "--host",
        choices=HOSTS,
        default=listed_prices.MEDIAN,
        help="of several hosts the median price (default), or the cheapest",
    )
    command.add_argument("--active", action="store_true", help="count active parameters instead of all")
    command.add_argument(
        "--alpha", type=float, default=cheapest.ALPHA, metavar="A", help="one-sided level (default 0.05)"
    )
    command.add_argument("--average", action="store_true", help="on average over the tasks instead of on each")
    command.add_argument("--community", action="store_true", help="models from outside the catalogue too")
    command.add_argument("--card", type=int, default=None, metavar="GB", help="only what fits this card at 16 bit")
    command.add_argument("--protocol", default="", metavar="KEY", help="another way of measuring (as in the JSON)")


def find_cheapest(options: argparse.Namespace, settings: Settings) -> int:
    """`cheapest --like MODEL [--margin M] [--tasks ...] [--by size|money] [--alpha A] [--json]`."""
    _check(options)
    store = operators_store(settings)
    try:
        frames = FrameCache(store).frames()
        like = model_named(store, frames, options.like, "--like")
        found = _find(store, frames, like, options, settings.today)
    finally:
        store.close()
    if options.json:
        put_json(_as_json(frames, found, options))
    else:
        _put_text(frames, found, options)
    return 0


def model_named(store: Store, frames: Frames, name: str, option: str) -> str:
    """The model that any spelling means.

    Raises:
        RefusedInput: Nobody knows it; near names are said.
    """
    rows = names_of_models(store)
    found = Resolver(read.aliases(store), rows).resolve((name,))
    for one in (found.model_id, found.community_id):
        if one is not None and one in frames.models.index:
            return one
    names = {str(shown): str(model) for model, shown in frames.models["name"].items()}
    by_name = {shown.casefold(): model for shown, model in names.items()}
    if name.casefold() in by_name:
        return by_name[name.casefold()]
    near = similar(name, {**names, **{str(model): str(model) for model in frames.models.index}})
    expected = f"a name that `models` lists{'; near: ' + ', '.join(near) if near else ''}"
    raise RefusedInput("no such model in the store", place=option, expected=expected, found=name)


def benchmarks_named(frames: Frames, asked: list[str], known: Any) -> tuple[str, ...]:
    """Benchmarks by name, label or another way of writing the name; abilities as they are.

    Raises:
        RefusedInput: Nobody knows one, or the reference has no score on it.
    """
    catalogue = frames.benchmarks
    spellings = {str(label): str(one) for one, label in catalogue["label"].astype(object).items()}
    spellings |= {str(one): str(one) for one in catalogue.index}
    folded = {task_name(spelling): one for spelling, one in spellings.items()}
    groups = cheapest_choice.abilities(known)
    found = []
    for name in asked:
        if name.startswith(ABILITY):
            if name.removeprefix(ABILITY) not in groups:
                raise RefusedInput("no such ability of this model", place="--tasks", expected=", ".join(f"{ABILITY}{one}" for one in groups), found=name)  # fmt: skip
            found.append(name)
            continue
        one = spellings.get(name) or folded.get(task_name(name))
        if one is None:
            near = similar(name, spellings)
            expected = f"a benchmark{'; near: ' + ', '.join(near) if near else ''}"
            raise RefusedInput("no such benchmark in the store", place="--tasks", expected=expected, found=name)
        if one not in known.index:
            raise RefusedInput("the reference has no score on this benchmark, or it is better low", place="--tasks", expected=", ".join(map(str, known.index[:12])), found=name)  # fmt: skip
        found.append(one)
    return tuple(found)


def _check(options: argparse.Namespace) -> None:
    if not 0 < options.margin < 1:
        raise RefusedInput("a margin is a share of the score", place="--margin", expected="above 0 and below 1, as 0.02 for 2 points", found=str(options.margin))  # fmt: skip
    if not 0 < options.alpha < 0.5:
        raise RefusedInput("a level is a probability", place="--alpha", expected="above 0 and below 0.5", found=str(options.alpha))  # fmt: skip


def _find(store: Store, frames: Frames, like: str, options: argparse.Namespace, today: str) -> _Found:
    runs = frames.runs
    own = frames.scores_of(runs.index[(runs["model"] == like).fillna(False) & ~runs["is_checkpoint"].astype(bool)])
    known = cheapest_choice.plain_benchmarks(own, frames.benchmarks)
    if known.empty:
        raise RefusedInput("this model has no score to be held against", place="--like", found=like)
    chosen = benchmarks_named(frames, options.tasks, known)
    limits = Limits(card=options.card, community=options.community)
    if chosen:
        wanted = [
            one for name in chosen for one in cheapest_choice.abilities(known).get(name.removeprefix(ABILITY), [name])
        ]
        benchmarks = cheapest_choice.expanded(chosen, own, known, frames.scores(tuple(dict.fromkeys(wanted))))
        stands = _stand(frames, like, benchmarks, options)
    else:
        benchmarks = cheapest_choice.default_benchmarks(known)
        stands = _stand(frames, like, benchmarks, options)
        kept = cheapest_choice.above_chance(stands.complete, like, frames.benchmarks) if stands.key else benchmarks[:1]
        stands = stands if kept == benchmarks or not kept else _stand(frames, like, kept, options)
    if stands.key is None:
        raise RefusedInput("no one way of measuring has the reference on all of these", place="--tasks", found=", ".join(benchmarks))  # fmt: skip
    prices = listed_prices.offers(listed(store), today, host=options.host) if options.by == MONEY else ()
    _, cost = cheapest_choice.candidates(
        frames.models,
        frames.reference("model_arch"),
        like,
        limits,
        by=options.by,
        size_by="active" if options.active else "total",
        prices=prices,
    )
    if not float(cost.loc[like]) > 0:
        what = "list price" if options.by == MONEY else "size"
        raise RefusedInput(f"the {what} of this model is not known", place="--like", found=like)
    answer = cheapest.answer(
        stands.complete,
        like,
        cost,
        chance=cheapest_choice.chance_of(frames.benchmarks, stands.complete.benchmarks),
        margin=options.margin,
        alpha=options.alpha,
        is_average=options.average and len(stands.complete.benchmarks) > 1,
        pairs=pairs_of(store, frames, stands, like),
    )
    return _Found(answer, stands, float(cost.loc[like]), {one.model: one for one in prices})


def _stand(frames: Frames, like: str, benchmarks: tuple[str, ...], options: argparse.Namespace) -> Standing:
    is_community = bool(options.community or frames.models.at[like, "origin"] == "community")
    grouping = protocols.group(
        frames.scores(benchmarks),
        benchmarks,
        models=frames.models,
        catalogue=frames.benchmarks,
        include_community=is_community,
    )
    return cheapest_choice.standing(
        grouping, like, benchmarks, frames.models, asked=options.protocol, community=options.community
    )


def pairs_of(store: Store, frames: Frames, stands: Standing, like: str) -> tuple[Pair, ...]:
    """What stored answers to the same questions say of the candidates and the reference."""
    return cheapest_pairs.stored_pairs(
        stands.complete.rows,
        like,
        frames,
        partial(logs_of, store),
        lambda log, columns: read_samples(store, *log, columns),
    )


def _names(frames: Frames) -> dict[str, str]:
    return {str(model): str(name) for model, name in frames.models["name"].items()}


def _labels(frames: Frames, answer: Answer) -> dict[str, str]:
    return {one: str(frames.benchmarks.at[one, "label"]) for one in answer.benchmarks}


def _sentence(frames: Frames, found: _Found, options: argparse.Namespace) -> str:
    limits = f"within {options.card} GB" if options.card else ""
    return words(
        cheapest_words.takeaway(
            found.answer, _names(frames), _labels(frames, found.answer), options.by, found.cost, limits
        )
    )


def _as_json(frames: Frames, found: _Found, options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked, found and rests behind it; verdicts of candidates are not adjusted, ``holds`` is."""
    answer, stands = found.answer, found.standing
    rows = records(answer.rows.drop(columns=["is_headline"]).rename(columns={"is_confirmed": "holds"}))
    names = _names(frames)
    tests: dict[str, list[dict[str, Any]]] = {}
    for test in records(answer.tests):
        tests.setdefault(str(test.pop("model")), []).append(test)
    for row in rows:
        row["name"] = names[row["model"]]
        row["verdict"] = row["verdict"] or None
        row["tests"] = tests[row["model"]]
        price = found.prices.get(row["model"])
        if price is not None:
            row["price"] = _price(price)
    best = answer.headline
    return {
        "question": {
            "like": answer.reference,
            "margin": answer.margin,
            "alpha": answer.alpha,
            "by": options.by,
            "size": "active" if options.active else "total",
            "tasks": list(answer.benchmarks),
            "on_average": answer.is_average,
            "reference_cost": plain(found.cost),
        },
        "protocol": {"key": stands.key, "label": stands.label, "cautions": list(stands.cautions)},
        "headline": None
        if best is None
        else {"model": best["model"], "cost": plain(best["cost"]), "p_holm": best["p_holm"]},
        "sentence": _sentence(frames, found, options),
        "at_chance": list(answer.at_chance),
        "counts": {
            "candidates": len(rows),
            **{word: len(answer.having(word)) for word in (PASS, FAIL, TOO_FEW_DATA)},
            "no_verdict": len(answer.having(NO_VERDICT)),
            "holds": int(answer.rows["is_confirmed"].sum()),
        },
        "candidates": rows,
        "digest": frames.digest,
    }


def _price(price: listed_prices.Price) -> dict[str, Any]:
    """What stands behind a cost: the blend, the hosts, and the days."""
    return {
        "usd_per_mtok": price.usd,
        "blend": listed_prices.BLEND,
        "n_hosts": price.n_hosts,
        "lowest": price.lowest,
        "highest": price.highest,
        "valid_from": price.valid_from or None,
        "seen_on": price.seen_on,
        "is_own": price.is_own,
    }


def _put_text(frames: Frames, found: _Found, options: argparse.Namespace) -> None:
    answer, labels, names = found.answer, _labels(frames, found.answer), _names(frames)
    put(_sentence(frames, found, options))
    put(f"{found.standing.label}; each verdict at {100 * answer.alpha:g}%, not adjusted; `holds`: after Holm's correction")  # fmt: skip
    is_panel = len(answer.benchmarks) > 1
    for title, word in (("shown to be within the margin", PASS), ("too few questions to tell", TOO_FEW_DATA)):
        rows = answer.having(word).head(SHOWN)
        if rows.empty:
            continue
        put()
        put(f"{title} ({len(answer.having(word))})")
        put_table(
            ("model", "price" if options.by == MONEY else "size", "difference", "from", "to", "on", "holds"),
            [
                (
                    names[row["model"]],
                    formats.usd(row["cost"]) if options.by == MONEY else formats.parameters(row["cost"]),
                    *(formats.points(row[column]).removesuffix(" points") for column in ("delta", "lower", "upper")),
                    labels.get(row["decides"], "average") if is_panel else labels[answer.benchmarks[0]],
                    "holds" if row["is_confirmed"] else "",
                )
                for row in rows.to_dict("records")
            ],
        )
    put()
    put(f"{len(answer.having(FAIL))} shown to be below the margin, {len(answer.having(NO_VERDICT))} without a verdict; --json lists all")  # fmt: skip
