"""Upload, bringing files: dropped, looked at before anything is stored, then taken in under the visibility that was chosen."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import streamlit as st

from lib import formats
from lib.access import VISIBILITIES, Visibility, may_show
from lib.errors import PoundForPoundError, RefusedInput
from lib.settings import read_settings
from lib.sources import bring, staging
from lib.sources.archives import Limits
from lib.sources.looking import Look, look
from lib.store.uploads import Upload, upload_of
from lib.ui import cached, links, page, parts_upload_run, reader
from lib.ui.views import upload as views
from lib.ui.views.source import size
from lib.ui.views.upload import UploadView

QUESTION = "What would my results add?"
DROPPED, FOLDER, VISIBILITY, REPLACES = "upload-files", "upload-folder", "upload-visibility", "upload-replaces"
STAGED, LOOKED, SAID, REFUSED = "upload-staged", "upload-looked", "upload-said", "upload-refused"
SHOWN_RUNS, SHOWN_FILES = 6, 20


class Staged:
    """Files of this reader in a folder of their own, which is gone with the session."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="p4p-upload-"))
        self.names: list[str] = []
        self._end = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def n_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def end(self) -> None:
        """Put the files away."""
        self._end()


def show() -> None:
    """The field, or what was dropped with what it would add; and what the last drop became."""
    _what_was_said()
    staged: Staged | None = st.session_state.get(STAGED)
    if staged is None:
        _field()
    else:
        _look(staged)


def _field() -> None:
    page.takeaway([views.sentence("Drop results, and see what they are and beside whom they stand before anything is stored.")])  # fmt: skip
    most = read_settings().max_upload_bytes // 1_000_000
    is_folder = st.toggle("A whole folder", key=FOLDER, help="With everything below it: results find their samples.")
    dropped: Any = st.file_uploader(
        "Folder" if is_folder else "Results, samples, tables, logs of other tools, or zips of them",
        accept_multiple_files="directory" if is_folder else True,
        key=f"{DROPPED}-{is_folder}",
        max_upload_size=most,
    )
    page.small_text(
        "lm-eval (every generation), lighteval, Inspect, EvalScope, HELM, Every Eval Ever, model cards, or a table of scores. "
        f"At most {most} MB a file; zips are unpacked. Nothing is run, and nothing leaves this installation."
    )
    links.link("own-data", ":blue[Which files, and how they should look →]")
    if dropped:
        _stage(dropped)
        st.rerun()


def _stage(dropped: list[Any]) -> None:
    """From memory to the disk: Streamlit would keep them as long as the session lives."""
    staged = Staged()
    for file in dropped:
        staged.names.append(staging.keep(staged.folder, file.name, file))
    st.session_state[STAGED] = staged


def _look(staged: Staged) -> None:
    view = _view(staged)
    page.takeaway([view.takeaway])
    with st.container(horizontal=True, vertical_alignment="center"):
        page.small_text(f"{formats.counted(len(staged.names), 'file')}, {size(staged.n_bytes)}; nothing is stored yet.")
        st.button("Drop other files", key="upload-again", type="tertiary", icon=":material/close:", on_click=_forget)
    if view.can_be_taken:
        _accept(staged)
    for i, run in enumerate(view.runs[:SHOWN_RUNS]):
        parts_upload_run.show(i, run)
    if len(view.runs) > SHOWN_RUNS:
        with st.expander(f"{formats.count(len(view.runs) - SHOWN_RUNS)} more runs"):
            for i, run in enumerate(view.runs[SHOWN_RUNS:], start=SHOWN_RUNS):
                parts_upload_run.show(i, run)
    _files("Logs of answers", [("", one) for one in view.logs], is_open=False)
    _files("Cannot be used", view.refused, is_open=not view.can_be_taken)
    _files("Here already, or not needed", view.others, is_open=False)
    _files("What was skipped or put right", [("", one) for one in view.warnings], is_open=False)


