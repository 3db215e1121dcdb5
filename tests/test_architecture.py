"""The house as tests: walls, sizes, names, and what a start may load."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "trailsleuth"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE, USUAL_MODULE = 300, 150
LATE_LOADERS = {"api", "cli", "scan"}  # a diagnosis of a few files never loads what large trails need
HEAVY = {"boto3", "botocore", "pandas", "numpy", "typer", "cryptography", "IPython", "sqlglot", "duckdb", "pyspark"}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def loaded_by(code: str) -> set[str]:
    """The top-level modules that are there after the code ran in an interpreter of its own."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {name.partition(".")[0] for name in json.loads(told.stdout.splitlines()[-1])}


def test_the_walls_stand() -> None:
    """The import contracts of pyproject.toml."""
    told = subprocess.run([sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"], capture_output=True, text=True, cwd=ROOT)
    assert told.returncode == 0, told.stdout


def test_every_package_of_the_tree_is_in_the_walls() -> None:
    walls = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for path in PACKAGE.iterdir():
        if (path.is_dir() and (path / "__init__.py").is_file()) or (path.suffix == ".py" and path.stem != "__init__"):
            assert f'"{path.stem}' in walls or f"| {path.stem}" in walls, path.name


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_is_small_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert not text.strip() or ast.get_docstring(tree_of(path)), "a module without a docstring"


def test_most_modules_are_near_the_usual_size() -> None:
    sizes = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES)
    assert sizes[len(sizes) // 2] <= USUAL_MODULE


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_public_names_say_what_comes_out(path: Path) -> None:
    """Functions, and classes of some size; a property or dataclass whose name says it all needs no sentence."""
    silent = []
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            plain = isinstance(node, ast.ClassDef) and all(not isinstance(part, ast.FunctionDef) for part in node.body)
            if not plain:
                silent.append(node.name)
    assert silent == []


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_rooms_are_entered_by_the_front_door(path: Path) -> None:
    """No relative imports, and none of the package's own modules from inside a function; only the top floors may load late, for a fast start."""
    tree = tree_of(path)
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level] == []
    hidden = [
        inner.lineno
        for function in functions(tree)
        for inner in ast.walk(function)
        if (isinstance(inner, ast.ImportFrom) and (inner.module or "").startswith("trailsleuth"))
        or (isinstance(inner, ast.Import) and any(name.name.startswith("trailsleuth") for name in inner.names))
    ]
    assert hidden == [] or path.relative_to(PACKAGE).parts[0] in LATE_LOADERS


def lists_names(path: Path) -> list[str] | None:
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return None


@pytest.mark.parametrize("path", [path for path in MODULES if lists_names(path) is not None], ids=dotted)
def test_all_is_sorted_and_real(path: Path) -> None:
    names = lists_names(path)
    assert names is not None
    assert names == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert len(names) == len(set(names))
    module = importlib.import_module(dotted(path))
    assert [name for name in names if getattr(module, name, None) is None] == []


def test_the_lazy_names_are_the_listed_ones() -> None:
    """What `import trailsleuth` promises, type checkers and the api see alike."""
    for path in (PACKAGE / "__init__.py", PACKAGE / "api" / "__init__.py"):
        checked = next(node for node in tree_of(path).body if isinstance(node, ast.If))
        imported = {name.asname or name.name for node in ast.walk(checked) if isinstance(node, ast.ImportFrom) for name in node.names}
        assert imported == set(lists_names(path) or ()), dotted(path)


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import trailsleuth") & HEAVY == set()


def test_a_diagnosis_loads_neither_pandas_nor_the_sdk() -> None:
    case = ROOT / "fixtures" / "cases" / "founding-first-snapshot" / "evidence"
    code = f"import trailsleuth as ts; assert ts.load({str(case)!r}).diagnose(pipeline='basket').exit_code == 0"
    assert loaded_by(code) & HEAVY == set()


def test_values_are_structs() -> None:
    """A dataclass compiles its methods anew at every start, forty times the cost of a struct: with some hundreds of types that is a third of a run."""
    assert [
        dotted(path) for path in MODULES if any(isinstance(node, ast.ImportFrom) and node.module == "dataclasses" for node in ast.walk(tree_of(path)))
    ] == []


def test_the_core_reads_no_clock_and_opens_no_file() -> None:
    """It gets what it needs as arguments; the catalogue reads its own tables."""
    core = ["errors.py", "model", "iam", "ingest", "correlate", "analyze", "remedy", "prove", "verify", "investigation.py"]
    calls = {"open", "print", "input", "now", "utcnow", "today", "getenv", "read_text", "read_bytes", "write_text", "write_bytes", "urlopen"}
    guilty = []
    for name in core:
        for path in [PACKAGE / name] if name.endswith(".py") else sorted((PACKAGE / name).rglob("*.py")):
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Call):
                    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                    if called in calls:
                        guilty.append(f"{dotted(path)}:{node.lineno} {called}")
    assert guilty == []


def test_no_call_of_aws_is_named_outside_the_catalogue() -> None:
    """Knowledge is a row: no branch asks for a call by its name, save those that sessions, roles and executions begin and end with."""
    hinges = ("AssumeRole", "CreateRole", "DeleteRole", "StartPipelineExecution")
    rooms = ["correlate", "analyze", "remedy", "prove", "report"]
    found = []
    for name in rooms:
        for path in sorted((PACKAGE / name).rglob("*.py")):
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "event_name":
                    named = [part.value for part in node.comparators if isinstance(part, ast.Constant) and isinstance(part.value, str)]
                    found += [f"{dotted(path)}:{node.lineno} {one}" for one in named if not one.startswith(hinges)]
    assert found == []


def test_every_public_name_is_its_function_before_and_after_its_room_is_loaded() -> None:
    code = (
        "import inspect, pkgutil, importlib, trailsleuth as ts\n"
        "def works(name):\n"
        "    try: getattr(ts, name)(no_such_argument=1)\n"
        "    except TypeError as error: return f'{name}() ' in str(error) or 'no_such_argument' in str(error)\n"
        "names = [name for name in ts.__all__ if name not in ('Case', 'Diagnosis')]\n"
        "assert all(map(works, names)) and all(map(works, names))\n"
        "for found in pkgutil.iter_modules(ts.__path__): found.name == '__main__' or importlib.import_module(f'trailsleuth.{found.name}')\n"
        "assert all(map(works, names))\n"
        "import trailsleuth.scan.quick as quick\n"
        "assert quick.GZIP\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
