"""Which benchmark a task, a board column or a printed name means, and which metric is its headline score.

A benchmark is a row of the task catalogue (``tasks.task``): a set of items. What is not the same set of items is
not the benchmark: a subject (``hendrycksTest-anatomy``), a language (``xnli_de``), a machine translation
(``arc_challenge_mt_de``) and a printed variant (``ARC-Challenge (cloze)``) are benchmarks of their own, which may be
``part_of`` one. Names that nobody knows are their own benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

# Group rows and board columns that the catalogue's own names do not cover.
# The leaderboard's group of BBH has 24 of its sub-tasks, its GPQA three nested sets: their evaluator keeps them
# apart from other rows of the same benchmark.
OTHER_NAMES = {
    "hendrycksTest": "mmlu",
    "MMLU All Subjects": "mmlu",
    "leaderboard_bbh": "bbh",
    "leaderboard_gpqa": "gpqa",
    "leaderboard_musr": "musr",
    "MuSR": "musr",
    "arc:challenge": "arc_challenge",
    "arc:easy": "arc_easy",
    "bbh_zeroshot": "bbh",
    "truthfulqa_generation": "truthfulqa_gen",
}
LABELS = {"musr": "MuSR"}
OTHER_PATTERNS = (
    ("mmlu_pro_<subject>", "mmlu_pro"),
    ("leaderboard_bbh_<subtask>", "bbh"),
    ("leaderboard_musr_<subtask>", "musr"),
    ("leaderboard_math_<subject>_hard", "math_lvl5"),
    ("truthfulqa_mc1_mt_<lang>", "truthfulqa_mc1"),
    ("truthfulqa_mc2_mt_<lang>", "truthfulqa_mc2"),
)
# Names that fit the pattern of a part and are another set of items.
NOT_PARTS = frozenset({"mmlu_pro", "mmlu_pro_plus", "mmlu_redux", "math_asdiv", "math_lvl5"})

OWN_PREFIX = "own_"
"""Beginning of the names of somebody's own tasks (``lib.sources.own_task_files`` makes them)."""
_OWN = re.compile(OWN_PREFIX + r"[a-z0-9_]{1,40}_[0-9a-f]{8}")

# One task of lm-eval 0.3 with two scores, each the score of a task of its own in 0.4.
BY_METRIC = {
    ("truthfulqa_mc", "mc1"): "truthfulqa_mc1",
    ("truthfulqa_mc", "mc2"): "truthfulqa_mc2",
}
TRUTHFULQA_METRICS = ("mc1", "mc2")
# Printed names that mean the benchmark under these metrics only: another metric is another score.
ONLY_WITH = {"truthfulqa_mc2": ("mc2",)}

# Names of one score across evaluators and generations, best first. The metric stays part of the protocol: a rank
# chooses among the rows of one run, it never puts two metrics into one comparison.
EQUIVALENTS: Mapping[str, tuple[str, ...]] = {
    "acc": ("acc", "accuracy", "EM", "exact_match", "em", "acc_norm"),
    "acc_norm": ("acc_norm", "accuracy", "EM", "exact_match", "em", "acc"),
    "accuracy": ("accuracy", "acc", "EM", "exact_match", "em", "acc_norm"),
    "exact_match": (
        "exact_match",
        "EM",
        "em",
        "exact match",
        "accuracy",
        "acc",
        "Equivalent (CoT)",
        "math_verify",
        "acc_norm",
    ),
    "pass@1": ("pass@1", "pass_at_1", "pass@1,create_test", "accuracy", "exact_match"),
    "f1": ("f1", "F1", "em", "EM", "exact match"),
    "exact": ("exact", "exact_match", "exact match", "em", "EM"),
    "em": ("em", "EM", "exact_match", "exact match", "acc", "accuracy"),
    "mcc": ("mcc",),
    "multiple_choice_grade": ("multiple_choice_grade", "acc", "accuracy"),
    "probability mass": ("mc2", "acc"),
    "mc2": ("mc2", "acc"),
    "mc1": ("mc1", "acc"),
    "inst/prompt strict": (
        "mean strict",
        "IFEval Strict Acc",
        "accuracy",
        "acc",
        "inst_level_strict_acc",
        "prompt_level_strict_acc",
    ),
    "pct_stereotype": ("pct_stereotype",),
    "byte_perplexity": ("byte_perplexity",),
}
# The catalogue names the metric of the task in lm-eval 0.4; these say what 0.3 and printed tables call it.
METRICS_OF = {"truthfulqa_mc1": "mc1", "truthfulqa_mc2": "mc2"}
ANY_METRIC = ("acc", "accuracy", "acc_norm", "exact_match", "EM", "em", "pass@1", "f1", "F1", "score")

