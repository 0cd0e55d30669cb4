"""Reference calculations of training, fine-tuning, life-time cost, repeated data and break-even."""

from __future__ import annotations

from typing import Any

from lib.stats import break_even, data_limits, fine_tuning, lifetime_cost, training_cost
from lib.stats.compute_optimal import LossLaw
from lib.stats.compute_optimal import training_flop as six_n_d
from tests.stats.vectors import calculation

GB = 1e9
MUENNIGHOFF = LossLaw(1.869143678, 520.824952, 1487.716094, 0.3526596, 0.3526596)


def law(params: dict[str, float]) -> LossLaw:
    return LossLaw(*(params[name] for name in LossLaw._fields))


@calculation("training_cost_from_parameters_and_tokens")
def training(given: Any) -> Any:
    found = training_cost.training_cost(
        six_n_d(given["params"], given["tokens"]),
        peak_flop_per_s=given["peak_flops_per_s"],
        mfu=given["mfu"],
        usd_per_device_hour=given["usd_per_gpu_hour"],
        watts_per_device=given["watts_per_gpu"],
        pue=given["pue"],
        kg_co2e_per_kwh=given["kg_co2e_per_kwh"],
    )
    return {"flops": found.flop, "gpu_hours": found.device_hours, "kwh": found.kwh, "tco2e": found.tco2e, "usd": found.usd}  # fmt: skip


@calculation("energy_and_co2e_from_published_gpu_hours")
def energy(given: Any) -> Any:
    kwh = training_cost.energy_kwh(given["gpu_hours"], given["watts_per_gpu"], given["pue"])
    return {"mwh": kwh / 1000, "tco2e": training_cost.emissions_t(kwh, given["kg_co2e_per_kwh"])}


@calculation("implied_mfu")
def implied_mfu(given: Any) -> Any:
    flop = six_n_d(given["params"], given["tokens"])
    return {"mfu": training_cost.implied_mfu(flop, given["gpu_hours"], given["peak_flops_per_s"])}


@calculation("training_flops_per_token_with_causal_attention_term")
def with_attention(given: Any) -> Any:
    shape = {
        "n_layers": given["n_layers"], "n_heads": given["n_heads"], "head_dim": given["head_dim"],
        "sequence_tokens": given["seq_len"],
    }  # fmt: skip
    total = training_cost.flop_per_token(given["params"], **shape)
    return {"flops_per_token": total, "attention_share": training_cost.attention_flop_per_token(**shape) / total}


@calculation("full_fine_tuning_memory_states_only")
def full_states(given: Any) -> Any:
    return {"gigabytes": fine_tuning.full_states_bytes(given["params"], given["bytes_per_param"]) / GB}


@calculation("lora_trainable_parameters")
def lora_trainable(given: Any) -> Any:
    return {"trainable_params": fine_tuning.lora_trainable_params(**given)}


@calculation("qlora_lora_memory_on_one_device")
def adapter_memory(given: Any) -> Any:
    renamed = {"seq_len": "sequence_tokens", "vocab": "vocabulary", "adapter_bytes_per_param": "adapter_state_bytes"}
    found = fine_tuning.adapter_memory(**{renamed.get(key, key): value for key, value in given.items()})
    return {
        "weights_gb": found.weights / GB,
        "adapter_gb": found.states / GB,
        "activations_gb": found.activations / GB,
        "logits_gb": found.logits / GB,
        "total_gb": found.total / GB,
    }


@calculation("lora_fine_tuning_time")
def tuning_time(given: Any) -> Any:
    flop = fine_tuning.tuning_flop(
        given["active_params"], given["tokens"], is_adapter=True, is_recomputed=given["gradient_checkpointing"]
    )
    seconds = fine_tuning.tuning_seconds(flop, given["n_gpus"], given["peak_flops_per_s"], given["hfu"])
    return {"flops": flop, "seconds": seconds}


