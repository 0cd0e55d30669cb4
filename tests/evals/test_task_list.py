"""The list of lm-eval's tasks: what ships is what is installed, and searching it finds what a slow reading would find."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import Unavailable
from lib.evals import extract_tasks
from lib.evals.task_languages import languages_of
from lib.evals.task_list import FOLDER, VERSION, TaskEntry, TaskList, task_list


@pytest.fixture(scope="module")
def names() -> TaskList:
    return task_list()


def test_known_tasks_and_groups(names: TaskList) -> None:
    easy = names.task("arc_easy")
    assert easy is not None
    assert (easy.kind, easy.output_type, easy.dataset, easy.dataset_name) == (
        "task",
        "multiple_choice",
        "allenai/ai2_arc",
        "ARC-Easy",
    )
    assert (easy.path, easy.tags, easy.version, easy.n_items) == ("arc/arc_easy.yaml", ("ai2_arc",), "1.0", 2376)
    assert easy.num_fewshot is None, "not stated is not 0"
    stated = names.task("humaneval")
    assert stated is not None and stated.num_fewshot == 0 and stated.runs_code and stated.max_gen_toks == 1024
    assert [child.name for child in names.children("mmlu")] == [
        "mmlu_stem",
        "mmlu_other",
        "mmlu_social_sciences",
        "mmlu_humanities",
    ]
    assert len(names.leaves("mmlu")) == 57 and names.n_items("mmlu") == 14_042
    assert len(names.leaves("leaderboard")) == 39
    assert {leaf.name for leaf in names.leaves("ai2_arc")} == {"arc_easy", "arc_challenge"}
    unknown = names.task("squadv2")
    assert unknown is not None and unknown.kind == "code" and unknown.output_type is None and unknown.n_items is None
    assert names.task("no such task") is None and names.leaves("no such task") == () and names.n_items("x") is None
    # A group that sets the shots of its members is not the sum of them.
    changed = names.task("openllm")
    assert changed is not None and changed.is_changed


def test_the_questions_of_leaderboard_2_are_all_known(names: TaskList) -> None:
    assert names.n_items("leaderboard_bbh") == 5_761
    assert names.n_items("leaderboard_math_hard") == 1_324
    assert names.n_items("leaderboard_musr") == 756
    assert names.n_items("leaderboard") == 5_761 + 1_324 + 756 + 541 + 12_032 + (198 + 546 + 448)


def test_a_group_with_one_unknown_size_has_none() -> None:
    entries = [TaskEntry("a", "task", n_items=3), TaskEntry("b", "task"), TaskEntry("g", "group", children=("a", "b"))]
    made = TaskList("0", {entry.name: entry for entry in entries})
    assert made.n_items("a") == 3 and made.n_items("g") is None


def test_it_is_the_installed_version() -> None:
    """Read as data: importing lm-eval's index takes six seconds and 246 MB."""
    from importlib.metadata import files, version

    assert version("lm_eval") == VERSION
    paths = {str(p).removeprefix("lm_eval/tasks/") for p in files("lm_eval") or () if str(p).endswith(".yaml")}
    listed = {entry.path for entry in task_list().entries.values() if entry.path}
    assert listed <= paths
    # Templates that others include are no tasks of their own.
    assert all("_base" in p or p.rsplit("/", 1)[-1].startswith("_") for p in paths - listed), paths - listed


def test_a_sample_of_entries_agrees_with_the_yaml() -> None:
    import yaml

    class Plain(yaml.SafeLoader):
        """Functions are kept as their names."""

    Plain.add_multi_constructor("!", lambda loader, suffix, node: str(node.value))
    package = Path(sys.modules["yaml"].__file__ or "").resolve().parent.parent / "lm_eval" / "tasks"
    entries = [e for e in task_list().entries.values() if e.path and e.kind == "task"]
    for entry in entries[::400]:
        told = yaml.load((package / str(entry.path)).read_text(encoding="utf-8"), Loader=Plain)
        assert told["task"] == entry.name
        for key, own in (("dataset_path", entry.dataset), ("num_fewshot", entry.num_fewshot)):
            assert told.get(key, own) == own, (entry.name, key)


