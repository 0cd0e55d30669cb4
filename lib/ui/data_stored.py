"""What the parts of the page about data read of the store beside the frames, once per revision."""

from __future__ import annotations

import pandas as pd

from lib.schema.text import Sentence
from lib.store import read, source_lists
from lib.store.frames import Frames
from lib.ui import cached, reader
from lib.ui.views import data, own_data


def is_local() -> bool:
    """Whether this reader may change anything in the store that is shown: on an installation of their own, or as an admin.

    Nobody may change what was pinned.
    """
    return reader.allows("withdraw any") and not is_pinned()


def is_pinned() -> bool:
    """Whether what is shown is a snapshot; its pages say ``PINNED`` where others have a form."""
    return cached.snapshot() is not None


PINNED = "This view is pinned, so nothing can be changed here. See it now to change something."


def collections(frames: Frames) -> data.Collections:
    """Sources and refusals by the raw file they came in."""
    store = cached.store()
    return data.collections(source_lists.source_list(store), read.refusals(store), source_lists.raw_names(store))


def takeaway(frames: Frames) -> Sentence:
    """What the store holds and where its numbers come from."""
    return data.takeaway(frames, cached.made(collections), len(cached.made(names_that_wait)))


def collection_options(frames: Frames) -> dict[str, str]:
    """What one can look into, by its key: everything, what is gathered, and the collections with most results."""
    return data.options(cached.made(collections))


def own_files(frames: Frames, *, most: int) -> own_data.OwnFiles:
    """The first of the reader's own files."""
    return own_data.own_files(cached.made(collections), most)


def names_that_wait(frames: Frames) -> pd.DataFrame:
    """``read.unresolved`` with a further column ``runs``: the beginnings of their digests, parted by a blank."""
    store = cached.store()
    waiting, runs = read.unresolved(store), source_lists.waiting_runs(store)
    keys = zip(waiting["spelling"], waiting["scope"], strict=True)
    return waiting.assign(runs=pd.Series([" ".join(runs.get(key, ())) for key in keys], waiting.index, dtype=object))


def own_aliases(frames: Frames) -> pd.DataFrame:
    """The reader's own aliases: alias, scope, model_id."""
    known = read.aliases(cached.store())
    return known[known["origin"] == "reader"].reset_index(drop=True)
