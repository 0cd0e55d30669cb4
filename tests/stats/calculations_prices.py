"""Reference calculations of what calls to a hosted model cost."""

from __future__ import annotations

from typing import Any

from lib.stats import api_cost
from tests.stats.vectors import calculation


@calculation("blended_price")
def blended_price(given: Any) -> Any:
    found = api_cost.blended_price(given["usd_in"], given["usd_out"], given["weight_in"], given["weight_out"])
    return {"usd_per_mtok": found}


@calculation("api_cost_of_a_workload")
def api_cost_of_a_workload(given: Any) -> Any:
    return {
        "usd": api_cost.workload_cost(
            given["usd_in"],
            given["usd_out"],
            input_tokens=given["input_tokens"],
            output_tokens=given["output_tokens"],
            cached_input_tokens=given["cached_input_tokens"],
            usd_cached_in_per_mtok=given["usd_cached_in"],
            batch_multiplier=given["batch_multiplier"],
        )
    }
