"""The shape of the code: sizes, names, who imports and who reads what. `lint-imports` holds the layers."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin import errors

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tocsin"
FOLDERS = [ROOT / name for name in ("src", "tests", "benchmarks", "examples", "docs", "tools")]

MAX_FUNCTION_LINES = 60
MAX_MODULE_LINES = 400
MAX_MODULES_IN_FOLDER = 32
FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "misc", "manager", "base", "core"}

ALLOWED_LARGER: dict[str, int] = {}
"""Exceptions, "path" or "path:function" to lines. It only shrinks: an entry no longer needed fails."""

LIGHT_DEPENDENCIES = {"pydantic", "pydantic_core", "idna", "psutil", "annotated_types", "typing_extensions"}
"""The base install: any row may import these. Every other package has an owner in pyproject.toml."""


def modules(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py") if "node_modules" not in path.parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported_packages(path: Path) -> set[str]:
    """Top-level packages that `path` imports, lazily or not; relative imports are none."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def pure_modules() -> list[Path]:
    """Files of the modules and packages that the contract "pure" names."""
    names = next(contract["source_modules"] for contract in contracts() if contract["id"] == "pure")
    paths = [ROOT / "src" / name.replace(".", "/") for name in names]
    return [module for path in paths for module in (modules(path) or [path.with_suffix(".py")])]


def sizes() -> dict[str, tuple[int, int]]:
    """Each module and function: its lines, and how many it may have."""
    found = {}
    for path in modules(*FOLDERS):
        if path.parent.name == "versions":  # a released migration is never edited again
            continue
        found[name_of(path)] = (len(path.read_text(encoding="utf-8").splitlines()), MAX_MODULE_LINES)
        for function in functions_of(path):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            found[f"{name_of(path)}:{function.name}"] = (lines, MAX_FUNCTION_LINES)
    return found


def test_functions_and_modules_stay_small() -> None:
    too_large = {name: lines for name, (lines, limit) in sizes().items() if lines > ALLOWED_LARGER.get(name, limit)}
    assert too_large == {}


def test_the_list_of_exceptions_only_shrinks() -> None:
    measured = sizes()
    needless = [name for name in ALLOWED_LARGER if name not in measured or measured[name][0] <= measured[name][1]]
    assert needless == []


def test_folders_stay_small_enough_to_read_at_a_glance() -> None:
    folders = {path.parent for path in modules(PACKAGE)}
    counts = {
        name_of(folder): sum(module.name != "__init__.py" for module in folder.glob("*.py"))
        for folder in folders
        if folder.name != "versions"
    }
    assert {folder: count for folder, count in counts.items() if count > MAX_MODULES_IN_FOLDER} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    paths = modules(*FOLDERS)
    words = {part for path in paths for part in path.relative_to(ROOT).with_suffix("").parts}
    assert words & FORBIDDEN_NAMES == set()


def test_every_module_says_what_lives_there() -> None:
    silent = [name_of(path) for path in modules(PACKAGE) if not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_every_file_of_tests_is_a_test_a_conftest_or_support() -> None:
    strays = [
        name_of(path)
        for path in modules(ROOT / "tests")
        if not (path.name.startswith("test_") or path.name in ("conftest.py", "__init__.py") or "support" in path.parts)
    ]
    assert strays == []


def test_test_names_are_sentences() -> None:
    short = [
        f"{name_of(path)}:{function.name}"
        for path in modules(ROOT / "tests")
        for function in functions_of(path)
        if function.name.startswith("test_") and function.name.count("_") < 3
    ]
    assert short == []


def test_the_model_needs_only_the_base_install() -> None:
    allowed = sys.stdlib_module_names | {"tocsin", "pydantic", "annotated_types", "idna"}
    heavy = {
        name_of(path): foreign for path in modules(PACKAGE / "model") if (foreign := imported_packages(path) - allowed)
    }
    assert heavy == {}


def test_every_heavy_dependency_has_an_owner() -> None:
    owned = {name for contract in contracts() for name in contract.get("protected_modules", [])}
    known = sys.stdlib_module_names | LIGHT_DEPENDENCIES | owned | {"tocsin"}
    strangers = {name_of(path): foreign for path in modules(PACKAGE) if (foreign := imported_packages(path) - known)}
    assert strangers == {}, "give it an owner: a `protected` contract in pyproject.toml"


def reads_the_clock(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in ("utcnow", "monotonic", "perf_counter")
    if not isinstance(node.func, ast.Attribute):
        return False
    of_time = isinstance(node.func.value, ast.Name) and node.func.value.id == "time"
    return of_time or node.func.attr in ("now", "utcnow", "today")


def test_pure_modules_are_told_what_time_it_is() -> None:
    readers = {name_of(path) for path in pure_modules() for node in ast.walk(tree_of(path)) if reads_the_clock(node)}
    assert readers <= {"src/tocsin/model/times.py"}


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        name_of(path)
        for path in modules(PACKAGE)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {a.name for a in node.names}
        )
    }
    assert readers <= {"src/tocsin/settings.py"}


def error_classes() -> list[type[errors.TocsinError]]:
    found = [errors.TocsinError]
    for error in found:
        found.extend(error.__subclasses__())
    return list(dict.fromkeys(found))


def test_every_error_has_a_docstring_and_a_code_of_its_own() -> None:
    classes = error_classes()
    assert [error.__name__ for error in classes if not error.__dict__.get("__doc__")] == []
    assert [error.__name__ for error in classes if "code" not in error.__dict__] == []
    codes = [error.code for error in classes]
    assert sorted(codes) == sorted(set(codes))


def test_every_error_stands_in_the_tree_at_the_top_of_its_file() -> None:
    tree = errors.__doc__ or ""
    missing = [error.__name__ for error in error_classes() if error.__name__ not in tree.split()]
    assert missing == []


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import tocsin",
            "pydantic sqlalchemy alembic fastapi starlette click rich pycurl aiodns psycopg asyncio",
        ),
        (
            "from tocsin import MonitorStatus, CheckResult",
            "sqlalchemy alembic fastapi starlette click rich pycurl",
        ),
        ("from tocsin import Database", "fastapi starlette click rich pycurl playwright nats"),
    ],
)
def test_an_import_loads_no_more_than_it_needs(statement: str, absent: str) -> None:
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) & set(absent.split()) == set()
