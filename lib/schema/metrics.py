"""Which direction of a metric is better, by its name: the one table for importers and calculations.

A file that says it itself is believed; a name that stands in no list has an unknown direction.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_LOWER_NAMES = """
    ppl perplexity loss cross_entropy nll negative_log_likelihood bits_per_byte bits_per_character bits_per_token bpb bpc
    wer word_error_rate cer character_error_rate ter error_rate error mae mean_absolute_error mse mean_squared_error rmse
    mase mean_absolute_scaled_error
    brier brier_score ece expected_calibration_error likelihood_diff likelihood_difference core_hours_per_hour_of_audio
"""
_LOWER = frozenset(_LOWER_NAMES.split())
_LOWER_ENDING = re.compile(r"(perplexity|_ppl|_loss|_nll)$")

_HIGHER_NAMES = """
    score acc accuracy acc_norm acc_bytes acc_norm_bytes acc_mutual_info exact_match em exact_str_match
    multiple_choice_grade quasi_exact_match quasi_prefix_exact_match prefix_exact_match prompt_level_strict_acc
    prompt_level_loose_acc inst_level_strict_acc inst_level_loose_acc bleu_acc rouge1_acc rouge2_acc rougel_acc
    bleurt_acc math_verify contains extractive_match mc1 mc2 f1 micro_f1 macro_f1 mcc matthews_corrcoef bleu chrf rouge1
    rouge2 rougel rougelsum hasans_exact hasans_f1 noans_exact noans_f1 best_exact best_f1 bleu_max bleu_diff rouge1_max
    rouge1_diff rouge2_max rouge2_diff rougel_max rougel_diff bleurt_max bleurt_diff parity win_rate resolved
    judge_score truthful_and_informative_share share_rated_equal_or_better parsed
"""
_HIGHER = frozenset(_HIGHER_NAMES.split())
_HIGHER_BEGINNING = re.compile(r"(pass|ndcg|recall|precision)@\d+$")
"""``score`` is what importers call a number whose metric nobody named: taken for a share of right answers."""

_NEITHER = frozenset({"pct_stereotype"})
"""Best in the middle (0.5), whatever a file says."""


@lru_cache(maxsize=4096)
def known_direction(metric: str) -> bool | None:
    """True when higher is better, False when lower is, None when neither or unknown.

    Capitals, blanks and hyphens, and what stands in brackets at the end do not matter: ``Perplexity``, ``word error rate``.
    """
    name = re.sub(r"[\s-]+", "_", re.sub(r"\s*\([^()]*\)\s*$", "", metric).strip().casefold())
    if name in _LOWER or _LOWER_ENDING.search(name):
        return False
    return True if name in _HIGHER or _HIGHER_BEGINNING.match(name) else None


def direction(metric: str, stated: Any) -> bool | None:
    """Direction as the file states it (a boolean), else by the name of the metric; None when neither or unknown."""
    if metric in _NEITHER:
        return None
    return stated if isinstance(stated, bool) else known_direction(metric)
