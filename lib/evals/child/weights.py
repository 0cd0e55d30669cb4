"""Weights that are pickles can run code while they are read: refused unless an admin allows them."""

from __future__ import annotations

import os
from typing import Any

from .failures import Failure


def no_pickles() -> None:
    """From here on ``torch.load``, which every reader of ``.bin``, ``.pt`` and ``.ckpt`` ends in, refuses."""
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    import torch

    def refused(*_: Any, **__: Any) -> None:
        raise Failure(
            "weights",
            "The weights are a pickle, which can run code while it is read. Use a version of the model with safetensors, "
            "or let an admin set P4P_ALLOW_REMOTE_CODE=1.",
        )

    torch.load = refused
