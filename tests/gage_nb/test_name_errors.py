"""Names of cells, and hints for the tracebacks of programs that are really run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gage_nb.name_errors import Binding, explain_name_error, names_assigned_by


def output_of(directory: Path, source: str) -> str:
    path = directory / "cell.py"
    path.write_text(source)
    result = subprocess.run(
        [sys.executable, path.name],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.stdout


def test_all_ways_to_bind_a_name() -> None:
    source = """\
import numpy as np
import os.path
from sys import argv as arguments, path
a = b = 1
(c, [d, *e]) = f()
g: int = 1
h: int
i += 1
for j in k: pass
with l as m: pass
def n():
    global o
    inside = 1
class p:
    inside = 1
lambda inside: inside
q = [inside for inside in r if (s := inside)]
match t:
    case {"k": u, **v}: pass
    case [w, *x]: pass
    case int() as y: pass
z.attribute = 1
aa["key"] = 1
if (bb := 1): cc = 1
dd = 1
del dd
"""

    names = names_assigned_by(source)

    expected = "np os arguments path a b c d e g i j m n o p q s u v w x y bb cc"
    assert set(names) == set(expected.split())
    assert names["np"] == Binding(1, "import", "import numpy as np")
    assert names["n"].kind == "definition"
    assert names["cc"] == Binding(24, "value", "")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("files = !ls\nx = 1", {"files", "x"}),
        ("%%time\nx = 1", {"x"}),
        ("%%writefile a.py\nx = 1", set()),
        ("%%gage_run fit --as r -o df\nx = 1", {"r", "df"}),
        ("%gage_run train.py --as r", {"r"}),
        ("x = = 1", set()),
        ("", set()),
    ],
)
def test_names_of_cells_with_ipython_syntax(source: str, names: set[str]) -> None:
    assert set(names_assigned_by(source)) == names


def test_a_name_error_names_the_cell_that_made_the_name(tmp_path: Path) -> None:
    output = output_of(tmp_path, "print(df.head())\n")
    cells = [(1, "import numpy as np"), (2, "df = 1"), (3, "df = 2\nother = 1"), (4, "print(df)")]

    hint = explain_name_error(output, {"df", "np"}, cells)

    assert hint == (
        "`df` exists in this notebook (made by cell [3]) but not in the run, which is a process "
        "of its own: write what makes it into the cell, or hand it over with `-i df`."
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("np.zeros(3)", "(made by cell [1]: `import numpy as np`)"),
        ("helper()", "write its definition into the cell"),
        ("unknown_origin", "`unknown_origin` exists in this notebook but not in the run"),
        ("display(1)", "from IPython.display import display"),
        ("Out[3]", "made by IPython"),
        ("def f():\n    return np\ntry:\n    1 / 0\nfinally:\n    f()", "import numpy as np"),
    ],
)
def test_hints(tmp_path: Path, body: str, said: str) -> None:
    output = output_of(tmp_path, body)
    cells = [(1, "import numpy as np"), (2, "def helper(): ...")]
    names = {"np", "helper", "unknown_origin", "display", "Out"}

    hint = explain_name_error(output, names, cells)

    assert hint is not None
    assert said in hint
    assert "\n" not in hint


@pytest.mark.parametrize(
    "body",
    ["missing", "1 / 0", "print(\"NameError: name 'df' is not defined\")\n1 / 0"],
    ids=["not in the notebook either", "another error", "printed only"],
)
def test_no_hint(tmp_path: Path, body: str) -> None:
    output = output_of(tmp_path, body)

    assert explain_name_error(output, {"df"}, [(1, "df = 1")]) is None


def test_what_ipython_puts_among_the_builtins_is_explained() -> None:
    output = "Traceback (most recent call last):\nNameError: name 'display' is not defined\n"

    hint = explain_name_error(output, set(), [])

    assert hint is not None
    assert "from IPython.display import display" in hint
