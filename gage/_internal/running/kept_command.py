"""The command of a run under its supervisor: started, recorded, stopped, ended.

    KeptCommand(run, pipes, reserve)
        start()  or, after a supervisor that died,  adopt()
        begin(poll);  step(events) until it returns True;  finalize()

The supervisor of a run keeps one command, that of a batch several. In the side-car this class
writes `proc/command`, `proc/clock`, `started` and `output/40_run`; when the command has ended
`proc/exit` and `proc/reason`; and with `finalize` everything that belongs to the end of a run.
"""

from __future__ import annotations

import os

from gage._internal.atomic import check_place, replace
from gage._internal.clock import now_us
from gage._internal.errors import GageError, MetaError
from gage._internal.guarded import read_regular
from gage._internal.output.recording import Recording
from gage._internal.output.writer import Capture
from gage._internal.process.command import command_argv, program_env
from gage._internal.process.ending import Child
from gage._internal.process.identity import Identity, decode_identity, encode_identity, identity_of
from gage._internal.process.spawn import spawn, start_fault
from gage._internal.process.stopping import SIGKILL
from gage._internal.record.duration import monotonic_us, write_clock
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import meta_opcmd, write_timestamp
from gage._internal.record.runner_log import log_note, log_runner
from gage._internal.record.status import read_exit_code
from gage._internal.record.stop_request import any_stop_request, encode_stop_request
from gage._internal.record.working_directory import work_dir
from gage._internal.running.held_command import hold
from gage._internal.running.pipes import NotedStart
from gage._internal.running.recorded_end import finalize_or_record_why

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    from collections.abc import Callable, Mapping

    from gage._internal.record.stop_request import StopRequest
    from gage._internal.resources.command import CommandResources
    from gage._internal.running.default_config import DefaultConfig
    from gage._internal.running.held_command import Gate, HeldCommand
    from gage._internal.running.pipes import Pipes
    from gage._internal.running.reserve import Reserve
    from gage._internal.types import Run

__all__ = ["KeptCommand"]

_LAST_WORDS_BYTES = 32 << 10


