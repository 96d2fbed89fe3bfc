"""Options of libraries, set now or when the library is loaded; in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run(settings: dict[str, Any], code: str, directory: Path) -> str:
    """Apply settings in a new process, run code there, and return what it printed."""
    source = "from gage.inside.settings import apply, apply_paths\nimport json, sys\n"
    source += f"s = json.loads({json.dumps(settings)!r})\napply_paths(s)\napply(s)\n{code}\n"
    argv = [sys.executable, "-c", source]
    return subprocess.run(argv, capture_output=True, text=True, check=True, cwd=directory).stdout


CYCLE = "cycler('color', ['r'])"
NUMPY_STATE = ["MT19937", "01000000" * 624, 624, 0, 0.0]


@pytest.mark.parametrize(
    ("settings", "code", "expected"),
    [
        (
            {"numpy": {"print": {"precision": 2}}},
            "import numpy; print(numpy.array([1.234]))",
            "[1.23]",
        ),
        (
            {"numpy": {"errors": {"divide": "ignore"}}},
            "import numpy; print(numpy.geterr()['divide'])",
            "ignore",
        ),
        (
            {"numpy.random": NUMPY_STATE},
            "import numpy.random as r; print(r.get_state()[1][0])",
            "1",
        ),
        ({"numpy.random": NUMPY_STATE}, "import numpy; print(numpy.random.get_state()[1][5])", "1"),
        (
            {"random": [3, [*range(1, 625), 624], None]},
            "import random; print(random.getstate()[1][:2])",
            "(1, 2)",
        ),
        (
            {"pandas": {"display.max_rows": 7, "no.such": 1}},
            "import pandas; print(pandas.get_option('display.max_rows'))",
            "7",
        ),
        (
            {"matplotlib": {"figure.figsize": [3, 4], "axes.prop_cycle": CYCLE}},
            "import matplotlib\nfor key in s['matplotlib']: print(matplotlib.rcParams[key])",
            f"[3.0, 4.0]\n{CYCLE}",
        ),
        (
            {"warnings": [["ignore", "old", "builtins:UserWarning", "", 0]]},
            "import warnings; f = warnings.filters[0]; print(f[0], f[2].__name__)",
            "ignore UserWarning",
        ),
    ],
)
def test_what_is_set_is_had_once_the_library_is_loaded(
    tmp_path: Path, settings: dict[str, Any], code: str, expected: str
) -> None:
    assert run(settings, code, tmp_path).strip() == expected


def test_a_library_that_is_never_loaded_is_not_loaded(tmp_path: Path) -> None:
    settings = {"numpy": {"print": {"precision": 2}}, "pandas": {"display.max_rows": 7}}

    found = run(settings, "print('numpy' in sys.modules, 'pandas' in sys.modules)", tmp_path)

    assert found == "False False\n"


def test_modules_in_directories_of_the_notebook_are_found(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "own_of_paths.py").write_text("x = 5\n")

    found = run({"sys.path": ["lib"]}, "import own_of_paths; print(own_of_paths.x)", tmp_path)

    assert found == "5\n"
