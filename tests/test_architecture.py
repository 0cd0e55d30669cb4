"""Imports point one way, Streamlit and SQL stay where they belong, and what ships is small enough to hold in one's head."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Right may not import left. Modules of one group may import each other only within their own package.
LAYERS = (
    {"pages"},
    {"lib.ui", "lib.api", "lib.cli"},
    {"lib.report"},
    {"lib.figures"},
    {"lib.analysis"},
    {"lib.evals"},
    {"lib.sources"},
    {"lib.store"},
    {"lib.stats"},
    {"lib.formats", "lib.settings", "lib.errors", "lib.access"},
    {"lib.schema"},
)
RANK = {package: rank for rank, packages in enumerate(LAYERS) for package in packages}
PURE = ("lib.analysis", "lib.figures", "lib.stats", "lib.schema", "lib.formats")
IMPURE_MODULES = {"requests", "urllib.request", "socket", "subprocess", "random", "sqlite3", "sqlalchemy", "httpx"}


# A report holds what a page shows, so the command that makes one has the pages drawn, and loads them only when it runs.
BESIDE = {("lib.cli_report", "lib.ui")}


def _modules() -> list[tuple[str, Path]]:
    files = [*sorted((ROOT / "lib").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py"))]
    files += [ROOT / name for name in ("app.py", "serve.py") if (ROOT / name).exists()]
    return [(".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), f) for f in files]


MODULES = _modules()


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a module, read once for all tests."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def _imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def _package(module: str) -> str | None:
    if module.startswith("lib.cli") or module == "lib.__main__":
        return "lib.cli"
    return next((package for package in RANK if module == package or module.startswith(package + ".")), None)


def _layer(module: str) -> int | None:
    package = _package(module)
    return None if package is None else RANK[package]


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_point_one_way(module: str, path: Path) -> None:
    own = _layer(module)
    if own is None:
        return
    for imported in _imports(path):
        rank = _layer(imported)
        assert rank is None or rank >= own, f"{module} imports {imported}, which lies above it"
        others = {p for p in LAYERS[own] - {_package(module)} if (module, p) not in BESIDE}
        neighbours = {p for p in others if imported == p or imported.startswith(p + ".")}
        assert not neighbours or own >= RANK["lib.errors"], f"{module} imports its neighbour {imported}"


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_streamlit_stays_at_the_edge(module: str, path: Path) -> None:
    if any(name.split(".")[0] == "streamlit" for name in _imports(path)):
        assert module in {"app", "serve"} or module.startswith(("pages.", "lib.ui"))


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_sql_stays_in_the_store(module: str, path: Path) -> None:
    libraries = {name.split(".")[0] for name in _imports(path)} & {"sqlalchemy", "alembic", "sqlite3", "psycopg"}
    if libraries:
        assert module == "lib" or module.startswith(("lib.store", "lib.cli")), (module, libraries)


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_pure_layers_touch_nothing_outside(module: str, path: Path) -> None:
    if module.startswith(PURE):
        assert not _imports(path) & IMPURE_MODULES
        text = path.read_text(encoding="utf-8")
        assert "datetime.now" not in text and "date.today" not in text and "time.time(" not in text, "reads the clock"


def test_every_package_is_ranked() -> None:
    packages = {f"lib.{p.name}" for p in (ROOT / "lib").iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert packages <= set(RANK), packages - set(RANK)


def test_the_app_imports_neither_lm_eval_nor_torch() -> None:
    for module, path in MODULES:
        heavy = {name.split(".")[0] for name in _imports(path)} & {"lm_eval", "torch", "transformers", "datasets"}
        assert not heavy or module.startswith("lib.evals"), (module, heavy)


def test_one_module_knows_the_engine_of_the_queue() -> None:
    for module, path in MODULES:
        if any(name.split(".")[0] == "dbos" for name in _imports(path)):
            assert module == "lib.evals.queue_dbos", module


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_modules_stay_small_and_honest(module: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= (70 if module.startswith("pages.") else 400), f"{module} has {lines} lines: split it by meaning"
    for node in _nodes(path):
        if isinstance(node, ast.ExceptHandler):
            name = getattr(node.type, "id", None)
            assert node.type is not None and name not in {"Exception", "BaseException"}, f"{module}:{node.lineno}"
        # A migration lists tables as they were at the time; it is read once and never changed.
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and ".migrations." not in module:
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 80, f"{module}:{node.lineno} {node.name} has {length} lines"
    assert "unsafe_allow_html" not in text
