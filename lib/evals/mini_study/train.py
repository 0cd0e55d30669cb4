"""Trains tiny Llama models on a text, one after the other: a program of its own, for the interpreter that runs lm-eval.

Standard library, PyTorch, tokenizers and transformers only; nothing of the product. Standard input: one JSON object
(``training.py`` writes it). The descriptor named by ``P4P_EVENTS_FD``: JSON lines, ``{"event": "step", ...}`` and
``{"event": "saved", ...}``. Standard output and error: the log.

The recipe: word-level tokenizer, AdamW (0.9, 0.95) with weight decay 0.01, gradients clipped at 1, 50 steps of warm-up and a
cosine to a tenth, float32, one thread, the same text in the same order for every model. Repeatable on one machine.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

END = "<end>"
UNKNOWN = "<unknown>"
WARM_UP = 50
FIRST_SPREAD = 0.08
"""Of the random weights. With the usual 0.02, made for large models, so narrow ones stand still for hundreds of steps."""
TELL_EVERY_S = 1.0


def main() -> None:
    """Read the plan, train every model of it."""
    plan = json.load(sys.stdin)
    import torch

    torch.set_num_threads(1)
    tokenizer = make_tokenizer(plan["words"])
    stream = encoded(tokenizer, Path(plan["text"]).read_text(encoding="utf-8").split("\n\n"))
    for model in plan["models"]:
        train(model, plan, tokenizer, torch.tensor(stream))


def make_tokenizer(words: list[str]) -> Any:
    """A token for each word; what is no word of the world is ``UNKNOWN``."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate([END, UNKNOWN, *words])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END, pad_token=END, unk_token=UNKNOWN)


def encoded(tokenizer: Any, lines: list[str]) -> list[int]:
    """The tokens of all lines, each followed by the end."""
    vocabulary = tokenizer.get_vocab()
    end, unknown = vocabulary[END], vocabulary[UNKNOWN]
    stream: list[int] = []
    for line in lines:
        stream += [vocabulary.get(word, unknown) for word in line.split()]
        stream.append(end)
    return stream


def train(wanted: dict[str, Any], plan: dict[str, Any], tokenizer: Any, stream: Any) -> None:
    """One model to its last step; saved at every step that was asked for.

    Args:
        wanted: name, width, layers, heads, rate, steps, saved (step to folder).
        plan: batch, length, seed.
        tokenizer: Saved with the weights.
        stream: Tokens of the text.
    """
    import torch

    torch.manual_seed(plan["seed"])
    model = make_model(wanted, len(tokenizer), plan["length"])
    steps, batch, length = wanted["steps"], plan["batch"], plan["length"]
    best = torch.optim.AdamW(model.parameters(), lr=wanted["rate"], betas=(0.9, 0.95), weight_decay=0.01)
    course = torch.optim.lr_scheduler.LambdaLR(best, lambda step: pace(step, steps))
    n_parameters = sum(p.numel() for p in model.parameters())
    began, told = time.monotonic(), 0.0
    for step in range(1, steps + 1):
        first = ((step - 1) * batch * length) % (len(stream) - batch * length)
        part = stream[first : first + batch * length].view(batch, length)
        mask, places = apart(part)
        loss = model(input_ids=part, attention_mask=mask, position_ids=places, labels=part).loss
        best.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        best.step()
        course.step()
        if time.monotonic() - told > TELL_EVERY_S or step == steps:
            told = time.monotonic()
            tell("step", model=wanted["name"], step=step, steps=steps, loss=float(loss.detach()))
        folder = wanted["saved"].get(str(step))
        if folder is not None:
            save(model, tokenizer, Path(folder))
            spent = time.monotonic() - began
            tell("saved", model=wanted["name"], step=step, folder=folder, n_parameters=n_parameters, seconds=spent)


def make_model(wanted: dict[str, Any], n_words: int, length: int) -> Any:
    """A Llama of this shape with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=n_words,
        hidden_size=wanted["width"],
        intermediate_size=4 * wanted["width"],
        num_hidden_layers=wanted["layers"],
        num_attention_heads=wanted["heads"],
        max_position_embeddings=2 * length,
        initializer_range=FIRST_SPREAD,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config)


def apart(part: Any) -> tuple[Any, Any]:
    """What each token may look at (its own line, up to itself) and its place in that line.

    Lines lie one behind the other in a row of tokens, but a question is asked alone; so each is learned alone, too.

    Returns:
        Additive mask (rows, 1, length, length), places (rows, length).
    """
    import torch

    is_first = torch.zeros_like(part, dtype=torch.bool)
    is_first[:, 1:] = part[:, :-1] == 0
    is_first[:, 0] = True
    line = is_first.cumsum(1)
    length = part.shape[1]
    index = torch.arange(length)
    begins = torch.where(is_first, index, 0).cummax(1).values
    may_see = (line[:, :, None] == line[:, None, :]) & (index[:, None] >= index[None, :])
    mask = torch.zeros(may_see.shape).masked_fill(~may_see, torch.finfo(torch.float32).min)
    return mask[:, None], index - begins


def pace(step: int, steps: int) -> float:
    """Share of the learning rate at a step."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Weights and tokenizer beside the folder, then in its place: a folder that is there is whole."""
    new = folder.with_name(folder.name + ".new")
    model.save_pretrained(new)
    tokenizer.save_pretrained(new)
    new.rename(folder)


def tell(event: str, **facts: Any) -> None:
    """A line for whoever started this."""
    os.write(int(os.environ["P4P_EVENTS_FD"]), json.dumps({"event": event, **facts}).encode() + b"\n")


if __name__ == "__main__":
    main()
