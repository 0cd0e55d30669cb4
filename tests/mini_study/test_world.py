"""The made-up world: the same on every machine, asked as it was learned, with answers that are right."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from lib.evals.mini_study import catalogue, plan, training
from lib.evals.mini_study.tasks import tasks
from lib.evals.mini_study.train import END, UNKNOWN, apart, pace
from lib.evals.mini_study.world import CITIES, COLOURS, NOUNS, PLURALS, TRADES, VERBS, World
from lib.evals.task_prompts import prompts
from lib.sources.catalogue_aliases import SOURCE as ALIASES
from lib.sources.catalogue_facts import SOURCE as FACTS
from lib.sources.catalogue_models import SOURCE as MODELS
from lib.sources.checkpoints import read_checkpoint
from lib.sources.contract import Candidate

WORLD = World()


def test_the_world_is_the_same_everywhere() -> None:
    assert World().people == WORLD.people and len(set(WORLD.people)) == 100
    # Read off once: another Python that draws otherwise would make other models comparable with these by name.
    assert WORLD.people[:3] == ("Vuma", "Rubu", "Diru")
    assert [task.name for task in tasks(WORLD)] == [task.name for task in tasks(World())]
    assert {task.name for task in tasks(World(1))}.isdisjoint(task.name for task in tasks(WORLD))


def test_a_longer_text_begins_with_the_shorter_one() -> None:
    assert list(WORLD.text(50)) == list(islice(WORLD.text(400), 50))


def test_every_word_of_the_text_has_a_token() -> None:
    words = {word for line in WORLD.text(5_000) for word in line.split()}
    assert words <= set(WORLD.words()) and not {END, UNKNOWN} & words
    asked = {word for item in (*WORLD.fact_questions(), *WORLD.agreement_questions(200)) for word in item.line.split()}
    assert asked <= set(WORLD.words())


def test_facts_are_asked_with_answers_of_one_kind() -> None:
    questions = WORLD.fact_questions()
    assert len(questions) == 300 and {item.question: item.answer for item in questions} == {
        fact.question: fact.answer for fact in WORLD.facts
    }
    for item in questions:
        assert len(set(item.choices)) == 4 and item.answer in item.choices
        assert any(set(item.choices) <= set(pool) for pool in (CITIES, COLOURS, TRADES))
    places = Counter(item.choices.index(item.answer) for item in questions)
    assert max(places.values()) < 110  # always the same place would be an answer without reading


def test_the_verb_goes_with_the_first_noun() -> None:
    many = dict(zip(NOUNS, [False] * len(NOUNS), strict=True)) | dict.fromkeys(PLURALS, True)
    for item in WORLD.agreement_questions(200):
        first = item.question.split()[2]
        one, several = next(pair for pair in VERBS if item.answer in pair)
        assert item.answer == (several if many[first] else one) and item.choices == (one, several)
    assert len({item.question for item in WORLD.agreement_questions(200)}) == 200


def test_a_task_asks_as_the_text_teaches() -> None:
    facts, agreement, copying = tasks(WORLD)
    for task, items in (
        (facts, WORLD.fact_questions()),
        (agreement, WORLD.agreement_questions(200)),
        (copying, WORLD.copying_questions(100)),
    ):
        [prompt, *_] = prompts(task, n=1)
        assert f"{prompt.text} {items[0].answer}" == items[0].line
    assert (facts.chance, agreement.chance, copying.chance) == (0.25, 0.5, None)


@pytest.mark.parametrize("course", {*plan.WHOLE.courses, *plan.CUT.courses})
def test_importers_read_the_tokens_of_every_state(course: plan.Course) -> None:
    assert course.kept[-1] == course.steps
    for step in course.kept:
        state = read_checkpoint([course.folder(step)], None)
        assert state.training_tokens == step * plan.TOKENS_PER_STEP and state.is_checkpoint == (step != course.steps)
    assert read_checkpoint([course.folder(course.steps)], None).training_tokens == course.tokens


def test_models_stand_in_the_catalogue_with_their_sources() -> None:
    courses = plan.WHOLE.courses
    files = catalogue.tables(courses, {course.id: 7_000 + i for i, course in enumerate(courses)}, 179, "2026-11-22")
    read = {name: Candidate(name, content) for name, content in files.items()}
    models, facts, aliases = (
        importer.parse(candidate).tables
        for importer, candidate in zip((MODELS, FACTS, ALIASES), read.values(), strict=True)
    )
    assert all(importer.recognise(one) for importer, one in zip((MODELS, FACTS, ALIASES), read.values(), strict=True))
    assert [row["params_total"] for row in models["models"]] == [7_000 + i for i in range(len(courses))]
    assert {row["size_status"] for row in models["models"]} == {"stated"}
    said = {(row["model_id"], row["field"]): row["value"] for row in facts["model_facts"]}
    assert said["p4p-mini-nano", "training_tokens"] == "921600"
    assert {row["alias"] for row in aliases["model_aliases"]} == {c.folder(step) for c, step in plan.WHOLE.states}
    assert len({course.title for course in courses}) == len(courses) == 6 and len(plan.WHOLE.states) == 12


def test_no_text_runs_short() -> None:
    n_tokens = 20_000
    lines = training._lines(WORLD, n_tokens)
    assert sum(len(line.split()) + 1 for line in lines) >= n_tokens + 2 * plan.TOKENS_PER_STEP


def test_the_rate_rises_and_falls() -> None:
    assert pace(0, 300) == 1 / 50 and pace(50, 300) == 1.0 and pace(300, 300) == pytest.approx(0.1)
    paces = [pace(step, 300) for step in range(50, 301)]
    assert paces == sorted(paces, reverse=True)


def test_lines_do_not_see_each_other() -> None:
    """Against a plain definition: a token sees what lies between the last end before it and itself."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: make local-models")
    part = torch.tensor([[5, 6, 0, 7, 8, 9, 0, 3], [0, 4, 4, 0, 0, 2, 2, 2]])
    mask, places = apart(part)
    for row in range(2):
        for i in range(8):
            ends = [j for j in range(i) if part[row, j] == 0]
            first = ends[-1] + 1 if ends else 0
            seen = [j for j in range(8) if mask[row, 0, i, j] == 0]
            assert seen == list(range(first, i + 1)) and places[row, i] == i - first
