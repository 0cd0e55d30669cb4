"""A group with the logs of its parts, from lm-eval's files through import and store to each page that compares."""

from __future__ import annotations

import hashlib
import json
import math

import numpy as np
import pytest
from scipy.stats import binom

from lib.analysis import cheapest_choice as limits
from lib.analysis import upset_answers, upsets
from lib.analysis.head_to_head_sides import side_of
from lib.settings import read_settings
from lib.sources.ingest import ingest
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.store.samples import logs_of
from lib.ui.views import cheapest as cheapest_view
from lib.ui.views import cheapest_choice
from lib.ui.views import head_to_head as head
from lib.ui.views import upsets as upsets_view
from tests.samples.test_upset_pairs import DATA

PARTS = {"mmlu_anatomy": 90, "mmlu_virology": 160, "mmlu_formal_logic": 40, "mmlu_philosophy": 210}
"""Part to its questions; the first two are of mmlu_stem, the others of mmlu_humanities."""
GROUPS = {"mmlu": ["mmlu_stem", "mmlu_humanities"], "mmlu_stem": [*PARTS][:2], "mmlu_humanities": [*PARTS][2:]}
MODELS = {"EleutherAI/pythia-410m": 0.45, "EleutherAI/pythia-1b": 0.40, "EleutherAI/pythia-2.8b": 0.37}
STAMP = "2025-01-01T00-00-00.000000"


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def answers() -> dict[str, dict[str, list[int]]]:
    """Model to part to right and wrong; hard questions are hard for all."""
    rng = np.random.default_rng(7)
    hard = {part: rng.random(n) for part, n in PARTS.items()}
    return {
        model: {part: ((0.6 * hard[part] + 0.4 * rng.random(n)) < p).astype(int).tolist() for part, n in PARTS.items()}
        for model, p in MODELS.items()
    }


def leaves(group: str) -> list[str]:
    return [leaf for one in GROUPS[group] for leaf in (leaves(one) if one in GROUPS else [one])]


