"""Estimates of cost against what was published or measured: part of the page about data and methods."""

from __future__ import annotations

from lib.ui import cached, downloads, page
from lib.ui import parts_planner as shared
from lib.ui.views import data_costs as views


def show() -> None:
    """Training runs as published, then fine-tunes as measured."""
    if shared.devices().empty:
        page.nothing_yet("Here stand estimates of cost against what was published or measured.")
        return
    view = cached.made(views.costs_view)
    page.part("Training runs, predicted and published")
    page.say(page.markdown(view.said))
    traces = shared.traces_of(views.RUNS_FILE, len(view.runs))
    page.table(
        view.runs, key="costs-runs", alt="Training runs, predicted and published", labels=views.RUNS, traces=traces
    )
    page.small_text(
        "Hours from 6 × parameters × tokens at the utilisation usual on the hardware (45% A100, 35% H100, 20% V100), attention left "
        "out. Energy and emissions from the published hours, rated power and the PUE and grid of the source. The small Llama 3 models "
        "were published with hours that hold more than one clean run."
    )
    downloads.buttons(view.exact_runs, "training-runs")
    page.part("Fine-tunes, predicted and measured")
    page.say(page.markdown(view.said_tuning))
    traces = shared.traces_of(views.TUNING_FILE, len(view.tuning))
    page.table(
        view.tuning, key="costs-tuning", alt="Fine-tunes, predicted and measured", labels=views.TUNING, traces=traces
    )
    page.small_text(
        "Time at 50% utilisation with activations computed again; batches of one sequence and slow links between cards lie below. "
        "Memory as counted, without a fifth for fragmentation; adapters of rank 64 on all linear layers."
    )
    downloads.buttons(view.exact_tuning, "fine-tunes")
