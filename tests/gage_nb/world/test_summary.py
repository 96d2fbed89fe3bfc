"""What is said of what a cell gets from its notebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gage_nb.running_cells import run_cell
from tests.shells import running_shell


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    with running_shell() as shell:
        yield shell


def test_a_remark_stands_alone_if_nothing_is_carried(shell: InteractiveShell) -> None:
    run = run_cell("print(1)", quiet=True, alone=True, seed=7)

    assert run.attrs["carried"]["summary"] == "random numbers from seed 7"


def test_a_remark_follows_what_is_carried(shell: InteractiveShell) -> None:
    shell.run_cell("x = 1", store_history=True).raise_error()

    run = run_cell("print(x)", quiet=True, seed=7)

    assert run.attrs["carried"]["summary"] == "x (cell 1); random numbers from seed 7"
