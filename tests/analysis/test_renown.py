"""A model is as well known as the number of places that measured it."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis.renown import places_measured

RUN = st.tuples(
    st.sampled_from(["a", "b", "c", None]),
    st.sampled_from(["lm-eval 0.4", "document"]),
    st.sampled_from(["x", "y", None]),
)


@given(st.lists(RUN, max_size=12))
def test_against_the_plain_definition(rows: list[tuple[str | None, str, str | None]]) -> None:
    runs = pd.DataFrame(rows, columns=["model", "evaluator", "document"], dtype=object)
    expected = {m: len({(e, d) for n, e, d in rows if n == m}) for m in {m for m, _, _ in rows if m is not None}}
    assert places_measured(runs).to_dict() == expected


def test_checkpoints_make_no_model_famous() -> None:
    runs = pd.DataFrame(
        {"model": ["p"] * 27 + ["q", "q"], "evaluator": ["lm-eval 0.3"] * 28 + ["document"], "document": None}
    )
    assert places_measured(runs).to_dict() == {"p": 1, "q": 2}