# Ways of taking the answer out of a text, best first: as the task's authors score it, then more lenient ones.
FILTERS = (
    "none",
    "strict-match",
    "get-answer",
    "extract_answer",
    "custom-extract",
    "flexible-extract",
    "remove_whitespace",
)

LANGUAGE = r"([A-Za-z]{2,3}(?:[-_][A-Za-z]{2,8})?)"
_FIELD = re.compile(r"<[^<>]+>")
_METRIC_SUFFIX = re.compile(r"(.+?) - ([^-]+)$")


def is_own(task: str) -> bool:
    """Whether this is the name of somebody's own task.

    Its title is a label and no name: a reader may call his questions MMLU, and MMLU stays what it is.
    """
    return _OWN.fullmatch(task) is not None


class Place(NamedTuple):
    """Where a task belongs.

    Args:
        benchmark: The set of items it measures.
        part_of: The benchmark of which that is a subject, language, translation or other part; '' for none.
    """

    benchmark: str
    part_of: str = ""


class Pattern(NamedTuple):
    """Names with fields: ``xnli_<lang>``."""

    base: str
    matches: re.Pattern[str]
    is_same_items: bool
    canonical: str
    literal: int
    """Number of letters outside of fields: the longest pattern that fits is the one meant."""


class Benchmarks:
    """The task catalogue as a map from names to benchmarks.

    Args:
        tasks: Rows of ``tasks`` (task, published_names, lm_eval_names as lists).
        patterns: Rows of ``task_patterns`` (pattern, base_task, note).
    """

    def __init__(self, tasks: Iterable[Mapping[str, Any]], patterns: Iterable[Mapping[str, Any]] = ()) -> None:
        rows = list(tasks)
        self.known = frozenset(row["task"] for row in rows)
        self._exact: dict[str, str] = {}
        self._published: dict[str, str] = {}
        found: dict[str, Pattern] = {}
        for row in rows:
            for name in row["lm_eval_names"] or ():
                if "<" in name:
                    found[name] = _pattern(name, row["task"], "")
                else:
                    self._exact.setdefault(name, row["task"])
            for name in () if is_own(row["task"]) else row["published_names"] or ():
                self._published[name.casefold()] = row["task"]
        for row in patterns:
            # Patterns of several bases or of bases with fields (<task>+<prompt>) are dealt with by name.
            if row["base_task"] in self.known and "<" in row["pattern"]:
                found[row["pattern"]] = _pattern(row["pattern"], row["base_task"], row.get("note") or "")
        for name, base in OTHER_PATTERNS:
            found[name] = _pattern(name, base, "")
        self._patterns = sorted(found.values(), key=lambda p: -p.literal)
        self._places: dict[tuple[str, str], Place] = {}

    def place(self, task: str, metric: str = "") -> Place:
        """Benchmark of a task of a run.

        Args:
            task: Name in lm-eval of any generation, column of a board (with or without `` - metric``), or printed name.
            metric: Needed for tasks with two headline scores (``truthfulqa_mc``).
        """
        key = task, metric
        if key not in self._places:
            self._places[key] = self._find(task, metric)
        return self._places[key]

    def label(self, benchmark: str, published_names: Iterable[str] = ()) -> str:
        """What readers call it: the first printed name, else the task name made readable."""
        first = next(iter(published_names), None)
        if first:
            return first
        if benchmark in LABELS:
            return LABELS[benchmark]
        if benchmark.startswith("mmlu_") and benchmark in self.known:
            return f"MMLU {benchmark.removeprefix('mmlu_').replace('_', ' ')}"
        return benchmark.replace("_", " ") if re.fullmatch(r"[a-z0-9_]+", benchmark) else benchmark

    def _find(self, task: str, metric: str) -> Place:
        if is_own(task):
            return Place(task)
        special = BY_METRIC.get((task, metric))
        if special:
            return Place(special)
        if metric in TRUTHFULQA_METRICS and task.startswith("truthfulqa_mc_"):
            # A translation of the 0.3 task; like the original it has two scores.
            whole = f"truthfulqa_{metric}"
            return Place(f"{whole}_{task.removeprefix('truthfulqa_mc_')}", whole)
        if task in self.known:
            return self._own(task)
        name = self._name(task, metric)
        if name:
            return self._own(name)
        base, _, prompt = task.partition("+")
        if prompt and base != task:
            # A prompt template: the same items, asked in another way. The prompt is kept with the result.
            return self.place(base, metric)
        suffix = _METRIC_SUFFIX.fullmatch(task)
        if suffix:
            place = self.place(suffix[1], metric or suffix[2])
            subject = f"mmlu_{suffix[1].lower().replace(' ', '_')}"
            if place.benchmark == suffix[1] and subject in self.known:
                return self._own(subject)
            return place
        pattern = self._pattern_of(task)
        if pattern is None:
            return Place(task)
        match = pattern.matches.fullmatch(task)
        if pattern.is_same_items or match is None:
            return Place(pattern.base)
        own = pattern.canonical.format(*match.groups()) if pattern.canonical else task
        return Place(own, pattern.base)

    def _name(self, task: str, metric: str) -> str | None:
        """Benchmark with exactly this name, whoever uses it."""
        if task in self._exact:
            return self._exact[task]
        printed = self._published.get(task.casefold()) or OTHER_NAMES.get(task)
        if printed is None:
            printed = next((b for name, b in OTHER_NAMES.items() if name.casefold() == task.casefold()), None)
        if printed in ONLY_WITH and metric and metric not in ONLY_WITH[printed]:
            return None
        return printed

    def _own(self, benchmark: str) -> Place:
        """A benchmark of the catalogue, with what it is a part of."""
        pattern = self._pattern_of(benchmark)
        return Place(benchmark, "" if pattern is None or pattern.base == benchmark else pattern.base)

    def _pattern_of(self, task: str) -> Pattern | None:
        if task in NOT_PARTS:
            return None
        return next((p for p in self._patterns if p.matches.fullmatch(task)), None)


