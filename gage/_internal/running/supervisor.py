"""The supervisor of a run: `python -m gage._internal.running.supervisor [META_DIR]`.

The supervisor starts the run's command in the run directory, writes its output, waits for its end,
stops it when asked, and finalises the run (`kept_command`). Its keeper takes its place if it dies
(`keeper`).

Without META_DIR it reads an order from its input. So it can be started while the run is still
being staged, or long before, and be ready when the run is. An order is META_DIR; the words of the
command, each as `=word`, if it can be held back (`held_command`); the caller's environment at that
time, each variable as `NAME=value`; with a NUL after each of them and one more at the end; and one
byte more when the run is staged. Until that comes, the supervisor writes nothing, and starts only
a command that it holds back. If its input ends before, it exits.

The supervisor writes one line to its caller, on stdout, when it knows how the start went:

    started             the command is running; `proc/command` and `started` are written
    failed REASON       the command could not be started; the run has ended and is finalised
    refused REASON      nothing was recorded; the run is as it was

In the side-car it writes `proc/supervisor`: a line each for itself and for its keeper. After
SIGTERM it reads `proc/stop` (`stop_request`). SIGTERM without that file, as from a machine that
shuts down, stops the command too. While the run is running, `proc/reserve` keeps disk space for
recording its end (`reserve`).
"""

from __future__ import annotations

import os
import select
import sys

from gage._internal.atomic import replace
from gage._internal.errors import GageError, RunStateError
from gage._internal.named import NamedTuple
from gage._internal.output.recording import poll_timeout_ms
from gage._internal.process.identity import encode_identity, identity_of
from gage._internal.record.layout import META_SUFFIX, RUN_OUTPUT, run_at, run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import run_for_meta_dir
from gage._internal.record.runner_log import log_runner
from gage._internal.record.stop_request import make_stop_request
from gage._internal.running.held_command import Gate
from gage._internal.running.keeper import (
    StopSignals,
    answer_caller,
    inherit_orphans,
    keep,
    supervise,
)
from gage._internal.running.kept_command import KeptCommand
from gage._internal.running.pipes import Pipes
from gage._internal.running.reserve import Reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.types import Run

__all__ = ["main"]

_RESERVE_BYTES = 128 << 10
_IDLE_MS = 50


def main(meta_dir: str | None = None) -> None:
    """Supervise a staged run from its start to its end; never returns."""
    os.closerange(3, 4096)  # descriptors that a library of the caller leaked
    inherit_orphans()
    if meta_dir is None:
        _load_what_the_end_needs(until_readable=0)
        _prepare_while_nothing_comes(0)
        order = _read_order(0)
        if not order.meta_dir:
            os._exit(0)
    else:
        order = _Order(os.path.abspath(meta_dir), [], is_staged=True)
    meta_dir = order.meta_dir
    try:
        if order.is_staged:
            run = run_for_meta_dir(meta_dir)
        else:  # nothing may be written of it yet
            run_id = os.path.basename(meta_dir).removesuffix(META_SUFFIX)
            run = run_at(os.path.dirname(meta_dir), run_id)
        # `record.status` uses this to tell a copy of the directory of runs from the original.
        os.chdir(os.path.dirname(meta_dir))
        signals = StopSignals()
        pipes, gate = Pipes(), Gate()
    except (GageError, OSError) as error:
        answer_caller(f"refused {error}")
        os._exit(1)

    def take_over(exit_codes: Mapping[int, int]) -> None:
        _Supervisor(run, signals, pipes, gate, keeper=os.getpid()).take_over(exit_codes)

    def keep_for(supervisor: int) -> None:
        pipes.close_write_ends()
        gate.close_read_end()
        keep(supervisor, take_over)

    supervise(
        lambda message: log_runner(run, message),
        lambda keeper: _Supervisor(run, signals, pipes, gate, keeper).start(order),
        keep_for,
    )