def test_search_is_what_a_slow_reading_finds(names: TaskList) -> None:
    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.sampled_from(["mmlu", "arc", "de", "easy", "cais", "qa", "5", "zz", "é"]), max_size=3))
    def check(words: list[str]) -> None:
        slow = set()
        for entry in names.entries.values():
            text = "\n".join((entry.name, entry.dataset or "", entry.dataset_name or "", *entry.tags)).casefold()
            if all(word in text for word in words):
                slow.add(entry.name)
        found = names.search(" ".join(words), limit=20_000)
        assert {entry.name for entry in found} == slow and len(found) == len(slow)

    check()


def test_the_likeliest_comes_first(names: TaskList) -> None:
    assert names.search("mmlu")[0].name == "mmlu"
    assert names.search("ARC chal")[0].name == "arc_challenge"
    assert all(entry.output_type == "generate_until" for entry in names.search("", output_type="generate_until"))
    german = names.search("", language="de", kinds=("group",))
    assert "global_mmlu_de" in {entry.name for entry in german}
    assert names.search("zzzz no such") == []
    assert names.similar("helaswag")[0] == "hellaswag"


def test_languages_are_said_only_where_a_rule_names_them() -> None:
    assert languages_of("belebele_deu_Latn", "belebele") == ("de",)
    assert languages_of("mlqa_ar_zh", "mlqa") == ("ar", "zh")
    assert languages_of("eus_exams_es_ejauxiliar", "eus_exams") == ("es",)
    assert languages_of("kmmlu_law", "kmmlu") == ("ko",)
    assert languages_of("bigbench_swahili_english_proverbs_multiple_choice", "bigbench") == ()


def test_a_missing_list_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="extract_tasks"):
        task_list(tmp_path)


@dataclass
class Entry:
    name: str
    kind: Any
    yaml_path: Path | None
    cfg: dict[str, Any] | None
    tags: set[str] = field(default_factory=set)


@dataclass
class Kind:
    name: str


def test_what_is_written_down_of_an_index(tmp_path: Path) -> None:
    """Groups inside groups, members that are changed, templates, paths of this machine that must not get in."""
    root = tmp_path / "site" / "lm_eval" / "tasks"
    yes_no = {"doc_to_choice": "['yes', 'no']", "num_fewshot": 0, "dataset_path": "d", "metadata": {"version": 2.0}}
    index = {
        "a": Entry("a", Kind("TASK"), root / "x" / "a.yaml", yes_no, {"t"}),
        "b": Entry("b", Kind("TASK"), root / "x" / "b.yaml", {"doc_to_choice": "{{choices}}", "repeats": 4}),
        "c": Entry("c", Kind("PY_TASK"), root / "c.yaml", {"class": f"{root}/secret.Class"}),
        "t": Entry("t", Kind("TAG"), None, None, {"a"}),
        "g": Entry("g", Kind("GROUP"), root / "g.yaml", {"task": ["a", {"group": "inner", "task": ["b", "gone"]}]}),
        "h": Entry("h", Kind("GROUP"), root / "h.yaml", {"task": [{"task": "a", "num_fewshot": 5}]}),
    }
    found = {one["name"]: one for one in extract_tasks.extract(index, root)}
    assert found["a"] == {
        "name": "a",
        "kind": "task",
        "path": "x/a.yaml",
        "tags": ["t"],
        "dataset": "d",
        "output_type": "generate_until",
        "num_fewshot": 0,
        "version": "2.0",
        "n_choices": 2,
    }
    assert found["b"]["answers"] == 4 and "n_choices" not in found["b"] and "num_fewshot" not in found["b"]
    assert found["c"] == {"name": "c", "kind": "code", "path": "c.yaml"}
    assert found["t"]["children"] == ["a"]
    assert found["g"]["children"] == ["a", "b"] and "is_changed" not in found["g"]
    assert found["h"]["is_changed"] is True
    assert str(tmp_path) not in json.dumps(found)
    first = extract_tasks.write(tmp_path, list(found.values()), "1").read_bytes()
    assert extract_tasks.write(tmp_path, list(found.values()), "1").read_bytes() == first


def test_what_ships_names_no_machine_and_every_size_is_of_a_known_task(names: TaskList) -> None:
    text = gzip.decompress((FOLDER / f"{VERSION}.json.gz").read_bytes()).decode()
    assert "site-packages" not in text and "/home" not in text and "/root" not in text
    import csv

    with (FOLDER / "items.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            assert row["task"] in names.entries and int(row["n_items"]) > 0 and row["basis"]
