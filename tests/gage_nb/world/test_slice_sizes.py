"""`--from code` runs few of the cells above again: the sizes of the slices of a long notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.gage_nb.world.slice_sizes import slice_sizes
from tests.shells import running_shell

# Each cell with the number of cells that it needs.
CELLS = [
    ("import math, random\nimport pandas as pd", None),
    ("random.seed(1)", 1),
    ("frame = pd.DataFrame({'x': [1, 2, 3], 'group': list('aab')})", 1),
    ("frame.head()", 2),
    ("frame.describe()", 2),
    ("frame['x'].mean()", 2),
    ("def root(value):\n    return math.sqrt(value)", 1),
    ("root(4)", 2),
    ("frame['root'] = frame['x'].map(root)", 3),
    ("frame.groupby('group').sum()", 4),
    ("print(len(frame))", 4),
    ("counts = {}", None),
    ("for name in frame['group']:\n    counts[name] = counts.get(name, 0) + 1", 5),
    ("counts", 6),
    ("class Model:\n    def fit(self, data):\n        self.total = data['x'].sum()", None),
    ("model = Model()", 1),
    ("model.fit(frame)", 6),
    ("model.total", 7),
    ("other = frame.copy()", 4),
    ("other['y'] = 1", 5),
    ("other.shape", 6),
    ("print(math.pi)", 1),
    ("frame.shape", 4),
    ("sorted(counts.items())", 6),
]


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    with running_shell() as shell:
        yield shell


def test_a_slice_has_what_its_cell_needs(shell: InteractiveShell) -> None:
    sizes = list(slice_sizes(shell, [cell for cell, _ in CELLS]))

    expected = {number: count for number, (_, count) in enumerate(CELLS) if count}
    assert {size.cell: size.size for size in sizes} == expected


def test_the_sizes_of_a_notebook_are_printed(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": cell} for cell in ("x = 1", "y = 2", "print(x)")]
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    command = [sys.executable, "-m", "tests.gage_nb.world.slice_sizes", str(path)]

    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert printed == f"{path} cell 2: 1 of 2\n1 slices, median 0.50 of the cells above\n"
