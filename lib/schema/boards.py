"""Leaderboards by the name they have in ``Run.evaluator`` (``board:<name>``), and how they are written."""

BOARDS = {
    "open-llm-leaderboard-v2": "Open LLM Leaderboard v2",
    "helm-classic": "HELM Classic",
    "helm-lite": "HELM Lite",
    "helm-mmlu": "HELM MMLU",
    "helm-capabilities": "HELM Capabilities",
    "global-mmlu-lite": "Global MMLU Lite",
}

LEADERBOARD_SIX = ("ifeval", "bbh", "math_lvl5", "gpqa", "musr", "mmlu_pro")
"""The benchmarks of Open LLM Leaderboard v2, the default set."""
