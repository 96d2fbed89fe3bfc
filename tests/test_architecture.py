"""The order of the house: which module may import which, and what must stay light.

The rules are data at the top; the tests read the sources with `ast`, so that a module is held to
them before anything runs it.
"""

from __future__ import annotations

import ast
import graphlib
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The order of the packages is the map in the docstring of `gage/_internal/__init__.py`.
_MAP_LINE = re.compile(r"^    ([\w.]+)  +\S.*$", re.MULTILINE)

# Where a process begins that has to be quick. What they import when they are imported, and so on,
# is light: it may import no more of the standard library than this before a function asks for it.
QUICK_STARTS = ("gage", "gage._internal.running.supervisor", "gage._internal.api.runs")
LIGHT_STANDARD_LIBRARY = {
    "__future__",
    "_collections",  # built in; what `collections` is written around
    "_json",  # what `json` is written around, without `re`
    "_signal",  # built in; `signal` makes enums of it, which takes a millisecond
    "_thread",  # built in; `threading` is written around it
    "collections",
    "errno",
    "os",
    "select",
    "stat",
    "struct",
    "sys",
    "time",
}

# The packages and modules of `gage._internal` that each edge of the house goes through.
DOORS = {
    "gage_nb": {
        *("api", "batch", "compare", "index", "operations", "record", "store"),
        *("metrics", "output", "progress", "resources"),
        *("atomic", "clock", "errors", "guarded", "people", "quoting", "suggestions"),
        *("facade", "text", "text_table", "types"),
    },
    "gage.cli": {
        *("api", "batch", "compare", "index", "operations", "record", "running", "store"),
        *("metrics", "output", "resources"),
        *("clock", "errors", "people", "suggestions", "text", "text_table", "types"),
    },
}

# The extra that brings a package `gage` may import; None is the core. What is not here it may not
# import at all: IPython, ipywidgets and pandas belong to `gage_nb`.
EXTRA_OF = {
    "click": None,
    "cloudpickle": "data",
    "jsonschema": "config",
    "lark": None,
    "jupyter_client": "notebook",
    "nbclient": "notebook",
    "nbformat": "notebook",
    "numpy": "data",
    "optuna": "sweeps",
    "platformdirs": None,
    "pyarrow": "data",
    "rich": "cli",
    "textual_image": "pictures",
    "ruamel": "config",
    "scipy": "statistics",
    "tensorboard": "tensorboard",
}

# What can be read at once: a docstring does not count as part of its function.
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_METHODS = 20

# What `gage.inside` may import since a run's own program has loaded it: to show its objects.
OF_THE_PROGRAM = {
    "IPython",
    "PIL",
    "matplotlib",
    "matplotlib_inline",
    "pandas",
    "plotly",
    "traitlets",
}


@dataclass(frozen=True)
class Import:
    """An import statement: the module it names, and when it is carried out."""

    module: str
    line: int
    at_import: bool
    star: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def sources(*packages: str) -> dict[str, Path]:
    """Return the files of packages by module name."""
    found = {}
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> list[Import]:
    """Return the imports of a file, those for type checkers left out when at import."""
    return list(_walk(ast.parse(path.read_bytes()), path, at_import=True))


def _walk(node: ast.AST, path: Path, *, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, at_import, star=False)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{path}:{child.lineno}: relative import"
            yield from _from_import(child, at_import=at_import)
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _walk(child, path, at_import=False)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            # The branch for type checkers is never carried out, the other is.
            for statement in child.body:
                yield from _walk(ast.Module([statement], []), path, at_import=False)
            for statement in child.orelse:
                yield from _walk(ast.Module([statement], []), path, at_import=at_import)
        else:
            yield from _walk(child, path, at_import=at_import)


def _from_import(node: ast.ImportFrom, *, at_import: bool) -> Iterator[Import]:
    """Yield what `from X import a, b` imports: X, or X.a where that is a module of ours."""
    module = str(node.module)
    for alias in node.names:
        name = f"{module}.{alias.name}"
        base = ROOT.joinpath(*name.split("."))
        is_module = base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()
        yield Import(name if is_module else module, node.lineno, at_import, alias.name == "*")


def rung(module: str) -> str:
    """Return the name on the map of a module: its package, or the module of the ground floor."""
    if module.startswith("gage.inside"):
        return "gage.inside"
    return module.split(".")[2]


GAGE = sources("gage")
BOTH = sources("gage", "gage_nb")
TESTS = sources("tests")
INTERNAL = {
    name: path for name, path in GAGE.items() if name.startswith(("gage._internal.", "gage.inside"))
}
MAP = _MAP_LINE.findall(
    ast.get_docstring(ast.parse(GAGE["gage._internal"].read_bytes()), clean=False) or ""
)


def test_the_map_has_every_room_once() -> None:
    rooms = {rung(name) for name in INTERNAL}

    assert sorted(MAP) == sorted(rooms)


@pytest.mark.parametrize("name", INTERNAL)
def test_imports_point_up_the_map(name: str) -> None:
    order = {room: position for position, room in enumerate(MAP)}
    here = rung(name)

    wrong = [
        f"{INTERNAL[name]}:{found.line}: {here} imports {found.module}"
        for found in imports(INTERNAL[name])
        if found.top in {"gage", "gage_nb"}
        and (found.module not in INTERNAL or order[rung(found.module)] > order[here])
    ]

    assert not wrong


