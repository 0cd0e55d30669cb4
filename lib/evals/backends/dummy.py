"""lm-eval's own stand-in: answers at random, costs nothing, shows whether a task can be built."""

from __future__ import annotations

from lib.evals.backends.contract import Backend

BACKEND = Backend(
    name="dummy",
    label="Stand-in that guesses (dummy)",
    what="Answers at random, to see prompts and to try a task without a model.",
    arguments=(),
    needs_packages=("lm_eval",),
    install="make setup",
    child_setup="slices",
    verified="All kinds of requests; resumed after kills.",
)
