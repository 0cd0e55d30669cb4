"""What lm-eval's metrics are: 0/1 per question or not, which values can be. Directions are in ``lib.schema.metrics``."""

from __future__ import annotations

_ZERO_ONE_NAMES = """
    acc acc_norm acc_bytes acc_norm_bytes acc_mutual_info exact_match em exact_str_match mc1
    multiple_choice_grade pct_stereotype quasi_exact_match quasi_prefix_exact_match prefix_exact_match
    prompt_level_strict_acc prompt_level_loose_acc bleu_acc rouge1_acc rouge2_acc rougeL_acc bleurt_acc
    math_verify contains extractive_match
"""
ZERO_ONE = frozenset(_ZERO_ONE_NAMES.split())
"""Means of 0 or 1 per question. Custom tasks may use the names for other things: counts are checked, not assumed."""

OWN_DENOMINATOR = ("inst_level_", "HasAns_", "NoAns_", "best_", "word_", "byte_", "bits_")
"""Beginnings of metrics that are not over the task's questions, so that its number of questions is not theirs."""

NOT_METRICS = frozenset({"alias", "name", "sample_len", "sample_count", " ", "samples", "task_name", "prompt_name"})


def is_possible(metric: str, value: float) -> bool:
    """Whether the metric can have the value. Only what is certain: shares lie in 0 to 1, MCC in -1 to 1."""
    if metric in ZERO_ONE:
        return 0 <= value <= 1
    if metric in ("mcc", "matthews_corrcoef"):
        return -1 <= value <= 1
    return value >= 0 if "perplexity" in metric or metric == "ppl" else True
