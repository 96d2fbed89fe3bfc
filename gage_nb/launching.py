"""Runs started from a notebook: launched as anywhere, shown in the cell's output.

    request → operation → launch → live panel → the run, or the error that says how it failed

What the magics do, as functions: `run`, `run_cell`, `attach`. They work in scripts and in
notebooks without magics too; the view is then what the front end can show.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.getipython import get_ipython

from gage._internal.api import runs as requests
from gage._internal.errors import DependencyError
from gage._internal.operations.targets import configure, resolve_target, with_given_files
from gage._internal.record.run_meta import write_attr
from gage._internal.running.runner import stop_run
from gage._internal.running.waiting_supervisor import WaitingSupervisor
from gage._internal.sources.patterns import quote_pattern
from gage._internal.sources.sourcecode import DEFAULT_PATTERNS
from gage._internal.staging.launch import launch
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import runs_home
from gage._internal.types import GivenFile, OpCmd, OpDef, Operation, OpRef, Run
from gage_nb.cell import DEFAULT_NAME, explain_name_error, lines_before_body, stage_cell
from gage_nb.notebook_recording import NotebookRecorder, executed_cells, executing_cell
from gage_nb.variables import load_output, stage_inputs, variable_names, with_values
from gage_nb.views.display import choose_view
from gage_nb.views.live import LivePanel, watch, watch_in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from gage_nb.cell import CellProgram
    from gage_nb.variables import InputFile

__all__ = [
    "DEFAULT_NAME",
    "Options",
    "StagedCell",
    "attach",
    "mark_shown",
    "recorder",
    "run",
    "run_cell",
    "run_operation",
    "staged_cell",
    "start",
    "was_shown",
]


_QUICK_STAGING_S = 0.1


@dataclass(frozen=True)
class Options:
    """How a run is started and shown; the same words as the options of `%gage_run`.

    `check` raises for a run that fails, in the cell; `view` is `widget`, `html` or `text` where
    it is not to be what the front end can show; `on_made` is called with the run as soon as there
    is one; with `needed`, a completed run that has done the same takes the place of a new one.
    """

    label: str | None = None
    tags: Sequence[str] = field(default=())
    stage: bool = False
    background: bool = False
    quiet: bool = False
    check: bool = True
    with_files: Sequence[str] = field(default=())
    view: str | None = None
    on_made: Callable[[RecordedRun], object] | None = None
    needed: bool = False


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


def run_cell(
    source: str,
    name: str = DEFAULT_NAME,
    config: Mapping[str, Any] | None = None,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    strict: bool = False,
    **options: Any,
) -> RecordedRun:
    """Run source text in a process of its own and show it live: `%%gage_run NAME`.

    The text is staged as `NAME.py`, beside the project's own files.

    Parameters
    ----------
    config
        Values by key, for names that the text assigns at its top level.
    inputs
        Variables of the notebook that the text gets, under their names.
    outputs
        Variables of the text that the notebook gets when the run has completed.
    strict, options
        As `run`.

    Raises
    ------
    ValueError
        If the name cannot be that of a program.
    CellError
        If the text is not a Python program; every line that cannot be run is named.
    DependencyError
        If a variable does not exist or cannot be stored.
    GageError, KeyboardInterrupt
        As `run`.
    """
    chosen = Options(**options)
    shell = get_ipython()
    input_names, output_names = variable_names(inputs), variable_names(outputs)
    _check_variables(shell, chosen, input_names, output_names)
    with staged_cell(source, name, config, input_names, output_names) as cell:
        operation = cell.operation
        if config:
            operation = configure(operation, cell.directory, strict=strict)
        recorded = run_operation(operation, chosen, cell.system_attrs)
    if output_names and shell is not None and recorded.status == "completed":
        shell.push({name: load_output(recorded, name, own=True) for name in output_names})
    return recorded


class StagedCell(NamedTuple):
    """A cell's program and inputs as files, and what runs them."""

    operation: Operation
    directory: str
    system_attrs: dict[str, Any]


