"""The supervisor of a run: `python -m gage._internal.running.supervisor [META_DIR]`.

    caller ── keeper ── supervisor ── command
                 └──────────┴── read ends of the command's two pipes

Two processes, each in a session of its own. The *supervisor* starts the command in the run
directory, writes its output (`output`), waits for its end, stops it when asked, and finalises
the run. The *keeper*, its parent, only holds the pipes and waits for it. When the supervisor
dies before its work is done, the keeper takes its place and does the rest, so that neither
a byte of output nor the end of the run is lost, and the command never writes to a broken pipe.
As the process that inherits orphans (Linux), the keeper then also learns the exit code.

Without META_DIR it reads an order from its input: so it can be started while the run is still
staged, or long before, and be ready when there is something to do. An order is META_DIR and the
environment as it is then, `NAME=value` each, with a NUL after each and one more at the end. At the
end of the input without an order it ends.

To its caller the supervisor writes one line, to stdout, when it knows how the start went:

    started             the command runs; `proc/command` and `started` are written
    failed REASON       it could not be started; the run has ended and is finalised
    refused REASON      nothing was recorded; the run is as it was

Files of the side-car: it writes `proc/supervisor` (its own identity, then the keeper's),
`proc/command`, `started`, `output/40_run`, and at the end what `finalize_run` does. It reads
`proc/stop` (`stop_request`) when SIGTERM tells it to. SIGTERM without that file, as from a machine
that shuts down, stops the command likewise. While the run is running, `proc/reserve` keeps room on
the disk for recording its end.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import errno
import os
import select
import sys

from gage._internal.atomic import NO_ROOM, replace
from gage._internal.clock import now_us
from gage._internal.errors import GageError, RunStateError
from gage._internal.output.recording import Recording, open_pipes
from gage._internal.output.writer import Capture, open_journal
from gage._internal.process.command import command_argv, program_env
from gage._internal.process.ending import Child, open_exit_fd
from gage._internal.process.identity import Identity, encode_identity, identity_of
from gage._internal.process.spawn import fork_exec, start_fault
from gage._internal.record.run_meta import (
    log_runner,
    meta_opcmd,
    read_text,
    run_for_meta_dir,
    run_meta_path,
    write_timestamp,
)
from gage._internal.record.stop_request import (
    make_stop_request,
    read_stop_request,
    write_stop_request,
)
from gage._internal.record.working_directory import work_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from gage._internal.types import Run

__all__ = [
    "finalize_whatever",
    "inherit_orphans",
    "main",
    "run_to_exit",
    "tell",
]

_OUTPUT = "40_run"
_RESERVE_BYTES = 128 << 10
# Parts of it: for a line of the log or a small file, for what a stopped command still said.
_RECORD_BYTES = 8 << 10
_LAST_WORDS_BYTES = 32 << 10
_NO_ROOM = (*NO_ROOM, errno.EFBIG, errno.EIO)
_SET_CHILD_SUBREAPER = 36
# A run that is over sooner need not load what the keeper needs to inherit orphans.
_SETTLED_MS = 200


def main(meta_dir: str | None = None) -> None:
    """Supervise a staged run from its start to its end; never returns."""
    os.closerange(3, 4096)  # what a careless library of the caller leaked
    if meta_dir is None:
        _load_what_the_end_needs(until_readable=0)
        meta_dir = _read_order(0)
        if not meta_dir:
            os._exit(0)
    meta_dir = os.path.abspath(meta_dir)
    os.chdir("/")
    try:
        run = run_for_meta_dir(meta_dir)
        shared = _Shared(run)
    except (GageError, OSError) as error:
        tell(f"refused {error}")
        os._exit(1)

    def log(message: str) -> None:
        log_runner(run, message)

    supervisor = os.fork()
    if supervisor == 0:
        os.setsid()
        run_to_exit(log, lambda: _Supervisor(shared, keeper=os.getppid()).start())
    run_to_exit(log, lambda: _keep(shared, supervisor))


class _Shared:
    """What supervisor and keeper both have: pipes, the capture's journal, requests to stop.

    The start of the command is noted in memory that outlives the supervisor: `PID START_US`,
    written by the command's process itself before it becomes the command.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.output_path = run_meta_path(run, "output", _OUTPUT)
        self.stop_signals = 0
        self._wake_read, self._wake_write = os.pipe()
        self._note_signals()
        (self.out_read, self.out_write), (self.err_read, self.err_write) = open_pipes()
        self.journal_fd = open_journal()
        self._start_fd = open_journal()

    def _note_signals(self) -> None:
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        for name in ("SIGHUP", "SIGINT"):
            _signal.signal(getattr(_signal, name), _signal.SIG_IGN)
        _signal.signal(_signal.SIGTERM, self._note_stop)

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_signals += 1
        try:
            os.write(self._wake_write, b"s")
        except BlockingIOError:
            pass  # it wakes anyway

    @property
    def wake_fd(self) -> int:
        return self._wake_read

    def close_write_ends(self) -> None:
        os.close(self.out_write)
        os.close(self.err_write)

    def note_start(self, started_us: int) -> None:
        os.pwrite(self._start_fd, b"%d %d" % (os.getpid(), started_us), 0)

    def wait_for_start(self) -> tuple[int, int] | None:
        """Return pid and start of the command's process, None if there is none and never will be.

        To be called when the supervisor has died: who still holds a write end of a pipe then is
        the command's process, which may be about to note itself.
        """
        poll = select.poll()
        poll.register(self.out_read, 0)  # POLLHUP is always reported
        while not poll.poll(10):
            if self.noted_start() is not None:
                break
        return self.noted_start()

    def noted_start(self) -> tuple[int, int] | None:
        """Return pid and start (epoch µs) of the command's process, None if it is not noted."""
        fields = os.pread(self._start_fd, 64, 0).split()
        return (int(fields[0]), int(fields[1])) if len(fields) == 2 else None


