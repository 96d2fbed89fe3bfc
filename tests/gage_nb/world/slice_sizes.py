"""How much of a notebook `--from code` runs again for one of its cells.

    python -m tests.gage_nb.world.slice_sizes NOTEBOOK.ipynb…

executes each notebook once, in a copy of its directory, and finds the slice of every cell that uses
names of earlier ones. It prints how many cells each slice has of the cells above, and the median.
Nothing is run again.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from gage_nb.world.executions import log_of
from gage_nb.world.magics import translated
from gage_nb.world.slices import slice_of
from gage_nb.world.syntax import facts_of
from tests.shells import running_shell

__all__ = ["SliceSize", "slice_sizes"]


class SliceSize(NamedTuple):
    """The slice of a cell: its size, of how many cells above."""

    cell: int
    size: int
    above: int
    is_whole: bool

    @property
    def share(self) -> float:
        return self.size / self.above


def slice_sizes(shell: InteractiveShell, cells: Iterable[str]) -> Iterator[SliceSize]:
    """Execute the cells of a notebook, and yield the size of each slice."""
    for number, cell in enumerate(cells):
        source = translated(cell)
        names = facts_of(source).reads & shell.user_ns.keys()
        executions = log_of(shell).executions()
        made = {name for execution in executions for name in execution.bound}
        if names & made and not cell.startswith("%%"):
            found = slice_of(names, executions, shell.user_ns, source=source)
            yield SliceSize(number, len(found.executions), len(executions), bool(found.doubts))
        with capture_output():
            shell.run_cell(cell, store_history=True)


def main(paths: list[str]) -> None:
    """Print the sizes for notebooks."""
    shares = []
    for path in map(Path, paths):
        with tempfile.TemporaryDirectory() as place:
            copy = shutil.copytree(path.parent, Path(place) / "copy", symlinks=True)
            command = [sys.executable, "-m", __spec__.name, "--one", str(copy / path.name)]
            lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        sizes = [SliceSize(*json.loads(line)) for line in lines.splitlines()]
        for size in sizes:
            whole = ", all because of a doubt" if size.is_whole else ""
            print(f"{path} cell {size.cell}: {size.size} of {size.above}{whole}")
        shares += [size.share for size in sizes]
    print(f"{len(shares)} slices, median {statistics.median(shares):.2f} of the cells above")


def one(path: str) -> None:
    """Print the sizes for a notebook as JSON, in its directory."""
    read = json.loads(Path(path).read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in read["cells"] if cell["cell_type"] == "code"]
    os.chdir(Path(path).parent)
    sys.path.insert(0, str(Path.cwd()))
    with running_shell() as shell, open(os.dup(1), "w", encoding="utf-8") as output:  # noqa: PTH123
        for size in slice_sizes(shell, filter(str.strip, cells)):
            print(json.dumps(size), file=output, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
    else:
        main(sys.argv[1:])
