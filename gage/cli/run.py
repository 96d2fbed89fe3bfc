"""`gage run`: run a target, show its output as it comes, leave with its exit code.

Exit codes: the run's own; 128 and the signal's number for a run that a signal ended; 2 for a
wrong line; 125 when gage itself could not do it; 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys

from gage._internal.api.runs import user_attrs
from gage._internal.errors import GageError, PhaseError
from gage._internal.operations.run_line import (
    LineError,
    RunLine,
    asks_for_several,
    config_of,
    make_parser,
    parse,
)
from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.output.stream import OutputStream
from gage._internal.record.run_meta import run_meta_path
from gage._internal.running.runner import stop_run
from gage._internal.staging.launch import launch
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import runs_home
from gage._internal.types import PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.running.waiting_supervisor import WaitingSupervisor
    from gage._internal.types import Run, Status

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "USAGE",
    "exit_code_of",
    "follow_run",
    "run_command",
    "write_output",
]

USAGE = 2
FAILED = 125
INTERRUPTED = 130
_SIGNALLED = 128


def run_command(words: Sequence[str], supervisor: WaitingSupervisor | None = None) -> int:
    """Carry out `gage run WORDS…`; return the exit code of the command line.

    `supervisor` is one that waits for the run; it is dismissed when there is none.
    """
    try:
        line = parse(words, "shell")
        if line.options.help:
            print(make_parser("shell").format_help(), end="")
            return 0
        return _run(line, supervisor)
    except LineError as error:
        return _fail(f"{error}", USAGE)
    except PhaseError as error:
        return _fail(str(error), exit_code_of(error.exit_code))
    except (GageError, OSError) as error:
        return _fail(str(error), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        if supervisor is not None:
            supervisor.dismiss()


def follow_run(run: RecordedRun) -> Status:
    """Write a run's output to ours, stream by stream, until it has ended; return its status."""
    for stream, data in run.follow():
        _write(stream, data)
    return run.wait()


def write_output(run: RecordedRun) -> None:
    """Write what a run has printed so far, every phase in its order, to our streams."""
    for phase in PHASES:
        output = OutputStream(run_meta_path(run, "output", phase.output))
        while pieces := output.read(final=True):
            for stream, data in pieces:
                _write(stream, data)


def _write(stream: int, data: bytes) -> None:
    ours = (sys.stdout, sys.stderr)[stream].buffer
    ours.write(data)
    ours.flush()


def exit_code_of(exit_code: int | None) -> int:
    """Return a run's exit code as a shell has it."""
    if exit_code is None:
        return FAILED
    return exit_code if exit_code >= 0 else _SIGNALLED - exit_code


def _run(line: RunLine, supervisor: WaitingSupervisor | None) -> int:
    options = line.options
    if asks_for_several(line) and not options.help_op:
        if supervisor is not None:
            supervisor.dismiss()  # a batch has one of its own
            supervisor = None
        from gage.cli.batch import run_batch_line

        code = run_batch_line(line)
        if code is not None:
            return code
    operation = resolve_target(line.target, config_of(line), line.args, strict=options.strict)
    if options.help_op:
        from gage._internal.staging.preview import operation_text

        print(operation_text(operation))
        return 0
    operation = with_given_files(operation, options.with_files)
    if options.preview:
        from gage._internal.staging.preview import preview_text

        print(preview_text(operation))
        return 0
    found: list[Run] = []
    run = RecordedRun.of(
        launch(
            operation,
            runs_home(operation.project_dir),
            attrs=user_attrs(options.label, options.tag),
            stage_only=options.stage,
            background=True,
            supervisor=supervisor,
            needed=options.needed,
            on_event=lambda event, run: found.append(run) if event == "found" else None,
        )
    )
    if found:
        _tell(f"Not needed: {run.name} has done the same. See: gage show {run.name}", options.quiet)
        return 0
    if options.stage or options.bg:
        _tell_notes(run, options.quiet)
    if options.stage:
        _tell(f"Staged {run.name}. Start it with: gage start {run.name}", options.quiet)
        return 0
    if options.bg:
        _tell(f"Started {run.name}. Watch it with: gage attach {run.name}", options.quiet)
        return 0
    return _wait(run, options.quiet)


def _wait(run: RecordedRun, quiet: bool) -> int:
    try:
        _tell_notes(run, quiet)
        status = run.wait() if quiet else _follow_as_long_as_read(run)
    except KeyboardInterrupt:
        _tell(f"\nStopping {run.name}", quiet)
        stop_run(run, by="interrupt")
        _tell_end(run, run.full_status, quiet)
        return INTERRUPTED
    _tell_end(run, status, quiet)
    return exit_code_of(status.exit_code)


def _follow_as_long_as_read(run: RecordedRun) -> Status:
    try:
        return follow_run(run)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has enough; the run goes on, and its code is ours.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        return run.wait()


def _tell_notes(run: RecordedRun, quiet: bool) -> None:
    for note in run.notes:
        _tell(f"note: {note}", quiet)


def _tell_end(run: RecordedRun, status: Status, quiet: bool) -> None:
    what = f"{run.name} {status.name}" + (f": {status.reason}" if status.reason else "")
    if status.name != "completed":
        what += f". Look at it with: gage show {run.name}"
    shown = run.output().tail(1) if not quiet else b""
    _tell(what if shown in {b"", b"\n"} else f"\n{what}", quiet)


def _tell(text: str, quiet: bool) -> None:
    if not quiet:
        try:
            print(text, file=sys.stderr)
        except BrokenPipeError:
            return  # nobody listens


def _fail(text: str, code: int) -> int:
    _tell(f"gage: {text}", quiet=False)
    return code
