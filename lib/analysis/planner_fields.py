"""What the planner asks, field by field: name in the address and on the command line, range, default, one sentence.

Defaults are texts as a reader would type them. What depends on the hardware has no default here: the page and the
command take it from the table of hardware, and say so.
"""

from __future__ import annotations

from lib.analysis.amounts import Amount
from lib.stats.domain import Range

BUDGET = Amount("budget", "Budget", Range("budget", 1, 1e12, "USD"), "usd", "$1M", "For the final training run.")
SIZE = Amount("size", "Model size", Range("model size", 1e6, 1e14, "parameters"), "count", "8B", "Parameters; of a mixture of experts those active per token.")  # fmt: skip
DATA = Amount("data", "Training tokens", Range("training tokens", 1e7, 1e16, "tokens"), "count", "1T", "Repeats counted.")  # fmt: skip
SERVED = Amount("served", "Tokens served in its life", Range("tokens served", 0, 1e18, "tokens"), "count", "10T", "Read and written, until the model is retired; 0 if it is not served.")  # fmt: skip
DIFFERENT = Amount("different", "Different tokens at hand", Range("different tokens", 1e6, 1e17, "tokens"), "count", "300B", "Empty: as many as wanted, none is repeated.", is_optional=True)  # fmt: skip
MFU = Amount("mfu", "Utilisation (MFU)", Range("utilisation", 0.01, 1), "share", "35%", "Share of the dense peak rate that large runs reach: 45% on A100, 35% on H100, 20% on V100; 25% to 55% holds every normal published run.")  # fmt: skip
RATE = Amount("rate", "USD per device-hour", Range("price of a device-hour", 0, 1000, "USD", is_above_least=True), "usd", "$2.95", "Yours, if the listed one is not what you pay; empty: unknown.", is_optional=True)  # fmt: skip
WATTS = Amount("watts", "Watts per device", Range("power of a device", 0, 100_000, "W", is_above_least=True), "plain", "700", "Rated power, unless you have measured it: averages run 60% to 90% of it.", is_optional=True)  # fmt: skip
PUE = Amount("pue", "Power usage effectiveness", Range("power usage effectiveness", 1, 5), "plain", "1.1", "1.1 hyperscale, 1.2 ordinary cloud, 1.5 machine room.")  # fmt: skip
CARBON = Amount("carbon", "kg CO2e per kWh", Range("carbon intensity", 0, 3, "kg"), "plain", "0.458", "Yours, if you know it; life cycle, as the table of zones counts. Empty: that of the zone.", is_optional=True)  # fmt: skip
RATIO = Amount("ratio", "Serving FLOP over training FLOP", Range("price of a serving FLOP over a training FLOP", 0.01, 100), "plain", "1", "What an operation costs when serving, over one in training: 1 counts operations, 3 means that serving uses the devices a third as well.")  # fmt: skip
BEYOND = Amount("beyond", "Runs beyond the final one", Range("factor for further runs", 1, 20), "plain", "1", "Failed runs, ablations and post-training: usually 1.1 to 2 times the final run.")  # fmt: skip

TUNED_TOKENS = Amount("tuned", "Tokens to tune on", Range("tokens to tune on", 1e3, 1e14, "tokens"), "count", "10M", "Over all epochs.")  # fmt: skip
DEVICES = Amount("devices", "Devices", Range("devices", 1, 100_000, "devices", is_whole=True), "plain", "1", "Of the same kind; full training and frozen weights are divided among them.")  # fmt: skip
RANK = Amount("rank", "Rank of the adapters", Range("rank", 1, 4096, is_whole=True), "plain", "16", "Width of the matrices that LoRA adds.")  # fmt: skip
SEQUENCE = Amount("sequence", "Tokens per sequence", Range("tokens per sequence", 16, 10_000_000, "tokens", is_whole=True), "count", "2,048", "Question and answer together, as trained.")  # fmt: skip
EACH = Amount("each", "Sequences per device", Range("sequences per device", 1, 10_000, is_whole=True), "plain", "1", "In one step; more fill the device and take memory.")  # fmt: skip
HFU = Amount("hfu", "Utilisation (HFU)", Range("utilisation", 0.01, 1), "share", "50%", "Measured runs reach 20% on slow links, 45% to 70% when each step holds 8,000 tokens a device.")  # fmt: skip

INPUT = Amount("in", "Tokens in", Range("input tokens", 1, 10_000_000, "tokens", is_whole=True), "count", "1,000", "Of one request, the question with everything before it.")  # fmt: skip
OUTPUT = Amount("out", "Tokens out", Range("output tokens", 1, 10_000_000, "tokens", is_whole=True), "count", "300", "Of one request, reasoning counted.")  # fmt: skip
BATCH = Amount("batch", "At once", Range("sequences at once", 1, 100_000, is_whole=True), "plain", "32", "Sequences that are answered together.")  # fmt: skip
GPUS = Amount("gpus", "Devices for one copy", Range("devices for one copy", 1, 4096, "devices", is_whole=True), "plain", "1", "Empty: the fewest that hold it.", is_optional=True)  # fmt: skip
UTILISATION = Amount("filled", "Time that is filled", Range("utilisation", 0, 1, is_above_least=True), "share", "50%", "Share of paid time spent serving at this load: about half for people by day, 90% for batch work.")  # fmt: skip

REQUESTS = Amount("requests", "Requests a month", Range("requests a month", 1, 1e13, "requests"), "count", "1M")
CACHED = Amount("cached", "Of these cached", Range("cached input tokens", 0, 10_000_000, "tokens", is_whole=True), "count", "0", "Read from the interface's cache; your own server is counted as reading every token.")  # fmt: skip
SERVED_TOGETHER = Amount("together", "At once, each copy", Range("sequences at once", 1, 100_000, is_whole=True), "plain", "64", "Sequences that one copy answers together when it is busy.")  # fmt: skip
EXTRA = Amount("extra", "Further cost a month", Range("further cost", 0, 1e9, "USD"), "usd", "$0", "People, spare capacity, anything else that serving oneself takes.")  # fmt: skip

DEFAULT_HARDWARE_HOST = "h100-sxm"
DEFAULT_HARDWARE_SERVE = "rtx-4090"
DEFAULT_HARDWARE_TRAIN, DEFAULT_HARDWARE_TUNE = "h100-sxm", "rtx-4090"
GOALS = {"budget": BUDGET, "size": SIZE, "data": DATA}
GOAL_WORDS = {"budget": "a budget", "size": "a model size", "data": "a number of tokens"}
TRAIN_ASSUMPTIONS = (SERVED, DIFFERENT, PUE, CARBON, RATIO, BEYOND)
TUNE_ASSUMPTIONS = (TUNED_TOKENS, DEVICES, RANK, SEQUENCE, EACH, HFU)
DEFAULTS = {
    one.name: one.example
    for one in (
        INPUT,
        REQUESTS,
        CACHED,
        SERVED_TOGETHER,
        EXTRA,
        OUTPUT,
        BATCH,
        GPUS,
        UTILISATION,
        BUDGET,
        SIZE,
        DATA,
        SERVED,
        PUE,
        RATIO,
        BEYOND,
        TUNED_TOKENS,
        DEVICES,
        RANK,
        SEQUENCE,
        EACH,
        HFU,
    )
} | {DIFFERENT.name: "", CARBON.name: ""}
