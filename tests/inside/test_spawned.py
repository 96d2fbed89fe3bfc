"""Workers that a cell starts by `spawn` or `forkserver`: real pools in real runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gage._internal.store.recorded_run import RecordedRun
from gage_nb.running_cells import run_cell
from tests.shells import running_shell


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    with running_shell() as shell:
        for cell in (
            "import multiprocessing\nrate = 2\ndata = [1, 2]",
            "def scaled(x):\n    return x * rate",
        ):
            shell.run_cell(cell, store_history=True).raise_error()
        yield shell


def pooled(expression: str, *before: str, method: str = "spawn", indent: str = "") -> RecordedRun:
    """Run a cell that evaluates an expression with a pool of one worker."""
    lines = [
        *before,
        f"{indent}with multiprocessing.get_context({method!r}).Pool(1) as pool:",
        f"{indent}    print({expression})",
    ]
    return run_cell("\n".join(lines), "target", quiet=True, check=False)


def printed(run: RecordedRun) -> str:
    return (Path(run.run_dir + ".meta") / "output" / "40_run").read_text()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.usefixtures("shell")
def test_a_worker_has_what_the_cell_was_given(method: str) -> None:
    run = pooled("pool.map(scaled, data)", method=method)

    assert printed(run) == "[2, 4]\n"


@pytest.mark.parametrize(
    ("before", "indent"),
    [
        ("FACTOR = 3\ndef own(x):\n    return scaled(x) * FACTOR", ""),
        (
            "def own(x):\n    return scaled(x) * 3\nif __name__ == '__main__':\n    print(end='')",
            "    ",
        ),
        ("import os\nos.chdir('/')\ndef own(x):\n    return scaled(x) * 3", ""),
    ],
    ids=["at the top level", "as in a script", "in another directory"],
)
@pytest.mark.usefixtures("shell")
def test_a_worker_has_what_the_cell_defines(before: str, indent: str) -> None:
    run = pooled("pool.map(own, data)", before, indent=indent)

    assert printed(run) == "[6, 12]\n"


@pytest.mark.usefixtures("shell")
def test_a_worker_that_needs_nothing_of_the_cell_gets_nothing() -> None:
    cell = "import math\nprint('once')\nx = open('made.txt', 'x')"

    run = pooled("pool.map(math.sqrt, data)", cell)

    assert printed(run) == "once\n[1.0, 1.4142135623730951]\n"


@pytest.mark.parametrize(
    ("expression", "before", "missing"),
    [
        ("pool.map(hidden, data)", "if True:\n    def hidden(x):\n        return x", "`hidden`"),
        ("pool.map(scaled, data)", "rate = len(data)", "'rate'"),
    ],
    ids=["a function", "a value that the cell binds again"],
)
@pytest.mark.usefixtures("shell")
def test_what_a_worker_lacks_is_an_error_and_no_hang(
    expression: str, before: str, missing: str
) -> None:
    run = pooled(expression, before)

    assert run.status == "error"
    last = printed(run).splitlines()[-1]
    assert last.startswith("NameError: ")
    assert missing in last
