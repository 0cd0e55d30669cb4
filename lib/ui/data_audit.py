"""Who added, changed and withdrew what: part of the page about data and methods."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import formats
from lib.store import audit
from lib.ui import cached, page, reader

MOST = 200
LABELS = {"on": "When (UTC)", "who": "Who", "what": "Did", "of": "What", "seen": "Seen by"}


def show() -> None:
    """The latest deeds on what this reader may see; all of them for an admin."""
    is_admin = reader.allows("manage")
    found = audit.entries(cached.live_store(), of_all=is_admin, most=MOST)
    if found.empty:
        st.markdown(
            "Nothing has been noted yet: what people bring, replace, withdraw, restore and make public stands here."
        )
        return
    page.table(rows(found), key="audit", alt="Who did what, the latest first", labels=LABELS)
    if len(found) == MOST:
        page.small_text(f"The latest {formats.count(MOST)} are shown.")
    page.small_text("Noted in the same moment as it was done, and never changed afterwards.")


def rows(found: pd.DataFrame) -> pd.DataFrame:
    """``audit.entries`` as the page shows them."""
    return pd.DataFrame(
        {
            "on": [str(at).replace("T", " ").removesuffix("Z") for at in found["at"]],
            "who": [formats.one_line(who, 80) for who in found["who"]],
            "what": [formats.one_line(what, 80) for what in found["what"]],
            "of": [formats.one_line(of, 140) for of in found["of"]],
            "seen": found["visibility"].tolist(),
        }
    )
