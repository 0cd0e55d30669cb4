"""Evaluate, questions of one's own: a file in, its prompts and mistakes to see, then a benchmark; and those that there are."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import formats
from lib.errors import PoundForPoundError
from lib.evals import own_tasks
from lib.evals.question_files import Reading
from lib.store.own_tasks import own_tasks as rows_of
from lib.ui import cached, links, page, reader, withdrawing
from lib.ui.views import own_tasks as views
from lib.ui.views.own_tasks import Line, Mistake, Preview, Problems

QUESTION = "Does the small model do on my own questions?"
FILE, TITLE, ASKED, EXAMPLES = "own-file", "own-title", "own-asked", "own-examples"
COLUMNS = {"question": "own-question", "answer": "own-answer", "choices": "own-choices"}
NOTE, SAID, REFUSED, KEPT = "own-note", "own-said", "own-refused", "own-kept"
TYPES = ("csv", "jsonl", "json", "tsv", "txt")
MOST_MB = 50
SHOWN = 12
MISTAKES_SHOWN = 10


def show() -> None:
    """The form with its preview, and the tasks in use below."""
    listed = own_tasks.tasks(cached.store())
    page.takeaway([views.takeaway(listed)])
    withdrawing.what_was_done()
    _what_was_said()
    if reader.allows("upload"):
        _form()
    else:
        page.small_text("This installation is open to others: questions are added on the command line.")
        st.code("python -m lib tasks add questions.csv --title TEXT", language=None, wrap_lines=True)
    _tasks(listed)
    withdrawing.question()


def _form() -> None:
    left, right = st.columns([6, 5], vertical_alignment="top")
    with left:
        uploaded = st.file_uploader(
            "Questions, as CSV or JSON Lines",
            type=list(TYPES),
            key=FILE,
            max_upload_size=MOST_MB,
            help="Columns question and answer, and for choices A, B, C and so on. Nothing is kept before you say so.",
        )
    with right:
        st.text_input("Title", key=TITLE, max_chars=80, placeholder="what the benchmark is called")
        st.number_input(
            "Worked examples",
            key=EXAMPLES,
            min_value=0,
            max_value=1_000,
            value=0,
            step=1,
            help="So many rows from the top are not asked: they stand in the prompt with their answers.",
        )
    st.selectbox("Choices are asked", list(views.ASKED), key=ASKED, format_func=lambda value: views.ASKED[value])
    with st.expander("Names of columns, and a note"):
        places = st.columns(3)
        for place, (what, key) in zip(places, COLUMNS.items(), strict=True):
            several = ", with commas between" if what == "choices" else ""
            place.text_input(f"Column of the {what}{several}", key=key, placeholder="found by its name")
        st.text_input(
            "Note", key=NOTE, max_chars=1_000, placeholder="where the questions are from, under which licence"
        )
    if uploaded is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "An example file",
                data=views.EXAMPLE.read_bytes(),
                file_name=views.EXAMPLE.name,
                mime="text/csv",
                key="own-example",
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
            )
        return
    found = views.looked_at(uploaded.getvalue(), _reading(uploaded.name), uploaded.name)
    if isinstance(found, Problems):
        _problems(found)
    else:
        _preview(found)


def _reading(file: str) -> Reading:
    """What the form says about the file; without a title the file's own name is one."""
    state = st.session_state
    return Reading(
        title=(state[TITLE] or file.rpartition(".")[0] or file).strip()[:80],
        question=state[COLUMNS["question"]].strip(),
        answer=state[COLUMNS["answer"]].strip(),
        choices=tuple(one.strip() for one in state[COLUMNS["choices"]].split(",") if one.strip()),
        asked=state[ASKED],
        n_examples=int(state[EXAMPLES] or 0),
        note=state[NOTE],
    )


def _problems(found: Problems) -> None:
    st.error(formats.markdown(found.said))
    for one in found.mistakes[:MISTAKES_SHOWN]:
        _mistake(one)
    if len(found.mistakes) > MISTAKES_SHOWN:
        with st.expander(f"{formats.count(len(found.mistakes) - MISTAKES_SHOWN)} more"):
            for one in found.mistakes[MISTAKES_SHOWN:]:
                _mistake(one)


def _mistake(one: Mistake) -> None:
    with st.container(border=True, gap="xxsmall"):
        question = f" :gray[{formats.markdown(one.question)}]" if one.question else ""
        st.markdown(f"**{formats.markdown(one.place)}**{question}")
        st.markdown(formats.markdown(one.said, 600))


def _preview(found: Preview) -> None:
    st.subheader(formats.markdown(found.task.title), anchor=False)
    st.markdown(page.markdown(found.takeaway))
    for remark in found.remarks:
        page.small_text(formats.markdown(remark, 600))
    st.button(
        "Keep these questions as a benchmark",
        key="own-keep",
        type="primary",
        icon=":material/add:",
        on_click=_keep,
        args=(found,),
    )
    st.markdown(
        f"**The first {len(found.prompts)} prompts, to the last character**"
        if len(found.prompts) > 1
        else "**The prompt**"
    )
    for prompt in found.prompts:
        with st.container(border=True, gap="small"):
            st.code(prompt.text, language=None, wrap_lines=True)
            st.code(prompt.answers, language=None, wrap_lines=True)


def _keep(found: Preview) -> None:
    """In a callback, before the page is drawn, so that the page shows the store after it."""
    state: Any = st.session_state
    try:
        added = own_tasks.add(cached.store(), found.task)
    except PoundForPoundError as trouble:
        state[REFUSED] = str(trouble)
        return
    state[KEPT] = added.name
    state[SAID] = (
        f"“{found.task.title}” is a benchmark now."
        if added.is_new
        else f"The same questions are here already, as “{found.task.title}”."
    )


def _what_was_said() -> None:
    if (refused := st.session_state.pop(REFUSED, None)) is not None:
        st.error(formats.markdown(refused, 400), icon=":material/block:")
    if (said := st.session_state.pop(SAID, None)) is not None:
        st.success(formats.markdown(said, 200), icon=":material/check:")
        links.link("evaluate", ":blue[Evaluate on these questions →]", _start(st.session_state.pop(KEPT)))


def _tasks(listed: list[own_tasks.Listed]) -> None:
    st.subheader("Questions in this store", anchor=False)
    if not listed:
        st.markdown("None yet.")
        return
    sources = {row["task"]: int(row["source_id"]) for row in rows_of(cached.store())}
    listed = sorted(listed, key=lambda one: one.is_shipped)
    for one in listed[:SHOWN]:
        _task(views.line(one, sources[one.name]), is_own=not one.is_shipped)
    if len(listed) > SHOWN:
        with st.expander(f"{formats.count(len(listed) - SHOWN)} more"):
            for one in listed[SHOWN:]:
                _task(views.line(one, sources[one.name]), is_own=not one.is_shipped)


def _task(line: Line, *, is_own: bool) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{formats.markdown(line.title, 100)}**")
        page.small_text(formats.markdown(line.said, 300))
        if line.note:
            page.small_text(formats.markdown(line.note, 600))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            links.link("evaluate", ":blue[Evaluate on these questions →]", _start(line.name))
            links.to_benchmark(line.name, "Scores so far")
            links.to_source(line.source, "The file")
            if is_own:
                withdrawing.buttons(line.name, [line.source_id], [], what="it", name=line.title)


def _start(name: str) -> dict[str, str | list[str]]:
    return {"part": "start", "task": [name]}