class KeptCommand:
    """The command of a run, from its start to its recorded end.

    Parameters
    ----------
    run
        The staged run.
    pipes
        The pipes that the command prints into.
    reserve
        Disk space for recording its end when the disk is full.
    own
        The identity of this process.
    gate
        The gate of a command that is started before its run is staged (`hold`).
    orphans_of
        The process that inherits the orphans of this command and of no other, if there is one.

    Attributes
    ----------
    exit_code
        As in `subprocess`; None before the end and if it is not known.
    reason
        Why the command ended, if the exit code does not say it.
    """

    def __init__(
        self,
        run: Run,
        pipes: Pipes,
        reserve: Reserve,
        own: Identity,
        *,
        orphans_of: int | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.run = run
        self.pipes = pipes
        self.exit_code: int | None = None
        self.reason = ""
        self._reserve = reserve
        self._own = own
        self._orphans_of = orphans_of
        self._gate = gate
        self._held: HeldCommand | None = None
        self._output_path = run_meta_path(run, "output", RUN_OUTPUT)
        self._stop_path = run_meta_path(run, "proc", "stop")
        self._capture: Capture | None = None
        self._identity: Identity | None = None
        self._child: Child | None = None
        self._recording: Recording | None = None
        self._default_config: DefaultConfig | None = None
        self._resources: CommandResources | None = None
        # The file of the last request to stop; the request; whether it was carried out.
        self._seen_request: bytes | None = None
        self._request: StopRequest | None = None
        self._request_taken = False

    # Started

    def hold(self, words: list[str], environ: Mapping[str, str]) -> None:
        """Start the command while its run is being staged, held back until `start`."""
        if self._gate is not None:
            self._held = hold(self.run, words, environ, self.pipes, self._gate)

    def start(self, environ: Mapping[str, str]) -> bool:
        """Start the command; return whether it is running. If not, `reason` says why."""
        try:
            noted = self._spawn(environ)
        except (OSError, ValueError, GageError) as error:
            self.exit_code, self.reason = 126, str(error)
        else:
            if noted is not None:
                self._identity = identity_of(noted.pid, ended=True, beside=self._own)
                self._write_start(noted)
                return True
        self.log(f"The command was not started: {self.reason}")
        return False

    def _spawn(self, environ: Mapping[str, str]) -> NotedStart | None:
        run, pipes = self.run, self.pipes
        opcmd = meta_opcmd(run)
        self.log(f"Running run (see output/{RUN_OUTPUT} for output): {opcmd.args}")
        argv = command_argv(opcmd.args, run_meta_path(run, "proc", "run-script"), opcmd.env)
        env = program_env(environ, run, opcmd.env)
        capture = Capture(self._output_path, pipes.journal)
        started_us, clock_us = now_us(), monotonic_us()
        held = self._held
        if held is not None and not held.is_for(argv, work_dir(run), env):
            held.give_up()
            held = None

        def note_own_start() -> None:
            pipes.note_start(NotedStart(os.getpid(), started_us, clock_us))

        try:
            pid = (
                held.pid
                if held is not None
                else spawn(
                    argv,
                    work_dir(run),
                    env,
                    pipes.out_write,
                    pipes.err_write,
                    in_child=note_own_start,
                )
            )
        except (OSError, ValueError) as error:
            pipes.forget_start()
            capture.close()
            self.exit_code, self.reason = start_fault(error, argv)
            return None
        noted = NotedStart(pid, started_us, clock_us)
        pipes.note_start(noted)
        if held is not None:
            held.gate.open()
        pipes.close_write_ends()
        self._capture = capture
        return noted

    def adopt(self, exit_codes: Mapping[int, int]) -> bool:
        """Take over the command of a supervisor that died; return whether there is one.

        `exit_codes` has, by pid, the exit codes of commands that this process has reaped as their
        new parent.
        """
        noted = self.pipes.find_start(self.run.id)
        if noted is None:
            return False
        if self._gate is not None:
            self._gate.open()
        self.log("The supervisor was killed: its keeper continues")
        self._capture = Capture.resume(self._output_path, self.pipes.journal)
        self._identity = _recorded_identity(self.run, noted.pid, self._own)
        if read_text(self.run, "started") is None:
            self._write_start(noted)
        self.exit_code = exit_codes.get(noted.pid)
        self.look_for_stop()
        self._request_taken = self._request is not None  # the killed supervisor had taken it
        return True

    def _write_start(self, noted: NotedStart) -> None:
        run = self.run
        assert self._identity is not None  # noqa: S101  # it was started
        line = encode_identity(self._identity).encode() + b"\n"
        with_room = self._reserve.with_room
        with_room(lambda: replace(run_meta_path(run, "proc", "command"), line))
        with_room(lambda: write_clock(run, "started", self._own.boot, noted.clock_us))
        with_room(lambda: write_timestamp(run, "started", noted.started_us))

    # Recorded

    def begin(self, poll: select.poll) -> None:
        """Let a poll watch the command and what it prints."""
        assert self._identity is not None and self._capture is not None  # noqa: PT018, S101  # as above
        self._child = Child(self._identity, orphans_of=self._orphans_of, on_exit=self._note_exit)
        self._recording = Recording(
            self._capture,
            (self.pipes.out_read, self.pipes.err_read),
            self._child,
            self.log,
            stop_asked=self._take_request,
            make_room=lambda: self._reserve.free(_LAST_WORDS_BYTES),
            note=self._note,
        )
        self._recording.begin(poll)
        # Loaded while the command runs: nothing before it needs them.
        from gage._internal.resources.command import CommandResources
        from gage._internal.resources.log import RESOURCES

        path = run_meta_path(self.run, RESOURCES)
        self._resources = CommandResources(path, self._child, self._own.pid)

    @property
    def due_s(self) -> float | None:
        """When to call `step` without an event (monotonic clock), None for never."""
        if self._recording is None:
            return None
        if self._request is not None and not self._request_taken and not self.has_ended:
            return 0.0  # the next step carries out the request
        due_s = self._recording.due_s
        if self._resources is None or self.has_ended:
            return due_s
        return self._resources.due_s if due_s is None else min(due_s, self._resources.due_s)

    @property
    def has_ended(self) -> bool:
        """Whether the command has ended; output of its descendants may still be recorded."""
        return self._recording is None or self._recording.has_ended

    @property
    def output_bytes(self) -> int:
        """The number of bytes that the command has printed."""
        return 0 if self._capture is None else self._capture.size_bytes

    def step(self, events: Mapping[int, int]) -> bool:
        """Record new output; return whether the command has ended and all output is recorded."""
        recording = self._recording
        assert recording is not None and self._child is not None  # noqa: PT018, S101  # it began
        if not recording.step(events):
            if self._resources is not None and not recording.has_ended:
                self._resources.sample()
            return False
        recording.close()
        recording.capture.close()
        if recording.fault is not None:
            self.reason = f"stopped: its output could not be written ({recording.fault.strerror})"
            if recording.lost_bytes:
                self.reason += f"; {recording.lost_bytes} bytes of it are not recorded"
        if self._child.exit_code is not None:
            self.exit_code = self._child.exit_code
        elif self.exit_code is None:
            self.exit_code = _recorded_exit_code(self.run)
        if self._resources is not None:
            self._resources.finish()
            if self._resources.ran_out_of_memory():
                if self.exit_code == -SIGKILL and not self._request_taken and not self.reason:
                    self.reason = "out of memory"
                else:
                    self._note("The system killed a process of this machine: out of memory")
        return True

    def _note_exit(self, exit_code: int | None) -> None:
        """Record the exit code as soon as it is known."""
        if exit_code is not None:
            path = run_meta_path(self.run, "proc", "exit")
            self._reserve.with_room(lambda: replace(path, b"%d\n" % exit_code))

    # Stopped

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether there was a request to stop."""
        return self._request is not None

    def look_for_stop(self) -> bool:
        """Read the request to stop; return whether there is a new one."""
        try:
            content = read_regular(self._stop_path)
        except OSError:
            return False
        if content == self._seen_request:
            return False
        self._seen_request = content
        self._request = any_stop_request(content)
        self._request_taken = False
        return True

    def stop(self, request: StopRequest) -> None:
        """Stop the command on behalf of the supervisor, if it has not ended.

        If the command is already being stopped, a request can only give it less time.
        """
        if self.has_ended:
            return
        if self._request is None:
            data = self._seen_request = encode_stop_request(request)
            self._reserve.with_room(lambda: replace(self._stop_path, data))
            self._request = request
        elif request.grace_s < self._request.grace_s:
            self._request = self._request._replace(grace_s=request.grace_s)

    def _take_request(self) -> float | None:
        """Return the seconds between the signals if the command is to be stopped, else None."""
        if self._request is None:
            return None
        if not self._request_taken:
            self._request_taken = True
            self.log(f"Stopping, asked by {self._request.by}")
        return self._request.grace_s

    # Ended

    def read_config_ahead(self) -> None:
        """Have the run's configuration read while the command runs: its end needs it."""
        from gage._internal.running.default_config import DefaultConfig

        self._default_config = DefaultConfig(self.run)

    def finalize(self, asked_to_stop: Callable[[], bool] = lambda: False) -> None:
        """Finalise the run, whether or not its command could be started.

        What takes long is left out if there is a request to stop that has come too late for the
        command, or one comes now (`asked_to_stop`).
        """

        def is_asked() -> bool:
            return asked_to_stop() or (self._request is not None and not self._request_taken)

        def forget_late_request() -> None:
            """Remove a request that came after the command had ended, so that it did not end it."""
            if not self._request_taken:
                try:
                    check_place(self._stop_path)
                    os.unlink(self._stop_path)
                except OSError:
                    pass  # there is no request

        finalize_or_record_why(
            self.run,
            self.exit_code,
            self.reason,
            self._default_config,
            is_asked,
            forget_late_request,
        )
        forget_late_request()

    def _note(self, note: str) -> None:
        """Append a note to the run."""
        try:
            self._reserve.with_room(lambda: log_note(self.run, note))
        except OSError:
            pass  # never lose a run over a note

    def log(self, message: str) -> None:
        """Append to the run's log."""
        try:
            self._reserve.with_room(lambda: log_runner(self.run, message))
        except OSError:
            pass  # never lose a run over a log line


def _recorded_identity(run: Run, pid: int, own: Identity) -> Identity:
    """Return the recorded identity of the command, or its present one if it is alive."""
    text = read_text(run, "proc", "command")
    if text is not None:
        return decode_identity(text)
    try:
        return identity_of(pid, ended=True, beside=own)
    except ProcessLookupError:
        return Identity(pid, "0", own.boot, own.host)


def _recorded_exit_code(run: Run) -> int | None:
    try:
        return read_exit_code(run)
    except MetaError:
        return None
