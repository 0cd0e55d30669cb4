"""What the upload page does with files, in a process of its own: ``python -m tests.hostile.upload_route GIVEN STAGED``.

Each file is sent as a browser sends it, looked at, shown in lines, and taken in; what became of it goes to standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lib import formats
from lib.access import Reader
from lib.settings import read_settings
from lib.sources import bring, staging
from lib.sources.archives import Limits
from lib.sources.looking import look
from lib.store import uploads
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.ui.views.upload import upload_view

ALICE = Reader("alice", "Alice", "contributor")


def main() -> None:
    given, staged = Path(sys.argv[1]), Path(sys.argv[2])
    settings = read_settings()
    store = open_store(settings).seen_by(ALICE.sight)
    frames = FrameCache(store)
    names = []
    for path in sorted(given.iterdir()):
        with path.open("rb") as content:
            names.append(staging.keep(staged, path.name, content))
    found = look(store, bring.raws_in(staged, Limits.for_uploads(settings.max_upload_bytes)), frames=frames.frames())
    view = upload_view(found, frames.frames())
    said = [*view.refused, *view.others, *(("", one) for one in (*view.logs, *view.warnings))]
    shown = [formats.markdown(text, 600) for pair in said for text in pair if text]
    n_bytes = sum(path.stat().st_size for path in staged.rglob("*") if path.is_file())
    upload = staging.begin(store, ALICE, names, n_bytes, visibility="private")
    bring.bring(store, upload, staged, settings)
    ended = uploads.upload_of(store, upload.id)
    assert ended is not None
    print(
        json.dumps(
            {
                "looked": found.counts(),
                "refused": [file.name for file in found.of("refused")],
                "shown": shown,
                "runs": len(view.runs),
                "state": ended.state,
                "report": ended.report,
                "seen_by_others": len(FrameCache(open_store(settings)).frames().runs),
            }
        )
    )


if __name__ == "__main__":
    main()
