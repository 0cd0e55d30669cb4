"""`eval`: an evaluation put into the queue, with lm-eval's flags by their own names."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lib import formats
from lib.cli_output import ProgressLine, put, put_json, put_table, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.evals import queue
from lib.evals.arguments import read_pairs
from lib.evals.asking import Prepared, ask_hub, fitted_limit, prepare
from lib.evals.estimate import Estimate
from lib.evals.export import as_yaml, command_lines, from_document, from_yaml
from lib.evals.jobs import Job
from lib.evals.lengths import Range
from lib.evals.presets import presets
from lib.evals.spec import JobSpec
from lib.evals.states import ENDED
from lib.evals.task_list import task_list
from lib.settings import Settings
from lib.store.db import Store

LOOK_S = 0.5
REFUSED = 1


def add_arguments(command: argparse.ArgumentParser) -> None:
    """lm-eval's own flags, then ours."""
    own = command.add_argument_group("as lm-eval names them")
    own.add_argument("--model", metavar="BACKEND", help="how the model is run: hf, vllm, local-completions, ...")
    own.add_argument("--model_args", nargs="+", metavar="A=B", help="pretrained=..., dtype=..., base_url=..., or JSON")
    own.add_argument("--tasks", nargs="+", metavar="TASK", help="tasks, groups or own tasks, by commas or blanks")
    own.add_argument("--num_fewshot", type=int, metavar="N", help="worked examples; without it as each task says")
    own.add_argument("--limit", type=float, metavar="N", help="the first N questions of each task, or a share below 1")
    own.add_argument("--batch_size", metavar="N", help="requests at a time (1)")
    own.add_argument("--device", metavar="DEVICE", help="cpu, cuda, cuda:0, mps")
    own.add_argument("--seed", metavar="N[,N,N,N]", help="Python, NumPy, PyTorch, few-shot (0,1234,1234,1234)")
    own.add_argument(
        "--apply_chat_template", nargs="?", const=True, metavar="NAME", help="the tokenizer's own, or one by name"
    )
    own.add_argument(
        "--fewshot_as_multiturn", nargs="?", const="true", metavar="BOOL", help="examples as turns of a chat"
    )
    own.add_argument("--system_instruction", metavar="TEXT", help="put before every prompt")
    own.add_argument("--gen_kwargs", nargs="+", metavar="A=B", help="laid over the tasks' settings of generation")
    ours = command.add_argument_group("ours")
    ours.add_argument("--config", type=Path, metavar="PATH", help="a job as YAML; flags are laid over it")
    ours.add_argument("--preset", metavar="NAME", help=f"tasks that are often asked together: {', '.join(presets())}")
    ours.add_argument("--repeats", type=int, metavar="N", help="the whole N times, each with seeds one higher")
    ours.add_argument("--priority", type=int, default=0, metavar="N", help="larger goes first (0)")
    ours.add_argument("--again", action="store_true", help="also if the same job waits, runs or is done")
    ours.add_argument("--wait", action="store_true", help="come back when it has ended")
    ours.add_argument(
        "--dry-run", action="store_true", help="say what it will take and what speaks against it; queue nothing"
    )
    ours.add_argument("--export", choices=("command", "yaml"), help="print it for another machine; queue nothing")
    ours.add_argument("--usd-per-hour", type=float, metavar="USD", help="of the device, for the estimate of money")


def evaluate(options: argparse.Namespace, settings: Settings) -> int:
    """Queue the job, or say why not."""
    store = operators_store(settings)
    try:
        spec = _spec(options)
        on_hub = None if options.export else ask_hub(spec, os.environ)
        preset = presets().get(options.preset or "")
        if preset is not None and preset.minutes is not None and options.limit is None:
            spec = fitted_limit(store, settings, preset, spec, on_hub)
        if options.export:
            # To the last character: it is to be run.
            sys.stdout.write(as_yaml(spec) if options.export == "yaml" else command_lines(spec, task_list()).text)
            return 0
        price = options.usd_per_hour
        prepared = prepare(store, settings, spec, env=os.environ, on_hub=on_hub, usd_per_hour=price)
        if options.dry_run or prepared.problems:
            _show_plan(prepared, options.json)
            return REFUSED if prepared.problems else 0
        put_in = queue.enqueue(
            store,
            prepared.spec,
            needs=prepared.needs,
            priority=options.priority,
            estimate=prepared.estimate.as_json(),
            again=options.again,
        )
        job = _waited(store, put_in.job, options.json) if options.wait else put_in.job
        _show_job(job, put_in.is_new, prepared, options.json)
        return REFUSED if options.wait and job.state != "succeeded" else 0
    finally:
        store.close()


def _spec(options: argparse.Namespace) -> JobSpec:
    """The file, the preset over it, the flags over both."""
    document: dict[str, Any] = {}
    if options.config is not None:
        document = from_yaml(_text(options.config)).as_json()
    if options.preset is not None:
        preset = presets().get(options.preset)
        if preset is None:
            raise RefusedInput("no such preset", place="--preset", expected=", ".join(presets()), found=options.preset)
        document |= {"tasks": list(preset.tasks), "num_fewshot": preset.num_fewshot, "limit": preset.limit}
    document |= _flags(options)
    for name in ("backend", "tasks"):
        if not document.get(name):
            flag = "--model" if name == "backend" else "--tasks"
            raise RefusedInput("it must be named", place=flag, expected=f"{flag} ..., --config FILE or --preset NAME")
    return from_document(document)


