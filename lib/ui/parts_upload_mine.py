"""Upload, what was brought: each upload with who sees it, a way back, a way to put another in its place; and those that wait
for an admin."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from lib import formats
from lib.access import VISIBILITIES, may_change, may_show
from lib.errors import RefusedInput
from lib.sources import bring
from lib.store import uploads
from lib.store.uploads import Upload
from lib.ui import cached, links, page, parts_upload, parts_upload_run, reader
from lib.ui.views import upload as views
from lib.ui.views.upload import STATES, sentence

QUESTION = "What have I brought?"
SHOWN = 12
SAID, REFUSED = "mine-said", "mine-refused"


def show() -> None:
    """The list, and for admins what waits for them."""
    somebody = reader.reader()
    found = uploads.uploads_of(cached.store(), somebody.subject)
    _takeaway(found)
    if (said := st.session_state.pop(SAID, None)) is not None:
        st.success(said, icon=":material/check:")
    if (refused := st.session_state.pop(REFUSED, None)) is not None:
        st.error(formats.markdown(refused, 300), icon=":material/block:")
    if reader.allows("make public"):
        _waiting(uploads.uploads_waiting(cached.store()))
    for upload in found["id"].head(SHOWN):
        _one(str(upload))
    if len(found) > SHOWN:
        with st.expander(f"{formats.count(len(found) - SHOWN)} earlier ones"):
            for upload in found["id"].iloc[SHOWN:]:
                _one(str(upload))
    links.link("own-data", ":blue[Every file of this store →]")


def _takeaway(found: pd.DataFrame) -> None:
    if found.empty:
        page.takeaway([sentence("Nothing yet: what you upload is listed here, and can be taken back.")])
        links.link("upload", ":blue[Upload results →]")
        return
    live = found[(found["state"] == "taken") & found["undone_at"].isna()]
    n_results, n_other = int(live["n_results"].sum()), len(found) - len(live)
    page.takeaway(
        [
            sentence(
                views.Span(formats.counted(len(live), "upload"), "strong"),
                f" in use, with {formats.counted(n_results, 'score')}",
                f"; {formats.count(n_other)} taken back, refused or not whole." if n_other else ".",
            )
        ]
    )


def _waiting(found: pd.DataFrame) -> None:
    if found.empty:
        return
    st.subheader(f"Waits to be public ({formats.count(len(found))})", anchor=False)
    for row in found.to_dict("records"):
        with st.container(border=True, key=f"waits-{row['id']}"):
            # Listed, not read: an admin sees whose it is and how much, and decides with them.
            st.markdown(f"**{formats.markdown(row['owner'], 80)}**, {formats.date(row['made_at'])}")
            page.small_text(f"{formats.counted(row['n_files'], 'file')}, {formats.counted(row['n_results'], 'score')}; {views.WHO[row['visibility']]} sees it now")  # fmt: skip
            with st.container(horizontal=True):
                st.button("Make it public", key=f"public-{row['id']}", on_click=_show_to, args=(row["id"], "public"))
                st.button("Leave it as it is", key=f"leave-{row['id']}", type="tertiary", on_click=_show_to, args=(row["id"], row["visibility"]))  # fmt: skip


def _one(name: str) -> None:
    store, somebody = cached.store(), reader.reader()
    upload = uploads.upload_of(store, name, owner=somebody.subject)
    if upload is None:
        return
    if bring.is_abandoned(upload):
        bring.give_up(store, upload.id, bring.GONE)
        upload = upload._replace(state="failed")
    with st.container(border=True, key=f"upload-{upload.id}"):
        st.markdown(f"**{formats.markdown(upload.name, 140)}**")
        page.small_text(_line(upload))
        for issue in upload.report.get("refused", [])[:3]:
            page.small_text(f"{formats.markdown(issue['file'], 100)}: {formats.markdown(issue['reason'], 300)}")
        if upload.report.get("error"):
            page.small_text(formats.markdown(upload.report["error"], 300))
        if upload.state == "taken" and may_change(somebody, upload.owner):
            _buttons(upload)
        if upload.state == "taken" and upload.undone_at is None:
            with st.expander("Where it is now"):
                parts_upload_run.ways_on(upload)


def _line(upload: Upload) -> str:
    what = f"{formats.counted(upload.n_files, 'file')}, {formats.counted(upload.n_results, 'score')}"
    state = "taken back" if upload.undone_at else STATES[upload.state]
    seen = f"seen by {views.WHO[upload.visibility].replace('only I', 'you only')}"
    waits = "; waits for an admin to make it public" if upload.wants_public else ""
    return f"{formats.date(upload.made_at)}: {what}; {state}; {seen}{waits}"


def _buttons(upload: Upload) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if upload.undone_at:
            st.button("Bring it back", key=f"redo-{upload.id}", icon=":material/undo:", type="tertiary", on_click=_turn, args=(upload.id, True))  # fmt: skip
            return
        st.button("Take it back", key=f"undo-{upload.id}", icon=":material/visibility_off:", type="tertiary", on_click=_turn, args=(upload.id, False))  # fmt: skip
        st.button("Replace it", key=f"replace-{upload.id}", icon=":material/swap_horiz:", type="tertiary", on_click=_replace, args=(upload,))  # fmt: skip
        allowed = [one for one in VISIBILITIES if may_show(reader.reader(), one) or one == upload.visibility]
        st.selectbox(
            "Who may see it",
            allowed,
            index=allowed.index(upload.visibility),
            key=f"seen-{upload.id}",
            format_func=str,
            label_visibility="collapsed",
            on_change=_change,
            args=(upload.id,),
        )


def _turn(upload: str, is_back: bool) -> None:
    somebody = reader.reader()
    found = uploads.upload_of(cached.store(), upload)
    # Asked again: the role may have been taken away since the button was drawn.
    if found is None or not may_change(somebody, found.owner):
        st.session_state[REFUSED] = "your role here does not allow that"
        return
    turn = uploads.redo if is_back else uploads.undo
    n = turn(cached.store(), upload, by=somebody.subject)
    st.session_state[SAID] = (
        f"{formats.counted(n, 'source')} {'brought back' if is_back else 'taken back; nothing is deleted'}."
    )


def _replace(upload: Upload) -> None:
    st.session_state[parts_upload.REPLACES] = (upload.id, upload.name)
    st.query_params["part"] = "new"


def _change(upload: str) -> None:
    _show_to(upload, st.session_state[f"seen-{upload}"])


def _show_to(upload: str, visibility: Any) -> None:
    """Own uploads as far as one's role goes; to make public what waits is an admin's."""
    somebody = reader.reader()
    found = uploads.upload_of(cached.store(), upload)
    is_allowed = found is not None and may_change(somebody, found.owner)
    if not is_allowed or (visibility == "public" and not may_show(somebody, "public")):
        st.session_state[REFUSED] = "your role here does not allow that"
        return
    try:
        uploads.show_to(cached.store(), upload, visibility, by=somebody.subject)
    except RefusedInput as refused:
        st.session_state[REFUSED] = refused.message
        return
    st.session_state[SAID] = f"Seen by {views.WHO[visibility]} from now on."
