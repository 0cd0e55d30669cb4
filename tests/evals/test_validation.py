"""What speaks against a job: each reason once, with its field and what would help; and nothing against a good one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib.errors import RefusedInput
from lib.evals.asking import Asked, ask_hub, fitted_limit, prepare
from lib.evals.backends import backend_of
from lib.evals.backends.contract import Problem, Situation, with_defaults
from lib.evals.estimate import Known, estimate
from lib.evals.jobs import Worker
from lib.evals.machine import Machine
from lib.evals.model_facts import ModelFacts
from lib.evals.presets import STEPS, fitted, presets
from lib.evals.spec import JobSpec, from_json
from lib.evals.task_list import task_list
from lib.evals.validation import Surroundings, cached_datasets, problems
from lib.settings import read_settings
from lib.store.db import Store

TASKS = task_list()
SMALL = ModelFacts("o/m", params=1e9, params_active=1e9, bits_per_weight=16, cache_bytes_per_token=1e5, vocab=50_000)
HERE = Surroundings(
    Situation(env={}, key_hosts={}),
    installed={
        "lm_eval": "0.4.13",
        "torch": "2",
        "transformers": "5",
        "accelerate": "1",
        "aiohttp": "3",
        "tenacity": "9",
    },
    memory_gib=16.0,
)


def spec(**changes: Any) -> JobSpec:
    return from_json({"backend": "hf", "tasks": ["arc_easy"], "model_args": {"pretrained": "o/m"}, **changes})


def against(asked: JobSpec, facts: ModelFacts = SMALL, **changes: Any) -> list[Problem]:
    whole = with_defaults(asked, backend_of(asked))
    told = estimate(whole, Known(facts, TASKS, Machine(16.0, 12.0, 1e11, 1e10), past=()))
    return problems(whole, facts, told, TASKS, replace(HERE, **changes))


def test_nothing_speaks_against_a_good_job() -> None:
    assert against(spec()) == []
    assert against(spec(tasks=["own_x_01234567"]), own_tasks={"own_x_01234567"}) == []


CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str, str]] = [
    ({"tasks": ["arc_eazy"]}, {}, {}, "tasks", "knows no task arc_eazy", "arc_easy"),
    ({"tasks": ["own_gone_01234567"]}, {}, {}, "tasks", "own_gone", "own tasks in use"),
    ({"tasks": ["humaneval"]}, {}, {}, "tasks", "runs the programs", "container"),
    ({}, {}, {"installed": {"lm_eval": "0.4.13"}}, "backend", "torch, transformers, accelerate are", "make local-models"),
    ({}, {"is_gated": True}, {}, "model_args.pretrained", "gated", "HF_TOKEN"),
    ({}, {"needs_code": True}, {}, "model_args.pretrained", "code of its own", "P4P_ALLOW_REMOTE_CODE"),
    ({}, {"has_safetensors": False}, {}, "model_args.pretrained", "pickles", "safetensors"),
    ({}, {"params": 30e9}, {}, "model", "by our estimate", "smaller"),
    ({"model_args": {"pretrained": "/no/such/folder"}}, {}, {}, "model_args.pretrained", "no such folder", "full path"),
    ({"model_args": {"pretrained": "~"}}, {}, {}, "model_args.pretrained", "depends on where", "in full"),
    ({}, {}, {"is_offline": True, "datasets": frozenset()}, "tasks", "allenai/ai2_arc", "once where"),
    (
        {"backend": "local-chat-completions", "model_args": {"model": "m", "base_url": "http://127.0.0.1:9/v1/chat/completions"}},
        {}, {}, "tasks", "likelihoods of given answers", "answered in writing",
    ),
    ({"fewshot_as_multiturn": True}, {}, {}, "fewshot_as_multiturn", "chat template", "on"),
    ({"model_args": {"pretrained": "o/m", "api_key": "x"}}, {}, {}, "model_args.api_key", "key", "environment"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "facts", "around", "place", "reason", "remedy"), CASES)
def test_each_reason_has_its_field_and_a_remedy(
    asked: dict[str, Any], facts: dict[str, Any], around: dict[str, Any], place: str, reason: str, remedy: str
) -> None:
    found = against(spec(**asked), replace(SMALL, **facts), **around)
    fitting = [one for one in found if one.place == place and reason in one.reason]
    assert len(fitting) == 1, found
    assert remedy in fitting[0].remedy


def test_what_an_admin_allows_or_a_worker_has_is_no_problem() -> None:
    allowed = Situation(env={"HF_TOKEN": "x"}, key_hosts={}, allows_remote_code=True)
    facts = replace(SMALL, is_gated=True, needs_code=True, has_safetensors=False)
    assert against(spec(tasks=["humaneval"]), facts, situation=allowed) == []
    large = replace(SMALL, params=30e9)
    card = Worker("w", "cuda", 80.0, ("hf",), "0.4.13", None, 1.0)
    assert against(spec(device="cuda"), large, workers=[card]) == []
    assert against(spec(device="cuda"), large, workers=[replace(card, memory_gib=24.0)])
    # No worker with a card is running: nobody knows how large the one will be that is started.
    assert against(spec(device="cuda"), large, workers=[]) == []
    assert against(spec(), is_offline=True, datasets=frozenset({"allenai/ai2_arc"})) == []


def test_data_sets_on_this_machine_are_found_in_both_caches(tmp_path: Path) -> None:
    (tmp_path / "hub" / "datasets--allenai--ai2_arc").mkdir(parents=True)
    (tmp_path / "datasets" / "Rowan___hellaswag").mkdir(parents=True)
    assert cached_datasets(tmp_path) == {"allenai/ai2_arc", "Rowan/hellaswag"}
    assert cached_datasets(tmp_path / "none") == frozenset()


def test_presets_name_tasks_that_there_are() -> None:
    found = presets()
    assert set(found) == {"quick-look", "open-llm-leaderboard-2", "small-models"}
    assert next(iter(found.values())).minutes == 20
    for preset in found.values():
        assert preset.label and preset.what and preset.source_title and preset.source_date
        for task in preset.tasks:
            assert TASKS.leaves(task), task
            assert TASKS.n_items(task) is not None, f"{task}: a preset can be estimated"


def test_a_preset_with_a_time_asks_as_much_as_fits() -> None:
    quick = presets()["quick-look"]
    of = Known(SMALL, TASKS, Machine(16.0, 12.0, 1e11, 1e10), past=())
    asked = fitted(quick, spec(), lambda one: estimate(one, of))
    assert asked.tasks == quick.tasks and asked.num_fewshot == 0 and asked.limit in STEPS
    seconds = [estimate(replace(asked, limit=float(step)), of).seconds for step in STEPS]
    slow = max([STEPS[0], *(step for step, s in zip(STEPS, seconds, strict=True) if s and s.mid <= 1_200)])
    assert asked.limit == slow
    unknown = replace(of, facts=ModelFacts("o/m"))
    assert fitted(quick, spec(), lambda one: estimate(one, unknown)).limit == quick.limit
    whole = presets()["small-models"]
    assert fitted(whole, spec(), lambda one: estimate(one, of)).limit is None


def test_everything_at_once(store: Store, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What page and command line call: an own task and a local folder, with nothing from outside."""
    from lib.evals import own_tasks
    from lib.sources.own_task_files import OwnTask

    rows = tuple({"question": f"what is {i}?", "choices": ["a", "b"], "answer": 0} for i in range(5))
    task = OwnTask("Mine", "choices", rows)
    own_tasks.add(store, task)
    monkeypatch.setattr("lib.evals.hub.is_reachable", lambda: False)
    asked = spec(tasks=[task.name], model_args={"pretrained": str(tiny_model)}, num_fewshot=2)
    env = {"HF_HOME": str(tmp_path)}
    on_hub = ask_hub(asked, env)
    assert on_hub == Asked(None, is_offline=False), "nothing has to come from the Hub"
    ready = prepare(store, store.settings, asked, env=env, on_hub=on_hub)
    assert ready.problems == () and ready.estimate.seconds is not None and ready.needs.memory_gib is not None
    assert ready.estimate.tasks[0].n_items == 5 and ready.estimate.tasks[0].n_requests == 10
    many = prepare(store, store.settings, replace(asked, num_fewshot=5), env=env, on_hub=on_hub)
    assert [one.place for one in many.problems] == ["num_fewshot"]
    built_in = replace(asked, tasks=("arc_easy", "truthfulqa_mc1"))
    refused = prepare(store, store.settings, built_in, env=env, on_hub=ask_hub(built_in, env))
    is_here = store.settings.database_url.startswith("sqlite")
    assert [one.place for one in refused.problems] == (["tasks", "tasks"] if is_here else [])
    assert any("truthfulqa_mc1 is asked without examples" in note for note in refused.notes)
    limited = fitted_limit(store, store.settings, presets()["quick-look"], asked, on_hub)
    assert limited.limit in STEPS
    with pytest.raises(RefusedInput, match="no such backend"):
        prepare(store, read_settings({"P4P_DATA_DIR": str(tmp_path)}), spec(backend="none"), env={})