def _flags(options: argparse.Namespace) -> dict[str, Any]:
    """What was said on the command line, as fields of a job."""
    found: dict[str, Any] = {
        "backend": options.model,
        "tasks": [one for text in options.tasks or () for one in text.split(",") if one] or None,
        "model_args": None if options.model_args is None else read_pairs(options.model_args, "--model_args"),
        "gen_kwargs": None if options.gen_kwargs is None else read_pairs(options.gen_kwargs, "--gen_kwargs"),
        "batch_size": None if options.batch_size is None else _batch(options.batch_size),
        "seeds": None if options.seed is None else _seeds(options.seed),
        "apply_chat_template": {"true": True, "false": False}.get(
            str(options.apply_chat_template).lower(), options.apply_chat_template
        ),
    }
    for name in ("num_fewshot", "limit", "device", "system_instruction", "repeats"):
        found[name] = getattr(options, name)
    turns = options.fewshot_as_multiturn
    if turns is not None:
        found["fewshot_as_multiturn"] = turns.lower() in ("true", "1", "yes")
    elif found["apply_chat_template"]:
        # As lm-eval does: with a template, worked examples are turns unless somebody says no.
        found["fewshot_as_multiturn"] = True
    return {name: value for name, value in found.items() if value is not None}


def _batch(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        expected = "a whole number: with auto the digits would depend on the machine"
        raise RefusedInput("not a batch size", place="--batch_size", expected=expected, found=text)
    return int(text)


def _seeds(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.strip().isdigit() and part.isascii() for part in parts) or len(parts) not in (1, 3, 4):
        raise RefusedInput("not seeds", place="--seed", expected="one whole number, or four by commas", found=text)
    seeds = [int(part) for part in parts]
    return seeds * 4 if len(seeds) == 1 else [*seeds, 1234][:4]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise RefusedInput("cannot be read", place="--config", found=str(trouble)) from None


def _waited(store: Store, job: Job, is_json: bool) -> Job:
    """The job when it has ended. Ctrl-C leaves it in the queue."""
    line = ProgressLine()
    said = ""
    try:
        while job.state not in ENDED:
            reason = queue.waits_because(job, queue.workers(store)) if job.state == "queued" else ""
            if reason and reason != said:
                said = reason
                say(f"job {job.id} waits: {reason}")
            done = sum(task.n_done for task in job.tasks)
            total = [task.n_requests for task in job.tasks]
            of = f" of {sum(one or 0 for one in total):,}" if total and None not in total else ""
            line.show(f"job {job.id} {job.state}: {done:,}{of} requests")
            time.sleep(LOOK_S)
            job = queue.job_named(store, job.id)
    finally:
        line.end()
    return job


def _show_job(job: Job, is_new: bool, prepared: Prepared, is_json: bool) -> None:
    if is_json:
        put_json({"job": job.as_json(), "is_new": is_new})
        return
    put(f"job {job.id} {job.state}: {job.spec.model}, {', '.join(job.spec.tasks)}")
    if not is_new:
        put("the same job was asked for before; --again asks once more")
    if job.reason:
        put(job.reason)
    if job.state not in ENDED:
        _show_estimate(prepared.estimate)
        put(f"on its page: /job?job={job.id}; here: python -m lib jobs show {job.id}")
    for task in job.tasks:
        if task.run is not None:
            put(f"{task.task}: run {task.run[:12]}")


def _show_plan(prepared: Prepared, is_json: bool) -> None:
    if is_json:
        told = [{"place": one.place, "reason": one.reason, "remedy": one.remedy} for one in prepared.problems]
        spec = prepared.spec
        put_json(
            {
                "spec": spec.as_json(),
                "digest": spec.digest,
                "estimate": prepared.estimate.as_json(),
                "needs": asdict(prepared.needs),
                "problems": told,
                "notes": list(prepared.notes),
            }
        )
        return
    _show_estimate(prepared.estimate)
    for note in prepared.notes:
        put(note)
    for one in prepared.problems:
        say(f"{one.place}: {one.reason}. {one.remedy}".rstrip())
    if prepared.problems:
        say("nothing was queued")


def _show_estimate(told: Estimate) -> None:
    rows = [
        (one.name, formats.count(one.n_items), _between(one.tokens_in), _between(one.tokens_out), _time(one.seconds))
        for one in told.tasks
    ]
    rows.append(("together", "", _between(told.tokens_in), _between(told.tokens_out), _time(told.seconds)))
    put_table(("task", "questions", "tokens in", "tokens out", "time"), rows)
    if told.memory_gib:
        put(f"memory: about {told.memory_gib:.1f} GiB")
    if told.cost_usd is not None:
        put(
            f"money: about {formats.usd(told.cost_usd.mid)} ({formats.usd(told.cost_usd.low)} to {formats.usd(told.cost_usd.high)})"
        )
    for reason in told.unknown:
        put(f"not known: {reason}")
    put(told.basis)


def _between(band: Range | None) -> str:
    if band is None:
        return "unknown"
    return (
        formats.count(round(band.mid))
        if band.low == band.high
        else f"{formats.count(round(band.low))} to {formats.count(round(band.high))}"
    )


def _time(band: Range | None) -> str:
    return "unknown" if band is None else f"{_span(band.low)} to {_span(band.high)}"


def _span(seconds: float) -> str:
    for unit, name, most in ((1, "s", 100), (60, "min", 100), (3_600, "h", 72)):
        if seconds < most * unit:
            return f"{formats.plain(round(seconds / unit, 1 if seconds < 10 * unit else 0))} {name}"
    return f"{formats.plain(round(seconds / 86_400))} days"
