"""From when scores are, in words: of each run the best date that is known."""

from __future__ import annotations

import pandas as pd

from lib.analysis.score_dates import in_words

RUNS = pd.DataFrame(
    [
        ("a1", "raw", "2024-05-03", "2024", "2026-01-02T03:04:05Z"),
        ("a2", "raw", "2024-06-07", None, "2026-01-02T03:04:05Z"),
        ("b1", "board", None, "2026-02", "2026-01-02T03:04:05Z"),
        ("b2", "raw", "", "2025", "2026-01-02T03:04:05Z"),
        ("c1", "raw", None, None, "2026-01-02T03:04:05Z"),
        ("d1", "transcription", None, "2026-11-21", "2026-01-02T03:04:05Z"),
    ],
    columns=["run", "kind", "evaluated_on", "source_date", "imported_at"],
).set_index(pd.Index(range(7, 13), name="run_id"))


def test_each_run_is_told_by_the_best_date_that_is_known() -> None:
    assert in_words(["a1"], RUNS) == "scores evaluated 3 May 2024"
    assert in_words(["a1 a2", "a1"], RUNS) == "scores evaluated 3 May 2024 to 7 Jun 2024"
    assert in_words(["b1", "b2"], RUNS) == "scores from files published 2025 to February 2026"
    assert in_words(["d1"], RUNS) == "scores copied from print 21 Nov 2026"
    assert in_words(["c1"], RUNS) == "scores from files imported 2 Jan 2026"
    told = in_words(RUNS["run"], RUNS)
    assert told == (
        "scores evaluated 3 May 2024 to 7 Jun 2024, others copied from print 21 Nov 2026, others from files published 2025 to February 2026, "
        "others from files imported 2 Jan 2026"
    )


def test_without_runs_nothing_is_said() -> None:
    assert in_words([], RUNS) == in_words(["zz", ""], RUNS) == in_words(["a1"], RUNS.iloc[:0]) == ""
