"""Progress of a job against slow plain definitions, and the words that are said about it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import job_progress as progress
from lib.analysis import job_words as words
from lib.evals.jobs import TaskProgress
from tests.ui import made_jobs as made

STATES = st.sampled_from(["waiting", "running", "succeeded", "failed", "cancelled"])
SOME = st.none() | st.floats(0, 1e6)
TASKS = st.lists(
    st.builds(
        TaskProgress,
        position=st.just(0),
        task=st.just("t"),
        state=STATES,
        n_done=st.integers(0, 1000),
        n_requests=st.none() | st.integers(0, 1000),
        tokens_in=st.none() | st.integers(0, 10**9),
        peak_memory_bytes=st.none() | st.integers(0, 10**12),
        seconds=SOME,
        started_at=st.none() | st.just(made.EARLIER),
        ended_at=st.none() | st.just(made.NOW),
    ),
    max_size=6,
)


def _left_by_hand(tasks: list[TaskProgress], told: list[float | None]) -> float | None:
    """Seconds left, task by task."""
    spent: list[tuple[float, float | None]] = []
    for one, want in zip(tasks, told, strict=True):
        seconds = one.seconds if one.seconds is not None else (120.0 if one.started_at else None)
        if one.state == "succeeded" and seconds is not None:
            spent.append((seconds, want))
    with_want = [(s, w) for s, w in spent if w]
    slower = math.fsum(s for s, _ in with_want) / math.fsum(w for _, w in with_want) if with_want else 1.0
    left = 0.0
    for one, want in zip(tasks, told, strict=True):
        if one.state not in ("running", "waiting"):
            continue
        if one.state == "running":
            seconds = one.seconds if one.seconds is not None else (120.0 if one.started_at else None)
            if one.n_requests is not None and one.n_done > 0 and seconds is not None and seconds >= 1:
                left += max(0, one.n_requests - one.n_done) * seconds / one.n_done
                continue
        if want is not None:
            left += want * slower
        elif spent:
            left += math.fsum(s for s, _ in spent) / len(spent)
        else:
            return None
    return left


@given(TASKS, st.data())
def test_time_left_and_share_are_their_definitions(tasks: list[TaskProgress], data: st.DataObject) -> None:
    told = data.draw(st.lists(SOME, min_size=len(tasks), max_size=len(tasks)))
    found = progress.progress(made.job(tasks=tuple(tasks)), made.NOW, told)
    expected = _left_by_hand(tasks, told)
    assert (found.seconds_left is None) == (expected is None)
    assert expected is None or found.seconds_left == pytest.approx(expected)
    assert 0 <= found.share <= 1 + 1e-9
    assert found.n_ended == len([one for one in tasks if one.state not in ("waiting", "running")])
    if tasks and all(one.state == "succeeded" for one in tasks):
        assert found.share == pytest.approx(1)
    over = made.job(tasks=tuple(tasks), state="failed")
    assert progress.progress(over, made.NOW, told).seconds_left is None


@given(TASKS)
def test_totals_never_take_unknown_for_nothing(tasks: list[TaskProgress]) -> None:
    begun = [one for one in tasks if one.state != "waiting"]
    for column, join in (("tokens_in", sum), ("peak_memory_bytes", max)):
        known = [getattr(one, column) for one in begun if getattr(one, column) is not None]
        found = progress.total(tasks, column)
        assert found.value == (float(join(known)) if known else None)
        assert found.is_whole == (len(known) == len(begun))


@given(TASKS, st.lists(st.floats(0.1, 1e6), min_size=6, max_size=6))
def test_tasks_weigh_as_the_estimate_has_them(tasks: list[TaskProgress], weights: list[float]) -> None:
    told = weights[: len(tasks)]
    found = progress.progress(made.job(tasks=tuple(tasks)), made.NOW, told)
    if tasks:
        done = [w * progress.share(one) for w, one in zip(told, tasks, strict=True)]
        assert found.share == pytest.approx(sum(done) / sum(told))


def test_nothing_is_told_too_early() -> None:
    running = made.task(0, "x", state="running", n_done=32, n_requests=64, started_at=made.NOW)
    assert progress.rate(running, made.NOW) is None and progress.left_in_task(running, made.NOW) is None
    assert progress.rate(replace(running, n_done=0, started_at=made.EARLIER), made.NOW) is None
    assert progress.rate(replace(running, started_at=made.EARLIER), made.NOW) == pytest.approx(32 / 120)
    # Clocks of two machines differ, and a time may be no time.
    assert progress.seconds_between(made.NOW, made.EARLIER) == 0
    assert progress.seconds_between("soon", made.NOW) is None and progress.seconds_between(None, made.NOW) is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"name": "piqa", "seconds": [5, 20, 60]}, 10.0),
        ({"name": "piqa", "seconds": 5}, 2.5),
        ({"name": "piqa", "seconds": [1, math.inf, 2]}, None),
        ({"name": "piqa", "seconds": [1, "fast", 2]}, None),
        ({"name": "piqa", "seconds": True}, None),
        ({"name": "piqa", "seconds": [-1, -1, -1]}, None),
        ({"name": "other", "seconds": 5}, None),
        ([], None),
        ("fast", None),
    ],
)
def test_an_estimate_from_outside_may_say_anything(said: object, expected: float | None) -> None:
    spec, tasks = made.spec(repeats=2), (made.task(0, "arc_easy"), made.task(1, "piqa"))
    for listed in ([said], [None, said, 3]):
        job = made.job(spec=spec, tasks=tasks, estimate={"tasks": listed})
        assert progress.expected_seconds(job) == [None, expected]
    assert progress.expected_seconds(made.job(tasks=tasks, estimate={"tasks": said})) == [None, None]


@pytest.mark.parametrize(
    ("seconds", "about", "took"),
    [
        (0.4, "less than a minute", "less than 1 s"),
        (8, "less than a minute", "8 s"),
        (59.7, "about 1 minute", "1 min"),
        (200, "about 3 minutes", "3 min 20 s"),
        (7_900, "about 2 h 10 min", "2 h 11 min"),
        (3_600 * 30, "about 30 hours", "1 d 6 h"),
        (86_400 * 5, "about 5 days", "5 d"),
        (None, "", "–"),
    ],
)
def test_times_in_words(seconds: float | None, about: str, took: str) -> None:
    assert words.about(seconds) == about
    assert words.took(seconds) == took


@given(st.floats(0, 1e8))
def test_times_in_words_grow(seconds: float) -> None:
    for say in (words.about, words.took, words.ago):
        assert say(seconds) and "0 min" not in say(seconds).split(" ", 1)[0] and " 0 " not in say(seconds)


def test_speeds_and_memory_in_words() -> None:
    assert words.per_second(12.3) == "12 a second" and words.per_second(0.5) == "30 a minute"
    assert words.per_second(0.002) == "7.2 an hour" and words.per_second(None) == words.per_second(0) == ""
    assert words.gib(2**30) == "1 GiB" and words.gib(430 * 2**20) == "430 MiB" and words.gib(None) == "–"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("EleutherAI/pythia-70m", "EleutherAI/pythia-70m"),
        ("/home/somebody/models/tiny/", "tiny"),
        ("~/tiny", "tiny"),
        ("./tiny", "tiny"),
        (r"C:\models\tiny", "tiny"),
        ("gpt-4o-mini", "gpt-4o-mini"),
    ],
)
def test_a_folder_is_called_by_its_last_part(written: str, name: str) -> None:
    assert words.model_name(made.spec(model_args={"pretrained": written})) == name


def test_what_was_asked_in_words() -> None:
    assert words.asked(made.spec(limit=None)) == "arc_easy and piqa"
    assert words.asked(made.spec()) == "arc_easy and piqa, the first 100 of the questions"
    assert words.asked(made.spec(limit=0.1, repeats=3)) == "arc_easy and piqa, 10% of the questions, 3 times over"
    many = made.spec(limit=None, tasks=("a", "b", "c", "d"))
    assert words.asked(many) == "4 tasks: a, b, c …"
    secret = made.spec(model_args={"model": "m", "base_url": "http://me:hunter2@127.0.0.1:8000/v1"})
    assert words.endpoint(secret) == "127.0.0.1:8000"
    assert words.endpoint(made.spec(model_args={"base_url": "http://[::1"})) == ""


def test_a_log_is_plain_lines() -> None:
    bars = "Requests:  10%|#\rRequests:  20%|##\r\nnext\r\n|task |score|\n|-----|----:|\n\n\n"
    assert words.log_lines(bars) == "Requests:  20%|##\nnext\n|task |score|\n|-----|----:|"
    shown = words.log_lines(made.ESCAPES + "\x00\x07 and \x9b31mmore\x1b")
    assert shown == "red click gnp.exe and more"
    assert words.log_lines("x" * 10_000).endswith("…") and len(words.log_lines("a\n" * 10_000).split("\n")) == 400


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b[]m\r\n\x07\x9b;0"), max_size=60))
def test_a_log_never_moves_the_cursor(text: str) -> None:
    shown = words.log_lines(text)
    assert not set(shown) & set("\x1b\r\x07\x9b\x00\x08\u202e")


def test_an_own_task_is_called_by_its_title() -> None:
    assert words.task_name("own_our_questions_0a1b2c3d") == "our questions (own)"
    assert words.task_name("own_goal") == "own_goal" and words.task_name("arc_easy") == "arc_easy"
    assert words.asked(made.spec(limit=None, tasks=("own_our_questions_0a1b2c3d",))) == "our questions (own)"