def write_run(folder, model: str, own: dict[str, list[int]], *, without: str = "") -> None:
    """lm-eval's results and sample files of one run; without the log of one part."""
    rows = {}
    for part, right in own.items():
        p, n = sum(right) / len(right), len(right)
        rows[part] = {"alias": part, "acc,none": p, "acc_stderr,none": math.sqrt(p * (1 - p) / (n - 1))}
    for group in GROUPS:
        parts = leaves(group)
        n = sum(PARTS[part] for part in parts)
        within = sum((PARTS[part] - 1) * PARTS[part] * rows[part]["acc_stderr,none"] ** 2 for part in parts)
        rows[group] = {
            "alias": group,
            "acc,none": sum(sum(own[part]) for part in parts) / n,
            "acc_stderr,none": math.sqrt(within / (n - len(parts)) / n),
        }
    everything = [*GROUPS, *PARTS]
    document = {
        "results": {name: rows[name] for name in everything},
        "groups": {name: rows[name] for name in GROUPS},
        "group_subtasks": GROUPS,
        "configs": {part: {"task": part, "output_type": "multiple_choice", "num_fewshot": 5} for part in PARTS},
        "versions": dict.fromkeys(PARTS, 1) | dict.fromkeys(GROUPS, 2),
        "n-shot": dict.fromkeys(PARTS, 5),
        "higher_is_better": {name: {"acc": True} for name in everything},
        "n-samples": {part: {"original": n, "effective": n} for part, n in PARTS.items()},
        "config": {"model": "hf", "model_args": f"pretrained={model}", "limit": None},
        "lm_eval_version": "0.4.8",
        "model_name": model,
        "chat_template": None,
        "system_instruction": None,
        "task_hashes": {part: hashed(part) for part in PARTS},
    }
    folder.mkdir(parents=True)
    (folder / f"results_{STAMP}.json").write_text(json.dumps(document), "utf-8")
    for part, right in own.items():
        if part == without:
            continue
        lines = [
            {
                "doc_id": i, "doc": {"question": f"{part} {i}?"}, "target": "0", "filter": "none", "metrics": ["acc"],
                "arguments": {"gen_args_0": {"arg_0": f"{part} {i}?", "arg_1": " yes"}}, "resps": [[["-0.5", "True"]]],
                "filtered_resps": [["-0.5", "True"]], "doc_hash": hashed(f"d{part}{i}"),
                "prompt_hash": hashed(f"p{part}{i}"), "target_hash": hashed("0"), "acc": one,
            }
            for i, one in enumerate(right)
        ]  # fmt: skip
        (folder / f"samples_{part}_{STAMP}.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    at = tmp_path_factory.mktemp("groups")
    settings = read_settings({"P4P_DATA_DIR": str(at / "store"), "P4P_FILL": "0"})
    store = open_store(settings)
    ingest(store, [DATA / "catalogue/models.csv", DATA / "catalogue/aliases.csv"], settings=settings, shipped=True)
    for model, own in answers().items():
        # One run lacks the log of a part.
        write_run(at / "files" / model.replace("/", "__"), model, own, without="mmlu_virology" if "1b" in model else "")
    ingest(store, [at / "files"], settings=settings)
    yield store, FrameCache(store).frames()
    store.close()


def counted(a: str, b: str) -> tuple[int, int]:
    """Only A right, only B right, over all parts."""
    own = answers()
    pairs = [pair for part in PARTS for pair in zip(own[a][part], own[b][part], strict=True)]
    return sum(x > y for x, y in pairs), sum(x < y for x, y in pairs)


def test_head_to_head_compares_the_group_by_its_parts(opened):
    store, frames = opened
    a, b = (side_of(frames, asked=name) for name in ("pythia-410m", "pythia-2.8b"))
    shown, found, _ = head.compared(frames, store, a, b, "", (), 0.02)
    (match,), (row,) = shown, found.tasks.to_dict("records")
    assert match.a["task"] == "mmlu" and len(match.parts) == 4 and match.is_weighted
    only_a, only_b = counted("EleutherAI/pythia-410m", "EleutherAI/pythia-2.8b")
    assert (row["only_a"], row["only_b"], row["n_both"]) == (only_a, only_b, 500)
    k, m = min(only_a, only_b), only_a + only_b
    assert row["p"] == pytest.approx(2 * binom.cdf(k, m, 0.5) - binom.pmf(k, m, 0.5), rel=1e-9)
    assert (
        row["pairing"] == "paired: the answers to 4 parts put together, every question counts the same, as in the score"
    )
    view = head.head_view(frames, store, a=a, b=b, way="", tasks=(), margin=0.02, by="total", threshold=9e9)
    assert view.pairing == "Paired: the answers of both to the same questions are stored and decide."
    assert f"only A right on {only_a}, only B on {only_b}" in view.table["notes"].iloc[0] and not view.questions
    assert "the answers to 4 parts put together, every question counts the same" in view.table["notes"].iloc[0]
    # Without one log nobody knows the whole.
    other = side_of(frames, asked="pythia-1b")
    told = head.compared(frames, store, other, b, "", (), 0.02)[1].tasks.iloc[0]
    assert told["pairing"].startswith("ignores pairing") and math.isnan(told["n_both"])


def test_the_cheapest_rests_on_the_parts_where_all_have_logs(opened):
    store, frames = opened
    asked = {"like": "pythia-2.8b", "benchmarks": ("mmlu",), "measured": "", "community": False}
    (pair,) = cheapest_choice.pairs(frames, store=store, **asked)
    assert (pair.model, pair.counts[1:3]) == (
        "pythia-410m",
        counted("EleutherAI/pythia-410m", "EleutherAI/pythia-2.8b"),
    )
    view = cheapest_view.cheapest_view(
        frames, like="pythia-2.8b", benchmarks=("mmlu",), measured="", margin=0.02, least="size", by="total",
        limits=limits.Limits(), is_average=False, prices=(), pairs=(pair,),
    )  # fmt: skip
    assert "1 of 2 comparisons on the same questions, the others ignore pairing" in view.coverage


def test_upsets_of_a_group_rest_on_its_parts(opened):
    store, frames = opened
    found = upsets_view.families(frames, store, "mmlu", "", "total", False)[0][2.0]
    rows = upsets.rows(found, np.arange(len(found.z))).set_index(["small", "large"])
    row = rows.loc[("pythia-410m", "pythia-2.8b")]
    assert (row["only_small"], row["only_large"]) == counted("EleutherAI/pythia-410m", "EleutherAI/pythia-2.8b")
    assert row["method"] == upset_answers.MCNEMAR and row["n_paired"] == 500
    assert not rows.loc[("pythia-1b", "pythia-2.8b"), "is_paired"]
    assert found.n_paired == 1
    assert len(logs_of(store, frames.runs.index)) == 11