@contextlib.contextmanager
def staged_cell(
    source: str,
    name: str,
    config: Mapping[str, Any] | None = None,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Iterator[StagedCell]:
    """Write a cell's program and its inputs into a directory that is there for the time of it."""
    shell = get_ipython()
    project_dir = Path.cwd()
    program = stage_cell(
        source,
        name,
        lines_before=_lines_before(shell, source),
        project_dir=project_dir,
        transformer_manager=None if shell is None else shell.input_transformer_manager,
    )
    with tempfile.TemporaryDirectory(prefix="gage-cell-") as directory:
        files = stage_inputs(inputs, shell.user_ns if shell else {}, Path(directory))
        program = with_values(program, files, outputs)
        Path(directory, program.file_name).write_text(program.source, encoding="utf-8")
        operation = _cell_operation(program, config, project_dir, directory, files)
        yield StagedCell(operation, directory, {"inputs": [asdict(file) for file in files]})


def _check_variables(
    shell: InteractiveShell | None, options: Options, inputs: list[str], outputs: list[str]
) -> None:
    if (inputs or outputs) and shell is None:
        raise DependencyError("variables go in and out of a notebook's kernel: there is none")
    if outputs and (options.background or options.stage):
        how = "--bg" if options.background else "--stage"
        raise DependencyError(
            f"-o {outputs[0]} needs the end of the run, which {how} does not wait for: "
            "leave one of them out"
        )


def attach(run: Run | str | int | None = None, *, view: str | None = None) -> RecordedRun:
    """Show a run live, with everything since its start, until it has ended.

    An interrupt ends the showing, not the run.
    """
    recorded = RecordedRun.of(run) if isinstance(run, Run) else requests.find(run)
    watch(_panel(recorded, view))
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
    _follow(recorded, chosen, [] if chosen.quiet else [_panel(recorded, chosen.view, stop)])
    mark_shown(recorded.id)
    return recorded


def run_operation(
    operation: Operation, options: Options, system_attrs: Mapping[str, Any] | None = None
) -> RecordedRun:
    """Launch an operation with a panel; the story that `run` and `run_cell` share."""
    shell = get_ipython()
    choose_view(options.view)  # a wrong one makes no run
    operation = with_given_files(operation, options.with_files)
    observer = _Observer(options, system_attrs or {})
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
                supervisor=None if options.stage else _spare.take(),
            )
        )
    except BaseException:
        observer.finish()
        raise
    finally:
        _spare.provide()
    if options.stage:
        observer.finish()
    else:
        _follow(recorded, options, observer.panels)
    return recorded


