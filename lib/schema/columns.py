"""The columns that are shown: label, unit, format and help of each. Tables, axes, hovers and downloads read this."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """One column.

    Args:
        label: Heading in a table, without the unit.
        unit: Unit of the stored number; empty for text, dates and fractions.
        format: Name of the format in ``lib.formats``.
        help: One sentence for the reader.
        axis: Title of an axis that carries it, with the unit.
        unknown: Word for a missing value.
    """

    label: str
    unit: str
    format: str
    help: str
    axis: str
    unknown: str = "–"

    @property
    def heading(self) -> str:
        """The label with the unit: ``Memory (GiB)``."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def _text(label: str, help: str, unknown: str = "–") -> Column:
    return Column(label, "", "text", help, label, unknown)


COLUMNS: dict[str, Column] = {
    "name": _text("Model", "Name as its developer writes it."),
    "model": _text("Model id", "Identity in the catalogue, or org/name on the Hugging Face Hub."),
    "developer": _text("Developer", "Who trained or published the weights.", "not stated"),
    "family": _text("Family", "Models that share a recipe and a name.", "not stated"),
    "kind": _text("Kind", "Base, chat, reasoning, multimodal or another kind.", "not stated"),
    "architecture": _text("Architecture", "Dense, or a mixture of experts.", "not stated"),
    "origin": _text("Origin", "Catalogue, community, or entered by a reader."),
    "size_class": _text("Size class", "Weight class by total parameters.", "undisclosed"),
    "licence": _text("Licence", "Licence of the weights as the developer names it.", "not stated"),
    "hf_id": _text("On the Hub", "org/name on the Hugging Face Hub.", "not there"),
    "size_status": _text("Size known from", "Stated by the developer, reported by others, disputed, or unknown."),
    "tokens_status": _text("Tokens known from", "Stated, inherited from the base model, or undisclosed."),
    "open_weights": Column("Open weights", "", "yes_no", "Whether anyone can download the weights.", "Open weights", "not stated"),
    "is_moe": Column("Mixture of experts", "", "yes_no", "Whether only some of the parameters work on a token.", "Mixture of experts"),
    "params_total": Column("Parameters, total", "", "parameters", "All parameters of the model: what has to be stored.", "Parameters (total)", "not published"),
    "params_active": Column("Parameters, active", "", "parameters", "Parameters that work on one token; of a dense model, all of them.", "Parameters (active per token)", "not published"),
    "active_share": Column("Share active", "", "score", "Active parameters as a share of all.", "Share of parameters active (%)"),
    "training_tokens": Column("Training tokens", "", "tokens", "Tokens seen in pre-training, repeats included.", "Training tokens", "not published"),
    "tokens_per_parameter": Column("Tokens per parameter", "", "plain", "Training tokens divided by parameters.", "Training tokens per parameter", "not published"),
    "training_flop": Column("Training compute", "", "flop", "About 6 × active parameters × tokens, unless the developer says otherwise.", "Training compute (FLOP)", "not published"),
    "context_length": Column("Context", "tokens", "count", "Longest input plus output.", "Context (tokens)", "not stated"),
    "released_on": Column("Released", "", "date", "Day of release; a month counts as its last day, a year as 31 December.", "Release date", "not known"),
    "evaluated_on": Column("Evaluated", "", "date", "Day of the evaluation.", "Evaluation date", "not known"),
    "benchmark": _text("Benchmark", "Named set of questions."),
    "task": _text("Task", "One scored dataset with its prompt."),
    "metric": _text("Metric", "Rule from answers to a number."),
    "filter": _text("Filter", "How the answer is taken from the output before scoring."),
    "protocol": _text("Protocol", "Evaluator, prompt, shots and everything else that must agree before two scores compare."),
    "evaluator": _text("Evaluator", "Program, board or document that gave the score."),
    "n_shot": Column("Shots", "", "count", "Worked examples in the prompt.", "Worked examples in the prompt (shots)", "not stated"),
    "score": Column("Score", "", "score", "Share of the questions answered right, or the benchmark's own rate.", "Score (%)", "no score"),
    "score_published": Column("As published", "", "score", "The score as the source prints it.", "Score as published (%)", "no score"),
    "stderr": Column("Standard error", "", "score", "Standard error of the score.", "Standard error (points)", "not known"),
    "ci_low": Column("From", "", "score", "Lower end of the 95% interval.", "Score (%)", "no interval"),
    "ci_high": Column("To", "", "score", "Upper end of the 95% interval.", "Score (%)", "no interval"),
    "delta": Column("Difference", "", "points", "First score minus second.", "Difference (points)"),
    "chance": Column("Chance", "", "score", "Score of guessing.", "Score of guessing (%)", "not known"),
    "n_samples": Column("Questions", "", "count", "Questions that the score rests on.", "Questions", "not known"),
    "n_correct": Column("Right", "", "count", "Questions answered right.", "Questions answered right", "not known"),
    "n_models": Column("Models", "", "count", "Models with a score.", "Models"),
    "n_results": Column("Results", "", "count", "Scores in the store.", "Results"),
    "n_runs": Column("Runs", "", "count", "Evaluations of one model under one configuration.", "Runs"),
    "size_ratio": Column("Size", "", "ratio", "How many times larger the larger model is.", "How many times larger the larger model is"),
    "training_ratio": Column("Against compute-optimal", "", "ratio", "Tokens per parameter divided by what the same compute calls for.", "Times the compute-optimal tokens per parameter"),
    "input_usd_per_mtok": Column("Input", "USD per million tokens", "usd", "List price of input.", "Price of input (USD per million tokens)", "not known"),
    "output_usd_per_mtok": Column("Output", "USD per million tokens", "usd", "List price of output.", "Price of output (USD per million tokens)", "not known"),
    "memory_gib": Column("Memory", "GiB", "plain", "Peak device memory.", "Memory (GiB)", "not known"),
}  # fmt: skip

SIZES = {"total": "params_total", "active": "params_active"}
"""The reader's size choice to the column that carries it."""
