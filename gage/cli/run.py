"""`gage run`: run a target, show its output as it comes, exit with its exit code.

Exit codes: the run's own; 128 plus the signal's number for a run that a signal ended; 2 for a
wrong line; 125 for an error of gage itself; 130 after Ctrl-C. 100 for
`--needed` when nothing was run because an earlier run did the same work.
"""

from __future__ import annotations

import os
import sys

from gage._internal.api.driver import asked_of_line, run_line
from gage._internal.api.observer import Observer
from gage._internal.errors import GageError, OptionError, PhaseError
from gage._internal.operations.run_line import parse
from gage._internal.output.stream import OutputStream
from gage._internal.people import outcome
from gage._internal.record.layout import run_meta_path
from gage._internal.record.runner_log import LEFT_OUT, missed_a_file
from gage._internal.running.waiting_supervisor import ForkedSupervisor
from gage._internal.store.missing_files import missing_files_hint
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.text import on_a_line, plain, printable
from gage._internal.types import PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gage._internal.api.observer import Work
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.operations.options import RunOptions
    from gage._internal.running.waiting_supervisor import WaitingSupervisor
    from gage._internal.types import Run, Status
    from gage.cli.status_line import StatusLine

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "NOT_NEEDED",
    "USAGE",
    "exit_code_of",
    "follow_run",
    "run_command",
    "write_output",
]

USAGE = 2
NOT_NEEDED = 100
FAILED = 125
INTERRUPTED = 130
_SIGNALLED = 128
_CAPTIONS = 5
_NOTES = 20


