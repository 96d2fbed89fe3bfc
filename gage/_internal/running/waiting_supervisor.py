"""A supervisor that is ready when its run is staged, so that nobody has to wait for it.

Starting an interpreter takes longer than staging a small run. In a kernel the supervisor is
therefore started first, gets ready on another core meanwhile, and is told its run when that is
staged (`WaitingSupervisor`). A command line has loaded all that a supervisor needs, and has no
threads: it forks one (`ForkedSupervisor`).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # see `process.spawn`
import os
import sys
import time

from gage._internal.atomic import write_all
from gage._internal.process.command import supervisor_command
from gage._internal.process.identity import identity_of
from gage._internal.process.spawn import has_threads, spawn
from gage._internal.process.title import set_title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.types import Run

__all__ = ["ForkedSupervisor", "WaitingSupervisor", "ask_supervisor", "reap"]

_POLL_S = 0.01
# The byte that follows an order when its run is staged.
_STAGED = b"s"
# The command line of a supervisor that was forked, as `ps` shows it.
_TITLE = ("python", "-m", "gage._internal.running.supervisor")

# Supervisors that this process started and has to reap when they have ended.
_started: set[int] = set()


class WaitingSupervisor:
    """A supervisor that is started before its run is staged, to save the time of its start.

    `dismiss` it if no run is started; it also ends with the process that started it.
    """

    __slots__ = ("_answers", "_orders", "_pid", "_prepared")

    def __init__(self) -> None:
        reap()
        self._prepared = False
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        try:
            self._pid = self._made(orders, answers)
            _started.add(self._pid)
        except BaseException:
            self.dismiss()
            raise
        finally:
            os.close(orders)
            os.close(answers)

    def prepare(self, run: Run, words: list[str]) -> None:
        """Tell it the run that it will start, of which nothing may be written yet.

        It starts the command of these words, held back until `start` (`held_command`).
        """
        try:
            self._order(run, words)
        except BrokenPipeError:
            return  # it was killed, as `start` finds out
        self._prepared = True

    def start(self, run: Run) -> str:
        """Let it start a run; return its answer (`supervisor`), empty if it died.

        An interrupt (`KeyboardInterrupt`) waits until the run can be stopped or never will run.
        """
        try:
            if not self._prepared:
                self._order(run)
            write_all(self._orders, _STAGED)
            return _read_line(self._answers)
        except BrokenPipeError:
            return _read_line(self._answers)
        except KeyboardInterrupt:
            # A supervisor without an order exits when the pipe closes; its answer may already have
            # been read and lost.
            from gage._internal.record.run_meta import read_timestamp

            self._close_orders()
            while read_timestamp(run, "started") is None and _is_alive(self._pid):
                time.sleep(_POLL_S)
            raise
        finally:
            self.dismiss()

    def dismiss(self) -> None:
        """Close its input: a supervisor without a run exits."""
        self._close_orders()
        if self._answers >= 0:
            os.close(self._answers)
            self._answers = -1

    def _made(self, orders: int, answers: int) -> int:
        """Return the pid of a new supervisor that reads orders and writes answers."""
        argv, env = supervisor_command(), dict(os.environ)
        return spawn(argv, "/", env, answers, answers, stdin_fd=orders)

    def _order(self, run: Run, words: Iterable[str] = ()) -> None:
        held = (f"={word}" for word in words)
        env = (f"{name}={value}" for name, value in os.environ.items() if name)
        order = b"".join(os.fsencode(text) + b"\0" for text in (run.meta_dir, *held, *env)) + b"\0"
        write_all(self._orders, order)

    def _close_orders(self) -> None:
        if self._orders >= 0:
            os.close(self._orders)
            self._orders = -1


class ForkedSupervisor(WaitingSupervisor):
    """A waiting supervisor that is forked from this process instead of started anew.

    For a process that has loaded what a supervisor needs and does nothing else.
    """

    __slots__ = ()

    def _made(self, orders: int, answers: int) -> int:
        if has_threads():  # they would be missing in the supervisor, with what they hold locked
            return super()._made(orders, answers)
        # An interrupt that comes before the session is its own would end the supervisor.
        before = _signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGINT})
        try:
            pid = os.fork()
            if pid == 0:
                _become_supervisor(orders, answers, before)
            return pid
        finally:
            _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def _become_supervisor(orders: int, answers: int, signal_mask: Iterable[int]) -> None:
    """Turn this process, just forked, into a supervisor that waits; never returns."""
    try:
        os.setsid()
        for source, target in ((orders, 0), (answers, 1), (answers, 2)):
            os.dup2(source, target)
        # What is in the directory that `python -m gage` was started in is the user's.
        started_in = os.getcwd()
        sys.path[:] = [path for path in sys.path if path not in ("", started_in)]
        os.chdir("/")
        set_title(_TITLE)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, signal_mask)
        from gage._internal.running.supervisor import main

        main()
    finally:
        os._exit(1)


def ask_supervisor(argv: list[str]) -> str:
    """Start a supervisor whose arguments name its run; return its answer, empty if it died."""
    reap()
    answers, answer = os.pipe()
    try:
        try:
            _started.add(spawn(argv, "/", dict(os.environ), answer, answer))
        finally:
            os.close(answer)
        return _read_line(answers)
    finally:
        os.close(answers)


def _is_alive(pid: int) -> bool:
    try:
        identity_of(pid)
    except ProcessLookupError:
        return False
    return True


def _read_line(fd: int) -> str:
    answer = b""
    while b"\n" not in answer:
        data = os.read(fd, 65536)
        if not data:
            break
        answer += data
    return answer.decode("utf-8", "replace").strip()


def reap() -> None:
    """Reap ended supervisors of this process, so that none stays a zombie."""
    for pid in list(_started):
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended = pid
        if ended:
            _started.discard(pid)
