"""A package called vllm without the engine: tokens and log-probabilities drawn from hashes, for lm-eval's own vLLM class."""

from __future__ import annotations

from pathlib import Path

VERSION = "0.8.2"
_ENGINE = '''
"""Stand-in for tests."""
import hashlib
import json
from types import SimpleNamespace

N_TOKENS = 257


def _hash(*values):
    return int.from_bytes(hashlib.sha256(json.dumps(values).encode()).digest()[:6], "big")


class SamplingParams:
    def __init__(self, **settings):
        self.settings = settings


def TokensPrompt(prompt_token_ids):
    return {"prompt_token_ids": prompt_token_ids}


class LLM:
    def __init__(self, **settings):
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(settings["model"])
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=2048))

    def generate(self, prompts, sampling_params, use_tqdm=True, lora_request=None):
        return [self._one(p["prompt_token_ids"], s.settings) for p, s in zip(prompts, sampling_params)]

    def _one(self, ids, settings):
        logprobs = None
        if settings.get("prompt_logprobs"):
            logprobs = [None, *({t: -(_hash(ids[: i + 2]) % 900) / 100 - 0.01} for i, t in enumerate(ids[1:]))]
            for entry, i in zip(logprobs[1:], range(1, len(ids))):
                entry[(ids[i] + 1) % N_TOKENS] = -(_hash(ids[: i + 1], "top") % 900) / 100 - 0.01
        written = [33 + _hash(ids, i) % 90 for i in range(min(settings["max_tokens"], 1 + _hash(ids) % 9))]
        text = self.tokenizer.decode(written)
        return SimpleNamespace(
            prompt_token_ids=ids, prompt_logprobs=logprobs, outputs=[SimpleNamespace(text=text, token_ids=written)]
        )
'''


def install(folder: Path) -> Path:
    """Write the package, with the entry by which its version is found; the folder is for ``sys.path``."""
    package = folder / "vllm"
    for name, text in {
        "__init__.py": _ENGINE,
        "lora/__init__.py": "",
        "lora/request.py": "class LoRARequest:\n    pass\n",
        "tokenizers.py": "def get_tokenizer(name, **_):\n    from transformers import AutoTokenizer\n\n"
        "    return AutoTokenizer.from_pretrained(name)\n",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text, encoding="utf-8")
    told = folder / f"vllm-{VERSION}.dist-info"
    told.mkdir(exist_ok=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}\n", encoding="utf-8")
    return folder
