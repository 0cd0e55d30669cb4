"""Which benchmark a name means, on the shipped catalogue: every name of its own, and the names that only look alike."""

import csv
from pathlib import Path
from typing import Any

import pytest

from lib.store.benchmarks import Benchmarks, Place, headline_metric, metric_rank

SCALING = Path(__file__).parents[2] / "data" / "scaling"


def _rows(name: str) -> list[dict[str, str]]:
    with (SCALING / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(";") if name.strip()]


TASKS: list[dict[str, Any]] = [
    {**row, "published_names": _names(row["published_names"]), "lm_eval_names": _names(row["lm_eval_names"])}
    for row in _rows("benchmark_baselines.csv")
]
CATALOGUE = Benchmarks(TASKS, _rows("task_patterns.csv"))
DEFAULTS = {row["task"]: row["default_metric"] for row in TASKS}
PLAIN = [(name, row["task"]) for row in TASKS for name in row["lm_eval_names"] if "<" not in name]
FIELDS = [(name, row["task"]) for row in TASKS for name in row["lm_eval_names"] if "<" in name]
EXAMPLES = {
    "<lang>": "de",
    "<subject>": "anatomy",
    "<prompt>": "GPT-3 style",
    "<bias>": "age",
    "<paradigm>": "wh_island",
}


def _metric(task: str) -> str:
    return {"truthfulqa_mc1": "mc1", "truthfulqa_mc2": "mc2"}.get(task, DEFAULTS[task])


@pytest.mark.parametrize(("name", "task"), PLAIN)
def test_names_of_every_generation_lead_to_their_row(name: str, task: str) -> None:
    assert CATALOGUE.place(name, _metric(task)).benchmark == task


@pytest.mark.parametrize(("name", "task"), [(n, row["task"]) for row in TASKS for n in row["published_names"]])
def test_printed_names_lead_to_their_row(name: str, task: str) -> None:
    assert CATALOGUE.place(name, _metric(task)).benchmark == task


@pytest.mark.parametrize("row", TASKS, ids=lambda row: row["task"])
def test_the_name_of_a_row_is_the_row(row: dict[str, Any]) -> None:
    assert CATALOGUE.place(row["task"]).benchmark == row["task"]


@pytest.mark.parametrize(("name", "task"), FIELDS)
def test_names_with_fields_are_parts_or_prompts_of_their_row(name: str, task: str) -> None:
    for field, value in EXAMPLES.items():
        name = name.replace(field, value)
    place = CATALOGUE.place(name)
    if "+" in name and "flores" not in name:
        assert place.benchmark == task
    else:
        assert place.part_of == task
        assert place.benchmark != task


@pytest.mark.parametrize("row", _rows("task_patterns.csv"), ids=lambda row: row["pattern"])
def test_no_variant_is_its_base(row: dict[str, str]) -> None:
    """Only a prompt template leaves the set of items as it is, and the group row is the whole."""
    place = CATALOGUE.place(row["example"])
    if row["pattern"] == "<task>+<prompt>":
        assert place.benchmark == "axb"
    elif row["field_meanings"] and row["base_task"] in CATALOGUE.known:
        assert place.benchmark != row["base_task"]
        assert place.part_of == row["base_task"]


TRAPS = [
    ("hendrycksTest-anatomy", "acc", Place("mmlu_anatomy", "mmlu")),
    ("mmlu_stem", "acc", Place("mmlu_stem", "mmlu")),
    ("mmlu", "acc", Place("mmlu")),
    ("mmlu_pro", "acc", Place("mmlu_pro")),
    ("mmlu_pro_law", "acc", Place("mmlu_pro_law", "mmlu_pro")),
    ("hendrycksTest_mt_de", "acc", Place("hendrycksTest_mt_de", "mmlu")),
    ("xnli_de", "acc", Place("xnli_de", "xnli")),
    ("xnli-mt_Llama-2-13b-chat-hf_ar", "acc", Place("xnli-mt_Llama-2-13b-chat-hf_ar", "xnli")),
    ("arc_challenge_mt_de", "acc_norm", Place("arc_challenge_mt_de", "arc_challenge")),
    ("arc_challenge_da", "acc_norm", Place("arc_challenge_da", "arc_challenge")),
    ("ARC-Challenge", "accuracy", Place("arc_challenge")),
    ("ARC-Challenge (cloze)", "accuracy", Place("ARC-Challenge (cloze)")),
    ("MMLU-Pro (multiple choice)", "accuracy", Place("MMLU-Pro (multiple choice)")),
    ("NaturalQuestions (closed-book)", "F1", Place("NaturalQuestions (closed-book)")),
    ("MBPP (sanitised)", "pass@1", Place("MBPP (sanitised)")),
    ("truthfulqa_mc", "mc1", Place("truthfulqa_mc1")),
    ("truthfulqa_mc", "mc2", Place("truthfulqa_mc2")),
    ("truthfulqa_mc_mt_de", "mc2", Place("truthfulqa_mc2_mt_de", "truthfulqa_mc2")),
    ("TruthfulQA", "accuracy", Place("TruthfulQA")),
    ("TruthfulQA", "EM", Place("TruthfulQA")),
    ("xstory_cloze_ar", "acc", Place("xstorycloze_ar", "xstorycloze")),
    ("xstorycloze_ar", "acc", Place("xstorycloze_ar", "xstorycloze")),
    ("paws_de", "acc", Place("pawsx_de", "pawsx")),
    ("pawsx_de", "acc", Place("pawsx_de", "pawsx")),
    ("gsarti/flores_101_afr+null", "byte_perplexity", Place("gsarti/flores_101_afr", "flores_101")),
    ("crows_pairs_french_age", "pct_stereotype", Place("crows_pairs_french_age", "crows_pairs_french")),
    ("math_algebra", "acc", Place("math_algebra", "math")),
    ("math_asdiv", "acc", Place("math_asdiv")),
    ("GPQA Diamond", "accuracy", Place("gpqa_diamond")),
    ("my own task", "acc", Place("my own task")),
]


