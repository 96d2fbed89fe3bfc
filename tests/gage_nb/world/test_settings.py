"""What a notebook has set is set in the run of a cell: options, colour maps, random numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from IPython.core.interactiveshell import InteractiveShell

from gage_nb.running_cells import run_cell
from tests.gage_nb.world.shells import execute, printed


def test_settings_reach_a_cell_that_imports_for_itself(shell: InteractiveShell) -> None:
    execute(shell, "import numpy\nnumpy.set_printoptions(precision=2)")

    run = run_cell("import numpy as n\nprint(n.array([1.2345]))", "target", quiet=True)

    assert printed(run) == "[1.23]\n"


@pytest.mark.parametrize("carry_from", ["values", "code"])
def test_random_numbers_are_those_that_the_notebook_drew(
    shell: InteractiveShell, carry_from: str
) -> None:
    execute(shell, "import random\nimport numpy as np", "random.random()")
    drawn = execute(shell, "x = np.random.rand(2), random.random()\nprint(x)")
    execute(shell, "y = np.random.rand()")

    run = run_cell("print(x)", "target", quiet=True, carry_from=carry_from)
    then = run_cell(
        "print(np.random.rand(), random.random())", "target", quiet=True, carry_from=carry_from
    )

    assert printed(run) == drawn
    assert printed(then) == execute(shell, "print(np.random.rand(), random.random())")


def test_options_that_are_no_plain_values_are_carried(shell: InteractiveShell) -> None:
    execute(
        shell,
        "import matplotlib\n"
        "matplotlib.rcParams.update({'lines.solid_capstyle': 'round', 'image.cmap': 'gray',\n"
        "    'axes.prop_cycle': matplotlib.cycler(color=['r', 'g']), 'legend.framealpha': None})",
    )
    cell = (
        "p = matplotlib.rcParams\n"
        "print(p['lines.solid_capstyle'], p['image.cmap'], p['axes.prop_cycle'])"
    )

    expected = execute(shell, cell)
    run = run_cell(cell, "target", quiet=True)
    execute(shell, "matplotlib.rcdefaults()")

    assert printed(run) == expected


@pytest.mark.parametrize("carry_from", ["values", "code"])
def test_objects_look_as_a_library_makes_them_look(
    shell: InteractiveShell, project: Path, carry_from: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(project))
    monkeypatch.delitem(sys.modules, "shapes", raising=False)
    (project / "shapes.py").write_text(
        "from IPython import get_ipython\n"
        "class Square:\n"
        "    def __init__(self, side):\n        self.side = side\n"
        "def init_shapes():\n"
        "    plain = get_ipython().display_formatter.formatters['text/plain']\n"
        "    plain.for_type(Square, lambda s, p, cycle: p.text(f'a square of {s.side}'))\n"
        "    print('shapes are ready')\n"
    )
    execute(shell, "from shapes import Square, init_shapes\ninit_shapes()", "s = Square(3)")

    run = run_cell("s", "target", quiet=True, carry_from=carry_from)

    assert printed(run) == "a square of 3\n"


def test_the_precision_of_the_notebook_is_that_of_the_run(shell: InteractiveShell) -> None:
    execute(shell, "%precision 3", "x = 1 / 3")

    run = run_cell("x", "target", quiet=True)

    assert printed(run) == "0.333\n"


@pytest.mark.parametrize("options", [{}, {"carry_from": "code"}, {"alone": True}], ids=str)
def test_a_seed_gives_the_numbers_of_the_seed(
    shell: InteractiveShell, options: dict[str, Any]
) -> None:
    execute(shell, "import random\nimport numpy as np\nbefore = random.random(), np.random.rand()")
    cell = "import random\nimport numpy as np\nprint(random.random(), np.random.rand())"

    first, second = (run_cell(cell, "target", quiet=True, seed=7, **options) for _ in range(2))

    expected = execute(shell, "random.seed(7)\nnp.random.seed(7)", cell)
    assert printed(first) == printed(second) == expected
    assert "random numbers from seed 7" in first.attrs["carried"]["summary"]


def test_where_random_numbers_go_on_is_said(shell: InteractiveShell) -> None:
    execute(shell, "import random\nrandom.seed(3)")

    drawing = run_cell("print(random.random())", "target", quiet=True)
    other = run_cell("print(random.__name__)", "target", quiet=True)

    assert "random numbers go on from where the notebook is" in drawing.attrs["carried"]["summary"]
    assert "random numbers" not in run_cell("print(1)", quiet=True).attrs.get("carried", {})
    assert other.status == "completed"


@pytest.mark.parametrize("imported", [True, False], ids=["named", "imported by the cell"])
def test_a_colour_map_that_a_library_made_is_carried(
    shell: InteractiveShell, *, imported: bool
) -> None:
    name = f"gage-test-{imported}"
    execute(
        shell,
        "import matplotlib\nfrom matplotlib.colors import LinearSegmentedColormap\n"
        f"own = LinearSegmentedColormap.from_list({name!r}, ['white', 'darkgreen'])\n"
        f"matplotlib.colormaps.register(own)\nmatplotlib.rcParams['image.cmap'] = {name!r}",
    )
    first = "" if imported else "import matplotlib\n"
    cell = f"{first}print(matplotlib.colormaps[matplotlib.rcParams['image.cmap']]([0, 0.3, 1.0]))"

    expected = execute(shell, cell)
    run = run_cell(cell, "target", quiet=True)
    mpl.rcdefaults()

    assert printed(run) == expected
