"""`cost breakeven`: an interface against own hardware by one workload, as the planner shows it."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from lib import formats
from lib.analysis import break_even_plan, break_even_words, cheapest_choice, cheapest_pairs, protocols
from lib.analysis import planner_fields as fields
from lib.analysis.break_even_plan import Plan, Workload
from lib.analysis.json_rows import records
from lib.analysis.listed_prices import CHEAPEST, MEDIAN, Blend, Price, offers
from lib.analysis.one_pair import Quality, quality
from lib.analysis.serve_plan import SERVER_FORMATS
from lib.analysis.serving_estimate import Ask, Estimate, estimate
from lib.cli_cheapest import benchmarks_named, model_named
from lib.cli_cost import CostCommand
from lib.cli_cost_amounts import add_amounts, amount, option_of
from lib.cli_cost_tables import cost_tables, model_with_shape, opened
from lib.cli_output import put, put_json, put_table
from lib.errors import RefusedInput
from lib.schema.text import plain
from lib.settings import Settings
from lib.stats.noninferiority import MARGIN
from lib.stats.serving_profiles import DEFAULT, PROFILES, SINGLE
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import listed_prices
from lib.store.samples import logs_of, read_samples

_AMOUNTS = (
    fields.REQUESTS, fields.INPUT, fields.CACHED, fields.OUTPUT, fields.GPUS, fields.SERVED_TOGETHER, fields.UTILISATION,
    fields.EXTRA, fields.RATE,
)  # fmt: skip
_PLACES = {
    "model": "SMALL", "hardware": "--hardware", "weight_format": "--format", "profile": "--profile", "batch": "--together",
    "n_gpus": "--gpus", "input_tokens": "--in", "output_tokens": "--out", "usd_per_gpu_hour": "--rate", "rack": "--hardware",
}  # fmt: skip


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of the command; amounts are written as on the page: 1M, $2.95, 50%."""
    command.add_argument("small", metavar="SMALL", help="the model on own hardware")
    command.add_argument("--against", required=True, metavar="LARGE", help="the model behind the interface")
    command.add_argument("--hardware", default=fields.DEFAULT_HARDWARE_HOST, metavar="ID", help=f"id of the table of hardware (default {fields.DEFAULT_HARDWARE_HOST})")  # fmt: skip
    command.add_argument("--format", default="bf16", metavar="F", help=f"of the weights: {', '.join(SERVER_FORMATS)}")
    command.add_argument("--profile", choices=[one for one in PROFILES if one != SINGLE], default=DEFAULT, help="way of serving")  # fmt: skip
    command.add_argument("--host", choices=(MEDIAN, CHEAPEST), default=MEDIAN, help="whose price of several hosts")
    command.add_argument("--tasks", nargs="+", default=[], metavar="TASK", help="benchmarks of the verdict on quality; default: as on the page")  # fmt: skip
    command.add_argument("--margin", type=float, default=MARGIN, metavar="M", help="in score (default 0.02)")
    add_amounts(command, _AMOUNTS)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """`cost breakeven SMALL --against LARGE [workload] [assumptions] [--json]`."""
    if not 0 < options.margin < 1:
        raise RefusedInput("a margin is a share of the score", place="--margin", expected="above 0 and below 1, as 0.02 for 2 points", found=str(options.margin))  # fmt: skip
    typed = {one.name: amount(options, one) for one in _AMOUNTS}
    store, frames = opened(settings)
    try:
        tables = cost_tables(frames, settings)
        small = model_with_shape(store, frames, tables, options.small)
        large = model_named(store, frames, options.against, "--against")
        price = _price(store, large, typed, options.host, settings.today)
        own = _own(options, small, typed, tables)
        work = Workload(*(float(typed[one] or 0) for one in ("in", "cached", "out", "requests", "filled", "extra")))
        try:
            found = break_even_plan.plan(work, price, own)
        except RefusedInput as refusal:
            raise option_of(refusal, _PLACES) from refusal
        shown = _quality(store, frames, small, large, options)
    finally:
        store.close()
    names = [str(frames.models["name"].get(one, one)) for one in (small, large)]
    n = int(own.ask.n_gpus or 1)
    on = f"{'one' if n == 1 else formats.count(n)} {tables.hardware['name'].astype(str)[own.ask.hardware]}"
    said = "".join(plain(one) for one in break_even_words.takeaway(found, work, shown, price, names[0], names[1], on)).strip()  # fmt: skip
    if options.json:
        put_json(_as_json(found, work, price, own, shown, said, (small, large)))
    else:
        put(said)
        put_table(("WHAT", "OWN HARDWARE AGAINST THE INTERFACE"), break_even_words.levers(found, work))
    return 0