class _Supervisor:
    """The process that has the run's command, from its start or from where another one died."""

    def __init__(self, shared: _Shared, keeper: int) -> None:
        self.shared = shared
        self.run = shared.run
        self.keeper = keeper
        self.asked_by = ""
        self._stop_signals_seen = 0
        self._grace_s: float | None = None
        self._stop_taken = False

    def start(self) -> None:
        """Start the command and see it through."""
        try:
            self._claim()
        except OSError as error:
            tell(f"refused {error.strerror}: {error.filename}")
            return
        except RunStateError as error:
            tell(f"refused {error}")
            return
        try:
            pid, started_us, capture = self._start_command()
        except (OSError, ValueError, GageError) as error:
            self._end_unstarted(error)
            return
        self._write_start(pid, started_us)
        tell("started")
        _load_what_the_end_needs()
        self._see_through(capture, identity_of(pid, ended=True))

    def take_over(self, exit_code: int | None) -> None:
        """Do what the supervisor, killed, has not done; `exit_code` if the command's is known."""
        if not self._has_claim():
            # The run may be another supervisor's: nothing of it is touched.
            tell("refused the supervisor was killed before it took the run")
            return
        if read_text(self.run, "stopped") is not None:
            return
        noted = self.shared.wait_for_start()
        if noted is None:
            self._undo_claim()
            tell("refused the supervisor was killed before it started the command")
            return
        self._log("The supervisor was killed: its keeper goes on")
        if read_text(self.run, "proc", "stop") is not None:
            self.shared.stop_signals += 1  # the other one had it
            self._stop_taken = True
        pid, started_us = noted
        capture = Capture.resume(self.shared.output_path, self.shared.journal_fd)
        command = self._recorded_command(pid)
        if read_text(self.run, "started") is None:
            self._write_start(pid, started_us, command)
        tell("started")
        self._see_through(capture, command, exit_code)

    def _claim(self) -> None:
        """Take the run for this supervisor; fails if another one has it or there is no room.

        The claim of one that was killed before it started anything is replaced.
        """
        from gage._internal.record.status import live_processes, read_status

        lines = [encode_identity(identity_of(pid)) + "\n" for pid in (os.getpid(), self.keeper)]
        path = run_meta_path(self.run, "proc", "supervisor")
        # Of several that find the run staged at the same moment, the lock lets one through.
        lock_fd = _lock(run_meta_path(self.run, "__schema__"))
        try:
            status = read_status(self.run)
            if status.name != "staged" or live_processes(self.run):
                reason = status.reason or "only a staged run can be started"
                raise RunStateError(f"run {self.run.name} is {status.name}: {reason}")
            replace(path, "".join(lines).encode())
            try:
                self._write_reserve()
            except OSError:
                os.unlink(path)
                raise
        finally:
            os.close(lock_fd)

    def _has_claim(self) -> bool:
        """Return whether the run was taken by this keeper's supervisor."""
        text = read_text(self.run, "proc", "supervisor") or ""
        return encode_identity(identity_of(self.keeper)) in text.splitlines()

    def _undo_claim(self) -> None:
        """Leave the run as it was before: staged, never started."""
        output = self.shared.output_path
        self._release_reserve()
        for path in (output, output + ".index", run_meta_path(self.run, "proc", "supervisor")):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass

    def _start_command(self) -> tuple[int, int, Capture]:
        opcmd = meta_opcmd(self.run)
        self._log(f"Running run (see output/{_OUTPUT} for output): {opcmd.args}")
        script_path = run_meta_path(self.run, "proc", "run-script")
        argv = command_argv(opcmd.args, script_path, opcmd.env)
        env = program_env(os.environ, self.run, opcmd.env)
        shared = self.shared
        capture = Capture(shared.output_path, shared.journal_fd)
        started_us = now_us()
        try:
            pid = fork_exec(
                argv,
                work_dir(self.run),
                env,
                shared.out_write,
                shared.err_write,
                lambda: shared.note_start(started_us),
            )
        except (OSError, ValueError) as error:
            raise _NotStartedError(*start_fault(error, argv)) from error
        shared.close_write_ends()
        return pid, started_us, capture

    def _end_unstarted(self, error: Exception) -> None:
        code, reason = 126, str(error)
        if isinstance(error, _NotStartedError):
            code, reason = error.exit_code, error.reason
        self._log(f"The command was not started: {reason}")
        self._release_reserve()
        finalize_whatever(self.run, code, reason)
        tell(f"failed {reason}")

    def _write_start(self, pid: int, started_us: int, command: Identity | None = None) -> None:
        identity = command or identity_of(pid, ended=True)
        path = run_meta_path(self.run, "proc", "command")
        self._with_room(lambda: replace(path, encode_identity(identity).encode() + b"\n"))
        self._with_room(lambda: write_timestamp(self.run, "started", started_us))

    def _recorded_command(self, pid: int) -> Identity:
        """Return the command as it was recorded, or as it is if it lives."""
        from gage._internal.process.identity import decode_identity

        text = read_text(self.run, "proc", "command")
        if text is not None:
            return decode_identity(text)
        try:
            return identity_of(pid, ended=True)
        except ProcessLookupError:
            own = identity_of(os.getpid())
            return Identity(pid, "0", own.boot, own.host)

    def _see_through(
        self, capture: Capture, command: Identity, exit_code: int | None = None
    ) -> None:
        """Record the command's output to its end, and the end."""
        child = Child(command, orphans_of=self.keeper, on_exit=self._note_exit)
        recording = Recording(
            capture,
            (self.shared.out_read, self.shared.err_read),
            child,
            self._log,
            stop_asked=self._stop_asked,
            wake_fd=self.shared.wake_fd,
            make_room=lambda: self._use_reserve(_LAST_WORDS_BYTES),
        )
        recording.run()
        capture.close()
        reason = ""
        if recording.fault is not None:
            reason = f"stopped: its output could not be written ({recording.fault.strerror})"
            if recording.lost_bytes:
                reason += f"; {recording.lost_bytes} bytes of it are not recorded"
        self._release_reserve()
        if child.exit_code is not None:
            exit_code = child.exit_code
        elif exit_code is None:
            exit_code = _recorded_exit(self.run)
        finalize_whatever(self.run, exit_code, reason)
        if not self._stop_taken:
            self._remove_late_request()

    def _remove_late_request(self) -> None:
        """Remove a request to stop that came when the command had ended: it did not end it."""
        try:
            os.unlink(run_meta_path(self.run, "proc", "stop"))
        except OSError:
            pass  # as ever, there is none

    def _note_exit(self, exit_code: int | None) -> None:
        """Record the exit code while it can still be asked for."""
        if exit_code is not None:
            path = run_meta_path(self.run, "proc", "exit")
            self._with_room(lambda: replace(path, b"%d\n" % exit_code))

    def _stop_asked(self) -> float | None:
        """Return the grace period once a signal told to stop; each signal has it read again."""
        if self.shared.stop_signals > self._stop_signals_seen:
            self._stop_signals_seen = self.shared.stop_signals
            self._stop_taken = True
            path = run_meta_path(self.run, "proc", "stop")
            request = read_stop_request(path)
            if request is None:
                request = by_signal = make_stop_request("signal")
                self._with_room(lambda: write_stop_request(path, by_signal))
            self._grace_s = request.grace_s
            self._log(f"Stopping, asked by {request.by}")
        return self._grace_s

    def _log(self, message: str) -> None:
        try:
            self._with_room(lambda: log_runner(self.run, message))
        except OSError:
            pass  # a run is not lost for a line about it

    def _with_room(self, write: Callable[[], object]) -> None:
        """Write, if need be with the room that was kept for it."""
        try:
            write()
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._use_reserve(_RECORD_BYTES)
            write()

    def _use_reserve(self, size_bytes: int) -> None:
        """Free a part of the reserve; what frees all of it leaves nothing for the end."""
        path = run_meta_path(self.run, "proc", "reserve")
        try:
            os.truncate(path, max(0, os.stat(path).st_size - size_bytes))
        except OSError:
            pass  # it is gone: what needs the room will say so

    def _write_reserve(self) -> None:
        """Fill a file with what no file system stores in less room."""
        path = run_meta_path(self.run, "proc", "reserve")
        try:
            replace(path, os.urandom(_RESERVE_BYTES))
        except OSError as error:
            raise OSError(
                error.errno, f"no room to record the run ({error.strerror})", path
            ) from error

    def _release_reserve(self) -> None:
        try:
            os.unlink(run_meta_path(self.run, "proc", "reserve"))
        except OSError:
            pass  # it is gone, or the disk took it: what needs its room will say so


