"""The recording of a command, from its start to the end of its output."""

from __future__ import annotations

import os
import select
import time

from gage._internal.output.writer import PIPE_BYTES
from gage._internal.process.ending import open_exit_fd
from gage._internal.process.stopping import (
    GRACE_S,
    SIGINT,
    SIGKILL,
    SIGTERM,
    Escalation,
    left_over,
    send_to_all,
    signal_targets,
    signal_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gage._internal.output.writer import Capture
    from gage._internal.process.ending import Child

__all__ = [
    "Recording",
    "open_pipes",
    "poll_timeout_ms",
]

_TICK_S = 0.02
_SURVIVOR_GRACE_S = 0.5
_SURVIVOR_KILL_S = 2.0
_IDLE_S = 1.0
_AFTER_END_S = 10.0


def open_pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    """Return pipes (read end, write end) for stdout and stderr, as large as the system allows."""
    pipes = os.pipe(), os.pipe()
    for read_end, _ in pipes:
        os.set_blocking(read_end, False)
        _enlarge(read_end)
    return pipes


class Recording:
    """The recording of a command, from its start to the end of its output.

    `run` does everything. To record several commands at once, do it step by step, with one poll for
    all of them: call `begin`, then `step` with the events of the poll or when `due_s` is reached,
    until it returns True.

    Parameters
    ----------
    capture
        The writer of the output.
    pipes
        The read ends of stdout and stderr.
    child
        The command, which leads its session.
    log
        A function for messages on what was done to the command.
    wake_fd
        A descriptor that becomes readable when `stop_asked` is to be called; without it, `run`
        calls it many times a second.
    stop_asked
        A function that returns the grace period in seconds if the command is to be stopped, else
        None.
    make_room
        A function that is called when output could not be written, before a last try.
    note
        A function for notes to readers of the run. Default: `log`.
    """

    def __init__(
        self,
        capture: Capture,
        pipes: tuple[int, int],
        child: Child,
        log: Callable[[str], None],
        *,
        stop_asked: Callable[[], float | None] = lambda: None,
        wake_fd: int | None = None,
        make_room: Callable[[], None] = lambda: None,
        note: Callable[[str], None] | None = None,
    ) -> None:
        self.capture = capture
        # Why output could not be written, for which the command was stopped.
        self.fault: OSError | None = None
        self.lost_bytes = 0
        self._pipes: dict[int, int] = dict(enumerate(pipes))
        self._child = child
        self._log = log
        self._stop_asked = stop_asked
        self._wake_fd = wake_fd
        self._make_room = make_room
        self._note = note or log
        self._poll: select.poll | None = None
        self._exit_fd: int | None = None
        self._stop: Escalation | None = None
        self._stops_tree = False
        self._last_data_s = 0.0
        # When the command ended, on the monotonic clock; None before.
        self._ended_s: float | None = None

    def run(self) -> None:
        """Record until the command and its whole session have ended and all output is written.

        If a process of another session still holds the output open, recording ends after a second
        of silence, which is logged.
        """
        poll = select.poll()
        self.begin(poll)
        if self._wake_fd is not None:
            poll.register(self._wake_fd, select.POLLIN)
        events: dict[int, int] = {}
        try:
            while not self.step(events):
                due_s = self.due_s
                if self._wake_fd is None:  # nothing announces a request to stop
                    tick_s = time.monotonic() + _TICK_S
                    due_s = tick_s if due_s is None else min(tick_s, due_s)
                events = dict(poll.poll(poll_timeout_ms(due_s)))
                if self._wake_fd in events:
                    os.read(self._wake_fd, 512)
        finally:
            self.close()

    def begin(self, poll: select.poll) -> None:
        """Let a poll watch the command and its pipes."""
        self._poll = poll
        self._exit_fd = open_exit_fd(self._child.pid)
        for fd in (*self._pipes.values(), self._exit_fd):
            if fd is not None:
                poll.register(fd, select.POLLIN)

    @property
    def due_s(self) -> float | None:
        """When to call `step` without an event (monotonic clock), None for never."""
        due_s = self._stop.due_s if self._stop is not None else None
        if self._ended_s is None and self._exit_fd is not None:
            return due_s
        # No event announces the end of the command's descendants, nor its own without a descriptor.
        tick_s = time.monotonic() + _TICK_S
        return tick_s if due_s is None else min(tick_s, due_s)

    @property
    def has_ended(self) -> bool:
        """Whether the command has ended; output of its descendants may still be recorded."""
        return self._ended_s is not None

    def step(self, events: Mapping[int, int]) -> bool:
        """Record new output and do what is due; return whether the recording is complete.

        `events` has the poll's events by descriptor, possibly with those of other commands.
        """
        self._take([stream for stream, fd in self._pipes.items() if fd in events], events)
        if self._ended_s is None:
            if not self._child.has_ended():
                self._step_stop()
                return False
            self._begin_rest()
        return self._step_rest()

    def close(self) -> None:
        """Close the descriptors; the poll no longer watches this recording."""
        for fd in self._pipes.values():
            if self._poll is not None and self.fault is None:
                self._poll.unregister(fd)
            os.close(fd)
        self._pipes = {}
        self._close_exit_fd()

    def _close_exit_fd(self) -> None:
        if self._exit_fd is not None:
            if self._poll is not None:
                self._poll.unregister(self._exit_fd)
            os.close(self._exit_fd)
            self._exit_fd = None

    def _take(self, ready: list[int], events: Mapping[int, int]) -> None:
        for stream in ready:
            unfinished = self.capture.open_stream
            if unfinished not in {-1, stream} and unfinished in self._pipes:
                # If one thread writes to both streams, the rest of an unfinished line was written
                # before this, but may have arrived after its pipe was read.
                self._take_one(unfinished, may_end=False)
            if stream in self._pipes and self.fault is None:
                ended = not events[self._pipes[stream]] & select.POLLIN
                if ended:
                    self._end(stream)
                else:
                    self._take_one(stream)

    def _take_one(self, stream: int, *, may_end: bool = True) -> bool:
        """Record the content of a stream's pipe; return whether there was any."""
        if self.fault is not None:
            return False
        try:
            moved = self.capture.take(self._pipes[stream], stream)
        except OSError as error:
            self._fail(error)
            return False
        if moved:
            self._last_data_s = time.monotonic()
        elif moved == 0 and may_end:
            self._end(stream)
        return bool(moved)

    def _end(self, stream: int) -> None:
        fd = self._pipes.pop(stream)
        if self._poll is not None:
            self._poll.unregister(fd)
        os.close(fd)

    def _fail(self, error: OSError) -> None:
        """Stop the command because its output cannot be written; the output stays in the pipes."""
        self.fault = error
        for fd in self._pipes.values():
            if self._poll is not None:
                self._poll.unregister(fd)
        self._log(f"Output cannot be written ({error.strerror}): stopping the command")
        self._begin_stop(GRACE_S)

    def _begin_stop(self, grace_s: float) -> None:
        self._stops_tree = True
        if self._stop is None:
            self._stop = Escalation((SIGINT, SIGTERM, SIGKILL), grace_s)

    def _step_stop(self, targets: list[int] | None = None) -> None:
        grace_s = self._stop_asked()
        if grace_s is not None:
            self._begin_stop(grace_s)
            if self._stop is not None:
                self._stop.hurry(grace_s)
        signal = self._stop.next_signal() if self._stop is not None else None
        if signal is not None:
            if targets is None:
                targets = signal_targets(self._child.pid, signal, self._child.orphans_of)
                self._log(f"Sent {signal_text(signal)} to the command")
            else:
                self._log(f"Sent {signal_text(signal)} to what the command left running: {targets}")
            send_to_all(targets, signal)

    def _begin_rest(self) -> None:
        """Record what the ended command left in the pipes."""
        self._close_exit_fd()
        self._ended_s = self._last_data_s = time.monotonic()
        for stream in list(self._pipes):
            # Not for ever: a process that the command left behind may write without end.
            for _ in range(8):
                if stream not in self._pipes or not self._take_one(stream):
                    break
        if self._stop is None or not self._stop.sent:
            self._stop = None

    def _step_rest(self) -> bool:
        """Stop processes that the command left running; return whether recording is complete."""
        ended_s = self._ended_s or 0.0
        left = left_over(self._child.pid, tree=self._stops_tree, orphans_of=self._child.orphans_of)
        if left and self._stop is None:
            # Helpers that end with their parent, such as multiprocessing's, get a moment to do so.
            signals = (SIGTERM, SIGKILL)
            self._stop = Escalation(signals, _SURVIVOR_KILL_S, first_after_s=_SURVIVOR_GRACE_S)
        if left:
            self._step_stop(left)
        given_up = self._stop is not None and self._stop.due_s is None
        now_s = time.monotonic()
        if left and not (given_up and now_s > ended_s + _AFTER_END_S):
            return False
        if self._pipes and self.fault is None:
            if now_s <= self._last_data_s + _IDLE_S and now_s <= ended_s + _AFTER_END_S:
                return False
            self._log(
                "A process that the command left in another session keeps its output "
                "open: its output is not recorded from now on"
            )
        if self.fault is not None:
            self._save_or_count()
        self._restore_deleted()
        return True

    def _restore_deleted(self) -> None:
        """Restore output files that were deleted meanwhile, with a note."""
        for path in self.capture.deleted():
            try:
                self.capture.restore(path)
            except FileExistsError:
                done = "another file has taken its place, so that the output is lost"
            except OSError as error:
                done = f"it could not be restored ({error.strerror}), and its content is lost"
            else:
                done = "it was restored completely when the command had ended"
            name = os.path.join("output", os.path.basename(path))
            self._note(f"{name} was deleted while the command ran: {done}")

    def _save_or_count(self) -> None:
        """Write output that a full disk left in the pipes; count it if there is still no room."""
        self._make_room()
        try:
            self.capture.repair()
            for stream, fd in self._pipes.items():
                while self.capture.take(fd, stream):
                    pass
            return
        except OSError:
            self._make_room()
        try:
            self.capture.repair()  # the index of the output that found room
        except OSError as error:
            self._log(f"The index of the output is not complete ({error.strerror})")
        self.lost_bytes = self.capture.unwritten_bytes
        self.lost_bytes += sum(map(_drain, self._pipes.values()))
        if self.lost_bytes:
            self._log(f"Output of the command that is not recorded: {self.lost_bytes} bytes")


def poll_timeout_ms(due_s: float | None) -> int | None:
    """Return the timeout of a poll that should end at a time of the monotonic clock."""
    # Rounded up: a timeout of 0 before that time would make a busy loop.
    return None if due_s is None else int(max(0.0, due_s - time.monotonic()) * 1000) + 1


def _drain(fd: int) -> int:
    size_bytes = 0
    while True:
        try:
            data = os.read(fd, PIPE_BYTES)
        except BlockingIOError:
            return size_bytes
        if not data:
            return size_bytes
        size_bytes += len(data)


def _enlarge(pipe_fd: int) -> None:
    try:
        import fcntl

        fcntl.fcntl(pipe_fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        return  # not possible on this system, or this user has too many large pipes