def _price(store: Store, large: str, typed: dict[str, float | None], host: Any, today: str) -> Price:
    tokens_in, cached, tokens_out = (float(typed[one] or 0) for one in ("in", "cached", "out"))
    if cached > tokens_in:
        raise RefusedInput("cached tokens are part of the input", place="--cached", expected=f"at most {tokens_in:g}", found=f"{cached:g}")  # fmt: skip
    rows = listed_prices(store)
    own = rows[rows["model"] == large]
    found = offers(own, today, Blend(tokens_in, tokens_out, cached / tokens_in), host) if len(own) else ()
    if not found:
        raise RefusedInput("no price of this model's interface holds today", place="--against", expected="a model that somebody sells", found=large)  # fmt: skip
    return found[0]


def _own(options: argparse.Namespace, small: str, typed: dict[str, float | None], tables: Any) -> Estimate:
    gpus = typed["gpus"]
    ask = Ask(
        model=small,
        hardware=options.hardware,
        weight_format=options.format.lower(),
        batch=int(typed["together"] or 0),
        input_tokens=int(typed["in"] or 0),
        output_tokens=int(typed["out"] or 0),
        n_gpus=None if gpus is None else int(gpus),
        usd_per_gpu_hour=typed["rate"],
        profile=options.profile,
    )
    try:
        return estimate(ask, tables.shapes, tables.hardware, tables.measured)
    except RefusedInput as refusal:
        raise option_of(refusal, _PLACES) from refusal


def _quality(store: Store, frames: Frames, small: str, large: str, options: argparse.Namespace) -> Quality:
    """The verdict on the benchmarks asked for, else on the default ones of the large model."""
    runs = frames.runs
    own = frames.scores_of(runs.index[(runs["model"] == large).fillna(False) & ~runs["is_checkpoint"].astype(bool)])
    known = cheapest_choice.plain_benchmarks(own, frames.benchmarks)
    chosen = benchmarks_named(frames, options.tasks, known) or cheapest_choice.default_benchmarks(known)
    stands = None
    pairs: tuple[Any, ...] = ()
    if chosen:
        grouping = protocols.group(frames.scores(chosen), chosen, models=frames.models, catalogue=frames.benchmarks, include_community=False)  # fmt: skip
        stands = cheapest_choice.standing(grouping, large, chosen, frames.models)
        if stands.key is not None:
            rows = stands.complete.rows
            own_rows = rows[rows["model"].isin((small, large)).to_numpy(bool)]
            read = partial(_read, store)
            pairs = cheapest_pairs.stored_pairs(own_rows, large, frames, partial(logs_of, store), read)
    chance = {str(one): float(value) for one, value in frames.benchmarks["random_baseline"].astype(float).items()}
    names = {str(one): str(name) for one, name in frames.models["name"].items()}
    labels = {one: str(frames.benchmarks["label"].get(one, one)) for one in chosen}
    return quality(stands, small, large, chance=chance, margin=options.margin, names=names, labels=labels, pairs=pairs)


def _read(store: Store, log: tuple[int, str], columns: list[str]) -> Any:
    return read_samples(store, *log, columns)


def _as_json(
    found: Plan, work: Workload, price: Price, own: Estimate, shown: Quality, said: str, models: tuple[str, str]
) -> dict[str, Any]:
    bill = {key: value.item() for key, value in found.bill._asdict().items()}
    plan = {key: value for key, value in found._asdict().items() if key not in ("bill", "curve")}
    return {
        "small": models[0],
        "large": models[1],
        "workload": work._asdict(),
        "price": price._asdict(),
        "own": {**own.ask._asdict(), "kind": own.kind, "output_tokens_per_s": own.output_tokens_per_s._asdict(), "notes": own.notes},
        "bill": bill,
        **plan,
        "quality": {"verdict": shown.verdict, "words": shown.words, "protocol": shown.protocol, "tests": records(shown.tests)},
        "said": said,
        "curve": records(found.curve),
    }  # fmt: skip


COMMAND = CostCommand("breakeven", "when serving a model oneself costs less than an interface", add_arguments, run)
