"""Dataset repositories as lm-eval's hub logging writes them go in whole: results, logs with their results, the card passed over.

Results stand in ``<org>/<model>/results_<time>.json`` of the results repository; the repository of details has a folder
``<org>__<model>`` with results and logs side by side (lm-eval 0.4.13, ``EvaluationTracker``).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.settings import read_settings
from lib.sources.ingest import ingest
from lib.store import read
from lib.store.db import open_store
from lib.store.details import run_details
from lib.store.frames import FrameCache
from tests.ingest.archives import zipped

GOLDEN = Path(__file__).parents[1] / "golden" / "lm-eval-samples"
CARD = "---\nconfigs:\n- config_name: results\n  data_files:\n  - split: latest\n    path: ['**/results_x.json']\n---\n# Dataset\n"


def repository() -> dict[str, bytes]:
    files = {"README.md": CARD.encode(), ".gitattributes": b"*.jsonl filter=lfs"}
    for case in ("made-0.4.13-p4p_rivers", "made-0.4.13-p4p_sums"):
        for path in (GOLDEN / case).glob("*_2026*"):
            files[f"made__model/{path.name}"] = path.read_bytes()
            if path.name.startswith("results"):
                files[f"made/model/{path.name}"] = path.read_bytes()
    return files


@pytest.mark.parametrize("is_zip", [False, True])
def test_a_repository_of_details_goes_in_whole(is_zip, tmp_path):
    files = repository()
    given = tmp_path / "details"
    if is_zip:
        given = tmp_path / "details.zip"
        given.write_bytes(zipped(files))
    else:
        for name, content in files.items():
            path = given / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    settings = read_settings({"P4P_DATA_DIR": str(tmp_path / "local"), "P4P_FILL": "0"})
    store = open_store(settings)
    try:
        summary = ingest(store, [given], settings=settings)
        assert summary.refused == []
        assert [Path(issue.file).name for issue in summary.warnings] == ["README.md"]
        runs = FrameCache(store).frames().runs
        (run,) = runs["run"]
        details = run_details(store, run)
        # The same results twice and two logs: one run with all its sources.
        assert len(details.sources) == (4 if is_zip else 3)
        assert sorted(details.samples["task"]) == ["p4p_rivers", "p4p_sums"]
        assert len(read.sources(store)) == len(details.sources)
    finally:
        store.close()
