"""The comparison brief: the decision is what the tests of the panel say, and nothing that is unknown is kept quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis.cheapest import FAIL, PASS, TOO_FEW_DATA
from lib.analysis.configuration import configuration
from lib.analysis.head_to_head import head_to_head
from lib.analysis.listed_prices import Price
from lib.analysis.one_pair import Quality
from lib.errors import RefusedInput
from lib.report.brief import Brief, Workload, brief, decision, unknown
from lib.report.document import Document, Table
from lib.report.html import render
from lib.schema.text import plain
from lib.settings import read_settings
from lib.stats import noninferiority
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.ui.views.brief import brief_view
from tests.conftest import Fill
from tests.report.documents import HOSTILE
from tests.report.reading import Reading
from tests.ui.stores import fill_small

TODAY = "2026-11-20"
NEVER = ("equal", "the same", "tie", "as good as", "noise")


def _of(verdicts: list[str], **changed: Any) -> Brief:
    tests = pd.DataFrame(
        {
            "benchmark": [f"b{i}" for i in range(len(verdicts))],
            "score": 0.5,
            "score_reference": 0.6,
            "delta": -0.1,
            "lower": -0.12,
            "upper": -0.08,
            "verdict": verdicts,
            "run": "r1",
            "run_reference": "r2",
        }
    )
    over_all = noninferiority.panel(np.array(verdicts, dtype=object)[None, :], np.full((1, len(verdicts)), 0.5))
    quality = Quality(str(over_all.verdict[0]), "is shown to be within 2 points of A on each", tests, "board")
    nothing = head_to_head([], pd.DataFrame())
    fields = configuration([])
    labels = {f"b{i}": f"Benchmark {i}" for i in range(len(verdicts))}
    given: dict[str, Any] = {
        "a": "A", "b": "B", "margin": 0.02, "quality": quality, "found": nothing, "tasks": [], "way": "", "fields": fields,
        "labels": labels, "sizes": (70e9, 7e9), "work": Workload(), "prices": (None, None), "figure": None, "legend": [], "alt": "",
    }  # fmt: skip
    return Brief(**{**given, **changed})


@given(st.lists(st.sampled_from([PASS, FAIL, TOO_FEW_DATA]), min_size=1, max_size=5))
def test_the_decision_is_that_of_the_worst_benchmark(verdicts: list[str]) -> None:
    of = _of(verdicts)
    said = plain(decision(of))
    if FAIL in verdicts:
        assert said.startswith("No: ")
        named = [f"Benchmark {i}" for i, one in enumerate(verdicts) if one == FAIL]
        assert len(verdicts) == 1 or all(name in said for name in named)
        assert len(verdicts) == 1 or not any(f"Benchmark {i}" in said for i, one in enumerate(verdicts) if one != FAIL)
    elif TOO_FEW_DATA in verdicts:
        assert said.startswith("Not shown: ")
    else:
        assert said.startswith("Yes, on these benchmarks: ")
    open_ones = [f"Benchmark {i}" for i, one in enumerate(verdicts) if one == TOO_FEW_DATA]
    assert all(any(name in told for told in unknown(of)) for name in open_ones)


@given(st.floats(0.01, 100), st.floats(1, 1e7), st.floats(0, 1e5), st.floats(1, 1e5))
def test_the_bill_against_its_definition(usd: float, requests: float, read: float, written: float) -> None:
    work = Workload(requests, read, written)
    price = Price("m", usd, usd, usd, 1, "", "")
    # The blended price is of this very mixture, so the bill is price per token times tokens.
    assert work.usd(price) == pytest.approx(usd / 1e6 * requests * (read + written))
    assert np.isnan(work.usd(None))


def test_a_price_that_nobody_lists_is_not_free() -> None:
    of = _of([PASS], prices=(Price("a", 3.0, 3.0, 3.0, 1, "2026-01-01", "d"), None))
    view = brief(of)
    (costs,) = [part for part in view.parts if isinstance(part, Table) and "score:month" in part.rows]
    assert costs.rows["score:month"].tolist()[1] == "–" and costs.rows["how"].tolist()[1] == "nobody lists a price"
    assert any("What B costs" in told for told in unknown(of))
    assert "a month" not in plain(view.parts[0].sentences[-1])  # type: ignore[union-attr]


def test_sizes_that_nobody_publishes_are_named() -> None:
    assert any("How large A is" in told for told in unknown(_of([PASS], sizes=(float("nan"), 7e9))))


def test_hostile_names_stay_text() -> None:
    read = Reading(render(Document("x", (brief(_of([PASS, FAIL], a=HOSTILE, b=HOSTILE, labels={"b0": HOSTILE})),))))
    assert not read.faults and "img" not in {tag for tag, _ in read.tags}


@pytest.fixture(scope="module")
def made(filled_copy: Callable[[Fill], Path]) -> Iterator[Callable[..., Any]]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(filled_copy(fill_small))}))
    frames = FrameCache(store).frames()

    def of(a: str, b: str, margin: float = 0.02, work: Workload | None = None) -> Any:
        return brief_view(frames, store, a=a, b=b, margin=margin, work=work or Workload(), today=TODAY)

    yield of
    store.close()


def test_golden_brief_of_two_models_of_the_board(made: Callable[..., Any]) -> None:
    view = made("llama-3.1-70b-instruct", "qwen2.5-7b-instruct")
    read = Reading(render(Document(view.title, (view,)), static=True))
    assert view.title == "Can Llama 3.1 70B Instruct be replaced by Qwen2.5 7B Instruct?"
    said = plain(view.parts[0].sentences[0])
    assert said.startswith("No: ") and all(name in said for name in ("IFEval", "BBH", "MMLU-Pro"))
    assert "−15.2" in read.text and "shown not to be within" in read.text and "too few questions to tell" in read.text
    assert "Open LLM Leaderboard v2" in read.text and "100,000 requests a month" in read.text
    for part in ("Margin and panel", "Cost under one workload", "What is not known", "Sources", "Method and limits"):
        assert part in read.text
    files = {name for one in view.sources for name in one.files}
    assert "catalogue/models.csv" in files and any(one.runs for one in view.sources)
    words = "".join(plain(one) for part in view.parts if hasattr(part, "sentences") for one in part.sentences)
    assert not any(word in words for word in NEVER)


def test_the_other_way_round_and_a_wide_margin(made: Callable[..., Any]) -> None:
    back = made("qwen2.5-7b-instruct", "llama-3.1-70b-instruct")
    assert "Benchmark" in "".join(str(part) for part in back.parts)
    wide = made("llama-3.1-70b-instruct", "qwen2.5-7b-instruct", margin=0.4)
    assert plain(wide.parts[0].sentences[0]).startswith("Yes, on these benchmarks: ")


@pytest.mark.parametrize(
    ("a", "b", "margin", "work"),
    [
        ("nobody", "qwen2.5-7b", 0.02, Workload()),
        ("qwen2.5-7b", "qwen2.5-7b", 0.02, Workload()),
        ("qwen2.5-7b", "qwen2.5-14b", 0.0, Workload()),
        ("qwen2.5-7b", "qwen2.5-14b", 0.02, Workload(0, 1, 1)),
        ("qwen2.5-7b", "qwen2.5-14b", 0.02, Workload(1, 0, 0)),
        ("qwen2.5-7b", "qwen2.5-14b", 0.02, Workload(1, -5, 10)),
        ("qwen2.5-7b", "qwen2.5-14b", float("nan"), Workload()),
    ],
)
def test_what_makes_no_sense_is_refused(
    made: Callable[..., Any], a: str, b: str, margin: float, work: Workload
) -> None:
    with pytest.raises(RefusedInput):
        made(a, b, margin, work)
