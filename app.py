"""The list of pages and the frame around them."""

import streamlit as st

from lib.ui import actions, cached, frame, links, person, pinned, pinned_view, previews, reader, recorded, share

# Without a title here the tab carries the title of the page.
st.set_page_config(layout="wide", page_icon=frame.ICON, initial_sidebar_state=frame.SIDEBAR_PX)
page = st.navigation(
    {
        group: [
            st.Page(
                one.path,
                title=one.title,
                url_path=one.address,
                default=one is links.PAGES[0],
                visibility="hidden" if one.is_hidden else "visible",
            )
            for one in links.PAGES
            if one.group == group
        ]
        for group in dict.fromkeys(one.group for one in links.PAGES)
    },
    expanded=True,
)

somebody = reader.reader()
if person.may_enter(somebody):
    pinned.draw(page.url_path or links.PAGES[0].address)
    with cached.one_revision() as frames, recorded.noting(page.url_path, frames, cached.store()) as notes:
        frame.sidebar()
        with st.sidebar:
            person.draw(somebody)
        frame.top()
        body, foot = st.container(), st.container()
        with foot:
            # Before the page, which may stop early because it has nothing to show.
            if frame.is_embedded():
                frame.embedded_foot(frames, page.url_path)
            else:
                with st.container(horizontal=True, vertical_alignment="center"):
                    actions.draw(somebody, page.url_path, notes)
                    share.draw()
                frame.foot(frames)
        with body:
            if pinned_view.draw():
                page.run()
        is_for_all = cached.is_all_public()
    if is_for_all:
        previews.remember(notes)
else:
    with st.sidebar:
        person.draw(somebody)
