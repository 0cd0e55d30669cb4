"""Small sourced tables that a page or a calculation reads whole: scaling points, laws, measurements, claims.

Each is recognised by its header and kept as ``reference:<name>``, numbers as numbers and empty cells as None.
A new table is one declaration here and one row in ``data/files.csv``.
"""

from __future__ import annotations

from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.tables import Table, count, number, text


def declare(*, texts: str = "", counts: str = "", numbers: str = "") -> Table:
    """A table from column names separated by commas; counts are whole numbers, numbers are decimals."""
    columns = [
        make(name) for make, listed in ((text, texts), (count, counts), (number, numbers)) for name in _split(listed)
    ]
    return Table(*columns)


def _split(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


_SCORES = ("IFEval", "BBH", "MATH Level 5", "GPQA", "MUSR", "MMLU-PRO")

TABLES = {
    # What people say, and what decides it
    "claims": declare(
        texts="claim_id, seed_file, claim, kind, subject_ids, object_ids, deciding_data, decider, quantifier, protocol,"
        "rule, verdict, primary_figure, source_url, caveat",
        numbers="tolerance",
    ),
    "claim_facts": declare(texts="claim_id, field, value, unit, source_title, source_url, source_kind, checked"),
    # What is known to be wrong with benchmarks; ``ceiling`` is the share of questions without a known fault
    "benchmark_notes": declare(
        texts="benchmark, kind, statement, source_title, source_url, source_date, checked_on", numbers="ceiling"
    ),
    # What a benchmark asks, in a sentence or two
    "benchmark_words": declare(texts="benchmark, words, source_title, source_url, source_date"),
    # Scaling
    "chinchilla_fig4_points": declare(
        texts="color_hex",
        counts="point_id, dropped_as_outlier",
        numbers="n_params, train_flop, train_tokens_6nd, loss, svg_x, svg_y",
    ),
    "hoffmann2022_optimal_tables": declare(
        texts="approach, table, note",
        counts="n_params",
        numbers="train_flop_printed, train_tokens_printed, ratio_6nd_to_printed_flop, tokens_per_param",
    ),
    "hoffmann2022_table_a4_flops": declare(
        counts="n_params_printed, n_layers, d_model, d_ffw, n_heads, head_dim", numbers="flop_ratio_to_6nd_printed"
    ),
    "loss_law_parameters": declare(texts="id, form, source, note", numbers="E, A, B, alpha, beta"),
    "moe_law_parameters": declare(texts="id, source", numbers="a, b, c, d, E_start, E_max"),
    "allocation_laws": declare(
        texts="id, quantity, C_unit, range_flop, source, status", numbers="coefficient, exponent"
    ),
    "refit_bootstrap_draws": declare(counts="draw", numbers="E, A, B, alpha, beta"),
    "obs_base_llm_benchmark_eval": declare(
        texts="Model, Model Family",
        numbers="Model Size (B), Pretraining Data Size (T), FLOPs (1E21), MMLU, ARC-C, HellaSwag, Winograd, TruthfulQA,"
        "GSM8K, XWinograd, HumanEval",
    ),
    "obs_base_llm_leaderboard_v2_eval": declare(
        texts="Model",
        numbers="leaderboard_bbh, leaderboard_gpqa, leaderboard_ifeval, leaderboard_math_hard, leaderboard_mmlu_pro,"
        "leaderboard_musr",
    ),
    "pythia_v1_zero_shot": declare(
        texts="model, size, task, metric",
        counts="deduped, n_params_total, n_params_nonembedding, step, train_tokens, n_items",
        numbers="train_flop_6nd, value, stderr",
    ),
    "opt_bloom_zero_shot": declare(
        texts="model, family, task, metric",
        counts="n_params_nominal, train_tokens_reported, n_items",
        numbers="value, stderr",
    ),
    # Cost
    "hardware_prices": declare(
        texts="hardware_id, provider, price_kind, region, price_date, source",
        counts="accelerators_in_offer",
        numbers="usd_per_accelerator_hour",
    ),
    "model_arch": declare(
        texts="model_id, source",
        counts="n_layers, d_model, n_heads, n_kv_heads, head_dim, d_ff, vocab, tied_embeddings, gated_mlp, n_experts,"
        "experts_per_token, n_shared_experts, moe_d_ff, n_moe_layers, mla_q_lora_rank, mla_qk_nope_dim, mla_v_head_dim,"
        "mla_kv_lora_rank, mla_rope_dim, sliding_window, n_global_layers, kv_elements_per_token_layer,"
        "params_attn_layer, params_expert, params_computed, params_active_computed, params_published,"
        "params_active_published",
    ),
    "measured_inference": declare(
        texts="row_id, source, source_url, licence, date, model, hardware, engine, weight_format, kind, workload, metric,"
        "unit, notes",
        counts="n_gpus, tp, pp, dp, ep",
        numbers="isl, osl, isl_assumed, batch, value, tpot_ms, ttft_ms, power_w_total, energy_j_per_output_token,"
        "memory_gb, bits_per_weight, kv_bits, steady_output_tok_s",
    ),
    "measured_finetuning": declare(
        texts="model, hardware, method, sharding, source, licence, notes",
        counts="n_gpus, batch_per_gpu, seq_len, samples",
        numbers="peak_memory_gib_per_gpu, time_s",
    ),
    "training_runs": declare(
        texts="run, arch, hardware, source",
        counts="params_used, tokens, seq_len",
        numbers="flops_6nd, flops_with_attention, gpu_hours_published, implied_mfu, watts_per_gpu, pue, kg_co2_per_kwh,"
        "mwh_published, tco2e_published",
    ),
    # Boards and logs
    "columns": declare(texts="column, benchmark, aggregation, n_items, se_rule, source", counts="n_effective"),
    "disputed_sizes": declare(texts="model_id, reason", numbers="board_params_billions, expected_params_billions"),
    "repeat_runs": declare(
        texts="model_id",
        numbers="params_billions, params_billions_float16,"
        + ",".join(f"{score} {end}" for score in _SCORES for end in ("bfloat16", "float16", "abs_diff")),
    ),
    "lm_eval_runs_manifest": declare(
        texts="zip, member, sha256_16, generation, lm_eval_version, model_type, model, revision, num_fewshot, first_tasks",
        counts="bytes, model_num_parameters, training_tokens, n_result_rows",
    ),
    "lm_eval_samples_manifest": declare(
        texts="zip, member, sha256_16, kind, task, model, params, accuracy, generation, repo, commit, licence",
        counts="bytes, n_rows",
    ),
    "pairs": declare(
        texts="pair_id, zip_a, member_a, zip_b, member_b, task, join_key",
        counts="n_a, n_b, n_common, only_a_right, only_b_right, duplicate_keys, params_a, params_b",
        numbers="acc_a, acc_b",
    ),
    "quantised": declare(
        texts="base_model, precision_as_written, method, task, metric, zip, member, note",
        counts="params, n",
        numbers="bits, value",
    ),
    "tokens": declare(
        texts="benchmark, model, zip, member, how", counts="n", numbers="mean_prompt_tokens, mean_answer_tokens"
    ),
}
_BY_HEADER = {frozenset(table.columns): name for name, table in TABLES.items()}


def table_name(candidate: Candidate) -> str | None:
    """Name of the reference table with this header, or None."""
    header = candidate.csv_header
    return _BY_HEADER.get(frozenset(header)) if len(set(header)) == len(header) else None


def recognise(candidate: Candidate) -> bool:
    return table_name(candidate) is not None


def parse(candidate: Candidate) -> Parsed:
    """Rows of ``reference:<name>``, in file order."""
    name = table_name(candidate)
    if name is None:
        raise KeyError(f"{candidate.name} is not a reference table")
    return Parsed(tables={f"reference:{name}": TABLES[name].rows(candidate)})


SOURCE = Importer(
    name="reference-table",
    version=1,
    describes="scaling points, laws, measurements, claims and other small sourced tables",
    recognise=recognise,
    parse=parse,
)