def run_command(words: Sequence[str], supervisor: WaitingSupervisor | None = None) -> int:
    """Carry out `gage run WORDS…`; return the exit code of the command line.

    `supervisor` waits for a run already.
    """
    try:
        line = parse(words, "shell")
        if line.only.help:
            from gage._internal.operations.line_help import help_text

            print(help_text("shell"), end="")
            return 0
        observer = _Shell(line.options, supervisor)
        result = run_line(line, asked_of_line(line), observer)
        if isinstance(result, str):
            print(result)
        return observer.exit_code
    except OptionError as error:
        return _fail(f"{error}", USAGE)
    except PhaseError as error:
        return _fail(str(error), exit_code_of(error.exit_code))
    except BrokenPipeError:
        return 1  # whoever reads our output has seen enough of it
    except (GageError, OSError) as error:
        return _fail(str(error), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def follow_run(run: RecordedRun) -> Status:
    """Write a run's output to ours, stream by stream, until it has ended; return its status."""
    line = _status_line(run)
    if line is None:
        for stream, data in run.follow():
            _write(stream, data)
        return run.wait()
    try:
        for stream, data in run.follow(idle=line.idle):
            line.erase()
            _write(stream, data)
            line.printed(data)
    finally:
        line.erase()
    return run.wait()


def _status_line(run: RecordedRun) -> StatusLine | None:
    """Return the line that a terminal has below the run's output."""
    if not sys.stderr.isatty():
        return None
    from gage.cli.status_line import StatusLine

    return StatusLine(run)


def write_output(run: RecordedRun) -> None:
    """Write what a run has printed so far, phase after phase, to our streams."""
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


class _Shell(Observer):
    """Writes the output of a run to our streams, and gage's own messages to stderr."""

    def __init__(self, options: RunOptions, supervisor: WaitingSupervisor | None) -> None:
        self.exit_code = 0
        self._supervisor = supervisor
        self._options = options
        self._quiet = options.quiet
        self._begun_us = 0
        self._notes_printed = 0

    def supervisor(self) -> WaitingSupervisor:
        supervisor, self._supervisor = self._supervisor, None
        return supervisor or ForkedSupervisor()

    def needed(self, run: Run, why: str) -> None:  # there is only this one
        self._print_message(f"Needed: {on_a_line(why)}")

    def planned(self, planned: PlannedBatch) -> None:
        from gage._internal.clock import now_us
        from gage.cli.batch import print_plan

        if self._supervisor is not None:
            self._supervisor.dismiss()  # several runs have one of another kind
        self._begun_us = now_us()
        print_plan(planned, self._options)

    def launched(self, work: Work) -> None:
        if not isinstance(work, RecordedRun):
            from gage.cli.batch import print_start

            print_start(work, self._options, self._begun_us)
        elif work.found:
            self.exit_code = NOT_NEEDED
            self._print_message(
                f"Not needed: {work.name} has done the same. See: gage show {work.name}"
            )
        else:
            self._print_notes(work)
            if self._options.stage:
                self._print_message(f"Staged {work.name}. Start it with: gage start {work.name}")
            elif self._options.background:
                self._print_message(f"Started {work.name}. Watch it with: gage attach {work.name}")

    def follow(self, work: Work, stop: Callable[[], object]) -> None:
        if not isinstance(work, RecordedRun):
            from gage._internal.batch.record import FOUND
            from gage.cli.batch import watch_batch

            self.exit_code = watch_batch(work, stop, quiet=self._quiet)
            if self._options.needed and all(trial.event == FOUND for trial in work.trials):
                self.exit_code = NOT_NEEDED
            return
        if sys.stderr.isatty():
            from gage._internal.text import on_a_line

            self._print_message(f"{on_a_line(work.opref.op_name)} {work.name}: running")
        try:
            status = work.wait() if self._quiet else _follow_as_long_as_read(work)
        except KeyboardInterrupt:
            self._print_message(f"\nStopping {work.name}")
            stop()
            self._print_end(work, work.full_status)
            raise
        self._print_end(work, status)
        self.exit_code = exit_code_of(status.exit_code)

    def _print_message(self, text: str) -> None:
        _print_message(text, self._quiet)

    def _print_notes(self, run: RecordedRun) -> None:
        """Tell the notes that were not told yet: those of staging, later those of the end."""
        new, self._notes_printed = run.notes[self._notes_printed :], len(run.notes)
        notes = [note for note in new if not note.startswith(LEFT_OUT)]
        for note in notes[:_NOTES]:
            self._print_message(f"note: {note}")
        if len(notes) > _NOTES:
            self._print_message(f"note: {len(notes) - _NOTES} more: gage show {run.name}")

    def _print_end(self, run: RecordedRun, status: Status) -> None:
        what = f"{run.name} {outcome(status.name, status.exit_code, status.reason)}"
        if status.name == "completed":
            if self._quiet:
                return
        else:
            what += f". Look at it with: gage show {run.name}"
            if self._quiet:
                _print_message(plain(run.last_lines()), quiet=False)
        if not self._quiet:
            texts = _captions(run)
            more = [f"{len(texts) - _CAPTIONS} more"] if len(texts) > _CAPTIONS else []
            what += f"; it showed {'; '.join([*texts[:_CAPTIONS], *more])}" if texts else ""
        shown = run.output().tail(1) if not self._quiet else b""
        _print_message(what if shown in {b"", b"\n"} else f"\n{what}", quiet=False)
        self._print_notes(run)
        if status.name == "error" and missed_a_file(run.last_lines()):
            hint = missing_files_hint(run)
            left_out = [f"note: {note}" for note in run.notes if note.startswith(LEFT_OUT)]
            for line in [hint] if hint else left_out:
                self._print_message(line)


def _captions(run: RecordedRun) -> list[str]:
    """Return a line for each figure and value that the run showed."""
    if not os.path.isdir(run_meta_path(run, "results")):
        return []
    from gage._internal.output.results import captions

    return [text for _, text in captions(run.meta_dir)]


def _follow_as_long_as_read(run: RecordedRun) -> Status:
    try:
        return follow_run(run)
    except BrokenPipeError:
        # The reader of the pipe (head, less) has closed it; the run continues, with its exit code.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        return run.wait()


def _print_message(text: str, quiet: bool) -> None:
    if not quiet:
        try:
            # Names of others are in it. Tabs are those of a run's last lines.
            print("\t".join(map(printable, text.split("\t"))), file=sys.stderr)
        except BrokenPipeError:
            return  # nobody reads it


def _fail(text: str, code: int) -> int:
    _print_message(f"gage: {text}", quiet=False)
    return code
