"""What lm-eval's metrics are: 0/1 per question or not, which direction is better, which values can be.

A metric that is not listed is taken for none of these: its direction is unknown unless the file says it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

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

_LOWER_NAMES = """
    ppl perplexity word_perplexity byte_perplexity bits_per_byte ter wer cer mae mse rmse brier_score
    likelihood_diff likelihood_difference loss nll
"""
_LOWER = frozenset(_LOWER_NAMES.split())
_HIGHER_NAMES = """
    f1 mcc mc2 bleu chrf rouge1 rouge2 rougeL rougeLsum pass@1 pass@5 pass@10 pass@100 HasAns_exact HasAns_f1
    NoAns_exact NoAns_f1 best_exact best_f1 inst_level_strict_acc inst_level_loose_acc bleu_max bleu_diff rouge1_max
    rouge1_diff rouge2_max rouge2_diff rougeL_max rougeL_diff bleurt_max bleurt_diff parity
"""
_HIGHER = ZERO_ONE | frozenset(_HIGHER_NAMES.split())
_NEITHER = frozenset({"pct_stereotype"})
"""Best in the middle (0.5), whatever a file says."""

NOT_METRICS = frozenset({"alias", "name", "sample_len", "sample_count", " ", "samples", "task_name", "prompt_name"})


@lru_cache(maxsize=4096)
def built_in_direction(metric: str) -> bool | None:
    """True when higher is better, False when lower is, None when neither or unknown."""
    if metric in _NEITHER:
        return None
    if metric in _LOWER:
        return False
    return True if metric in _HIGHER else None


def direction(metric: str, stated: Any) -> bool | None:
    """Direction as the file states it (a boolean), else the built-in one."""
    if metric in _NEITHER:
        return None
    return stated if isinstance(stated, bool) else built_in_direction(metric)


def is_possible(metric: str, value: float) -> bool:
    """Whether the metric can have the value. Only what is certain: shares lie in 0 to 1, MCC in -1 to 1."""
    if metric in ZERO_ONE:
        return 0 <= value <= 1
    if metric in ("mcc", "matthews_corrcoef"):
        return -1 <= value <= 1
    return value >= 0 if "perplexity" in metric or metric == "ppl" else True
