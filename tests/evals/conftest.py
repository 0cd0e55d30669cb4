"""lm-eval in a process of its own, one for all tests of this folder that ask it small things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.evals.lm_eval_aside import LmEval


@pytest.fixture(scope="session")
def lm_eval(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LmEval]:
    with LmEval(tmp_path_factory.mktemp("aside")) as aside:
        yield aside