def metric_rank(benchmark: str, default_metric: str | None, metric: str) -> int | None:
    """How well a metric stands for the benchmark's headline score; 0 is best, None is another kind of score.

    The default metric of the catalogue comes first, then the names that other generations, boards and papers give to
    the same score, last a related score (``acc`` where ``acc_norm`` is the default): better than no row, and never
    beside the default in one comparison, for the metric is part of the protocol. A benchmark without a default takes
    the usual metrics in their order, then any other.
    """
    default = METRICS_OF.get(benchmark, default_metric)
    if not default:
        return ANY_METRIC.index(metric) if metric in ANY_METRIC else len(ANY_METRIC)
    order = (default, *EQUIVALENTS.get(default, ()))
    # Importers name a unit that is not a fraction behind the metric: "judge score (0 to 10)".
    bare = metric if metric in order else metric.rsplit(" (", 1)[0]
    return order.index(bare) if bare in order else None


def filter_rank(name: str) -> int:
    """Preference among filters of one run, task and metric; unknown ones come last."""
    return FILTERS.index(name) if name in FILTERS else len(FILTERS)


def headline_metric(
    rows: Iterable[tuple[str, str]], benchmark: str, default_metric: str | None
) -> tuple[str, str] | None:
    """The (metric, filter) to show of one run on one benchmark.

    Args:
        rows: (metric, filter) of each result of the run on this benchmark.
        benchmark: Its name.
        default_metric: From the catalogue; None for a benchmark that it does not know.

    Returns:
        The pair of the lowest (``metric_rank``, ``filter_rank``), ties by name; None when no row is a headline score.
    """
    ranked = [
        (rank, filter_rank(filter_), metric, filter_)
        for metric, filter_ in rows
        if (rank := metric_rank(benchmark, default_metric, metric)) is not None
    ]
    if not ranked:
        return None
    best = min(ranked)
    return best[2], best[3]


def _pattern(name: str, base: str, note: str) -> Pattern:
    # The prompt is no part of the name: it is taken off before patterns are asked.
    name = name.removesuffix("+null")
    pieces = _FIELD.split(name)
    fields = _FIELD.findall(name)
    text = re.escape(pieces[0])
    for field, piece in zip(fields, pieces[1:], strict=True):
        text += (LANGUAGE if field == "<lang>" else "(.+)") + re.escape(piece)
    # ``name in 0.3``: one generation's spelling of a part that the catalogue names after its base.
    renamed = note.startswith("name in 0.") and fields == ["<lang>"] and pieces[1] == ""
    return Pattern(
        base=base,
        matches=re.compile(text),
        is_same_items=fields == ["<prompt>"],
        canonical=f"{base}_{{}}" if renamed else "",
        literal=sum(len(piece) for piece in pieces),
    )
