"""Upload, one run of a drop: its model and how to name it, beside whom it would stand, what is missing and may be filled in."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import formats
from lib.access import may
from lib.errors import RefusedInput
from lib.sources.looking_records import Missing
from lib.store import mapping
from lib.store.prepared import Holder
from lib.store.uploads import Upload
from lib.ui import cached, links, page, parts_hub, reader
from lib.ui.views import search
from lib.ui.views.upload import LABELS, RunLines

MOST_BENCHMARKS, MOST_MODELS = 6, 50
ROW_PX = 35
REFUSED = "upload-fill-refused"
WRITTEN = {
    "params_total": "as 7000000000 or 7e9",
    "training_tokens": "as 2e12",
    "licence": "as apache-2.0",
    "context_length": "tokens, as 4096",
}


def show(i: int, run: RunLines) -> None:
    """One run: number ``i`` on the page."""
    with st.container(border=True, key=f"upload-run-{i}"):
        st.subheader(formats.markdown(run.title, 100), anchor=False)
        page.small_text(f"{formats.markdown(run.said, 300)}.")
        if run.elsewhere:
            page.small_text(f"The same run is already here: {formats.markdown(run.elsewhere, 140)}.")
        if run.waits:
            _name(i, run)
        if len(run.rows):
            height = ROW_PX * (min(len(run.rows), MOST_BENCHMARKS) + 1) + 3
            page.table(run.rows, key=f"upload-rows-{i}", alt="Beside whom each score would stand", labels=LABELS, height=height)  # fmt: skip
        if run.protocol:
            page.small_text(f"Measured with: {formats.markdown(run.protocol, 400)}.")
        _missing(i, run)
        for note in run.notes:
            page.small_text(formats.markdown(note, 300))


def ways_on(upload: Upload) -> None:
    """Where what came in is now: the run, its benchmarks beside all others, and head to head."""
    frames = cached.frames()
    wanted = {str(run) for run in upload.report.get("runs", [])}
    runs = frames.runs[frames.runs["run"].isin(wanted)]
    for row in runs.head(3).to_dict("records"):
        model = row["model"] if isinstance(row["model"], str) else ""
        name = str(frames.models["name"].get(model, row["model_name"]))
        words = f":blue[Hold {formats.markdown(name, 60)} against any other, head to head →]"
        links.link("head-to-head", words, {"a": model or str(row["run"])})
        links.to_run(str(row["run"]), f"The run of {name} →")
    # Nobody who has just brought a model of their own wants it left out.
    origins = set(frames.models["origin"].reindex(runs["model"].dropna()))
    with_community = {"community": "true"} if origins - {"catalogue"} else None
    met = frames.benchmarks.reindex(frames.scores_of(runs.index)["benchmark"].astype(str).unique())
    # Those with most company first: an unknown task is beside nobody.
    for benchmark in met.sort_values("n_models", ascending=False, kind="stable").index[:MOST_BENCHMARKS]:
        label = frames.benchmarks["label"].get(benchmark, benchmark)
        links.to_benchmark(benchmark, f"Beside all other models on {label} →", more=with_community)
    _fill_new(runs["model"].dropna())
    if runs["model"].isna().any():
        links.link("data", ":blue[Say which model a name means →]", {"part": "names"})


def _fill_new(models: pd.Series) -> None:
    """The size of a model that came in with the files, and of which nobody has said it yet: from the Hub, at a click."""
    known = cached.frames().models
    sizes = known["params_total"].reindex(models.unique())
    unknown = sizes.index[sizes.isna()]
    if len(unknown):
        name = formats.markdown(known.at[unknown[0], "name"], 60)
        page.small_text(f"Nobody has said how large {name} is; without it no chart of sizes has it.")
        parts_hub.fill(str(unknown[0]))


def _name(i: int, run: RunLines) -> None:
    """Say which model the name means; the drop is looked at anew then."""
    if not reader.allows("map"):
        page.small_text("Its scores wait until somebody who may map names says which model it is.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.text_input("Which model is it?", key=f"upload-means-{i}", max_chars=search.LONGEST, placeholder="name or Hub id")  # fmt: skip
        hits = search.find(cached.made(search.index), asked or run.spelling, MOST_MODELS)
        labels = {str(row["id"]): f"{row['label']} · {row['id']}" for row in hits.models.to_dict("records")}
        names = cached.frames().models["name"]
        labels = {one: f"{names[one]} · {one}" for one in run.similar} | labels
        if labels:
            model = st.selectbox("Found", list(labels), format_func=labels.__getitem__, key=f"upload-model-{i}")
            st.button("It is this one", key=f"upload-map-{i}", on_click=_map, args=(run.spelling, model))


def _missing(i: int, run: RunLines) -> None:
    if not run.missing:
        return
    with st.expander(f"Not stated ({formats.count(len(run.missing))})"):
        if (refused := st.session_state.pop(REFUSED, None)) is not None:
            st.error(formats.markdown(refused, 300))
        for lack in run.missing:
            share = "" if lack.share == 1 else f" for {lack.share:.0%} of the scores"
            told = f"**{formats.markdown(lack.what, 80)}**{share}"
            st.markdown(f"{told}: {formats.markdown(lack.consequence, 300)}" if lack.consequence else told)
            if lack.field and run.model in cached.frames().models.index and reader.allows("map"):
                _fill(i, run, lack)
        if run.model in cached.frames().models.index and any(lack.field for lack in run.missing):
            if i == 0:
                parts_hub.fill(str(run.model))
            else:
                links.to_model(str(run.model), "Fill it in from the Hub, on the model's page →")


def _fill(i: int, run: RunLines, lack: Missing) -> None:
    key = f"upload-fact-{i}-{lack.field}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(lack.what.capitalize(), key=key, placeholder=WRITTEN.get(lack.field, ""))
        st.button("Keep", key=f"{key}-keep", on_click=_keep, args=(str(run.model), lack.field, key))


def _map(spelling: str, model: str) -> None:
    if reader.allows("map"):
        mapping.set_alias(cached.store(), spelling, "", model, _holder())


def _keep(model: str, field: str, key: str) -> None:
    if not reader.allows("map"):
        return
    try:
        mapping.set_fact(cached.store(), model, field, st.session_state[key], "said at an upload", _holder())
    except RefusedInput as refused:
        st.session_state[REFUSED] = refused.message


def _holder() -> Holder:
    """What a contributor says is the workspace's; an admin says it to everybody."""
    somebody = reader.reader()
    return Holder(somebody.subject, "public" if may(somebody, "make public") else "workspace")
