"""What the Hub says of a model, beside what is known here; hostile and partial answers among it."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd
import pytest

from lib.cli import main
from lib.sources.hub_client import Hub
from lib.sources.hub_facts import describe
from lib.sources.hub_filling import ids_by_hub_name, propose
from lib.store import raw
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache
from lib.store.write import write_files
from lib.ui.views.model_facts import facts_view
from tests.factories import make_run, model_row, prepared_file, prepared_run, raw_of
from tests.hub.stand_in import READER, Repository, StandIn, Trouble

NAME = "org/small-1b"
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 16,
    "hidden_size": 2048,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}
TOLD: dict[str, Any] = {
    "safetensors": {"parameters": {"BF16": 1_235_814_400}, "total": 1_235_814_400},
    "cardData": {"license": "apache-2.0"},
    "tags": ["license:apache-2.0", "base_model:org/big", "base_model:finetune:org/big"],
}


def put(stand_in: StandIn, config: object = CONFIG, **told: Any) -> Repository:
    content = config if isinstance(config, bytes) else json.dumps(config).encode()
    made = Repository(told={**TOLD, **told}, files={"config.json": content, "model.safetensors": b""})
    stand_in.repositories["model", NAME] = made
    return made


def test_heads_configuration_and_card(hub: Hub, stand_in: StandIn) -> None:
    put(stand_in)
    found = describe(hub, NAME)
    assert {field: value.value for field, value in found.stated.items()} == {
        "hf_id": NAME,
        "params_total": "1235814400",
        "precision": "bf16",
        "licence": "Apache-2.0",
        "open_weights": "true",
        "n_layers": "16",
        "d_model": "2048",
        "n_heads": "32",
        "n_kv_heads": "8",
        "vocab_size": "128256",
        "context_length": "131072",
        "architecture": "LlamaForCausalLM",
    }
    assert found.base == ("finetune", ("org/big",)) and found.notes == [] and found.revision == "a" * 40
    assert found.stated["params_total"].url == f"{stand_in.address}/{NAME}/tree/{'a' * 40}"
    assert found.stated["n_layers"].url == f"{stand_in.address}/{NAME}/blob/{'a' * 40}/config.json"


def test_packed_weights_give_no_size(hub: Hub, stand_in: StandIn) -> None:
    put(stand_in, safetensors={"parameters": {"I32": 900_000_000, "F16": 130_000_000}, "total": 1_030_000_000})
    found = describe(hub, NAME)
    assert "params_total" not in found.stated and any("packed" in note for note in found.notes)


def test_experts_and_models_within_models(hub: Hub, stand_in: StandIn) -> None:
    put(stand_in, {"architectures": ["NewForConditionalGeneration"], "text_config": {**CONFIG, "num_experts": 64}})
    found = describe(hub, NAME)
    assert found.stated["architecture"].value == "moe" and found.stated["n_layers"].value == "16"


def test_gated_tells_what_its_page_tells(hub: Hub, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    put(stand_in).is_gated = True
    found = describe(hub, NAME)
    assert found.stated["params_total"].value == "1235814400" and "n_layers" not in found.stated
    assert len(found.notes) == 2 and "let in" in found.notes[1]
    monkeypatch.setenv("HF_TOKEN", READER)
    assert describe(hub, NAME).stated["n_layers"].value == "16"


@pytest.mark.parametrize(
    ("card", "tags", "licence"),
    [
        ({"license": "other", "license_name": "falcon-llm"}, [], "falcon-llm"),
        ({"license": ["mit"]}, [], "MIT"),
        (None, ["license:gemma"], "Gemma Terms of Use"),
        ({"license": "other"}, [], None),
        ({"license": {"a": 1}}, "license:mit", None),
        ({"license": "x\x00y\nz"}, [], "x\\x00y z"),
    ],
)
def test_licences(hub: Hub, stand_in: StandIn, card: object, tags: object, licence: str | None) -> None:
    put(stand_in, cardData=card, tags=tags)
    stated = describe(hub, NAME).stated.get("licence")
    assert (stated.value if stated else None) == licence


@pytest.mark.parametrize(
    "told",
    [
        {"safetensors": {"total": -1}},
        {"safetensors": {"total": True}},
        {"safetensors": {"parameters": {"BF16": float("inf")}}},
        {"safetensors": "many", "siblings": "all", "tags": {"a": 1}, "cardData": [1], "sha": 7, "gated": None},
        {"siblings": [None, {"rfilename": 1}, {"rfilename": "config.json"}]},
    ],
)
@pytest.mark.parametrize(
    "config", [b"[]", b"{", b'{"num_hidden_layers": -3, "hidden_size": 1e400, "n_head": "9"}', b"[" * 5000]
)
def test_hostile_answers_state_nothing(hub: Hub, stand_in: StandIn, told: dict[str, Any], config: bytes) -> None:
    put(stand_in, config, **{**dict.fromkeys(TOLD), **told})
    assert set(describe(hub, NAME).stated) <= {"hf_id", "open_weights"}


def test_what_would_change(hub: Hub, stand_in: StandIn) -> None:
    put(stand_in)
    row = {
        "hf_id": NAME, "params_total": 1.24e9, "licence": "apache 2.0", "n_layers": 20.0, "context_length": math.nan,
        "architecture": "dense", "precision": None, "finetuned_from": None,
    }  # fmt: skip
    proposals, notes = propose(describe(hub, NAME), row, {"org/big": "big"}.get)
    found = {one.field: (one.before, one.after, one.state) for one in proposals}
    assert found["params_total"] == ("1240000000", "1235814400", "agrees")
    assert found["licence"][2] == "agrees"
    assert found["n_layers"] == ("20", "16", "differs")
    assert found["context_length"] == ("", "131072", "new")
    assert found["finetuned_from"] == ("", "big", "new")
    assert found["precision"][2] == "new" and not {"hf_id", "architecture"} & set(found)
    assert notes == []
    far = propose(describe(hub, NAME), {**row, "params_total": 1.4e9}, {}.get)
    assert next(one.state for one in far[0] if one.field == "params_total") == "differs"
    assert far[1] == ["It was made from org/big, which is not in this store."]


def test_a_name_means_the_catalogue_first() -> None:
    models = pd.DataFrame(
        {"origin": ["community", "catalogue", "community"], "hf_id": ["o/a", "o/a", None]}, index=["o/a", "a", "b"]
    )
    assert ids_by_hub_name(models) == {"o/a": "a"}


@pytest.fixture
def filled(sqlite_store: Store) -> Store:
    raw.keep_raw(sqlite_store, b"content")
    row = model_row("small-1b", hf_id=NAME, params_total=None, size_status="unknown", n_layers=20)
    run = prepared_run(make_run("small-1b"), "small-1b")
    write_files(sqlite_store, raw_of(), [prepared_file(run, tables={"models": [row, model_row("bare")]})])
    return sqlite_store


def command(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Any, *words: str) -> tuple[int, str, str]:
    monkeypatch.setenv("P4P_DATA_DIR", str(store.settings.data_dir))
    monkeypatch.setenv("P4P_DATABASE_URL", "")
    code = main(["hub", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_command_shows_then_writes(
    filled: Store, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    put(stand_in)
    before = filled.digest()
    code, out, _ = command(filled, monkeypatch, capsys, "facts", "small-1b", "--json")
    assert code == 0 and json.loads(out)["written"] == [] and filled.digest() == before
    code, out, _ = command(filled, monkeypatch, capsys, "facts", "small-1b", "--write", "--json")
    told = json.loads(out)
    assert code == 0 and "params_total" in told["written"] and "n_layers" not in told["written"]
    opened = open_store(filled.settings)
    frames = FrameCache(opened).frames()
    row = frames.models.loc["small-1b"]
    assert (row["params_total"], row["n_layers"], row["licence"]) == (1_235_814_400.0, 20.0, "Apache-2.0")
    fact = frames.facts("small-1b").set_index("field").loc["params_total"]
    assert fact["source_url"] == f"{stand_in.address}/{NAME}/tree/{'a' * 40}"
    assert fact["note"] == "looked up on 2026-11-21, commit aaaaaaaaaaaa" and fact["origin"] == "reader"
    said = facts_view(frames, model="small-1b", source="").identity.set_index("field")["said_by"]
    assert said["Licence"].startswith("Hugging Face Hub"), said
    revision = opened.revision()
    command(filled, monkeypatch, capsys, "facts", "small-1b", "--write")
    assert opened.revision() == revision, "nothing is new the second time"
    command(filled, monkeypatch, capsys, "facts", "small-1b", "--write", "--replace")
    assert FrameCache(opened).frames().models.loc["small-1b", "n_layers"] == 16.0
    opened.close()


def test_the_command_says_what_is_wrong(
    filled: Store, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    put(stand_in)
    code, _, err = command(filled, monkeypatch, capsys, "facts", "bare")
    assert code == 2 and "--as" in err
    code, _, err = command(filled, monkeypatch, capsys, "facts", "small-1b", "--as", "org/none")
    assert code == 1 and "no such repository" in err
    stand_in.troubles = [Trouble(429, {"Retry-After": "999"})]
    code, _, err = command(filled, monkeypatch, capsys, "facts", "small-1b")
    assert code == 1 and "asks to wait for 999 s" in err
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    code, _, err = command(filled, monkeypatch, capsys, "facts", "small-1b")
    assert code == 1 and "HF_HUB_OFFLINE" in err and "Everything else works" in err
