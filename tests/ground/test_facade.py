"""Public names that are loaded when they are first used."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import gage
from gage._internal.facade import public_name

# The packages with such names, and what each defines itself.
_PACKAGES = {
    "gage": {"__version__"},
    "gage.inside": set(),
    "gage_nb": {"load_ipython_extension", "unload_ipython_extension"},
}


@pytest.fixture(params=_PACKAGES)
def package(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def test_type_checkers_see_the_names_that_are_loaded(package: ModuleType) -> None:
    tree = ast.parse(Path(str(package.__file__)).read_bytes())
    (checked,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {
        alias.name: statement.module
        for statement in checked.body
        if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith("gage")
        for alias in statement.names
    }

    assert seen == package._HOMES


def test_public_names_are_those_that_are_loaded_or_defined(package: ModuleType) -> None:
    defined = _PACKAGES[package.__name__]

    assert {*package.__all__} == package._HOMES.keys() | defined
    assert dir(package) == sorted(package.__all__)
    assert package.__all__ == dir(package)


def test_a_name_is_the_one_of_its_module_and_is_loaded_once(package: ModuleType) -> None:
    for name, home in package._HOMES.items():
        found = getattr(package, name)

        assert found is getattr(importlib.import_module(home), name)
        assert vars(package)[name] is found


def test_a_name_that_a_package_does_not_offer_is_an_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"^module '{package.__name__}' has no .*'lgo'$"):
        package.lgo  # noqa: B018  # reading it is what fails
    assert not hasattr(package, "lgo")
    with pytest.raises(ImportError, match="lgo"):
        exec(f"from {package.__name__} import lgo")  # an import that fails


def test_importing_a_package_loads_no_name() -> None:
    program = "import gage.inside, sys; print([n for n in sys.modules if n.startswith('gage')])"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert loaded.strip() == "['gage', 'gage.inside']"


def test_a_name_is_remembered_in_the_package() -> None:
    names: dict[str, object] = {"__name__": "package"}

    found = public_name(names, {"log": "gage.inside.metric_log"}, "log")

    assert names["log"] is found is gage.log
