"""What is known of a model before it is run, in words. Plain text, not escaped."""

from __future__ import annotations

from lib import formats
from lib.analysis import job_words
from lib.evals.hub import HubModel
from lib.evals.model_facts import ModelFacts


def facts_words(facts: ModelFacts) -> str:
    """Size, weights, licence and gate as far as known; '' where nothing is."""
    told = []
    if facts.params is not None:
        told.append(f"{formats.parameters_in_words(facts.params)} parameters ({facts.basis})")
    if facts.weight_bytes is not None:
        told.append(f"weights of {job_words.gib(facts.weight_bytes)}")
    if facts.licence:
        told.append(f"licence {facts.licence}")
    if facts.is_gated:
        told.append("gated")
    return ", ".join(told)


def hub_words(found: HubModel) -> str:
    """Size, licence, gate and files of a model on the Hub."""
    told = [f"{formats.parameters(found.params)} parameters" if found.params else "size not stated"]
    told.append(f"licence {found.licence}" if found.licence else "licence not stated")
    if found.is_gated is not None:
        told.append("gated: only for accounts that were let in" if found.is_gated else "open to all")
    if found.files:
        sizes = [size for _, size in found.files]
        n_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        told.append(formats.counted(len(found.files), "file") + (f" of {job_words.gib(n_bytes)}" if n_bytes else ""))
        weights = [name for name, _ in found.files if name.endswith((".safetensors", ".bin", ".gguf", ".pt"))]
        told.append("weights as " + " and ".join(sorted({name.rsplit(".", 1)[1] for name in weights})) if weights else "no weights")  # fmt: skip
    if found.downloads is not None:
        told.append(f"{formats.count(found.downloads)} downloads in a month")
    if found.updated_on:
        told.append(f"changed {formats.date(found.updated_on)}")
    return ", ".join(told)