class _NotStartedError(GageError):
    """The command could not be started."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(exit_code, reason)
        self.exit_code = exit_code
        self.reason = reason


def _keep(shared: _Shared, supervisor: int) -> None:
    """Wait for the supervisor; take its place if it dies before its work is done."""
    shared.close_write_ends()
    _inherit_orphans_of(supervisor)
    command_code = None
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == supervisor:
            break
        noted = shared.noted_start()
        if noted is not None and pid == noted[0]:
            command_code = os.waitstatus_to_exitcode(status)
    if os.waitstatus_to_exitcode(status) != 0:
        _Supervisor(shared, keeper=os.getpid()).take_over(command_code)


def _inherit_orphans_of(supervisor: int) -> None:
    """Become the parent of processes that lose theirs, once it is worth it and if it can be."""
    exit_fd = open_exit_fd(supervisor)
    if exit_fd is None:
        return  # not on Linux
    poll = select.poll()
    poll.register(exit_fd, select.POLLIN)
    ended = poll.poll(_SETTLED_MS)
    os.close(exit_fd)
    if not ended:
        inherit_orphans()


def inherit_orphans() -> None:
    """Become the parent of processes that lose theirs, if it can be, to learn how they end."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return  # exit codes are not known then if the supervisor is killed


def run_to_exit(log: Callable[[str], object], work: Callable[[], None]) -> None:
    """Do all that this process is for, and end it; its exit code tells whether it is done.

    A fault, which nobody else would hear of, is logged.
    """
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
        import traceback

        log(f"Fault: {''.join(traceback.format_exception(error))}".rstrip())
    finally:
        os._exit(code)


