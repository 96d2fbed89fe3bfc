"""A cell with IPython's syntax: `python -m gage.inside.ipython_cell [OPTION]… CELL.ipy`.

This is `gage.inside.cell`, with the same options, under an IPython shell in the run's own process,
so that `%magic`, `!command`, `name?` and `await` work as in a notebook. Results of the shell are
recorded like those of a plain cell. The shell has its own directory, which is removed at the end:
it reads no profile and keeps no history.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Any

from gage.inside import cell as plain

__all__ = ["main"]


def main(words: list[str]) -> None:
    """Run the cell that the words of a command line name; raise SystemExit if it fails."""
    cell = plain.parse(words)
    namespace = plain.become_main(cell)
    directory = tempfile.mkdtemp(prefix="gage-ipython-")
    try:
        from gage.inside.ipython_shell import make_shell

        shell = make_shell(namespace, directory)
        _add_inline_settings(shell)
        with shell.builtin_trap:
            plain.prepare(cell, namespace)
        _run(shell, namespace["__file__"])
        plain.conclude(cell, namespace)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(shell: Any, path: str) -> None:
    try:
        with open(path, encoding="utf-8") as file:
            source = file.read()
    except OSError as error:
        sys.exit(f"gage: cannot read the cell's program: {error}")
    shell.compile.program_path = path
    result = shell.run_cell(_cell_of(source), store_history=True)
    failure = result.error_before_exec or result.error_in_exec
    if failure is None:
        if "matplotlib.pyplot" in sys.modules:
            from gage.inside.figures import show_open_figures

            show_open_figures()
        return
    sys.stdout.flush()
    if isinstance(failure, SystemExit):
        raise failure
    if isinstance(failure, KeyboardInterrupt):
        sys.excepthook = lambda *_: None  # it has been shown; Python ends by the signal itself
        raise failure
    sys.exit(1)


def _cell_of(source: str) -> str:
    """Return the text to run, in which a cell magic must be the first line."""
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("# %%gage_run"):
            rest = lines[number + 1 :]
            first = next((text for text in rest if text.strip()), "")
            return "\n".join(rest) if first.startswith("%%") else source
    return source


def _add_inline_settings(shell: Any) -> None:
    """Let `%config InlineBackend…` work before `%matplotlib inline`, as in a notebook."""
    try:
        from matplotlib_inline.config import InlineBackend
    except ImportError:
        return
    shell.configurables.append(InlineBackend.instance(parent=shell))


if __name__ == "__main__":
    os.environ.pop("IPYTHONDIR", None)
    main(sys.argv[1:])
