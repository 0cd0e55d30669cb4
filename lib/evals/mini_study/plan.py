"""Which models the mini study trains: sizes, budgets of tokens, and the states that are kept on the way."""

from __future__ import annotations

from typing import NamedTuple

BATCH, LENGTH = 32, 48
TOKENS_PER_STEP = BATCH * LENGTH
"""``lib.sources.checkpoints`` knows the same number, and the steps at which training ends."""
LONG, BRIEF = 600, 250
"""Steps of the two budgets: 0.92 and 0.38 million tokens. Each is trained to the end of its own schedule, since a state in
the middle of a longer one has not slowed down yet and understates what its tokens are good for."""


class Shape(NamedTuple):
    """A Llama of this width, with feed-forward layers four times as wide; ``rate`` is its learning rate."""

    name: str
    width: int
    layers: int
    heads: int
    rate: float


NANO = Shape("nano", 16, 1, 2, 1e-2)
MICRO = Shape("micro", 32, 2, 2, 8e-3)
SMALL = Shape("small", 64, 3, 4, 4e-3)


class Course(NamedTuple):
    """One training: a shape, its steps, and the steps at which its state is kept (the last one among them)."""

    shape: Shape
    steps: int
    kept: tuple[int, ...]

    @property
    def id(self) -> str:
        """Id of the model in the store."""
        return f"p4p-mini-{self.shape.name}" + ("" if self.steps == LONG else "-brief")

    @property
    def title(self) -> str:
        """Name of the model for people."""
        return f"Mini {self.shape.name}, {self.tokens / 1e6:.2g}M tokens"

    @property
    def tokens(self) -> int:
        """Read in the whole training."""
        return self.steps * TOKENS_PER_STEP

    def folder(self, step: int) -> str:
        """Name of the folder of a state; importers read the step from it."""
        return f"{self.id}-step{step}"


class Plan(NamedTuple):
    """All courses; ``words`` says what they are, and how long they take."""

    courses: tuple[Course, ...]
    words: str

    @property
    def states(self) -> list[tuple[Course, int]]:
        """Every state that is evaluated, the finished ones first: whoever watches sees whole models soon."""
        found = [(course, step) for course in self.courses for step in course.kept]
        return sorted(found, key=lambda one: one[1] != one[0].steps)


WHOLE = Plan(
    tuple(
        course
        for shape in (NANO, MICRO, SMALL)
        for course in (Course(shape, BRIEF, (BRIEF,)), Course(shape, LONG, (100, 300, LONG)))
    ),
    "three sizes, two budgets of training tokens, and two states on the way of the longer ones",
)
CUT = Plan(
    (Course(NANO, BRIEF, (BRIEF,)), Course(MICRO, BRIEF, (75, 150, BRIEF))),
    "two sizes, one budget of training tokens, and two states on the way",
)