@calculation("break_even_of_self_hosting_against_an_api")
def tokens_only(given: Any) -> Any:
    found = break_even.tokens_only(
        usd_per_device_hour=given["usd_per_gpu_hour"],
        n_devices=given["n_gpus"],
        api_blended_usd_per_mtok=given["api_blended_usd_per_mtok"],
        capacity_tokens_per_s=given["capacity_tokens_per_s"],
        hours_per_month=given["hours_per_month"],
    )
    return {
        "monthly_cost_usd": found.usd_per_month,
        "break_even_mtok_per_month": found.break_even_mtok_per_month,
        "capacity_mtok_per_month": found.capacity_mtok_per_month,
        "break_even_utilisation": found.utilisation,
        "self_hosting_can_win": bool(found.can_win),
    }


@calculation("break_even_by_workload")
def by_workload(given: Any) -> Any:
    workload = break_even.Workload(*(given[key] for key in ("input_tokens", "cached_tokens", "output_tokens", "requests_per_month")))  # fmt: skip
    price = break_even.ApiPrice(*(given[key] for key in ("input_usd_per_mtok", "cached_usd_per_mtok", "output_usd_per_mtok")))  # fmt: skip
    one = break_even.replica(
        n_devices=given["n_gpus"],
        usd_per_device_hour=given["usd_per_gpu_hour"],
        output_tokens_per_s=given["output_tokens_per_s"],
        output_tokens=given["output_tokens"],
        utilisation=given["utilisation"],
    )
    found = break_even.break_even(workload, price, one)
    return {
        "api_usd_per_request": found.api_usd_per_request,
        "api_usd_per_month": found.api_usd_per_month,
        "replica_usd_per_month": found.replica_usd_per_month,
        "requests_per_replica": found.requests_per_replica,
        "replicas": found.replicas,
        "own_usd_per_month": found.own_usd_per_month,
        "break_even_requests": found.break_even_requests,
        "break_even_within_one_replica": bool(found.is_within_one_replica),
        "own_wins": bool(found.is_own_cheaper),
    }


@calculation("inference_aware_choice_of_model_size_parametric_loss")
def equal_quality(given: Any) -> Any:
    found = lifetime_cost.equal_quality(law(given), given["params_large"], given["params_small"], given["inference_tokens"])  # fmt: skip
    return {
        "loss": found.loss,
        "train_tokens_large": found.train_tokens_large,
        "train_tokens_small": found.train_tokens_small,
        "total_flops_large": found.total_flop_large,
        "total_flops_small": found.total_flop_small,
        "saving_fraction": found.saving,
    }


@calculation("amortised_hourly_price_of_owned_hardware")
def amortised(given: Any) -> Any:
    return {"usd_per_useful_hour": break_even.amortised_usd_per_hour(**given)}


@calculation("inference_optimum")
def inference_optimum(given: Any) -> Any:
    it = law(given["params"])
    found = lifetime_cost.inference_optimum(it, given["n_params"], given["inference_tokens"])
    at_7b = lifetime_cost.equal_quality(it, given["n_params"], 7e9, given["inference_tokens"])
    return {
        "baseline_tokens": found.baseline_tokens,
        "target_loss": found.loss,
        "baseline_total_flop": found.baseline_total,
        "n_opt": found.params,
        "d_opt": found.tokens,
        "tokens_per_param": found.tokens_per_parameter,
        "total_flop": found.total,
        "saving_fraction": found.saving,
        "total_flop_at_7b": at_7b.total_flop_small,
        "saving_at_7b": at_7b.saving,
    }


@calculation("data_constrained")
def data_constrained(given: Any) -> Any:
    found = (data_limits.data_constrained(MUENNIGHOFF, row["n_params"], row["tokens"], row["unique_tokens"]) for row in given)  # fmt: skip
    return [one._asdict() for one in found]


@calculation("repetition_value")
def repetition_value(given: Any) -> Any:
    return {
        **data_limits.repetition_value(given["epochs"], given["r_d_star"])._asdict(),
        "limit": data_limits.repetition_value(1e9, given["r_d_star"]).effective_over_unique,
    }
