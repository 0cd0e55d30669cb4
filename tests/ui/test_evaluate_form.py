"""The form of a job: the address that fills it in again gives the same job, keys stay out of it, and tasks are found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import amounts
from lib.errors import RefusedInput
from lib.evals.spec import JobSpec, from_json
from lib.ui.views import evaluate_form as form
from lib.ui.views import evaluate_tasks as tasks

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.booleans() | st.integers(-5, 10**6) | st.from_regex(r"[A-Za-z][A-Za-z0-9/.\-]{0,20}", fullmatch=True)
SPECS = st.builds(
    JobSpec,
    backend=st.sampled_from(["hf", "local-chat-completions"]),
    tasks=st.lists(st.sampled_from(["arc_easy", "piqa", "mmlu", "own_x_12345678"]), min_size=1, unique=True).map(tuple),
    model_args=st.dictionaries(NAMES, VALUES, max_size=4),
    num_fewshot=st.none() | st.integers(0, 25),
    limit=st.none() | st.integers(1, 5000).map(float) | st.sampled_from([0.1, 0.25]),
    batch_size=st.integers(1, 64),
    device=st.none() | st.sampled_from(["cpu", "cuda:1", "mps"]),
    seeds=st.tuples(*[st.integers(0, 2**32 - 1)] * 4),
    apply_chat_template=st.booleans() | st.just("tool_use"),
    fewshot_as_multiturn=st.booleans(),
    system_instruction=st.none() | st.sampled_from(["Be short.", "a=b, c"]),
    gen_kwargs=st.dictionaries(NAMES, st.booleans() | st.integers(0, 99), max_size=3),
    repeats=st.integers(1, 9),
)


def _read_back(address: dict[str, Any]) -> JobSpec:
    """The job that the page would read from the address, field by field."""
    numbers = {
        field.name: amounts.read(field, str(address.get(field.name, form.DEFAULTS.get(field.name, ""))))
        for field in form.NUMBERS
    }
    named = [
        (key.removeprefix(form.ARGUMENT), value) for key, value in address.items() if key.startswith(form.ARGUMENT)
    ]
    asked = form.Asked(
        address["backend"],
        tuple(named),
        tuple(address["task"]),
        more=address.get("more", ""),
        template=address.get("template", ""),
        is_multiturn=address.get("turns") == "true",
        system=address.get("system", ""),
        generation=address.get("generation", ""),
        seeds=address.get("seeds", form.DEFAULTS["seeds"]),
        device=address.get("device", ""),
        **numbers,  # type: ignore[arg-type]
    )
    return form.spec_of(asked)


@given(SPECS, st.booleans())
def test_the_address_of_a_job_is_the_job(spec: JobSpec, has_fields: bool) -> None:
    spec = from_json(spec.as_json())
    fields = {} if has_fields else None
    assert _read_back(form.address_of(spec, fields)) == spec


@pytest.mark.parametrize(
    "text",
    ["http://me:hunter2@127.0.0.1/v1", "sk-proj-abcdefghijklmnop", "header={'Authorization': 'Bearer xyz'}", "api_key=x", "hf_abcdefghijklmnop"],
)  # fmt: skip
def test_what_looks_like_a_key_is_kept_out_of_the_address(text: str) -> None:
    assert form.is_secret(text)
    spec = JobSpec("hf", ("piqa",), {"base_url": text}, system_instruction=text)
    assert text not in str(form.address_of(spec))
    assert not form.is_secret("http://127.0.0.1:8000/v1/completions") and not form.is_secret("EleutherAI/pythia-70m")


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"tasks": ()}, "tasks"),
        ({"more": "max_length"}, "model_args"),
        ({"more": "max length=3"}, "model_args"),
        ({"generation": "{1}"}, "gen_kwargs"),
        ({"seeds": "one"}, "seeds"),
        ({"seeds": "1,2"}, "seeds"),
        ({"device": "toaster"}, "device"),
        ({"template": "<b>"}, "apply_chat_template"),
        ({"system": "x" * 5000}, "system_instruction"),
        ({"arguments": (("pretrained", "a\x00"),)}, "model_args.pretrained"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(wrong: dict[str, Any], place: str) -> None:
    given = {"backend": "hf", "arguments": (), "tasks": ("piqa",)} | wrong
    with pytest.raises(RefusedInput) as refusal:
        form.spec_of(form.Asked(**given))
    assert refusal.value.place == place


def test_tasks_are_found_by_words_kind_and_language() -> None:
    groups = tasks.found("mmlu", "group", "", "")
    assert groups["task"].iloc[0] == "mmlu" and groups["what"].str.startswith("group").all()
    assert groups.loc[0, "n_samples"] == 14042 and "57 tasks" in groups.loc[0, "what"]
    german = tasks.found("arc", "task", "multiple_choice", "de")
    assert len(german) and german["languages"].str.contains("de").all()
    assert (german["answers"] == "chosen among answers").all()
    assert tasks.found("no such task anywhere", "", "", "").empty
    assert len(tasks.found("", "", "", "")) == tasks.FOUND


def test_a_choice_is_counted() -> None:
    own = [tasks.OwnChoice("own_ours_12345678", "<b>Our questions", 30)]
    assert tasks.described([], own, None) == "no task chosen yet"
    assert tasks.described(["arc_easy"], own, None) == "1 task, 2,376 questions"
    assert tasks.described(["arc_easy", own[0].name], own, 100) == "2 tasks, 130 questions"
    assert tasks.described(["arc_easy"], own, 0.1) == "1 task, 238 questions"
    assert tasks.described(["arc_easy", "unheard_of"], own, None) == "2 tasks, at least 2,376 questions"
    assert tasks.described(["unheard_of"], own, None) == "1 task, of unknown size"
    assert tasks.label(own[0].name, own) == "<b>Our questions (own)" and tasks.label("piqa", own) == "piqa"
