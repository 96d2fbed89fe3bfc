"""The run or batch that the cell being executed has already shown.

A run that a cell has shown live is usually also the cell's value, and is not displayed twice.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["display_run", "fill_prompt", "forget_shown", "mark_shown", "was_shown"]


# The run that the cell being executed has shown, and the cell's process and number.
_shown: dict[str, tuple[int, object]] = {}


def mark_shown(shown_id: str) -> None:
    """Remember that the cell being executed shows a run or a batch."""
    _shown.clear()
    _shown[shown_id] = _execution()


def forget_shown() -> None:
    """Let the cell being executed display its run again."""
    _shown.clear()


def was_shown(shown_id: str) -> bool:
    """Return whether the cell being executed has already shown a run or a batch."""
    return _shown.get(shown_id) == _execution()


def display_run(run: RecordedRun) -> None:
    """Display a run: its panel, what it showed and made; nothing where the cell showed it live.

    IPython calls this for a run that is the value of a cell.
    """
    from IPython.display import display

    from gage._internal.store.made_files import made_files
    from gage_nb.views.glances import glances_html
    from gage_nb.views.results import send_results
    from gage_nb.views.run_panel import static_bundle
    from gage_nb.views.run_state import read_state

    if was_shown(run.id):
        fill_prompt(run)
    else:
        display(static_bundle(read_state(run)), raw=True)
        send_results(run)
        glances = glances_html(run)
        if glances:
            names = ", ".join(file.path for file in made_files(run) if file.kind)
            display({"text/html": glances, "text/plain": f"made: {names}"}, raw=True)


def fill_prompt(value: object) -> None:
    """Print a value after the prompt `Out[2]:` of a terminal; a notebook has no prompt yet."""
    if getattr(get_ipython(), "kernel", None) is None:
        print(repr(value))  # noqa: T201  # it is what the prompt is for


def _execution() -> tuple[int, object]:
    shell = get_ipython()
    return os.getpid(), None if shell is None else shell.execution_count