class _Spare:
    """A supervisor that waits for the next run of this kernel, so that it begins at once.

    There is none before the kernel's first run; it ends with the kernel.
    """

    def __init__(self) -> None:
        self._waiting: WaitingSupervisor | None = None
        self._pid = 0
        self._lock = threading.Lock()

    def take(self) -> WaitingSupervisor | None:
        """Return it, if there is one."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
            # In a fork of the kernel it is the kernel's.
            return waiting if self._pid == os.getpid() else None

    def provide(self) -> None:
        """See that there is one soon; nobody waits for it."""
        threading.Thread(target=self._start, name="gage-spare", daemon=True).start()

    def _start(self) -> None:
        with self._lock:
            if self._waiting is None or self._pid != os.getpid():
                # Where it fails, the next run starts its own, and says what is wrong.
                with contextlib.suppress(OSError):
                    self._waiting, self._pid = WaitingSupervisor(), os.getpid()


_spare = _Spare()


class _Observer:
    """Shows a run while it is launched: when staging takes its time, else once it has started.

    What makes a panel takes as long as staging a small run: it is done while the command starts.
    """

    def __init__(self, options: Options, system_attrs: Mapping[str, Any]) -> None:
        self.panels: list[LivePanel] = []
        self._options = options
        self._system_attrs = system_attrs
        self._shown_from_s = 0.0

    def __call__(self, event: str, run: Run) -> None:
        if event == "made":
            self._made(run)
            return
        if event == "found":
            self._found(RecordedRun.of(run))
            return
        if self._options.needed and event != "started":
            return  # it may be that there is nothing to show
        for panel in self.panels:
            if event == "started" or time.monotonic() >= self._shown_from_s:
                panel.show()
            panel.phase(event)

    def finish(self) -> None:
        """Show how it ended, of a run that does not go on."""
        for panel in self.panels:
            panel.show()
            panel.finish()

    def _found(self, run: RecordedRun) -> None:
        """Show the run that takes the place of the one that was made."""
        self.panels.clear()
        if self._options.on_made is not None:
            self._options.on_made(run)
        if not self._options.quiet:
            print(f"Not needed: {run.name} has done the same")  # noqa: T201  # it is for the cell
            _shown.clear()
            display_run(run)
            mark_shown(run.id)

    def _made(self, run: Run) -> None:
        for name, value in self._system_attrs.items():
            if value:
                write_attr(run, "sys", name, value)
        options = self._options
        if options.on_made is not None:
            options.on_made(RecordedRun.of(run))
        if not options.quiet:
            stop = (lambda: stop_run(run, by="notebook")) if options.background else None
            self.panels.append(_panel(run, options.view, stop))
            self._shown_from_s = time.monotonic() + _QUICK_STAGING_S
            mark_shown(run.id)


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


def _cell_operation(
    program: CellProgram,
    config: Mapping[str, Any] | None,
    project_dir: Path,
    directory: str,
    inputs: Sequence[InputFile],
) -> Operation:
    command = ["python", program.file_name]
    data: dict[str, Any] = {
        "exec": {"run": command},
        "sourcecode": list(DEFAULT_PATTERNS),
        "config": [{"keys": [f"{quote_pattern(program.file_name)}#*"]}],
    }
    return Operation(
        OpRef("cell", program.name),
        OpDef(program.name, data),
        OpCmd(command, {}),
        dict(config or {}),
        str(project_dir),
        (
            GivenFile("s", directory, program.file_name),
            *(GivenFile("d", directory, file.path) for file in inputs),
        ),
        (*program.notes, *(file.note for file in inputs if file.note)),
    )


def _hint(run: RecordedRun) -> str:
    """Return a line on a NameError of the run where the notebook has the name, else nothing."""
    shell = get_ipython()
    if shell is None or run.status != "error":
        return ""
    hint = explain_name_error(run.last_lines(), shell.user_ns.keys(), executed_cells(shell))
    return hint or ""


def _lines_before(shell: InteractiveShell | None, source: str) -> int:
    cell = None if shell is None else executing_cell(shell).source
    return 1 if cell is None else lines_before_body(cell, source)


def _panel(
    run: Run,
    view: str | None,
    stop: Callable[[], object] | None = None,
) -> LivePanel:
    return LivePanel(run, view=view, stop=stop)


# One recorder a shell: it remembers the server that knows the notebook.
_recorders: dict[InteractiveShell, NotebookRecorder] = {}


def recorder(shell: InteractiveShell) -> NotebookRecorder:
    """Return what records the notebook of a shell."""
    return _recorders.setdefault(shell, NotebookRecorder(shell))


# Which run the cell that is executed now has shown already, and that cell's process and number.
_shown: dict[str, tuple[int, object]] = {}


def mark_shown(shown_id: str) -> None:
    """Remember that the cell that is executed now shows a run, or a batch."""
    _shown.clear()
    _shown[shown_id] = _execution()


def was_shown(shown_id: str) -> bool:
    """Return whether the cell that is executed now has shown a run, or a batch, already."""
    return _shown.get(shown_id) == _execution()


def display_run(run: RecordedRun) -> None:
    """Display a run as its static panel; nothing where the same cell has shown it live.

    What IPython calls for a run that is the value of a cell.
    """
    from IPython.display import display

    from gage_nb.views.panel import static_bundle
    from gage_nb.views.run_state import read_state

    if not was_shown(run.id):
        display(static_bundle(read_state(run)), raw=True)


def _execution() -> tuple[int, object]:
    shell = get_ipython()
    return os.getpid(), None if shell is None else shell.execution_count
