"""A language model for tests: a random Llama of a few thousand parameters with a tokenizer of bytes, made in milliseconds.

The files are written as transformers would, without importing it or PyTorch, so that a test which only *starts* an
evaluation stays light. ``tiny_model`` in ``tests/conftest.py`` makes one folder for the whole session.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

CHAT_TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
END = "<|end|>"
MAX_LENGTH = 2_048


def make_tiny_model(folder: Path, *, seed: int = 0, width: int = 16, layers: int = 1, chat: bool = True) -> Path:
    """Write config, weights (float32 safetensors) and tokenizer into ``folder``; returns it, absolute.

    Args:
        seed: Of the random weights; another seed is another model.
        width: Of the hidden state; the model has about ``257 * width + 12 * layers * width**2`` parameters.
        chat: Whether the tokenizer has a chat template.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n_tokens = _write_tokenizer(folder, chat)
    _write_json(
        folder / "config.json",
        {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": width,
            "intermediate_size": 4 * width,
            "num_hidden_layers": layers,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "max_position_embeddings": MAX_LENGTH,
            "vocab_size": n_tokens,
            "rms_norm_eps": 1e-6,
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": n_tokens - 1,
            "dtype": "float32",
        },
    )
    _write_weights(folder, n_tokens, width, layers, seed)
    return folder.resolve()


def _write_weights(folder: Path, n_tokens: int, width: int, layers: int, seed: int) -> None:
    from safetensors.numpy import save_file

    draw = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (draw.standard_normal((rows, columns)) * 0.4).astype(np.float32)

    embedding = matrix(n_tokens, width)
    # Bytes that are no printable ASCII are never the likeliest: what it writes can be read, and encodes to as many tokens.
    embedding[[i for i, letter in enumerate(_alphabet()) if not letter.isascii()]] *= 0.02
    weights = {"model.embed_tokens.weight": embedding, "model.norm.weight": np.ones(width, np.float32)}
    for i in range(layers):
        name = f"model.layers.{i}"
        for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
            weights[f"{name}.self_attn.{part}.weight"] = matrix(width, width)
        weights[f"{name}.mlp.gate_proj.weight"] = matrix(4 * width, width)
        weights[f"{name}.mlp.up_proj.weight"] = matrix(4 * width, width)
        weights[f"{name}.mlp.down_proj.weight"] = matrix(width, 4 * width)
        weights[f"{name}.input_layernorm.weight"] = np.ones(width, np.float32)
        weights[f"{name}.post_attention_layernorm.weight"] = np.ones(width, np.float32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _write_tokenizer(folder: Path, chat: bool) -> int:
    """Byte-level BPE without merges: every byte is a token, so any text has one and stop strings are always found."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(_alphabet())}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": MAX_LENGTH,
        "eos_token": END,
        "pad_token": END,
        "clean_up_tokenization_spaces": False,
    }
    _write_json(folder / "tokenizer_config.json", settings | ({"chat_template": CHAT_TEMPLATE} if chat else {}))
    return tokenizer.get_vocab_size()


def _alphabet() -> list[str]:
    """A letter for each byte; printable ASCII bytes are their own letter."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
