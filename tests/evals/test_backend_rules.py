"""What a form may not ask for: keys as arguments, private networks, code and pickles; and which key goes where."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lib.errors import RefusedInput
from lib.evals.addresses import KEY_HOSTS, key_variable, problem_of
from lib.evals.backends import backend_of, backends
from lib.evals.backends.contract import Situation, with_defaults
from lib.evals.backends.rules import problems, situation
from lib.evals.child_environment import environment, is_offline_enough
from lib.evals.interpreter import versions
from lib.evals.spec import JobSpec, Value
from lib.settings import ROOT, read_settings

ALONE = Situation(env={}, key_hosts=KEY_HOSTS)
SHARED = Situation(env={}, key_hosts=KEY_HOSTS, is_shared=True)
ADMIN = Situation(env={}, key_hosts=KEY_HOSTS, allows_remote_code=True)
HERE = "http://127.0.0.1:8000/v1/chat/completions"


def _chat(**model_args: Value) -> JobSpec:
    given = {"base_url": HERE, "model": "m", **model_args}
    return JobSpec(backend="local-chat-completions", tasks=("t",), model_args=given, apply_chat_template=True)


def _hf(**model_args: Value) -> JobSpec:
    return JobSpec(backend="hf", tasks=("t",), model_args={"pretrained": "org/name", **model_args})


def _places(spec: JobSpec, where: Situation = ALONE) -> list[str]:
    return [problem.place for problem in problems(spec, where)]


def test_a_plain_job_has_no_problems() -> None:
    assert not problems(_chat(), ALONE)
    assert not problems(_hf(dtype="bfloat16", revision="main"), ALONE)
    assert not problems(JobSpec(backend="dummy", tasks=("t",)), SHARED)


@pytest.mark.parametrize("name", ["api_key", "header", "auth_token", "OPENAI_API_KEY", "password", "Authorization"])
def test_keys_are_never_arguments(name: str) -> None:
    for where in (ALONE, ADMIN):
        assert f"model_args.{name}" in _places(_chat(**{name: "x"}), where)
        assert f"model_args.{name}" in _places(_hf(**{name: "x"}), where)


@pytest.mark.parametrize("key", ["sk-proj-abcdefghijklmnopqrstuv", "hf_abcdefghijklmnopqrstuvwx", "Bearer abcdefghij"])
def test_what_looks_like_a_key_is_refused_wherever_it_stands(key: str) -> None:
    assert "model_args.model" in _places(_chat(model=key))
    assert "gen_kwargs" in _places(replace(_chat(), gen_kwargs={"extra": {"x": key}}))
    assert "system_instruction" in _places(replace(_chat(), system_instruction=f"Use {key}."))


@pytest.mark.parametrize("name", ["add_bos_token", "think_end_token", "eos_string"])
def test_settings_about_tokens_are_no_keys(name: str) -> None:
    assert not problems(_chat(**{name: "x"}), ALONE)


def test_arguments_that_nobody_reads_or_that_load_code_are_refused() -> None:
    assert _places(_chat(tempreature=1)) == ["model_args.tempreature"]
    assert "model_args.worker_cls" in _places(
        JobSpec(backend="vllm", tasks=("t",), model_args={"pretrained": "a/b", "worker_cls": "os.system"})
    )
    assert _places(_hf(trust_remote_code=True)) == ["model_args.trust_remote_code"]
    assert _places(_hf(trust_remote_code="True")) == ["model_args.trust_remote_code"]
    assert _places(_hf(use_safetensors=False)) == ["model_args.use_safetensors"]
    assert _places(_hf(attn_implementation="kernels-community/flash-attn")) == ["model_args.attn_implementation"]
    assert not _places(_hf(attn_implementation="sdpa"))
    assert "model_args.trust_remote_code" in _places(_chat(trust_remote_code=True))
    vllm = JobSpec(backend="vllm", tasks=("t",), model_args={"pretrained": "a/b", "load_format": "pt"})
    assert _places(vllm) == ["model_args.load_format"] and not _places(vllm, ADMIN)
    assert not _places(_hf(trust_remote_code=True, use_safetensors=False), ADMIN)


def test_a_folder_of_pickles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    assert _places(_hf(pretrained=str(tmp_path))) == ["model_args.pretrained"]
    assert not _places(_hf(pretrained=str(tmp_path)), ADMIN)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    assert not _places(_hf(pretrained=str(tmp_path)))


def test_what_is_missing_is_named() -> None:
    assert _places(JobSpec(backend="hf", tasks=("t",))) == ["model_args.pretrained"]
    assert "apply_chat_template" in _places(replace(_chat(), apply_chat_template=False))
    assert "fewshot_as_multiturn" in _places(replace(_hf(), fewshot_as_multiturn=True))
    assert _places(replace(_hf(), device="mps")) == []
    assert "device" in _places(JobSpec(backend="vllm", tasks=("t",), model_args={"pretrained": "a/b"}, device="cpu"))
    assert _places(_hf(dtype="int3")) == ["model_args.dtype"]
    assert _places(_chat(num_concurrent=0)) == ["model_args.num_concurrent"]
    with pytest.raises(RefusedInput, match="no such backend"):
        problems(JobSpec(backend="nothing", tasks=("t",)), ALONE)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://example.org/v1", "begins with http"),
        ("example.org/v1/completions", "begins with http"),
        ("http://[bad/v1", "not an address"),
        ("http://host:port/v1", "not an address"),
        ("https://user:secret@example.org/v1", "user name or password"),
        ("https://user@example.org/v1", "user name or password"),
        ("https://example.org/v1?api-key=1", "could be a key"),
    ],
)
def test_an_address_is_only_an_address(address: str, words: str) -> None:
    assert words in problem_of(address, is_shared=False)
    assert [p for p in problems(_chat(base_url=address), ALONE) if p.place == "model_args.base_url"]


@pytest.mark.parametrize(
    "found",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "192.168.1.1",
            "172.20.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "fd00::1", "::ffff:10.0.0.1", "2002:0a00:0001::", "64:ff9b::a00:1", "fe80::1%eth0", "not an address"),
    ],
)
def test_a_shared_installation_asks_public_addresses_only(found: str) -> None:
    def resolve(host: str) -> list[str]:
        return ["93.184.216.34", found]

    assert "private network" in problem_of("https://example.org/v1", is_shared=True, resolve=resolve)
    assert not problem_of("https://example.org/v1", is_shared=False, resolve=resolve)
    assert not problem_of(
        "https://example.org/v1", is_shared=True, resolve=lambda host: ["93.184.216.34", "2606:4700::1"]
    )
    assert "cannot be resolved" in problem_of("https://example.org/v1", is_shared=True, resolve=lambda host: [])


def test_a_key_belongs_to_a_host() -> None:
    hosts = {**KEY_HOSTS, "MINE": ("llm.example.org", "localhost:8000")}
    assert key_variable("https://api.openai.com/v1/chat/completions", hosts) == "OPENAI_API_KEY"
    assert key_variable("https://llm.example.org/v1", hosts) == "MINE"
    assert key_variable("http://localhost:8000/v1", hosts) == "MINE"
    for other in ("https://api.openai.com.evil.org/v1", "https://evil.org/api.openai.com", "http://localhost:8001/v1"):
        assert key_variable(other, hosts) is None, other


def test_a_key_that_is_needed_and_missing_is_said_and_it_never_goes_unprotected() -> None:
    there = _chat(base_url="https://api.openai.com/v1/chat/completions")
    (missing,) = problems(there, ALONE)
    assert "OPENAI_API_KEY is not set" in missing.reason and missing.place == "model_args.base_url"
    with_key = ALONE._replace(env={"OPENAI_API_KEY": "x"})
    assert not problems(there, with_key)
    assert _places(_chat(base_url="http://api.openai.com/v1/chat/completions"), with_key) == ["model_args.base_url"]
    unchecked = replace(there, model_args={**there.model_args, "verify_certificate": False})
    assert _places(unchecked, with_key) == ["model_args.verify_certificate"]


def test_the_child_gets_the_one_key_and_nothing_else() -> None:
    worker = {
        "PATH": "/bin",
        "HF_HOME": "/data/hf",
        "HF_TOKEN": "hub",
        "OPENAI_API_KEY": "paid",
        "MINE": "own",
        "P4P_DATABASE_URL": "postgresql://user:secret@host/db",
        "AWS_SECRET_ACCESS_KEY": "aws",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    alone = read_settings({"P4P_KEY_HOSTS": "MINE=127.0.0.1:8000"})
    shared = read_settings({"P4P_KEY_HOSTS": "MINE=127.0.0.1:8000", "P4P_ALLOW_PUBLIC": "1"})
    here = environment(_chat(), backend_of(_chat()), alone, worker)
    assert here["OPENAI_API_KEY"] == "own" and "HF_TOKEN" not in here and here["HTTPS_PROXY"]
    assert "HTTPS_PROXY" not in environment(_chat(), backend_of(_chat()), shared, worker)
    elsewhere = _chat(base_url="https://example.org/v1")
    assert "OPENAI_API_KEY" not in environment(elsewhere, backend_of(elsewhere), alone, worker)
    local = environment(_hf(), backend_of(_hf()), alone, worker)
    assert local["HF_TOKEN"] == "hub" and "OPENAI_API_KEY" not in local
    for env in (here, local):
        assert env["PATH"] == "/bin" and env["HF_HOME"] == "/data/hf" and int(env["OMP_NUM_THREADS"]) >= 1
        assert not {"P4P_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "MINE"} & set(env)
    assert situation(shared, worker).is_shared and not situation(alone, worker).allows_remote_code


def test_the_hub_is_asked_only_when_something_can_be_there(tmp_path: Path) -> None:
    own, theirs = {"config": {"task": "t"}}, {"config": None}
    assert is_offline_enough(_hf(pretrained=str(tmp_path)), [own, own])
    assert not is_offline_enough(_hf(pretrained=str(tmp_path)), [own, theirs])
    assert not is_offline_enough(_hf(), [own])
    assert is_offline_enough(_chat(), [own]) and not is_offline_enough(_chat(tokenizer="org/name"), [own])


def test_defaults_are_part_of_the_job_and_never_overrule_it() -> None:
    here = with_defaults(_chat(), backend_of(_chat())).model_args
    assert here == {**_chat().model_args, "num_concurrent": 1, "max_retries": 8, "timeout": 120}
    there = _chat(base_url="https://api.openai.com/v1", max_retries=2)
    assert with_defaults(there, backend_of(there)).model_args["num_concurrent"] == 4
    filled = with_defaults(there, backend_of(there))
    assert filled.model_args["max_retries"] == 2 and with_defaults(filled, backend_of(filled)) == filled
    completions = JobSpec(backend="local-completions", tasks=("t",), model_args={"base_url": HERE, "model": "m"})
    assert with_defaults(completions, backend_of(completions)).model_args["tokenizer_backend"] == "none"


def test_what_can_be_answered_depends_on_the_tokenizer() -> None:
    completions = backends()["local-completions"]
    assert completions.answers({}) == {"generate_until"}
    assert "loglikelihood" in completions.answers({"tokenizer": "org/name"})
    assert backends()["local-chat-completions"].answers({"tokenizer": "org/name"}) == {"generate_until"}


def test_every_backend_keeps_the_contract() -> None:
    for name, backend in backends().items():
        assert name == backend.name and re.fullmatch(r"[a-z][a-z\-]*", name)
        assert backend.what.endswith(".") and backend.label and backend.install and backend.verified
        assert backend.needs_packages and set(backend.needs_packages) <= set(versions("python3"))
        assert bool(backend.devices) != backend.is_remote
        names = [argument.name for argument in backend.arguments]
        assert len(names) == len(set(names)) and not set(names) & backend.more_arguments
        for argument in backend.arguments:
            assert argument.label[0].isupper() and (argument.kind == "choice") == bool(argument.choices)
        missing = backend.missing_packages(dict.fromkeys(backend.needs_packages))
        assert missing == list(backend.needs_packages)


def test_docs_say_of_every_backend_what_was_shown_and_what_was_not() -> None:
    document = " ".join((ROOT / "docs" / "backends.md").read_text(encoding="utf-8").split())
    for backend in backends().values():
        for said in (f"`{backend.name}`", backend.what, backend.verified, backend.unverified, backend.install):
            assert " ".join(said.split()) in document, (backend.name, said)


def test_settings_about_evaluations_are_read() -> None:
    read = read_settings({"P4P_KEY_HOSTS": " A_KEY=One.Example, two:80 ; B=three", "P4P_ALLOW_REMOTE_CODE": "1"})
    assert read.key_hosts == {"A_KEY": ("one.example", "two:80"), "B": ("three",)} and read.allow_remote_code
    assert read_settings({}).key_hosts == {} and not read_settings({}).is_shared
    for wrong in ("A_KEY", "A_KEY=", "a-key=host", "A_KEY=https://host"):
        with pytest.raises(RefusedInput, match="P4P_KEY_HOSTS"):
            read_settings({"P4P_KEY_HOSTS": wrong})