@pytest.mark.parametrize("edge", DOORS)
def test_an_edge_goes_through_its_doors_only(edge: str) -> None:
    used = {
        (rung(found.module), f"{path}:{found.line}")
        for name, path in BOTH.items()
        if name == edge or name.startswith(f"{edge}.")
        for found in _all_imports(path)
        if found.module.startswith("gage._internal.")
    }

    assert sorted(where for room, where in used if room not in DOORS[edge]) == []
    assert {room for room, _ in used} == DOORS[edge], "a door that nobody uses is closed"


def _all_imports(path: Path) -> Iterator[Import]:
    """Yield the imports of a file, those for type checkers too."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, at_import=False, star=False)
        elif isinstance(node, ast.ImportFrom):
            yield from _from_import(node, at_import=False)


@pytest.mark.parametrize("name", BOTH)
def test_a_module_its_functions_and_classes_can_be_read_at_once(name: str) -> None:
    assert not too_long_to_read(BOTH[name], MOST_METHODS)


def test_tests_can_be_read_at_once() -> None:
    found = {name: too_long_to_read(path) for name, path in TESTS.items()}

    assert not {name: faults for name, faults in found.items() if faults}


def too_long_to_read(path: Path, most_methods: int | None = None) -> list[str]:
    """Return what is too long in a file; a class of tests may have any number of them."""
    text = path.read_text(encoding="utf-8")
    too_long = [] if text.count("\n") <= MOST_LINES else [f"{text.count(chr(10))} lines"]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            lines -= docstring.count("\n") + 1 if docstring else 0
            if lines > MOST_LINES_OF_A_FUNCTION:
                too_long.append(f"{node.name}: {lines} lines")
        elif isinstance(node, ast.ClassDef) and most_methods is not None:
            methods = sum(
                isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body
            )
            if methods > most_methods:
                too_long.append(f"{node.name}: {methods} methods")
    return too_long


def test_nothing_imports_in_a_circle() -> None:
    graph = {
        name: {found.module for found in imports(path) if found.module in BOTH} - {name}
        for name, path in BOTH.items()
    }

    order = tuple(graphlib.TopologicalSorter(graph).static_order())

    assert set(order) == set(BOTH)


@pytest.mark.parametrize("name", BOTH)
def test_imports_are_explicit(name: str) -> None:
    stars = [found.line for found in imports(BOTH[name]) if found.star]

    assert not stars


@pytest.mark.parametrize("name", GAGE)
def test_gage_imports_no_package_but_those_of_its_extras(name: str) -> None:
    ours_or_standard = {"gage", *sys.stdlib_module_names}

    wrong = [
        f"{GAGE[name]}:{found.line}: {found.module}"
        for found in imports(GAGE[name])
        if found.top not in ours_or_standard
        and found.top not in EXTRA_OF
        and not (name.startswith("gage.inside.") and found.top in OF_THE_PROGRAM)
    ]

    assert not wrong


@pytest.mark.parametrize("name", GAGE)
def test_gage_imports_packages_of_extras_when_they_are_needed(name: str) -> None:
    wrong = [
        f"{GAGE[name]}:{found.line}: {found.module}"
        for found in imports(GAGE[name])
        if found.at_import and EXTRA_OF.get(found.top) is not None
    ]

    assert not wrong, "import it in the function that needs it"


def test_extras_bring_what_gage_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    brought = {None: project["dependencies"], **project["optional-dependencies"]}

    missing = [
        (package, extra)
        for package, extra in EXTRA_OF.items()
        if not any(
            requirement.startswith(package.replace("_", "-")) for requirement in brought[extra]
        )
    ]

    assert not missing


@pytest.mark.parametrize("start", QUICK_STARTS)
def test_quick_start_imports_light_modules_only(start: str) -> None:
    assert start in GAGE
    seen: set[str] = set()
    todo = [start]
    wrong = []

    while todo:
        name = todo.pop()
        seen.add(name)
        for found in imports(GAGE[name]):
            if not found.at_import:
                continue
            if found.top == "gage":
                todo += {found.module} & GAGE.keys() - seen
            elif found.top not in LIGHT_STANDARD_LIBRARY:
                wrong.append(f"{GAGE[name]}:{found.line}: {found.module}")

    assert not wrong, "import it in the function that needs it"


def test_import_of_gage_loads_a_handful_of_modules() -> None:
    program = "import sys; before = {*sys.modules}; import gage; print(*({*sys.modules} - before))"

    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert "gage" in loaded
    assert len(loaded) <= 8, sorted(loaded)


@pytest.mark.parametrize("package", ["gage", "gage_nb", "gage._internal.run_util"])
def test_every_exported_name_is_there(package: str) -> None:
    module = importlib.import_module(package)

    missing = [name for name in module.__all__ if not hasattr(module, name)]

    assert not missing
    assert len({*module.__all__}) == len(module.__all__)
    assert {*module.__all__} <= {*dir(module)}


def test_run_util_defines_nothing() -> None:
    path = INTERNAL["gage._internal.run_util"]
    body = ast.parse(path.read_bytes()).body

    assert isinstance(body[0], ast.Expr), "it begins with its docstring"
    for statement in body[1:]:
        is_list = (
            isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"
        )
        assert is_list or isinstance(statement, ast.ImportFrom), f"{path}:{statement.lineno}"
