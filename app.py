"""The list of pages and the frame around them."""

import streamlit as st

from lib.ui import cached, frame, links

# Without a title here the tab carries the title of the page.
st.set_page_config(layout="wide", page_icon=":material/balance:")
page = st.navigation(
    [st.Page(one.path, title=one.title, url_path=one.address, default=one is links.PAGES[0]) for one in links.PAGES],
    position="hidden",
)

with cached.one_revision() as frames:
    frame.sidebar()
    frame.top()
    try:
        page.run()
    finally:
        # Also under a page that stopped early because it had nothing to show.
        frame.foot(frames)