def _read_order(fd: int) -> str:
    """Return the run that the caller writes, nothing if it never does; take its environment."""
    said = b""
    while not said.endswith(b"\0\0"):
        data = os.read(fd, 65536)
        if not data:
            return ""
        said += data
    meta_dir, *env = said.removesuffix(b"\0\0").split(b"\0")
    os.environ.clear()
    for entry in env:
        name, _, value = os.fsdecode(entry).partition("=")
        os.environ[name] = value
    return os.fsdecode(meta_dir)


def tell(line: str) -> None:
    """Tell the caller how the start went, once; from then on there is nobody to talk to."""
    try:
        os.write(1, " ".join(line.split()).encode("utf-8", "replace") + b"\n")
    except OSError:
        pass  # the caller is gone
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def finalize_whatever(run: Run, exit_code: int | None, reason: str) -> None:
    """Finalise a run; whatever goes wrong with that, its end is recorded."""
    from gage._internal.running.finalize import finalize_run

    try:
        finalize_run(run, exit_code, reason)
    except Exception as error:  # noqa: BLE001 - the record of the end depends on no other step
        reason = reason or f"not finalised: {error}"
        try:
            log_runner(run, f"Finalising failed: {type(error).__name__}: {error}")
        except OSError:
            pass  # a run is not lost for a line about it
        if exit_code is not None:
            replace(run_meta_path(run, "proc", "exit"), b"%d\n" % exit_code)
        replace(run_meta_path(run, "proc", "reason"), f"{reason}\n".encode("utf-8", "replace"))
        write_timestamp(run, "stopped", now_us())


def _lock(path: str) -> int:
    """Wait for the lock of a file; return a descriptor, which is to be closed to release it."""
    fd = os.open(path, os.O_RDWR)
    try:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass  # there are none on this system
    return fd


def _recorded_exit(run: Run) -> int | None:
    text = read_text(run, "proc", "exit")
    return int(text) if text else None


def _load_what_the_end_needs(until_readable: int | None = None) -> None:
    """Import, while there is nothing else to do, what would delay the run's end.

    That is while the command starts, on another core, or before there is a run: `until_readable`
    is the descriptor that tells of one.
    """
    poll = select.poll()
    if until_readable is not None:
        poll.register(until_readable, select.POLLIN)
    for name in ("gage._internal.running.finalize", "hashlib", "gage._internal.metrics.summary"):
        if until_readable is not None and poll.poll(0):
            return
        __import__(name)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit("usage: python -m gage._internal.running.supervisor [META_DIR]")
    main(*sys.argv[1:])
