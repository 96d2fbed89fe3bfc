"""Executes the quickstart for real, without a browser, and shows the runs it made.

The notebook is copied to build/quickstart and executed there in a kernel of its own; its runs are
recorded beside it, so that nothing of yours is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
WORK = HERE.parent / "build" / "quickstart"


def main() -> None:
    """Execute, list the runs, and say how to open the notebook."""
    shutil.copytree(
        HERE,
        WORK,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("demo.py", ".*", "__pycache__"),
    )
    os.environ["GAGE_RUNS"] = str(WORK / "runs")
    execute(WORK / "quickstart.ipynb")
    print("\nThe runs that it made, by `gage runs`:\n", flush=True)
    subprocess.run([sys.executable, "-m", "gage", "runs"], cwd=WORK, check=True)
    path = WORK.relative_to(HERE.parent).as_posix()
    print("\nTo open the notebook, with its results, in JupyterLab:\n")
    print(f'    export GAGE_RUNS="$PWD/{path}/runs"')
    print(f"    uv run --no-dev --extra all jupyter lab {path}/quickstart.ipynb\n")


def execute(path: Path) -> None:
    """Execute a notebook in place; a cell that fails, unless it is meant to, ends it."""
    notebook = nbformat.read(path, as_version=4)
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    done = iter(range(1, len(code_cells) + 1))

    def show_cell(cell: nbformat.NotebookNode, **_: object) -> None:
        if cell.cell_type == "code":
            first = cell.source.partition("\n")[0]
            print(f"cell {next(done):2}/{len(code_cells)}  {first}", flush=True)

    client = NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_executed=show_cell,
    )
    client.execute()
    nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
