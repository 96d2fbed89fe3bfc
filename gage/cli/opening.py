"""The commands that give a file of a run to another program: a pipe, an editor, a file manager."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING

import click

from gage._internal.api import runs as requests
from gage._internal.errors import OptionError
from gage.cli.group import app, complete_run, run_argument

if TYPE_CHECKING:
    from gage._internal.store.recorded_run import RecordedRun

__all__: list[str] = []

_OPENER = "open" if sys.platform == "darwin" else "xdg-open"


@app.command("cat")
@click.argument("run", shell_complete=complete_run)
@click.argument("path")
def _cat(run: str, path: str) -> None:
    """Write a file of a run to stdout; PATH is relative to the run directory."""
    found = _found(requests.find(run), path)
    if not stat.S_ISREG(os.stat(found).st_mode):
        raise OptionError(f"expected a file, found something else: {found}")
    with open(found, "rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)


@app.command("open")
@run_argument
@click.argument("path", required=False)
@click.option("-e", "--editor", is_flag=True, help="In $VISUAL or $EDITOR.")
def _open(run: str | None, path: str | None, editor: bool) -> int:
    """Open the directory of a run, or one of its files, as the desktop does."""
    recorded = requests.find(run)
    found = recorded.run_dir if path is None else _found(recorded, path)
    words = [_OPENER]
    if editor:
        import shlex

        words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
        if not words:
            raise OptionError("no editor is known: set VISUAL or EDITOR")
    if shutil.which(words[0]) is None:
        raise OptionError(f"there is no program {words[0]!r} here to open it with: {found}")
    import subprocess

    return subprocess.run([*words, found], check=False).returncode


def _found(run: RecordedRun, path: str) -> str:
    """Return the path of a file of a run.

    Raises
    ------
    OptionError
        If the run has no such file.
    """
    found = str(run.path(path))
    if not os.path.exists(found):
        from gage._internal.suggestions import did_you_mean

        near = did_you_mean(path, run.files)
        raise OptionError(
            f"{run.name} has no file {path!r}. {near or f'See gage files {run.name}'}"
        )
    return found