@pytest.mark.parametrize(("task", "metric", "place"), TRAPS)
def test_traps(task: str, metric: str, place: Place) -> None:
    assert CATALOGUE.place(task, metric) == place


@pytest.mark.parametrize(("task", "metric", "place"), TRAPS)
def test_a_benchmark_is_its_own_place(task: str, metric: str, place: Place) -> None:
    """Frames list benchmarks by name and ask again what each is a part of."""
    if place.benchmark != "TruthfulQA":  # a printed name that is a benchmark under another metric only
        assert CATALOGUE.place(place.benchmark) == place


@pytest.mark.parametrize(
    ("column", "benchmark"),
    [
        ("IFEval", "ifeval"),
        ("BBH", "bbh"),
        ("MATH Level 5", "math_lvl5"),
        ("GPQA", "gpqa"),
        ("MUSR", "musr"),
        ("MMLU-PRO", "mmlu_pro"),
        ("MMLU - EM", "mmlu"),
        ("GSM8K - EM", "gsm8k"),
        ("OpenbookQA - EM", "openbookqa"),
        ("BoolQ - EM", "boolq"),
        ("HellaSwag - EM", "hellaswag"),
        ("MATH - Equivalent (CoT)", "math"),
        ("Abstract Algebra - EM", "mmlu_abstract_algebra"),
        ("MMLU All Subjects - EM", "mmlu"),
        ("Global MMLU Lite", "Global MMLU Lite"),
        ("NarrativeQA - F1", "NarrativeQA"),
    ],
)
def test_columns_of_boards(column: str, benchmark: str) -> None:
    assert CATALOGUE.place(column).benchmark == benchmark


def test_the_metric_of_a_column_decides_like_a_metric_of_its_own() -> None:
    assert CATALOGUE.place("TruthfulQA - EM") == CATALOGUE.place("TruthfulQA", "EM")


@pytest.mark.parametrize(
    ("benchmark", "metrics", "best"),
    [
        ("arc_challenge", ["acc", "acc_norm"], "acc_norm"),
        ("arc_challenge", ["acc"], "acc"),
        ("arc_easy", ["acc_norm", "acc"], "acc"),
        ("mmlu", ["EM"], "EM"),
        ("mmlu", ["accuracy"], "accuracy"),
        ("gsm8k", ["acc", "exact_match"], "exact_match"),
        ("lambada_openai", ["ppl", "acc"], "acc"),
        ("lambada_openai", ["perplexity"], None),
        ("truthfulqa_mc2", ["acc"], "acc"),
        ("truthfulqa_mc2", ["mc2"], "mc2"),
        ("mt_bench", ["judge score (0 to 10)"], "judge score (0 to 10)"),
        ("my own task", ["bleu", "acc"], "acc"),
        ("my own task", ["bleu"], "bleu"),
    ],
)
def test_headline_metric(benchmark: str, metrics: list[str], best: str | None) -> None:
    found = headline_metric([(metric, "none") for metric in metrics], benchmark, DEFAULTS.get(benchmark))
    assert (found and found[0]) == best


def test_strict_filters_come_before_lenient_ones() -> None:
    rows = [("exact_match", "flexible-extract"), ("exact_match", "strict-match")]
    assert headline_metric(rows, "gsm8k", "exact_match") == ("exact_match", "strict-match")


def test_every_default_metric_ranks_first() -> None:
    for row in TASKS:
        if row["default_metric"] and not row["task"].startswith("truthfulqa_mc"):
            assert metric_rank(row["task"], row["default_metric"], row["default_metric"]) == 0
