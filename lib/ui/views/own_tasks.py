"""Own questions: what a file would become, or what is wrong with it, and the tasks that there are. No Streamlit."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from lib import formats
from lib.errors import RefusedInput
from lib.evals.own_tasks import Listed
from lib.evals.question_files import MOST_PROBLEMS, Read, Reading, problems_of, read_questions
from lib.evals.task_prompts import Prompt, default_shots, prompts
from lib.schema.text import Sentence, Span, sentence
from lib.settings import ROOT
from lib.sources.own_task_files import Kind, OwnTask, read_task
from lib.sources.readers import first_line_object
from lib.stats.intervals import wilson

EXAMPLE = ROOT / "data" / "examples" / "own_questions.csv"
PROMPTS = 3
ASKED = {
    "likelihood": "by how likely each is: needs a model whose likelihoods can be read",
    "letters": "by the letter that the model writes: works with chat endpoints, too",
}
KIND_WORDS: dict[Kind, str] = {
    "choices": "the likeliest choice counts",
    "letters": "the letter that the model writes counts",
    "answer": "the written answer counts",
    "forecast": "the next number is forecast",
}


class Mistake(NamedTuple):
    """One of them: where it is, the question of that row (may be empty), and what is wrong; plain text."""

    place: str
    question: str
    said: str


class Problems(NamedTuple):
    """Why a file cannot be taken.

    Args:
        said: How much is wrong.
        mistakes: Each with its row.
    """

    said: str
    mistakes: tuple[Mistake, ...]


class Shown(NamedTuple):
    """One prompt for the eye: its text, its continuations with the right one marked, or what is expected."""

    text: str
    answers: str


class Preview(NamedTuple):
    """What a file would become.

    Args:
        takeaway: How many questions, how they are asked, what guessing scores.
        remarks: What was found in the file, and what so many questions can show; plain text.
        prompts: The first ones, to the last character.
    """

    task: OwnTask
    takeaway: Sentence
    remarks: tuple[str, ...]
    prompts: tuple[Shown, ...]


class Line(NamedTuple):
    """A task in the list: its name, title and what is said of it; plain text."""

    name: str
    title: str
    said: str
    note: str
    source: str
    source_id: int


@lru_cache(maxsize=8)
def looked_at(content: bytes, reading: Reading, file: str) -> Preview | Problems:
    """What becomes of a file, as the page shows it."""
    try:
        if "own_task" in (first_line_object(content) or {}):
            return preview(Read(read_task(content, file=file), {}, ()))
        return preview(read_questions(content, reading, file=file))
    except RefusedInput as refusal:
        return problems(refusal)


def preview(found: Read) -> Preview:
    """The task with its first prompts."""
    task = found.task
    counted = formats.counted(len(task.rows), "question")
    chance = f" Guessing scores {formats.score(task.chance, 0)}." if task.chance is not None else ""
    told = sentence(Span(counted, "strong"), f"; {KIND_WORDS[task.kind]}.", chance)
    return Preview(task, told, _remarks(found), tuple(_shown(one) for one in prompts(task, n=PROMPTS)))


def problems(refusal: RefusedInput) -> Problems:
    """The mistakes of a file, each with its place."""
    each = problems_of(refusal)
    mistakes = tuple(Mistake(_place(one.place), formats.one_line(question, 100), _wrong(one)) for one, question in each)
    n = formats.counted(len(each), "mistake")
    more = ", and perhaps more" if len(each) >= MOST_PROBLEMS else ""
    return Problems(f"{n}{more}: nothing of the file is kept until they are mended.", mistakes)


def _place(place: str) -> str:
    """Where it is, in words: ``Line 7, column answer``."""
    words = place.replace("'", "") or "the file"
    return words[:1].upper() + words[1:]


def _wrong(refusal: RefusedInput) -> str:
    said = refusal.reason[:1].upper() + refusal.reason[1:]
    expected = f" Expected: {refusal.expected}." if refusal.expected else ""
    found = f" Found: {refusal.found}" if refusal.found else ""
    return f"{said}.{expected}{found}"


def takeaway(listed: list[Listed]) -> Sentence:
    """How many own tasks there are."""
    own = [one for one in listed if not one.is_shipped]
    if not own:
        return sentence(
            "A file of questions becomes a benchmark: every model can then be asked ", Span("yours", "strong"), "."
        )
    n_questions = sum(one.n_items for one in own)
    return sentence(
        Span(formats.counted(len(own), "set"), "strong"),
        f" of your own questions here, {formats.counted(n_questions, 'question')} in all.",
    )


def line(one: Listed, source_id: int) -> Line:
    """A task in words."""
    chance = f"guessing scores {formats.score(one.chance, 0)}" if one.chance is not None else ""
    edition = f"edition {one.edition}" if one.edition > 1 else ""
    said = (formats.counted(one.n_items, "question"), KIND_WORDS[one.kind], chance, edition)
    when = "came with the project" if one.is_shipped else f"added {formats.date(one.added_at)}"
    return Line(one.name, one.title, " · ".join([*filter(None, said), when]), one.note, one.source, source_id)


def _remarks(found: Read) -> tuple[str, ...]:
    task, remarks = found.task, []
    low, high = (float(end) for end in wilson(len(task.rows) / 2, len(task.rows)))
    if task.kind != "forecast":
        remarks.append(
            f"With {formats.counted(len(task.rows), 'question')} a score of 50% stands for anything from "
            f"{formats.score(low, 0)} to {formats.score(high, 0)} (95% interval): more questions show smaller differences."
        )
    if found.columns:
        named = ", ".join(f"{what}: {column}" for what, column in found.columns.items())
        remarks.append(f"Columns used. {named}.")
    if found.unused:
        remarks.append(f"Columns not used: {', '.join(found.unused)}.")
    if task.examples:
        shots = default_shots(task)
        examples = formats.counted(len(task.examples), "worked example")
        remarks.append(f"{examples}, not asked; the first {shots} stand in the prompt unless a job says otherwise.")
    return tuple(remarks)


def _shown(prompt: Prompt) -> Shown:
    if not prompt.continuations:
        return Shown(prompt.text, f"Right: {prompt.expected}")
    marks = ("→" if i == prompt.answer else " " for i in range(len(prompt.continuations)))
    return Shown(prompt.text, "\n".join(f"{mark}{one}" for mark, one in zip(marks, prompt.continuations, strict=True)))
