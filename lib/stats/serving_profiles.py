"""Efficiencies and overheads of four ways of serving, in one place.

Efficiencies were set beforehand to round values; the overheads of each profile were fitted to the rows of
data/cost/measured_inference.csv that they describe. The 2025 rows show that dividing matrices over devices costs a step
next to nothing beyond the links, while dividing experts costs 110 us a layer; one constant for both, 85 us, is off by
more for models that it was not fitted to. How far estimates are off is in docs/cost-models.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Value = float | NDArray[np.float64]


class Profile(NamedTuple):
    """Constants of a way of serving: numbers, or arrays that broadcast with the rest.

    Args:
        eta_bw, eta_c, eta_p, eta_link: Share of the published rate reached by memory, arithmetic of decoding, arithmetic
            of prompts, links.
        c_layer_s: Seconds per layer and step.
        c_tp_s, c_ep_s: Seconds per layer and step more on several devices, where these divide every matrix (tensor
            parallel), or the experts.
        c_seq_s: Seconds per sequence and step.
    """

    eta_bw: Value
    eta_c: Value
    eta_p: Value
    eta_link: Value
    c_layer_s: Value
    c_tp_s: Value
    c_ep_s: Value
    c_seq_s: Value


SERVER_2025 = "server-2025"
SERVER_2024 = "server-2024"
OFFLINE = "offline-tuned"
SINGLE = "single-stream"

PROFILES: dict[str, Profile] = {
    SERVER_2025: Profile(0.90, 0.70, 0.50, 0.80, 95e-6, 0.0, 110e-6, 63e-6),
    SERVER_2024: Profile(0.90, 0.70, 0.50, 0.80, 540e-6, 560e-6, 560e-6, 262e-6),
    OFFLINE: Profile(0.90, 0.70, 0.50, 0.80, 75e-6, 33e-6, 33e-6, 3e-6),
    SINGLE: Profile(0.75, 0.70, 0.35, 0.80, 40e-6, 110e-6, 110e-6, 0.0),
}
DEFAULT = SERVER_2025
OFFLINE_BATCH_SHARE = 0.34
"""Mean batch of an engine at unlimited request rate, over the most that fits: what the offline rows were fitted with."""

WORDS = {
    SERVER_2025: "a server that batches continuously, 2025 (vLLM and the like)",
    SERVER_2024: "a server that batches continuously, 2024 (vLLM 0.5)",
    OFFLINE: "maximum throughput, nobody waits (TensorRT-LLM, MLPerf)",
    SINGLE: "one reader at a time (llama.cpp, ExLlama, MLC)",
}
