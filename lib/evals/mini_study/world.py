"""A made-up world, small enough for models of a few thousand parameters: text to learn from, and questions about it.

Three things can be learned, each in its own way. *Facts* have to be remembered: a hundred people, each with a city, a
colour and a trade, some mentioned often and most seldom. *Agreement* is a rule: a verb goes with its noun, not with the
nouns in between. *Copying* is a skill: repeat some words that were never seen together. Everything is drawn from one seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

SEED = 20_261_122
N_PEOPLE = 100
CITIES = ("Arvik", "Belmo", "Corda", "Dulan", "Estra", "Farno", "Gilda", "Harbo", "Ilmen", "Jorvi", "Kesto", "Lumen")
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "orange", "purple", "grey")
TRADES = (
    "baker",
    "cook",
    "doctor",
    "farmer",
    "guard",
    "judge",
    "miller",
    "nurse",
    "pilot",
    "sailor",
    "tailor",
    "weaver",
)
NOUNS = ("dog", "cat", "bird", "horse", "child", "queen", "fox", "bear")
PLURALS = ("dogs", "cats", "birds", "horses", "children", "queens", "foxes", "bears")
VERBS = (("sleeps", "sleep"), ("runs", "run"), ("sings", "sing"), ("waits", "wait"))
BETWEEN = ("near", "behind", "before", "with")
TO_COPY = (*CITIES, *COLOURS, *TRADES)
SHARES = {"facts": 0.6, "agreement": 0.15, "copying": 0.25}
"""Of each kind of line in the text."""
FEWEST_COPIED, MOST_COPIED = 2, 4
MOST_BETWEEN = 2
_CHOICES = 4


class Item(NamedTuple):
    """A question with its answer; ``choices`` (the answer among them) is empty where it has to be written."""

    question: str
    answer: str
    choices: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """As it stands in the text that models learn from: asked as a task of one's own is asked."""
        return f"Question: {self.question}\nAnswer: {self.answer}"


class World:
    """The world of one seed."""

    def __init__(self, seed: int = SEED) -> None:
        draw = random.Random(seed)
        self.seed = seed
        self.people = _names(draw, N_PEOPLE)
        self.facts = tuple(
            item
            for person in self.people
            for item in (
                Item(f"Where does {person} live?", draw.choice(CITIES)),
                Item(f"Which colour does {person} like?", draw.choice(COLOURS)),
                Item(f"What trade does {person} have?", draw.choice(TRADES)),
            )
        )
        # People are mentioned as words are: a few often, most seldom.
        self.weights = tuple((1 + i // 3) ** -0.5 for i in range(len(self.facts)))

    def text(self, n_lines: int) -> Iterator[str]:
        """Lines to learn from, in an order that is always the same; a longer text begins with the shorter one."""
        draw = random.Random(self.seed + 1)
        facts = random.Random(self.seed + 5).choices(self.facts, self.weights, k=n_lines)
        for fact in facts:
            kind = draw.random()
            if kind < SHARES["facts"]:
                yield fact.line
            elif kind < SHARES["facts"] + SHARES["agreement"]:
                yield _agreement(draw).line
            else:
                yield _copying(draw).line

    def fact_questions(self) -> list[Item]:
        """Every fact once, with three wrong answers of its kind."""
        draw = random.Random(self.seed + 2)
        found = []
        for fact in self.facts:
            pool = next(pool for pool in (CITIES, COLOURS, TRADES) if fact.answer in pool)
            wrong = draw.sample([one for one in pool if one != fact.answer], _CHOICES - 1)
            choices = [fact.answer, *wrong]
            draw.shuffle(choices)
            found.append(fact._replace(choices=tuple(choices)))
        return found

    def agreement_questions(self, n: int) -> list[Item]:
        """``n`` different ones."""
        return _different(random.Random(self.seed + 3), _agreement, n)

    def copying_questions(self, n: int) -> list[Item]:
        """``n`` different ones."""
        return _different(random.Random(self.seed + 4), _copying, n)

    def words(self) -> list[str]:
        """Every word of the text, for the tokenizer."""
        fixed = {word for item in (self.facts[:3]) for word in item.line.split()[:-1]} | {"Complete:", "Repeat:", "the"}
        verbs = [one for pair in VERBS for one in pair]
        return sorted({*fixed, *self.people, *TO_COPY, *NOUNS, *PLURALS, *verbs, *BETWEEN})


def _agreement(draw: random.Random) -> Item:
    """``Complete: the dogs near the cat`` is answered by ``sleep``: the verb of the first noun."""
    nouns = [draw.randrange(len(NOUNS)) for _ in range(1 + draw.randrange(MOST_BETWEEN + 1))]
    are_many = [draw.random() < 0.5 for _ in nouns]
    parts = [f"the {(PLURALS if many else NOUNS)[noun]}" for noun, many in zip(nouns, are_many, strict=True)]
    subject = parts[0] + "".join(f" {draw.choice(BETWEEN)} {part}" for part in parts[1:])
    one, several = draw.choice(VERBS)
    return Item(f"Complete: {subject}", several if are_many[0] else one, (one, several))


def _copying(draw: random.Random) -> Item:
    """``Repeat: red Corda baker``; no word twice."""
    words = draw.sample(TO_COPY, draw.randrange(FEWEST_COPIED, MOST_COPIED + 1))
    return Item(f"Repeat: {' '.join(words)}", " ".join(words))


def _different(draw: random.Random, make: Callable[[random.Random], Item], n: int) -> list[Item]:
    found: dict[str, Item] = {}
    while len(found) < n:
        item = make(draw)
        found.setdefault(item.question, item)
    return list(found.values())


def _names(draw: random.Random, n: int) -> tuple[str, ...]:
    """Different invented names of two syllables, none of them a word of the world."""
    syllables = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
    others = {word.lower() for word in (*TO_COPY, *NOUNS, *PLURALS)}
    names: dict[str, None] = {}
    while len(names) < n:
        first, second = draw.sample(syllables, 2)
        name = f"{first}{second}"
        if name not in others and all(a != b for a, b in pairwise(name)):
            names[name.capitalize()] = None
    return tuple(names)
