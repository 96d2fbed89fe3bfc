"""Runs started from a notebook: launched as anywhere, shown in the cell's output.

    request → operation → launch → live panel → the run, or the error that says how it failed

What `%gage_run` does, as functions: `run`, `start`, `attach`. They work in scripts and in
notebooks without magics too; the view is then what the front end can show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from gage._internal.api import runs as requests
from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.running.runner import stop_run
from gage._internal.staging.launch import launch
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import runs_home
from gage._internal.types import Operation, Run
from gage_nb.name_errors import explain_name_error
from gage_nb.notebook_recording import NotebookRecorder, executed_cells
from gage_nb.observer import Observer, Options
from gage_nb.shown import mark_shown
from gage_nb.spare import spare
from gage_nb.views.choosing import choose_view
from gage_nb.views.live import LivePanel, watch, watch_in_background

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["attach", "recorder", "run", "run_operation", "start"]


def run(
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    args: Sequence[str] = (),
    directory: str | None = None,
    strict: bool = False,
    **options: Any,
) -> RecordedRun:
    """Run a target and show it live: `%gage_run TARGET k=v`.

    Parameters are those of `gage.run`; `options` are the fields of `Options`.

    Raises
    ------
    GageError
        As `gage.run`; and `RunFailed` if the run does not complete, unless `check` is False.
    KeyboardInterrupt
        When the kernel was interrupted; the run was stopped then.
    """
    operation = resolve_target(target, config, args, directory, strict=strict)
    return run_operation(operation, Options(**options))


def attach(run: Run | str | int | None = None, *, view: str | None = None) -> RecordedRun:
    """Show a run live, with everything since its start, until it has ended.

    An interrupt ends the showing, not the run.
    """
    recorded = RecordedRun.of(run) if isinstance(run, Run) else requests.find(run)
    watch(LivePanel(recorded, view=view))
    mark_shown(recorded.id)
    return recorded


def start(run: Run | str | int | None = None, **options: Any) -> RecordedRun:
    """Start a staged run and show it live; `options` are the fields of `Options`.

    Raises
    ------
    RunStateError
        If the run is not staged, or was started before.
    RunFailed, KeyboardInterrupt
        As `run`.
    """
    chosen = Options(**options)
    choose_view(chosen.view)  # a wrong one starts nothing
    recorded = RecordedRun.of(run) if isinstance(run, Run) else requests.find(run)
    recorded.start()
    stop = (lambda: stop_run(recorded, by="notebook")) if chosen.background else None
    _follow(
        recorded, chosen, [] if chosen.quiet else [LivePanel(recorded, view=chosen.view, stop=stop)]
    )
    mark_shown(recorded.id)
    return recorded


def run_operation(
    operation: Operation, options: Options, system_attrs: Mapping[str, Any] | None = None
) -> RecordedRun:
    """Launch an operation with a panel; the story that `run` and `run_cell` share."""
    shell = get_ipython()
    choose_view(options.view)  # a wrong one makes no run
    operation = with_given_files(operation, options.with_files)
    observer = Observer(options, system_attrs or {})
    try:
        recorded = RecordedRun.of(
            launch(
                operation,
                runs_home(operation.project_dir),
                attrs=requests.user_attrs(options.label, options.tags),
                recordings=[] if shell is None else [recorder(shell).start()],
                on_event=observer,
                stage_only=options.stage,
                background=True,
                needed=options.needed,
                supervisor=None if options.stage else spare.take(),
            )
        )
    except BaseException:
        observer.finish()
        raise
    finally:
        spare.provide()
    if options.stage:
        observer.finish()
    else:
        _follow(recorded, options, observer.panels)
    return recorded


def _follow(run: RecordedRun, options: Options, panels: list[LivePanel]) -> None:
    if options.background:
        for panel in panels:
            watch_in_background(panel)
        return
    if panels:
        watch(panels[0], stop=lambda: stop_run(run, by="interrupt"))
    else:
        _wait(run)
    if options.check:
        run.check(hint=_hint(run))


def _wait(run: RecordedRun) -> None:
    try:
        run.wait()
    except KeyboardInterrupt:
        stop_run(run, by="interrupt")
        raise


def _hint(run: RecordedRun) -> str:
    """Return a line on a NameError of the run where the notebook has the name, else nothing."""
    shell = get_ipython()
    if shell is None or run.status != "error":
        return ""
    hint = explain_name_error(run.last_lines(), shell.user_ns.keys(), executed_cells(shell))
    return hint or ""


# One recorder a shell: it remembers the server that knows the notebook.
_recorders: dict[InteractiveShell, NotebookRecorder] = {}


def recorder(shell: InteractiveShell) -> NotebookRecorder:
    """Return what records the notebook of a shell."""
    return _recorders.setdefault(shell, NotebookRecorder(shell))
