"""Functions and modules that a run's own program calls or is started with.

    from gage.inside import load, save          # variables that go into a run and come back
    python -m gage.inside.cell PROGRAM.py       # a cell as a program
    python -m gage.inside.notebook NOTEBOOK     # a notebook as a program

These names are written into runs: into the command of a notebook's run, and into cells. A recorded
run may be started again years later, so the names stay. Runs recorded before 0.2.0 use the names of
`gage._internal.values` and `gage._internal.notebook_program`, which therefore stay too.

Importing this package loads nothing else: a name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage.inside.metric_log import log
    from gage.inside.progress_report import progress
    from gage.inside.variables import load, save

# Each public name with the module it comes from.
_HOMES = {
    "load": "gage.inside.variables",
    "log": "gage.inside.metric_log",
    "progress": "gage.inside.progress_report",
    "save": "gage.inside.variables",
}

__all__ = ["load", "log", "progress", "save"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from gage._internal.facade import public_name

        return public_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