class _Supervisor:
    """The process that supervises the run, from its start or after another one died."""

    def __init__(
        self, run: Run, signals: StopSignals, pipes: Pipes, gate: Gate, keeper: int
    ) -> None:
        self._run = run
        self._signals = signals
        self._signals_seen = 0
        self._own = identity_of(os.getpid())
        self._keeper = identity_of(keeper, beside=self._own)
        self._reserve = Reserve(run_meta_path(run, "proc", "reserve"), _RESERVE_BYTES)
        self._command = KeptCommand(
            run, pipes, self._reserve, self._own, orphans_of=keeper, gate=gate
        )

    def start(self, order: _Order) -> None:
        """Start the command and record it to its end."""
        if not order.is_staged:
            if order.words:
                self._command.hold(order.words, os.environ)
            _load_what_the_end_needs(until_readable=0)
            if not os.read(0, 1):
                return  # it never will be: the gate closes
        try:
            run_for_meta_dir(self._run.meta_dir)  # it may be damaged
            self._claim()
        except OSError as error:
            answer_caller(f"refused {error.strerror}: {error.filename}")
            return
        except GageError as error:
            answer_caller(f"refused {error}")
            return
        if not self._command.start(os.environ):
            self._reserve.release()
            self._command.finalize()
            answer_caller(f"failed {self._command.reason}")
            return
        answer_caller("started")
        self._reserve.write_rest()
        _load_what_the_end_needs()
        self._command.read_config_ahead()
        self._see_through()

    def take_over(self, exit_codes: Mapping[int, int]) -> None:
        """Do what the killed supervisor has not done."""
        if not self._has_claim():
            # Another supervisor may have the run: it is not touched.
            answer_caller("refused the supervisor was killed before it took the run")
            return
        if read_text(self._run, "stopped") is not None:
            return
        if not self._command.adopt(exit_codes):
            self._undo_claim()
            answer_caller("refused the supervisor was killed before it started the command")
            return
        answer_caller("started")
        self._see_through()

    def _see_through(self) -> None:
        """Record the command's output and its end."""
        command, signals = self._command, self._signals
        poll = select.poll()
        poll.register(signals.wake_fd, select.POLLIN)
        command.begin(poll)
        self._look_for_stop()
        events: dict[int, int] = {}
        while not command.step(events):
            events = dict(poll.poll(poll_timeout_ms(command.due_s)))
            if signals.wake_fd in events:
                signals.clear()
                self._look_for_stop()
        self._reserve.release()
        command.finalize(lambda: self._signals.count > self._signals_seen)

    def _look_for_stop(self) -> None:
        """Find out what the signals since the last call ask for."""
        count = self._signals.count
        if count > self._signals_seen:
            self._signals_seen = count
            if not self._command.look_for_stop() and not self._command.is_asked_to_stop:
                self._command.stop(make_stop_request("signal"))

    def _claim(self) -> None:
        """Claim the run for this supervisor; fail if another one has it or the disk is full.

        The claim of a supervisor that was killed before it started anything is replaced.
        """
        from gage._internal.record.status import live_processes, read_status

        run = self._run
        lines = [encode_identity(identity) + "\n" for identity in (self._own, self._keeper)]
        path = run_meta_path(run, "proc", "supervisor")
        # If several supervisors find the run staged at the same moment, the lock lets one through.
        lock_fd = _lock(run_meta_path(run, "__schema__"))
        try:
            status = read_status(run)
            if status.name != "staged" or live_processes(run):
                reason = status.reason or "only a staged run can be started"
                raise RunStateError(f"run {run.name} is {status.name}: {reason}")
            replace(path, "".join(lines).encode())
            try:
                self._reserve.write_first()
            except OSError:
                os.unlink(path)
                raise
        finally:
            os.close(lock_fd)

    def _has_claim(self) -> bool:
        """Return whether this keeper's supervisor has claimed the run."""
        text = read_text(self._run, "proc", "supervisor") or ""
        return encode_identity(self._keeper) in text.splitlines()

    def _undo_claim(self) -> None:
        """Restore the run's earlier state: staged, never started."""
        output = run_meta_path(self._run, "output", RUN_OUTPUT)
        self._reserve.release()
        claim = run_meta_path(self._run, "proc", "supervisor")
        for path in (output, output + ".index", claim):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass


class _Order(NamedTuple):
    """The side-car of a run, "" for none; the words of a command to be held back."""

    meta_dir: str
    words: list[str]
    is_staged: bool


def _read_order(fd: int) -> _Order:
    """Return the order of the caller; its environment becomes that of this process."""
    received = b""
    while b"\0\0" not in received:
        data = os.read(fd, 65536)
        if not data:
            return _Order("", [], is_staged=False)
        received += data
    order, _, told = received.partition(b"\0\0")
    meta_dir, *entries = order.split(b"\0")
    words = []
    os.environ.clear()
    for entry in entries:
        name, _, value = os.fsdecode(entry).partition("=")
        if name:
            os.environ[name] = value
        else:
            words.append(value)
    return _Order(os.path.abspath(os.fsdecode(meta_dir)), words, bool(told))


def _lock(path: str) -> int:
    """Wait for the lock of a file; return a descriptor, which releases the lock when closed."""
    fd = os.open(path, os.O_RDWR)
    try:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass  # this file system has no locks
    return fd


def _load_what_the_end_needs(until_readable: int | None = None) -> None:
    """Import, while there is nothing else to do, the modules that the run's end needs.

    That is while the command starts on another core, or before there is a run: then stop when the
    descriptor `until_readable` announces one.
    """
    poll = select.poll()
    if until_readable is not None:
        poll.register(until_readable, select.POLLIN)
    for name in (
        "gage._internal.resources.command",
        "gage._internal.running.finalize",
        "gage._internal.running.summarize",
    ):
        if until_readable is not None and poll.poll(0):
            return
        __import__(name)


def _prepare_while_nothing_comes(order_fd: int) -> None:
    """Do what only some runs need, if no order comes soon: then there is nothing else to do."""
    poll = select.poll()
    poll.register(order_fd, select.POLLIN)
    if not poll.poll(_IDLE_MS):
        from gage._internal.metrics.printed import prepare

        prepare()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit("usage: python -m gage._internal.running.supervisor [META_DIR]")
    main(*sys.argv[1:])