def _view(staged: Staged) -> UploadView:
    """What the drop is, looked at once for each state of the store: a name that was mapped in between means something."""
    frames = cached.frames()
    known = st.session_state.get(LOOKED)
    if known is not None and known[0] is staged and known[1] == (frames.revision, frames.digest):
        seen: UploadView = known[2]
        return seen
    bar = st.progress(0.0, text="Looking at the files ...")
    limits = Limits.for_uploads(read_settings().max_upload_bytes)
    n = max(len(staged.names), 1)

    def told(n_done: int, name: str) -> None:
        bar.progress(min(n_done / n, 1.0), text=formats.markdown(f"{formats.counted(n_done, 'file')}, {name}", 160))

    found: Look = look(cached.store(), bring.raws_in(staged.folder, limits), frames=frames, progress=told)
    bar.empty()
    view = views.upload_view(found, frames)
    st.session_state[LOOKED] = (staged, (frames.revision, frames.digest), view)
    return view


def _accept(staged: Staged) -> None:
    somebody = reader.reader()
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        with left:
            chosen: Visibility = st.segmented_control(
                "Who may see it",
                list(VISIBILITIES),
                default="private" if read_settings().is_shared else "public",
                key=VISIBILITY,
                required=True,
            )
            waits = chosen == "public" and not may_show(somebody, "public")
            page.small_text(views.visibility_words(chosen, waits=waits, is_shared=read_settings().is_shared))
        with right:
            st.button(
                "Put them beside the others",
                key="upload-accept",
                type="primary",
                icon=":material/add:",
                on_click=_take,
                args=(staged,),
            )
        if (old := st.session_state.get(REPLACES)) is not None:
            with st.container(horizontal=True, vertical_alignment="center"):
                page.small_text(f"It takes the place of an earlier upload: {formats.markdown(old[1], 120)}.")
                st.button("Keep both", key="upload-keep-both", type="tertiary", on_click=_keep_both)


def _take(staged: Staged) -> None:
    """In a callback, before the page is drawn, so that the page shows the store after it."""
    state, somebody = st.session_state, reader.reader()
    if not reader.allows("upload"):
        state[REFUSED] = "your role here does not allow uploads"
        return
    replaces = state.get(REPLACES)
    try:
        upload = staging.begin(
            cached.store(),
            somebody,
            staged.names,
            staged.n_bytes,
            visibility=state[VISIBILITY],
            replaces=replaces[0] if replaces else None,
        )
        _read(upload, staged)
    except (PoundForPoundError, OSError) as trouble:
        state[REFUSED] = trouble.message if isinstance(trouble, RefusedInput) else str(trouble)
        return
    state[SAID] = upload.id
    state.pop(REPLACES, None)
    _forget()


def _read(upload: Upload, staged: Staged) -> None:
    bar = st.progress(0.0, text="Taking them in ...")
    n = max(len(staged.names), 1)

    def told(step: Any) -> None:
        text = f"{formats.counted(step.n_files, 'file')}, {step.file}"
        bar.progress(min(step.n_files / n, 1.0), text=formats.markdown(text, 160))

    bring.bring(cached.store(), upload, staged.folder, read_settings(), progress=told)
    bar.empty()


def _forget() -> None:
    staged = st.session_state.pop(STAGED, None)
    if staged is not None:
        staged.end()
    st.session_state.pop(LOOKED, None)


def _keep_both() -> None:
    st.session_state.pop(REPLACES, None)


def _what_was_said() -> None:
    if (refused := st.session_state.pop(REFUSED, None)) is not None:
        st.error(formats.markdown(refused, 400), icon=":material/block:")
    if (said := st.session_state.pop(SAID, None)) is None:
        return
    upload = upload_of(cached.store(), said, owner=reader.reader().subject)
    if upload is None or upload.state != "taken":
        reason = "" if upload is None else str(upload.report.get("error") or "")
        st.error(formats.markdown(reason or "nothing in it could be used", 400), icon=":material/block:")
        return
    st.success(
        f"{formats.counted(upload.n_results, 'score')} from {formats.counted(upload.n_files, 'file')} came in.",
        icon=":material/check:",
    )
    parts_upload_run.ways_on(upload)


def _files(title: str, rows: Any, *, is_open: bool) -> None:
    if not rows:
        return
    with st.expander(f"{title} ({formats.count(len(rows))})", expanded=is_open):
        for name, reason in rows[:SHOWN_FILES]:
            before = f"**{formats.markdown(name, 140)}**: " if name else ""
            st.markdown(f"{before}{formats.markdown(reason, 600)}")
        if len(rows) > SHOWN_FILES:
            page.small_text(f"and {formats.count(len(rows) - SHOWN_FILES)} more: `python -m lib look PATH` lists all")
