"""Where each kind of model tells how many tokens it read and wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .meter import Meter


def count_torch(lm: Any, meter: Meter) -> None:
    """transformers: exact for what is read; what is written is the answer encoded again (without its stop string)."""
    longest = int(getattr(lm, "max_length", 0) or 0)
    score, encode, answered = lm._loglikelihood_tokens, lm.tok_batch_encode, meter.add_partial
    lengths: dict[Any, int] = {}

    def scored(requests: Any, *args: Any, **kwargs: Any) -> Any:
        lengths.clear()
        for key, context, continuation in requests:
            n = len(context) + len(continuation)
            n = min(n, longest + 1) if longest else n
            if key is None:  # a window of a longer text
                meter.add_tokens(n, 0)
            else:
                lengths[key] = n
        return score(requests, *args, **kwargs)

    def encoded(*args: Any, **kwargs: Any) -> Any:
        ids, mask = encode(*args, **kwargs)
        meter.add_tokens(int(mask.sum()), 0)
        return ids, mask

    def add_partial(kind: str, request: Any, answer: Any) -> None:
        if kind == "loglikelihood":
            meter.add_tokens(lengths.get(request, 0), 0)
        elif kind == "generate_until":
            meter.add_tokens(0, len(lm.tok_encode(answer, add_special_tokens=False)) if answer else 0)
        answered(kind, request, answer)

    lm._loglikelihood_tokens, lm.tok_batch_encode = scored, encoded
    meter.add_partial = add_partial  # type: ignore[method-assign]


def count_vllm(lm: Any, meter: Meter) -> None:
    """vLLM: its own outputs name the tokens of prompt and answer."""
    ask = lm._model_generate

    def asked(requests: Any, generate: bool = False, **kwargs: Any) -> Any:
        outputs = ask(requests, generate=generate, **kwargs)
        for output in outputs:
            written = sum(len(one.token_ids) for one in output.outputs) if generate else 0
            meter.add_tokens(len(output.prompt_token_ids), written)
        return outputs

    lm._model_generate = asked


def count_usage(answer: Mapping[str, Any], meter: Meter) -> None:
    """An endpoint's answer: the tokens that it will be paid for; nonsense counts as not told."""
    usage = answer.get("usage")
    found = [usage.get(name) if isinstance(usage, Mapping) else None for name in ("prompt_tokens", "completion_tokens")]
    n_in, n_out = (n if isinstance(n, int) and not isinstance(n, bool) and n >= 0 else None for n in found)
    if n_in is None or n_out is None:
        meter.no_tokens()
    else:
        meter.add_tokens(n_in, n_out)


def model_bytes(lm: Any) -> int | None:
    """Size of the weights in memory, as they are held (quantised ones packed); None where they are elsewhere."""
    parameters: Callable[[], Any] | None = getattr(getattr(lm, "_model", None), "parameters", None)
    if parameters is None:
        return None
    return sum(p.numel() * p.element_size() for p in parameters())
